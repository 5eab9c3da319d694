/* SPDX-License-Identifier: Apache-2.0 */
/* build_run(): reading, setting up, running the loop, writing the image, cleaning up. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/sysinfo.h>

#include "schedule.h"

enum { RESOLV_CONF_MAX = 1 << 16 };

/* --- reading ----------------------------------------------------------------------------------------- */

/* Path of the Dockerfile: as given, or one of the two default names in the context. */
static char *dockerfile_path(const struct build_options *opt)
{
	if (opt->dockerfile)
		return x_strdup(opt->dockerfile);
	char *path = x_asprintf("%s/Dockerfile", opt->context);

	if (access(path, F_OK) < 0) {
		CLEANUP_FREE char *lower = x_asprintf("%s/dockerfile", opt->context);

		if (access(lower, F_OK) == 0) {
			free(path);
			return STEAL_PTR(&lower);
		}
	}
	return path;
}

static int read_dockerfile(struct builder *b, char **ret_path, struct error **err)
{
	const struct build_options *opt = b->opt;
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	int r;

	if (opt->dockerfile_text.ptr) {
		*ret_path = NULL;
		return dockerfile_parse("Dockerfile", opt->dockerfile_text, opt->warnings, &b->df, err);
	}
	if (!opt->context && !opt->dockerfile)
		return error_new(err, ERR_USAGE, "neither a context nor a Dockerfile to build");
	*ret_path = dockerfile_path(opt);
	r = fs_read_at(AT_FDCWD, *ret_path, DOCKERFILE_SIZE_MAX, &text, err);
	if (r < 0) {
		(void)error_context(err, "Dockerfile");
		return opt->dockerfile ? r
				       : error_hint(err, "name the file with -f, or the directory that holds it");
	}
	return dockerfile_parse(*ret_path, strbuf_str(&text), opt->warnings, &b->df, err);
}

/* --- setting up -------------------------------------------------------------------------------------- */

static int write_scratch(struct builder *b, const char *name, str text, struct error **err)
{
	return fs_write_atomic_at(b->scratch->dir_fd, name, text, 0644, FS_VOLATILE, err);
}

static int write_hosts(struct builder *b, struct error **err)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);

	strbuf_add_text(&text, "127.0.0.1\tlocalhost buildkitsandbox\n::1\tlocalhost ip6-localhost\n");
	for (size_t i = 0; i < b->opt->add_hosts.count; i++) {
		str name, address;

		if (!str_split_once(str_from(b->opt->add_hosts.items[i]), ':', &name, &address) &&
		    !str_split_once(str_from(b->opt->add_hosts.items[i]), '=', &name, &address))
			return error_new(err, ERR_USAGE, "--add-host '%s' is not NAME:ADDRESS",
					 b->opt->add_hosts.items[i]);
		strbuf_addf(&text, "%.*s\t%.*s\n", STR_ARG(address), STR_ARG(name));
	}
	return write_scratch(b, "hosts", strbuf_str(&text), err);
}

/* Mount points that a root file system may lack; see run.c. */
static int make_stubs(struct builder *b, struct error **err)
{
	static const char *const dirs[] = { "stubs",	 "stubs/dev", "stubs/etc", "stubs/proc",
					    "stubs/sys", "empty",     "source" };
	static const char *const files[] = { "stubs/etc/hosts", "stubs/etc/resolv.conf", "stubs/etc/hostname" };
	int dir = b->scratch->dir_fd;

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		if (mkdirat(dir, dirs[i], 0755) < 0)
			return error_errno(err, "make '%s'", dirs[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		CLEANUP_FD int fd = openat(dir, files[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

		if (fd < 0)
			return error_errno(err, "make '%s'", files[i]);
	}
	return 0;
}

static int make_scratch(struct builder *b, struct error **err)
{
	struct strbuf host CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP(error) struct error *none = NULL;
	int r;

	sweep_dead_builds(b->opt);
	r = layer_draft_new(b->opt->store, &b->scratch, err);
	if (r == 0)
		r = make_stubs(b, err);
	if (r == 0)
		r = write_hosts(b, err);
	if (r < 0)
		return r;
	b->id = x_asprintf("build-%s", b->scratch->name);
	b->stubs_lower = x_asprintf("../tmp/%s/stubs", b->scratch->name);
	b->hosts = x_asprintf("%s/hosts", b->scratch->path);
	b->resolv_conf = x_asprintf("%s/resolv.conf", b->scratch->path);
	b->host_resolv_conf = x_asprintf("%s/resolv.conf.host", b->scratch->path);
	b->scratch_mountpoint = x_asprintf("%s/source", b->scratch->path);
	(void)fs_read_at(AT_FDCWD, "/etc/resolv.conf", RESOLV_CONF_MAX, &host, &none); /* none: no names */
	r = write_scratch(b, "resolv.conf.host", strbuf_str(&host), err);
	return r < 0 ? r : write_scratch(b, "resolv.conf", (str){ "", 0 }, err);
}

static void on_interrupt(void *ctx, const siginfo_t *info)
{
	struct builder *b = ctx;
	CLEANUP(error) struct error *err = NULL;

	(void)error_new(&err, ERR_CANCELLED, "build interrupted (%s)",
			info->si_signo == SIGINT ? "Ctrl-C" : "terminated");
	builder_fail(b, &err);
}

static int make_loop(struct builder *b, struct error **err)
{
	b->loop = loop_new(err);
	if (!b->loop)
		return -(int)error_code(*err);
	int r = loop_add_signal(b->loop, SIGINT, on_interrupt, b, err);

	return r < 0 ? r : loop_add_signal(b->loop, SIGTERM, on_interrupt, b, err);
}

/* Diffids are only needed for layers that the result consists of. */
static void mark_result(struct builder *b)
{
	size_t i = b->graph.target;

	b->stages[i].hashes_wanted = true;
	while (b->graph.stages[i].base == BASE_STAGE) {
		i = b->graph.stages[i].base_stage;
		b->stages[i].hashes_wanted = true;
	}
}

/* A bad name is said before the work and not after it. */
static int check_tags(const struct strv *tags, struct error **err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < tags->count; i++) {
		struct reference ref = { 0 };

		r = reference_parse(str_from(tags->items[i]), &ref, err);
		reference_fini(&ref);
	}
	return r;
}

static int set_up(struct builder *b, struct error **err)
{
	CLEANUP_FREE char *path = NULL;
	int r = check_tags(&b->opt->tags, err);

	if (r == 0)
		r = read_dockerfile(b, &path, err);
	if (r == 0)
		r = build_values_init(&b->values, b->df, &b->opt->build_args, b->opt->target, err);
	if (r == 0)
		r = graph_new(b->df, &b->values, b->opt->target, &b->graph, err);
	if (r == 0 && b->opt->context)
		b->context_path = realpath(b->opt->context, NULL);
	if (r == 0 && b->opt->context)
		r = context_open(b->opt->store, b->opt->context, path, &b->context, err);
	if (r == 0)
		r = make_loop(b, err);
	if (r == 0)
		r = make_scratch(b, err);
	if (r < 0)
		return r;
	b->stages = x_alloc(b->graph.stage_count * sizeof(*b->stages));
	for (size_t i = 0; i < b->graph.stage_count; i++) {
		b->stages[i].builder = b;
		b->stages[i].plan = &b->graph.stages[i];
	}
	mark_result(b);
	return 0;
}

/* --- the result -------------------------------------------------------------------------------------- */

/* Every layer with its diffid: from the store's record, or computed now when a former build was
 * ended before that. */
static int complete_layers(struct builder *b, struct stage *stage, struct error **err)
{
	const struct store *s = b->opt->store;

	for (size_t i = 0; i < stage->layer_count; i++) {
		struct layer *layer = &stage->layers[i];
		char lower[LAYER_ID_SIZE + 4], hex[SHA256_HEX_SIZE];
		uint64_t size;
		int r;

		if (layer->diff_id[0])
			continue;
		r = layer_find(s, layer->id, layer, err);
		if (r < 0)
			return r;
		if (layer->diff_id[0])
			continue;
		layer_lower(layer, lower);
		CLEANUP_FD int fd = fs_open_dir_at(s->layers_fd, lower, err);

		r = fd < 0 ? fd : layer_digest(fd, b->opt->source_date_epoch, hex, &size, err);
		if (r == 0)
			r = layer_set_diff_id(s, layer, hex, size, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static void add_labels(struct image_config *c, const struct strv *labels)
{
	for (size_t i = 0; i < labels->count; i++) {
		str key = str_from(labels->items[i]), value = STR("");

		(void)str_split_once(key, '=', &key, &value); /* without "=" the value is empty */
		CLEANUP_FREE char *name = str_dup(key);

		strv_set_variable(&c->labels, str_from(name), value);
	}
}

static void warn_unused_args(const struct builder *b)
{
	for (size_t i = 0; i < b->values.given.count; i++) {
		str name, value;

		if (!str_split_once(str_from(b->values.given.items[i]), '=', &name, &value))
			continue;
		CLEANUP_FREE char *text = str_dup(name);

		if (!strv_has(&b->values.used, text) && !str_has_suffix(name, "_PROXY") &&
		    !str_has_suffix(name, "_proxy") && !str_has_prefix(name, "BUILDKIT_"))
			report_warn(b->opt->warnings, NULL, NULL,
				    "one or more build-args [%s] were not consumed", text);
	}
}

static int write_image(struct builder *b, struct build_result *ret, struct error **err)
{
	struct stage *stage = &b->stages[b->graph.target];
	struct image_config *c = &stage->state.config;
	int r = complete_layers(b, stage, err);

	if (r < 0)
		return r;
	free(c->created);
	c->created = x_strdup(stage->created);
	add_labels(c, &b->opt->labels);
	r = image_commit(b->opt->store, c, stage->layers, stage->layer_count, &b->opt->tags,
			 ret->config_digest, ret->manifest_digest, err);
	ret->steps_cached = b->steps_cached;
	ret->steps_run = b->steps_run;
	return r;
}

/* A full disk is named as such, with what is left. */
static int explain_full_disk(const struct builder *b, int r, struct error **err)
{
	if (error_code(*err) == ERR_NO_SPACE)
		return error_hint(err, "the store '%s' has no room left: firkin rmi, or --root on a larger disk",
				  b->opt->store->path);
	return r;
}

static void fini(struct builder *b)
{
	schedule_fini(b);
	build_network_release(b);
	context_close(b->context);
	build_values_fini(&b->values);
	layer_draft_free(b->scratch);
	loop_free(b->loop);
	dockerfile_free(b->df);
	error_free(b->failure);
	free(b->context_path);
	free(b->stubs_lower);
	free(b->id);
	free(b->hosts);
	free(b->resolv_conf);
	free(b->host_resolv_conf);
	free(b->scratch_mountpoint);
}

int build_run(const struct build_options *opt, struct build_result *ret_result, struct error **err)
{
	struct builder b = { .opt = opt, .netns_fd = -1, .began = clock_monotonic() };
	struct timespec created = opt->source_date_epoch >= 0
					  ? (struct timespec){ .tv_sec = (time_t)opt->source_date_epoch }
					  : clock_wall();
	int r;

	*ret_result = (struct build_result){ 0 };
	b.jobs_max = get_nprocs() > 1 ? (unsigned)get_nprocs() : 1;
	clock_format_rfc3339(created, b.created);
	r = set_up(&b, err);
	if (r == 0) {
		builder_advance(&b);
		if (!b.failure && !(b.stages[b.graph.target].status == STAGE_DONE && b.hashing_count == 0))
			r = loop_run(b.loop, err);
		if (r == 0 && b.failure)
			r = error_move(err, &b.failure);
		if (r == 0)
			r = write_image(&b, ret_result, err);
		if (r == 0)
			warn_unused_args(&b);
	}
	if (r < 0)
		r = explain_full_disk(&b, r, err);
	fini(&b);
	return r;
}
