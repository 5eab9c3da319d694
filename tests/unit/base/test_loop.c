/* SPDX-License-Identifier: Apache-2.0 */
/* The event loop. */
#include "fixture.h"

#include <sys/wait.h>

#include "base/loop.h"

static struct loop *loop;
static struct loop_source *sources[8];
static struct strbuf log_of_calls;

static void setup(void)
{
	struct error *err = NULL;

	loop = loop_new(&err);
	ck_assert_ptr_nonnull(loop);
	log_of_calls = STRBUF_INIT(0);
}

static void teardown(void)
{
	loop_free(loop);
	strbuf_fini(&log_of_calls);
}

static void run_once(usec_t timeout)
{
	CLEANUP(error) struct error *err = NULL;

	ck_assert_int_eq(loop_run_once(loop, timeout, &err), 0);
}

static void note_timer(void *ctx)
{
	strbuf_add_text(&log_of_calls, ctx);
}

static void note_fd(void *ctx, int fd, uint32_t events)
{
	char c = 0;

	if (events & EPOLLIN)
		(void)!read(fd, &c, 1);
	strbuf_addf(&log_of_calls, "%s%s%s%s", (const char *)ctx, events & EPOLLIN ? "r" : "",
		    events & EPOLLOUT ? "w" : "", events & EPOLLHUP ? "h" : "");
}

static char *name(const char *text)
{
	return (char *)(uintptr_t)text;
}

START_TEST(test_descriptors)
{
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	struct loop_source *in = loop_add_fd(loop, fds[0], EPOLLIN, note_fd, name("a"));
	struct loop_source *out = loop_add_fd(loop, fds[1], 0, note_fd, name("b"));

	run_once(0);
	ck_assert_str_eq(strbuf_text(&log_of_calls), "");
	ck_assert_int_eq(fs_write_all(fds[1], "xy", 2), 0);
	run_once(-1);
	ck_assert_str_eq(strbuf_text(&log_of_calls), "ar");
	run_once(-1);
	run_once(0);
	ck_assert_str_eq(strbuf_text(&log_of_calls), "arar");
	loop_change_fd(out, EPOLLOUT);
	run_once(-1);
	ck_assert_str_eq(strbuf_text(&log_of_calls), "ararbw");
	loop_remove(out);
	loop_remove(out); /* until the end of the round it may be named again */
	loop_remove(NULL);
	close_fd(fds[1]);
	run_once(-1);
	ck_assert_str_eq(strbuf_text(&log_of_calls), "ararbwah");
	loop_remove(in);
	run_once(0);
	ck_assert_str_eq(strbuf_text(&log_of_calls), "ararbwah");
	/* The descriptor is the caller's, and may be added again. */
	ck_assert_int_ge(fcntl(fds[0], F_GETFD), 0);
	(void)loop_add_fd(loop, fds[0], EPOLLIN, note_fd, name("c"));
	run_once(-1);
	ck_assert_str_eq(strbuf_text(&log_of_calls), "ararbwahch");
	close_fd(fds[0]);
}
END_TEST

START_TEST(test_timers)
{
	usec_t now = clock_monotonic();

	/* In the order of their times, equal ones as they were added. */
	(void)loop_add_timer(loop, now - 10, note_timer, name("c"));
	(void)loop_add_timer(loop, now - 20, note_timer, name("b"));
	(void)loop_add_timer(loop, INT64_MIN, note_timer, name("a"));
	(void)loop_add_timer(loop, now - 10, note_timer, name("d"));
	(void)loop_add_timer(loop, INT64_MAX, note_timer, name("never"));
	(void)loop_add_timer(loop, now + 20 * USEC_PER_MSEC, note_timer, name("e"));
	struct loop_source *removed = loop_add_timer(loop, now, note_timer, name("removed"));

	loop_remove(removed);
	run_once(-1);
	ck_assert_str_eq(strbuf_text(&log_of_calls), "abcd");
	while (log_of_calls.len == 4)
		run_once(-1);
	ck_assert_str_eq(strbuf_text(&log_of_calls), "abcde");
	ck_assert_int_ge(clock_monotonic(), now + 20 * USEC_PER_MSEC);
	usec_t before = clock_monotonic();

	run_once(5 * USEC_PER_MSEC);
	ck_assert_int_ge(clock_monotonic(), before + 5 * USEC_PER_MSEC);
	run_once(0);
	ck_assert_str_eq(strbuf_text(&log_of_calls), "abcde");
}
END_TEST

/* A timer that adds one that is due at once must not keep the loop from its descriptors. */
static void add_again(void *ctx)
{
	strbuf_add_text(&log_of_calls, ctx);
	(void)loop_add_timer(loop, 0, add_again, ctx);
}

START_TEST(test_timer_in_timer)
{
	(void)loop_add_timer(loop, 0, add_again, name("a"));
	run_once(-1);
	ck_assert_str_eq(strbuf_text(&log_of_calls), "a");
	run_once(-1);
	ck_assert_str_eq(strbuf_text(&log_of_calls), "aa");
}
END_TEST

static void remove_all_fds(void *ctx, int fd, uint32_t events)
{
	note_fd(ctx, fd, events);
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
		loop_remove(sources[i]);
}

static void remove_all_timers(void *ctx)
{
	note_timer(ctx);
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
		loop_remove(sources[i]);
}

/* Callbacks remove every source, their own and those whose events are already there. */
START_TEST(test_remove_in_callback)
{
	int fds[ARRAY_SIZE(sources)][2];

	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		ck_assert_int_eq(pipe2(fds[i], O_CLOEXEC), 0);
		ck_assert_int_eq(fs_write_all(fds[i][1], "x", 1), 0);
		sources[i] = loop_add_fd(loop, fds[i][0], EPOLLIN, remove_all_fds, name("f"));
	}
	run_once(-1);
	run_once(0);
	ck_assert_str_eq(strbuf_text(&log_of_calls), "fr");
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		close_fd(fds[i][0]);
		close_fd(fds[i][1]);
		sources[i] = loop_add_timer(loop, 0, remove_all_timers, name("t"));
	}
	run_once(-1);
	run_once(0);
	ck_assert_str_eq(strbuf_text(&log_of_calls), "frt");
}
END_TEST

static void stop_at_third(void *ctx)
{
	strbuf_add_text(&log_of_calls, ctx);
	if (log_of_calls.len == 3)
		loop_stop(loop);
	(void)loop_add_timer(loop, 0, stop_at_third, ctx);
}

START_TEST(test_run_and_stop)
{
	CLEANUP(error) struct error *err = NULL;

	(void)loop_add_timer(loop, 0, stop_at_third, name("x"));
	ck_assert_int_eq(loop_run(loop, &err), 0);
	ck_assert_str_eq(strbuf_text(&log_of_calls), "xxx");
}
END_TEST

static void note_signal(void *ctx, const siginfo_t *info)
{
	strbuf_addf(&log_of_calls, "%s%d%s", (const char *)ctx, info->si_signo,
		    info->si_pid == getpid() ? "me" : "");
}

static bool is_blocked(int signo)
{
	sigset_t set;

	(void)sigprocmask(SIG_SETMASK, NULL, &set);
	return sigismember(&set, signo);
}

START_TEST(test_signals)
{
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_FREE char *expected = x_asprintf("u%dme", SIGUSR1);

	ck_assert_int_eq(loop_add_signal(loop, SIGUSR1, note_signal, name("u"), &err), 0);
	ck_assert_int_eq(loop_add_signal(loop, SIGUSR2, note_signal, name("v"), &err), 0);
	ck_assert(is_blocked(SIGUSR1) && is_blocked(SIGUSR2) && !is_blocked(SIGTERM));
	run_once(0);
	kill(getpid(), SIGUSR1);
	run_once(-1);
	ck_assert_str_eq(strbuf_text(&log_of_calls), expected);
	/* Another callback for the same signal replaces the first; both kinds at once arrive. */
	ck_assert_int_eq(loop_add_signal(loop, SIGUSR1, note_signal, name("w"), &err), 0);
	strbuf_clear(&log_of_calls);
	kill(getpid(), SIGUSR2);
	kill(getpid(), SIGUSR1);
	run_once(-1);
	ck_assert_ptr_nonnull(strstr(strbuf_text(&log_of_calls), "w"));
	ck_assert_ptr_nonnull(strstr(strbuf_text(&log_of_calls), "v"));
	ck_assert_ptr_null(strstr(strbuf_text(&log_of_calls), "u"));
	pid_t child = fork();

	if (child == 0) {
		loop_restore_signals(loop);
		_exit(is_blocked(SIGUSR1) || is_blocked(SIGUSR2));
	}
	int status = -1;

	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	loop_free(loop);
	loop = NULL;
	ck_assert(!is_blocked(SIGUSR1) && !is_blocked(SIGUSR2));
}
END_TEST

/* What was blocked before the loop stays so after it. */
START_TEST(test_mask_of_the_caller)
{
	CLEANUP(error) struct error *err = NULL;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	CLEANUP(loop) struct loop *own = loop_new(&err);

	ck_assert_int_eq(loop_add_signal(own, SIGUSR1, note_signal, NULL, &err), 0);
	ck_assert(is_blocked(SIGHUP) && is_blocked(SIGUSR1));
	loop_free(STEAL_PTR(&own));
	ck_assert(is_blocked(SIGHUP) && !is_blocked(SIGUSR1));
}
END_TEST

static void on_alarm(int signo)
{
	(void)signo;
}

/* A signal that somebody handles the ordinary way only ends the wait. */
START_TEST(test_interrupted)
{
	struct sigaction action = {.sa_handler = on_alarm};

	sigaction(SIGALRM, &action, NULL);
	(void)loop_add_timer(loop, clock_monotonic() + 60 * USEC_PER_SEC, note_timer, name("late"));
	alarm(1);
	run_once(-1);
	ck_assert_str_eq(strbuf_text(&log_of_calls), "");
}
END_TEST

/* Files are always ready and cannot be watched: callers must know what they have. */
START_TEST(test_regular_file)
{
	no_core_dump();
	(void)loop_add_fd(loop, open("/proc/self/exe", O_RDONLY | O_CLOEXEC), EPOLLIN, note_fd,
			  NULL);
}
END_TEST

START_TEST(test_many)
{
	int fds[200][2];

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		ck_assert_int_eq(pipe2(fds[i], O_CLOEXEC), 0);
		ck_assert_int_eq(fs_write_all(fds[i][1], "x", 1), 0);
		(void)loop_add_fd(loop, fds[i][0], EPOLLIN, note_fd, name(""));
	}
	while (log_of_calls.len < ARRAY_SIZE(fds))
		run_once(0);
	run_once(0);
	ck_assert_uint_eq(log_of_calls.len, ARRAY_SIZE(fds));
	loop_free(NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("loop");
	TCase *tests = tcase_create("loop");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 30);
	tcase_add_test(tests, test_descriptors);
	tcase_add_test(tests, test_timers);
	tcase_add_test(tests, test_timer_in_timer);
	tcase_add_test(tests, test_remove_in_callback);
	tcase_add_test(tests, test_run_and_stop);
	tcase_add_test(tests, test_signals);
	tcase_add_test(tests, test_mask_of_the_caller);
	tcase_add_test(tests, test_interrupted);
	tcase_add_test_raise_signal(tests, test_regular_file, SIGABRT);
	tcase_add_test(tests, test_many);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
