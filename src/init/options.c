/* SPDX-License-Identifier: Apache-2.0 */
/* One table holds the options; the parser and the help both read it. */
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "duration.h"
#include "init/constants.h"
#include "message.h"
#include "signals.h"

#define TRIES_LIMIT	1000000
#define VERBOSITY_LIMIT	100

struct parser {
	struct options *options;
	char **next;		/* first argument not taken yet */
	const char *condition;	/* --run-if that still wants its --step */
};

struct option {
	const char *name;
	const char *value;	/* what the help calls it; NULL: takes none */
	const char *help;
	bool (*take)(struct parser *parser, const char *value);
};

static bool fail(const char *text)
{
	init_message(MESSAGE_ERROR, "%s; see " INIT_PROGRAM " " INIT_OPTION_HELP, text);
	return false;
}

static bool take_group(struct parser *parser, const char *value)
{
	(void)value;
	parser->options->group = true;
	return true;
}

static bool take_subreaper(struct parser *parser, const char *value)
{
	(void)value;
	parser->options->subreaper = true;
	return true;
}

static bool take_warn_reaped(struct parser *parser, const char *value)
{
	(void)value;
	parser->options->warn_reaped = true;
	return true;
}

static bool take_verbose(struct parser *parser, const char *value)
{
	(void)value;
	parser->options->verbosity++;
	return true;
}

static bool take_parent_death(struct parser *parser, const char *value)
{
	parser->options->parent_death_signal = init_signals_parse(value);
	if (parser->options->parent_death_signal)
		return true;
	return fail(INIT_OPTION_PARENT_DEATH " takes the name of a signal, such as SIGTERM");
}

static bool take_expect(struct parser *parser, const char *value)
{
	int status = 0;
	if (!init_number_parse(value, STATUS_COUNT - 1, &status))
		return fail(INIT_OPTION_EXPECT " takes an exit status from 0 to 255");
	parser->options->expected[status] = true;
	return true;
}

static struct action *add_action(struct parser *parser, enum action_kind kind)
{
	struct options *options = parser->options;
	if (options->action_count == ACTIONS_MAX) {
		fail("too many waits and steps: at most 32");
		return NULL;
	}
	struct action *action = &options->actions[options->action_count++];
	action->kind = kind;
	return action;
}

static bool take_wait(struct parser *parser, const char *value)
{
	struct action *action = add_action(parser, ACTION_WAIT);
	if (!action)
		return false;
	struct cause cause;
	if (init_url_parse(&action->url, value, &cause))
		return true;
	init_message(MESSAGE_ERROR, INIT_OPTION_WAIT ": %s", cause.text);
	return false;
}

static bool take_timeout(struct parser *parser, const char *value)
{
	parser->options->limits.timeout_text = value;
	if (init_duration_parse(value, &parser->options->limits.timeout_us))
		return true;
	init_message(MESSAGE_ERROR, "'%s' is not a duration such as 30s, 1m30s or 500ms", value);
	return false;
}

static bool take_tries(struct parser *parser, const char *value)
{
	int *tries_max = &parser->options->limits.tries_max;
	if (init_number_parse(value, TRIES_LIMIT, tries_max) && *tries_max)
		return true;
	return fail(INIT_OPTION_WAIT_TRIES " takes a number from 1 on");
}

static bool take_run_if(struct parser *parser, const char *value)
{
	const char *equals = strchr(value, '=');
	if (!equals || equals == value)
		return fail(INIT_OPTION_RUN_IF " takes VAR=VALUE");
	if (parser->condition)
		return fail("a step can have one " INIT_OPTION_RUN_IF " only");
	parser->condition = value;
	return true;
}

static bool take_step(struct parser *parser, const char *value)
{
	(void)value;
	struct action *action = add_action(parser, ACTION_STEP);
	if (!action)
		return false;
	action->argv = parser->next;
	action->condition = parser->condition;
	parser->condition = NULL;
	while (*parser->next && strcmp(*parser->next, INIT_OPTION_END_STEP) != 0)
		parser->next++;
	if (!*parser->next)
		return fail(INIT_OPTION_STEP " has no " INIT_OPTION_END_STEP);
	*parser->next++ = NULL;
	return action->argv[0] ? true : fail(INIT_OPTION_STEP " has no command");
}

static bool take_help(struct parser *parser, const char *value)
{
	(void)value;
	parser->options->mode = MODE_HELP;
	return true;
}

static bool take_license(struct parser *parser, const char *value)
{
	(void)value;
	parser->options->mode = MODE_LICENSE;
	return true;
}

static bool take_version(struct parser *parser, const char *value)
{
	(void)value;
	parser->options->mode = MODE_VERSION;
	return true;
}

static const struct option run_options[] = {
	{ INIT_OPTION_GROUP, NULL, "forward signals to the whole process group of CMD",
	  take_group },
	{ INIT_OPTION_SUBREAPER, NULL, "reap orphans also when not PID 1", take_subreaper },
	{ INIT_OPTION_PARENT_DEATH, "SIGNAL", "act as on SIGNAL when the parent process dies",
	  take_parent_death },
	{ INIT_OPTION_EXPECT, "STATUS", "exit 0 when CMD exits with STATUS (repeatable)",
	  take_expect },
	{ INIT_OPTION_VERBOSE, NULL, "say more (repeatable)", take_verbose },
	{ INIT_OPTION_WARN_REAPED, NULL, "say so when an orphan is reaped", take_warn_reaped },
	{ INIT_OPTION_WAIT, "URL", "wait until the server is ready (repeatable)", take_wait },
	{ INIT_OPTION_WAIT_TIMEOUT, "DURATION",
	  "give each wait so much time (" WAIT_TIMEOUT_DEFAULT ")", take_timeout },
	{ INIT_OPTION_WAIT_TRIES, "N", "give up a wait after N tries (no limit)", take_tries },
	{ INIT_OPTION_RUN_IF, "VAR=VALUE", "skip the next step unless the variable has the value",
	  take_run_if },
	{ INIT_OPTION_STEP, NULL, "first run what follows, up to " INIT_OPTION_END_STEP,
	  take_step },
	{ "-l", NULL, "show the licence", take_license },
	{ INIT_OPTION_VERSION, NULL, "show the version", take_version },
	{ "-h", NULL, "show this help", take_help },
	{ INIT_OPTION_HELP, NULL, "show this help", take_help },
	{ NULL, NULL, NULL, NULL },
};

static const struct option probe_options[] = {
	{ INIT_PROBE_OPTION_TIMEOUT, "DURATION",
	  "time for the one try (" PROBE_TIMEOUT_DEFAULT ")", take_timeout },
	{ INIT_OPTION_HELP, NULL, "show this help", take_help },
	{ NULL, NULL, NULL, NULL },
};

static const struct option *find_option(const struct option *table, const char *name, size_t length)
{
	for (const struct option *o = table; o->name; o++)
		if (strlen(o->name) == length && strncmp(o->name, name, length) == 0)
			return o;
	/* Behind '=' may be a password: only the name is shown */
	init_message(MESSAGE_ERROR,
		     "unknown option '%.*s'; see " INIT_PROGRAM " " INIT_OPTION_HELP, (int)length,
		     name);
	return NULL;
}

/* value: what is attached to the option, or NULL */
static bool take_option(struct parser *parser, const struct option *option, const char *value)
{
	if (option->value && !value)
		value = *parser->next ? *parser->next++ : NULL;
	if (!option->value == !value)
		return option->take(parser, value);
	init_message(MESSAGE_ERROR, "option %s takes %s", option->name,
		     option->value ? option->value : "no value");
	return false;
}

static bool take_long(struct parser *parser, const struct option *table, const char *argument)
{
	size_t length = strcspn(argument, "=");
	const struct option *option = find_option(table, argument, length);
	return option &&
	       take_option(parser, option, argument[length] ? argument + length + 1 : NULL);
}

/* "-gs" is "-g -s", and "-e143" is "-e 143" */
static bool take_short(struct parser *parser, const struct option *table, const char *argument)
{
	for (const char *letter = argument + 1; *letter; letter++) {
		const char name[] = { '-', *letter, '\0' };
		const struct option *option = find_option(table, name, strlen(name));
		if (!option)
			return false;
		bool attached = option->value && letter[1];
		if (!take_option(parser, option, attached ? letter + 1 : NULL))
			return false;
		if (attached)
			break;
	}
	return true;
}

/* Takes options up to the first other argument, "--" included */
static bool take_options(struct parser *parser, const struct option *table)
{
	while (*parser->next && parser->next[0][0] == '-' && parser->next[0][1]) {
		const char *argument = *parser->next++;
		if (strcmp(argument, INIT_END_OF_OPTIONS) == 0)
			return true;
		bool taken = argument[1] == '-' ? take_long(parser, table, argument)
						: take_short(parser, table, argument);
		if (!taken)
			return false;
		if (parser->options->mode != MODE_RUN && parser->options->mode != MODE_PROBE)
			return true;
		if (parser->condition && *parser->next &&
		    strcmp(*parser->next, INIT_OPTION_STEP) != 0)
			return fail(INIT_OPTION_RUN_IF " must be followed by " INIT_OPTION_STEP);
	}
	return true;
}

/* A bad value is no reason to keep a container from starting: tini takes anything */
static void parse_environment(struct options *options)
{
	options->group = getenv(INIT_ENV_GROUP) != NULL;
	options->subreaper = getenv(INIT_ENV_SUBREAPER) != NULL;
	options->verbosity = MESSAGE_NOTICE;
	const char *verbosity = getenv(INIT_ENV_VERBOSITY);
	if (verbosity && !init_number_parse(verbosity, VERBOSITY_LIMIT, &options->verbosity))
		init_message(MESSAGE_NOTICE, INIT_ENV_VERBOSITY " is not a number: ignored");
}

static bool parse_run(struct parser *parser)
{
	struct options *options = parser->options;
	parse_environment(options);
	if (!take_timeout(parser, WAIT_TIMEOUT_DEFAULT) || !take_options(parser, run_options))
		return false;
	options->command = parser->next;
	if (options->mode != MODE_RUN || *options->command)
		return true;
	return fail("no command is given");
}

static bool parse_probe(struct parser *parser)
{
	struct options *options = parser->options;
	options->mode = MODE_PROBE;
	if (!take_timeout(parser, PROBE_TIMEOUT_DEFAULT) || !take_options(parser, probe_options))
		return false;
	if (options->mode != MODE_PROBE)
		return true;
	const char *text = *parser->next;
	if (!text)
		return fail(INIT_PROBE " takes a URL");
	parser->next++;
	/* "probe URL --timeout 2s" as well as "probe --timeout 2s URL" */
	if (!take_options(parser, probe_options))
		return false;
	if (*parser->next)
		return fail(INIT_PROBE " takes one URL");
	struct cause cause;
	if (init_url_parse(&options->probe_url, text, &cause))
		return true;
	init_message(MESSAGE_ERROR, INIT_PROBE ": %s", cause.text);
	return false;
}

bool init_options_parse(char **argv, struct options *ret_options)
{
	struct parser parser = { .options = ret_options, .next = argv };
	if (*parser.next)
		parser.next++;
	if (*parser.next && strcmp(*parser.next, INIT_PROBE) == 0) {
		parser.next++;
		return parse_probe(&parser);
	}
	return parse_run(&parser);
}

static void print_table(const struct option *table)
{
	for (const struct option *o = table; o->name; o++) {
		int width = dprintf(STDOUT_FILENO, "  %s%s%s", o->name, o->value ? " " : "",
				    o->value ? o->value : "");
		(void)dprintf(STDOUT_FILENO, "%*s%s\n", width < 28 ? 28 - width : 1, "", o->help);
	}
}

void init_options_print_help(void)
{
	(void)dprintf(STDOUT_FILENO,
		      "Usage: %s [OPTION]... [--] CMD [ARG]...\n"
		      "       %s probe [OPTION]... URL\n"
		      "\n"
		      "Runs CMD as the first process of a container: forwards signals to it, reaps\n"
		      "orphans, and exits with its status (128 + N when signal N ended it, 127 when\n"
		      "it is not found, 126 when it cannot be executed).\n"
		      "\n"
		      "Options:\n",
		      INIT_PROGRAM, INIT_PROGRAM);
	print_table(run_options);
	(void)dprintf(STDOUT_FILENO,
		      "\n"
		      "Waits and steps come before CMD, in the order given. When one fails, or TERM,\n"
		      "INT, QUIT or HUP arrives, CMD is not started; -e does not count for them.\n"
		      "\n"
		      "Options of probe, which tries once and exits 0 (ready) or 1:\n");
	print_table(probe_options);
	(void)dprintf(STDOUT_FILENO,
		      "\n"
		      "URL:\n"
		      "  tcp://HOST:PORT                           the port accepts a connection\n"
		      "  http://HOST[:PORT]/PATH                   the answer has status 2xx or 3xx\n"
		      "  postgres://[USER[:PW]@]HOST[:PORT][/DB]   the server takes logins\n"
		      "  redis://[[USER]:PW@]HOST[:PORT][/DB]      PING is answered, after AUTH\n"
		      "  @VAR                                      the URL in that variable, which\n"
		      "                                            keeps passwords off the list of\n"
		      "                                            processes\n"
		      "\n"
		      "A command called \"probe\", or one that begins with a dash, needs \"--\" before\n"
		      "it. Environment: %s, %s, %s\n"
		      "(0 to be silent but for errors).\n",
		      INIT_ENV_GROUP, INIT_ENV_SUBREAPER, INIT_ENV_VERBOSITY);
}
