/* SPDX-License-Identifier: Apache-2.0 */
/* Single containers, really run: foreground and background, stop, restart, health, orphans. */
#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "base/process.h"
#include "project.h"
#include "stage.h"

static const struct exit_case {
	const char *script;
	int status;
} exits[] = {
	{ "exit 0", 0 },
	{ "exit 7", 7 },
	{ "exit 255", 255 },
	{ "nosuchprogram", 127 },
	{ "sh -c 'kill -KILL $$'; exit $?", 137 },
};

/* With our standard output and error in files. */
static int run_captured(struct stack_service *s, const struct stack_run_options *opt,
			const char *input, struct strbuf *out, struct error **err)
{
	char id[65], path[] = "/tmp/stack-out-XXXXXX";
	int status = -1, saved[3];
	CLEANUP_FD int file = mkstemp(path), in = open(input, O_RDONLY | O_CLOEXEC);

	(void)unlink(path);
	for (int i = 0; i < 3; i++)
		saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 10);
	(void)dup2(in, 0);
	(void)dup2(file, 1);
	(void)dup2(file, 2);
	int r = stack_run(stage_engine(), s, opt, id, &status, err);

	for (int i = 0; i < 3; i++) {
		(void)dup2(saved[i], i);
		close_fd(saved[i]);
	}
	(void)lseek(file, 0, SEEK_SET);
	CLEANUP(error) struct error *ignored = NULL;

	ck_assert_int_eq(fs_read_fd(file, 16 << 20, out, &ignored), 0);
	return r < 0 ? r : status;
}

static int run_script(const char *script, bool auto_remove, struct strbuf *out, struct error **err)
{
	struct stack_service s = stage_service(NULL, NULL, script);
	struct stack_run_options opt = { 0 };

	s.auto_remove = auto_remove;
	int r = run_captured(&s, &opt, "/dev/null", out, err);

	stack_service_fini(&s);
	return r;
}

static void start_detached(struct stack_service *s)
{
	CLEANUP(error) struct error *err = NULL;
	struct stack_run_options opt = { .detach = true };
	char id[65];
	int status;

	if (stack_run(stage_engine(), s, &opt, id, &status, &err) < 0)
		ck_abort_msg("run: %s", error_frame(err, 0));
	stack_service_fini(s);
}

static void request(const char *name, enum stack_verb verb, int signo)
{
	CLEANUP(container_info) struct container_info *c = stage_find(name);
	CLEANUP(error) struct error *err = NULL;

	if (stack_request(stage_engine(), c, verb, -1, signo, &err) < 0)
		ck_abort_msg("request: %s", error_frame(err, 0));
}

static void remove_forced(const char *name)
{
	CLEANUP(container_info) struct container_info *c = stage_find(name);
	CLEANUP(error) struct error *err = NULL;

	if (stack_remove(stage_engine(), c, true, true, &err) < 0)
		ck_abort_msg("remove: %s", error_frame(err, 0));
	stage_is_clean();
}

static int exit_code_of(const char *name)
{
	CLEANUP(container_info) struct container_info *c = stage_find(name);

	return c->state.exit_code;
}

START_TEST(foreground_gives_the_exit_status)
{
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP(error) struct error *err = NULL;

	ck_assert_int_eq(run_script(exits[_i].script, true, &out, &err), exits[_i].status);
	stage_is_clean();
}
END_TEST

START_TEST(foreground_relays_both_streams)
{
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP(error) struct error *err = NULL;

	ck_assert_int_eq(run_script("echo one; echo two >&2; printf three", true, &out, &err), 0);
	ck_assert_ptr_nonnull(strstr(strbuf_text(&out), "one\n"));
	ck_assert_ptr_nonnull(strstr(strbuf_text(&out), "two\n"));
	ck_assert_ptr_nonnull(strstr(strbuf_text(&out), "three"));
	stage_is_clean();
}
END_TEST

START_TEST(foreground_passes_a_file_as_input)
{
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT(0), want CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP(error) struct error *err = NULL;
	struct stack_service s = stage_service(NULL, NULL, "cat");
	struct stack_run_options opt = { .stdin_attached = true };

	s.auto_remove = true;
	ck_assert_int_eq(run_captured(&s, &opt, "/bin/busybox", &out, &err), 0);
	stack_service_fini(&s);
	ck_assert_int_eq(fs_read_at(AT_FDCWD, "/bin/busybox", 16 << 20, &want, &err), 0);
	ck_assert_uint_eq(out.len, want.len);
	ck_assert_int_eq(memcmp(out.ptr, want.ptr, want.len), 0);
	stage_is_clean();
}
END_TEST

START_TEST(missing_program_is_an_error_with_its_status)
{
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP(error) struct error *err = NULL;
	struct stack_service s = stage_service(NULL, "absent", "");
	struct stack_run_options opt = { .detach = _i & 1 };

	strv_fini(&s.entrypoint);
	strv_fini(&s.command);
	strv_add(&s.command, _i & 2 ? "/bin/data" : "nosuchprogram");
	ck_assert_int_eq(run_captured(&s, &opt, "/dev/null", &out, &err), -ERR_FAILED);
	ck_assert_int_eq(error_status(err), _i & 2 ? 126 : 127);
	stack_service_fini(&s);
	stage_is_clean();
}
END_TEST

START_TEST(background_is_listed_logged_and_followed)
{
	struct stack_service s =
		stage_service(NULL, "bg", "echo a; echo b >&2; sleep 0.2; echo c; exit 3");

	start_detached(&s);
	CLEANUP(container_info) struct container_info *c = stage_find("bg");

	ck_assert_int_eq(c->state.status, CONTAINER_RUNNING);
	ck_assert_int_gt(c->state.process.pid, 0);
	stage_await_status("bg", CONTAINER_EXITED);
	ck_assert_int_eq(exit_code_of("bg"), 3);
	CLEANUP_FREE char *logs = stage_logs("bg");

	ck_assert_ptr_nonnull(strstr(logs, "a\n"));
	ck_assert_ptr_nonnull(strstr(logs, "E:b\n"));
	ck_assert_ptr_nonnull(strstr(logs, "c\n"));
	remove_forced("bg");
}
END_TEST

static void count_line(void *ctx, const struct container_info *c, struct timespec at,
		       bool is_stderr, str text)
{
	char want[32];
	int *count = ctx;

	(void)c;
	(void)at;
	(void)is_stderr;
	(void)snprintf(want, sizeof(want), "line %d\n", ++*count);
	ck_assert(str_is(text, want));
}

/* Small files, many rotations, a reader at the same time: each line once, in order, to the last. */
START_TEST(follow_sees_every_line_once)
{
	struct stack_service s = stage_service(
		NULL, "chatty", "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo line $i; done");
	struct stack_log_options opt = { .follow = true, .tail = -1 };
	CLEANUP(error) struct error *err = NULL;
	int count = 0;

	s.log_max_bytes = 50000;
	s.log_max_files = 20;
	start_detached(&s);
	CLEANUP(container_info) struct container_info *c = stage_find("chatty");

	ck_assert_int_eq(stack_logs(stage_engine(), &c, 1, &opt, count_line, &count, &err), 0);
	ck_assert_int_eq(count, 3000);
	remove_forced("chatty");
}
END_TEST

START_TEST(stop_asks_and_then_kills)
{
	struct stack_service obeys = stage_service(
		NULL, "obeys", "trap 'exit 5' TERM; echo up; while :; do sleep 0.05; done");
	struct stack_service deaf =
		stage_service(NULL, "deaf", "trap '' TERM; echo up; while :; do sleep 0.05; done");

	deaf.stop_timeout_ns = 300 * 1000000;
	start_detached(&obeys);
	start_detached(&deaf);
	usec_t begun = clock_monotonic();

	request("obeys", STACK_STOP, 0);
	ck_assert_int_lt(clock_monotonic() - begun, 2 * USEC_PER_SEC);
	begun = clock_monotonic();
	request("deaf", STACK_STOP, 0);
	ck_assert_int_ge(clock_monotonic() - begun, 290 * USEC_PER_MSEC);
	ck_assert_int_lt(clock_monotonic() - begun, 3 * USEC_PER_SEC);
	ck_assert_int_eq(exit_code_of("deaf"), 137);
	CLEANUP(container_info) struct container_info *c = stage_find("obeys");

	ck_assert_int_eq(c->state.status, CONTAINER_EXITED);
	ck_assert(c->state.stopped_by_hand);
	request("obeys", STACK_STOP, 0); /* again: nothing to do */
	request("obeys", STACK_START, 0);
	stage_await_status("obeys", CONTAINER_RUNNING);
	CLEANUP(error) struct error *err = NULL;
	CLEANUP(container_info) struct container_info *d = stage_find("deaf");

	ck_assert_int_eq(stack_remove(stage_engine(), d, false, true, &err), 0);
	remove_forced("obeys");
}
END_TEST

START_TEST(policy_restarts_and_gives_up)
{
	struct stack_service s = stage_service(NULL, "fails", "echo run; exit 4");

	s.restart = STACK_RESTART_ON_FAILURE;
	s.restart_max = 2;
	start_detached(&s);
	stage_await_status("fails", CONTAINER_EXITED);
	CLEANUP(container_info) struct container_info *c = stage_find("fails");
	CLEANUP_FREE char *logs = stage_logs("fails");

	ck_assert_uint_eq(c->state.restart_count, 2);
	ck_assert_int_eq(c->state.exit_code, 4);
	ck_assert_str_eq(logs, "run\nrun\nrun\n");
	remove_forced("fails");
}
END_TEST

static bool is_other_process(const struct container_info *c, void *ctx)
{
	return c->state.status == CONTAINER_RUNNING && c->state.process.pid != *(pid_t *)ctx;
}

START_TEST(killed_process_comes_back_by_policy)
{
	struct stack_service s = stage_service(NULL, "tough", "sleep 1000");

	s.restart = STACK_RESTART_UNLESS_STOPPED;
	start_detached(&s);
	CLEANUP(container_info) struct container_info *c = stage_find("tough");
	pid_t before = c->state.process.pid;

	ck_assert_int_eq(kill(before, SIGKILL), 0);
	stage_await(is_other_process, &before, "tough");
	request("tough", STACK_KILL, SIGKILL); /* by hand: it stays down */
	stage_await_status("tough", CONTAINER_EXITED);
	ck_assert_int_eq(exit_code_of("tough"), 137);
	remove_forced("tough");
}
END_TEST

START_TEST(healthy_as_soon_as_it_is)
{
	struct stack_service s =
		stage_service(NULL, "ready", "sleep 0.3; touch /tmp/ok; sleep 1000");

	stage_check(&s, "test -f /tmp/ok", 30000, 1);
	usec_t begun = clock_monotonic();

	start_detached(&s);
	CLEANUP(container_info) struct container_info *c = stage_find("ready");

	ck_assert_int_eq(c->state.health, HEALTH_STARTING);
	stage_await_health("ready", HEALTH_HEALTHY);
	ck_assert_int_lt(clock_monotonic() - begun, 3 * USEC_PER_SEC);
	CLEANUP(container_info) struct container_info *after = stage_find("ready");

	ck_assert_uint_eq(after->state.log_count, 1);
	ck_assert_uint_eq(after->state.failing_streak, 0);
	remove_forced("ready");
}
END_TEST

START_TEST(unhealthy_with_its_output_and_back)
{
	struct stack_service s = stage_service(NULL, "sick", "sleep 1000");

	stage_check(&s, "test -f /tmp/ok || { echo no file; exit 2; }", 100, 2);
	start_detached(&s);
	stage_await_health("sick", HEALTH_UNHEALTHY);
	CLEANUP(container_info) struct container_info *c = stage_find("sick");

	ck_assert_uint_ge(c->state.failing_streak, 2);
	ck_assert_int_eq(c->state.log[0].exit_code, 2);
	ck_assert_str_eq(c->state.log[0].output, "no file\n");
	remove_forced("sick");
}
END_TEST

START_TEST(slow_check_is_given_up)
{
	struct stack_service s = stage_service(NULL, "slow", "sleep 1000");

	stage_check(&s, "echo begun; sleep 1000", 200, 1);
	s.health.timeout_ns = 200 * 1000000;
	start_detached(&s);
	stage_await_health("slow", HEALTH_UNHEALTHY);
	CLEANUP(container_info) struct container_info *c = stage_find("slow");

	ck_assert_int_eq(c->state.log[0].exit_code, -1);
	ck_assert_str_eq(c->state.log[0].output, "Health check exceeded timeout (200ms): begun\n");
	remove_forced("slow");
}
END_TEST

START_TEST(unhealthy_is_restarted_when_asked_for)
{
	struct stack_service s =
		stage_service(NULL, "again", "trap 'exit 0' TERM; while :; do sleep 0.05; done");

	stage_check(&s, "false", 100, 1);
	s.restart_on_unhealthy = true;
	start_detached(&s);
	CLEANUP(container_info) struct container_info *c = stage_find("again");
	pid_t before = c->state.process.pid;

	stage_await(is_other_process, &before, "again");
	remove_forced("again");
}
END_TEST

START_TEST(pause_freezes_and_unpause_thaws)
{
	struct stack_service s = stage_service(NULL, "frozen", "sleep 1000");
	CLEANUP(error) struct error *err = NULL;

	start_detached(&s);
	request("frozen", STACK_PAUSE, 0);
	CLEANUP(container_info) struct container_info *c = stage_find("frozen");

	ck_assert_int_eq(c->state.status, CONTAINER_PAUSED);
	ck_assert_int_eq(stack_request(stage_engine(), c, STACK_PAUSE, -1, 0, &err), -ERR_USAGE);
	request("frozen", STACK_UNPAUSE, 0);
	stage_await_status("frozen", CONTAINER_RUNNING);
	request("frozen", STACK_PAUSE, 0);
	remove_forced("frozen"); /* also while it is frozen */
}
END_TEST

START_TEST(names_are_unique_and_found)
{
	struct stack_service s = stage_service(NULL, "twin", "sleep 1000");
	struct stack_service other = stage_service(NULL, "twin", "sleep 1000");
	CLEANUP(error) struct error *err = NULL, *unknown = NULL;
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT(0);
	struct stack_run_options opt = { .detach = true };
	struct container_info *none;

	start_detached(&s);
	ck_assert_int_eq(run_captured(&other, &opt, "/dev/null", &out, &err), -ERR_EXISTS);
	stack_service_fini(&other);
	CLEANUP(container_info) struct container_info *c = stage_find("twin");
	CLEANUP_FREE char *prefix = x_strndup(c->id, 6);
	CLEANUP(container_info) struct container_info *same = stage_find(prefix);

	ck_assert_str_eq(c->id, same->id);
	ck_assert_int_eq(stack_find(stage_engine(), "twim", &none, &unknown), -ERR_NOT_FOUND);
	ck_assert_str_eq(error_hint_text(unknown), "did you mean twin?");
	remove_forced("twin");
}
END_TEST

static pid_t parent_of(pid_t pid)
{
	CLEANUP_FREE char *path = x_asprintf("/proc/%d/stat", (int)pid);
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP(error) struct error *err = NULL;
	int parent = 0;

	ck_assert_int_eq(fs_read_at(AT_FDCWD, path, 4096, &text, &err), 0);
	const char *rest = strrchr(strbuf_text(&text), ')');

	ck_assert_int_eq(sscanf(rest, ") %*c %d", &parent), 1);
	return parent;
}

static void kill_supervisor(const char *name)
{
	CLEANUP(container_info) struct container_info *c = stage_find(name);
	pid_t supervisor = parent_of(c->state.process.pid);
	usec_t limit = clock_monotonic() + 5 * USEC_PER_SEC;

	ck_assert_int_gt(supervisor, 1);
	ck_assert_int_eq(kill(supervisor, SIGKILL), 0);
	while (project_is_supervised(stage_engine(), c->project) && clock_monotonic() < limit)
		(void)poll(NULL, 0, 5);
}

/* Gone, or nobody has waited for it yet. */
static bool is_dead(const struct container_running *p)
{
	CLEANUP_FD int fd = process_open(p->pid, p->start_time);
	struct pollfd ended = { .fd = fd, .events = POLLIN };

	return fd < 0 || poll(&ended, 1, 0) == 1;
}

START_TEST(orphan_is_seen_stopped_started_removed)
{
	struct stack_service s =
		stage_service(NULL, "orphan", "trap 'exit 0' TERM; while :; do sleep 0.05; done");
	CLEANUP(error) struct error *err = NULL;

	start_detached(&s);
	kill_supervisor("orphan");
	CLEANUP(container_info) struct container_info *c = stage_find("orphan");

	ck_assert(c->state.is_orphan && c->state.status == CONTAINER_RUNNING);
	ck_assert_int_eq(stack_remove(stage_engine(), c, false, true, &err), -ERR_BUSY);
	request("orphan", STACK_START, 0); /* a new supervisor, a new process */
	CLEANUP(container_info) struct container_info *again = stage_find("orphan");

	ck_assert(!again->state.is_orphan);
	ck_assert_int_ne(again->state.process.pid, c->state.process.pid);
	ck_assert(is_dead(&c->state.process));
	kill_supervisor("orphan");
	request("orphan", STACK_STOP, 0);
	stage_await_status("orphan", CONTAINER_EXITED);
	request("orphan", STACK_START, 0);
	kill_supervisor("orphan");
	remove_forced("orphan");
}
END_TEST

/* What nobody cleaned up is not in the way of the next start, and goes with the container. */
START_TEST(abandoned_is_cleaned_up)
{
	struct stack_service s =
		stage_service(NULL, "left", "trap 'exit 0' TERM; while :; do sleep 0.05; done");

	start_detached(&s);
	for (int i = 0; i < 2; i++) {
		CLEANUP(container_info) struct container_info *c = stage_find("left");

		kill_supervisor("left");
		ck_assert_int_eq(kill(c->state.process.pid, SIGKILL), 0);
		stage_await_status("left", CONTAINER_EXITED);
		CLEANUP(container_info) struct container_info *now = stage_find("left");

		ck_assert(now->state.is_abandoned && !now->state.is_orphan);
		ck_assert_int_eq(now->state.exit_code, 137);
		if (i == 0)
			request("left", STACK_START, 0);
	}
	remove_forced("left");
}
END_TEST

START_TEST(foreground_passes_signals_on)
{
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP(error) struct error *err = NULL;
	pid_t parent = getpid(), child = fork();

	if (child == 0) {
		usec_t limit = clock_monotonic() + 10 * USEC_PER_SEC;
		bool is_up = false;

		while (!is_up && clock_monotonic() < limit) {
			struct container_info *c = NULL;
			struct error *missing = NULL;

			is_up = stack_find(stage_engine(), "forwards", &c, &missing) == 0 &&
				c->state.status == CONTAINER_RUNNING;
			(void)poll(NULL, 0, 20);
		}
		(void)poll(NULL, 0, 200); /* until the shell has set its traps */
		(void)kill(parent, SIGUSR1);
		_exit(0);
	}
	struct stack_service s = stage_service(
		NULL, "forwards", "trap 'echo got it; exit 9' USR1; while :; do sleep 0.05; done");
	struct stack_run_options opt = { 0 };

	ck_assert_int_eq(run_captured(&s, &opt, "/dev/null", &out, &err), 9);
	ck_assert_str_eq(strbuf_text(&out), "got it\n");
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	stack_service_fini(&s);
	remove_forced("forwards");
}
END_TEST

static void add_tests(TCase *c)
{
	tcase_add_loop_test(c, foreground_gives_the_exit_status, 0, (int)ARRAY_SIZE(exits));
	tcase_add_test(c, foreground_relays_both_streams);
	tcase_add_test(c, foreground_passes_a_file_as_input);
	tcase_add_test(c, foreground_passes_signals_on);
	tcase_add_loop_test(c, missing_program_is_an_error_with_its_status, 0, 4);
	tcase_add_test(c, background_is_listed_logged_and_followed);
	tcase_add_test(c, follow_sees_every_line_once);
	tcase_add_test(c, stop_asks_and_then_kills);
	tcase_add_test(c, policy_restarts_and_gives_up);
	tcase_add_test(c, killed_process_comes_back_by_policy);
	tcase_add_test(c, healthy_as_soon_as_it_is);
	tcase_add_test(c, unhealthy_with_its_output_and_back);
	tcase_add_test(c, slow_check_is_given_up);
	tcase_add_test(c, unhealthy_is_restarted_when_asked_for);
	tcase_add_test(c, pause_freezes_and_unpause_thaws);
	tcase_add_test(c, names_are_unique_and_found);
	tcase_add_test(c, orphan_is_seen_stopped_started_removed);
	tcase_add_test(c, abandoned_is_cleaned_up);
}

int main(void)
{
	struct engine *e = stage_set_up();

	if (!e) {
		(void)fprintf(stderr, "needs root and namespaces: skipped\n");
		return 77;
	}
	Suite *s = suite_create("supervisor");
	TCase *c = tcase_create("supervisor");

	tcase_set_timeout(c, 60);
	add_tests(c);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);

	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);

	srunner_free(r);
	stage_tear_down(e);
	return failed != 0;
}
