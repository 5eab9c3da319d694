/* SPDX-License-Identifier: Apache-2.0 */
/* Which file of the source became which file of the destination, for files with several names. */
#ifndef BUILD_COPY_LINKS_H
#define BUILD_COPY_LINKS_H

#include <stddef.h>
#include <sys/stat.h>

/** struct copy_link - The first copy of a file */
struct copy_link {
	dev_t dev; /* of the source */
	ino_t ino;
	dev_t to_dev; /* of the copy */
	ino_t to_ino;
	char *path; /* of the copy, from the directory that is copied into */
};

enum { COPY_LINKS_MAX = 1 << 20 }; /* names beyond it become files of their own */

/** struct copy_links - Open addressing; zero-initialise */
struct copy_links {
	struct copy_link *slots;
	size_t capacity, count;
};

/** copy_links_find() - NULL when there is no copy of it yet */
const struct copy_link *copy_links_find(const struct copy_links *l, const struct stat *source);
void copy_links_add(struct copy_links *l, const struct stat *source, const struct stat *copy,
		    const char *path);
void copy_links_fini(struct copy_links *l);

#endif
