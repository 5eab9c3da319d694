/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing an image's config, byte for byte as BuildKit does: members of the outermost object
 * sorted, those of "config" in the order of Go's struct, empty ones left out, maps sorted, no
 * spaces, and Go's escapes. The same config gives the same image id from either builder.
 */
#include "codec/json.h"
#include "image/image.h"

static void set_new(json_t *j, const char *key, json_t *value)
{
	(void)json_object_set_new(j, key, value); /* fails on OOM only */
}

static void set_list(json_t *j, const char *key, const struct strv *v)
{
	if (v->count)
		json_set_strv(j, key, v);
}

static void set_number(json_t *j, const char *key, int64_t value)
{
	if (value)
		json_set_int(j, key, value);
}

static void set_text(json_t *j, const char *key, const char *value)
{
	if (value && *value)
		json_set_text(j, key, value);
}

static void set_keys(json_t *j, const char *key, const struct strv *names)
{
	struct strv sorted CLEANUP_STRV = STRV_INIT;

	if (!names->count)
		return;
	json_t *set = json_object();

	strv_add_all(&sorted, names);
	strv_sort(&sorted);
	for (size_t i = 0; i < sorted.count; i++)
		set_new(set, sorted.items[i], json_object());
	set_new(j, key, set);
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted by key alone: "a=" stands before "a.b=" though "=" is the greater byte. */
static void set_labels(json_t *j, const struct strv *labels)
{
	struct strv keys CLEANUP_STRV = STRV_INIT;

	if (!labels->count)
		return;
	for (size_t i = 0; i < labels->count; i++) {
		str key = str_from(labels->items[i]), value;

		(void)str_split_once(key, '=', &key,
				     &value); /* without "=": the whole is the key */
		strv_add_str(&keys, key);
	}
	qsort(keys.items, keys.count, sizeof(*keys.items), compare_keys);
	json_t *object = json_object();

	for (size_t i = 0; i < keys.count; i++) {
		const char *value = strv_find_variable(labels, str_from(keys.items[i]));

		json_set_text(object, keys.items[i], value ? value : "");
	}
	set_new(j, "Labels", object);
}

static void set_healthcheck(json_t *j, const struct healthcheck_config *h)
{
	if (!h->given)
		return;
	json_t *check = json_object();

	set_list(check, "Test", &h->test);
	set_number(check, "Interval", h->interval_ns);
	set_number(check, "Timeout", h->timeout_ns);
	set_number(check, "StartPeriod", h->start_period_ns);
	set_number(check, "StartInterval", h->start_interval_ns);
	set_number(check, "Retries", h->retries);
	set_new(j, "Healthcheck", check);
}

static json_t *format_runtime(const struct image_config *c)
{
	json_t *j = json_object();

	set_text(j, "User", c->user);
	set_keys(j, "ExposedPorts", &c->exposed_ports);
	set_list(j, "Env", &c->env);
	set_list(j, "Entrypoint", &c->entrypoint);
	set_list(j, "Cmd", &c->cmd);
	set_keys(j, "Volumes", &c->volumes);
	set_text(j, "WorkingDir", c->working_dir);
	set_labels(j, &c->labels);
	set_text(j, "StopSignal", c->stop_signal);
	json_set_true(j, "ArgsEscaped", c->args_escaped);
	set_healthcheck(j, &c->healthcheck);
	set_list(j, "OnBuild", &c->on_build);
	set_list(j, "Shell", &c->shell);
	return j;
}

static json_t *format_history(const struct image_config *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->history_count; i++) {
		const struct history_entry *h = &c->history[i];
		json_t *j = json_object();

		set_text(j, "created", h->created);
		set_text(j, "created_by", h->created_by);
		set_text(j, "author", h->author);
		set_text(j, "comment", h->comment);
		json_set_true(j, "empty_layer", h->empty_layer);
		(void)json_array_append_new(list, j); /* fails on OOM only */
	}
	return list;
}

static json_t *format_rootfs(const struct image_config *c)
{
	struct strv digests CLEANUP_STRV = STRV_INIT;
	json_t *j = json_object();

	for (size_t i = 0; i < c->diff_ids.count; i++)
		strv_addf(&digests, "sha256:%s", c->diff_ids.items[i]);
	json_set_text(j, "type", "layers");
	json_set_strv(j, "diff_ids", &digests);
	return j;
}

/*
 * Go escapes <, >, & and the Unicode line ends (U+2028, U+2029), with hex digits in lower case. All
 * of these occur in strings only.
 */
static void add_as_go(struct strbuf *out, str json)
{
	for (size_t i = 0; i < json.len; i++) {
		char c = json.ptr[i];

		if (c == '<' || c == '>' || c == '&') {
			strbuf_addf(out, "\\u%04x", (unsigned)c);
		} else if (str_has_prefix(str_skip(json, i), "\xe2\x80\xa8") ||
			   str_has_prefix(str_skip(json, i), "\xe2\x80\xa9")) {
			strbuf_addf(out, "\\u20%02x", (unsigned char)json.ptr[i + 2] - 0x80u);
			i += 2;
		} else if (c == '\\' && json.ptr[i + 1] == 'u') {
			strbuf_add_text(out, "\\u");
			for (size_t k = 2; k < 6; k++) {
				char digit = json.ptr[i + k];

				strbuf_add_char(out, digit >= 'A' && digit <= 'F'
							     ? (char)(digit - 'A' + 'a')
							     : digit);
			}
			i += 5;
		} else {
			strbuf_add_char(out, c);
			if (c == '\\')
				strbuf_add_char(out, json.ptr[++i]);
		}
	}
}

void image_config_format(const struct image_config *c, struct strbuf *out)
{
	struct strbuf json CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP_JSON json_t *j = json_object();

	json_set_text(j, "architecture", c->architecture ? c->architecture : "");
	set_text(j, "author", c->author);
	set_new(j, "config", format_runtime(c));
	set_text(j, "created", c->created);
	if (c->history_count)
		set_new(j, "history", format_history(c));
	json_set_text(j, "os", c->os ? c->os : "");
	set_text(j, "os.version", c->os_version);
	set_new(j, "rootfs", format_rootfs(c));
	set_text(j, "variant", c->variant);
	json_write(j, &json);
	add_as_go(out, strbuf_str(&json));
}
