/* SPDX-License-Identifier: Apache-2.0 */
/* compose ps, logs, exec, config, build, start, restart. */
#include <stdio.h>

#include "composing.h"
#include "containers.h"
#include "table.h"

static const char *const compose_ps_titles[] = { "NAME", "IMAGE", "SERVICE", "STATUS", "PORTS", NULL };

static void add_row(struct table *t, const struct container_info *c)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);

	table_add(t, c->service.container_name);
	table_add(t, c->service.image);
	table_add(t, c->service.service);
	containers_status_text(c, &text);
	table_add(t, strbuf_text(&text));
	strbuf_clear(&text);
	containers_ports_text(c, &text);
	table_add(t, strbuf_text(&text));
}

static int run_ps(struct cli *cli, const struct arguments *args, struct error **err)
{
	CLEANUP(compose_project) struct compose_project *p = NULL;
	struct table table = { .titles = compose_ps_titles };
	const char *format = args_value(args, "format");
	struct composing_list list = { 0 };
	int r = composing_load(cli, &p, err);

	if (r == 0 && format && strcmp(format, "json") != 0)
		return error_new(err, ERR_USAGE, "--format takes 'json'");
	if (r == 0)
		r = composing_find(cli, p, strv_argv(&args->positional), &list, err);
	for (size_t i = 0; r == 0 && i < list.count; i++) {
		if (!args_switch(args, "all") && !containers_is_active(list.items[i]))
			continue;
		if (args_switch(args, "quiet"))
			(void)printf("%s\n", list.items[i]->id);
		else if (format)
			containers_print_json(list.items[i]);
		else
			add_row(&table, list.items[i]);
	}
	if (r == 0 && !args_switch(args, "quiet") && !format)
		table_print(&table);
	strv_fini(&table.cells);
	composing_list_fini(&list);
	return r;
}

static int run_logs(struct cli *cli, const struct arguments *args, struct error **err)
{
	CLEANUP(compose_project) struct compose_project *p = NULL;
	struct composing_list list = { 0 };
	int r = composing_load(cli, &p, err);

	if (r == 0)
		r = composing_find(cli, p, strv_argv(&args->positional), &list, err);
	if (r == 0)
		r = containers_print_logs(cli->engine, list.items, list.count, args,
					  !args_switch(args, "no-log-prefix"), err);
	composing_list_fini(&list);
	return r;
}

static int run_exec(struct cli *cli, const struct arguments *args, struct error **err)
{
	CLEANUP(compose_project) struct compose_project *p = NULL;
	struct composing_list list = { 0 };
	char *service[] = { args->positional.items[0], NULL };
	bool terminal = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
	struct exec_request request = {
		.user = args_value(args, "user"),
		.working_dir = args_value(args, "workdir"),
		.env = args_values(args, "env"),
		.tty = terminal && !args_switch(args, "no-tty"),
		.interactive = true,
		.detach = args_switch(args, "detach"),
		.argv = args->positional.items + 1,
	};
	int r = composing_load(cli, &p, err);

	if (r == 0)
		r = composing_find(cli, p, service, &list, err);
	if (r == 0 && list.count == 0)
		r = error_new(err, ERR_NOT_FOUND, "service '%s' is not running", service[0]);
	if (r == 0)
		r = containers_exec(list.items[0], &request, err);
	composing_list_fini(&list);
	return r;
}

static int run_config(struct cli *cli, const struct arguments *args, struct error **err)
{
	CLEANUP(compose_project) struct compose_project *p = NULL;
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT(0);
	const char *format = args_value(args, "format");
	int r = composing_load(cli, &p, err);

	if (r < 0)
		return r;
	if (args_switch(args, "services")) {
		for (size_t i = 0; i < p->service_count; i++)
			strbuf_addf(&out, "%s\n", p->services[i].name);
	} else if (args_switch(args, "images")) {
		for (size_t i = 0; i < p->service_count; i++) {
			CLEANUP_FREE char *name = composing_image_name(p, &p->services[i]);

			strbuf_addf(&out, "%s\n", name);
		}
	} else if (format && strcmp(format, "json") == 0) {
		compose_to_json(p, &out);
	} else if (format && strcmp(format, "yaml") != 0) {
		return error_new(err, ERR_USAGE, "--format takes 'yaml' or 'json'");
	} else {
		compose_to_yaml(p, &out);
	}
	if (!args_switch(args, "quiet"))
		(void)fputs(strbuf_text(&out), stdout);
	return 0;
}

static int run_build(struct cli *cli, const struct arguments *args, struct error **err)
{
	CLEANUP(compose_project) struct compose_project *p = NULL;
	int r = composing_load(cli, &p, err);

	return r < 0 ? r
		     : composing_build(cli, p, &args->positional, false, args_switch(args, "no-cache"),
				       err);
}

static int request_all(struct cli *cli, const struct arguments *args, enum stack_verb verb,
		       struct error **err)
{
	CLEANUP(compose_project) struct compose_project *p = NULL;
	struct composing_list list = { 0 };
	int r = composing_load(cli, &p, err);

	if (r == 0)
		r = composing_find(cli, p, strv_argv(&args->positional), &list, err);
	for (size_t i = 0; r == 0 && i < list.count; i++) {
		r = stack_request(cli->engine, list.items[i], verb, -1, 0, err);
		if (r == 0)
			(void)fprintf(stderr, " Container %s  %s\n",
				      list.items[i]->service.container_name,
				      verb == STACK_START ? "Started" : "Restarted");
	}
	composing_list_fini(&list);
	return r;
}

static int run_start(struct cli *cli, const struct arguments *args, struct error **err)
{
	return request_all(cli, args, STACK_START, err);
}

static int run_restart(struct cli *cli, const struct arguments *args, struct error **err)
{
	return request_all(cli, args, STACK_RESTART, err);
}

static const struct option no_options[] = { { 0, NULL, NULL, NULL, false } };

static const struct option ps_options[] = {
	{ 'a', "all", NULL, "Also those that do not run", false },
	{ 'q', "quiet", NULL, "Only ids", false },
	{ 0, "format", "json", "One JSON object per line", false },
	{ 0, NULL, NULL, NULL, false },
};

static const struct option logs_options[] = {
	{ 'f', "follow", NULL, "Go on until the containers end", false },
	{ 'n', "tail", "LINES", "Only the last lines of each", false },
	{ 't', "timestamps", NULL, "Time in front of each line", false },
	{ 0, "since", "TIME", "Only from then on: RFC 3339 or 10m", false },
	{ 0, "until", "TIME", "Only up to then", false },
	{ 0, "no-log-prefix", NULL, "No names in front of the lines", false },
	{ 0, NULL, NULL, NULL, false },
};

static const struct option exec_options[] = {
	{ 'd', "detach", NULL, "Do not wait for it", false },
	{ 'T', "no-tty", NULL, "No terminal", false },
	{ 'e', "env", "KEY[=VALUE]", "Set a variable", true },
	{ 'u', "user", "USER[:GROUP]", "Run as this user", false },
	{ 'w', "workdir", "DIR", "Working directory", false },
	{ 0, NULL, NULL, NULL, false },
};

static const struct option config_options[] = {
	{ 0, "services", NULL, "Only the names of the services", false },
	{ 0, "images", NULL, "Only the images", false },
	{ 0, "format", "yaml|json", "Form of the output", false },
	{ 'q', "quiet", NULL, "Only check", false },
	{ 0, NULL, NULL, NULL, false },
};

static const struct option build_options_table[] = {
	{ 0, "no-cache", NULL, "Run every step", false },
	{ 0, NULL, NULL, NULL, false },
};

const struct command command_compose_ps = {
	.name = "compose ps", .usage = "[OPTIONS] [SERVICE...]", .summary = "List the project's containers",
	.options = ps_options, .max_args = -1, .run = run_ps,
};
const struct command command_compose_logs = {
	.name = "compose logs", .usage = "[OPTIONS] [SERVICE...]", .summary = "Show what the services wrote",
	.options = logs_options, .max_args = -1, .run = run_logs,
};
const struct command command_compose_exec = {
	.name = "compose exec", .usage = "[OPTIONS] SERVICE PROGRAM [ARGUMENT...]",
	.summary = "Run a program in a service's container", .options = exec_options, .min_args = 2,
	.max_args = -1, .stop_at_positional = true, .failure_status = 125, .run = run_exec,
};
const struct command command_compose_config = {
	.name = "compose config", .usage = "[OPTIONS]", .summary = "Check the compose file and print its canonical form",
	.options = config_options, .run = run_config,
};
const struct command command_compose_build = {
	.name = "compose build", .usage = "[OPTIONS] [SERVICE...]", .summary = "Build the services' images",
	.options = build_options_table, .max_args = -1, .run = run_build,
};
const struct command command_compose_start = {
	.name = "compose start", .usage = "[SERVICE...]", .summary = "Start stopped services",
	.options = no_options, .max_args = -1, .run = run_start,
};
const struct command command_compose_restart = {
	.name = "compose restart", .usage = "[SERVICE...]", .summary = "Stop and start services",
	.options = no_options, .max_args = -1, .run = run_restart,
};
