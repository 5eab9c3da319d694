/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests of files of one build context by inode and times, so that an unchanged file is not read.
 *
 * `stat/<digest of the context's absolute path>` in the store; one table that is mapped and
 * searched in place. A file whose times are within two seconds of now is not remembered: it could
 * change again without a visible trace.
 */
#ifndef BUILD_STAT_CACHE_H
#define BUILD_STAT_CACHE_H

#include <sys/stat.h>

#include "image/store.h"

enum { STAT_DIGEST_SIZE = 32 };

struct stat_cache;

/** stat_cache_open() - Never fails: what cannot be read is an empty cache */
struct stat_cache *stat_cache_open(const struct store *store, const char *context_path);

/** stat_cache_find() - false when the file is not known or has changed */
bool stat_cache_find(struct stat_cache *c, const struct stat *st,
		     uint8_t ret_digest[STAT_DIGEST_SIZE]);

/** stat_cache_add() - @st: taken before the file was read */
void stat_cache_add(struct stat_cache *c, const struct stat *st,
		    const uint8_t digest[STAT_DIGEST_SIZE]);

/** stat_cache_close() - Write it when something was added, free it; NULL is ignored */
void stat_cache_close(struct stat_cache *c);

#endif
