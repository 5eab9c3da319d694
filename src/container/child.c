/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interpreter: one handler per kind of operation, run in order, then execve.
 *
 * This code runs in a bare clone of the caller. It takes no lock, allocates nothing, prints
 * nothing, and leaves with _exit.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "launch.h"

/* Made here and not by clone: meanwhile the parent prepares the root on another processor. */
static int own_network(struct child *c, const struct launch_op *op)
{
	(void)op;
	if (unshare(CLONE_NEWNET) < 0)
		return launch_fail(&c->failure, 0, "make a network namespace");
	if (c->tell_network)
		(void)send(c->sync_fd, "n", 1, MSG_NOSIGNAL);
	return 0;
}

static int join_network(struct child *c, const struct launch_op *op)
{
	if (setns(op->fd, CLONE_NEWNET) < 0)
		return launch_fail(&c->failure, 0, "join the network namespace");
	return 0;
}

/* The pid namespace is ours already: the parent cloned us into it. */
static int join_container(struct child *c, const struct launch_op *op)
{
	const int namespaces =
		CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP;

	/* Its groups first: a cgroup namespace does not move anybody, but hides the way there. */
	if (child_wait(c, 'j') < 0)
		return launch_fail(&c->failure, ERR_CANCELLED, "start was cancelled");
	if (setns(op->fd, namespaces) < 0)
		return launch_fail(&c->failure, errno == ESRCH ? ERR_NOT_FOUND : 0, "%s",
				   errno == ESRCH ? "the container does not run any more"
						  : "join the container's namespaces");
	c->root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return c->root_fd < 0 ? launch_fail(&c->failure, 0, "open the container's root") : 0;
}

static int hostname(struct child *c, const struct launch_op *op)
{
	if (sethostname(op->source, strlen(op->source)) < 0)
		return launch_fail(&c->failure, 0, "set host name '%s'", op->source);
	return 0;
}

static int domainname(struct child *c, const struct launch_op *op)
{
	if (setdomainname(op->source, strlen(op->source)) < 0)
		return launch_fail(&c->failure, 0, "set domain name '%s'", op->source);
	return 0;
}

static int loopback(struct child *c, const struct launch_op *op)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	CLEANUP_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)op;
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return launch_fail(&c->failure, 0, "bring up the loopback interface");
	return 0;
}

static int gate(struct child *c, const struct launch_op *op)
{
	(void)op;
	return child_wait(c, 'g') < 0
		       ? launch_fail(&c->failure, ERR_CANCELLED, "start was cancelled")
		       : 0;
}

int child_wait_root(struct child *c, int *ret_fd)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	char byte = 0;
	struct iovec data = {&byte, 1};
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n;

	do {
		n = recvmsg(c->sync_fd, &message, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n != 1 || byte != 'r')
		return -1;
	const struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	*ret_fd = -1;
	if (head && head->cmsg_type == SCM_RIGHTS)
		memcpy(ret_fd, CMSG_DATA(head), sizeof(*ret_fd));
	return 0;
}

int child_wait(struct child *c, char expected)
{
	char byte = 0;

	if (expected == 'j' && c->joined)
		return 0;
	do {
		ssize_t n = recv(c->sync_fd, &byte, 1, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		c->joined = c->joined || byte == 'j';
	} while (byte != expected);
	return 0;
}

static const child_op_fn handlers[] = {
	[LAUNCH_OP_OWN_NETWORK] = own_network,
	[LAUNCH_OP_JOIN_NETWORK] = join_network,
	[LAUNCH_OP_JOIN_CONTAINER] = join_container,
	[LAUNCH_OP_SLAVE] = child_slave,
	[LAUNCH_OP_HOSTNAME] = hostname,
	[LAUNCH_OP_DOMAINNAME] = domainname,
	[LAUNCH_OP_LOOPBACK] = loopback,
	[LAUNCH_OP_ROOT] = child_root,
	[LAUNCH_OP_MOUNT] = child_mount,
	[LAUNCH_OP_DIRECTORY] = child_directory,
	[LAUNCH_OP_NODE] = child_node,
	[LAUNCH_OP_LINK] = child_link,
	[LAUNCH_OP_CGROUP] = child_cgroup,
	[LAUNCH_OP_COPY_UP] = child_copy_up,
	[LAUNCH_OP_BIND] = child_bind,
	[LAUNCH_OP_MASK] = child_mask,
	[LAUNCH_OP_MASK_CPUS] = child_mask_cpus,
	[LAUNCH_OP_READ_ONLY] = child_read_only,
	[LAUNCH_OP_SYSCTL] = child_sysctl,
	[LAUNCH_OP_USER] = child_user,
	[LAUNCH_OP_WORKDIR] = child_workdir,
	[LAUNCH_OP_ROOT_READ_ONLY] = child_root_read_only,
	[LAUNCH_OP_PIVOT] = child_pivot,
	[LAUNCH_OP_GATE] = gate,
	[LAUNCH_OP_STDIO] = child_stdio,
	[LAUNCH_OP_SESSION] = child_session,
	[LAUNCH_OP_CLOSE_FDS] = child_close_fds,
	[LAUNCH_OP_CHDIR] = child_chdir,
	[LAUNCH_OP_BOUNDING] = child_bounding,
	[LAUNCH_OP_SECCOMP] = child_seccomp,
	[LAUNCH_OP_IDS] = child_ids,
	[LAUNCH_OP_DIE_WITH_PARENT] = child_die_with_parent,
	[LAUNCH_OP_NO_NEW_PRIVILEGES] = child_no_new_privileges,
	[LAUNCH_OP_EXEC] = child_exec,
};
_Static_assert(ARRAY_SIZE(handlers) == LAUNCH_OP_COUNT, "a handler for every operation");

void child_main(struct child *c)
{
	(void)umask(0);
	/* A session keyring of its own; a kernel without keys or a full quota is no obstacle. */
	(void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, c->label, 0, 0, 0);
	for (size_t i = 0; i < c->plan->count; i++) {
		const struct launch_op *op = &c->plan->ops[i];

		if (handlers[op->kind](c, op) < 0)
			break;
	}
	(void)send(c->sync_fd, &c->failure, sizeof(c->failure), MSG_NOSIGNAL);
	_exit(125);
}
