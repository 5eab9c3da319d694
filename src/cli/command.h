/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line as tables: one struct command per subcommand, one row per option. Parsing, help,
 * completion and the man pages come from the same table.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "base/error.h"
#include "base/report.h"
#include "base/strv.h"
#include "stack/stack.h"

/** struct option - One option; a row with long_name NULL ends the table */
struct option {
	char short_name; /* 0: none */
	const char *long_name;
	const char *value; /* name of the value in the help, NULL for a switch */
	const char *help;
	bool repeats;
};

enum { OPTIONS_MAX = 64 };

/** struct arguments - A parsed command line */
struct arguments {
	const struct option *options;
	struct strv values[OPTIONS_MAX]; /* by index of the option; switches hold "true" or "false" */
	struct strv positional;
};

/** struct cli - What every command gets */
struct cli {
	const char *store_path, *run_path;
	struct engine *engine; /* opened on first use by cli_engine() */
	struct arguments compose; /* options between "compose" and its subcommand */
	struct report warnings;
	bool color;	       /* standard error is a terminal */
};

/** struct command - One subcommand */
struct command {
	const char *name;    /* "build", "compose up" */
	const char *usage;   /* after the name: "[OPTIONS] PATH" */
	const char *summary; /* one line */
	const struct option *options;
	int min_args, max_args; /* max -1: any number */
	bool stop_at_positional; /* run, exec: what follows belongs to the program */
	int failure_status;	 /* exit status of an engine error where it is not 1: 125 for run, exec */
	/** @run: exit status of the program, or -ERR_* */
	int (*run)(struct cli *cli, const struct arguments *args, struct error **err);
};

extern const struct command command_build, command_images, command_tag, command_rmi, command_import,
	command_bootstrap, command_run, command_ps, command_logs, command_exec, command_stop,
	command_start, command_restart, command_kill, command_pause, command_unpause, command_rm,
	command_inspect, command_network_ls, command_network_create, command_network_rm,
	command_network_prune, command_compose_up, command_compose_down, command_compose_ps,
	command_compose_logs, command_compose_exec, command_compose_config, command_compose_build,
	command_compose_start, command_compose_stop, command_compose_restart;

/* All commands in the order of the help, ended by NULL. */
extern const struct command *const cli_commands[];

/* The options of "compose" itself: -f, -p ... */
extern const struct command command_compose;

/** cli_engine() - Store and run state, opened once */
int cli_engine(struct cli *cli, struct engine **ret, struct error **err);

/**
 * arguments_parse() - argv after the command's name
 * Return: 0, 1 when --help was asked for, -ERR_USAGE with a did-you-mean hint
 */
int arguments_parse(const struct command *command, char *const *argv, struct arguments *ret,
		    struct error **err);
void arguments_fini(struct arguments *args);

bool args_has(const struct arguments *args, const char *long_name);
bool args_switch(const struct arguments *args, const char *long_name);
const char *args_value(const struct arguments *args, const char *long_name); /* the last, or NULL */
const struct strv *args_values(const struct arguments *args, const char *long_name);

/** command_help() - The text of --help */
void command_help(const struct command *command, struct strbuf *out);

/** cli_help() - The overview */
void cli_help(struct strbuf *out);

#endif
