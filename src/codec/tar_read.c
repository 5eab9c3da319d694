/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading tar streams: ustar, PAX, old GNU.
 *
 * Extension headers in front of an entry fill `next`; the entry's own block fills the rest; the
 * result is handed out as one struct tar_entry. A block whose checksum is wrong is an error, a zero
 * block ends the archive.
 */
#include <stdio.h>

#include "codec/tar.h"
#include "tar_header.h"
#include "tar_pax.h"

enum { READ_AHEAD = 1 << 16 };

struct tar_reader {
	struct byte_source source;
	struct tar_fields global, next;
	struct tar_entry entry;
	char *entry_path, *entry_link;
	uint64_t stored;   /* content bytes of the current entry still in the stream */
	unsigned padding;  /* after them */
	uint64_t position; /* in the expanded file, for sparse ones */
	size_t chunk;	   /* current sparse piece */
	bool at_end;
	char *buffer; /* read-ahead: few calls to the source for many small headers */
	size_t start, end;
};

struct tar_reader *tar_reader_new(struct byte_source source)
{
	struct tar_reader *r = x_alloc(sizeof(*r));

	r->source = source;
	r->buffer = x_alloc(READ_AHEAD);
	return r;
}

void tar_reader_free(struct tar_reader *r)
{
	if (!r)
		return;
	tar_fields_fini(&r->global);
	tar_fields_fini(&r->next);
	free(r->entry_path);
	free(r->entry_link);
	free(r->buffer);
	free(r);
}

/* Up to @len bytes; large reads go past the buffer. 0 at the end of the source. */
static ssize_t read_some(struct tar_reader *r, void *to, size_t len, struct error **err)
{
	if (r->start == r->end) {
		if (len >= READ_AHEAD)
			return r->source.read(r->source.ctx, to, len, err);
		ssize_t n = r->source.read(r->source.ctx, r->buffer, READ_AHEAD, err);

		if (n <= 0)
			return n;
		r->start = 0;
		r->end = (size_t)n;
	}
	size_t n = r->end - r->start < len ? r->end - r->start : len;

	memcpy(to, r->buffer + r->start, n);
	r->start += n;
	return (ssize_t)n;
}

/* Exactly @len bytes; 1, or 0 when the source ends before the first, or an error. */
static int read_exact(struct tar_reader *r, void *to, size_t len, struct error **err)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = read_some(r, (char *)to + got, len - got, err);

		if (n < 0)
			return (int)n;
		if (n == 0)
			return got ? error_new(err, ERR_PARSE, "archive ends in the middle") : 0;
		got += (size_t)n;
	}
	return 1;
}

static int skip(struct tar_reader *r, uint64_t len, struct error **err)
{
	char waste[8192];

	while (len) {
		int n = read_exact(r, waste, len < sizeof(waste) ? (size_t)len : sizeof(waste),
				   err);

		if (n <= 0)
			return n < 0 ? n : error_new(err, ERR_PARSE, "archive ends in the middle");
		len -= len < sizeof(waste) ? len : sizeof(waste);
	}
	return 0;
}

/* Octal text padded by blanks or NULs, or base-256 when the top bit is set; false: malformed. */
static bool get_number(const char *field, size_t size, int64_t *ret)
{
	const unsigned char *p = (const unsigned char *)field;
	uint64_t value = 0;
	size_t i = 0;

	if (p[0] & 0x80) {
		bool negative = p[0] & 0x40;
		/* Two's complement, big endian; only the low 63 bits may be used. */
		value = negative ? UINT64_MAX : 0;
		for (i = 0; i < size; i++) {
			unsigned char byte =
				i ? p[i] : (unsigned char)(negative ? p[0] | 0x80 : p[0] & 0x3f);
			uint64_t top = value >> 56;

			if (top != (negative ? 0xff : 0))
				return false;
			value = value << 8 | byte;
		}
		*ret = (int64_t)value;
		return (value >> 63) == (negative ? 1 : 0);
	}
	while (i < size && (p[i] == ' ' || p[i] == '\0'))
		i++;
	for (; i < size && p[i] >= '0' && p[i] <= '7'; i++) {
		if (value >> 60)
			return false;
		value = value << 3 | (uint64_t)(p[i] - '0');
	}
	if (i < size && p[i] != ' ' && p[i] != '\0')
		return false;
	*ret = (int64_t)value;
	return true;
}

static bool checksum_is_right(const struct tar_header *h)
{
	const unsigned char *bytes = (const unsigned char *)h;
	const size_t from = offsetof(struct tar_header, checksum);
	int64_t expected, as_unsigned = 0, as_signed = 0;

	for (size_t i = 0; i < sizeof(*h); i++) {
		unsigned char c = i >= from && i < from + sizeof(h->checksum) ? ' ' : bytes[i];

		as_unsigned += c;
		as_signed += (signed char)c; /* some old writers summed signed bytes */
	}
	return get_number(h->checksum, sizeof(h->checksum), &expected) &&
	       (expected == as_unsigned || expected == as_signed);
}

static bool is_zero(const struct tar_header *h)
{
	const char *p = (const char *)h;

	return p[0] == 0 && memcmp(p, p + 1, sizeof(*h) - 1) == 0;
}

static char *field_text(const char *field, size_t size)
{
	return x_strndup(field, strnlen(field, size));
}

/* The body of an extension header, without its padding. */
static int read_extension(struct tar_reader *r, uint64_t size, struct strbuf *out,
			  struct error **err)
{
	if (size > TAR_EXTENSION_MAX)
		return error_new(err, ERR_LIMIT, "tar extension header of %llu bytes",
				 (unsigned long long)size);
	int n = read_exact(r, strbuf_reserve(out, (size_t)size), (size_t)size, err);

	if (n < 0 || (n == 0 && size))
		return n < 0 ? n : error_new(err, ERR_PARSE, "archive ends in the middle");
	out->len = (size_t)size;
	out->ptr[out->len] = '\0';
	return skip(r, (TAR_BLOCK_SIZE - size % TAR_BLOCK_SIZE) % TAR_BLOCK_SIZE, err);
}

/* 1: @h was an extension header and is consumed; 0: it is an entry. */
static int take_extension(struct tar_reader *r, const struct tar_header *h, uint64_t size,
			  struct error **err)
{
	struct strbuf body CLEANUP_STRBUF = STRBUF_INIT(0);
	int n;

	if (!strchr("xgLKV", h->type) || h->type == '\0')
		return 0;
	n = read_extension(r, size, &body, err);
	if (n < 0)
		return n;
	if (h->type == 'x')
		n = tar_fields_parse(&r->next, strbuf_str(&body), err);
	else if (h->type == 'g')
		n = tar_fields_parse(&r->global, strbuf_str(&body), err);
	else if (h->type == 'L' || h->type == 'K') {
		char **field = h->type == 'L' ? &r->next.path : &r->next.link;

		free(*field);
		*field = field_text(strbuf_text(&body), body.len);
	}
	return n < 0 ? n : 1;
}

/* Old GNU sparse: four pieces in the header, then blocks of 21 while a flag byte says so. */
static int read_gnu_sparse(struct tar_reader *r, const struct tar_header *h, struct error **err)
{
	const char *raw = (const char *)h;
	char block[TAR_BLOCK_SIZE];
	const char *entry = raw + 386;
	size_t left = 4;
	bool more = raw[482] != 0;
	int64_t offset, size, real;

	if (!get_number(raw + 483, 12, &real) || real < 0)
		return error_new(err, ERR_PARSE, "bad size of a sparse file");
	r->next.sparse = true;
	r->next.sparse_size = (uint64_t)real;
	for (;;) {
		for (; left; left--, entry += 24) {
			if (entry[0] == '\0')
				continue;
			if (!get_number(entry, 12, &offset) || !get_number(entry + 12, 12, &size) ||
			    offset < 0 || size < 0)
				return error_new(err, ERR_PARSE, "bad sparse map");
			int n = tar_fields_add_chunk(&r->next, (uint64_t)offset, (uint64_t)size,
						     err);

			if (n < 0)
				return n;
		}
		if (!more)
			return 0;
		int n = read_exact(r, block, sizeof(block), err);

		if (n <= 0)
			return n < 0 ? n : error_new(err, ERR_PARSE, "archive ends in the middle");
		entry = block;
		left = 21;
		more = block[504] != 0;
	}
}

/* Sparse 1.0: decimal numbers, one per line, at the start of the content, padded to a block. */
static int read_map_in_data(struct tar_reader *r, struct error **err)
{
	uint64_t numbers[2] = {0}, count = 0, value = 0, seen = 0;
	bool have_count = false;
	char block[TAR_BLOCK_SIZE];

	while (!have_count || seen < 2 * count) {
		if (r->stored < sizeof(block) || read_exact(r, block, sizeof(block), err) <= 0)
			return *err ? -(int)error_code(*err)
				    : error_new(err, ERR_PARSE, "bad sparse map");
		r->stored -= sizeof(block);
		for (size_t i = 0; i < sizeof(block) && (!have_count || seen < 2 * count); i++) {
			if (block[i] >= '0' && block[i] <= '9' && value < INT64_MAX / 10) {
				value = value * 10 + (uint64_t)(block[i] - '0');
				continue;
			}
			if (block[i] != '\n')
				return error_new(err, ERR_PARSE, "bad sparse map");
			if (!have_count) {
				count = value;
				have_count = true;
			} else {
				numbers[seen % 2] = value;
				seen++;
				if (seen % 2 == 0 &&
				    tar_fields_add_chunk(&r->next, numbers[0], numbers[1], err) < 0)
					return -(int)error_code(*err);
			}
			value = 0;
			if (have_count && count > TAR_SPARSE_MAX)
				return error_new(err, ERR_LIMIT,
						 "sparse file with too many pieces");
		}
	}
	return 0;
}

static int check_chunks(const struct tar_reader *r, struct error **err)
{
	uint64_t total = 0;

	for (size_t i = 0; i < r->next.chunk_count; i++) {
		const struct tar_chunk *c = &r->next.chunks[i];

		if (c->offset + c->size > r->next.sparse_size)
			return error_new(err, ERR_PARSE, "sparse map reaches past the file's end");
		total += c->size;
	}
	return total == r->stored
		       ? 0
		       : error_new(err, ERR_PARSE, "sparse map and stored size do not agree");
}

static int compare_xattrs(const void *a, const void *b)
{
	return strcmp(((const struct tar_xattr *)a)->name, ((const struct tar_xattr *)b)->name);
}

static char *entry_path_from(const struct tar_reader *r, const struct tar_header *h)
{
	if (r->next.sparse_path)
		return x_strdup(r->next.sparse_path);
	if (r->next.path)
		return x_strdup(r->next.path);
	/* Old GNU headers keep other things where ustar keeps the prefix. */
	if (h->prefix[0] && memcmp(h->magic, "ustar\0", 6) == 0)
		return x_asprintf("%.*s/%.*s", (int)sizeof(h->prefix), h->prefix,
				  (int)sizeof(h->name), h->name);
	return field_text(h->name, sizeof(h->name));
}

static bool entry_type(const struct tar_header *h, enum tar_type *ret)
{
	switch (h->type) {
	case '0':
	case '\0':
	case '7':
	case 'S':
		*ret = TAR_FILE;
		return true;
	case '1':
		*ret = TAR_HARDLINK;
		return true;
	case '2':
		*ret = TAR_SYMLINK;
		return true;
	case '3':
		*ret = TAR_CHAR;
		return true;
	case '4':
		*ret = TAR_BLOCK;
		return true;
	case '5':
		*ret = TAR_DIR;
		return true;
	case '6':
		*ret = TAR_FIFO;
		return true;
	default:
		return false;
	}
}

/* Numbers of the header block, overridden by the extensions. */
static int fill_numbers(struct tar_reader *r, const struct tar_header *h, struct error **err)
{
	struct tar_entry *e = &r->entry;
	int64_t mode, uid, gid, mtime, major = 0, minor = 0;

	if (!get_number(h->mode, sizeof(h->mode), &mode) ||
	    !get_number(h->uid, sizeof(h->uid), &uid) ||
	    !get_number(h->gid, sizeof(h->gid), &gid) ||
	    !get_number(h->mtime, sizeof(h->mtime), &mtime) ||
	    ((h->type == '3' || h->type == '4') &&
	     (!get_number(h->major, sizeof(h->major), &major) ||
	      !get_number(h->minor, sizeof(h->minor), &minor))) ||
	    uid < 0 || gid < 0 || uid > UINT32_MAX - 1 || gid > UINT32_MAX - 1)
		return error_new(err, ERR_PARSE, "bad number in the header of '%s'", e->path);
	const struct tar_fields *g = &r->global, *n = &r->next;

	e->mode = (mode_t)mode & 07777;
	e->uid = n->has_uid ? n->uid : g->has_uid ? g->uid : (uint64_t)uid;
	e->gid = n->has_gid ? n->gid : g->has_gid ? g->gid : (uint64_t)gid;
	e->mtime = n->has_mtime	  ? n->mtime
		   : g->has_mtime ? g->mtime
				  : (struct timespec){.tv_sec = (time_t)mtime};
	e->major = (unsigned)major;
	e->minor = (unsigned)minor;
	return 0;
}

static int fill_entry(struct tar_reader *r, const struct tar_header *h, struct error **err)
{
	struct tar_entry *e = &r->entry;
	int n;

	free(r->entry_path);
	free(r->entry_link);
	r->entry_path = entry_path_from(r, h);
	r->entry_link = NULL;
	*e = (struct tar_entry){.path = r->entry_path};
	if (!entry_type(h, &e->type))
		return error_new(err, ERR_UNSUPPORTED, "tar entry '%s' has unknown type '%c'",
				 e->path, h->type);
	n = fill_numbers(r, h, err);
	if (n < 0)
		return n;
	size_t len = strlen(e->path);

	if (len && e->path[len - 1] == '/' && e->type == TAR_FILE)
		e->type = TAR_DIR; /* pre-POSIX archives mark directories only so */
	while (len > 1 && e->path[len - 1] == '/')
		e->path[--len] = '\0';
	if (e->type == TAR_HARDLINK || e->type == TAR_SYMLINK)
		e->link = r->entry_link = r->next.link ? x_strdup(r->next.link)
						       : field_text(h->link, sizeof(h->link));
	if (len > TAR_PATH_MAX || (e->link && strlen(e->link) > TAR_PATH_MAX))
		return error_new(err, ERR_LIMIT, "path '%.80s...' in archive is too long", e->path);
	if (e->type == TAR_FILE && h->type == 'S')
		n = read_gnu_sparse(r, h, err);
	else if (e->type == TAR_FILE && r->next.sparse_map_in_data)
		n = read_map_in_data(r, err);
	if (n == 0 && r->next.sparse && e->type == TAR_FILE)
		n = check_chunks(r, err);
	if (n < 0)
		return error_context(err, "'%s'", e->path);
	e->sparse = r->next.sparse;
	e->size = e->type != TAR_FILE ? 0 : e->sparse ? r->next.sparse_size : r->stored;
	e->xattrs = r->next.xattrs;
	e->xattr_count = r->next.xattr_count;
	if (e->xattr_count > 1)
		qsort(e->xattrs, e->xattr_count, sizeof(*e->xattrs), compare_xattrs);
	return 1;
}

static int read_header(struct tar_reader *r, struct tar_header *h, uint64_t *ret_size,
		       struct error **err)
{
	int64_t size;
	int n = read_exact(r, h, sizeof(*h), err);

	if (n <= 0)
		return n;
	if (is_zero(h))
		return 0;
	if (!checksum_is_right(h))
		return error_new(err, ERR_PARSE, "not a tar archive, or damaged (header checksum)");
	if (!get_number(h->size, sizeof(h->size), &size) || size < 0)
		return error_new(err, ERR_PARSE, "bad size in tar header");
	*ret_size = (uint64_t)size;
	return 1;
}

int tar_next(struct tar_reader *r, const struct tar_entry **ret_entry, struct error **err)
{
	struct tar_header h;
	uint64_t size = 0;
	int n = r->at_end ? 0 : skip(r, r->stored + r->padding, err);

	if (n < 0 || r->at_end)
		return n;
	r->stored = r->padding = 0;
	r->position = r->chunk = 0;
	tar_fields_fini(&r->next);
	while ((n = read_header(r, &h, &size, err)) > 0) {
		n = take_extension(r, &h, size, err);
		if (n != 0) {
			if (n < 0)
				return n;
			continue;
		}
		if (r->next.has_size)
			size = r->next.size;
		/* Links and directories carry no content, whatever their size field says, except
		 * that old writers store it for hard links: POSIX lets size be non-zero there. */
		bool has_content = strchr("07S1", h.type) || h.type == '\0';

		if (h.type == '1' && size && memcmp(h.magic, "ustar\0", 6) != 0)
			has_content = false;
		r->stored = has_content ? size : 0;
		r->padding =
			(unsigned)((TAR_BLOCK_SIZE - r->stored % TAR_BLOCK_SIZE) % TAR_BLOCK_SIZE);
		n = fill_entry(r, &h, err);
		if (n > 0)
			*ret_entry = &r->entry;
		return n;
	}
	r->at_end = n == 0;
	return n;
}

static ssize_t read_stored(struct tar_reader *r, void *buf, uint64_t len, struct error **err)
{
	size_t want = len < r->stored ? (size_t)len : (size_t)r->stored;

	if (want == 0)
		return 0;
	ssize_t n = read_some(r, buf, want, err);

	if (n == 0)
		return error_new(err, ERR_PARSE, "archive ends in the middle");
	if (n > 0)
		r->stored -= (uint64_t)n;
	return n;
}

ssize_t tar_read(struct tar_reader *r, void *buf, size_t len, struct error **err)
{
	if (r->entry.type != TAR_FILE)
		return 0;
	if (!r->entry.sparse)
		return read_stored(r, buf, len, err);
	if (r->position >= r->entry.size)
		return 0;
	while (r->chunk < r->next.chunk_count &&
	       r->next.chunks[r->chunk].offset + r->next.chunks[r->chunk].size <= r->position)
		r->chunk++;
	uint64_t limit = r->entry.size - r->position;
	ssize_t n;

	if (r->chunk < r->next.chunk_count && r->next.chunks[r->chunk].offset <= r->position) {
		const struct tar_chunk *c = &r->next.chunks[r->chunk];

		limit = c->offset + c->size - r->position;
		n = read_stored(r, buf, len < limit ? len : limit, err);
	} else {
		if (r->chunk < r->next.chunk_count)
			limit = r->next.chunks[r->chunk].offset - r->position;
		n = (ssize_t)(len < limit ? len : limit);
		memset(buf, 0, (size_t)n);
	}
	if (n > 0)
		r->position += (uint64_t)n;
	return n;
}

int tar_drain(struct tar_reader *r, struct error **err)
{
	char waste[8192];
	ssize_t n;

	while ((n = read_some(r, waste, sizeof(waste), err)) > 0)
		;
	return (int)n;
}
