/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "include": other compose files, each with its own directory and its own .env, copied in. What the
 * including file says itself is merged over them.
 */
#include <stdio.h>

#include "envfile.h"
#include "loader.h"
#include "merge.h"
#include "path.h"

struct include {
	struct compose_list path, env_file;
	const char *project_directory;
};

#define INCLUDE(member) offsetof(struct include, member)

static const struct compose_key include_keys[] = {
	{ "env_file", compose_decode_texts, INCLUDE(env_file), false },
	{ "path", compose_decode_texts, INCLUDE(path), false },
	{ "project_directory", compose_decode_string, INCLUDE(project_directory), false },
};
static const struct compose_keys include_table = COMPOSE_KEYS("include", include_keys);

static int decode_include(struct loader *l, struct yaml_node *node, struct include *ret)
{
	const struct yaml_pair pair = { STR("include"), node->place, node };
	struct decoder d = { .arena = l->arena, .err = l->err };
	int r;

	if (node->kind == YAML_MAPPING)
		r = compose_decode_mapping(&d, &pair, &include_table, ret);
	else
		r = compose_decode_texts(&d, &pair, &ret->path);
	if (r < 0)
		return error_context(l->err, "include");
	if (ret->path.count == 0)
		return compose_error(node->place, l->err, "include: 'path' is missing");
	return 0;
}

static const char *lookup(void *ctx, str name)
{
	return compose_environment_get(ctx, name);
}

/* The caller's variables win over the included project's own. */
static int add_env_files(struct loader *l, const struct include *include, const char *base,
			 const char *directory, struct compose_environment *env)
{
	CLEANUP_STRV struct strv variables = STRV_INIT;
	const struct interpolation in = { lookup, NULL, env };
	bool own = include->env_file.count > 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < include->env_file.count; i++)
		r = compose_envfile_read(compose_path_absolute(l->arena, base,
							       str_from(include->env_file.items[i]),
							       l->home),
					 false, &in, &variables, l->err);
	if (!own)
		r = compose_envfile_read(arena_printf(l->arena, "%s/.env", directory), false, &in,
					 &variables, l->err);
	if (r == -ERR_NOT_FOUND && !own) {
		error_free(STEAL_PTR(l->err));
		r = 0;
	}
	for (size_t i = 0; r == 0 && i < variables.count; i++) {
		str name = { NULL, 0 }, value = { NULL, 0 };

		if (str_split_once(str_from(variables.items[i]), '=', &name, &value))
			compose_environment_add(env, name, value);
	}
	return r;
}

static int check_chain(struct loader *l, const char *path, struct yaml_place place)
{
	if (l->depth == LOADER_DEPTH_MAX)
		return compose_limit(place, l->err, "includes are nested too deeply",
				     LOADER_DEPTH_MAX);
	for (const struct include_chain *c = l->chain; c; c = c->outer) {
		if (strcmp(c->path, path) == 0)
			return compose_error(place, l->err, "'%s' includes itself", path);
	}
	return 0;
}

/* Files of one entry, merged, with a loader of their own. */
static int load_entry(struct loader *l, const struct include *include, const char *base,
		      struct yaml_node **ret_root)
{
	struct yaml_file **files = arena_alloc(l->arena, include->path.count * sizeof(*files));
	const char *directory = include->project_directory;
	int r = 0;

	for (size_t i = 0; r == 0 && i < include->path.count; i++) {
		const char *path = compose_path_absolute(
			l->arena, base, str_from(include->path.items[i]), l->home);

		if (i == 0)
			directory = directory ? compose_path_absolute(l->arena, base,
								      str_from(directory), l->home)
					      : compose_path_parent(l->arena, path);
		r = compose_loader_parse(l, path, directory, &files[i]);
		compose_add_text(l->arena, &l->files, path);
	}
	if (r < 0)
		return r;
	struct compose_environment env;

	compose_environment_init(&env, &l->env->variables);
	r = add_env_files(l, include, base, directory, &env);
	if (r == 0) {
		l->env = &env;
		r = compose_loader_merge(l, files, include->path.count, ret_root);
	}
	compose_environment_fini(&env);
	return r;
}

static int include_entry(struct loader *l, struct yaml_node *node, struct yaml_node **root)
{
	struct include include = { .project_directory = NULL };
	const char *base = node->place.source->directory;
	struct yaml_node *included = NULL;
	int r = decode_include(l, node, &include);

	if (r < 0)
		return r;
	const char *first =
		compose_path_absolute(l->arena, base, str_from(include.path.items[0]), l->home);
	const struct include_chain chain = { l->chain, first };
	struct loader inner = *l;

	r = check_chain(l, first, node->place);
	if (r < 0)
		return r;
	inner.chain = &chain;
	inner.depth++;
	inner.extended = NULL; /* its variables differ */
	r = load_entry(&inner, &include, base, &included);
	l->sources = inner.sources;
	l->files = inner.files;
	l->read_count = inner.read_count;
	l->node_count = inner.node_count;
	if (r < 0) {
		struct error_position pos = yaml_position(node->place);

		error_set_position(l->err, &pos); /* kept when it is in the included file */
		return r;
	}
	if (!included)
		return 0;
	compose_remove(included, "name");
	compose_remove(included, "version");
	return compose_merge(l->arena, *root, included, root, l->err);
}

int compose_loader_include(struct loader *l, struct yaml_node *root, struct yaml_node **ret_root)
{
	const struct yaml_pair *pair = yaml_find(root, "include");
	struct yaml_node *merged = NULL;
	int r = 0;

	if (!pair || pair->value->kind == YAML_NULL) {
		compose_remove(root, "include");
		return 0;
	}
	if (pair->value->kind != YAML_SEQUENCE)
		return compose_error(pair->value->place, l->err, "include must be a list, not %s",
				     yaml_kind_name(pair->value->kind));
	for (size_t i = 0; r == 0 && i < pair->value->count; i++)
		r = include_entry(l, pair->value->items[i], &merged);
	compose_remove(root, "include");
	return r < 0 || !merged ? r : compose_merge(l->arena, merged, root, ret_root, l->err);
}
