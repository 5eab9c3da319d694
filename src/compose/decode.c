/* SPDX-License-Identifier: Apache-2.0 */
/* Mappings by their table of keys. */
#include "decode.h"

static const struct compose_key *find_key(const struct compose_keys *keys, str name)
{
	size_t low = 0, high = keys->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int c = str_compare(str_from(keys->items[middle].name), name);

		if (c == 0)
			return &keys->items[middle];
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static const char *find_similar(const struct compose_keys *keys, str name)
{
	size_t best = name.len / 3 + 2;
	const char *found = NULL;

	for (size_t i = 0; i < keys->count; i++) {
		size_t distance = str_distance(str_from(keys->items[i].name), name);

		if (distance < best) {
			best = distance;
			found = keys->items[i].name;
		}
	}
	return found;
}

static int fail_unknown(struct decoder *d, const struct yaml_pair *pair,
			const struct compose_keys *keys)
{
	const char *similar = find_similar(keys, pair->key);

	(void)compose_error(pair->place, d->err, "unknown key '%s' in %s", pair->key.ptr,
			    keys->what);
	return similar ? error_hint(d->err, "did you mean '%s'?", similar) : -ERR_PARSE;
}

static int decode_entry(struct decoder *d, const struct yaml_pair *pair,
			const struct compose_keys *keys, char *to)
{
	const struct compose_key *key = find_key(keys, pair->key);

	if (str_has_prefix(pair->key, "x-") && !key)
		return 0;
	if (!key)
		return fail_unknown(d, pair, keys);
	if (!key->decode)
		return compose_refuse(pair->place, d->err,
				      "'%s' is valid compose but not supported by this version",
				      key->name);
	if (pair->value->kind == YAML_NULL && !key->nullable) {
		(void)compose_error(pair->place, d->err, "'%s' has no value", key->name);
		return error_hint(d->err, "indent its value below it, or remove the key");
	}
	if (key->decode(d, pair, to + key->offset) < 0)
		return keys->is_top ? -(int)error_code(*d->err)
				    : error_context(d->err, "%s", key->name);
	return 0;
}

int compose_decode_mapping(struct decoder *d, const struct yaml_pair *pair,
			   const struct compose_keys *keys, void *to)
{
	if (pair->value->kind != YAML_MAPPING)
		return compose_error(pair->value->place, d->err, "must be a mapping, not %s",
				     yaml_kind_name(pair->value->kind));
	for (size_t i = 0; i < pair->value->count; i++) {
		int r = decode_entry(d, &pair->value->pairs[i], keys, to);

		if (r < 0)
			return r;
	}
	return 0;
}

int compose_decode_ignored(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	struct error_position pos = yaml_position(pair->place);

	(void)to;
	report_warn(d->warnings, &pos, "no-effect", "'%s' has no effect here", pair->key.ptr);
	return 0;
}

const struct yaml_node *compose_extensions(struct arena *a, const struct yaml_node *node)
{
	struct yaml_node *found = NULL;

	for (size_t i = 0; node->kind == YAML_MAPPING && i < node->count; i++) {
		const struct yaml_pair *pair = &node->pairs[i];

		if (!str_has_prefix(pair->key, "x-"))
			continue;
		if (!found)
			found = compose_new_mapping(a, node->place);
		compose_set(a, found, pair->key, pair->place, pair->value);
	}
	return found;
}
