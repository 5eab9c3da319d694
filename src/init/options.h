/* SPDX-License-Identifier: Apache-2.0 */
/* The command line and tini's environment variables, checked whole before anything is started. */
#ifndef INIT_OPTIONS_H
#define INIT_OPTIONS_H

#include <stdbool.h>

#include "url.h"
#include "wait.h"

#define ACTIONS_MAX	32
#define STATUS_COUNT	256

enum mode {
	MODE_RUN,
	MODE_PROBE,
	MODE_HELP,
	MODE_LICENSE,
	MODE_VERSION,
};

enum action_kind {
	ACTION_WAIT,
	ACTION_STEP,
};

/* What comes before the command, in the order of the command line */
struct action {
	enum action_kind kind;
	struct url url;		/* of a wait */
	char **argv;		/* of a step; borrowed from main()'s, NULL at its end */
	const char *condition;	/* of a step: "VAR=VALUE", or NULL */
};

struct options {
	enum mode mode;
	bool group;
	bool subreaper;
	bool warn_reaped;
	int parent_death_signal;		/* 0: none */
	int verbosity;
	bool expected[STATUS_COUNT];		/* statuses of the command that count as 0 */
	struct wait_limits limits;
	struct action actions[ACTIONS_MAX];
	int action_count;
	char **command;				/* borrowed from main()'s argv */
	struct url probe_url;
};

/**
 * init_options_parse() - Read the command line and the environment
 * @argv:        as main() got it; a NULL takes the place of each --end-step
 * @ret_options: zeroed by the caller; too large for the stack
 * Return: false if there is a mistake, which has been said
 */
bool init_options_parse(char **argv, struct options *ret_options);

/** init_options_print_help() - Write the help to stdout */
void init_options_print_help(void);

#endif
