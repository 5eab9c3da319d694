/* SPDX-License-Identifier: Apache-2.0 */
/* JSON through jansson. */
#include "codec/json.h"

#include "base/fs.h"

int json_read(str text, const char *what, json_t **ret, struct error **err)
{
	json_error_t problem;
	json_t *j = json_loadb(text.ptr ? text.ptr : "", text.len, JSON_REJECT_DUPLICATES, &problem);

	if (!j) {
		struct error_position pos = { .file = what,
					      .line = problem.line > 0 ? (unsigned)problem.line : 0,
					      .column = problem.column > 0 ? (unsigned)problem.column : 0 };

		return error_at(err, &pos, "invalid JSON: %s", problem.text);
	}
	*ret = j;
	return 0;
}

int json_read_file_at(int dir_fd, const char *path, size_t max, json_t **ret, struct error **err)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	int r = fs_read_at(dir_fd, path, max, &text, err);

	return r < 0 ? r : json_read(strbuf_str(&text), path, ret, err);
}

static int add_chunk(const char *data, size_t len, void *ctx)
{
	strbuf_add(ctx, data, len);
	return 0;
}

void json_write(const json_t *j, struct strbuf *out)
{
	if (json_dump_callback(j, add_chunk, out, JSON_COMPACT | JSON_ENCODE_ANY) < 0)
		abort(); /* values we made ourselves always serialise */
}

void json_write_pretty(const json_t *j, struct strbuf *out)
{
	if (json_dump_callback(j, add_chunk, out, JSON_INDENT(2) | JSON_ENCODE_ANY) < 0)
		abort(); /* values we made ourselves always serialise */
	strbuf_add_char(out, '\n');
}

const char *json_get_text(const json_t *j, const char *key)
{
	return json_string_value(json_object_get(j, key));
}

int64_t json_get_int(const json_t *j, const char *key, int64_t otherwise)
{
	const json_t *v = json_object_get(j, key);

	return json_is_integer(v) ? (int64_t)json_integer_value(v) : otherwise;
}

bool json_get_bool(const json_t *j, const char *key)
{
	return json_is_true(json_object_get(j, key));
}

void json_get_strv(const json_t *j, const char *key, struct strv *out)
{
	json_t *list = json_object_get(j, key), *item;
	size_t i;

	json_array_foreach(list, i, item) {
		if (json_is_string(item))
			strv_add(out, json_string_value(item));
	}
}

/* Length of the valid UTF-8 sequence at @p, 0 when it is not one (overlong forms, surrogates). */
static size_t utf8_sequence(const unsigned char *p, size_t len)
{
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;

	if (n == 0 || n > len)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

json_t *json_text(str s)
{
	json_t *j = json_stringn(s.ptr ? s.ptr : "", s.len);

	if (j)
		return j;
	struct strbuf clean CLEANUP_STRBUF = STRBUF_INIT(0);

	for (size_t i = 0; i < s.len;) {
		size_t n = utf8_sequence((const unsigned char *)s.ptr + i, s.len - i);

		if (n)
			strbuf_add(&clean, s.ptr + i, n);
		else
			strbuf_add_text(&clean, "\xef\xbf\xbd");
		i += n ? n : 1;
	}
	return json_stringn(strbuf_text(&clean), clean.len);
}

void json_set_text(json_t *j, const char *key, const char *value)
{
	if (value)
		(void)json_object_set_new(j, key, json_text(str_from(value))); /* fails on OOM only */
}

void json_set_int(json_t *j, const char *key, int64_t value)
{
	(void)json_object_set_new(j, key, json_integer(value)); /* fails on OOM only */
}

void json_set_true(json_t *j, const char *key, bool value)
{
	if (value)
		(void)json_object_set_new(j, key, json_true()); /* fails on OOM only */
}

json_t *json_from_strv(const struct strv *v)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->count; i++)
		(void)json_array_append_new(list, json_text(str_from(v->items[i]))); /* OOM only */
	return list;
}

void json_set_strv(json_t *j, const char *key, const struct strv *v)
{
	(void)json_object_set_new(j, key, json_from_strv(v)); /* fails on OOM only */
}
