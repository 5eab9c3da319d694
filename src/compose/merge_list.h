/* SPDX-License-Identifier: Apache-2.0 */
/* Merging: the shapes of lists, and what makes two of their items the same. */
#ifndef COMPOSE_MERGE_LIST_H
#define COMPOSE_MERGE_LIST_H

#include "codec/yaml.h"

/*
 * The compose_lift functions return the shape that is merged, or a copy when the value has a shape
 * that they do not know (the key check after merging reports it).
 */

/** compose_lift_pairs() - ["K=V", "K"] as {K: V, K: null} */
struct yaml_node *compose_lift_pairs(struct arena *a, const struct yaml_node *node);

/** compose_lift_names() - [name] as {name: null}, or with the default condition for depends_on */
struct yaml_node *compose_lift_names(struct arena *a, const struct yaml_node *node,
				     bool depends_on);

/** compose_lift_build() - "dir" as {context: dir} */
struct yaml_node *compose_lift_build(struct arena *a, const struct yaml_node *node);

/** compose_lift_list() - "text" as ["text"]; {host: address} as ["host=address"] */
struct yaml_node *compose_lift_list(struct arena *a, const struct yaml_node *node);

/** compose_merge_pairs() - Mapping over mapping where null is a value of its own */
int compose_merge_pairs(struct arena *a, const struct yaml_node *base,
			const struct yaml_node *over, struct yaml_node **ret_node,
			struct error **err);

/* The compose_find functions return the index of the same item in @list, or its count. */

/** compose_find_text() - The same scalar */
size_t compose_find_text(const struct yaml_node *list, const struct yaml_node *item);

/** compose_find_target() - The same path in the container; @key: "volumes", "secrets", ... */
size_t compose_find_target(str key, const struct yaml_node *list, const struct yaml_node *item);

size_t compose_find_subnet(const struct yaml_node *list, const struct yaml_node *item);

#endif
