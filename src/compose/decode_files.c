/* SPDX-License-Identifier: Apache-2.0 */
/* Files that a service is given: env_file, secrets, configs, and where the latter two come from. */
#include "decode.h"
#include "envfile.h"
#include "path.h"

/* An env file being read. */
struct env_reader {
	const struct decoder *decoder;
	const char *path;
	struct strv warned;
};

static const char *lookup(void *ctx, str name)
{
	const struct env_reader *reader = ctx;

	return compose_environment_get(reader->decoder->env, name);
}

static void warn_unset(void *ctx, str name)
{
	struct env_reader *reader = ctx;
	const struct error_position pos = { .file = reader->path };

	if (compose_is_news(&reader->warned, name))
		report_warn(reader->decoder->warnings, &pos, "unset-variable",
			    "variable %.*s is not set; an empty string is used", STR_ARG(name));
}

struct env_file {
	const char *path, *format;
	bool required;
};

#define ENV_FILE(member) offsetof(struct env_file, member)

static int decode_format(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	if (!str_is(pair->value->text, "raw"))
		return compose_error(pair->value->place, d->err, "the only other format is 'raw'");
	*(const char **)to = pair->value->text.ptr;
	return 0;
}

static const struct compose_key env_file_keys[] = {
	{ "format", decode_format, ENV_FILE(format), false },
	{ "path", compose_decode_string, ENV_FILE(path), false },
	{ "required", compose_decode_bool, ENV_FILE(required), false },
};
static const struct compose_keys env_file_table = COMPOSE_KEYS("an env_file", env_file_keys);

/* Variables of one file into the service's list, over those of earlier files. */
static int read_env_file(struct decoder *d, const struct yaml_node *node,
			 const struct env_file *file, struct compose_pairs *pairs)
{
	CLEANUP_STRV struct strv variables = STRV_INIT;
	const char *path = compose_path_absolute(d->arena, node->place.source->directory,
						 str_from(file->path), d->home);
	struct env_reader reader = { d, path, STRV_INIT };
	const struct interpolation in = { lookup, warn_unset, &reader };
	int r = compose_envfile_read(path, file->format, &in, &variables, d->err);

	strv_fini(&reader.warned);
	if (r == -ERR_NOT_FOUND && !file->required) {
		error_free(STEAL_PTR(d->err));
		return 0;
	}
	if (r < 0) {
		struct error_position pos = yaml_position(node->place);

		error_set_position(d->err, &pos); /* kept when it is in the env file itself */
		return r;
	}
	for (size_t i = 0; i < variables.count; i++) {
		str key = { NULL, 0 }, value = { NULL, 0 };

		if (str_split_once(str_from(variables.items[i]), '=', &key, &value))
			compose_add_pair(d->arena, pairs, arena_strdup(d->arena, key),
					 arena_strdup(d->arena, value));
	}
	return 0;
}

static int decode_env_file(struct decoder *d, struct yaml_node *node, struct compose_pairs *pairs)
{
	const struct yaml_pair pair = { STR("env_file"), node->place, node };
	struct env_file file = { .required = true };
	int r;

	if (node->kind == YAML_MAPPING)
		r = compose_decode_mapping(d, &pair, &env_file_table, &file);
	else
		r = compose_decode_string(d, &pair, &file.path);
	if (r < 0)
		return r;
	if (!file.path)
		return compose_error(node->place, d->err, "'path' is missing");
	return read_env_file(d, node, &file, pairs);
}

/* Read only once it is known that the service is wanted: compose_resolve_environment(). */
int compose_decode_env_file(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	(void)d;
	*(struct yaml_node **)to = pair->value;
	return 0;
}

static int read_env_files(struct decoder *d, struct yaml_node *value, struct compose_pairs *pairs)
{
	enum { ENV_FILES_MAX = 100 };
	int r = 0;

	if (value->kind != YAML_SEQUENCE)
		return decode_env_file(d, value, pairs);
	if (value->count > ENV_FILES_MAX)
		return compose_limit(value->place, d->err, "too many env files", ENV_FILES_MAX);
	for (size_t i = 0; r == 0 && i < value->count; i++)
		r = decode_env_file(d, value->items[i], pairs);
	return r;
}

int compose_resolve_environment(struct decoder *d, struct compose_service *s)
{
	struct compose_pairs all = { NULL, 0 };
	int r = s->env_files ? read_env_files(d, s->env_files, &all) : 0;

	if (r < 0)
		return error_context(d->err, "service '%s': env_file", s->name);
	s->env_files = NULL;
	for (size_t i = 0; i < s->environment.count; i++) {
		struct compose_pair *pair = &s->environment.items[i];
		const char *value = pair->value;

		if (!value) {
			value = compose_environment_get(d->env, str_from(pair->key));
			value = value ? arena_strdup(d->arena, str_from(value)) : NULL;
		}
		compose_add_pair(d->arena, &all, pair->key, value);
	}
	s->environment = all;
	compose_sort_pairs(&s->environment);
	return 0;
}

#define USE(member) offsetof(struct compose_file_mount, member)

static int decode_id(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	int64_t value = 0;
	int r = compose_decode_integer(d, pair, 0, UINT32_MAX - 1, &value);

	*(unsigned *)to = (unsigned)value;
	return r;
}

static int decode_mode(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	struct compose_file_mount *use = to;

	use->has_mode = true;
	return compose_decode_file_mode(d, pair, &use->mode);
}

static const struct compose_key use_keys[] = {
	{ "gid", decode_id, USE(gid), false },
	{ "mode", decode_mode, 0, false },
	{ "source", compose_decode_string, USE(source), false },
	{ "target", compose_decode_string, USE(target), false },
	{ "uid", decode_id, USE(uid), false },
};
static const struct compose_keys use_table = COMPOSE_KEYS("a file for a service", use_keys);

struct uses {
	struct compose_file_mount *items;
	size_t count;
};

static int decode_use(struct decoder *d, struct yaml_node *node, const char *directory,
		      struct uses *uses)
{
	const struct yaml_pair pair = { STR(""), node->place, node };
	struct compose_file_mount use = { .place = compose_place(node->place) };
	int r;

	if (node->kind == YAML_MAPPING)
		r = compose_decode_mapping(d, &pair, &use_table, &use);
	else
		r = compose_decode_string(d, &pair, &use.source);
	if (r < 0)
		return r;
	if (!use.source)
		return compose_error(node->place, d->err, "'source' is missing");
	use.target = compose_path_absolute(d->arena, directory,
					   str_from(use.target ? use.target : use.source), NULL);
	for (size_t i = 0; i < uses->count; i++) {
		if (strcmp(uses->items[i].target, use.target) == 0)
			return compose_error(node->place, d->err, "%s is given twice", use.target);
	}
	uses->items = arena_grow(d->arena, uses->items, uses->count, sizeof(use));
	uses->items[uses->count++] = use;
	return 0;
}

static int decode_uses(struct decoder *d, const struct yaml_node *value, const char *directory,
		       struct uses *uses)
{
	enum { USES_MAX = 1000 };
	int r = 0;

	if (value->kind != YAML_SEQUENCE)
		return compose_error(value->place, d->err, "must be a list, not %s",
				     yaml_kind_name(value->kind));
	if (value->count > USES_MAX)
		return compose_limit(value->place, d->err, "too many items", USES_MAX);
	for (size_t i = 0; r == 0 && i < value->count; i++)
		r = decode_use(d, value->items[i], directory, uses);
	return r;
}

int compose_decode_secrets(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	struct compose_service *s = to;
	struct uses uses = { NULL, 0 };
	int r = decode_uses(d, pair->value, "/run/secrets", &uses);

	s->secrets = uses.items;
	s->secret_count = uses.count;
	return r;
}

int compose_decode_configs(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	struct compose_service *s = to;
	struct uses uses = { NULL, 0 };
	int r = decode_uses(d, pair->value, "/", &uses);

	s->configs = uses.items;
	s->config_count = uses.count;
	return r;
}

#define SOURCE(member) offsetof(struct compose_file_source, member)

static int decode_file(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	const char *path = NULL;
	int r = compose_decode_string(d, pair, &path);

	if (r == 0)
		*(const char **)to = compose_path_absolute(d->arena,
							   pair->value->place.source->directory,
							   str_from(path), d->home);
	return r;
}

static int decode_environment(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	struct compose_file_source *source = to;
	int r = compose_decode_string(d, pair, &source->environment);

	if (r < 0)
		return r;
	const char *value = compose_environment_get(d->env, str_from(source->environment));

	/* Whether that matters depends on its being used: compose_check() looks. */
	if (value)
		source->content = arena_strdup(d->arena, str_from(value));
	return 0;
}

static int decode_content(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	return compose_decode_string(d, pair, to);
}

static int decode_external(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	bool external = false;
	int r = compose_decode_bool(d, pair, &external);

	(void)to;
	if (r == 0 && external)
		return compose_refuse(pair->place, d->err,
				      "external ones are not supported by this version");
	return r;
}

static const struct compose_key secret_keys[] = {
	{ "driver", NULL, 0, false },
	{ "driver_opts", NULL, 0, false },
	{ "environment", decode_environment, 0, false },
	{ "external", decode_external, 0, false },
	{ "file", decode_file, SOURCE(file), false },
	{ "labels", compose_decode_ignored, 0, false },
	{ "name", compose_decode_resource_name, SOURCE(name), false },
	{ "template_driver", NULL, 0, false },
};
static const struct compose_key config_keys[] = {
	{ "content", decode_content, SOURCE(content), false },
	{ "environment", decode_environment, 0, false },
	{ "external", decode_external, 0, false },
	{ "file", decode_file, SOURCE(file), false },
	{ "labels", compose_decode_ignored, 0, false },
	{ "name", compose_decode_resource_name, SOURCE(name), false },
	{ "template_driver", NULL, 0, false },
};
static const struct compose_keys secret_table = COMPOSE_KEYS("a secret", secret_keys);
static const struct compose_keys config_table = COMPOSE_KEYS("a config", config_keys);

static int decode_source(struct decoder *d, const struct yaml_pair *pair,
			 const struct compose_keys *keys, struct compose_file_source *source)
{
	int r = compose_check_name(d, keys->what + 2, pair);

	if (r < 0)
		return r;
	source->key = pair->key.ptr;
	source->place = compose_place(pair->place);
	r = compose_decode_mapping(d, pair, keys, source);
	if (r < 0)
		return r;
	int given = !!yaml_find(pair->value, "file") + !!yaml_find(pair->value, "environment") +
		    !!yaml_find(pair->value, "content");

	if (given != 1) {
		(void)compose_error(pair->place, d->err, "'%s' has %s source", source->key,
				    given ? "more than one" : "no");
		return error_hint(d->err, "give it one of 'file', 'environment'%s",
				  keys == &config_table ? ", 'content'" : "");
	}
	if (!source->name)
		source->name = arena_printf(d->arena, "%s_%s", d->project->name, source->key);
	return 0;
}

int compose_decode_secret_top(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	return decode_source(d, pair, &secret_table, to);
}

int compose_decode_config_top(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	return decode_source(d, pair, &config_table, to);
}
