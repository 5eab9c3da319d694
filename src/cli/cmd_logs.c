/* SPDX-License-Identifier: Apache-2.0 */
/* logs: what containers wrote. */
#include <stdio.h>

#include "containers.h"

struct log_view {
	bool timestamps, prefix, color;
	int width;
	struct container_info *const *list;
	size_t count;
};

static size_t index_of(const struct log_view *v, const struct container_info *c)
{
	size_t i = 0;

	while (i < v->count && v->list[i] != c)
		i++;
	return i;
}

static void print_line(void *ctx, const struct container_info *c, struct timespec at, bool is_stderr,
		       str text)
{
	const struct log_view *v = ctx;
	FILE *to = is_stderr && !v->prefix ? stderr : stdout;

	if (v->prefix && v->color)
		(void)fprintf(to, "\033[3%zum%-*s |\033[0m ", 1 + index_of(v, c) % 6, v->width,
			      c->service.container_name);
	else if (v->prefix)
		(void)fprintf(to, "%-*s | ", v->width, c->service.container_name);
	if (v->timestamps) {
		char when[36];

		clock_format_rfc3339(at, when);
		(void)fprintf(to, "%s ", when);
	}
	(void)fwrite(text.ptr, 1, text.len, to);
	if (v->prefix && (text.len == 0 || text.ptr[text.len - 1] != '\n'))
		(void)fputc('\n', to);
	(void)fflush(to);
}

/* A moment as RFC 3339, seconds since 1970, or a duration before now. */
static int parse_moment(const char *text, struct timespec *ret, struct error **err)
{
	int64_t ns;
	uint64_t seconds;

	if (!text || clock_parse_rfc3339(str_from(text), ret))
		return 0;
	if (str_to_u64(str_from(text), INT64_MAX, &seconds)) {
		*ret = (struct timespec){ .tv_sec = (time_t)seconds };
		return 0;
	}
	if (!duration_parse(str_from(text), &ns))
		return error_new(err, ERR_USAGE, "'%s' is neither a time (RFC 3339) nor a duration (10m)",
				 text);
	*ret = clock_wall();
	ret->tv_sec -= (time_t)(ns / 1000000000);
	return 0;
}

static void set_width(struct log_view *view)
{
	for (size_t i = 0; i < view->count; i++) {
		int len = (int)strlen(view->list[i]->service.container_name);

		if (len > view->width)
			view->width = len;
	}
}

int containers_follow(const struct engine *e, struct container_info *const *list, size_t count,
		      const struct stack_log_options *opt, struct error **err)
{
	struct log_view view = { .prefix = true, .color = isatty(STDOUT_FILENO) == 1, .list = list,
				 .count = count };

	set_width(&view);
	return stack_logs(e, list, count, opt, print_line, &view, err);
}

int containers_print_logs(const struct engine *e, struct container_info *const *list, size_t count,
			  const struct arguments *args, bool prefix, struct error **err)
{
	struct log_view view = { .timestamps = args_switch(args, "timestamps"), .prefix = prefix,
				 .color = isatty(STDOUT_FILENO) == 1, .list = list, .count = count };
	struct stack_log_options opt = { .follow = args_switch(args, "follow"), .tail = -1 };
	const char *tail = args_value(args, "tail");
	uint64_t lines;
	int r = parse_moment(args_value(args, "since"), &opt.since, err);

	if (r == 0)
		r = parse_moment(args_value(args, "until"), &opt.until, err);
	if (r == 0 && tail && strcmp(tail, "all") != 0) {
		if (!str_to_u64(str_from(tail), INT64_MAX, &lines))
			return error_new(err, ERR_USAGE, "--tail '%s' is not a number of lines", tail);
		opt.tail = (int64_t)lines;
	}
	set_width(&view);
	return r < 0 ? r : stack_logs(e, list, count, &opt, print_line, &view, err);
}

static int run_logs(struct cli *cli, const struct arguments *args, struct error **err)
{
	CLEANUP(container_info) struct container_info *c = NULL;
	struct engine *engine;
	int r = cli_engine(cli, &engine, err);

	if (r == 0)
		r = stack_find(engine, args->positional.items[0], &c, err);
	return r < 0 ? r : containers_print_logs(engine, &c, 1, args, false, err);
}

static const struct option logs_options[] = {
	{ 'f', "follow", NULL, "Go on until the container ends", false },
	{ 'n', "tail", "LINES", "Only the last lines", false },
	{ 't', "timestamps", NULL, "Time in front of each line", false },
	{ 0, "since", "TIME", "Only from then on: RFC 3339 or 10m", false },
	{ 0, "until", "TIME", "Only up to then", false },
	{ 0, NULL, NULL, NULL, false },
};

const struct command command_logs = {
	.name = "logs", .usage = "[OPTIONS] CONTAINER", .summary = "Show what a container wrote",
	.options = logs_options, .min_args = 1, .max_args = 1, .run = run_logs,
};
