/* SPDX-License-Identifier: Apache-2.0 */
/* pidfds, identities of processes, programs of the host. */
#include "fixture.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/process.h"

/* A child that waits to be killed, under a name that is hard to parse. */
static pid_t start_child(const char *child_name)
{
	int ready[2];
	char c;

	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	pid_t pid = fork();

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)prctl(PR_SET_NAME, child_name);
		(void)!write(ready[1], "x", 1);
		for (;;)
			pause();
	}
	ck_assert_int_eq(read(ready[0], &c, 1), 1);
	close_fd(ready[0]);
	close_fd(ready[1]);
	return pid;
}

static const char *const child_names[] = {"plain", "a b c", ") R 1 2 3", "((", "))", "a\nb", ""};

START_TEST(test_identity)
{
	pid_t pid = start_child(child_names[_i]);
	uint64_t start = process_start_time(pid);

	/* Started after us and not hours later, in ticks. */
	ck_assert_uint_ge(start, process_start_time(getpid()));
	ck_assert_uint_le(start, process_start_time(getpid()) + 3600 * 100);
	ck_assert_uint_eq(start, process_start_time(pid));
	ck_assert_int_eq(process_open(pid, start + 1), -ESRCH);
	ck_assert_int_eq(process_open(pid, 0), -ESRCH);
	CLEANUP_FD int fd = process_open(pid, start);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(process_signal(fd, 0), 0);
	ck_assert_int_eq(process_signal(fd, SIGKILL), 0);
	ck_assert_int_eq(process_wait(fd), 128 + SIGKILL);
	/* It is gone, and its number means nobody. */
	ck_assert_int_eq(process_signal(fd, SIGKILL), -ESRCH);
	ck_assert_int_eq(process_wait(fd), -ECHILD);
	ck_assert_uint_eq(process_start_time(pid), 0);
	ck_assert_int_eq(process_open(pid, start), -ESRCH);
}
END_TEST

START_TEST(test_nobody)
{
	static const pid_t pids[] = {0, -1, INT32_MAX};

	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		ck_assert_uint_eq(process_start_time(pids[i]), 0);
		ck_assert_int_lt(process_open(pids[i], 0), 0);
	}
	ck_assert_int_eq(process_signal(-1, 0), -EBADF);
	ck_assert_int_lt(process_wait(-1), 0);
	ck_assert_int_eq(process_signal(STDIN_FILENO, 0), -EBADF);
}
END_TEST

START_TEST(test_wait)
{
	static const int codes[] = {0, 1, 125, 255};

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(codes[i]);
		/* A zombie still has its identity. */
		CLEANUP_FD int fd = process_open(pid, process_start_time(pid));

		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(process_wait(fd), codes[i]);
	}
}
END_TEST

static const struct {
	const char *argv[4];
	int result, status;
	const char *output; /* or NULL: not looked at */
	const char *message;
} runs[] = {
	{{"true"}, 0, 0, "", ""},
	{{"/bin/sh", "-c", "exit 0"}, 0, 0, "", ""},
	{{"sh", "-c", "echo out"}, 0, 0, "out\n", ""},
	{{"printf", "%s", "a b;$(x)"}, 0, 0, "a b;$(x)", ""},
	{{"sh", "-c", "exit 3"}, -ERR_FAILED, 3, "", "'sh' ended with exit status 3\n"},
	{{"sh", "-c", "kill -9 $$"}, -ERR_FAILED, 137, "", "'sh' ended with exit status 137\n"},
	{{"no-such-program"},
	 -ERR_NOT_FOUND,
	 0,
	 "",
	 "run 'no-such-program': No such file or directory\n"},
	{{"/etc/passwd"}, -ERR_PERMISSION, 0, "", "run '/etc/passwd': Permission denied\n"},
	{{"/etc"}, -ERR_PERMISSION, 0, "", "run '/etc': Permission denied\n"},
	/* Neither our blocked signals nor an ignored SIGPIPE. */
	{{"sed", "-nE", "s/^Sig(Blk|Ign):.*(.{5})$/\\2/p", "/proc/self/status"},
	 0,
	 0,
	 "00000\n00000\n",
	 ""},
};

START_TEST(test_run)
{
	CLEANUP_STRV struct strv argv = STRV_INIT;
	CLEANUP_STRBUF struct strbuf output = STRBUF_INIT(0);
	CLEANUP(error) struct error *err = NULL;
	sigset_t set;
	int fds[2];

	for (size_t i = 0; i < 4 && runs[_i].argv[i]; i++)
		strv_add(&argv, runs[_i].argv[i]);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_SETMASK, &set, NULL);
	sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	ck_assert_int_eq(process_run(&argv, fds[1], &err), runs[_i].result);
	close_fd(fds[1]);
	ck_assert_int_eq(fs_read_fd(fds[0], 1000, &output, &err), 0);
	ck_assert_int_eq(error_status(err), runs[_i].status);
	ck_assert_str_eq(strbuf_text(&output), runs[_i].output);
	ck_assert_str_eq(error_text(err), runs[_i].message);
	close_fd(fds[0]);
}
END_TEST

START_TEST(test_run_with_our_output)
{
	CLEANUP_STRV struct strv argv = STRV_INIT;
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_STRBUF struct strbuf output = STRBUF_INIT(0);
	int fds[2];

	strv_add(&argv, "echo");
	strv_add(&argv, "x");
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	ck_assert_int_ge(dup2(fds[1], STDOUT_FILENO), 0);
	ck_assert_int_eq(process_run(&argv, -1, &err), 0);
	ck_assert_int_eq(process_run(&argv, STDOUT_FILENO, &err), 0);
	ck_assert_int_eq(process_run(&argv, 999, &err), -ERR_IO);
	close_fd(fds[1]);
	close(STDOUT_FILENO);
	ck_assert_int_eq(fs_read_fd(fds[0], 100, &output, &err), 0);
	ck_assert_str_eq(strbuf_text(&output), "x\nx\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("process");
	TCase *tests = tcase_create("process");

	tcase_set_timeout(tests, 30);
	tcase_add_loop_test(tests, test_identity, 0, (int)ARRAY_SIZE(child_names));
	tcase_add_test(tests, test_nobody);
	tcase_add_test(tests, test_wait);
	tcase_add_loop_test(tests, test_run, 0, (int)ARRAY_SIZE(runs));
	tcase_add_test(tests, test_run_with_our_output);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
