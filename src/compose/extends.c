/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "extends": a service is another one with changes.
 *
 * The base is resolved first, then the service is merged over it and takes its own place in the
 * tree, so that each service is resolved once however many extend it.
 */
#include "loader.h"
#include "merge.h"
#include "path.h"

struct chain {
	const struct chain *outer;
	const struct yaml_pair *service;
	unsigned depth;
};

struct extends {
	const char *service, *file;
};

static const struct compose_key extends_keys[] = {
	{ "file", compose_decode_string, offsetof(struct extends, file), false },
	{ "service", compose_decode_string, offsetof(struct extends, service), false },
};
static const struct compose_keys extends_table = COMPOSE_KEYS("extends", extends_keys);

static int decode_extends(struct loader *l, const struct yaml_pair *pair, struct extends *ret)
{
	struct decoder d = { .arena = l->arena, .err = l->err };
	int r;

	if (pair->value->kind == YAML_MAPPING)
		r = compose_decode_mapping(&d, pair, &extends_table, ret);
	else
		r = compose_decode_string(&d, pair, &ret->service);
	if (r < 0)
		return error_context(l->err, "extends");
	if (!ret->service)
		return compose_error(pair->place, l->err, "extends: 'service' is missing");
	return 0;
}

/* The documents of another file, without its includes. */
static int load_file(struct loader *l, const char *path, struct yaml_node **ret_root)
{
	struct yaml_node *root = NULL;
	struct yaml_file *file = NULL;

	for (struct extended_file *f = l->extended; f; f = f->next) {
		if (strcmp(f->path, path) == 0) {
			*ret_root = f->root;
			return 0;
		}
	}
	int r = compose_loader_parse(l, path, compose_path_parent(l->arena, path), &file);

	for (size_t i = 0; r == 0 && i < file->count; i++) {
		struct yaml_node *node = NULL;

		if (file->documents[i]->kind == YAML_NULL)
			continue;
		r = compose_loader_interpolate(l, file->documents[i], &node);
		if (r == 0)
			r = compose_merge(l->arena, root, node, &root, l->err);
	}
	if (r < 0)
		return r;
	struct extended_file *entry = arena_alloc(l->arena, sizeof(*entry));

	*entry = (struct extended_file){ l->extended, path, root };
	l->extended = entry;
	*ret_root = root;
	return 0;
}

static struct yaml_pair *find_service(struct yaml_node *root, const char *name)
{
	const struct yaml_pair *services = root ? yaml_find(root, "services") : NULL;

	return services ? yaml_find(services->value, name) : NULL;
}

static int check_chain(struct loader *l, const struct chain *chain, const struct yaml_pair *at)
{
	if (chain->depth > LOADER_DEPTH_MAX)
		return compose_limit(at->place, l->err, "services extend each other too deeply",
				     LOADER_DEPTH_MAX);
	for (const struct chain *c = chain->outer; c; c = c->outer) {
		if (c->service == chain->service)
			return compose_error(at->place, l->err,
					     "service '%s' extends itself through '%s'",
					     chain->service->key.ptr,
					     chain->outer->service->key.ptr);
	}
	return 0;
}

/* Where services are looked up: this tree, then what earlier files gave. */
struct scope {
	struct yaml_node *root, *earlier;
};

/* @scope: changed to that of the base */
static int find_base(struct loader *l, const struct yaml_pair *pair, struct scope *scope,
		     struct yaml_pair **ret_base)
{
	struct extends extends = { NULL, NULL };
	int r = decode_extends(l, pair, &extends);

	if (r == 0 && extends.file) {
		const char *path = compose_path_absolute(l->arena, pair->place.source->directory,
							 str_from(extends.file), l->home);

		scope->earlier = NULL;
		r = load_file(l, path, &scope->root);
		if (r < 0) {
			struct error_position pos = yaml_position(pair->place);

			error_set_position(l->err, &pos); /* kept when it is in that file */
		}
	}
	if (r < 0)
		return r;
	*ret_base = find_service(scope->root, extends.service);
	if (!*ret_base)
		*ret_base = find_service(scope->earlier, extends.service);
	if (*ret_base && (*ret_base)->value->kind == YAML_MAPPING)
		return 0;
	return compose_error(pair->value->place, l->err, "extends: there is no service '%s'%s%s",
			     extends.service, extends.file ? " in " : "",
			     extends.file ? extends.file : "");
}

static int resolve(struct loader *l, struct scope scope, struct yaml_pair *service,
		   const struct chain *outer)
{
	const struct chain chain = { outer, service, outer ? outer->depth + 1 : 0 };
	const struct yaml_pair *pair = yaml_find(service->value, "extends");
	struct yaml_node *over, *merged = NULL;
	struct yaml_pair *base = NULL;

	if (!pair)
		return 0;
	int r = check_chain(l, &chain, pair);

	if (r == 0)
		r = find_base(l, pair, &scope, &base);
	if (r == 0)
		r = resolve(l, scope, base, &chain);
	if (r == 0)
		r = compose_loader_count(l, base->value);
	if (r < 0)
		return r;
	over = compose_clone(l->arena, service->value);
	compose_remove(over, "extends");
	r = compose_merge_service(l->arena, base->value, over, &merged, l->err);
	if (r == 0)
		service->value = merged;
	return r;
}

int compose_loader_extend(struct loader *l, struct yaml_node *root, struct yaml_node *earlier)
{
	struct yaml_pair *services = yaml_find(root, "services");
	int r = 0;

	if (!services || services->value->kind != YAML_MAPPING)
		return 0;
	for (size_t i = 0; r == 0 && i < services->value->count; i++)
		r = resolve(l, (struct scope){ root, earlier }, &services->value->pairs[i], NULL);
	return r;
}
