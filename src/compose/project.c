/* SPDX-License-Identifier: Apache-2.0 */
/* Loading a project from beginning to end. */
#include "compose/project.h"

#include <stdlib.h>

#include "consistency.h"
#include "discover.h"

void compose_free(struct compose_project *p)
{
	if (p)
		arena_free(p->arena);
}

const struct compose_service *compose_find_service(const struct compose_project *p,
						   const char *name)
{
	size_t low = 0, high = p->service_count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int c = strcmp(p->services[middle].name, name);

		if (c == 0)
			return &p->services[middle];
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static void collect_profiles(const struct compose_options *opt, const struct discovery *found,
			     struct strv *profiles)
{
	const char *list = compose_environment_get(&found->env, STR("COMPOSE_PROFILES"));
	str rest = list && list[0] ? str_from(list) : (str){ NULL, 0 }, name = { NULL, 0 };

	strv_add_all(profiles, &opt->profiles);
	while (opt->profiles.count == 0 && str_cut(&rest, ',', &name)) {
		name = str_trim(name);
		if (name.len)
			strv_add_str(profiles, name);
	}
	strv_sort(profiles);
}

static int parse_files(struct loader *l, const struct discovery *found, struct yaml_file **files)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < found->paths.count; i++) {
		if (i == LOADER_FILES_MAX)
			return error_new(l->err, ERR_LIMIT, "more than %d compose files",
					 LOADER_FILES_MAX);
		struct include_chain *link = arena_alloc(l->arena, sizeof(*link));

		*link = (struct include_chain){ l->chain, found->paths.items[i] };
		l->chain = link; /* none of them may be included again */
		r = compose_loader_parse(l, link->path, found->directory, &files[i]);
		compose_add_text(l->arena, &l->files, link->path);
	}
	return r;
}

/* The merged tree into the model. */
static int fill(struct loader *l, const struct compose_options *opt, struct discovery *found,
		const struct yaml_node *root, struct compose_project *p)
{
	CLEANUP_STRV struct strv profiles = STRV_INIT;
	struct decoder d = {
		.arena = p->arena,
		.project = p,
		.env = &found->env,
		.warnings = l->warnings,
		.home = l->home,
		.sources = &l->sources,
		.err = l->err,
	};
	int r;

	collect_profiles(opt, found, &profiles);
	p->directory = found->directory;
	p->files = l->files;
	r = compose_decode_project(&d, root);
	if (r == 0)
		r = compose_select_profiles(&d, &profiles);
	if (r == 0)
		r = compose_check(&d);
	for (size_t i = 0; r == 0 && i < p->service_count; i++)
		r = compose_resolve_environment(&d, &p->services[i]);
	return r;
}

static int load(const struct compose_options *opt, struct loader *l, struct discovery *found,
		struct compose_project *p)
{
	struct yaml_node *root = NULL;
	struct yaml_file **files =
		arena_alloc(p->arena, (found->paths.count + 1) * sizeof(*files));
	int r = parse_files(l, found, files);

	if (r == 0)
		r = compose_project_name(l, opt, found, files, &p->name);
	if (r == 0)
		r = compose_loader_merge(l, files, found->paths.count, &root);
	if (r < 0)
		return r;
	if (!root)
		return error_new(l->err, ERR_PARSE, "%s: the file is empty",
				 files[0]->source.file);
	return fill(l, opt, found, root, p);
}

int compose_load(const struct compose_options *opt, const struct report *warnings,
		 struct compose_project **ret_project, struct error **err)
{
	struct arena *a = arena_new();
	struct compose_project *p = arena_alloc(a, sizeof(*p));
	struct discovery found;

	p->arena = a;
	int r = compose_discover(a, opt, &found, err);

	if (r == 0) {
		const char *home = compose_environment_get(&found.env, STR("HOME"));
		struct loader l = {
			.arena = a,
			.warnings = warnings,
			.env = &found.env,
			.interpolate = !opt->no_interpolate,
			.home = home ? arena_strdup(a, str_from(home)) : NULL,
			.working_directory = found.working_directory,
			.err = err,
		};

		r = load(opt, &l, &found, p);
	}
	compose_discovery_fini(&found);
	if (r < 0)
		compose_free(p);
	else
		*ret_project = p;
	return r;
}
