/* SPDX-License-Identifier: Apache-2.0 */
/* What firkin-init does to its own signals, undone for its children; and the names of signals. */
#ifndef INIT_SIGNALS_H
#define INIT_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

/* As found at the start */
struct signal_state {
	sigset_t mask;
	struct sigaction chld;
	struct sigaction ttin;
	struct sigaction ttou;
};

/** init_signals_block() - Block what is to be forwarded; returns false with errno set */
bool init_signals_block(struct signal_state *ret_state);

/** init_signals_restore() - In a child: all as it was found; returns false with errno set */
bool init_signals_restore(const struct signal_state *state);

/** init_signals_let_stop() - In a child that waits: nothing but a request to stop ends it */
bool init_signals_let_stop(void);

/** init_signals_is_stop() - Is this signal a request to stop? HUP, INT, QUIT, TERM */
bool init_signals_is_stop(int number);

/** init_signals_wait() - The next of the blocked signals, or -1 if there was an interruption */
int init_signals_wait(void);

/** init_signals_name() - "SIGTERM"; "signal" for one without a name. Never NULL */
const char *init_signals_name(int number);

/** init_signals_parse() - "SIGTERM", "TERM" or "15" to its number; 0 if it is none of these */
int init_signals_parse(const char *text);

#endif
