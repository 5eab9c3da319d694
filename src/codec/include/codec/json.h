/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON on jansson: strict reading with caps and named errors, compact writing in insertion order.
 */
#ifndef CODEC_JSON_H
#define CODEC_JSON_H

#include <jansson.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "base/strv.h"

static inline void cleanup_json_p(json_t **j)
{
	json_decref(*j);
}

/* An owned json_t *, released at the end of the scope. */
#define CLEANUP_JSON __attribute__((cleanup(cleanup_json_p)))

/** json_read() - Object or array; duplicate keys, trailing text, deep nesting: errors naming @what
 */
int json_read(str text, const char *what, json_t **ret, struct error **err);

/** json_read_file_at() - A JSON file of at most @max bytes */
int json_read_file_at(int dir_fd, const char *path, size_t max, json_t **ret, struct error **err);

/** json_write() - Compact, keys in insertion order, no trailing newline */
void json_write(const json_t *j, struct strbuf *out);

/** json_write_pretty() - Indented by two, for files that people read; ends with a newline */
void json_write_pretty(const json_t *j, struct strbuf *out);

/* Readers with a default for absent or differently typed members; text is borrowed from @j. */
const char *json_get_text(const json_t *j, const char *key); /* or NULL */
int64_t json_get_int(const json_t *j, const char *key, int64_t otherwise);
bool json_get_bool(const json_t *j, const char *key);
void json_get_strv(const json_t *j, const char *key, struct strv *out); /* appends the strings */

/* Writers; invalid UTF-8 is replaced, in keys too; NULL text is left out. */
json_t *json_text(str s);
void json_set_text(json_t *j, const char *key, const char *value);
void json_set_int(json_t *j, const char *key, int64_t value);
void json_set_true(json_t *j, const char *key, bool value); /* left out when false */
void json_set_strv(json_t *j, const char *key, const struct strv *v);
json_t *json_from_strv(const struct strv *v);

#endif
