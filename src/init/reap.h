/* SPDX-License-Identifier: Apache-2.0 */
/* A child, the signals forwarded to it, and the orphans reaped while it runs. */
#ifndef INIT_REAP_H
#define INIT_REAP_H

#include <stdbool.h>

struct reap_settings {
	bool group;		/* signals go to the child's whole process group */
	bool warn_reaped;	/* say so when an orphan is reaped */
};

/* How the child ended */
struct reap_result {
	int status;		/* its exit status, or 128 + the number of the signal */
	int killed_by;		/* number of the signal that ended it, or 0 */
	int stop_signal;	/* last request to stop that was forwarded to it, or 0 */
};

/* What a child does; returns its exit status */
typedef int (*reap_body_fn)(void *context);

/**
 * init_reap_run() - Start a child and reap until it ends
 * @body: runs in the child, which leads a process group of its own, in the foreground if stdin is a
 *        terminal; all signals are still blocked there
 *
 * init_signals_block() comes first.
 * Every other process that has become our child is reaped as it ends; those that outlive the child
 * are left to the next call, or to the kernel when PID 1 ends.
 * Return: false if there could be no child (the cause has been said)
 */
bool init_reap_run(const struct reap_settings *settings, reap_body_fn body, void *context,
		   struct reap_result *ret_result);

#endif
