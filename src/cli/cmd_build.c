/* SPDX-License-Identifier: Apache-2.0 */
/* build: a Dockerfile to an image. */
#include <fcntl.h>
#include <stdio.h>

#include "building.h"
#include "command.h"

/* Where distributions keep the bundle of certificates that the machine trusts. */
static const char *const ca_bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/cert.pem",
};

const char *building_host_ca(void)
{
	const char *own = getenv("SSL_CERT_FILE");

	if (own && *own == '/' && access(own, R_OK) == 0)
		return own;
	for (size_t i = 0; i < ARRAY_SIZE(ca_bundles); i++) {
		if (access(ca_bundles[i], R_OK) == 0)
			return ca_bundles[i];
	}
	return NULL;
}

int building_run(struct cli *cli, struct build_options *opt, enum progress_mode mode,
		 struct build_result *ret_result, struct error **err)
{
	struct build_view view;
	struct engine *engine;
	int r = cli_engine(cli, &engine, err);

	if (r < 0)
		return r;
	build_view_init(&view, mode);
	opt->store = engine->store;
	opt->networks_fd = engine->networks_fd;
	opt->run_path = engine->run_path;
	opt->progress = &view.progress;
	opt->warnings = &cli->warnings;
	r = build_run(opt, ret_result, err);
	build_view_fini(&view);
	return r;
}

static int read_stdin(struct strbuf *out, struct error **err)
{
	int r = fs_read_fd(STDIN_FILENO, 1 << 20, out, err);

	return r < 0 ? error_context(err, "Dockerfile on standard input") : r;
}

static int set_network(const char *text, struct build_options *opt, struct error **err)
{
	if (!text || strcmp(text, "default") == 0)
		opt->network = BUILD_NETWORK_DEFAULT;
	else if (strcmp(text, "none") == 0)
		opt->network = BUILD_NETWORK_NONE;
	else if (strcmp(text, "host") == 0)
		opt->network = BUILD_NETWORK_HOST;
	else
		return error_new(err, ERR_USAGE, "--network '%s' is not default, none or host", text);
	return 0;
}

static int set_epoch(struct build_options *opt, struct error **err)
{
	const char *text = getenv("SOURCE_DATE_EPOCH");
	uint64_t seconds;

	opt->source_date_epoch = -1;
	if (!text || !*text)
		return 0;
	if (!str_to_u64(str_from(text), INT64_MAX, &seconds))
		return error_new(err, ERR_USAGE, "SOURCE_DATE_EPOCH '%s' is not a number of seconds", text);
	opt->source_date_epoch = (int64_t)seconds;
	return 0;
}

static int set_options(const struct arguments *args, struct build_options *opt, struct strbuf *text,
		       struct error **err)
{
	const char *context = args->positional.items[0], *file = args_value(args, "file");
	int r = set_network(args_value(args, "network"), opt, err);

	opt->context = context;
	opt->dockerfile = file;
	if (r == 0 && (strcmp(context, "-") == 0 || (file && strcmp(file, "-") == 0))) {
		r = read_stdin(text, err);
		opt->dockerfile_text = strbuf_str(text);
		opt->dockerfile = NULL;
		if (strcmp(context, "-") == 0)
			opt->context = NULL;
	}
	opt->target = args_value(args, "target");
	opt->tags = *args_values(args, "tag");
	opt->build_args = *args_values(args, "build-arg");
	opt->labels = *args_values(args, "label");
	opt->add_hosts = *args_values(args, "add-host");
	opt->secrets = *args_values(args, "secret");
	opt->no_cache_filter = *args_values(args, "no-cache-filter");
	opt->no_cache = args_switch(args, "no-cache");
	if (args_switch(args, "host-ca")) {
		opt->host_ca = building_host_ca();
		if (!opt->host_ca)
			return error_new(err, ERR_NOT_FOUND, "--host-ca: no CA bundle on this machine");
	}
	return r < 0 ? r : set_epoch(opt, err);
}

static int write_iidfile(const char *path, const char *id, struct error **err)
{
	CLEANUP_FREE char *text = x_asprintf("sha256:%s", id);

	return fs_write_atomic_at(AT_FDCWD, path, str_from(text), 0644, FS_VOLATILE, err);
}

static int run_build(struct cli *cli, const struct arguments *args, struct error **err)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	enum progress_mode mode = PROGRESS_AUTO;
	struct build_options opt = { 0 };
	struct build_result result = { 0 };
	bool quiet = args_switch(args, "quiet");
	int r = set_options(args, &opt, &text, err);

	if (r == 0 && args_has(args, "progress") &&
	    !progress_mode_parse(args_value(args, "progress"), &mode))
		return error_new(err, ERR_USAGE, "--progress '%s' is not auto, plain, tty, quiet or rawjson",
				 args_value(args, "progress"));
	if (quiet)
		mode = PROGRESS_QUIET;
	if (r == 0)
		r = building_run(cli, &opt, mode, &result, err);
	if (r == 0 && args_has(args, "iidfile"))
		r = write_iidfile(args_value(args, "iidfile"), result.config_digest, err);
	if (r == 0 && (quiet || isatty(STDOUT_FILENO) != 1))
		(void)printf("sha256:%s\n", result.config_digest);
	else if (r == 0)
		(void)fprintf(stderr, "built sha256:%.12s: %u steps run, %u cached\n",
			      result.config_digest, result.steps_run, result.steps_cached);
	return r;
}

static const struct option build_command_options[] = {
	{ 'f', "file", "FILE", "Dockerfile (default: Dockerfile in the context); - is standard input", false },
	{ 't', "tag", "REFERENCE", "Name of the image", true },
	{ 0, "target", "STAGE", "Build this stage", false },
	{ 0, "build-arg", "NAME[=VALUE]", "Value of an ARG; without one: of our variable", true },
	{ 0, "label", "KEY=VALUE", "Label of the image", true },
	{ 0, "no-cache", NULL, "Run every step", false },
	{ 0, "no-cache-filter", "STAGE", "Run every step of that stage", true },
	{ 0, "secret", "id=NAME,src=FILE", "Secret for RUN --mount=type=secret; env=VARIABLE instead of src", true },
	{ 0, "host-ca", NULL, "RUN steps trust this machine's CA bundle (not part of the image)", false },
	{ 0, "network", "default|none|host", "Network of RUN steps", false },
	{ 0, "add-host", "NAME:IP", "One more line in /etc/hosts of RUN steps", true },
	{ 0, "progress", "MODE", "auto, plain, tty, quiet, rawjson", false },
	{ 0, "iidfile", "FILE", "Write the image's id there", false },
	{ 'q', "quiet", NULL, "Only print the image's id", false },
	{ 0, NULL, NULL, NULL, false },
};

const struct command command_build = {
	.name = "build", .usage = "[OPTIONS] CONTEXT|-", .summary = "Build an image from a Dockerfile",
	.options = build_command_options, .min_args = 1, .max_args = 1, .run = run_build,
};
