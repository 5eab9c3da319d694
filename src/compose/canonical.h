/* SPDX-License-Identifier: Apache-2.0 */
/* The model as a JSON value in the order in which "compose config" prints it. */
#ifndef COMPOSE_CANONICAL_H
#define COMPOSE_CANONICAL_H

#include <jansson.h>

#include "compose/project.h"

/*
 * Docker's JSON differs from its YAML: the sections are sorted, and some keys are there even when
 * they are empty. @json asks for that.
 */

/** compose_canonical() - The whole project; caller: json_decref() */
json_t *compose_canonical(const struct compose_project *p, bool json);

/** compose_canonical_service() - One service; caller: json_decref() */
json_t *compose_canonical_service(const struct compose_service *s, bool json);

/** compose_canonical_extensions() - Add the "x-" entries, sorted; @node may be NULL */
void compose_canonical_extensions(json_t *object, const struct yaml_node *node);

/*
 * Pieces. Adding takes over the reference of @value.
 */

/** compose_json_text() - String; bytes that are not UTF-8 become U+FFFD */
json_t *compose_json_text(const char *text);

/** compose_json_number() - Integer when it is one */
json_t *compose_json_number(double value);
json_t *compose_json_list(const struct compose_list *list);
json_t *compose_json_pairs(const struct compose_pairs *pairs);
json_t *compose_json_duration(int64_t ns);

/** compose_json_size() - Bytes as a string of digits */
json_t *compose_json_size(uint64_t bytes);

void compose_json_set(json_t *object, const char *key, json_t *value);

/* Set when there is something: non-NULL, not empty, true. */
void compose_json_set_text(json_t *object, const char *key, const char *text);
void compose_json_set_list(json_t *object, const char *key, const struct compose_list *list);
void compose_json_set_pairs(json_t *object, const char *key, const struct compose_pairs *pairs);
void compose_json_set_true(json_t *object, const char *key, bool value);

/**
 * compose_json_double_dollars() - Escape for interpolation: what is printed is a compose file again
 * Keys are never interpolated, so they stay.
 */
void compose_json_double_dollars(json_t *value);

/** compose_emit_yaml() - A JSON value as a YAML document, in the style of Go's encoder */
void compose_emit_yaml(const json_t *value, struct strbuf *out);

#endif
