/* SPDX-License-Identifier: Apache-2.0 */
/*
 * firkin-init: the first process of a container.
 *
 * Waits for servers, runs steps, then the command; each as a child of its own under the same loop
 * (reap.c), so that signals are heeded and orphans reaped all the time, even while a name is looked
 * up.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "duration.h"
#include "init/constants.h"
#include "message.h"
#include "options.h"
#include "reap.h"
#include "signals.h"
#include "wait.h"

#ifndef INIT_VERSION
#define INIT_VERSION	"unversioned"
#endif

/* What execvp() says, and the status that shells and tini have for it; 1 for any other error */
static const struct exec_error {
	int number;
	int status;
} exec_errors[] = {
	{ EACCES, INIT_EXIT_NOT_EXECUTABLE },
	{ ENOENT, INIT_EXIT_NOT_FOUND },
	{ ENOEXEC, INIT_EXIT_NOT_EXECUTABLE },
	{ ENOTDIR, INIT_EXIT_NOT_FOUND },
};

struct exec_context {
	char **argv;
	const struct signal_state *signals;
};

/* What is the same for all children */
struct process {
	const struct options *options;
	struct reap_settings reap;
	struct signal_state signals;	/* as found: commands and steps get them back */
};

struct wait_context {
	const struct url *url;
	const struct wait_limits *limits;
};

static const char *exec_hint(const char *file, int error)
{
	if (error == ENOEXEC)
		return " (built for another machine, or a script without a '#!' line)";
	if (error == ENOENT && strchr(file, '/') && access(file, F_OK) == 0)
		return " (the file is there: its interpreter or loader is not)";
	return "";
}

/* reap_body_fn of steps and the command */
static int exec_body(void *context)
{
	const struct exec_context *exec = context;
	char **argv = exec->argv;
	if (!init_signals_restore(exec->signals)) {
		init_message(MESSAGE_ERROR, "restore signals: %s", strerror(errno));
		return INIT_EXIT_FAILURE;
	}
	(void)execvp(argv[0], argv);
	int error = errno;
	init_message(MESSAGE_ERROR, "exec '%s': %s%s", argv[0], strerror(error),
		     exec_hint(argv[0], error));
	for (size_t i = 0; i < sizeof(exec_errors) / sizeof(exec_errors[0]); i++)
		if (exec_errors[i].number == error)
			return exec_errors[i].status;
	return INIT_EXIT_FAILURE;
}

/* A socket must not become descriptor 2, or messages would go to a server */
static void fill_standard_fds(void)
{
	int fd = 0;
	do {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		(void)close(fd);
}

/* reap_body_fn of waits */
static int wait_body(void *context)
{
	const struct wait_context *wait = context;
	fill_standard_fds();
	if (!init_signals_let_stop()) {
		init_message(MESSAGE_ERROR, "set signals: %s", strerror(errno));
		return INIT_EXIT_FAILURE;
	}
	return init_wait(wait->url, wait->limits);
}

/* condition: "VAR=VALUE", as the environment has it; a variable not set counts as empty */
static bool condition_holds(const char *condition)
{
	size_t name_length = strcspn(condition, "=") + 1;
	for (char **entry = environ; *entry; entry++)
		if (strncmp(*entry, condition, name_length) == 0)
			return strcmp(*entry, condition) == 0;
	return condition[name_length] == '\0';
}

/* A word for messages: what the user calls the action, with nothing secret in it */
static const char *action_name(const struct action *action)
{
	return action->kind == ACTION_WAIT ? action->url.display : action->argv[0];
}

static bool run_wait(const struct process *process, const struct action *action,
		     struct reap_result *ret_result)
{
	struct wait_context context = { &action->url, &process->options->limits };
	return init_reap_run(&process->reap, wait_body, &context, ret_result);
}

static bool run_step(const struct process *process, const struct action *action,
		     struct reap_result *ret_result)
{
	const char *name = action_name(action);
	struct exec_context context = { action->argv, &process->signals };
	int64_t start_us = init_clock_us();
	if (!init_reap_run(&process->reap, exec_body, &context, ret_result))
		return false;
	if (!ret_result->status)
		init_message(MESSAGE_NOTICE, "step '%s' done after %lld ms", name,
			     (long long)((init_clock_us() - start_us) / USEC_PER_MSEC));
	else if (!ret_result->killed_by)
		init_message(MESSAGE_ERROR, "step '%s' failed: exit status %d", name,
			     ret_result->status);
	return true;
}

/* Returns 0 if the next one may be started, or the exit status of firkin-init */
static int run_action(const struct process *process, const struct action *action)
{
	const char *name = action_name(action);
	const char *kind = action->kind == ACTION_WAIT ? "wait for" : "step";
	if (action->condition && !condition_holds(action->condition)) {
		init_message(MESSAGE_NOTICE, "step '%s' skipped: not %s", name, action->condition);
		return EXIT_SUCCESS;
	}
	struct reap_result result;
	bool started = action->kind == ACTION_WAIT ? run_wait(process, action, &result)
						   : run_step(process, action, &result);
	if (!started)
		return INIT_EXIT_FAILURE;
	if (result.killed_by)
		init_message(MESSAGE_ERROR, "%s '%s' ended by %s (%d)", kind, name,
			     init_signals_name(result.killed_by), result.killed_by);
	if (result.status || !result.stop_signal)
		return result.status;
	/* The step took the request to stop as its own and ended well; it was meant for all */
	init_message(MESSAGE_NOTICE, "stopped by %s before the command was started",
		     init_signals_name(result.stop_signal));
	return INIT_EXIT_SIGNAL_BASE + result.stop_signal;
}

/* Asks the kernel for what -p and -s want */
static bool prepare_process(const struct options *options)
{
	if (options->parent_death_signal &&
	    prctl(PR_SET_PDEATHSIG, (unsigned long)options->parent_death_signal) < 0) {
		init_message(MESSAGE_ERROR, "set parent death signal: %s", strerror(errno));
		return false;
	}
	if (options->subreaper && prctl(PR_SET_CHILD_SUBREAPER, 1UL) < 0) {
		init_message(MESSAGE_ERROR, "become a subreaper: %s", strerror(errno));
		return false;
	}
	int is_subreaper = 0;
	if (getpid() != 1 &&
	    (prctl(PR_GET_CHILD_SUBREAPER, &is_subreaper) < 0 || !is_subreaper))
		init_message(MESSAGE_NOTICE,
			     "neither PID 1 nor a subreaper: orphans will not be reaped; run "
			     INIT_PROGRAM " as PID 1, or give it " INIT_OPTION_SUBREAPER);
	return true;
}

static int run(const struct options *options)
{
	struct process process = {
		.options = options,
		.reap = { .group = options->group, .warn_reaped = options->warn_reaped },
	};
	if (!init_signals_block(&process.signals)) {
		init_message(MESSAGE_ERROR, "block signals: %s", strerror(errno));
		return INIT_EXIT_FAILURE;
	}
	if (!prepare_process(options))
		return INIT_EXIT_FAILURE;
	for (int i = 0; i < options->action_count; i++) {
		int status = run_action(&process, &options->actions[i]);
		if (status)
			return status;
	}
	struct exec_context context = { options->command, &process.signals };
	struct reap_result result;
	if (!init_reap_run(&process.reap, exec_body, &context, &result))
		return INIT_EXIT_FAILURE;
	return options->expected[result.status % STATUS_COUNT] ? EXIT_SUCCESS : result.status;
}

static int probe(const struct options *options)
{
	fill_standard_fds();
	return init_wait_probe(&options->probe_url, &options->limits);
}

int main(int argc, char **argv)
{
	(void)argc;
	static struct options options;
	if (!init_options_parse(argv, &options))
		return INIT_EXIT_FAILURE;
	init_message_set_verbosity(options.verbosity);
	switch (options.mode) {
	case MODE_RUN:
		/* Executed from a descriptor it would be called "memfd:firkin-in" in listings. */
		(void)prctl(PR_SET_NAME, INIT_PROGRAM);
		return run(&options);
	case MODE_PROBE:
		return probe(&options);
	case MODE_HELP:
		init_options_print_help();
		return EXIT_SUCCESS;
	case MODE_LICENSE:
		(void)dprintf(STDOUT_FILENO, "Apache-2.0\n");
		return EXIT_SUCCESS;
	case MODE_VERSION:
		(void)dprintf(STDOUT_FILENO, INIT_PROGRAM " " INIT_VERSION "\n");
		return EXIT_SUCCESS;
	}
	return INIT_EXIT_FAILURE;
}
