/* SPDX-License-Identifier: Apache-2.0 */
/* Merging: the shapes of lists, and what makes two of their items the same. */
#include "merge_list.h"

#include "mount.h"
#include "path.h"
#include "tree.h"

static bool is_list_of_texts(const struct yaml_node *node)
{
	if (node->kind != YAML_SEQUENCE)
		return false;
	for (size_t i = 0; i < node->count; i++) {
		if (!yaml_is_scalar(node->items[i]) || node->items[i]->kind == YAML_NULL ||
		    node->items[i]->tag.len)
			return false;
	}
	return true;
}

struct yaml_node *compose_lift_pairs(struct arena *a, const struct yaml_node *node)
{
	if (!is_list_of_texts(node))
		return compose_clone(a, node);
	struct yaml_node *map = compose_new_mapping(a, node->place);

	for (size_t i = 0; i < node->count; i++) {
		struct yaml_place place = node->items[i]->place;
		str key = node->items[i]->text, value = { NULL, 0 };
		bool given = str_split_once(node->items[i]->text, '=', &key, &value);

		compose_set(a, map, arena_str(a, key), place,
			    given ? compose_new_string(a, place, value)
				  : compose_new_null(a, place));
	}
	return map;
}

struct yaml_node *compose_lift_names(struct arena *a, const struct yaml_node *node,
				     bool depends_on)
{
	if (!is_list_of_texts(node))
		return compose_clone(a, node);
	struct yaml_node *map = compose_new_mapping(a, node->place);

	for (size_t i = 0; i < node->count; i++) {
		struct yaml_place place = node->items[i]->place;
		struct yaml_node *value = compose_new_null(a, place);

		if (depends_on) {
			value = compose_new_mapping(a, place);
			compose_set(a, value, STR("condition"), place,
				    compose_new_string(a, place, STR("service_started")));
		}
		compose_set(a, map, node->items[i]->text, place, value);
	}
	return map;
}

struct yaml_node *compose_lift_build(struct arena *a, const struct yaml_node *node)
{
	struct yaml_node *copy = compose_clone(a, node);

	if (node->kind != YAML_STRING)
		return copy;
	struct yaml_node *map = compose_new_mapping(a, node->place);

	compose_set(a, map, STR("context"), node->place, copy);
	return map;
}

struct yaml_node *compose_lift_list(struct arena *a, const struct yaml_node *node)
{
	struct yaml_node *copy = compose_clone(a, node);

	if (node->kind == YAML_SEQUENCE || node->kind == YAML_NULL)
		return copy;
	struct yaml_node *list = compose_new_mapping(a, node->place);

	list->kind = YAML_SEQUENCE;
	if (yaml_is_scalar(node)) {
		compose_append(a, list, copy);
		return list;
	}
	for (size_t i = 0; i < node->count; i++) {
		const struct yaml_pair *pair = &node->pairs[i];

		if (!yaml_is_scalar(pair->value))
			return copy;
		compose_append(a, list,
			       compose_new_string(a, pair->place,
						  str_from(arena_printf(a, "%s=%s", pair->key.ptr,
									pair->value->text.ptr))));
	}
	return list;
}

int compose_merge_pairs(struct arena *a, const struct yaml_node *base,
			const struct yaml_node *over, struct yaml_node **ret_node,
			struct error **err)
{
	struct yaml_node *into = compose_clone(a, base);

	for (size_t i = 0; i < over->count; i++) {
		const struct yaml_pair *pair = &over->pairs[i];

		if (pair->value->tag.len && !str_is(pair->value->tag, "!reset") &&
		    !str_is(pair->value->tag, "!override"))
			return compose_error(pair->value->place, err, "unknown tag '%.*s'",
					     STR_ARG(pair->value->tag));
		if (str_is(pair->value->tag, "!reset")) {
			compose_remove(into, pair->key.ptr);
			continue;
		}
		if (into->count == YAML_MAPPING_MAX)
			return compose_limit(pair->place, err, "too many keys in one mapping",
					     YAML_MAPPING_MAX);
		compose_set(a, into, pair->key, pair->place, pair->value);
	}
	*ret_node = into;
	return 0;
}

size_t compose_find_text(const struct yaml_node *list, const struct yaml_node *item)
{
	size_t at = 0;

	while (at < list->count &&
	       !(yaml_is_scalar(item) && yaml_is_scalar(list->items[at]) &&
		 str_is_equal(list->items[at]->text, item->text)))
		at++;
	return at;
}

static str short_target(str key, str text)
{
	struct mount_parts parts = { .target = text };

	if (str_is(key, "volumes") || str_is(key, "devices"))
		(void)compose_mount_split(text, &parts); /* a wrong one is reported later */
	return parts.target;
}

/* The cleaned path that the item occupies in the container; NULL: none that could be compared. */
static const char *target_of(struct arena *a, str key, const struct yaml_node *item)
{
	const char *directory = str_is(key, "secrets") ? "/run/secrets" : "/";
	str target;

	if (yaml_is_scalar(item)) {
		target = short_target(key, item->text);
	} else {
		const struct yaml_pair *pair = yaml_find(item, "target");

		if (!pair && !str_is(key, "volumes"))
			pair = yaml_find(item, "source");
		if (!pair || !yaml_is_scalar(pair->value))
			return NULL;
		target = pair->value->text;
	}
	return compose_path_absolute(a, directory, target, NULL);
}

size_t compose_find_target(str key, const struct yaml_node *list, const struct yaml_node *item)
{
	CLEANUP(arena) struct arena *scratch = arena_new();
	const char *wanted = target_of(scratch, key, item);
	size_t at = 0;

	for (at = 0; at < list->count; at++) {
		const char *target = wanted ? target_of(scratch, key, list->items[at]) : NULL;

		if (target && strcmp(target, wanted) == 0)
			break;
	}
	return at;
}

size_t compose_find_subnet(const struct yaml_node *list, const struct yaml_node *item)
{
	const struct yaml_pair *wanted = yaml_find(item, "subnet");
	size_t at = 0;

	for (at = 0; at < list->count; at++) {
		const struct yaml_pair *pair = yaml_find(list->items[at], "subnet");

		if (wanted && pair && str_is_equal(pair->value->text, wanted->value->text))
			break;
	}
	return at;
}
