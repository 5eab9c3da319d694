/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tries of a wait, and its deadline.
 *
 * Each try keeps its own time with poll(2). Only the look-up of a name, inside libc, cannot be told
 * a time; for it an alarm goes off a little after the deadline. Its handler may call next to
 * nothing, so the line it writes is prepared before each try.
 */
#include "wait.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "duration.h"
#include "init/constants.h"
#include "message.h"
#include "probe.h"

#define TRY_TIME_MAX_US		(5 * USEC_PER_SEC)	/* then the server is asked anew */
#define PAUSE_FIRST_US		(50 * USEC_PER_MSEC)
#define PAUSE_MAX_US		(1000 * USEC_PER_MSEC)
#define PAUSE_GROWTH(us)	((us) * 5 / 4)		/* a second after a dozen tries */
#define ALARM_SLACK_US		(100 * USEC_PER_MSEC)	/* lets the usual way out come first */

/* The alarm's last words. Two lines take turns: the handler never sees one half written */
static struct {
	char text[2][MESSAGE_LENGTH_MAX];
	int length[2];
	volatile sig_atomic_t current;
	int64_t not_before_us;	/* an alarm that somebody else has sent comes before */
} last_words;

static const char *plural_of_try(int tries)
{
	return tries == 1 ? "try" : "tries";
}

static void prepare_last_words(const char *action, const struct url *url,
			       const struct wait_limits *limits, int tries,
			       const struct cause *cause)
{
	int next = !last_words.current;
	last_words.length[next] = init_message_format(
		last_words.text[next], "%s %s: timed out after %s (%d %s): %s", action,
		url->display, limits->timeout_text, tries, plural_of_try(tries), cause->text);
	atomic_signal_fence(memory_order_release);
	last_words.current = next;
}

static void say_last_words(void)
{
	int current = last_words.current;
	ssize_t written = write(STDERR_FILENO, last_words.text[current],
				(size_t)last_words.length[current]);
	(void)written;	/* nobody is left to be told */
}

static void on_alarm(int signal_number)
{
	(void)signal_number;
	if (init_clock_us() < last_words.not_before_us)
		return;
	say_last_words();
	_exit(INIT_EXIT_FAILURE);
}

/* To go off a little after timeout_us */
static void arm_alarm(int64_t timeout_us)
{
	last_words.not_before_us = init_clock_us() + timeout_us;
	int64_t delay_us = timeout_us + ALARM_SLACK_US;
	struct sigaction action = { .sa_handler = on_alarm };
	sigset_t set;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGALRM);
	struct itimerval timer = {
		.it_value.tv_sec = (time_t)(delay_us / USEC_PER_SEC),
		.it_value.tv_usec = (suseconds_t)(delay_us % USEC_PER_SEC),
	};
	/* None of these can fail with constant arguments and a time in range */
	(void)sigaction(SIGALRM, &action, NULL);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	(void)setitimer(ITIMER_REAL, &timer, NULL);
}

static void pause_for(int64_t us)
{
	if (us <= 0)
		return;
	struct timespec left = {
		.tv_sec = (time_t)(us / USEC_PER_SEC),
		.tv_nsec = (long)(us % USEC_PER_SEC * 1000),
	};
	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

static int64_t earlier(int64_t a_us, int64_t b_us)
{
	return a_us < b_us ? a_us : b_us;
}

int init_wait(const struct url *url, const struct wait_limits *limits)
{
	int64_t start_us = init_clock_us();
	int64_t deadline_us = start_us + limits->timeout_us;
	int64_t pause_us = PAUSE_FIRST_US;
	struct cause cause;
	init_cause_set(&cause, "look up '%s': no answer", url->host);
	prepare_last_words("wait for", url, limits, 0, &cause);
	arm_alarm(limits->timeout_us);
	for (int tries = 1;; tries++) {
		int64_t try_us = earlier(deadline_us, init_clock_us() + TRY_TIME_MAX_US);
		enum probe_result result = init_probe(url, try_us, &cause);
		int64_t now_us = init_clock_us();
		if (result == PROBE_READY) {
			init_message(MESSAGE_NOTICE, "%s ready after %lld ms (%d %s)", url->display,
				     (long long)((now_us - start_us) / USEC_PER_MSEC), tries,
				     plural_of_try(tries));
			return EXIT_SUCCESS;
		}
		if (result == PROBE_REFUSED) {
			init_message(MESSAGE_ERROR, "wait for %s: %s", url->display, cause.text);
			return INIT_EXIT_FAILURE;
		}
		if (tries == limits->tries_max) {
			init_message(MESSAGE_ERROR, "wait for %s: gave up after %d %s: %s",
				     url->display, tries, plural_of_try(tries), cause.text);
			return INIT_EXIT_FAILURE;
		}
		prepare_last_words("wait for", url, limits, tries, &cause);
		pause_for(earlier(pause_us, deadline_us - now_us));
		if (init_clock_us() >= deadline_us) {
			say_last_words();
			return INIT_EXIT_FAILURE;
		}
		pause_us = earlier(PAUSE_GROWTH(pause_us), PAUSE_MAX_US);
	}
}

int init_wait_probe(const struct url *url, const struct wait_limits *limits)
{
	struct cause cause;
	init_cause_set(&cause, "look up '%s': no answer", url->host);
	prepare_last_words("probe", url, limits, 0, &cause);
	arm_alarm(limits->timeout_us);
	if (init_probe(url, init_clock_us() + limits->timeout_us, &cause) == PROBE_READY)
		return EXIT_SUCCESS;
	init_message(MESSAGE_ERROR, "probe %s: %s", url->display, cause.text);
	return INIT_EXIT_FAILURE;
}
