/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mount operations, every one by descriptor: a target is resolved inside the new root, then
 * attached to. No path string of the user's reaches a mount call.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "base/fs.h"
#include "launch.h"
#include "mount_call.h"

enum { OPTIONS_MAX = 256, CPUS_MAX = 8192 };

int child_slave(struct child *c, const struct launch_op *op)
{
	(void)op;
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return launch_fail(&c->failure, 0, "separate the mount tree from the host's");
	return 0;
}

int child_root(struct child *c, const struct launch_op *op)
{
	CLEANUP_FD int opened = -1;

	(void)op;
	if (child_wait_root(c, &opened) < 0)
		return launch_fail(&c->failure, ERR_CANCELLED, "start was cancelled");
	c->root_fd = root_mount(c->root, opened, &c->failure);
	return c->root_fd < 0 ? -1 : 0;
}

/* A real directory right below the root, made when missing; a symlink in its place is an attack. */
static int open_plain(const struct child *c, const char *target)
{
	const char *name = target + 1;
	const int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(c->root_fd, name, flags);

	if (fd < 0 && errno == ENOENT && mkdirat(c->root_fd, name, 0755) == 0)
		fd = openat(c->root_fd, name, flags);
	return fd < 0 ? -errno : fd;
}

static void add_hint(struct child *c, int error, const char *target)
{
	const char *text = NULL;

	if (error == EROFS)
		text = "its parent is read-only and it does not exist: make it in the image";
	else if (error == ENOTDIR)
		text = "one is a directory and the other is not, or a symlink is in the way";
	else if (error == ELOOP)
		text = "symlinks into /proc/PID are not followed";
	if (text)
		(void)snprintf(c->failure.hint, sizeof(c->failure.hint), "'%.60s': %s", target,
			       text);
}

static int fail_target(struct child *c, const struct launch_op *op, int error)
{
	errno = error;
	(void)launch_fail(&c->failure, 0, "mount '%s' on '%s'", op->source ? op->source : "mask",
			  op->target);
	add_hint(c, error, op->target);
	return -1;
}

int child_attach(struct child *c, const struct launch_op *op, int mount_fd, enum target_kind kind)
{
	const struct target_rule rule = {.kind = kind, .mode = 0755};
	CLEANUP_FD int target = -1;
	struct statfs fs;

	if (op->flags & LAUNCH_FLAG_PLAIN)
		target = open_plain(c, op->target);
	else if (op->flags & LAUNCH_FLAG_EXISTING)
		target = fs_open_in_root(c->root_fd, op->target, O_PATH, 0);
	else
		target = target_open(c->root_fd, op->target, &rule);
	if (target == -ENOENT && op->flags & LAUNCH_FLAG_EXISTING)
		return 0;
	if (target < 0)
		return fail_target(c, op, -target);
	/* However it got there, a symlink included: /proc stays what it is (CVE-2019-16884). */
	if (!(op->flags & (LAUNCH_FLAG_PLAIN | LAUNCH_FLAG_OVER_PROC)) &&
	    fstatfs(target, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC)
		return launch_fail(&c->failure, ERR_USAGE, "mount target '%s' leads into /proc",
				   op->target);
	if (mount_call_move(mount_fd, target, "") < 0)
		return fail_target(c, op, errno);
	return 0;
}

/* "key=value,flag" to the file system under construction. */
static int configure(int fs_fd, const char *options)
{
	char text[OPTIONS_MAX];
	char *rest = text;

	if (!options)
		return 0;
	if (strlen(options) >= sizeof(text)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(text, options, strlen(options) + 1);
	while (rest && *rest) {
		char *key = rest, *comma = strchr(rest, ','), *value;

		if (comma)
			*comma = '\0';
		rest = comma ? comma + 1 : NULL;
		value = strchr(key, '=');
		if (value)
			*value++ = '\0';
		if (mount_call_fsconfig(fs_fd, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, key,
					value, 0) < 0)
			return -1;
	}
	return 0;
}

int child_new_mount(struct child *c, const struct launch_op *op)
{
	CLEANUP_FD int fs_fd = mount_call_fsopen(op->source);
	int fd = -1;

	/* The source is what mount tables show first; by habit the type's name. */
	if (fs_fd >= 0 &&
	    mount_call_fsconfig(fs_fd, FSCONFIG_SET_STRING, "source", op->source, 0) == 0 &&
	    configure(fs_fd, op->options) == 0 &&
	    mount_call_fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		fd = mount_call_fsmount(fs_fd, op->attr);
	return fd < 0 ? fail_target(c, op, errno) : fd;
}

int child_mount(struct child *c, const struct launch_op *op)
{
	CLEANUP_FD int fd = child_new_mount(c, op);

	if (fd < 0)
		return op->flags & LAUNCH_FLAG_OPTIONAL ? 0 : -1;
	if (child_attach(c, op, fd, TARGET_DIRECTORY) < 0)
		return -1;
	if (op->flags & LAUNCH_FLAG_DEV)
		c->dev_fd = STEAL_FD(&fd);
	else if (op->flags & LAUNCH_FLAG_PLAIN && strcmp(op->source, "proc") == 0)
		c->proc_fd = STEAL_FD(&fd);
	return 0;
}

/* Names of /dev's own entries, as the plan writes them: "/dev/null" is "null" in our tmpfs. */
static const char *dev_name(const struct launch_op *op)
{
	return op->target + sizeof("/dev/") - 1;
}

int child_directory(struct child *c, const struct launch_op *op)
{
	if (mkdirat(c->dev_fd, dev_name(op), 0755) < 0)
		return launch_fail(&c->failure, 0, "make directory '%s'", op->target);
	return 0;
}

int child_node(struct child *c, const struct launch_op *op)
{
	if (mknodat(c->dev_fd, dev_name(op), S_IFCHR | op->mode, makedev(op->major, op->minor)) < 0)
		return launch_fail(&c->failure, 0, "make device '%s'", op->target);
	return 0;
}

int child_link(struct child *c, const struct launch_op *op)
{
	if (symlinkat(op->source, c->dev_fd, dev_name(op)) < 0)
		return launch_fail(&c->failure, 0, "make link '%s'", op->target);
	return 0;
}

int child_copy_up(struct child *c, const struct launch_op *op)
{
	CLEANUP_FD int from = fs_open_in_root(c->root_fd, op->target, O_RDONLY | O_DIRECTORY, 0);

	if (from == -ENOENT || from == -ENOTDIR)
		return 0;
	int r = from < 0 ? from : copy_up_fill(from, op->fd);

	if (r < 0) {
		errno = -r;
		return launch_fail(&c->failure, 0, "fill volume '%s' from '%s' of the image",
				   op->source, op->target);
	}
	return 0;
}

int child_bind(struct child *c, const struct launch_op *op)
{
	struct stat st;

	if (fstat(op->fd, &st) < 0)
		return fail_target(c, op, errno);
	if (child_attach(c, op, op->fd, S_ISDIR(st.st_mode) ? TARGET_DIRECTORY : TARGET_FILE) < 0)
		return -1;
	if (op->flags & LAUNCH_FLAG_DEV)
		c->dev_fd = op->fd;
	return 0;
}

/* The container's own null device, and really that: anything else would mask nothing. */
static int clone_null(struct child *c)
{
	struct stat st;
	CLEANUP_FD int null = openat(c->dev_fd, "null", O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (null < 0 || fstat(null, &st) < 0)
		return -1;
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3)) { /* CVE-2025-31133 */
		errno = ENODEV;
		return -1;
	}
	return mount_call_open_tree(null, "", false);
}

/* One empty read-only directory for all: attached the first time, cloned from there afterwards. */
static int empty_directory(struct child *c)
{
	static const struct launch_op empty = {
		.source = "tmpfs",
		.target = "mask",
		.options = "nr_inodes=1,nr_blocks=1,mode=755",
		.attr = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			MOUNT_ATTR_NOEXEC,
	};

	if (c->mask_fd >= 0)
		return mount_call_open_tree(c->mask_fd, "", false);
	c->mask_fd = child_new_mount(c, &empty);
	return c->mask_fd < 0 ? -1 : fcntl(c->mask_fd, F_DUPFD_CLOEXEC, 3);
}

static int mask_path(struct child *c, const struct launch_op *op, const char *path)
{
	CLEANUP_FD int target = fs_open_in_root(c->root_fd, path, O_PATH, 0);
	struct stat st;

	if (target == -ENOENT || target == -ENOTDIR)
		return 0;
	if (target < 0 || fstat(target, &st) < 0)
		return fail_target(c, op, target < 0 ? -target : errno);
	CLEANUP_FD int mask = S_ISDIR(st.st_mode) ? empty_directory(c) : clone_null(c);

	if (mask < 0 || mount_call_move(mask, target, "") < 0)
		return fail_target(c, op, errno);
	return 0;
}

int child_mask(struct child *c, const struct launch_op *op)
{
	return mask_path(c, op, op->target);
}

int child_mask_cpus(struct child *c, const struct launch_op *op)
{
	char path[128];
	int r = 0;

	for (int cpu = 0; r == 0 && cpu < CPUS_MAX; cpu++) {
		(void)snprintf(path, sizeof(path), "%s/cpu%d", op->target, cpu);
		CLEANUP_FD int fd = fs_open_in_root(c->root_fd, path, O_PATH, 0);

		if (fd < 0)
			return 0;
		(void)snprintf(path, sizeof(path), "%s/cpu%d/%s", op->target, cpu, op->source);
		r = mask_path(c, op, path);
	}
	return r;
}

int child_read_only(struct child *c, const struct launch_op *op)
{
	CLEANUP_FD int target = fs_open_in_root(c->root_fd, op->target, O_PATH, 0);

	if (target == -ENOENT)
		return 0;
	CLEANUP_FD int tree = target < 0 ? -1 : mount_call_open_tree(target, "", true);

	if (tree < 0 || mount_call_set(tree, MOUNT_ATTR_RDONLY, false, true) < 0 ||
	    mount_call_move(tree, target, "") < 0)
		return launch_fail(&c->failure, 0, "make '%s' read-only", op->target);
	return 0;
}

/*
 * Written through a procfs of our own: the early ones through the mount that nothing could cover
 * yet, the late ones through a detached one (CVE-2025-52881).
 */
int child_sysctl(struct child *c, const struct launch_op *op)
{
	static const struct launch_op proc = {.source = "proc", .target = "sysctl"};
	char path[256];

	if (op->flags & LAUNCH_FLAG_LATE && c->late_proc_fd < 0) {
		c->late_proc_fd = child_new_mount(c, &proc);
		if (c->late_proc_fd < 0)
			return -1;
	}
	if ((size_t)snprintf(path, sizeof(path), "sys/%s", op->target) >= sizeof(path))
		return launch_fail(&c->failure, ERR_LIMIT, "sysctl '%.60s...' is too long",
				   op->target);
	CLEANUP_FD int fd = openat(op->flags & LAUNCH_FLAG_LATE ? c->late_proc_fd : c->proc_fd,
				   path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fs_write_all(fd, op->source, strlen(op->source)) < 0)
		return launch_fail(&c->failure, 0, "set sysctl '%s' to '%s'", op->target,
				   op->source);
	return 0;
}

int child_root_read_only(struct child *c, const struct launch_op *op)
{
	(void)op;
	if (mount_call_set(c->root_fd, MOUNT_ATTR_RDONLY, false, false) < 0)
		return launch_fail(&c->failure, 0, "make the root read-only");
	return 0;
}

/* The old root is stacked on the new one for a moment, so no directory is needed for it. */
int child_pivot(struct child *c, const struct launch_op *op)
{
	(void)op;
	if (fchdir(c->root_fd) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return launch_fail(&c->failure, 0, "enter the container's root");
	return 0;
}
