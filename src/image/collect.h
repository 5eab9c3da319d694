/* SPDX-License-Identifier: Apache-2.0 */
/* One run of the collector. */
#ifndef IMAGE_COLLECT_H
#define IMAGE_COLLECT_H

#include <time.h>

#include "base/strv.h"
#include "image/store.h"

struct collection {
	const struct store *s;
	struct strv blobs, layers;    /* marked; sorted after marking */
	struct strv trash;	      /* names in tmp/ to delete in the end */
	struct timespec grace;	      /* what is younger stays, except our own finds */
	struct timespec oldest_lease; /* of other processes */
	uint64_t freed;
};

typedef int (*collect_fn)(struct collection *c, int dir_fd, const char *name, struct error **err);

/** collect_each() - Call @fn for every name in a directory (absent: none); @fn may remove it */
int collect_each(struct collection *c, int dir_fd, const char *path, collect_fn fn,
		 struct error **err);

/** collect_mark() - Fill blobs and layers with what tags, containers and cache records refer to */
int collect_mark(struct collection *c, struct error **err);

#endif
