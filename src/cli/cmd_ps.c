/* SPDX-License-Identifier: Apache-2.0 */
/* ps: containers and how they are doing. */
#include <stdio.h>

#include "codec/json.h"
#include "containers.h"
#include "table.h"

static const char *const ps_titles[] = { "CONTAINER ID", "IMAGE",  "COMMAND", "CREATED",
					 "STATUS",	 "PORTS", "NAMES",   NULL };

static usec_t age_of(struct timespec at)
{
	struct timespec now = clock_wall();

	return (usec_t)(now.tv_sec - at.tv_sec) * USEC_PER_SEC + (now.tv_nsec - at.tv_nsec) / 1000;
}

void containers_status_text(const struct container_info *c, struct strbuf *out)
{
	const struct container_state *s = &c->state;
	char age[32];

	switch (s->status) {
	case CONTAINER_CREATED:
		strbuf_add_text(out, "Created");
		return;
	case CONTAINER_RESTARTING:
		clock_format_age(age_of(s->finished), age);
		strbuf_addf(out, "Restarting (%d) %s ago", s->exit_code, age);
		return;
	case CONTAINER_EXITED:
	case CONTAINER_DEAD:
		clock_format_age(age_of(s->finished), age);
		strbuf_addf(out, "%s (%d) %s ago", s->status == CONTAINER_DEAD ? "Dead" : "Exited",
			    s->exit_code, age);
		return;
	case CONTAINER_RUNNING:
	case CONTAINER_PAUSED:
		break;
	}
	clock_format_age(age_of(s->started), age);
	strbuf_addf(out, "Up %s", age);
	if (s->status == CONTAINER_PAUSED)
		strbuf_add_text(out, " (Paused)");
	else if (s->health == HEALTH_STARTING)
		strbuf_add_text(out, " (health: starting)");
	else if (s->health != HEALTH_NONE)
		strbuf_addf(out, " (%s)", health_status_name(s->health));
}

void containers_ports_text(const struct container_info *c, struct strbuf *out)
{
	for (size_t i = 0; i < c->state.port_count; i++) {
		const struct stack_port *p = &c->state.ports[i];

		strbuf_addf(out, "%s%s:%u->%u/%s", i ? ", " : "", p->host_ip ? p->host_ip : "0.0.0.0",
			    p->host_port, p->container_port, p->udp ? "udp" : "tcp");
	}
}

void containers_command_text(const struct container_info *c, struct strbuf *out)
{
	const struct strv *lists[] = { &c->service.entrypoint, &c->service.command };

	for (size_t l = 0; l < ARRAY_SIZE(lists); l++) {
		for (size_t i = 0; i < lists[l]->count; i++)
			strbuf_addf(out, "%s%s", out->len ? " " : "", lists[l]->items[i]);
	}
}

bool containers_is_active(const struct container_info *c)
{
	return c->state.status == CONTAINER_RUNNING || c->state.status == CONTAINER_PAUSED ||
	       c->state.status == CONTAINER_RESTARTING;
}

void containers_print_json(const struct container_info *c)
{
	struct strbuf status CLEANUP_STRBUF = STRBUF_INIT(0), ports CLEANUP_STRBUF = STRBUF_INIT(0),
		      command CLEANUP_STRBUF = STRBUF_INIT(0), out CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP_JSON json_t *j = json_object();

	containers_status_text(c, &status);
	containers_ports_text(c, &ports);
	containers_command_text(c, &command);
	json_set_text(j, "ID", c->id);
	json_set_text(j, "Names", c->service.container_name);
	json_set_text(j, "Image", c->service.image);
	json_set_text(j, "Command", strbuf_text(&command));
	json_set_text(j, "State", container_status_name(c->state.status));
	json_set_text(j, "Status", strbuf_text(&status));
	json_set_text(j, "Health", c->state.health == HEALTH_NONE ? "" : health_status_name(c->state.health));
	json_set_int(j, "ExitCode", c->state.exit_code);
	json_set_int(j, "RestartCount", c->state.restart_count);
	json_set_text(j, "Ports", strbuf_text(&ports));
	json_set_text(j, "Project", c->service.service ? c->project : "");
	json_set_text(j, "Service", c->service.service ? c->service.service : "");
	json_write(j, &out);
	(void)puts(strbuf_text(&out));
}

static void add_row(struct table *t, const struct container_info *c, bool no_trunc)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	char age[32];

	table_addf(t, "%.*s", no_trunc ? 64 : 12, c->id);
	table_add(t, c->service.image);
	containers_command_text(c, &text);
	if (!no_trunc && text.len > 20)
		table_addf(t, "\"%.19s…\"", strbuf_text(&text));
	else
		table_addf(t, "\"%s\"", strbuf_text(&text));
	clock_format_age(age_of(c->state.created), age);
	table_addf(t, "%s ago", age);
	strbuf_clear(&text);
	containers_status_text(c, &text);
	table_add(t, strbuf_text(&text));
	strbuf_clear(&text);
	containers_ports_text(c, &text);
	table_add(t, strbuf_text(&text));
	table_add(t, c->service.container_name);
}

static int run_ps(struct cli *cli, const struct arguments *args, struct error **err)
{
	struct table table = { .titles = ps_titles };
	struct container_info **list = NULL;
	const char *format = args_value(args, "format");
	struct engine *engine;
	size_t count = 0;
	int r = cli_engine(cli, &engine, err);

	if (r == 0 && format && strcmp(format, "json") != 0)
		return error_new(err, ERR_USAGE, "--format takes 'json'");
	if (r == 0)
		r = stack_list(engine, NULL, &list, &count, err);
	for (size_t i = 0; r == 0 && i < count; i++) {
		if (!args_switch(args, "all") && !containers_is_active(list[i]))
			continue;
		if (args_switch(args, "quiet"))
			(void)printf("%.*s\n", args_switch(args, "no-trunc") ? 64 : 12, list[i]->id);
		else if (format)
			containers_print_json(list[i]);
		else
			add_row(&table, list[i], args_switch(args, "no-trunc"));
	}
	if (r == 0 && !args_switch(args, "quiet") && !format)
		table_print(&table);
	strv_fini(&table.cells);
	stack_list_free(list, count);
	return r;
}

static const struct option ps_options[] = {
	{ 'a', "all", NULL, "Also those that do not run", false },
	{ 'q', "quiet", NULL, "Only ids", false },
	{ 0, "no-trunc", NULL, "Whole ids and commands", false },
	{ 0, "format", "json", "One JSON object per line", false },
	{ 0, NULL, NULL, NULL, false },
};

const struct command command_ps = {
	.name = "ps", .usage = "[OPTIONS]", .summary = "List containers", .options = ps_options,
	.run = run_ps,
};
