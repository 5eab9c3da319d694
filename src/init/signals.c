/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals are blocked and taken one by one with sigwaitinfo(2): there is no handler, hence nothing
 * to race with, and the kernel keeps a blocked signal for PID 1 that it would otherwise drop.
 */
#include "signals.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "duration.h"

static const struct signal_name {
	const char *name;
	int number;
} signal_names[] = {
	{ "SIGABRT", SIGABRT },	  { "SIGALRM", SIGALRM }, { "SIGBUS", SIGBUS },
	{ "SIGCHLD", SIGCHLD },	  { "SIGCONT", SIGCONT }, { "SIGFPE", SIGFPE },
	{ "SIGHUP", SIGHUP },	  { "SIGILL", SIGILL },	  { "SIGINT", SIGINT },
	{ "SIGIO", SIGIO },	  { "SIGKILL", SIGKILL }, { "SIGPIPE", SIGPIPE },
	{ "SIGPROF", SIGPROF },	  { "SIGPWR", SIGPWR },	  { "SIGQUIT", SIGQUIT },
	{ "SIGSEGV", SIGSEGV },	  { "SIGSTOP", SIGSTOP }, { "SIGSYS", SIGSYS },
	{ "SIGTERM", SIGTERM },	  { "SIGTRAP", SIGTRAP }, { "SIGTSTP", SIGTSTP },
	{ "SIGTTIN", SIGTTIN },	  { "SIGTTOU", SIGTTOU }, { "SIGURG", SIGURG },
	{ "SIGUSR1", SIGUSR1 },	  { "SIGUSR2", SIGUSR2 }, { "SIGVTALRM", SIGVTALRM },
	{ "SIGWINCH", SIGWINCH }, { "SIGXCPU", SIGXCPU }, { "SIGXFSZ", SIGXFSZ },
};

/*
 * These mean a fault of firkin-init itself, or its own terminal access: to forward them would be
 * wrong, and a fault that is blocked kills anyway.
 */
static const int own_signals[] = {
	SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP, SIGTTIN, SIGTTOU,
};

static const int stop_signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };

#define COUNT(table)	(sizeof(table) / sizeof((table)[0]))

/* sigfillset and friends fail only for a signal number out of range */
static sigset_t all_but(const int *numbers, size_t count)
{
	sigset_t set;
	(void)sigfillset(&set);
	for (size_t i = 0; i < count; i++)
		(void)sigdelset(&set, numbers[i]);
	return set;
}

bool init_signals_block(struct signal_state *ret_state)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	const struct sigaction usual = { .sa_handler = SIG_DFL };
	sigset_t set = all_but(own_signals, COUNT(own_signals));
	/*
	 * With SIGCHLD ignored by whoever started us, the kernel would reap, and the exit status be
	 * lost. TTIN and TTOU would stop us when a child owns the terminal.
	 */
	return sigprocmask(SIG_SETMASK, &set, &ret_state->mask) == 0 &&
	       sigaction(SIGCHLD, &usual, &ret_state->chld) == 0 &&
	       sigaction(SIGTTIN, &ignore, &ret_state->ttin) == 0 &&
	       sigaction(SIGTTOU, &ignore, &ret_state->ttou) == 0;
}

bool init_signals_restore(const struct signal_state *state)
{
	return sigaction(SIGCHLD, &state->chld, NULL) == 0 &&
	       sigaction(SIGTTIN, &state->ttin, NULL) == 0 &&
	       sigaction(SIGTTOU, &state->ttou, NULL) == 0 &&
	       sigprocmask(SIG_SETMASK, &state->mask, NULL) == 0;
}

bool init_signals_let_stop(void)
{
	const struct sigaction usual = { .sa_handler = SIG_DFL };
	sigset_t set = all_but(stop_signals, COUNT(stop_signals));
	for (size_t i = 0; i < COUNT(stop_signals); i++)
		if (sigaction(stop_signals[i], &usual, NULL) < 0)
			return false;
	return sigprocmask(SIG_SETMASK, &set, NULL) == 0;
}

bool init_signals_is_stop(int number)
{
	for (size_t i = 0; i < COUNT(stop_signals); i++)
		if (stop_signals[i] == number)
			return true;
	return false;
}

int init_signals_wait(void)
{
	sigset_t set = all_but(own_signals, COUNT(own_signals));
	siginfo_t info;
	int number = 0;
	do {
		number = sigwaitinfo(&set, &info);
		/* Our own message to a stderr that nobody reads is not for the child to suffer */
	} while (number == SIGPIPE && info.si_pid == getpid());
	return number;
}

const char *init_signals_name(int number)
{
	for (size_t i = 0; i < COUNT(signal_names); i++)
		if (signal_names[i].number == number)
			return signal_names[i].name;
	return "signal";
}

int init_signals_parse(const char *text)
{
	int number = 0;
	if (init_number_parse(text, SIGRTMAX, &number))
		return number;
	for (size_t i = 0; i < COUNT(signal_names); i++) {
		const char *name = signal_names[i].name;
		if (strcmp(name, text) == 0 || strcmp(name + strlen("SIG"), text) == 0)
			return signal_names[i].number;
	}
	return 0;
}
