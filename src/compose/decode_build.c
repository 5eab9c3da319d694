/* SPDX-License-Identifier: Apache-2.0 */
/* How a service's image is built. */
#include "decode.h"
#include "path.h"

#define BUILD(member) offsetof(struct compose_build, member)

static bool is_remote(const char *context)
{
	static const char *const prefixes[] = { "http://", "https://",	 "git://",
						"ssh://",  "github.com/", "git@" };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		if (str_has_prefix(str_from(context), prefixes[i]))
			return true;
	}
	return false;
}

static int decode_context(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	const char *context = NULL;
	int r = compose_decode_string(d, pair, &context);

	if (r < 0)
		return r;
	if (is_remote(context))
		return compose_refuse(pair->value->place, d->err,
				      "remote contexts are not supported by this version");
	*(const char **)to = compose_path_absolute(d->arena, pair->value->place.source->directory,
						   str_from(context), d->home);
	return 0;
}

/* Values without one are taken from the environment; those that are not there are left out. */
static int decode_args(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	struct compose_pairs *args = to;
	size_t kept = 0;
	int r = compose_decode_variables(d, pair, to);

	for (size_t i = 0; i < args->count; i++) {
		struct compose_pair arg = args->items[i];

		if (!arg.value) {
			const char *value = compose_environment_get(d->env, str_from(arg.key));

			arg.value = value ? arena_strdup(d->arena, str_from(value)) : NULL;
		}
		if (arg.value)
			args->items[kept++] = arg;
	}
	args->count = kept;
	return r;
}

static const struct compose_key build_keys[] = {
	{ "additional_contexts", NULL, 0, false },
	{ "args", decode_args, BUILD(args), false },
	{ "cache_from", compose_decode_ignored, 0, false },
	{ "cache_to", compose_decode_ignored, 0, false },
	{ "context", decode_context, BUILD(context), false },
	{ "dockerfile", compose_decode_string, BUILD(dockerfile), false },
	{ "dockerfile_inline", compose_decode_string, BUILD(dockerfile_inline), false },
	{ "entitlements", NULL, 0, false },
	{ "extra_hosts", NULL, 0, false },
	{ "isolation", NULL, 0, false },
	{ "labels", compose_decode_pairs, BUILD(labels), false },
	{ "network", compose_decode_string, BUILD(network), false },
	{ "no_cache", compose_decode_bool, BUILD(no_cache), false },
	{ "no_cache_filter", NULL, 0, false },
	{ "platforms", NULL, 0, false },
	{ "privileged", NULL, 0, false },
	{ "provenance", NULL, 0, false },
	{ "pull", compose_decode_bool, BUILD(pull), false },
	{ "sbom", NULL, 0, false },
	{ "secrets", NULL, 0, false },
	{ "shm_size", NULL, 0, false },
	{ "ssh", NULL, 0, false },
	{ "tags", NULL, 0, false },
	{ "target", compose_decode_string, BUILD(target), false },
	{ "ulimits", NULL, 0, false },
};
static const struct compose_keys build_table = COMPOSE_KEYS("build", build_keys);

int compose_decode_build(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	struct compose_build *build = to;
	int r;

	build->given = true;
	build->place = compose_place(pair->place);
	if (pair->value->kind == YAML_STRING)
		return decode_context(d, pair, &build->context);
	r = compose_decode_mapping(d, pair, &build_table, build);
	if (r == 0 && build->dockerfile && build->dockerfile_inline)
		return compose_error(pair->place, d->err,
				     "'dockerfile' and 'dockerfile_inline' exclude each other");
	if (r == 0 && !build->context)
		build->context = compose_path_clean(
			d->arena, str_from(pair->place.source->directory));
	return r;
}
