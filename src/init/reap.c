/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop of PID 1: take a signal; SIGCHLD means reap all there is, any other goes to the child.
 *
 * SIGCHLDs coalesce, hence waitpid(2) until it has nothing more. They stay pending while blocked,
 * hence a child that ends before the loop begins is not missed.
 */
#include "reap.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init/constants.h"
#include "message.h"
#include "signals.h"

/* In the child: a group of its own, in the foreground */
static bool isolate(void)
{
	if (setpgid(0, 0) < 0) {
		init_message(MESSAGE_ERROR, "setpgid: %s", strerror(errno));
		return false;
	}
	/* Nothing on stdin, or no terminal of ours: then there is no foreground to be in */
	if (tcsetpgrp(STDIN_FILENO, getpgrp()) < 0 && errno != ENOTTY && errno != ENXIO &&
	    errno != EBADF)
		init_message(MESSAGE_NOTICE, "tcsetpgrp: %s", strerror(errno));
	return true;
}

static pid_t spawn(reap_body_fn body, void *context)
{
	pid_t pid = fork();
	if (pid < 0) {
		init_message(MESSAGE_ERROR, "fork: %s", strerror(errno));
		return -1;
	}
	if (pid == 0)
		_exit(isolate() ? body(context) : INIT_EXIT_FAILURE);
	/*
	 * Done on both sides: a signal for the group may be forwarded before the child has run. When
	 * it is the child that was first, this fails, and that is fine.
	 */
	(void)setpgid(pid, pid);
	init_message(MESSAGE_INFO, "started process %d", (int)pid);
	return pid;
}

static void forward(const struct reap_settings *settings, pid_t child, int number)
{
	init_message(MESSAGE_DEBUG, "forward %s (%d)", init_signals_name(number), number);
	/* ESRCH: it has ended, which the SIGCHLD that follows will tell */
	if (kill(settings->group ? -child : child, number) < 0 && errno != ESRCH)
		init_message(MESSAGE_NOTICE, "forward %s (%d): %s", init_signals_name(number),
			     number, strerror(errno));
}

static void note_end(struct reap_result *result, int wait_status)
{
	if (WIFSIGNALED(wait_status)) {
		result->killed_by = WTERMSIG(wait_status);
		result->status = INIT_EXIT_SIGNAL_BASE + result->killed_by;
	} else {
		result->status = WEXITSTATUS(wait_status);
	}
	init_message(MESSAGE_INFO, "main process ended with status %d", result->status);
}

/* Reaps what has ended; true if the child was among it */
static bool reap(const struct reap_settings *settings, pid_t child, struct reap_result *result)
{
	bool ended = false;
	int wait_status = 0;
	pid_t pid = 0;
	while ((pid = waitpid(-1, &wait_status, WNOHANG)) > 0) {
		if (pid == child) {
			note_end(result, wait_status);
			ended = true;
		} else if (settings->warn_reaped) {
			init_message(MESSAGE_NOTICE, "reaped zombie process %d", (int)pid);
		} else {
			init_message(MESSAGE_DEBUG, "reaped process %d", (int)pid);
		}
	}
	return ended;
}

bool init_reap_run(const struct reap_settings *settings, reap_body_fn body, void *context,
		   struct reap_result *ret_result)
{
	struct reap_result result = { 0 };
	pid_t child = spawn(body, context);
	if (child < 0)
		return false;
	for (;;) {
		int number = init_signals_wait();
		if (number < 0)
			continue;	/* stopped and continued */
		if (number == SIGCHLD) {
			if (reap(settings, child, &result))
				break;
			continue;
		}
		if (init_signals_is_stop(number))
			result.stop_signal = number;
		forward(settings, child, number);
	}
	*ret_result = result;
	return true;
}
