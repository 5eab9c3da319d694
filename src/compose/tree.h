/* SPDX-License-Identifier: Apache-2.0 */
/* Making YAML nodes, and errors that point at them. */
#ifndef COMPOSE_TREE_H
#define COMPOSE_TREE_H

#include "codec/yaml.h"
#include "compose/project.h"

/** compose_error() - ERR_PARSE at a place */
int compose_error(struct yaml_place place, struct error **err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** compose_refuse() - ERR_UNSUPPORTED at a place: valid, but not for this version */
int compose_refuse(struct yaml_place place, struct error **err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** compose_limit() - ERR_LIMIT at a place */
int compose_limit(struct yaml_place place, struct error **err, const char *what, unsigned max);

/** compose_place() - For the model */
struct source_place compose_place(struct yaml_place place);

struct yaml_node *compose_new_mapping(struct arena *a, struct yaml_place place);
struct yaml_node *compose_new_string(struct arena *a, struct yaml_place place, str text);
struct yaml_node *compose_new_null(struct arena *a, struct yaml_place place);

/** compose_append() - Add to a sequence that is not shared */
void compose_append(struct arena *a, struct yaml_node *seq, struct yaml_node *item);

/** compose_set() - Set a key of a mapping that is not shared; keeps its position when there */
void compose_set(struct arena *a, struct yaml_node *map, str key, struct yaml_place place,
		 struct yaml_node *value);

/** compose_remove() - Drop a key of a mapping that is not shared */
void compose_remove(struct yaml_node *map, const char *key);

/** compose_clone() - Copy of one node; children are shared, the copy's own list is not */
struct yaml_node *compose_clone(struct arena *a, const struct yaml_node *node);

/** compose_copy() - Deep copy */
struct yaml_node *compose_copy(struct arena *a, const struct yaml_node *node);

#endif
