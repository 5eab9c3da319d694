/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the container sees of its control groups: its own, as the root, read-only.
 *
 * The namespace is made only when the child is in its final groups; until then it would show the
 * caller's (CVE-2023-25809 is what happens without one). On v1 and hybrid hosts a small tmpfs holds
 * the hierarchies whose limits are set, under the names where programs look for them.
 */
#include <errno.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/stat.h>

#include "launch.h"
#include "mount_call.h"

/* Bit in child.controllers; what the hierarchy is called, alone or mounted together. */
static const struct {
	const char *name;
	const char *options;
	const char *together;
} controllers[] = {
	{"memory", "memory", NULL},
	{"cpu", "cpu", "cpu,cpuacct"},
	{"pids", "pids", NULL},
};

static int view_v2(struct child *c, const struct launch_op *op)
{
	struct launch_op view = *op;

	view.source = "cgroup2";
	CLEANUP_FD int fd = child_new_mount(c, &view);

	return fd < 0 ? -1 : child_attach(c, op, fd, TARGET_DIRECTORY);
}

static void view_controller(struct child *c, const struct launch_op *op, int dir_fd, size_t i)
{
	struct launch_op view = {.source = "cgroup", .target = op->target, .attr = op->attr};
	int fd = -1;

	view.options = controllers[i].options;
	fd = child_new_mount(c, &view);
	if (fd < 0 && controllers[i].together) {
		view.options = controllers[i].together;
		fd = child_new_mount(c, &view);
	}
	/* A view is a service: a hierarchy that cannot be shown is not, its limit holds anyway. */
	if (fd >= 0 && mkdirat(dir_fd, controllers[i].name, 0755) == 0)
		(void)mount_call_move(fd, dir_fd, controllers[i].name);
	close_fd(fd);
}

static int view_v1(struct child *c, const struct launch_op *op)
{
	struct launch_op base = *op;

	base.source = "tmpfs";
	base.options = "mode=755,size=64k";
	base.attr &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	CLEANUP_FD int fd = child_new_mount(c, &base);

	if (fd < 0 || child_attach(c, op, fd, TARGET_DIRECTORY) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(controllers); i++) {
		if (c->controllers & (UINT64_C(1) << i))
			view_controller(c, op, fd, i);
	}
	if (op->attr & MOUNT_ATTR_RDONLY && mount_call_set(fd, MOUNT_ATTR_RDONLY, false, false) < 0)
		return launch_fail(&c->failure, 0, "make '%s' read-only", op->target);
	return 0;
}

int child_cgroup(struct child *c, const struct launch_op *op)
{
	if (child_wait(c, 'j') < 0)
		return launch_fail(&c->failure, ERR_CANCELLED, "start was cancelled");
	if (unshare(CLONE_NEWCGROUP) < 0)
		return launch_fail(&c->failure, 0, "make a cgroup namespace");
	if (c->cgroup_v2 && view_v2(c, op) == 0)
		return 0;
	return view_v1(c, op);
}
