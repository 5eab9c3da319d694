/* SPDX-License-Identifier: Apache-2.0 */
/* Values that are not particular to one key. */
#include "decode.h"

#include "base/clock.h"
#include "scalar.h"

enum { NAME_MAX_LENGTH = 128 };

int compose_decode_string(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	const struct yaml_node *value = pair->value;

	if (!yaml_is_scalar(value) || value->kind == YAML_NULL || value->kind == YAML_BOOL)
		return compose_error(value->place, d->err, "must be a string, not %s",
				     yaml_kind_name(value->kind));
	*(const char **)to = value->text.ptr;
	return 0;
}

int compose_decode_bool(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	static const char *const words[][2] = {
		{ "true", "false" }, { "yes", "no" }, { "on", "off" }, { "y", "n" }, { "1", "0" },
	};
	const struct yaml_node *value = pair->value;

	for (size_t i = 0; yaml_is_scalar(value) && i < ARRAY_SIZE(words); i++) {
		if (!str_is_nocase(value->text, words[i][0]) &&
		    !str_is_nocase(value->text, words[i][1]))
			continue;
		*(bool *)to = str_is_nocase(value->text, words[i][0]);
		return 0;
	}
	return compose_error(value->place, d->err, "must be true or false");
}

int compose_decode_integer(struct decoder *d, const struct yaml_pair *pair, int64_t min,
			   int64_t max, int64_t *ret_value)
{
	const struct yaml_node *value = pair->value;
	int64_t number = 0;

	if (!yaml_is_scalar(value) || !compose_scalar_integer(value->text, &number))
		return compose_error(value->place, d->err, "must be a whole number");
	if (number < min || number > max)
		return compose_error(value->place, d->err, "must be between %lld and %lld",
				     (long long)min, (long long)max);
	*ret_value = number;
	return 0;
}

int compose_decode_file_mode(struct decoder *d, const struct yaml_pair *pair, unsigned *ret_mode)
{
	const struct yaml_node *value = pair->value;
	uint64_t mode = 0;
	int64_t number = 0;

	/* A quoted mode is octal without a prefix; an unquoted number means what YAML says. */
	bool octal = value->kind == YAML_STRING && str_to_octal(value->text, 07777, &mode);

	if (!octal && (!yaml_is_scalar(value) || !compose_scalar_integer(value->text, &number) ||
		       number < 0 || number > 07777)) {
		(void)compose_error(value->place, d->err, "must be a file mode");
		return error_hint(d->err, "write it in octal, as 0440");
	}
	*ret_mode = octal ? (unsigned)mode : (unsigned)number;
	return 0;
}

int compose_decode_duration(struct decoder *d, const struct yaml_pair *pair, int64_t *ret_ns)
{
	const struct yaml_node *value = pair->value;

	if (yaml_is_scalar(value) && duration_parse(value->text, ret_ns))
		return 0;
	(void)compose_error(value->place, d->err, "'%s' is not a duration",
			    yaml_is_scalar(value) ? value->text.ptr : yaml_kind_name(value->kind));
	return error_hint(d->err, "write a number with its unit, as 30s, 1m30s or 500ms");
}

/* Splits "1.5gb" into number and unit; *ret_shift: power of two of the unit. */
static bool take_unit(str *text, unsigned *ret_shift)
{
	static const char prefixes[] = "kmgtp";
	str s = *text;

	*ret_shift = 0;
	if (s.len && (s.ptr[s.len - 1] == 'b' || s.ptr[s.len - 1] == 'B'))
		s.len--;
	if (s.len && s.len < text->len && (s.ptr[s.len - 1] == 'i' || s.ptr[s.len - 1] == 'I'))
		s.len--;
	if (s.len) {
		const char *at = strchr(prefixes, s.ptr[s.len - 1] | 0x20);

		if (at && *at) {
			*ret_shift = (unsigned)(at - prefixes + 1) * 10;
			s.len--;
		}
	}
	*text = str_trim_right(s);
	return s.len > 0;
}

bool compose_parse_bytes(str text, uint64_t *ret_bytes)
{
	unsigned shift = 0;
	uint64_t whole = 0;
	double number = 0;

	if (!take_unit(&text, &shift))
		return false;
	if (str_to_u64(text, UINT64_MAX >> shift, &whole)) {
		*ret_bytes = whole << shift;
		return true;
	}
	if (text.ptr[0] < '0' || text.ptr[0] > '9' || !compose_scalar_number(text, &number))
		return false;
	number *= (double)(UINT64_C(1) << shift);
	if (number >= 1e18)
		return false;
	*ret_bytes = (uint64_t)number;
	return true;
}

int compose_decode_bytes(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	const struct yaml_node *value = pair->value;
	uint64_t bytes = 0;

	if (yaml_is_scalar(value) && compose_parse_bytes(value->text, &bytes) &&
	    bytes <= INT64_MAX) {
		*(uint64_t *)to = bytes;
		return 0;
	}
	(void)compose_error(value->place, d->err, "'%s' is not a size",
			    yaml_is_scalar(value) ? value->text.ptr : yaml_kind_name(value->kind));
	return error_hint(d->err, "write a number with b, k, m or g, as 512m");
}

int compose_decode_cpus(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	const struct yaml_node *value = pair->value;
	double number = 0;

	if (!yaml_is_scalar(value) || !compose_scalar_number(value->text, &number) || number < 0 ||
	    number > 1e6)
		return compose_error(value->place, d->err,
				     "must be a number of processors, as 0.5 or 2");
	*(double *)to = number;
	return 0;
}

void compose_add_text(struct arena *a, struct compose_list *list, const char *text)
{
	list->items = arena_grow(a, list->items, list->count, sizeof(*list->items));
	list->items[list->count++] = text;
}

int compose_decode_list(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	const struct yaml_node *value = pair->value;
	struct compose_list *list = to;

	if (value->kind != YAML_SEQUENCE)
		return compose_error(value->place, d->err, "must be a list, not %s",
				     yaml_kind_name(value->kind));
	*list = (struct compose_list){ NULL, 0 };
	for (size_t i = 0; i < value->count; i++) {
		const struct yaml_node *item = value->items[i];

		if (!yaml_is_scalar(item) || item->kind == YAML_NULL)
			return compose_error(item->place, d->err,
					     "items must be strings, not %s",
					     yaml_kind_name(item->kind));
		compose_add_text(d->arena, list, compose_scalar_text(d->arena, item));
	}
	return 0;
}

int compose_decode_texts(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	struct compose_list *list = to;
	const char *text = NULL;

	if (!yaml_is_scalar(pair->value))
		return compose_decode_list(d, pair, to);
	int r = compose_decode_string(d, pair, &text);

	*list = (struct compose_list){ NULL, 0 };
	if (r == 0)
		compose_add_text(d->arena, list, text);
	return r;
}

static int compare_pairs(const void *a, const void *b)
{
	const struct compose_pair *left = a, *right = b;

	return strcmp(left->key, right->key);
}

void compose_sort_pairs(struct compose_pairs *pairs)
{
	if (pairs->count > 1)
		qsort(pairs->items, pairs->count, sizeof(*pairs->items), compare_pairs);
}

void compose_add_pair(struct arena *a, struct compose_pairs *pairs, const char *key,
		      const char *value)
{
	for (size_t i = 0; i < pairs->count; i++) {
		if (strcmp(pairs->items[i].key, key) == 0) {
			pairs->items[i].value = value;
			return;
		}
	}
	pairs->items = arena_grow(a, pairs->items, pairs->count, sizeof(*pairs->items));
	pairs->items[pairs->count++] = (struct compose_pair){ key, value };
}

static int add_list_pair(struct decoder *d, const struct yaml_node *item,
			 struct compose_pairs *pairs)
{
	str key = item->text, value = { NULL, 0 };

	if (!yaml_is_scalar(item) || item->kind == YAML_NULL)
		return compose_error(item->place, d->err, "items must be KEY=VALUE, not %s",
				     yaml_kind_name(item->kind));
	bool given = str_split_once(item->text, '=', &key, &value);

	if (key.len == 0)
		return compose_error(item->place, d->err, "'%s' has no key", item->text.ptr);
	compose_add_pair(d->arena, pairs, arena_strdup(d->arena, key),
			 given ? arena_strdup(d->arena, value) : NULL);
	return 0;
}

int compose_decode_variables(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	const struct yaml_node *value = pair->value;
	struct compose_pairs *pairs = to;
	int r = 0;

	if (yaml_is_scalar(value))
		return compose_error(value->place, d->err,
				     "must be a mapping or a list of KEY=VALUE, not %s",
				     yaml_kind_name(value->kind));
	if (value->count > YAML_MAPPING_MAX)
		return compose_limit(value->place, d->err, "too many items", YAML_MAPPING_MAX);
	for (size_t i = 0; r == 0 && i < value->count; i++) {
		if (value->kind == YAML_SEQUENCE) {
			r = add_list_pair(d, value->items[i], pairs);
			continue;
		}
		const struct yaml_pair *entry = &value->pairs[i];

		if (!yaml_is_scalar(entry->value))
			return compose_error(entry->value->place, d->err,
					     "%s: must be a string, number or boolean, not %s",
					     entry->key.ptr, yaml_kind_name(entry->value->kind));
		compose_add_pair(d->arena, pairs, entry->key.ptr,
				 entry->value->kind == YAML_NULL
					 ? NULL
					 : compose_scalar_text(d->arena, entry->value));
	}
	compose_sort_pairs(pairs);
	return r;
}

int compose_decode_pairs(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	struct compose_pairs *pairs = to;
	int r = compose_decode_variables(d, pair, to);

	for (size_t i = 0; i < pairs->count; i++) {
		if (!pairs->items[i].value)
			pairs->items[i].value = "";
	}
	return r;
}

static bool is_name(str name)
{
	bool has_word = false;

	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];
		bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9') || c == '_';

		if (!word && c != '.' && c != '-')
			return false;
		has_word |= word;
	}
	return has_word && name.len <= NAME_MAX_LENGTH;
}

int compose_check_name(struct decoder *d, const char *what, const struct yaml_pair *pair)
{
	if (is_name(pair->key))
		return 0;
	(void)compose_error(pair->place, d->err, "'%s' is not a name for %s", pair->key.ptr, what);
	return error_hint(d->err, "names are made of letters, digits, '_', '.' and '-'");
}

int compose_decode_resource_name(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	const char *name = NULL;
	int r = compose_decode_string(d, pair, &name);

	if (r == 0 && !is_name(str_from(name)))
		return compose_error(pair->value->place, d->err, "'%s' is not a name", name);
	if (r == 0)
		*(const char **)to = name;
	return r;
}
