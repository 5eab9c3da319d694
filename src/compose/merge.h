/* SPDX-License-Identifier: Apache-2.0 */
/* A later compose file over an earlier one (Compose specification, "Merge"). */
#ifndef COMPOSE_MERGE_H
#define COMPOSE_MERGE_H

#include "codec/yaml.h"

/**
 * compose_merge() - Whole files
 * @base: NULL for the first one
 * @over: wins; its !reset and !override tags are obeyed and gone afterwards
 * Neither tree is changed.
 * Return: 0 or -ERR_PARSE: a list over a mapping, an unknown tag
 */
int compose_merge(struct arena *a, const struct yaml_node *base, const struct yaml_node *over,
		  struct yaml_node **ret_node, struct error **err);

/** compose_merge_service() - The same for one service: what "extends" does */
int compose_merge_service(struct arena *a, const struct yaml_node *base,
			  const struct yaml_node *over, struct yaml_node **ret_node,
			  struct error **err);

#endif
