/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing the canonical tar dialect: docs/formats/layer-tar.md.
 */
#include <stdio.h>

#include "codec/tar.h"
#include "tar_header.h"

struct tar_writer {
	struct byte_sink sink;
	uint64_t pending; /* content bytes still owed for the current entry */
	unsigned padding;
};

struct tar_writer *tar_writer_new(struct byte_sink sink)
{
	struct tar_writer *w = x_alloc(sizeof(*w));

	w->sink = sink;
	return w;
}

void tar_writer_free(struct tar_writer *w)
{
	free(w);
}

/* Octal with leading zeros and a terminating NUL; false when it does not fit. */
static bool put_octal(char *field, size_t size, uint64_t value)
{
	for (size_t i = size - 1; i-- > 0;) {
		field[i] = (char)('0' + (value & 7));
		value >>= 3;
	}
	field[size - 1] = '\0';
	return value == 0;
}

static void put_checksum(struct tar_header *h)
{
	const unsigned char *bytes = (const unsigned char *)h;
	unsigned sum = 0;

	memset(h->checksum, ' ', sizeof(h->checksum));
	for (size_t i = 0; i < sizeof(*h); i++)
		sum += bytes[i];
	(void)put_octal(h->checksum, 7, sum); /* at most 512 * 255, fits */
	h->checksum[7] = ' ';
}

/* "LEN key=value\n" where LEN counts itself. */
static void add_record(struct strbuf *pax, const char *key, const void *value, size_t len)
{
	size_t body = strlen(key) + len + 3, total = body + 1;

	for (size_t digits = 1, limit = 10;; digits++, limit *= 10) {
		total = body + digits;
		if (total < limit)
			break;
	}
	strbuf_addf(pax, "%zu %s=", total, key);
	strbuf_add(pax, value, len);
	strbuf_add_char(pax, '\n');
}

static void add_number_record(struct strbuf *pax, const char *key, uint64_t value)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%llu", (unsigned long long)value);

	add_record(pax, key, text, (size_t)n);
}

/* Records in bytewise order: SCHILY.xattr.*, gid, linkpath, mtime, path, size, uid. */
static void collect_pax(const struct tar_entry *e, const char *path, struct tar_header *h,
			struct strbuf *pax)
{
	for (size_t i = 0; i < e->xattr_count; i++) {
		CLEANUP_FREE char *key = x_asprintf("SCHILY.xattr.%s", e->xattrs[i].name);

		add_record(pax, key, e->xattrs[i].value, e->xattrs[i].size);
	}
	if (!put_octal(h->gid, sizeof(h->gid), e->gid))
		add_number_record(pax, "gid", e->gid);
	if (e->link && strlen(e->link) > sizeof(h->link))
		add_record(pax, "linkpath", e->link, strlen(e->link));
	bool fits = put_octal(h->mtime, sizeof(h->mtime),
			      e->mtime.tv_sec < 0 ? 0 : (uint64_t)e->mtime.tv_sec);

	if (!fits || e->mtime.tv_nsec || e->mtime.tv_sec < 0) {
		char text[48];
		/* A negative time with a fraction counts back from the next second. */
		bool borrow = e->mtime.tv_sec < 0 && e->mtime.tv_nsec;
		long long s = (long long)e->mtime.tv_sec + borrow;
		long ns = borrow ? 1000000000 - e->mtime.tv_nsec : e->mtime.tv_nsec;
		int n = snprintf(text, sizeof(text), "%s%lld", borrow && s == 0 ? "-" : "", s);

		if (ns) {
			n += snprintf(text + n, sizeof(text) - (size_t)n, ".%09ld", ns);
			while (text[n - 1] == '0')
				n--;
		}
		add_record(pax, "mtime", text, (size_t)n);
	}
	if (strlen(path) > sizeof(h->name))
		add_record(pax, "path", path, strlen(path));
	if (!put_octal(h->size, sizeof(h->size), e->type == TAR_FILE ? e->size : 0))
		add_number_record(pax, "size", e->size);
	if (!put_octal(h->uid, sizeof(h->uid), e->uid))
		add_number_record(pax, "uid", e->uid);
}

static void copy_name(char *field, size_t size, const char *text)
{
	size_t len = strlen(text);

	memcpy(field, text, len < size ? len : size);
}

static int write_padded(struct tar_writer *w, const void *data, size_t len, struct error **err)
{
	static const char zeros[TAR_BLOCK_SIZE];
	int r = w->sink.write(w->sink.ctx, data, len, err);

	if (r == 0 && len % TAR_BLOCK_SIZE)
		r = w->sink.write(w->sink.ctx, zeros, TAR_BLOCK_SIZE - len % TAR_BLOCK_SIZE, err);
	return r;
}

static int write_pax(struct tar_writer *w, const struct strbuf *pax, struct error **err)
{
	struct tar_header h = {0};

	copy_name(h.name, sizeof(h.name), "PaxHeaders/x");
	(void)put_octal(h.mode, sizeof(h.mode), 0644);
	(void)put_octal(h.uid, sizeof(h.uid), 0);
	(void)put_octal(h.gid, sizeof(h.gid), 0);
	(void)put_octal(h.size, sizeof(h.size), pax->len);
	(void)put_octal(h.mtime, sizeof(h.mtime), 0);
	h.type = 'x';
	memcpy(h.magic, "ustar\00000", 8);
	put_checksum(&h);
	int r = w->sink.write(w->sink.ctx, &h, sizeof(h), err);

	return r < 0 ? r : write_padded(w, pax->ptr, pax->len, err);
}

int tar_write_entry(struct tar_writer *w, const struct tar_entry *e, struct error **err)
{
	static const char types[] = {
		[TAR_FILE] = '0',  [TAR_HARDLINK] = '1', [TAR_SYMLINK] = '2', [TAR_CHAR] = '3',
		[TAR_BLOCK] = '4', [TAR_DIR] = '5',	 [TAR_FIFO] = '6'};
	struct strbuf pax CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP_FREE char *path = x_asprintf("%s%s", e->path, e->type == TAR_DIR ? "/" : "");
	struct tar_header h = {0};

	if (w->pending)
		return error_new(err, ERR_INTERNAL,
				 "tar entry '%s' starts before the last is complete", e->path);
	for (size_t i = 0; i < e->xattr_count; i++) {
		if (strchr(e->xattrs[i].name, '='))
			return error_new(err, ERR_UNSUPPORTED,
					 "'%s': no tar can hold the attribute '%s': it has a '='",
					 e->path, e->xattrs[i].name);
	}
	collect_pax(e, path, &h, &pax);
	copy_name(h.name, sizeof(h.name), path);
	if (e->link)
		copy_name(h.link, sizeof(h.link), e->link);
	(void)put_octal(h.mode, sizeof(h.mode), e->mode & 07777);
	h.type = types[e->type];
	memcpy(h.magic, "ustar\00000", 8);
	(void)put_octal(h.major, sizeof(h.major), e->major); /* 21 bits hold Linux's 12 */
	(void)put_octal(h.minor, sizeof(h.minor), e->minor); /* 20 bits */
	put_checksum(&h);
	int r = pax.len ? write_pax(w, &pax, err) : 0;

	if (r == 0)
		r = w->sink.write(w->sink.ctx, &h, sizeof(h), err);
	w->pending = e->type == TAR_FILE ? e->size : 0;
	w->padding = (unsigned)((TAR_BLOCK_SIZE - w->pending % TAR_BLOCK_SIZE) % TAR_BLOCK_SIZE);
	return r;
}

int tar_write(struct tar_writer *w, const void *data, size_t len, struct error **err)
{
	static const char zeros[TAR_BLOCK_SIZE];

	if (len > w->pending)
		return error_new(err, ERR_INTERNAL, "tar entry got more bytes than announced");
	int r = w->sink.write(w->sink.ctx, data, len, err);

	w->pending -= len;
	if (r == 0 && w->pending == 0 && w->padding) {
		r = w->sink.write(w->sink.ctx, zeros, w->padding, err);
		w->padding = 0;
	}
	return r;
}

int tar_finish(struct tar_writer *w, struct error **err)
{
	static const char zeros[2 * TAR_BLOCK_SIZE];

	if (w->pending)
		return error_new(err, ERR_INTERNAL, "tar archive ends inside an entry");
	return w->sink.write(w->sink.ctx, zeros, sizeof(zeros), err);
}
