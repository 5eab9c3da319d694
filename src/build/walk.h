/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walking a hostile tree by descriptor, sorted, following no link, without what is ignored.
 */
#ifndef BUILD_WALK_H
#define BUILD_WALK_H

#include <limits.h>
#include <sys/stat.h>

#include "base/error.h"
#include "dockerfile/ignore.h"

/* What one directory may hold in names. */
enum { LISTING_BYTES_MAX = 64 << 20 };

/** struct listed - A name in a directory; "." and ".." are left out */
struct listed {
	const char *name; /* in the listing's own memory */
	unsigned char type; /* DT_..., also DT_UNKNOWN */
};

/**
 * struct listing - The names of a directory, bytewise sorted
 * Zero-initialise; may be read into again.
 */
struct listing {
	struct strbuf bytes;
	struct listed *items;
	size_t count, capacity;
};

int listing_read(struct listing *l, int dir_fd, struct error **err);
void listing_fini(struct listing *l);

/** struct walk_entry - What the walk has come to; borrowed for the call */
struct walk_entry {
	int dir_fd; /* of the directory it is in */
	int fd;	    /* a directory: open for reading; else -1 */
	const char *name;
	const char *path; /* from the root; for messages */
	struct stat st;
};

/**
 * struct walk_visitor - Each function may end the walk: negative with an error, or positive
 * A directory that is ignored but holds something that is not is entered just before that.
 */
struct walk_visitor {
	int (*enter)(void *ctx, const struct walk_entry *e, struct error **err);
	int (*leave)(void *ctx, const struct walk_entry *e, struct error **err);
	/** @file: all but directories */
	int (*file)(void *ctx, const struct walk_entry *e, struct error **err);
	void *ctx;
};

/**
 * walk_tree() - What is below a directory, not the directory itself
 * @dir_fd: open for reading
 * @path:   of that directory from the root that @ignore counts from, without links; "." is the root
 * Return: 0, what a visitor returned to end the walk, -ERR_IO, -ERR_LIMIT
 */
int walk_tree(int dir_fd, const char *path, const struct ignore *ignore,
	      const struct walk_visitor *visitor, struct error **err);

/**
 * walk_real_path() - @path with its links resolved inside the root, as the ignore file means it
 * Return: 0 or negative errno
 */
int walk_real_path(int root_fd, const char *path, char ret_path[PATH_MAX]);

/** walk_is_whiteout() - Overlay's mark of a removed file; to be seen where one layer is mounted */
bool walk_is_whiteout(const struct stat *st);

/** walk_base_name() - Last component of a cleaned path; borrowed */
const char *walk_base_name(const char *path);

#endif
