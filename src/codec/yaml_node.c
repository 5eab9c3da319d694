/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to a YAML tree. */
#include "codec/yaml.h"

struct yaml_pair *yaml_find_str(const struct yaml_node *node, str key)
{
	for (size_t i = 0; node->kind == YAML_MAPPING && i < node->count; i++) {
		if (str_is_equal(node->pairs[i].key, key))
			return &node->pairs[i];
	}
	return NULL;
}

struct yaml_pair *yaml_find(const struct yaml_node *node, const char *key)
{
	return yaml_find_str(node, str_from(key));
}

bool yaml_is_scalar(const struct yaml_node *node)
{
	return node->kind != YAML_SEQUENCE && node->kind != YAML_MAPPING;
}

const char *yaml_kind_name(enum yaml_kind kind)
{
	static const char *const names[] = {
		[YAML_NULL] = "null",	      [YAML_BOOL] = "a boolean", [YAML_INT] = "an integer",
		[YAML_FLOAT] = "a number",    [YAML_STRING] = "a string",
		[YAML_SEQUENCE] = "a list",   [YAML_MAPPING] = "a mapping",
	};
	_Static_assert(ARRAY_SIZE(names) == YAML_KIND_COUNT, "a name for every kind");

	return names[kind];
}

str yaml_source_line(const struct yaml_source *source, unsigned line)
{
	str rest = source->text, piece = { NULL, 0 };

	for (unsigned i = 0; i < line; i++) {
		if (!str_cut(&rest, '\n', &piece))
			return (str){ NULL, 0 };
	}
	return str_trim_right(piece);
}

struct error_position yaml_position(struct yaml_place place)
{
	return (struct error_position){ place.source->file, place.line, place.column,
					yaml_source_line(place.source, place.line) };
}
