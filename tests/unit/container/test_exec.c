/* SPDX-License-Identifier: Apache-2.0 */
/* One more program in a running container. */
#include "launch_fixture.h"

#include <signal.h>
#include <sys/resource.h>

static struct container_process process;
static struct container_running program;

static void exec_init(struct box *b)
{
	box_init(b);
	set_argv(&b->spec.process.argv, ARGV("/bin/busybox", "sleep", "1000"));
	ck_assert_msg(box_start(b) == 0, "%s", error_text(b->err));
	process = b->spec.process;
	process.argv = STRV_INIT;
}

static int exec_script(struct box *b, const char *script)
{
	set_argv(&process.argv, ARGV("/bin/sh", "-c", script));
	error_free(b->err);
	b->err = NULL;
	int r = container_exec(&b->running, b->id, &process, &program, &b->err);

	ck_assert_msg(r == 0, "%s", error_text(b->err));
	int status = process_wait(program.pidfd);

	close_fd(program.pidfd);
	return status;
}

static void exec_fini(struct box *b)
{
	(void)process_signal(b->running.pidfd, SIGKILL);
	(void)box_wait(b);
	strv_fini(&process.argv);
	box_fini(b);
}

static const struct {
	const char *user;
	const char *script;
	const char *output;
	int status;
} cases[] = {
	{"", "exit 7", "", 7},
	{"", "busybox hostname; busybox tr '\\0' ' ' < /proc/1/cmdline",
	 "box\n/bin/busybox sleep 1000 ", 0},
	{"",
	 "test $$ -gt 1 && echo /proc/1; busybox cut -d: -f3 /proc/self/cgroup | "
	 "busybox grep -c firkin",
	 "/proc/1\n0\n", 1},
	{"app", "busybox id -u; busybox id -G; echo $HOME; pwd", "1000\n1000 50\n/home/app\n/\n",
	 0},
	{"4242:7", "busybox id -u; busybox id -G", "4242\n7\n", 0},
	/* CVE-2026-30892, CVE-2022-29162: no more than the container's own programs have */
	{"1", "busybox id -u; busybox grep -E 'Cap|^Seccomp:' /proc/self/status",
	 "1\nCapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"
	 "CapBnd:\t00000000a80425fb\nCapAmb:\t0000000000000000\nSeccomp:\t2\n",
	 0},
	{"", "busybox ls /proc/$$/fd; busybox touch /sys/x 2>/dev/null || echo no", "0\n1\n2\nno\n",
	 0},
	{"",
	 "busybox ls /proc/self/ns >/dev/null; for n in mnt net uts ipc pid cgroup; do test "
	 "$(busybox readlink /proc/self/ns/$n) = $(busybox readlink /proc/1/ns/$n) || echo $n; "
	 "done",
	 "", 0},
};

START_TEST(inside)
{
	struct box b;

	exec_init(&b);
	process.user = cases[_i].user;
	int status = exec_script(&b, cases[_i].script);

	ck_assert_str_eq(box_output(&b), cases[_i].output);
	ck_assert_int_eq(status, cases[_i].status);
	exec_fini(&b);
}
END_TEST

START_TEST(a_missing_program_is_said)
{
	struct box b;

	exec_init(&b);
	set_argv(&process.argv, ARGV("nothing-here"));
	ck_assert_int_eq(container_exec(&b.running, b.id, &process, &program, &b.err), -ERR_FAILED);
	ck_assert_int_eq(error_status(b.err), 127);
	error_free(b.err);
	b.err = NULL;
	set_argv(&process.argv, ARGV("/etc/passwd"));
	ck_assert_int_eq(container_exec(&b.running, b.id, &process, &program, &b.err), -ERR_FAILED);
	ck_assert_int_eq(error_status(b.err), 126);
	exec_fini(&b);
}
END_TEST

START_TEST(a_missing_directory_is_said_and_not_made)
{
	struct box b;

	exec_init(&b);
	process.cwd = "/nowhere";
	set_argv(&process.argv, ARGV("/bin/sh"));
	ck_assert_int_eq(container_exec(&b.running, b.id, &process, &program, &b.err),
			 -ERR_NOT_FOUND);
	ck_assert_int_eq(error_status(b.err), 126);
	ck_assert_msg(strstr(error_text(b.err), "'/nowhere'"), "%s", error_text(b.err));
	exec_fini(&b);
}
END_TEST

static ino_t namespace_of(const char *name)
{
	char path[64];
	struct stat st;

	(void)snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	ck_assert_int_eq(stat(path, &st), 0);
	return st.st_ino;
}

START_TEST(the_caller_stays_outside)
{
	struct box b;
	ino_t before = namespace_of("pid_for_children");

	exec_init(&b);
	ck_assert_int_eq(exec_script(&b, "exit 0"), 0);
	ck_assert_uint_eq(namespace_of("pid_for_children"), before);
	set_argv(&process.argv, ARGV("nothing-here"));
	ck_assert_int_lt(container_exec(&b.running, b.id, &process, &program, &b.err), 0);
	ck_assert_uint_eq(namespace_of("pid_for_children"), before);
	exec_fini(&b);
}
END_TEST

START_TEST(a_dead_container_is_said)
{
	struct box b;

	exec_init(&b);
	struct container_running recorded = b.running;

	recorded.pidfd = -1; /* as read from a state file */
	ck_assert_int_eq(process_signal(b.running.pidfd, SIGKILL), 0);
	siginfo_t info;

	ck_assert_int_eq(waitid(P_PIDFD, (id_t)b.running.pidfd, &info, WEXITED | WNOWAIT), 0);
	set_argv(&process.argv, ARGV("/bin/sh"));
	ck_assert_int_eq(container_exec(&b.running, b.id, &process, &program, &b.err),
			 -ERR_NOT_FOUND);
	error_free(b.err);
	b.err = NULL;
	(void)process_wait(b.running.pidfd);
	ck_assert_int_eq(container_exec(&recorded, b.id, &process, &program, &b.err),
			 -ERR_NOT_FOUND);
	exec_fini(&b);
}
END_TEST

START_TEST(limits_are_those_of_the_container)
{
	struct box b;
	struct container_rlimit limit = {.resource = RLIMIT_NOFILE, .soft = 99, .hard = 100};

	box_init(&b);
	b.spec.rlimits = &limit;
	b.spec.rlimit_count = 1;
	b.spec.has_oom_score_adj = true;
	b.spec.oom_score_adj = 123;
	set_argv(&b.spec.process.argv, ARGV("/bin/busybox", "sleep", "1000"));
	ck_assert_msg(box_start(&b) == 0, "%s", error_text(b.err));
	process = b.spec.process;
	process.argv = STRV_INIT;
	ck_assert_int_eq(exec_script(&b, "ulimit -Hn; busybox cat /proc/self/oom_score_adj"), 0);
	ck_assert_str_eq(box_output(&b), "100\n123\n");
	exec_fini(&b);
}
END_TEST

START_TEST(a_terminal_is_taken)
{
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_FD int master = -1, slave = -1;
	struct box b;

	exec_init(&b);
	ck_assert_int_eq(container_open_pty(24, 80, &master, &slave, &err), 0);
	process.tty = true;
	process.fds[0] = slave;
	ck_assert_int_eq(exec_script(&b, "test -t 0 && busybox stty size && : < /dev/tty"), 0);
	ck_assert_str_eq(box_output(&b), "24 80\n");
	exec_fini(&b);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("container/exec");
	TCase *tc = tcase_create("exec");

	tcase_add_unchecked_fixture(tc, suite_setup, suite_teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, inside, 0, ARRAY_SIZE(cases));
	tcase_add_test(tc, a_missing_program_is_said);
	tcase_add_test(tc, a_missing_directory_is_said_and_not_made);
	tcase_add_test(tc, the_caller_stays_outside);
	tcase_add_test(tc, a_dead_container_is_said);
	tcase_add_test(tc, limits_are_those_of_the_container);
	tcase_add_test(tc, a_terminal_is_taken);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
