/* SPDX-License-Identifier: Apache-2.0 */
/* Making YAML nodes, and errors that point at them. */
#include "tree.h"

#include <stdarg.h>
#include <stdio.h>

static int fail(struct yaml_place place, struct error **err, enum error_code code, const char *fmt,
		va_list ap)
{
	struct error_position pos = yaml_position(place);
	CLEANUP_FREE char *text = NULL;

	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	(void)error_new(err, code, "%s", text);
	error_set_position(err, &pos);
	return -(int)code;
}

int compose_error(struct yaml_place place, struct error **err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int r = fail(place, err, ERR_PARSE, fmt, ap);

	va_end(ap);
	return r;
}

int compose_refuse(struct yaml_place place, struct error **err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int r = fail(place, err, ERR_UNSUPPORTED, fmt, ap);

	va_end(ap);
	return r;
}

int compose_limit(struct yaml_place place, struct error **err, const char *what, unsigned max)
{
	struct error_position pos = yaml_position(place);

	(void)error_new(err, ERR_LIMIT, "%s (at most %u)", what, max);
	error_set_position(err, &pos);
	return -ERR_LIMIT;
}

struct source_place compose_place(struct yaml_place place)
{
	return (struct source_place){ place.source->file, place.line, place.column };
}

static struct yaml_node *new_node(struct arena *a, enum yaml_kind kind, struct yaml_place place)
{
	struct yaml_node *node = arena_alloc(a, sizeof(*node));

	node->kind = kind;
	node->place = place;
	node->size = 1;
	return node;
}

struct yaml_node *compose_new_mapping(struct arena *a, struct yaml_place place)
{
	return new_node(a, YAML_MAPPING, place);
}

struct yaml_node *compose_new_string(struct arena *a, struct yaml_place place, str text)
{
	struct yaml_node *node = new_node(a, YAML_STRING, place);

	node->text = arena_str(a, text);
	return node;
}

struct yaml_node *compose_new_null(struct arena *a, struct yaml_place place)
{
	struct yaml_node *node = new_node(a, YAML_NULL, place);

	node->text = STR("");
	return node;
}

void compose_append(struct arena *a, struct yaml_node *seq, struct yaml_node *item)
{
	seq->items = arena_grow(a, seq->items, seq->count, sizeof(item));
	seq->items[seq->count++] = item;
}

void compose_set(struct arena *a, struct yaml_node *map, str key, struct yaml_place place,
		 struct yaml_node *value)
{
	struct yaml_pair *pair = yaml_find_str(map, key);

	if (!pair) {
		map->pairs = arena_grow(a, map->pairs, map->count, sizeof(*map->pairs));
		pair = &map->pairs[map->count++];
	}
	*pair = (struct yaml_pair){ key, place, value };
}

void compose_remove(struct yaml_node *map, const char *key)
{
	struct yaml_pair *pair = yaml_find(map, key);

	if (!pair)
		return;
	size_t after = map->count - (size_t)(pair - map->pairs) - 1;

	memmove(pair, pair + 1, after * sizeof(*pair));
	map->count--;
}

/* The list is built anew by the same doubling that arena_grow() relies on. */
struct yaml_node *compose_clone(struct arena *a, const struct yaml_node *node)
{
	struct yaml_node *copy = arena_alloc(a, sizeof(*copy));

	*copy = *node;
	copy->items = NULL;
	copy->pairs = NULL;
	for (size_t i = 0; i < node->count; i++) {
		if (node->kind == YAML_SEQUENCE) {
			copy->items = arena_grow(a, copy->items, i, sizeof(*copy->items));
			copy->items[i] = node->items[i];
		} else {
			copy->pairs = arena_grow(a, copy->pairs, i, sizeof(*copy->pairs));
			copy->pairs[i] = node->pairs[i];
		}
	}
	return copy;
}

struct yaml_node *compose_copy(struct arena *a, const struct yaml_node *node)
{
	struct yaml_node *copy = compose_clone(a, node);

	for (size_t i = 0; i < copy->count; i++) {
		if (copy->kind == YAML_SEQUENCE)
			copy->items[i] = compose_copy(a, copy->items[i]);
		else
			copy->pairs[i].value = compose_copy(a, copy->pairs[i].value);
	}
	return copy;
}
