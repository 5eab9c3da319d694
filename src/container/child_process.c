/* SPDX-License-Identifier: Apache-2.0 */
/* Process attributes, from user and working directory to the program that is executed. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "base/fs.h"
#include "launch.h"

enum {
	SYNC_FD = 3, /* where the socket to the parent and the init program are moved to */
	INIT_FD = 4,
	CAPABILITIES_MAX = 64,
};

int child_user(struct child *c, const struct launch_op *op)
{
	(void)op;
	return user_resolve(c->root_fd, c->process->user, &c->process->groups, &c->user,
			    &c->failure);
}

int child_workdir(struct child *c, const struct launch_op *op)
{
	const struct target_rule rule = {
		.kind = TARGET_DIRECTORY,
		.mode = 0755,
		.uid = c->user.uid,
		.gid = c->user.gid,
	};
	CLEANUP_FD int fd = target_open(c->root_fd, op->target, &rule);

	if (fd < 0) {
		errno = -fd;
		return launch_fail(&c->failure, 0, "make working directory '%s'", op->target);
	}
	return 0;
}

static bool is_null(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

/*
 * The user may reopen its streams (/dev/stdout), which is a matter of who owns the pipe or
 * terminal. A regular file of the host's stays with its owner.
 */
static void give_stream(const struct child *c, int fd)
{
	struct stat st;

	if (c->user.uid == 0 || fstat(fd, &st) < 0)
		return;
	if (!S_ISFIFO(st.st_mode) && !(c->process->tty && S_ISCHR(st.st_mode)))
		return;
	if (fchown(fd, c->user.uid, (gid_t)-1) < 0)
		return; /* then it cannot be reopened; it can be used */
}

/* All three are read before any is replaced: fds[2] may be 1, and fds[0] may be 2. */
int child_stdio(struct child *c, const struct launch_op *op)
{
	int fds[3];

	(void)op;
	for (int i = 0; i < 3; i++) {
		int from = c->process->fds[i];

		/* The host's null device stays outside: the container's takes its place. */
		if (from >= 0 && !is_null(from)) {
			fds[i] = fcntl(from, F_DUPFD_CLOEXEC, INIT_FD + 1);
		} else {
			fds[i] = open("/dev/null", O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY);
			if (fds[i] >= 0 && !is_null(fds[i]))
				return launch_fail(&c->failure, ERR_FAILED,
						   "'/dev/null' of the container is not one");
			if (fds[i] >= 0 && fds[i] <= INIT_FD)
				fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, INIT_FD + 1);
		}
		if (fds[i] < 0)
			return launch_fail(&c->failure, 0, "open standard stream %d", i);
		give_stream(c, fds[i]);
	}
	for (int i = 0; i < 3; i++) {
		if (dup2(fds[i], i) < 0)
			return launch_fail(&c->failure, 0, "set standard stream %d", i);
	}
	return 0;
}

/* Without a terminal too: nobody may push input into the caller's (CVE-2017-5226). */
int child_session(struct child *c, const struct launch_op *op)
{
	if (setsid() < 0 && errno != EPERM)
		return launch_fail(&c->failure, 0, "start a session");
	if (op->flags & LAUNCH_FLAG_TTY && ioctl(STDIN_FILENO, TIOCSCTTY, 1) < 0)
		return launch_fail(&c->failure, 0, "take the terminal");
	return 0;
}

/* Not close-on-exec but closed: /proc/self/fd/N must not lead to the host (CVE-2024-21626). */
int child_close_fds(struct child *c, const struct launch_op *op)
{
	int sync = fcntl(c->sync_fd, F_DUPFD_CLOEXEC, INIT_FD + 1);
	int init = c->init_fd < 0 ? -1 : fcntl(c->init_fd, F_DUPFD_CLOEXEC, INIT_FD + 1);

	(void)op;
	if (sync < 0 || (c->init_fd >= 0 && init < 0))
		return launch_fail(&c->failure, 0, "keep descriptors");
	c->sync_fd = dup3(sync, SYNC_FD, O_CLOEXEC);
	c->init_fd = init < 0 ? -1 : dup3(init, INIT_FD, O_CLOEXEC);
	if (syscall(SYS_close_range, init < 0 ? INIT_FD : INIT_FD + 1, ~0U, 0) < 0)
		return launch_fail(&c->failure, 0, "close descriptors");
	c->root_fd = c->proc_fd = c->dev_fd = c->mask_fd = c->late_proc_fd = -1;
	return 0;
}

static int enter_workdir(const char *path)
{
	char cwd[PATH_MAX];

	if (chdir(path) < 0)
		return -errno;
	/* The raw call says "(unreachable)" where the C library would guess. */
	if (syscall(SYS_getcwd, cwd, sizeof(cwd)) < 0)
		return -errno;
	return cwd[0] == '/' ? 0 : -EXDEV;
}

static int fail_workdir(struct child *c, const char *path, int error)
{
	errno = error;
	if (error == EXDEV)
		(void)launch_fail(&c->failure, ERR_FAILED,
				  "working directory '%s' is outside the container", path);
	else
		(void)launch_fail(&c->failure, 0, "enter working directory '%s'", path);
	c->failure.status = LAUNCH_STATUS_NOT_EXECUTABLE;
	return -1;
}

int child_chdir(struct child *c, const struct launch_op *op)
{
	int r = enter_workdir(op->target);

	if (r == -EACCES) { /* a network file system may know the user, but not root */
		c->chdir_again = true;
		return 0;
	}
	return r < 0 ? fail_workdir(c, op->target, -r) : 0;
}

static uint64_t wanted_capabilities(const struct child *c)
{
	return c->process->privileged ? UINT64_MAX : c->process->capabilities;
}

int child_bounding(struct child *c, const struct launch_op *op)
{
	uint64_t wanted = wanted_capabilities(c);

	(void)op;
	for (unsigned i = 0; i < CAPABILITIES_MAX; i++) {
		if (wanted & (UINT64_C(1) << i))
			continue;
		if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0) {
			if (errno == EINVAL) /* the kernel's last one was before */
				break;
			return launch_fail(&c->failure, 0, "drop capability %u", i);
		}
	}
	return 0;
}

int child_seccomp(struct child *c, const struct launch_op *op)
{
	int r = seccomp_install(&c->filter);

	(void)op;
	if (r < 0) {
		errno = -r;
		return launch_fail(&c->failure, 0, "install the system call filter");
	}
	return 0;
}

/*
 * Effective and permitted as asked for root, empty for everybody else; inheritable and ambient
 * always empty (CVE-2016-8867, CVE-2022-24769 and its sisters).
 */
static int set_capabilities(struct child *c)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}};
	uint64_t wanted = c->user.uid == 0 ? wanted_capabilities(c) : 0;

	if (syscall(SYS_capget, &header, data) < 0)
		return launch_fail(&c->failure, 0, "read capabilities");
	for (int i = 0; i < 2; i++) {
		data[i].permitted &= (uint32_t)(wanted >> (32 * i));
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &header, data) < 0)
		return launch_fail(&c->failure, 0, "set capabilities");
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0,
		    0); /* before 4.3 there are none */
	return 0;
}

int child_ids(struct child *c, const struct launch_op *op)
{
	const struct container_user *u = &c->user;

	(void)op;
	/* The system calls themselves: the C library's forms speak to threads that are not here. */
	if (syscall(SYS_setgroups, u->group_count, u->groups) < 0 ||
	    syscall(SYS_setresgid, u->gid, u->gid, u->gid) < 0 ||
	    syscall(SYS_setresuid, u->uid, u->uid, u->uid) < 0)
		return launch_fail(&c->failure, 0, "become user %u:%u", u->uid, u->gid);
	if (set_capabilities(c) < 0)
		return -1;
	if (c->chdir_again) {
		int r = enter_workdir(c->process->cwd);

		return r < 0 ? fail_workdir(c, c->process->cwd, -r) : 0;
	}
	return 0;
}

int child_die_with_parent(struct child *c, const struct launch_op *op)
{
	char byte;

	(void)op;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return launch_fail(&c->failure, errno, "ask to die with the parent");
	/* It may have gone just before: then nobody holds the other end any more. */
	if (recv(c->sync_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
		return launch_fail(&c->failure, ESRCH, "the parent is gone");
	return 0;
}

int child_no_new_privileges(struct child *c, const struct launch_op *op)
{
	(void)op;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return launch_fail(&c->failure, 0, "set no_new_privs");
	return 0;
}
