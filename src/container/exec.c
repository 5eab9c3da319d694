/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One more program in a running container.
 *
 * The caller enters the container's pid namespace for its children only, clones, and leaves it
 * again: the clone is then its own child and in the namespace from birth, with no second fork. It
 * is not dumpable from birth either, since the container can see it before it has executed
 * (CVE-2016-9962).
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/fs.h"
#include "base/process.h"
#include "cgroup_tree.h"
#include "launch.h"

static int clone_inside(struct launch *l, int target_pidfd, struct error **err)
{
	CLEANUP_FD int own = open("/proc/self/ns/pid_for_children", O_RDONLY | O_CLOEXEC);
	int dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);

	if (own < 0)
		return error_errno(err, "open the engine's pid namespace");
	if (setns(target_pidfd, CLONE_NEWPID) < 0) {
		if (errno == ESRCH)
			return error_new(err, ERR_NOT_FOUND, "the container does not run any more");
		return error_errno(err, "join the container's pid namespace");
	}
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	int r = launch_clone(l, err);

	if (dumpable == 1)
		(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	/* Failing here would put every later child into the container: go no further. */
	if (setns(own, CLONE_NEWPID) < 0)
		abort();
	return r;
}

/* Nobody else tells what the container was started with. */
static void copy_limits(pid_t from, pid_t to)
{
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		struct rlimit limit;

		/* A limit that cannot be raised stays at ours, which is the stricter one. */
		if (prlimit(from, (__rlimit_resource_t)i, NULL, &limit) == 0)
			(void)prlimit(to, (__rlimit_resource_t)i, &limit, NULL);
	}
}

static void copy_oom_score(pid_t from, pid_t to)
{
	char path[48], text[16];

	(void)snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)from);
	CLEANUP_FD int source = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = source < 0 ? -1 : read(source, text, sizeof(text));

	if (n <= 0)
		return;
	(void)snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)to);
	CLEANUP_FD int sink = open(path, O_WRONLY | O_CLOEXEC);

	if (sink >= 0 && write(sink, text, (size_t)n) < 0)
		return; /* lowering may be refused; then the program dies earlier, not later */
}

static int run_parent(struct launch *l, const struct container_running *target,
		      const char *cgroup_name, struct error **err)
{
	if (cgroup_name) {
		int r = cgroup_join(cgroup_name, l->running.pid, err);

		if (r < 0)
			return launch_prefer_child(l, r, err);
	}
	l->running.start_time = process_start_time(l->running.pid);
	copy_limits(target->pid, l->running.pid);
	copy_oom_score(target->pid, l->running.pid);
	launch_send(l, 'j');
	return launch_wait(l, err);
}

int container_exec(const struct container_running *target, const char *cgroup_name,
		   const struct container_process *process, struct container_running *ret_running,
		   struct error **err)
{
	CLEANUP(arena) struct arena *arena = arena_new();
	struct launch_plan plan = {.arena = arena};
	struct child child;
	struct launch l = {.child = &child, .cgroup_fd = -1};
	CLEANUP_FD int opened = -1;
	/* Born in its group: moving a process into one waits for all CPUs, 10 to 15 ms. */
	CLEANUP_FD int group = cgroup_name ? cgroup_open_group(CGROUP_UNIFIED, cgroup_name) : -1;
	int r = plan_exec(&plan, process, err);

	if (r < 0)
		return r;
	if (target->pidfd < 0) {
		opened = process_open(target->pid, target->start_time);
		if (opened < 0)
			return error_new(err, ERR_NOT_FOUND, "the container does not run any more");
	}
	l.cgroup_fd = group;
	launch_init_child(&child, &plan, process);
	child.label = arena_printf(arena, "firkin.%.64s", cgroup_name ? cgroup_name : "exec");
	plan.ops[0].fd = opened >= 0 ? opened : target->pidfd;
	r = clone_inside(&l, plan.ops[0].fd, err);
	if (r < 0)
		return r;
	r = run_parent(&l, target, cgroup_name, err);
	close_fd(l.sync_fd);
	if (r < 0)
		launch_abort(&l);
	else
		*ret_running = l.running;
	return r;
}
