/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Archives. What was read must hold the reader's promises, and written in the canonical dialect it
 * must read as the same entries. The first byte chooses how the source cuts its bytes, and whether
 * checksums are put right first, which random bytes never are.
 */
#include <stdlib.h>

#include "codec/tar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BLOCK = 512, CHECKSUM_AT = 148, MAGIC_AT = 257, CONTENT_MAX = 1 << 20, ENTRIES_MAX = 1000 };

struct pieces {
	str rest;
	size_t piece;
};

static ssize_t read_piece(void *ctx, void *buf, size_t len, struct error **err)
{
	struct pieces *p = ctx;
	size_t n = p->rest.len < p->piece ? p->rest.len : p->piece;

	(void)err;
	n = n < len ? n : len;
	memcpy(buf, p->rest.ptr, n);
	p->rest = str_skip(p->rest, n);
	return (ssize_t)n;
}

static int write_to(void *ctx, const void *data, size_t len, struct error **err)
{
	(void)err;
	strbuf_add(ctx, data, len);
	return 0;
}

static void fix_checksums(struct strbuf *archive)
{
	for (size_t at = 0; at + BLOCK <= archive->len; at += BLOCK) {
		unsigned char *block = (unsigned char *)archive->ptr + at;
		unsigned sum = 0;

		if (memcmp(block + MAGIC_AT, "ustar", 5) != 0)
			continue;
		memset(block + CHECKSUM_AT, ' ', 8);
		for (size_t i = 0; i < BLOCK; i++)
			sum += block[i];
		for (size_t i = 6; i-- > 0; sum /= 8)
			block[CHECKSUM_AT + i] = (unsigned char)('0' + sum % 8);
		block[CHECKSUM_AT + 6] = '\0';
	}
}

static void check_entry(const struct tar_entry *e)
{
	bool is_link = e->type == TAR_HARDLINK || e->type == TAR_SYMLINK;

	if (!e->path || strlen(e->path) > TAR_PATH_MAX || (e->link != NULL) != is_link ||
	    (is_link && strlen(e->link) > TAR_PATH_MAX) || (e->mode & ~07777U) ||
	    (e->type != TAR_FILE && e->size) || e->xattr_count > TAR_XATTRS_MAX ||
	    e->uid >= UINT32_MAX || e->gid >= UINT32_MAX || e->size > INT64_MAX ||
	    e->mtime.tv_nsec < 0 || e->mtime.tv_nsec >= 1000000000)
		abort();
	for (size_t i = 1; i < e->xattr_count; i++) {
		if (strcmp(e->xattrs[i - 1].name, e->xattrs[i].name) >= 0)
			abort();
	}
}

/* A line for each entry, and the archive again; false when the archive is wrong or large. */
static bool copy(struct byte_source source, struct strbuf *list, struct strbuf *archive)
{
	static char buf[10000];
	CLEANUP(error) struct error *err = NULL;
	CLEANUP(tar_reader) struct tar_reader *r = tar_reader_new(source);
	CLEANUP(tar_writer)
	struct tar_writer *w = tar_writer_new((struct byte_sink){write_to, archive});
	const struct tar_entry *e;
	int n = 1;

	for (unsigned i = 0; (n = tar_next(r, &e, &err)) > 0; i++) {
		uint64_t got = 0;
		ssize_t len;

		check_entry(e);
		/* Nobody writes a path that is empty, or an attribute's name with a '='. */
		if (i > ENTRIES_MAX || e->size > CONTENT_MAX || !*e->path ||
		    tar_write_entry(w, e, &err) < 0)
			return false;
		strbuf_addf(list, "%d %o %llu:%llu %llu %lld.%09ld %u,%u '%s' '%s'", e->type,
			    e->mode, (unsigned long long)e->uid, (unsigned long long)e->gid,
			    (unsigned long long)e->size, (long long)e->mtime.tv_sec,
			    e->mtime.tv_nsec, e->major & 07777777, e->minor & 07777777, e->path,
			    e->link ? e->link : "");
		for (size_t x = 0; x < e->xattr_count; x++) {
			strbuf_addf(list, " %s=", e->xattrs[x].name);
			strbuf_add(list, e->xattrs[x].value, e->xattrs[x].size);
		}
		strbuf_add_char(list, '\n');
		while ((len = tar_read(r, buf, sizeof(buf), &err)) > 0) {
			got += (uint64_t)len;
			if (got > e->size || tar_write(w, buf, (size_t)len, &err) < 0)
				abort();
			strbuf_add(list, buf, (size_t)len);
		}
		if (len == 0 && got != e->size)
			abort();
		if (len < 0)
			return false;
	}
	if ((n < 0) != (err != NULL))
		abort();
	if (n == 0 && (tar_drain(r, &err) < 0 || tar_finish(w, &err) < 0))
		abort();
	return n == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_STRBUF struct strbuf input = STRBUF_INIT(0), list = STRBUF_INIT(0),
				     archive = STRBUF_INIT(0), list2 = STRBUF_INIT(0),
				     archive2 = STRBUF_INIT(0);

	if (size == 0)
		return 0;
	strbuf_add(&input, data + 1, size - 1);
	if (data[0] & 1)
		fix_checksums(&input);
	struct pieces p = {strbuf_str(&input), data[0] & 2 ? 1 + (size_t)data[0] * 8 : SIZE_MAX};

	if (!copy((struct byte_source){read_piece, &p}, &list, &archive))
		return 0;
	p = (struct pieces){strbuf_str(&archive), SIZE_MAX};
	if (!copy((struct byte_source){read_piece, &p}, &list2, &archive2) ||
	    !str_is_equal(strbuf_str(&list), strbuf_str(&list2)) ||
	    !str_is_equal(strbuf_str(&archive), strbuf_str(&archive2)))
		abort();
	return 0;
}
