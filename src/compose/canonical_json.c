/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of the canonical form. */
#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "canonical.h"
#include "codec/yaml.h"
#include "scalar.h"

json_t *compose_json_text(const char *text)
{
	json_t *value = json_string(text);

	if (value)
		return value;
	/* A variable's value may be any bytes. */
	CLEANUP_STRBUF struct strbuf clean = STRBUF_INIT(0);

	for (; *text; text++) {
		if ((unsigned char)*text < 0x80)
			strbuf_add_char(&clean, *text);
		else
			strbuf_add_text(&clean, "\xef\xbf\xbd");
	}
	return json_string(strbuf_text(&clean));
}

json_t *compose_json_number(double value)
{
	if (fabs(value) < 1e15 && fabs(value - floor(value)) <= 0)
		return json_integer((json_int_t)value);
	return json_real(value);
}

void compose_json_set(json_t *object, const char *key, json_t *value)
{
	/* Keys come from YAML or from our own tables, so they are UTF-8. */
	if (json_object_set_new(object, key, value) < 0)
		(void)json_object_set_new_nocheck(object, key, json_null());
}

json_t *compose_json_list(const struct compose_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++)
		(void)json_array_append_new(array, compose_json_text(list->items[i]));
	return array;
}

json_t *compose_json_pairs(const struct compose_pairs *pairs)
{
	json_t *object = json_object();

	for (size_t i = 0; i < pairs->count; i++)
		compose_json_set(object, pairs->items[i].key,
				 pairs->items[i].value ? compose_json_text(pairs->items[i].value)
						       : json_null());
	return object;
}

json_t *compose_json_duration(int64_t ns)
{
	char text[40];

	duration_format(ns, text);
	return json_string(text);
}

json_t *compose_json_size(uint64_t bytes)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)bytes); /* 20 digits */
	return json_string(text);
}

void compose_json_set_text(json_t *object, const char *key, const char *text)
{
	if (text)
		compose_json_set(object, key, compose_json_text(text));
}

void compose_json_set_list(json_t *object, const char *key, const struct compose_list *list)
{
	if (list->count)
		compose_json_set(object, key, compose_json_list(list));
}

void compose_json_set_pairs(json_t *object, const char *key, const struct compose_pairs *pairs)
{
	if (pairs->count)
		compose_json_set(object, key, compose_json_pairs(pairs));
}

void compose_json_set_true(json_t *object, const char *key, bool value)
{
	if (value)
		compose_json_set(object, key, json_true());
}

static json_t *from_node(const struct yaml_node *node);

static json_t *from_scalar(const struct yaml_node *node)
{
	int64_t integer = 0;
	double number = 0;

	switch (node->kind) {
	case YAML_NULL:
		return json_null();
	case YAML_BOOL:
		return json_boolean(node->text.ptr[0] == 't' || node->text.ptr[0] == 'T');
	case YAML_INT:
		if (compose_scalar_integer(node->text, &integer))
			return json_integer(integer);
		break;
	case YAML_FLOAT:
		if (compose_scalar_number(node->text, &number))
			return compose_json_number(number);
		break;
	case YAML_STRING:
	case YAML_SEQUENCE:
	case YAML_MAPPING:
	case YAML_KIND_COUNT:
		break;
	}
	return compose_json_text(node->text.ptr);
}

static int compare_entries(const void *a, const void *b)
{
	const struct yaml_pair *const *left = a, *const *right = b;

	return str_compare((*left)->key, (*right)->key);
}

static void add_sorted(json_t *object, const struct yaml_node *node)
{
	CLEANUP_FREE const struct yaml_pair **order =
		x_alloc((node->count + 1) * sizeof(struct yaml_pair *));

	for (size_t i = 0; i < node->count; i++)
		order[i] = &node->pairs[i];
	qsort(order, node->count, sizeof(struct yaml_pair *), compare_entries);
	for (size_t i = 0; i < node->count; i++)
		compose_json_set(object, order[i]->key.ptr, from_node(order[i]->value));
}

static json_t *from_node(const struct yaml_node *node)
{
	if (yaml_is_scalar(node))
		return from_scalar(node);
	if (node->kind == YAML_MAPPING) {
		json_t *object = json_object();

		add_sorted(object, node);
		return object;
	}
	json_t *array = json_array();

	for (size_t i = 0; i < node->count; i++)
		(void)json_array_append_new(array, from_node(node->items[i]));
	return array;
}

void compose_canonical_extensions(json_t *object, const struct yaml_node *node)
{
	if (node)
		add_sorted(object, node);
}

static void double_dollars_of_text(json_t *value)
{
	CLEANUP_STRBUF struct strbuf out = STRBUF_INIT(0);
	const char *text = json_string_value(value);

	if (!strchr(text, '$'))
		return;
	for (; *text; text++)
		strbuf_addf(&out, *text == '$' ? "$%c" : "%c", *text);
	(void)json_string_set(value, strbuf_text(&out)); /* it was UTF-8 and still is */
}

void compose_json_double_dollars(json_t *value)
{
	const char *key;
	json_t *child;
	size_t i;

	json_array_foreach(value, i, child)
		compose_json_double_dollars(child);
	json_object_foreach(value, key, child)
		compose_json_double_dollars(child);
	if (json_is_string(value))
		double_dollars_of_text(value);
}
