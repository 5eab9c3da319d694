/* SPDX-License-Identifier: Apache-2.0 */
/* compose up, down, stop: bringing a project to life and to an end. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "composing.h"
#include "containers.h"
#include "progress.h"

static int print_following(struct cli *cli, const struct compose_project *p, struct error **err)
{
	struct stack_log_options opt = { .follow = true, .tail = -1 };
	struct composing_list list;
	static char *const all[] = { NULL };
	int r = composing_find(cli, p, all, &list, err);

	if (r == 0)
		r = containers_follow(cli->engine, list.items, list.count, &opt, err);
	composing_list_fini(&list);
	return r;
}

static int stop_project(struct cli *cli, const struct compose_project *p, struct error **err)
{
	struct stack_view view;

	stack_view_init(&view);
	struct stack_down_options opt = { .stop_only = true, .timeout_ns = -1, .progress = &view.progress };
	int r = stack_down(cli->engine, p->name, &opt, err);

	stack_view_fini(&view);
	return r;
}

/*
 * Attached: a child prints what the containers write; we wait for Ctrl-C or for their end. The first
 * Ctrl-C stops the project gracefully, a second one (default action again) ends only us.
 */
static int attach(struct cli *cli, const struct compose_project *p, struct error **err)
{
	sigset_t set, old;
	siginfo_t info;
	int signo;

	(void)fflush(NULL);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &set, &old);
	pid_t pid = fork();

	if (pid < 0)
		return error_errno(err, "fork");
	if (pid == 0) {
		(void)sigprocmask(SIG_SETMASK, &old, NULL);
		(void)setpgid(0, 0); /* Ctrl-C is for the parent */
		int r = print_following(cli, p, err);

		(void)fflush(NULL);
		_exit(r < 0);
	}
	do
		signo = sigwaitinfo(&set, &info);
	while (signo < 0 && errno == EINTR);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	if (signo == SIGCHLD) { /* all containers ended by themselves */
		(void)waitpid(pid, NULL, 0);
		return 0;
	}
	(void)fprintf(stderr, "\nGracefully stopping... (press Ctrl-C again to leave it to itself)\n");
	int r = stop_project(cli, p, err);

	(void)kill(pid, SIGTERM);
	(void)waitpid(pid, NULL, 0);
	return r < 0 ? r : 130;
}

static int ensure_images(struct cli *cli, const struct compose_project *p, struct error **err)
{
	for (size_t i = 0; i < p->service_count; i++) {
		CLEANUP(image) struct image *img = NULL;
		CLEANUP_FREE char *name = composing_image_name(p, &p->services[i]);

		if (image_find(cli->engine->store, name, &img, err) < 0) {
			struct error_position pos = { .file = p->services[i].place.file,
						      .line = p->services[i].place.line,
						      .column = p->services[i].place.column };

			error_set_position(err, &pos);
			return error_context(err, "service '%s'", p->services[i].name);
		}
	}
	return 0;
}

static int converge(struct cli *cli, const struct compose_project *p, const struct arguments *args,
		    struct error **err)
{
	CLEANUP(stack_model) struct stack_model *model = NULL;
	struct stack_view view;
	uint64_t timeout_s = 0;
	int r = stack_plan(cli->engine, p, &cli->warnings, &model, err);

	if (r < 0)
		return r;
	if (!args_switch(args, "force-recreate") && !args_switch(args, "remove-orphans") &&
	    args->positional.count == 0 &&
	    stack_is_converged(cli->engine, model)) {
		for (size_t i = 0; i < model->service_count; i++)
			(void)fprintf(stderr, " Container %s  Running\n",
				      model->services[i].container_name);
		return 0;
	}
	if (args_has(args, "wait-timeout") &&
	    !str_to_u64(str_from(args_value(args, "wait-timeout")), 1 << 30, &timeout_s))
		return error_new(err, ERR_USAGE, "--wait-timeout takes seconds");
	stack_view_init(&view);
	struct stack_up_options opt = { .wait = args_switch(args, "wait"),
					.wait_timeout = (usec_t)timeout_s * USEC_PER_SEC,
					.force_recreate = args_switch(args, "force-recreate"),
					.no_recreate = args_switch(args, "no-recreate"),
					.remove_orphans = args_switch(args, "remove-orphans"),
					.services = &args->positional,
					.progress = &view.progress };
	r = stack_up(cli->engine, model, &opt, err);
	stack_view_fini(&view);
	return r;
}

static int run_up(struct cli *cli, const struct arguments *args, struct error **err)
{
	CLEANUP(compose_project) struct compose_project *p = NULL;
	struct engine *engine;
	int r = cli_engine(cli, &engine, err);

	if (r == 0)
		r = composing_load(cli, &p, err);
	for (size_t i = 0; r == 0 && i < args->positional.count; i++) {
		if (!compose_find_service(p, args->positional.items[i]))
			r = error_new(err, ERR_NOT_FOUND, "project '%s' has no service '%s'", p->name,
				      args->positional.items[i]);
	}
	if (r == 0 && !args_switch(args, "no-build"))
		r = composing_build(cli, p, &args->positional, !args_switch(args, "build"), false, err);
	if (r == 0)
		r = ensure_images(cli, p, err);
	if (r == 0)
		r = converge(cli, p, args, err);
	if (r == 0 && !args_switch(args, "detach") && !args_switch(args, "wait"))
		r = attach(cli, p, err);
	return r;
}

static int take_timeout(const struct arguments *args, int64_t *ret_ns, struct error **err)
{
	const char *text = args_value(args, "timeout");
	uint64_t seconds;

	*ret_ns = -1;
	if (!text)
		return 0;
	if (!str_to_u64(str_from(text), 1 << 30, &seconds))
		return error_new(err, ERR_USAGE, "--timeout '%s' is not a number of seconds", text);
	*ret_ns = (int64_t)seconds * 1000000000;
	return 0;
}

static int end_project(struct cli *cli, const struct arguments *args, struct stack_down_options *opt,
		       struct error **err)
{
	CLEANUP(compose_project) struct compose_project *p = NULL;
	struct stack_view view;
	struct engine *engine;
	int r = cli_engine(cli, &engine, err);

	if (r == 0)
		r = take_timeout(args, &opt->timeout_ns, err);
	if (r == 0)
		r = composing_load(cli, &p, err);
	if (r < 0)
		return r;
	stack_view_init(&view);
	opt->progress = &view.progress;
	opt->services = &args->positional;
	r = stack_down(engine, p->name, opt, err);
	stack_view_fini(&view);
	return r;
}

static int run_down(struct cli *cli, const struct arguments *args, struct error **err)
{
	struct stack_down_options opt = { .volumes = args_switch(args, "volumes") };

	return end_project(cli, args, &opt, err);
}

static int run_stop(struct cli *cli, const struct arguments *args, struct error **err)
{
	struct stack_down_options opt = { .stop_only = true };

	return end_project(cli, args, &opt, err);
}

static const struct option up_options[] = {
	{ 'd', "detach", NULL, "Leave it running in the background", false },
	{ 0, "wait", NULL, "Return when every service is healthy (or running where there is no check)", false },
	{ 0, "wait-timeout", "SECONDS", "Longest time to wait", false },
	{ 0, "build", NULL, "Build images first", false },
	{ 0, "no-build", NULL, "Do not build missing images", false },
	{ 0, "force-recreate", NULL, "Recreate containers even when nothing changed", false },
	{ 0, "no-recreate", NULL, "Leave containers as they are even when something changed", false },
	{ 0, "remove-orphans", NULL, "Remove containers of services that the file no longer has", false },
	{ 0, NULL, NULL, NULL, false },
};

static const struct option down_options[] = {
	{ 'v', "volumes", NULL, "Also remove the project's volumes", false },
	{ 0, "remove-orphans", NULL, "Accepted for scripts: down always removes those as well", false },
	{ 't', "timeout", "SECONDS", "Grace period", false },
	{ 0, NULL, NULL, NULL, false },
};

static const struct option stop_options[] = {
	{ 't', "timeout", "SECONDS", "Grace period", false },
	{ 0, NULL, NULL, NULL, false },
};

const struct command command_compose_up = {
	.name = "compose up", .usage = "[OPTIONS] [SERVICE...]", .summary = "Create and start the services",
	.options = up_options, .max_args = -1, .run = run_up,
};
const struct command command_compose_down = {
	.name = "compose down", .usage = "[OPTIONS]", .summary = "Stop and remove containers and networks",
	.options = down_options, .run = run_down,
};
const struct command command_compose_stop = {
	.name = "compose stop", .usage = "[OPTIONS] [SERVICE...]", .summary = "Stop services, keep their containers",
	.options = stop_options, .max_args = -1, .run = run_stop,
};
