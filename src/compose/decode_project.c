/* SPDX-License-Identifier: Apache-2.0 */
/* Top-level keys. */
#include "decode.h"

int compose_decode_external(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	static const struct compose_key keys[] = {
		{ "name", compose_decode_resource_name, 0, false },
	};
	static const struct compose_keys table = COMPOSE_KEYS("external", keys);
	const char *name = NULL;

	if (pair->value->kind != YAML_MAPPING)
		return compose_decode_bool(d, pair, to);
	/* The old form; compose_decode_resource() takes the name from it. */
	*(bool *)to = true;
	return compose_decode_mapping(d, pair, &table, &name);
}

static int check_external(struct decoder *d, const struct yaml_pair *pair,
			  const struct compose_resource *resource)
{
	for (size_t i = 0; i < pair->value->count; i++) {
		const struct yaml_pair *entry = &pair->value->pairs[i];

		if (str_is(entry->key, "name") || str_is(entry->key, "external") ||
		    str_has_prefix(entry->key, "x-"))
			continue;
		return compose_error(entry->place, d->err,
				     "an external one is used as it is: '%s' cannot be set",
				     entry->key.ptr);
	}
	const struct yaml_pair *old = yaml_find(yaml_find(pair->value, "external")->value, "name");

	if (old && !*resource->name)
		*resource->name = old->value->text.ptr;
	return 0;
}

int compose_decode_resource(struct decoder *d, const struct yaml_pair *pair,
			    const struct compose_keys *keys, void *to,
			    const struct compose_resource *resource)
{
	int r = compose_check_name(d, resource->what, pair);

	if (r == 0 && pair->value->kind != YAML_NULL)
		r = compose_decode_mapping(d, pair, keys, to);
	if (r == 0 && *resource->external)
		r = check_external(d, pair, resource);
	if (r == 0 && !*resource->name)
		*resource->name = *resource->external
					  ? pair->key.ptr
					  : arena_printf(d->arena, "%s_%s", d->project->name,
							 pair->key.ptr);
	return r;
}

static int decode_volume_driver(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	(void)to;
	if (str_is(pair->value->text, "local") || str_is(pair->value->text, "default"))
		return 0;
	return compose_refuse(pair->value->place, d->err,
			      "only driver 'local' is supported by this version");
}

#define VOLUME(member) offsetof(struct compose_volume, member)

static const struct compose_key volume_keys[] = {
	{ "driver", decode_volume_driver, 0, false },
	{ "driver_opts", NULL, 0, false },
	{ "external", compose_decode_external, VOLUME(external), false },
	{ "labels", compose_decode_pairs, VOLUME(labels), false },
	{ "name", compose_decode_resource_name, VOLUME(name), false },
};
static const struct compose_keys volume_table = COMPOSE_KEYS("a volume", volume_keys);

int compose_decode_volume_top(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	struct compose_volume *volume = to;

	volume->key = pair->key.ptr;
	volume->place = compose_place(pair->place);
	return compose_decode_resource(d, pair, &volume_table, volume,
				       &(struct compose_resource){ "a volume", &volume->external,
								   &volume->name });
}

/* A section of named things into an array of the project. */
struct section {
	const char *thing; /* for messages; NULL: the decoder names it itself */
	compose_decode_fn *decode;
	size_t size; /* of one element */
	unsigned max;
	size_t items, count; /* offsets in struct compose_project */
};

static int decode_section(struct decoder *d, const struct yaml_pair *pair,
			  const struct section *section, void *project)
{
	const struct yaml_node *value = pair->value;
	size_t *count = (size_t *)((char *)project + section->count);

	if (value->kind == YAML_NULL)
		return 0;
	if (value->kind != YAML_MAPPING)
		return compose_error(value->place, d->err, "must be a mapping, not %s",
				     yaml_kind_name(value->kind));
	if (value->count > section->max)
		return compose_limit(pair->place, d->err, "too many of them", section->max);
	char *items = arena_alloc(d->arena, (value->count + 1) * section->size);

	for (size_t i = 0; i < value->count; i++) {
		const struct yaml_pair *entry = &value->pairs[i];

		if (section->decode(d, entry, items + *count * section->size) < 0)
			return section->thing ? error_context(d->err, "%s '%s'", section->thing,
							      entry->key.ptr)
					      : -(int)error_code(*d->err);
		(*count)++;
	}
	*(void **)((char *)project + section->items) = items;
	return 0;
}

enum { RESOURCES_MAX = 1000 };

#define SECTION(name, text, fn, member, number, limit)                                             \
	static int name(struct decoder *d, const struct yaml_pair *pair, void *to)                 \
	{                                                                                          \
		static const struct section section = {                                            \
			text,                                                                      \
			fn,                                                                        \
			sizeof(*((struct compose_project *)0)->member),                            \
			limit,                                                                     \
			offsetof(struct compose_project, member),                                  \
			offsetof(struct compose_project, number),                                  \
		};                                                                                 \
		return decode_section(d, pair, &section, to);                                      \
	}

SECTION(decode_services, NULL, compose_decode_service, services, service_count,
	COMPOSE_SERVICES_MAX)
SECTION(decode_networks, "network", compose_decode_network_top, networks, network_count,
	RESOURCES_MAX)
SECTION(decode_volumes, "volume", compose_decode_volume_top, volumes, volume_count, RESOURCES_MAX)
SECTION(decode_secrets, "secret", compose_decode_secret_top, secrets, secret_count, RESOURCES_MAX)
SECTION(decode_configs, "config", compose_decode_config_top, configs, config_count, RESOURCES_MAX)

static int decode_version(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	struct error_position pos = yaml_position(pair->place);

	(void)to;
	report_warn(d->warnings, &pos, "obsolete", "'version' is obsolete and has no effect");
	return 0;
}

/* The name was chosen before anything was interpolated. */
static int decode_name(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	const char *name = NULL;

	(void)to;
	return compose_decode_string(d, pair, &name);
}

static const struct compose_key project_keys[] = {
	{ "configs", decode_configs, 0, true },
	{ "include", NULL, 0, false }, /* gone before decoding */
	{ "models", NULL, 0, false },
	{ "name", decode_name, 0, false },
	{ "networks", decode_networks, 0, true },
	{ "secrets", decode_secrets, 0, true },
	{ "services", decode_services, 0, false },
	{ "version", decode_version, 0, true },
	{ "volumes", decode_volumes, 0, true },
};
static const struct compose_keys project_table = { "a compose file", project_keys,
						   ARRAY_SIZE(project_keys), true };

int compose_decode_project(struct decoder *d, const struct yaml_node *root)
{
	struct yaml_node *copy = compose_clone(d->arena, root);
	const struct yaml_pair pair = { STR("project"), root->place, copy };

	d->project->extensions = compose_extensions(d->arena, root);
	return compose_decode_mapping(d, &pair, &project_table, d->project);
}
