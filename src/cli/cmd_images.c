/* SPDX-License-Identifier: Apache-2.0 */
/* images, rmi, tag. */
#include <stdio.h>

#include "codec/json.h"
#include "command.h"
#include "table.h"

enum { SHORT_ID = 12 };

struct listing {
	struct engine *engine;
	struct table table;
	bool quiet, json, no_trunc;
};

static const char *const image_titles[] = { "REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE", NULL };

static void format_size(uint64_t bytes, char ret_text[16])
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1000 && unit + 1 < ARRAY_SIZE(units)) {
		value /= 1000;
		unit++;
	}
	(void)snprintf(ret_text, 16, value < 10 && unit ? "%.2f%s" : value < 100 && unit ? "%.1f%s" : "%.0f%s",
		       value, units[unit]);
}

static void format_created(const char *created, char ret_text[40])
{
	struct timespec at, now = clock_wall();
	char age[32];

	if (!created || !clock_parse_rfc3339(str_from(created), &at)) {
		(void)snprintf(ret_text, 40, "N/A");
		return;
	}
	clock_format_age((usec_t)(now.tv_sec - at.tv_sec) * USEC_PER_SEC, age);
	(void)snprintf(ret_text, 40, "%s ago", age);
}

static void list_one(struct listing *l, const struct reference *ref, const struct image *img)
{
	struct reference name = { .domain = ref->domain, .path = ref->path };
	CLEANUP_FREE char *repository = reference_familiar(&name);
	char size[16], created[40];

	format_size(img->size_bytes, size);
	format_created(img->config.created, created);
	if (l->quiet) {
		(void)printf("%.*s\n", l->no_trunc ? 64 : SHORT_ID, img->config_digest);
		return;
	}
	if (l->json) {
		CLEANUP_JSON json_t *j = json_object();
		struct strbuf out CLEANUP_STRBUF = STRBUF_INIT(0);

		json_set_text(j, "Repository", repository);
		json_set_text(j, "Tag", ref->tag ? ref->tag : "<none>");
		json_set_text(j, "ID", img->config_digest);
		json_set_text(j, "Digest", img->manifest_digest);
		json_set_text(j, "CreatedAt", img->config.created);
		json_set_text(j, "Size", size);
		json_set_int(j, "SizeBytes", (int64_t)img->size_bytes);
		json_write(j, &out);
		(void)puts(strbuf_text(&out));
		return;
	}
	table_add(&l->table, repository);
	table_add(&l->table, ref->tag ? ref->tag : "<none>");
	table_addf(&l->table, "%.*s", l->no_trunc ? 64 : SHORT_ID, img->config_digest);
	table_add(&l->table, created);
	table_add(&l->table, size);
}

static int on_tag(void *ctx, const struct image_tag_info *info, struct error **err)
{
	struct listing *l = ctx;
	CLEANUP(image) struct image *img = NULL;
	struct reference ref = { 0 };
	int r = reference_parse(str_from(info->reference), &ref, err);

	if (r == 0)
		r = image_find(l->engine->store, info->manifest_digest, &img, err);
	if (r == 0)
		list_one(l, &ref, img);
	reference_fini(&ref);
	return r;
}

static int run_images(struct cli *cli, const struct arguments *args, struct error **err)
{
	struct listing l = { .table = { .titles = image_titles },
			     .quiet = args_switch(args, "quiet"),
			     .no_trunc = args_switch(args, "no-trunc"),
			     .json = args_has(args, "format") };
	int r = cli_engine(cli, &l.engine, err);

	if (r == 0 && l.json && strcmp(args_value(args, "format"), "json") != 0)
		return error_new(err, ERR_USAGE, "--format takes 'json'");
	if (r == 0)
		r = image_list_tags(l.engine->store, on_tag, &l, err);
	if (r == 0 && !l.quiet && !l.json)
		table_print(&l.table);
	strv_fini(&l.table.cells);
	return r;
}

static const struct option images_options[] = {
	{ 'q', "quiet", NULL, "Only image ids", false },
	{ 0, "no-trunc", NULL, "Whole ids", false },
	{ 0, "format", "json", "One JSON object per line", false },
	{ 0, NULL, NULL, NULL, false },
};

const struct command command_images = {
	.name = "images", .usage = "[OPTIONS]", .summary = "List images",
	.options = images_options, .run = run_images,
};

static int run_rmi(struct cli *cli, const struct arguments *args, struct error **err)
{
	struct engine *engine;
	int r = cli_engine(cli, &engine, err);

	for (size_t i = 0; r == 0 && i < args->positional.count; i++) {
		CLEANUP(image) struct image *img = NULL;

		/* Looked at by us, its content counts as ours: the collector need not spare it as
		 * something that another process has just made. */
		r = image_find(engine->store, args->positional.items[i], &img, err);
		if (r == 0)
			r = image_untag(engine->store, args->positional.items[i], err);
		if (r == 0)
			(void)printf("Untagged: %s\n", args->positional.items[i]);
	}
	if (r == 0) {
		uint64_t freed = 0;
		char size[16];

		r = store_collect(engine->store, &freed, err);
		format_size(freed, size);
		if (r == 0)
			(void)fprintf(stderr, "freed %s\n", size);
	}
	return r;
}

static const struct option no_options[] = { { 0, NULL, NULL, NULL, false } };

const struct command command_rmi = {
	.name = "rmi", .usage = "IMAGE [IMAGE...]", .summary = "Remove tags, and what nothing uses any more",
	.options = no_options, .min_args = 1, .max_args = -1, .run = run_rmi,
};

static int run_tag(struct cli *cli, const struct arguments *args, struct error **err)
{
	CLEANUP(image) struct image *img = NULL;
	struct engine *engine;
	int r = cli_engine(cli, &engine, err);

	if (r == 0)
		r = image_find(engine->store, args->positional.items[0], &img, err);
	if (r == 0)
		r = image_tag(engine->store, args->positional.items[1], img->manifest_digest, err);
	return r;
}

const struct command command_tag = {
	.name = "tag", .usage = "IMAGE NEW-REFERENCE", .summary = "Give an image one more name",
	.options = no_options, .min_args = 2, .max_args = 2, .run = run_tag,
};
