/* SPDX-License-Identifier: Apache-2.0 */
/* stop, start, restart, kill, pause, unpause, rm, inspect: requests about named containers. */
#include <signal.h>
#include <stdio.h>

#include "codec/json.h"
#include "containers.h"

static int for_each(struct cli *cli, const struct arguments *args, enum stack_verb verb,
		    int64_t timeout_ns, int signo, struct error **err)
{
	struct engine *engine;
	int r = cli_engine(cli, &engine, err);

	for (size_t i = 0; r == 0 && i < args->positional.count; i++) {
		CLEANUP(container_info) struct container_info *c = NULL;

		r = stack_find(engine, args->positional.items[i], &c, err);
		if (r == 0)
			r = stack_request(engine, c, verb, timeout_ns, signo, err);
		if (r == 0)
			(void)printf("%s\n", args->positional.items[i]);
	}
	return r;
}

static int take_timeout(const struct arguments *args, int64_t *ret_ns, struct error **err)
{
	const char *text = args_value(args, "time");
	uint64_t seconds;

	*ret_ns = -1;
	if (!text)
		return 0;
	if (!str_to_u64(str_from(text), 1 << 30, &seconds))
		return error_new(err, ERR_USAGE, "--time '%s' is not a number of seconds", text);
	*ret_ns = (int64_t)seconds * 1000000000;
	return 0;
}

static int run_stop(struct cli *cli, const struct arguments *args, struct error **err)
{
	int64_t timeout_ns;
	int r = take_timeout(args, &timeout_ns, err);

	return r < 0 ? r : for_each(cli, args, STACK_STOP, timeout_ns, 0, err);
}

static int run_restart(struct cli *cli, const struct arguments *args, struct error **err)
{
	int64_t timeout_ns;
	int r = take_timeout(args, &timeout_ns, err);

	return r < 0 ? r : for_each(cli, args, STACK_RESTART, timeout_ns, 0, err);
}

static int run_start(struct cli *cli, const struct arguments *args, struct error **err)
{
	return for_each(cli, args, STACK_START, -1, 0, err);
}

static int run_pause(struct cli *cli, const struct arguments *args, struct error **err)
{
	return for_each(cli, args, STACK_PAUSE, -1, 0, err);
}

static int run_unpause(struct cli *cli, const struct arguments *args, struct error **err)
{
	return for_each(cli, args, STACK_UNPAUSE, -1, 0, err);
}

/* "KILL", "SIGKILL", "9". */
static int signal_number(const char *text)
{
	uint64_t number;

	if (str_to_u64(str_from(text), 64, &number))
		return (int)number;
	if (strncasecmp(text, "SIG", 3) == 0)
		text += 3;
	for (int s = 1; s < NSIG; s++) {
		const char *name = sigabbrev_np(s);

		if (name && strcasecmp(name, text) == 0)
			return s;
	}
	return 0;
}

static int run_kill(struct cli *cli, const struct arguments *args, struct error **err)
{
	const char *text = args_has(args, "signal") ? args_value(args, "signal") : "KILL";
	int signo = signal_number(text);

	if (signo == 0)
		return error_new(err, ERR_USAGE, "unknown signal '%s'", text);
	return for_each(cli, args, STACK_KILL, -1, signo, err);
}

static int run_rm(struct cli *cli, const struct arguments *args, struct error **err)
{
	struct engine *engine;
	int r = cli_engine(cli, &engine, err);

	for (size_t i = 0; r == 0 && i < args->positional.count; i++) {
		CLEANUP(container_info) struct container_info *c = NULL;

		r = stack_find(engine, args->positional.items[i], &c, err);
		if (r == 0)
			r = stack_remove(engine, c, args_switch(args, "force"),
					 args_switch(args, "volumes"), err);
		if (r == 0)
			(void)printf("%s\n", args->positional.items[i]);
	}
	return r;
}

static json_t *inspect_image(const struct image *img)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP(error) struct error *ignored = NULL;
	json_t *config = NULL, *out = json_object();

	image_config_format(&img->config, &text);
	(void)json_read(strbuf_str(&text), "config", &config, &ignored); /* we just wrote it */
	CLEANUP_FREE char *id = x_asprintf("sha256:%s", img->config_digest);
	CLEANUP_FREE char *manifest = x_asprintf("sha256:%s", img->manifest_digest);

	json_set_text(out, "Id", id);
	json_set_text(out, "ManifestDigest", manifest);
	json_set_text(out, "Created", img->config.created);
	json_set_text(out, "Architecture", img->config.architecture);
	json_set_text(out, "Os", img->config.os);
	json_set_int(out, "Size", (int64_t)img->size_bytes);
	(void)json_object_set(out, "Config", json_object_get(config, "config")); /* OOM only */
	(void)json_object_set(out, "RootFS", json_object_get(config, "rootfs")); /* OOM only */
	(void)json_object_set(out, "History", json_object_get(config, "history")); /* OOM only */
	json_decref(config);
	return out;
}

/* A container of that name, else an image. */
static int inspect_one(struct engine *engine, const char *name, json_t *list, struct error **err)
{
	CLEANUP(container_info) struct container_info *c = NULL;
	CLEANUP(image) struct image *img = NULL;
	CLEANUP(error) struct error *no_image = NULL;

	if (stack_find(engine, name, &c, err) == 0) {
		(void)json_array_append_new(list, stack_inspect(engine, c)); /* OOM only */
		return 0;
	}
	if (error_code(*err) != ERR_NOT_FOUND)
		return -(int)error_code(*err);
	if (image_find(engine->store, name, &img, &no_image) < 0)
		return error_new(err, ERR_NOT_FOUND, "no container or image '%s'", name);
	error_free(*err);
	*err = NULL;
	(void)json_array_append_new(list, inspect_image(img)); /* OOM only */
	return 0;
}

static int run_inspect(struct cli *cli, const struct arguments *args, struct error **err)
{
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP_JSON json_t *list = json_array();
	struct engine *engine;
	int r = cli_engine(cli, &engine, err);

	for (size_t i = 0; r == 0 && i < args->positional.count; i++)
		r = inspect_one(engine, args->positional.items[i], list, err);
	if (r == 0) {
		json_write_pretty(list, &out);
		(void)fputs(strbuf_text(&out), stdout);
	}
	return r;
}

static const struct option no_options[] = { { 0, NULL, NULL, NULL, false } };

static const struct option stop_options[] = {
	{ 't', "time", "SECONDS", "Grace period before it is killed (default: the container's, 10)", false },
	{ 0, NULL, NULL, NULL, false },
};

static const struct option kill_options[] = {
	{ 's', "signal", "SIGNAL", "Signal to send (default KILL)", false },
	{ 0, NULL, NULL, NULL, false },
};

static const struct option rm_options[] = {
	{ 'f', "force", NULL, "Kill it first when it runs", false },
	{ 'v', "volumes", NULL, "Also its anonymous volumes", false },
	{ 0, NULL, NULL, NULL, false },
};

const struct command command_stop = {
	.name = "stop", .usage = "[OPTIONS] CONTAINER [CONTAINER...]", .summary = "Stop containers gracefully",
	.options = stop_options, .min_args = 1, .max_args = -1, .run = run_stop,
};
const struct command command_start = {
	.name = "start", .usage = "CONTAINER [CONTAINER...]", .summary = "Start stopped containers",
	.options = no_options, .min_args = 1, .max_args = -1, .run = run_start,
};
const struct command command_restart = {
	.name = "restart", .usage = "[OPTIONS] CONTAINER [CONTAINER...]", .summary = "Stop and start containers",
	.options = stop_options, .min_args = 1, .max_args = -1, .run = run_restart,
};
const struct command command_kill = {
	.name = "kill", .usage = "[OPTIONS] CONTAINER [CONTAINER...]", .summary = "Send containers a signal",
	.options = kill_options, .min_args = 1, .max_args = -1, .run = run_kill,
};
const struct command command_pause = {
	.name = "pause", .usage = "CONTAINER [CONTAINER...]", .summary = "Freeze all processes of containers",
	.options = no_options, .min_args = 1, .max_args = -1, .run = run_pause,
};
const struct command command_unpause = {
	.name = "unpause", .usage = "CONTAINER [CONTAINER...]", .summary = "Thaw paused containers",
	.options = no_options, .min_args = 1, .max_args = -1, .run = run_unpause,
};
const struct command command_rm = {
	.name = "rm", .usage = "[OPTIONS] CONTAINER [CONTAINER...]", .summary = "Remove containers",
	.options = rm_options, .min_args = 1, .max_args = -1, .run = run_rm,
};
const struct command command_inspect = {
	.name = "inspect", .usage = "NAME [NAME...]", .summary = "Show everything about containers or images, as JSON",
	.options = no_options, .min_args = 1, .max_args = -1, .run = run_inspect,
};
