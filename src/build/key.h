/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cache keys: named components, hashed in order with their lengths in front. Pure.
 * Format and what belongs into which key: docs/formats/cache-key.md.
 */
#ifndef BUILD_KEY_H
#define BUILD_KEY_H

#include <jansson.h>

#include "codec/sha256.h"

/** struct step_key - A key while and after it is made */
struct step_key {
	struct sha256 hash;
	json_t *components; /* [["name", "value or its digest"], ...] for explaining a miss */
	char hex[SHA256_HEX_SIZE];
};

/** step_key_start() - @parent: key of what lies below: the previous step, or the base */
void step_key_start(struct step_key *k, const char *kind, const char *parent);

/** step_key_add() - One component; a value longer than a line is remembered by its digest */
void step_key_add(struct step_key *k, const char *name, str value);

/** step_key_finish() - hex is set, nothing can be added any more */
void step_key_finish(struct step_key *k);
void step_key_fini(struct step_key *k);

/**
 * step_key_explain() - Why @k differs from an earlier record of the same step, in a person's words
 * @before: the earlier components; NULL: there is none
 * Return: "ARG NODE_ENV was production, is development"; NULL for a first build; caller frees
 */
char *step_key_explain(const struct step_key *k, const json_t *before);

#endif
