/* SPDX-License-Identifier: Apache-2.0 */
/* Copying of selected entries into a root: places, trees, files, archives. */
#ifndef BUILD_COPY_TREE_H
#define BUILD_COPY_TREE_H

#include <sys/stat.h>

#include "base/error.h"
#include "walk.h"

/** struct copy_rules - Owner, mode and times of what is made */
struct copy_rules {
	bool keep_owner; /* of the source; made directories get uid and gid all the same */
	uid_t uid;
	gid_t gid;
	bool has_chmod;
	mode_t chmod;
	int64_t clamp_s; /* negative: none */
};

/** copy_clamp() - A time not later than the rules allow */
struct timespec copy_clamp(const struct copy_rules *rules, struct timespec t);

/** struct copy_target - Where a destination leads after its links were followed inside the root */
struct copy_target {
	int dir_fd;
	char *name; /* in dir_fd: missing or no directory; NULL: dir_fd itself is the target */
};

#define COPY_TARGET_INIT ((struct copy_target){ -1, NULL })

void copy_target_fini(struct copy_target *t);

/**
 * copy_target_find() - Resolve @path, with missing parents made by the rules (0755 or their mode)
 * With a trailing slash the last component is made, too, and has to be a directory.
 * Return: 0, -ERR_USAGE: a file is where a directory is needed, -ERR_IO, -ERR_LIMIT. *ret needs
 *         copy_target_fini() in any case.
 */
int copy_target_find(int root_fd, const char *path, const struct copy_rules *rules,
		     struct copy_target *ret, struct error **err);

/** copy_target_directory() - The same for a directory; its descriptor, open for reading */
int copy_target_directory(int root_fd, const char *path, const struct copy_rules *rules,
			  struct error **err);

/** copy_target_make() - mkdir with owner and mode; its descriptor */
int copy_target_make(int dir_fd, const char *name, const struct copy_rules *rules);

/** copy_tree() - What is in the directory @from_fd into @to_fd; @real as for walk_tree() */
int copy_tree(int from_fd, const char *real, const struct ignore *ignore, int to_fd,
	      const struct copy_rules *rules, struct error **err);

/** copy_file() - The regular file @from_fd as @name in @to_fd, in place of another file there */
int copy_file(int from_fd, const struct stat *st, int to_fd, const char *name,
	      const struct copy_rules *rules, struct error **err);

/** copy_special() - A FIFO, socket or device like that of @st */
int copy_special(const struct stat *st, int to_fd, const char *name, const struct copy_rules *rules,
		 struct error **err);

/** copy_create() - A new file for writing, in place of another file there */
int copy_create(int dir_fd, const char *name, struct error **err);

/** struct copy_means - What the two file systems have turned out not to do; start with zeros */
struct copy_means {
	bool no_clone, no_range;
	char *buffer; /* freed by its owner */
};

/** copy_content() - Bytes and holes; 0 or -1 with errno */
int copy_content(struct copy_means *m, int from_fd, int to_fd, const struct stat *st);

/** archive_is_there() - 1: the file is a tar archive, possibly compressed; 0: it is not; -ERR_IO */
int archive_is_there(int fd, struct error **err);

/**
 * archive_extract() - Unpack into a directory, which nothing in the archive can leave
 * @rules: with keep_owner the owners are those of the archive; modes always are
 */
int archive_extract(int fd, int dir_fd, const struct copy_rules *rules, struct error **err);

#endif
