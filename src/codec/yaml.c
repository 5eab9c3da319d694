/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libyaml's events as a tree.
 *
 * How it works: a stack of open collections; an event either opens one, closes one, or gives a
 * finished node, and a finished node goes into the collection below it. A mapping alternates
 * between waiting for a key and for a value. Sizes and depths are summed when a node is finished,
 * so that an alias costs what it expands to and a bomb is stopped at the alias that lights it.
 */
#include "codec/yaml.h"

#include <yaml.h>

#include "yaml_problem.h"

/* A collection is two events. */
enum { YAML_EVENTS_MAX = 2 * YAML_NODES_MAX };

static const char tag_prefix[] = "tag:yaml.org,2002:";

struct anchor {
	struct anchor *next; /* newest first: an anchor may be given again */
	str name;
	struct yaml_node *node;
	bool open; /* its collection is not finished: an alias to it would be a cycle */
};

/* An open collection. */
struct level {
	struct yaml_node *node;
	struct anchor *anchor;
	struct yaml_pair key; /* mapping: key read, value awaited */
	bool has_key, is_merge;
	struct yaml_node **merges; /* values of "<<", resolved when the mapping closes */
	size_t merge_count;
};

struct builder {
	struct arena *arena;
	struct yaml_file *file;
	struct anchor *anchors;
	unsigned anchor_count, event_count; /* of this document */
	struct level levels[YAML_DEPTH_MAX];
	size_t level_count;
	struct error **err;
};

static int fail(struct builder *b, struct yaml_place place, const char *what, str name)
{
	struct error_position pos = yaml_position(place);

	return error_at(b->err, &pos, "%s '%.*s'", what, STR_ARG(name));
}

static int fail_limit(struct builder *b, struct yaml_place place, const char *what, unsigned max)
{
	struct error_position pos = yaml_position(place);

	(void)error_new(b->err, ERR_LIMIT, "%s (at most %u)", what, max);
	error_set_position(b->err, &pos);
	return -ERR_LIMIT;
}

static struct yaml_place place_of(const struct builder *b, yaml_mark_t mark)
{
	return (struct yaml_place){ &b->file->source, (unsigned)mark.line + 1,
				    (unsigned)mark.column + 1 };
}

static struct yaml_node *new_node(struct builder *b, enum yaml_kind kind, yaml_mark_t mark)
{
	struct yaml_node *node = arena_alloc(b->arena, sizeof(*node));

	node->kind = kind;
	node->place = place_of(b, mark);
	node->size = 1;
	return node;
}

static struct anchor *add_anchor(struct builder *b, const yaml_char_t *name,
				 struct yaml_node *node)
{
	if (!name)
		return NULL;
	struct anchor *anchor = arena_alloc(b->arena, sizeof(*anchor));

	anchor->name = arena_str(b->arena, str_from((const char *)name));
	anchor->node = node;
	anchor->next = b->anchors;
	b->anchors = anchor;
	b->anchor_count++;
	return anchor;
}

/* Own tags are kept, core tags choose the kind of a scalar. */
static void set_tag(struct builder *b, struct yaml_node *node, const yaml_char_t *tag)
{
	static const struct {
		const char *name;
		enum yaml_kind kind;
	} cores[] = {
		{ "str", YAML_STRING }, { "int", YAML_INT },   { "float", YAML_FLOAT },
		{ "bool", YAML_BOOL },	{ "null", YAML_NULL },
	};
	str text = str_from((const char *)tag);

	if (text.len == 0 || str_is(text, "!"))
		return;
	if (!str_has_prefix(text, tag_prefix)) {
		node->tag = arena_str(b->arena, text);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(cores) && yaml_is_scalar(node); i++) {
		if (str_is(str_skip(text, sizeof(tag_prefix) - 1), cores[i].name))
			node->kind = cores[i].kind;
	}
}

static int account(struct builder *b, struct yaml_node *into, const struct yaml_node *part,
		   struct yaml_place place)
{
	into->size += part->size;
	if (part->depth + 1 > into->depth)
		into->depth = part->depth + 1;
	if (into->size > YAML_NODES_MAX)
		return fail_limit(b, place, "too many values after expanding aliases",
				  YAML_NODES_MAX);
	if (into->depth > YAML_DEPTH_MAX)
		return fail_limit(b, place, "values are nested too deeply", YAML_DEPTH_MAX);
	return 0;
}

static int add_pair(struct builder *b, struct yaml_node *map, struct yaml_pair pair)
{
	if (map->count == YAML_MAPPING_MAX)
		return fail_limit(b, pair.place, "too many keys in one mapping", YAML_MAPPING_MAX);
	map->pairs = arena_grow(b->arena, map->pairs, map->count, sizeof(*map->pairs));
	map->pairs[map->count++] = pair;
	return account(b, map, pair.value, pair.place);
}

static int take_key(struct builder *b, struct level *level, const struct yaml_node *node,
		    struct yaml_place place)
{
	if (!yaml_is_scalar(node))
		return fail(b, place, "a key must be a text, not",
			    str_from(yaml_kind_name(node->kind)));
	level->is_merge = node->plain && str_is(node->text, "<<");
	level->key = (struct yaml_pair){ node->text, place, NULL };
	level->has_key = true;
	const struct yaml_pair *same =
		level->is_merge ? NULL : yaml_find_str(level->node, node->text);

	if (!same)
		return 0;
	(void)fail(b, place, "duplicate key", node->text);
	return error_hint(b->err, "it was already given in line %u", same->place.line);
}

static int check_merge(struct builder *b, const struct yaml_node *node)
{
	bool ok = node->kind == YAML_MAPPING || node->kind == YAML_SEQUENCE;

	for (size_t i = 0; ok && node->kind == YAML_SEQUENCE && i < node->count; i++)
		ok = node->items[i]->kind == YAML_MAPPING;
	return ok ? 0
		  : fail(b, node->place, "only mappings can be merged with '<<', not",
			 str_from(yaml_kind_name(node->kind)));
}

static int take_value(struct builder *b, struct level *level, struct yaml_node *node)
{
	level->has_key = false;
	if (!level->is_merge) {
		level->key.value = node;
		return add_pair(b, level->node, level->key);
	}
	int r = check_merge(b, node);

	if (r < 0)
		return r;
	level->merges = arena_grow(b->arena, level->merges, level->merge_count, sizeof(node));
	level->merges[level->merge_count++] = node;
	return 0;
}

/* Put a finished node where it belongs. @place: where it is used, which may be an alias to it */
static int place_node(struct builder *b, struct yaml_node *node, struct yaml_place place)
{
	struct yaml_file *file = b->file;

	if (b->level_count == 0) {
		file->documents = arena_grow(b->arena, file->documents, file->count, sizeof(node));
		file->documents[file->count++] = node;
		return 0;
	}
	struct level *level = &b->levels[b->level_count - 1];
	struct yaml_node *into = level->node;

	if (into->kind == YAML_MAPPING)
		return level->has_key ? take_value(b, level, node)
				      : take_key(b, level, node, place);
	into->items = arena_grow(b->arena, into->items, into->count, sizeof(node));
	into->items[into->count++] = node;
	return account(b, into, node, place);
}

static int open_collection(struct builder *b, enum yaml_kind kind, const yaml_char_t *anchor,
			   const yaml_char_t *tag, yaml_mark_t mark)
{
	struct yaml_node *node = new_node(b, kind, mark);

	if (b->level_count == YAML_DEPTH_MAX)
		return fail_limit(b, node->place, "values are nested too deeply", YAML_DEPTH_MAX);
	set_tag(b, node, tag);
	struct level *level = &b->levels[b->level_count++];

	*level = (struct level){ .node = node, .anchor = add_anchor(b, anchor, node) };
	if (level->anchor)
		level->anchor->open = true;
	return 0;
}

static int merge_into(struct builder *b, struct yaml_node *map, const struct yaml_node *from)
{
	for (size_t i = 0; i < from->count; i++) {
		int r = 0;

		if (from->kind == YAML_SEQUENCE)
			r = merge_into(b, map, from->items[i]);
		else if (!yaml_find_str(map, from->pairs[i].key))
			r = add_pair(b, map, from->pairs[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Keys of the mapping itself win over merged ones, earlier merges over later ones. */
static int close_collection(struct builder *b)
{
	struct level *level = &b->levels[b->level_count - 1];
	struct yaml_node *node = level->node;

	for (size_t i = 0; i < level->merge_count; i++) {
		int r = merge_into(b, node, level->merges[i]);

		if (r < 0)
			return r;
	}
	if (level->anchor)
		level->anchor->open = false;
	b->level_count--;
	return place_node(b, node, node->place);
}

static int take_scalar(struct builder *b, const yaml_event_t *event)
{
	struct yaml_node *node = new_node(b, YAML_STRING, event->start_mark);

	node->text = arena_str(b->arena, str_make((const char *)event->data.scalar.value,
						  event->data.scalar.length));
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	if (node->plain)
		node->kind = yaml_resolve_plain(node->text);
	set_tag(b, node, event->data.scalar.tag);
	if (memchr(node->text.ptr, '\0', node->text.len))
		return fail(b, node->place, "NUL character in", node->text);
	(void)add_anchor(b, event->data.scalar.anchor, node);
	return place_node(b, node, node->place);
}

static int take_alias(struct builder *b, const yaml_event_t *event)
{
	str name = str_from((const char *)event->data.alias.anchor);
	struct yaml_place place = place_of(b, event->start_mark);

	for (const struct anchor *a = b->anchors; a; a = a->next) {
		if (!str_is_equal(name, a->name))
			continue;
		return a->open ? fail(b, place, "a value contains itself through alias", name)
			       : place_node(b, a->node, place);
	}
	return fail(b, place, "there is no anchor before this alias", name);
}

static int take_event(struct builder *b, const yaml_event_t *event)
{
	struct yaml_place place = place_of(b, event->start_mark);

	if (++b->event_count > YAML_EVENTS_MAX)
		return fail_limit(b, place, "too many values", YAML_NODES_MAX);
	if (b->anchor_count > YAML_ANCHORS_MAX)
		return fail_limit(b, place, "too many anchors", YAML_ANCHORS_MAX);
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		b->anchors = NULL;
		b->anchor_count = b->event_count = 0;
		if (b->file->count == YAML_DOCUMENTS_MAX)
			return fail_limit(b, place, "too many documents in one file",
					  YAML_DOCUMENTS_MAX);
		return 0;
	case YAML_SCALAR_EVENT:
		return take_scalar(b, event);
	case YAML_ALIAS_EVENT:
		return take_alias(b, event);
	case YAML_SEQUENCE_START_EVENT:
		return open_collection(b, YAML_SEQUENCE, event->data.sequence_start.anchor,
				       event->data.sequence_start.tag, event->start_mark);
	case YAML_MAPPING_START_EVENT:
		return open_collection(b, YAML_MAPPING, event->data.mapping_start.anchor,
				       event->data.mapping_start.tag, event->start_mark);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return close_collection(b);
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		return 0;
	}
	return 0;
}

static int build(struct builder *b, yaml_parser_t *parser)
{
	bool done = false;
	int r = 0;

	while (r == 0 && !done) {
		yaml_event_t event;

		if (!yaml_parser_parse(parser, &event))
			return yaml_problem(parser, &b->file->source, b->err);
		done = event.type == YAML_STREAM_END_EVENT;
		r = take_event(b, &event);
		yaml_event_delete(&event);
	}
	return r;
}

int yaml_parse(struct arena *a, const char *file, str text, struct yaml_file **ret_file,
	       struct error **err)
{
	struct builder b = { .arena = a, .err = err };
	yaml_parser_t parser;

	if (text.len > YAML_SIZE_MAX)
		return error_new(err, ERR_LIMIT, "%s: larger than %d MiB", file,
				 YAML_SIZE_MAX >> 20);
	b.file = arena_alloc(a, sizeof(*b.file));
	b.file->source.file = arena_strdup(a, str_from(file));
	b.file->source.text = arena_str(a, text);
	if (!yaml_parser_initialize(&parser))
		abort(); /* out of memory */
	yaml_parser_set_input_string(&parser, (const unsigned char *)b.file->source.text.ptr,
				     text.len);
	int r = build(&b, &parser);

	yaml_parser_delete(&parser);
	if (r == 0)
		*ret_file = b.file;
	return r;
}
