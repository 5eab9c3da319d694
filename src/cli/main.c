/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The entry: global options, choice of the command, rendering of errors, exit status.
 */
#include <stdio.h>
#include <sys/stat.h>

#include "command.h"

/* firkin-init, put into this program by tools/embed. */
extern const char firkin_init_image[], firkin_init_image_end[];

static const struct option global_options[] = {
	{ 0, "root", "DIR", "Store: images, layers, containers, volumes (default /var/lib/firkin, FIRKIN_ROOT)", false },
	{ 0, "run", "DIR", "Run state: sockets, networks (default /run/firkin, FIRKIN_RUN)", false },
	{ 0, "image-alias", "FROM=TO", "Use image TO wherever FROM is named", true },
	{ 'v', "version", NULL, "Print the version", false },
	{ 0, NULL, NULL, NULL, false },
};

static const struct command global_command = {
	.name = "", .usage = "[OPTIONS] COMMAND", .options = global_options, .max_args = -1,
	.stop_at_positional = true,
};

void cli_help(struct strbuf *out)
{
	struct strbuf options CLEANUP_STRBUF = STRBUF_INIT(0);

	strbuf_add_text(out, "Usage: firkin [OPTIONS] COMMAND\n\n"
			     "Builds Dockerfiles, runs containers and compose stacks. No daemon.\n\n"
			     "Commands:\n");
	for (size_t i = 0; cli_commands[i]; i++)
		strbuf_addf(out, "  %-18s %s\n", cli_commands[i]->name, cli_commands[i]->summary);
	command_help(&global_command, &options);
	strbuf_add_text(out, strstr(strbuf_text(&options), "\nOptions:"));
	strbuf_add_text(out, "\n'firkin COMMAND --help' explains a command.\n");
}

static void warn_on_stderr(void *ctx, const struct error_position *pos, const char *code,
			   const char *text)
{
	(void)ctx;
	if (pos && pos->file)
		(void)fprintf(stderr, "%s:%u:%u: ", pos->file, pos->line, pos->column);
	(void)fprintf(stderr, "warning: %s%s%s%s\n", text, code ? " [" : "", code ? code : "",
		      code ? "]" : "");
}

static void print_error(const struct cli *cli, const struct error *err)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);

	error_format(err, &text);
	(void)fprintf(stderr, "%serror:%s %s", cli->color ? "\033[1;31m" : "",
		      cli->color ? "\033[0m" : "", strbuf_text(&text));
}

int cli_engine(struct cli *cli, struct engine **ret, struct error **err)
{
	if (!cli->engine) {
		int r = engine_open(cli->store_path, cli->run_path, &cli->engine, err);

		if (r < 0)
			return r;
		cli->engine->init_binary = firkin_init_image;
		cli->engine->init_size = (size_t)(firkin_init_image_end - firkin_init_image);
	}
	*ret = cli->engine;
	return 0;
}

/* The longest command name that the words begin with: "compose up" before "compose". */
static const struct command *find_command(const struct strv *words, size_t *ret_used)
{
	for (size_t i = 0; cli_commands[i]; i++) {
		str name = str_from(cli_commands[i]->name), part;
		size_t used = 0;
		bool match = true;

		while (match && str_cut(&name, ' ', &part)) {
			match = used < words->count && str_is(part, words->items[used]);
			used++;
		}
		if (match) {
			*ret_used = used;
			return cli_commands[i];
		}
	}
	return NULL;
}

static int unknown_command(const struct strv *words, struct error **err)
{
	CLEANUP_FREE char *word = strcmp(words->items[0], "compose") == 0 && words->count > 1
					  ? x_asprintf("compose %s", words->items[1])
					  : x_strdup(words->items[0]);
	const char *near = NULL;
	size_t best = 3;

	for (size_t i = 0; cli_commands[i]; i++) {
		size_t d = str_distance(str_from(word), str_from(cli_commands[i]->name));

		if (d < best) {
			best = d;
			near = cli_commands[i]->name;
		}
	}
	(void)error_new(err, ERR_USAGE, "unknown command '%s'", word);
	return near ? error_hint(err, "did you mean 'firkin %s'?", near)
		    : error_hint(err, "'firkin --help' lists the commands");
}

static int add_aliases(const struct strv *aliases, struct error **err)
{
	for (size_t i = 0; i < aliases->count; i++) {
		str from, to;

		if (!str_split_once(str_from(aliases->items[i]), '=', &from, &to))
			return error_new(err, ERR_USAGE, "--image-alias '%s' is not FROM=TO",
					 aliases->items[i]);
		CLEANUP_FREE char *from_text = str_dup(from), *to_text = str_dup(to);
		int r = image_add_alias(from_text, to_text, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int print_help(const struct command *command)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);

	if (command)
		command_help(command, &text);
	else
		cli_help(&text);
	(void)fputs(strbuf_text(&text), stdout);
	return 0;
}

static int run_command(struct cli *cli, const struct command *command, char *const *argv,
		       struct error **err)
{
	struct arguments args;
	int r = arguments_parse(command, argv, &args, err);

	if (r == 1)
		r = print_help(command);
	else if (r == 0)
		r = command->run(cli, &args, err);
	arguments_fini(&args);
	return r;
}

static const char *first_of(const char *a, const char *b, const char *c)
{
	return a ? a : b && *b ? b : c;
}

/* "compose -f x up": options before the subcommand are the project's, as with Docker. */
static int split_compose(struct cli *cli, struct strv *words, struct error **err)
{
	int r;

	if (strcmp(words->items[0], "up") == 0 || strcmp(words->items[0], "down") == 0) {
		struct strv longer = STRV_INIT;

		strv_add(&longer, "compose");
		strv_add_all(&longer, words);
		strv_fini(words);
		*words = longer;
	}
	if (strcmp(words->items[0], "compose") != 0)
		return 0;
	r = arguments_parse(&command_compose, words->items + 1, &cli->compose, err);
	if (r != 0)
		return r == 1 ? print_help(&command_compose) + 1 : r;
	if (cli->compose.positional.count == 0)
		return print_help(&command_compose) + 1;
	strv_fini(words);
	strv_add(words, "compose");
	strv_add_all(words, &cli->compose.positional);
	return 0;
}

static int dispatch(struct cli *cli, struct arguments *global, int *ret_failure_status,
		    struct error **err)
{
	struct strv *words = &global->positional;
	const struct command *command;
	size_t used = 0;
	int r = add_aliases(args_values(global, "image-alias"), err);

	if (r < 0)
		return r;
	cli->store_path = first_of(args_value(global, "root"), getenv("FIRKIN_ROOT"), "/var/lib/firkin");
	cli->run_path = first_of(args_value(global, "run"), getenv("FIRKIN_RUN"), "/run/firkin");
	if (args_switch(global, "version")) {
		(void)printf("firkin version %s\n", FIRKIN_VERSION);
		return 0;
	}
	if (words->count == 0 || strcmp(words->items[0], "help") == 0)
		return print_help(NULL);
	r = split_compose(cli, words, err);
	if (r != 0)
		return r < 0 ? r : 0;
	command = find_command(words, &used);
	if (!command)
		return unknown_command(words, err);
	*ret_failure_status = command->failure_status;
	return run_command(cli, command, words->items + used, err);
}

/* What the shell sees: the program's own status, 126 or 127 when it could not start, else an engine error. */
static int exit_status(int r, const struct error *err, int failure_status)
{
	int program = error_status(err);

	if (r >= 0)
		return r;
	if (failure_status && (program == 126 || program == 127))
		return program;
	return failure_status ? failure_status : 1;
}

int main(int argc, char **argv)
{
	CLEANUP(error) struct error *err = NULL;
	struct cli cli = { .warnings = { .warn = warn_on_stderr }, .color = isatty(STDERR_FILENO) == 1 };
	struct arguments global = { 0 };
	int failure_status = 0;

	(void)argc;
	(void)umask(022); /* what we make has the modes that we say, whoever calls us */
	int r = arguments_parse(&global_command, argv + 1, &global, &err);

	if (r == 1)
		r = print_help(NULL);
	else if (r == 0)
		r = dispatch(&cli, &global, &failure_status, &err);
	if (err)
		print_error(&cli, err);
	arguments_fini(&global);
	arguments_fini(&cli.compose);
	engine_close(cli.engine);
	if (fflush(stdout) == EOF && r >= 0)
		r = -ERR_IO;
	return exit_status(r, err, failure_status);
}
