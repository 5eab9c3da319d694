/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of the build cache: key -> layer (docs/formats/cache-key.md).
 */
#ifndef BUILD_CACHE_H
#define BUILD_CACHE_H

#include "image/store.h"
#include "key.h"

enum { CACHE_TIME_SIZE = 36 };

/**
 * cache_find() - Layer of a key; -ERR_NOT_FOUND also when the layer is gone or incomplete
 * @ret_created: when the step ran (RFC 3339): a build from the cache gives the same image again
 */
int cache_find(const struct store *s, const struct step_key *key, struct layer *ret_layer,
	       char ret_created[CACHE_TIME_SIZE], struct error **err);

/** struct cache_note - What a record says besides key and layer */
struct cache_note {
	const char *step_name;
	const char *identity; /* of its place (cache_identity()), so that its next miss can be explained */
	const char *created;  /* RFC 3339 */
};

/** cache_add() - Remember that @layer is the result of @key */
int cache_add(const struct store *s, const struct step_key *key, const struct layer *layer,
	      const struct cache_note *note, struct error **err);

/** cache_identity() - Hex digest of the place of a step: context, file, stage, number */
void cache_identity(const char *context, const char *file, const char *stage, size_t number,
		    char ret_hex[SHA256_HEX_SIZE]);

/** cache_explain() - Why @key missed, against the last record of that place; NULL: no record */
char *cache_explain(const struct store *s, const struct step_key *key, const char *identity);

#endif
