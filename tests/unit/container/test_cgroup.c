/* SPDX-License-Identifier: Apache-2.0 */
/* Control groups: real ones, where the machine allows. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/fs.h"
#include "cgroup_tree.h"
#include "container/cgroup.h"

#define MIB (UINT64_C(1) << 20)

/* Every group of these tests is called test-<pid of the runner>-<one of these>. */
static const char *const names[] = { "a", "b", "c" };
static pid_t runner;

static const struct cgroup_limits no_limits = { .pids_max = -1 };

static char *group_id(const char *name)
{
	return x_asprintf("test-%d-%s", (int)runner, name);
}

/* Unchecked: runs in the runner also after a test died, so nothing outlives the program. */
static void remove_all(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		CLEANUP_FREE char *id = group_id(names[i]);
		CLEANUP(error) struct error *err = NULL;

		(void)cgroup_remove(id, &err);
	}
}

static void expect_ok(int r, struct error *const *err)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);

	if (r < 0)
		error_format(*err, &text);
	ck_assert_msg(r == 0, "%s", strbuf_text(&text));
}

static bool group_exists(enum cgroup_hierarchy h, const char *id)
{
	CLEANUP_FD int fd = cgroup_open_group(h, id);

	return fd >= 0;
}

static bool exists_anywhere(const char *id)
{
	for (int h = 0; h < CGROUP_HIERARCHY_COUNT; h++) {
		if (group_exists((enum cgroup_hierarchy)h, id))
			return true;
	}
	return false;
}

static void create(const char *id, const struct cgroup_limits *limits)
{
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_FD int fd = -1;

	expect_ok(cgroup_create(id, limits, false, &fd, &err), &err);
}

static void join(const char *id, pid_t pid)
{
	CLEANUP(error) struct error *err = NULL;

	expect_ok(cgroup_join(id, pid, &err), &err);
}

static void remove_group(const char *id)
{
	CLEANUP(error) struct error *err = NULL;

	expect_ok(cgroup_remove(id, &err), &err);
	ck_assert(!exists_anywhere(id));
}

/* A child that runs @fn once it is in the group; it dies with the test. */
static pid_t start_in(const char *id, void (*fn)(void))
{
	int gate[2];

	ck_assert_int_eq(pipe2(gate, O_CLOEXEC), 0);
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		char c;

		close_fd(gate[1]);
		if (read(gate[0], &c, 1) == 1)
			fn();
		_exit(0);
	}
	close_fd(gate[0]);
	join(id, pid);
	ck_assert_int_eq(write(gate[1], "", 1), 1);
	close_fd(gate[1]);
	return pid;
}

static void wait_forever(void)
{
	for (;;)
		(void)pause();
}

static void fork_and_wait(void)
{
	for (int i = 0; i < 3; i++) {
		if (fork() == 0)
			wait_forever();
	}
	wait_forever();
}

static void count_process(void *ctx, pid_t pid)
{
	(void)pid;
	++*(size_t *)ctx;
}

/* Until @want processes are in the v2 or, on a v1 machine, in the freezer group */
static void expect_processes(const char *id, size_t want)
{
	CLEANUP_FD int v2 = cgroup_open_group(CGROUP_UNIFIED, id);
	CLEANUP_FD int v1 = cgroup_open_group(CGROUP_FREEZER, id);
	usec_t deadline = clock_monotonic() + 5 * USEC_PER_SEC;
	size_t n = 0;

	do {
		n = 0;
		ck_assert_int_eq(cgroup_each_process(v2 >= 0 ? v2 : v1, count_process, &n), 0);
	} while (n != want && clock_monotonic() < deadline);
	ck_assert_uint_eq(n, want);
}

static void burn_cpu(void)
{
	for (volatile uint64_t i = 0; i < 20000000; i++)
		;
	wait_forever();
}

static void use_memory(void)
{
	size_t size = 64 * MIB;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (size_t i = 0; p != MAP_FAILED && i < size; i += 4096)
		((volatile char *)p)[i] = 1;
}

static int wait_for(pid_t pid)
{
	int status = 0;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static const char *const bad_ids[] = { "", ".", "..", "../x", "a/b", "-a", "a\nb", ".hidden" };

START_TEST(an_id_is_never_a_path)
{
	CLEANUP(error) struct error *create_err = NULL, *remove_err = NULL;
	int fd = -1;

	ck_assert_int_eq(cgroup_create(bad_ids[_i], &no_limits, true, &fd, &create_err),
			 -ERR_USAGE);
	ck_assert_int_eq(cgroup_remove(bad_ids[_i], &remove_err), -ERR_USAGE);
}
END_TEST

START_TEST(create_and_remove_leave_nothing)
{
	CLEANUP_FREE char *id = group_id("a");
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_FD int fd = -1;

	expect_ok(cgroup_create(id, &no_limits, false, &fd, &err), &err);
	ck_assert_int_eq(fd >= 0, group_exists(CGROUP_UNIFIED, id));
	ck_assert(exists_anywhere(id));
	ck_assert(fd < 0 || !group_exists(CGROUP_MEMORY, id));
	remove_group(id);
	remove_group(id);
}
END_TEST

START_TEST(second_create_fails_and_spares_the_first)
{
	CLEANUP_FREE char *id = group_id("a");
	CLEANUP(error) struct error *err = NULL;
	int fd = -1;

	create(id, &no_limits);
	ck_assert_int_eq(cgroup_create(id, &no_limits, false, &fd, &err), -ERR_EXISTS);
	ck_assert(exists_anywhere(id));
	remove_group(id);
}
END_TEST

START_TEST(neighbours_keep_the_parent)
{
	CLEANUP_FREE char *a = group_id("a"), *b = group_id("b");

	create(a, &no_limits);
	create(b, &no_limits);
	remove_group(a);
	ck_assert(exists_anywhere(b));
	remove_group(b);
}
END_TEST

START_TEST(kill_reaches_forks)
{
	CLEANUP_FREE char *id = group_id("a");
	CLEANUP(error) struct error *err = NULL;

	create(id, &no_limits);
	pid_t pid = start_in(id, fork_and_wait);

	expect_processes(id, 4);
	expect_ok(cgroup_kill(id, &err), &err);
	ck_assert_int_eq(wait_for(pid), 128 + SIGKILL);
	remove_group(id);
	expect_ok(cgroup_kill(id, &err), &err);
}
END_TEST

START_TEST(remove_kills_what_runs)
{
	CLEANUP_FREE char *id = group_id("a");

	create(id, &(struct cgroup_limits){ .memory_max_bytes = 64 * MIB, .pids_max = 20 });
	pid_t pid = start_in(id, fork_and_wait);

	remove_group(id);
	ck_assert_int_eq(wait_for(pid), 128 + SIGKILL);
}
END_TEST

/* A container with a writable cgroup file system may build any tree of groups. */
START_TEST(remove_takes_groups_made_inside)
{
	CLEANUP_FREE char *id = group_id("a");
	CLEANUP_FD int fd = -1;
	CLEANUP(error) struct error *err = NULL;

	expect_ok(cgroup_create(id, &no_limits, true, &fd, &err), &err);
	if (fd < 0)
		return;
	ck_assert_int_eq(mkdirat(fd, "x", 0755), 0);
	ck_assert_int_eq(mkdirat(fd, "x/y", 0755), 0);
	ck_assert_int_eq(mkdirat(fd, "x/z", 0755), 0);
	ck_assert_int_eq(mkdirat(fd, "w", 0755), 0);
	CLEANUP_FD int below = openat(fd, "x/y", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	pid_t pid = start_in(id, fork_and_wait);
	char text[16];

	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	ck_assert_int_eq(cgroup_write(below, "cgroup.procs", text), 0);
	remove_group(id);
	ck_assert_int_eq(wait_for(pid), 128 + SIGKILL);
}
END_TEST

START_TEST(freeze_stops_and_thaws)
{
	CLEANUP_FREE char *id = group_id("a");
	CLEANUP(error) struct error *err = NULL;
	volatile uint64_t *counter = mmap(NULL, sizeof(*counter), PROT_READ | PROT_WRITE,
					  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	create(id, &no_limits);
	pid_t pid = fork();

	if (pid == 0) {
		for (;;)
			++*counter;
	}
	join(id, pid);
	expect_ok(cgroup_freeze(id, true, &err), &err);
	uint64_t before = *counter;

	for (volatile int i = 0; i < 1000000; i++)
		;
	ck_assert_uint_eq(*counter, before);
	expect_ok(cgroup_freeze(id, false, &err), &err);
	while (*counter == before)
		;
	expect_ok(cgroup_freeze(id, true, &err), &err);
	remove_group(id); /* frozen processes are killed too */
	ck_assert_int_eq(wait_for(pid), 128 + SIGKILL);
	(void)munmap((void *)(uintptr_t)counter, sizeof(*counter));
}
END_TEST

START_TEST(limits_are_in_force)
{
	CLEANUP_FREE char *id = group_id("a");
	CLEANUP(error) struct error *err = NULL;
	struct cgroup_stats stats;
	struct cgroup_limits limits = {
		.memory_max_bytes = 16 * MIB,
		.memory_swap_bytes = 0,
		.memory_low_bytes = 8 * MIB,
		.cpu_quota_us_per_100ms = 50000,
		.cpu_shares = 512,
		.pids_max = 10,
	};

	create(id, &limits);
	pid_t pid = start_in(id, use_memory);

	ck_assert_int_eq(wait_for(pid), 128 + SIGKILL);
	expect_ok(cgroup_read_stats(id, &stats, &err), &err);
	ck_assert(stats.has_memory);
	ck_assert_uint_eq(stats.memory_limit_bytes, 16 * MIB);
	ck_assert_uint_eq(stats.oom_kills, 1);
	ck_assert_uint_gt(stats.memory_peak_bytes, 15 * MIB);
	remove_group(id);
}
END_TEST

START_TEST(stats_count)
{
	CLEANUP_FREE char *id = group_id("a");
	CLEANUP(error) struct error *err = NULL;
	struct cgroup_stats stats = { 0 };

	create(id, &(struct cgroup_limits){ .pids_max = 10, .memory_max_bytes = 64 * MIB });
	pid_t pid = start_in(id, burn_cpu);
	usec_t deadline = clock_monotonic() + 5 * USEC_PER_SEC;

	do {
		expect_ok(cgroup_read_stats(id, &stats, &err), &err);
	} while (stats.cpu_usec < 1000 && clock_monotonic() < deadline);
	ck_assert(stats.has_cpu && stats.has_pids && stats.has_memory);
	ck_assert_uint_ge(stats.cpu_usec, 1000);
	ck_assert_uint_eq(stats.pids, 1);
	remove_group(id);
	(void)wait_for(pid);
	ck_assert_int_eq(cgroup_read_stats(id, &stats, &err), -ERR_NOT_FOUND);
}
END_TEST

/* Processes in the group that carries the memory limit */
static size_t processes_with_limit(const char *id)
{
	CLEANUP_FD int v1 = cgroup_open_group(CGROUP_MEMORY, id);
	CLEANUP_FD int v2 = cgroup_open_group(CGROUP_UNIFIED, id);
	size_t n = 0;

	ck_assert_int_eq(cgroup_each_process(v1 >= 0 ? v1 : v2, count_process, &n), 0);
	return n;
}

START_TEST(update_moves_processes_into_new_groups)
{
	CLEANUP_FREE char *id = group_id("a");
	CLEANUP(error) struct error *err = NULL;
	struct cgroup_stats stats;
	struct cgroup_limits limits = { .memory_max_bytes = 32 * MIB, .pids_max = -1 };

	create(id, &no_limits);
	pid_t pid = start_in(id, fork_and_wait);

	expect_processes(id, 4);
	expect_ok(cgroup_update(id, &limits, &err), &err);
	expect_ok(cgroup_read_stats(id, &stats, &err), &err);
	ck_assert_uint_eq(stats.memory_limit_bytes, 32 * MIB);
	ck_assert_uint_eq(processes_with_limit(id), 4);
	limits.memory_max_bytes = 128 * MIB; /* above the old sum of memory and swap */
	expect_ok(cgroup_update(id, &limits, &err), &err);
	expect_ok(cgroup_read_stats(id, &stats, &err), &err);
	ck_assert_uint_eq(stats.memory_limit_bytes, 128 * MIB);
	expect_ok(cgroup_update(id, &no_limits, &err), &err);
	expect_ok(cgroup_read_stats(id, &stats, &err), &err);
	ck_assert_uint_eq(stats.memory_limit_bytes, 0);
	remove_group(id);
	ck_assert_int_eq(wait_for(pid), 128 + SIGKILL);
}
END_TEST

START_TEST(join_of_a_dead_process_is_not_found)
{
	CLEANUP_FREE char *id = group_id("a");
	CLEANUP(error) struct error *err = NULL;
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	(void)wait_for(pid);
	create(id, &no_limits);
	ck_assert_int_eq(cgroup_join(id, pid, &err), -ERR_NOT_FOUND);
	remove_group(id);
}
END_TEST

/* As systemd inside a container does: its group passes controllers on and holds no processes. */
START_TEST(join_of_a_group_that_has_children)
{
	CLEANUP_FREE char *id = group_id("a");
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_FD int fd = -1;

	expect_ok(cgroup_create(id, &no_limits, true, &fd, &err), &err);
	/* Not possible without a controller in v2. */
	if (fd >= 0 && cgroup_write(fd, "cgroup.subtree_control", "+pids") == 0) {
		pid_t pid = start_in(id, wait_forever);

		expect_processes(id, 1);
		remove_group(id);
		ck_assert_int_eq(wait_for(pid), 128 + SIGKILL);
	}
	remove_group(id);
}
END_TEST

START_TEST(join_below_a_threaded_group)
{
	CLEANUP_FREE char *id = group_id("a");
	CLEANUP_FD int fd = -1;
	CLEANUP(error) struct error *err = NULL;

	expect_ok(cgroup_create(id, &no_limits, true, &fd, &err), &err);
	if (fd < 0)
		return;
	ck_assert_int_eq(mkdirat(fd, "x", 0755), 0);
	CLEANUP_FD int x = openat(fd, "x", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP_FD int parent = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* Other containers of this machine may use the parent: then it cannot be made threaded. */
	if (cgroup_write(parent, "cgroup.type", "threaded") == 0)
		(void)wait_for(start_in(id, use_memory));
	remove_group(id);
}
END_TEST

static int status_of(int (*fn)(void))
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(fn());
	return wait_for(pid);
}

/* Each step that does not go as it should has its own exit status. */
static int create_as_nobody(void)
{
	CLEANUP_FREE char *id = group_id("a");
	CLEANUP(error) struct error *err = NULL;
	int fd = -1;

	if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
		return 10;
	if (cgroup_create(id, &no_limits, false, &fd, &err) < 0 || fd != -1)
		return 11;
	if (cgroup_join(id, getpid(), &err) < 0 || cgroup_remove(id, &err) < 0)
		return 12;
	if (cgroup_create(id, &(struct cgroup_limits){ .memory_max_bytes = MIB }, false, &fd,
			  &err) != -ERR_UNSUPPORTED)
		return 13;
	return strstr(error_frame(err, 1), "memory limit") && error_hint_text(err) ? 0 : 14;
}

START_TEST(without_rights_there_are_no_groups_and_no_limits)
{
	ck_assert_int_eq(status_of(create_as_nobody), 0);
}
END_TEST

/* In a cgroup namespace whose root group holds processes: ourselves. */
static int create_where_processes_sit(void)
{
	CLEANUP_FREE char *outer = group_id("a"), *id = group_id("b");
	CLEANUP(error) struct error *err = NULL;
	int fd = -1;

	if (cgroup_join(outer, getpid(), &err) < 0)
		return 10;
	if (unshare(CLONE_NEWCGROUP | CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    umount2("/sys/fs/cgroup", MNT_DETACH) < 0 ||
	    mount("cgroup", "/sys/fs/cgroup", "cgroup2", 0, NULL) < 0)
		return 11;
	if (cgroup_create(id, &(struct cgroup_limits){ .memory_max_bytes = MIB }, false, &fd,
			  &err) != -ERR_UNSUPPORTED)
		return 12;
	if (group_exists(CGROUP_UNIFIED, id))
		return 13;
	return error_hint_text(err) && strstr(error_hint_text(err), "Delegate") ? 0 : 14;
}

START_TEST(busy_parent_is_explained)
{
	CLEANUP_FREE char *id = group_id("a");
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_FD int fd = -1;
	struct strbuf usable CLEANUP_STRBUF = STRBUF_INIT(0);

	expect_ok(cgroup_create(id, &no_limits, true, &fd, &err), &err);
	/* Hybrid machines have memory in v1, where nothing is enabled on the way. */
	if (fd >= 0 && cgroup_read(fd, "cgroup.controllers", &usable) == 0 &&
	    cgroup_has_word(strbuf_str(&usable), "memory"))
		ck_assert_int_eq(status_of(create_where_processes_sit), 0);
	remove_group(id);
}
END_TEST

/* Whoever ends last removes the parent, whoever starts just then makes it again. */
START_TEST(create_and_remove_race)
{
	pid_t pids[2];

	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = fork();
		if (pids[i] != 0)
			continue;
		CLEANUP_FREE char *id = group_id(names[i]);

		for (int n = 0; n < 100; n++) {
			CLEANUP(error) struct error *err = NULL;
			CLEANUP_FD int fd = -1;

			if (cgroup_create(id, &no_limits, true, &fd, &err) < 0 ||
			    cgroup_remove(id, &err) < 0)
				_exit(1);
		}
		_exit(0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
		ck_assert_int_eq(wait_for(pids[i]), 0);
}
END_TEST

static bool can_make_groups(void)
{
	CLEANUP_FREE char *id = group_id("a");
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_FD int fd = -1;

	if (geteuid() != 0 ||
	    cgroup_create(id, &(struct cgroup_limits){ .memory_max_bytes = MIB, .pids_max = 1 },
			  false, &fd, &err) < 0)
		return false;
	remove_all();
	return true;
}

static Suite *cgroup_suite(void)
{
	Suite *s = suite_create("cgroup");
	TCase *names_only = tcase_create("names");

	tcase_add_loop_test(names_only, an_id_is_never_a_path, 0, ARRAY_SIZE(bad_ids));
	suite_add_tcase(s, names_only);
	if (!can_make_groups())
		return s;
	TCase *real = tcase_create("groups");

	suite_add_tcase(s, real);
	tcase_set_timeout(real, 30);
	tcase_add_unchecked_fixture(real, NULL, remove_all);
	tcase_add_checked_fixture(real, remove_all, NULL);
	tcase_add_test(real, create_and_remove_leave_nothing);
	tcase_add_test(real, second_create_fails_and_spares_the_first);
	tcase_add_test(real, neighbours_keep_the_parent);
	tcase_add_test(real, kill_reaches_forks);
	tcase_add_test(real, remove_kills_what_runs);
	tcase_add_test(real, remove_takes_groups_made_inside);
	tcase_add_test(real, freeze_stops_and_thaws);
	tcase_add_test(real, limits_are_in_force);
	tcase_add_test(real, stats_count);
	tcase_add_test(real, update_moves_processes_into_new_groups);
	tcase_add_test(real, join_of_a_dead_process_is_not_found);
	tcase_add_test(real, join_of_a_group_that_has_children);
	tcase_add_test(real, join_below_a_threaded_group);
	tcase_add_test(real, without_rights_there_are_no_groups_and_no_limits);
	tcase_add_test(real, busy_parent_is_explained);
	tcase_add_test(real, create_and_remove_race);
	return s;
}

int main(void)
{
	runner = getpid();

	SRunner *sr = srunner_create(cgroup_suite());

	srunner_run_all(sr, CK_NORMAL);
	int failed = srunner_ntests_failed(sr);

	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
