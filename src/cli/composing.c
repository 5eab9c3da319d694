/* SPDX-License-Identifier: Apache-2.0 */
/* Loading projects, building their images, finding their containers. */
#include "composing.h"

#include <stdio.h>

#include "building.h"

static const struct option compose_options[] = {
	{ 'f', "file", "FILE", "Compose file (default: compose.yaml, compose.yml, ... here or above)", true },
	{ 'p', "project-name", "NAME", "Name of the project", false },
	{ 0, "profile", "NAME", "Enable a profile", true },
	{ 0, "env-file", "FILE", "Variables for the compose file (default: .env)", true },
	{ 0, "project-directory", "DIR", "Where relative paths start", false },
	{ 0, "host-ca", NULL, "Builds trust this machine's CA bundle (not part of the image)", false },
	{ 0, "progress", "MODE", "Of builds: auto, plain, tty, quiet, rawjson", false },
	{ 0, NULL, NULL, NULL, false },
};

const struct command command_compose = {
	.name = "compose",
	.usage = "[OPTIONS] up|down|ps|logs|exec|config|build|start|stop|restart [ARGUMENT...]",
	.summary = "Build, run and watch the services of a compose file",
	.options = compose_options, .max_args = -1, .stop_at_positional = true,
};

int composing_load(struct cli *cli, struct compose_project **ret, struct error **err)
{
	struct compose_options opt = {
		.files = *args_values(&cli->compose, "file"),
		.env_files = *args_values(&cli->compose, "env-file"),
		.profiles = *args_values(&cli->compose, "profile"),
		.project_name = args_value(&cli->compose, "project-name"),
		.project_directory = args_value(&cli->compose, "project-directory"),
	};

	return compose_load(&opt, &cli->warnings, ret, err);
}

char *composing_image_name(const struct compose_project *p, const struct compose_service *s)
{
	return s->image ? x_strdup(s->image) : x_asprintf("%s-%s", p->name, s->name);
}

static void add_pairs(struct strv *out, const struct compose_pairs *pairs)
{
	for (size_t i = 0; i < pairs->count; i++) {
		if (pairs->items[i].value)
			strv_addf(out, "%s=%s", pairs->items[i].key, pairs->items[i].value);
		else
			strv_add(out, pairs->items[i].key);
	}
}

static int build_network(const struct compose_build *b, enum build_network *ret, struct error **err)
{
	const char *name = b->network ? b->network : "default";

	*ret = strcmp(name, "none") == 0   ? BUILD_NETWORK_NONE
	       : strcmp(name, "host") == 0 ? BUILD_NETWORK_HOST
					   : BUILD_NETWORK_DEFAULT;
	if (*ret == BUILD_NETWORK_DEFAULT && strcmp(name, "default") != 0)
		return error_new(err, ERR_UNSUPPORTED,
				 "build.network '%s' is not supported by this version (default, none, host)",
				 name);
	return 0;
}

static int build_service(struct cli *cli, const struct compose_project *p,
			 const struct compose_service *s, bool no_cache, struct error **err)
{
	const struct compose_build *b = &s->build;
	enum progress_mode mode = PROGRESS_AUTO;
	struct build_result result;
	struct build_options opt = { .context = b->context,
				     .target = b->target,
				     .no_cache = b->no_cache || no_cache,
				     .source_date_epoch = -1 };
	CLEANUP_FREE char *tag = composing_image_name(p, s);
	CLEANUP_FREE char *dockerfile = b->dockerfile && b->dockerfile[0] != '/'
						? x_asprintf("%s/%s", b->context, b->dockerfile)
						: NULL;
	int r = build_network(b, &opt.network, err);

	if (r < 0)
		return r;
	opt.dockerfile = dockerfile ? dockerfile : b->dockerfile;
	if (b->dockerfile_inline)
		opt.dockerfile_text = str_from(b->dockerfile_inline);
	add_pairs(&opt.build_args, &b->args);
	add_pairs(&opt.labels, &b->labels);
	strv_add(&opt.tags, tag);
	if (args_switch(&cli->compose, "host-ca"))
		opt.host_ca = building_host_ca();
	if (args_has(&cli->compose, "progress") &&
	    !progress_mode_parse(args_value(&cli->compose, "progress"), &mode))
		r = error_new(err, ERR_USAGE, "--progress '%s' is not auto, plain, tty, quiet or rawjson",
			      args_value(&cli->compose, "progress"));
	if (r == 0)
		r = building_run(cli, &opt, mode, &result, err);
	strv_fini(&opt.build_args);
	strv_fini(&opt.labels);
	strv_fini(&opt.tags);
	return r < 0 ? error_context(err, "service '%s'", s->name) : r;
}

int composing_build(struct cli *cli, const struct compose_project *p, const struct strv *services,
		    bool only_missing, bool no_cache, struct error **err)
{
	struct engine *engine;
	int r = cli_engine(cli, &engine, err);

	for (size_t i = 0; r == 0 && i < p->service_count; i++) {
		const struct compose_service *s = &p->services[i];
		CLEANUP_FREE char *name = composing_image_name(p, s);
		CLEANUP(image) struct image *img = NULL;
		CLEANUP(error) struct error *missing = NULL;

		if (!s->build.given || (services && services->count && !strv_has(services, s->name)))
			continue;
		if (only_missing && image_find(engine->store, name, &img, &missing) == 0)
			continue;
		r = build_service(cli, p, s, no_cache, err);
	}
	return r;
}

static bool is_wanted(const struct container_info *c, char *const *services)
{
	if (!c->service.service)
		return false;
	if (!*services)
		return true;
	for (; *services; services++) {
		if (strcmp(*services, c->service.service) == 0)
			return true;
	}
	return false;
}

int composing_find(struct cli *cli, const struct compose_project *p, char *const *services,
		   struct composing_list *ret, struct error **err)
{
	struct engine *engine;
	int r = cli_engine(cli, &engine, err);

	*ret = (struct composing_list){ 0 };
	for (char *const *s = services; r == 0 && *s; s++) {
		if (!compose_find_service(p, *s))
			return error_new(err, ERR_NOT_FOUND, "project '%s' has no service '%s'", p->name, *s);
	}
	if (r == 0)
		r = stack_list(engine, p->name, &ret->all, &ret->all_count, err);
	if (r < 0)
		return r;
	ret->items = x_alloc((ret->all_count + 1) * sizeof(*ret->items));
	for (size_t i = ret->all_count; i-- > 0;) { /* oldest first: in the order of the start */
		if (is_wanted(ret->all[i], services))
			ret->items[ret->count++] = ret->all[i];
	}
	return 0;
}

void composing_list_fini(struct composing_list *l)
{
	free(l->items);
	stack_list_free(l->all, l->all_count);
	*l = (struct composing_list){ 0 };
}
