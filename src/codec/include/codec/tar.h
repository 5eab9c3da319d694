/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tar archives as streams of entries: reading ustar, PAX and GNU; writing one canonical dialect.
 *
 * Canonical dialect: ustar header; a PAX header (`x`) in front only when a field does not fit or
 * there are xattrs or a fractional mtime; no owner names; PAX records sorted; two zero blocks at
 * the end. The same entries always give the same bytes. Specified in docs/formats/layer-tar.md.
 */
#ifndef CODEC_TAR_H
#define CODEC_TAR_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/error.h"
#include "base/strbuf.h"

enum tar_type {
	TAR_FILE,
	TAR_HARDLINK,
	TAR_SYMLINK,
	TAR_CHAR,
	TAR_BLOCK,
	TAR_DIR,
	TAR_FIFO,
};

/* Hostile archives are bounded: a header's extensions, a path, the number of xattrs. */
enum { TAR_EXTENSION_MAX = 1 << 20, TAR_PATH_MAX = 4096, TAR_XATTRS_MAX = 64 };

struct tar_xattr {
	char *name;
	char *value;
	size_t size;
};

/** struct tar_entry - One member; owned by the reader until the next call */
struct tar_entry {
	enum tar_type type;
	char *path;  /* as stored, trailing slash of directories removed; may be hostile */
	char *link;  /* target of hard and symbolic links; NULL otherwise */
	mode_t mode; /* permission bits, 07777 */
	uint64_t uid, gid;
	uint64_t size; /* bytes of content that follow (files) */
	struct timespec mtime;
	unsigned major, minor;
	struct tar_xattr *xattrs; /* sorted by name */
	size_t xattr_count;
	bool sparse; /* content is delivered expanded; size is the real size */
};

/** struct byte_source - Where bytes come from; like read(2), 0 at the end, -ERR_* on failure */
struct byte_source {
	ssize_t (*read)(void *ctx, void *buf, size_t len, struct error **err);
	void *ctx;
};

/** struct byte_sink - Where bytes go; all of them or -ERR_* */
struct byte_sink {
	int (*write)(void *ctx, const void *data, size_t len, struct error **err);
	void *ctx;
};

struct tar_reader;

struct tar_reader *tar_reader_new(struct byte_source source);
void tar_reader_free(struct tar_reader *r);
DEFINE_CLEANUP(tar_reader, tar_reader_free);

/** tar_next() - 1: *ret_entry is set; 0: end of archive; -ERR_PARSE, _LIMIT, _UNSUPPORTED, ... */
int tar_next(struct tar_reader *r, const struct tar_entry **ret_entry, struct error **err);

/** tar_read() - Content of the current entry; what is not read is skipped by tar_next() */
ssize_t tar_read(struct tar_reader *r, void *buf, size_t len, struct error **err);

/** tar_drain() - Read the source to its end (padding after the archive belongs to its digest) */
int tar_drain(struct tar_reader *r, struct error **err);

struct tar_writer;

struct tar_writer *tar_writer_new(struct byte_sink sink);
void tar_writer_free(struct tar_writer *w);
DEFINE_CLEANUP(tar_writer, tar_writer_free);

/**
 * tar_write_entry() - Header; exactly entry->size bytes must follow by tar_write()
 * An attribute whose name has a '=' is -ERR_UNSUPPORTED: readers would see another name.
 */
int tar_write_entry(struct tar_writer *w, const struct tar_entry *entry, struct error **err);
int tar_write(struct tar_writer *w, const void *data, size_t len, struct error **err);

/** tar_finish() - Zero blocks at the end */
int tar_finish(struct tar_writer *w, struct error **err);

#endif
