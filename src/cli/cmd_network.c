/* SPDX-License-Identifier: Apache-2.0 */
/* network ls, create, rm, prune. */
#include <stdio.h>

#include "codec/json.h"
#include "command.h"
#include "network/network.h"
#include "table.h"

static const char *const network_titles[] = { "NAME", "SUBNET", "GATEWAY", "INTERFACE", "CONTAINERS", NULL };

struct network_listing {
	struct table table;
	bool quiet, json;
	struct strv unused; /* for prune */
};

static int list_one(void *ctx, const struct network_info *info)
{
	struct network_listing *l = ctx;

	if (info->lease_count == 0)
		strv_add(&l->unused, info->name);
	if (l->quiet) {
		(void)printf("%s\n", info->name);
	} else if (l->json) {
		CLEANUP_JSON json_t *j = json_object();
		struct strbuf out CLEANUP_STRBUF = STRBUF_INIT(0);

		json_set_text(j, "Name", info->name);
		json_set_text(j, "Subnet", info->subnet);
		json_set_text(j, "Gateway", info->gateway);
		json_set_text(j, "Interface", info->bridge);
		json_set_true(j, "Internal", info->internal);
		json_set_int(j, "Containers", (int64_t)info->lease_count);
		json_write(j, &out);
		(void)puts(strbuf_text(&out));
	} else if (l->table.titles) {
		table_add(&l->table, info->name);
		table_add(&l->table, info->subnet);
		table_add(&l->table, info->gateway);
		table_add(&l->table, info->bridge);
		table_addf(&l->table, "%zu", info->lease_count);
	}
	return 0;
}

static int run_ls(struct cli *cli, const struct arguments *args, struct error **err)
{
	struct network_listing l = { .table = { .titles = network_titles },
				     .quiet = args_switch(args, "quiet"),
				     .json = args_has(args, "format") };
	struct engine *engine;
	int r = cli_engine(cli, &engine, err);

	if (r == 0 && l.json && strcmp(args_value(args, "format"), "json") != 0)
		return error_new(err, ERR_USAGE, "--format takes 'json'");
	if (r == 0)
		r = network_list(engine->networks_fd, list_one, &l, err);
	if (r == 0 && !l.quiet && !l.json)
		table_print(&l.table);
	strv_fini(&l.table.cells);
	strv_fini(&l.unused);
	return r;
}

static int run_create(struct cli *cli, const struct arguments *args, struct error **err)
{
	const struct network_spec spec = { .name = args->positional.items[0],
					   .subnet = args_value(args, "subnet"),
					   .gateway = args_value(args, "gateway"),
					   .internal = args_switch(args, "internal"),
					   .persistent = true };
	struct engine *engine;
	int r = cli_engine(cli, &engine, err);

	if (r == 0)
		r = network_create(engine->networks_fd, &spec, NULL, err);
	if (r == 0)
		(void)printf("%s\n", spec.name);
	return r;
}

static int remove_all(struct engine *engine, const struct strv *names, struct error **err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < names->count; i++) {
		r = network_remove(engine->networks_fd, names->items[i], err);
		if (r == 0)
			(void)printf("%s\n", names->items[i]);
	}
	return r;
}

static int run_rm(struct cli *cli, const struct arguments *args, struct error **err)
{
	struct engine *engine;
	struct network_info info;
	int r = cli_engine(cli, &engine, err);

	for (size_t i = 0; r == 0 && i < args->positional.count; i++)
		r = network_find(engine->networks_fd, args->positional.items[i], &info, err);
	return r < 0 ? r : remove_all(engine, &args->positional, err);
}

static int run_prune(struct cli *cli, const struct arguments *args, struct error **err)
{
	struct network_listing l = { .table = { 0 } };
	struct engine *engine;
	int r = cli_engine(cli, &engine, err);

	(void)args;
	if (r == 0)
		r = network_list(engine->networks_fd, list_one, &l, err);
	if (r == 0)
		r = remove_all(engine, &l.unused, err);
	strv_fini(&l.unused);
	return r;
}

static const struct option ls_options[] = {
	{ 'q', "quiet", NULL, "Only names", false },
	{ 0, "format", "json", "One JSON object per line", false },
	{ 0, NULL, NULL, NULL, false },
};

static const struct option create_options[] = {
	{ 0, "subnet", "CIDR", "Addresses of the network (default: the first free /24 of the pool)", false },
	{ 0, "gateway", "IP", "Address of the bridge (default: the first of the subnet)", false },
	{ 0, "internal", NULL, "No way out", false },
	{ 0, NULL, NULL, NULL, false },
};

static const struct option no_options[] = { { 0, NULL, NULL, NULL, false } };

const struct command command_network_ls = {
	.name = "network ls", .usage = "[OPTIONS]", .summary = "List networks", .options = ls_options,
	.run = run_ls,
};
const struct command command_network_create = {
	.name = "network create", .usage = "[OPTIONS] NAME", .summary = "Create a network",
	.options = create_options, .min_args = 1, .max_args = 1, .run = run_create,
};
const struct command command_network_rm = {
	.name = "network rm", .usage = "NAME [NAME...]", .summary = "Remove networks",
	.options = no_options, .min_args = 1, .max_args = -1, .run = run_rm,
};
const struct command command_network_prune = {
	.name = "network prune", .usage = "", .summary = "Remove networks that no container uses",
	.options = no_options, .run = run_prune,
};
