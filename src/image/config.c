/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading an image's config: OCI image-spec config.md and Docker's Healthcheck, OnBuild, Shell.
 *
 * A member of the wrong type is an error and not ignored: an entrypoint that silently vanished
 * would run something else. Unknown members are ignored.
 */
#include "codec/json.h"
#include "image/image.h"

/* CVE-2023-25153: an image must not make us hold what it likes. */
enum { LIST_MAX = 16384, HISTORY_MAX = 4096 };

static int wrong_type(const char *key, const char *wanted, struct error **err)
{
	return error_new(err, ERR_PARSE, "member \"%s\" is not %s", key, wanted);
}

/* Absent and null leave the default. */
static int get_text(const json_t *j, const char *key, char **ret, struct error **err)
{
	const json_t *v = json_object_get(j, key);

	if (!v || json_is_null(v))
		return 0;
	if (!json_is_string(v))
		return wrong_type(key, "a string", err);
	if (*json_string_value(v)) {
		free(*ret);
		*ret = x_strdup(json_string_value(v));
	}
	return 0;
}

static int get_number(const json_t *j, const char *key, int64_t *ret, struct error **err)
{
	const json_t *v = json_object_get(j, key);

	if (!v || json_is_null(v))
		return 0;
	if (!json_is_integer(v))
		return wrong_type(key, "an integer", err);
	*ret = (int64_t)json_integer_value(v);
	return 0;
}

static int check_count(const char *key, size_t count, size_t max, struct error **err)
{
	if (count <= max)
		return 0;
	return error_new(err, ERR_LIMIT, "member \"%s\" has more than %zu items", key, max);
}

/* @ret_given: the list is there, even if it is empty; may be NULL */
static int get_list(const json_t *j, const char *key, struct strv *out, bool *ret_given,
		    struct error **err)
{
	const json_t *list = json_object_get(j, key);
	int r = 0;

	if (!list || json_is_null(list))
		return 0;
	if (!json_is_array(list))
		return wrong_type(key, "a list", err);
	r = check_count(key, json_array_size(list), LIST_MAX, err);
	for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
		const char *item = json_string_value(json_array_get(list, i));

		if (!item)
			return wrong_type(key, "a list of strings", err);
		strv_add(out, item);
	}
	if (r == 0 && ret_given)
		*ret_given = true;
	return r;
}

/* A Go set: {"80/tcp": {}}. */
static int get_keys(const json_t *j, const char *key, struct strv *out, struct error **err)
{
	json_t *set = json_object_get(j, key), *ignored;
	const char *name;

	if (!set || json_is_null(set))
		return 0;
	if (!json_is_object(set))
		return wrong_type(key, "an object", err);
	int r = check_count(key, json_object_size(set), LIST_MAX, err);

	if (r < 0)
		return r;
	json_object_foreach(set, name, ignored)
		strv_add(out, name);
	strv_sort(out);
	return 0;
}

static int get_labels(const json_t *j, struct strv *out, struct error **err)
{
	json_t *labels = json_object_get(j, "Labels"), *value;
	const char *name;

	if (!labels || json_is_null(labels))
		return 0;
	if (!json_is_object(labels))
		return wrong_type("Labels", "an object", err);
	int r = check_count("Labels", json_object_size(labels), LIST_MAX, err);

	if (r < 0)
		return r;
	json_object_foreach(labels, name, value) {
		if (!json_is_string(value))
			return wrong_type("Labels", "an object of strings", err);
		/* The list says KEY=VALUE: a key with "=" would be read as another one. */
		if (!*name || strchr(name, '='))
			return error_new(err, ERR_PARSE, "label key '%.80s' is empty or holds '='",
					 name);
		strv_addf(out, "%s=%s", name, json_string_value(value));
	}
	return 0;
}

static int parse_healthcheck(const json_t *config, struct healthcheck_config *h, struct error **err)
{
	const json_t *j = json_object_get(config, "Healthcheck");
	const struct {
		const char *key;
		int64_t *value;
	} times[] = {
		{"Interval", &h->interval_ns},
		{"Timeout", &h->timeout_ns},
		{"StartPeriod", &h->start_period_ns},
		{"StartInterval", &h->start_interval_ns},
	};
	int64_t retries = 0;

	if (!j || json_is_null(j))
		return 0;
	if (!json_is_object(j))
		return wrong_type("Healthcheck", "an object", err);
	int r = get_list(j, "Test", &h->test, NULL, err);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(times); i++) {
		r = get_number(j, times[i].key, times[i].value, err);
		if (r == 0 && *times[i].value < 0)
			r = error_new(err, ERR_PARSE, "\"%s\" is negative", times[i].key);
	}
	if (r == 0)
		r = get_number(j, "Retries", &retries, err);
	if (r == 0 && (retries < 0 || retries > INT32_MAX))
		r = error_new(err, ERR_PARSE, "\"Retries\" is out of range");
	h->retries = (int)retries;
	h->given = true;
	return r < 0 ? error_context(err, "Healthcheck") : 0;
}

static int parse_runtime(const json_t *j, struct image_config *c, struct error **err)
{
	int r = get_text(j, "User", &c->user, err);

	if (r == 0)
		r = get_keys(j, "ExposedPorts", &c->exposed_ports, err);
	if (r == 0)
		r = get_list(j, "Env", &c->env, NULL, err);
	if (r == 0)
		r = get_list(j, "Entrypoint", &c->entrypoint, &c->has_entrypoint, err);
	if (r == 0)
		r = get_list(j, "Cmd", &c->cmd, &c->has_cmd, err);
	if (r == 0)
		r = get_keys(j, "Volumes", &c->volumes, err);
	if (r == 0)
		r = get_text(j, "WorkingDir", &c->working_dir, err);
	if (r == 0)
		r = get_labels(j, &c->labels, err);
	if (r == 0)
		r = get_text(j, "StopSignal", &c->stop_signal, err);
	if (r == 0)
		r = get_list(j, "OnBuild", &c->on_build, NULL, err);
	if (r == 0)
		r = get_list(j, "Shell", &c->shell, NULL, err);
	if (r == 0)
		r = parse_healthcheck(j, &c->healthcheck, err);
	c->args_escaped = json_get_bool(j, "ArgsEscaped");
	return r;
}

static int parse_rootfs(const json_t *j, struct image_config *c, struct error **err)
{
	struct strv digests CLEANUP_STRV = STRV_INIT;
	const json_t *rootfs = json_object_get(j, "rootfs");
	const char *type = json_get_text(rootfs, "type");

	if (!type || strcmp(type, "layers") != 0)
		return error_new(err, ERR_PARSE, "rootfs is missing or not of type \"layers\"");
	int r = get_list(rootfs, "diff_ids", &digests, NULL, err);

	if (r == 0)
		r = check_count("diff_ids", digests.count, LAYERS_PER_IMAGE_MAX, err);
	for (size_t i = 0; r == 0 && i < digests.count; i++) {
		str digest = str_from(digests.items[i]);
		str hex = str_skip(digest, strlen("sha256:"));

		if (!str_has_prefix(digest, "sha256:") || !sha256_is_hex(hex))
			return error_new(err, ERR_PARSE, "'%.80s' is not a SHA-256 digest",
					 digests.items[i]);
		strv_add_str(&c->diff_ids, hex);
	}
	return r;
}

static struct history_entry *add_history(struct image_config *c)
{
	/* Capacity is the next power of two. */
	if ((c->history_count & (c->history_count + 1)) == 0)
		c->history = x_realloc(c->history, 2 * (c->history_count + 1), sizeof(*c->history));
	struct history_entry *h = &c->history[c->history_count++];

	*h = (struct history_entry){0};
	return h;
}

static int parse_history(const json_t *j, struct image_config *c, struct error **err)
{
	const json_t *list = json_object_get(j, "history");

	if (!list || json_is_null(list))
		return 0;
	if (!json_is_array(list))
		return wrong_type("history", "a list", err);
	int r = check_count("history", json_array_size(list), HISTORY_MAX, err);

	for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		struct history_entry *h = add_history(c);

		if (!json_is_object(item))
			return wrong_type("history", "a list of objects", err);
		h->empty_layer = json_get_bool(item, "empty_layer");
		r = get_text(item, "created", &h->created, err);
		if (r == 0)
			r = get_text(item, "created_by", &h->created_by, err);
		if (r == 0)
			r = get_text(item, "comment", &h->comment, err);
		if (r == 0)
			r = get_text(item, "author", &h->author, err);
	}
	return r;
}

static int parse_config(const json_t *j, struct image_config *c, struct error **err)
{
	const json_t *runtime = json_object_get(j, "config");
	const struct {
		const char *key;
		char **value;
	} texts[] = {
		{"created", &c->created},	    {"author", &c->author},
		{"architecture", &c->architecture}, {"os", &c->os},
		{"variant", &c->variant},	    {"os.version", &c->os_version},
	};
	int r = json_is_object(j) ? 0 : error_new(err, ERR_PARSE, "not a JSON object");

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(texts); i++)
		r = get_text(j, texts[i].key, texts[i].value, err);
	if (r == 0 && runtime && !json_is_null(runtime))
		r = json_is_object(runtime) ? parse_runtime(runtime, c, err)
					    : wrong_type("config", "an object", err);
	if (r == 0)
		r = parse_rootfs(j, c, err);
	if (r == 0)
		r = parse_history(j, c, err);
	return r;
}

int image_config_parse(str json, struct image_config *ret_config, struct error **err)
{
	struct image_config c = {0};
	CLEANUP_JSON json_t *j = NULL;
	int r = json.len <= STORE_JSON_MAX
			? json_read(json, "image config", &j, err)
			: error_new(err, ERR_LIMIT, "larger than %d bytes", STORE_JSON_MAX);

	if (r == 0)
		r = parse_config(j, &c, err);
	if (r < 0) {
		image_config_fini(&c);
		return error_context(err, "image config");
	}
	*ret_config = c;
	return 0;
}

void image_config_add_history(struct image_config *c, const char *created, const char *created_by,
			      const char *comment, bool empty_layer)
{
	*add_history(c) = (struct history_entry){
		.created = created ? x_strdup(created) : NULL,
		.created_by = created_by ? x_strdup(created_by) : NULL,
		.comment = comment ? x_strdup(comment) : NULL,
		.empty_layer = empty_layer,
	};
}

/* Every string and every list of a config, so that copying and freeing cannot forget one. */
struct config_parts {
	char **texts[9];
	struct strv *lists[10];
};

static struct config_parts parts_of(struct image_config *c)
{
	return (struct config_parts){
		{&c->created, &c->author, &c->architecture, &c->os, &c->variant, &c->os_version,
		 &c->working_dir, &c->user, &c->stop_signal},
		{&c->env, &c->entrypoint, &c->cmd, &c->exposed_ports, &c->volumes, &c->labels,
		 &c->shell, &c->on_build, &c->healthcheck.test, &c->diff_ids},
	};
}

void image_config_fini(struct image_config *c)
{
	const struct config_parts p = parts_of(c);

	for (size_t i = 0; i < ARRAY_SIZE(p.texts); i++)
		free(*p.texts[i]);
	for (size_t i = 0; i < ARRAY_SIZE(p.lists); i++)
		strv_fini(p.lists[i]);
	for (size_t i = 0; i < c->history_count; i++) {
		free(c->history[i].created);
		free(c->history[i].created_by);
		free(c->history[i].comment);
		free(c->history[i].author);
	}
	free(c->history);
	*c = (struct image_config){0};
}

void image_config_copy(struct image_config *to, const struct image_config *from)
{
	struct image_config copy = *from;
	const struct config_parts p = parts_of(&copy);

	for (size_t i = 0; i < ARRAY_SIZE(p.texts); i++)
		*p.texts[i] = *p.texts[i] ? x_strdup(*p.texts[i]) : NULL;
	for (size_t i = 0; i < ARRAY_SIZE(p.lists); i++) {
		const struct strv borrowed = *p.lists[i];

		*p.lists[i] = STRV_INIT;
		strv_add_all(p.lists[i], &borrowed);
	}
	copy.history = NULL;
	copy.history_count = 0;
	for (size_t i = 0; i < from->history_count; i++) {
		const struct history_entry *h = &from->history[i];

		image_config_add_history(&copy, h->created, h->created_by, h->comment,
					 h->empty_layer);
		if (h->author)
			copy.history[i].author = x_strdup(h->author);
	}
	*to = copy;
}
