/* SPDX-License-Identifier: Apache-2.0 */
/* JSON through jansson. */
#include "codec/json.h"

#include "base/fs.h"

int json_read(str text, const char *what, json_t **ret, struct error **err)
{
	json_error_t problem;
	json_t *j =
		json_loadb(text.ptr ? text.ptr : "", text.len, JSON_REJECT_DUPLICATES, &problem);

	if (!j) {
		struct error_position pos = {.file = what,
					     .line = problem.line > 0 ? (unsigned)problem.line : 0,
					     .column = problem.column > 0 ? (unsigned)problem.column
									  : 0};

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

/* What is not UTF-8 becomes U+FFFD, byte by byte, as in Go. */
static void add_clean(struct strbuf *out, str s)
{
	while (s.len) {
		size_t n = str_utf8_length(s);

		if (n)
			strbuf_add(out, s.ptr, n);
		else
			strbuf_add_text(out, "\xef\xbf\xbd");
		s = str_skip(s, n ? n : 1);
	}
}

json_t *json_text(str s)
{
	json_t *j = json_stringn(s.ptr ? s.ptr : "", s.len);

	if (j)
		return j;
	struct strbuf clean CLEANUP_STRBUF = STRBUF_INIT(0);

	add_clean(&clean, s);
	return json_stringn(strbuf_text(&clean), clean.len);
}

/* Keys are hostile too (labels). Takes @value over. */
static void set(json_t *j, const char *key, json_t *value)
{
	struct strbuf clean CLEANUP_STRBUF = STRBUF_INIT(0);

	add_clean(&clean, str_from(key));
	(void)json_object_set_new_nocheck(j, strbuf_text(&clean), value); /* fails on OOM only */
}

void json_set_text(json_t *j, const char *key, const char *value)
{
	if (value)
		set(j, key, json_text(str_from(value)));
}

void json_set_int(json_t *j, const char *key, int64_t value)
{
	set(j, key, json_integer(value));
}

void json_set_true(json_t *j, const char *key, bool value)
{
	if (value)
		set(j, key, json_true());
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
	set(j, key, json_from_strv(v));
}
