/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removing things from the kernel without waiting for it.
 *
 * The kernel frees a network device only after every CPU has passed several RCU grace periods, and
 * keeps the caller waiting: 12 to 25 ms for a veth pair, 30 to 50 ms for a bridge, on an idle
 * machine (6.18, 2 CPUs). Closing a socket over which nftables objects were removed waits for
 * another one. None of these waits can be interrupted. So a child does the waiting: it removes the
 * interfaces and is the last to close the sockets. It is a grandchild, which nobody has to reap.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "session.h"

enum { AWAIT_TIMEOUT_MS = 2000 };

/*
 * In the grandchild. Nothing else of the caller's may stay open, or its pipes would never end. The
 * last to close a socket is the one who waits: @others ends when the others have closed theirs.
 */
static void remove_and_exit(struct network_session *s, const int others[2])
{
	CLEANUP(error) struct error *ignored = NULL;
	enum { RTNL_FD, NFT_FD, OTHERS_FD, COUNT };
	const int fds[COUNT] = { s->rtnl_fd, s->nft_fd, others[0] };
	int high[COUNT];
	char none;

	/* First out of the way of the numbers that they shall have */
	for (int i = 0; i < COUNT; i++)
		high[i] = fcntl(fds[i], F_DUPFD, COUNT);
	for (int i = 0; i < COUNT; i++) {
		if (dup2(high[i], i) != i)
			_exit(1);
	}
	(void)close_range(COUNT, ~0U, 0);
	(void)setsid(); /* a ^C at the terminal is not for us */
	(void)network_batch_send(&s->removals, RTNL_FD, &ignored);
	(void)!read(OTHERS_FD, &none, 1);
	_exit(0);
}

/* A socket that hears of interfaces that vanish, -1: none needed or none to be had */
static int watch(const struct network_session *s)
{
	const struct sockaddr_nl name = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
	CLEANUP_FD int fd =
		s->awaited_index ?
			socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE) :
			-1;

	if (fd < 0 || bind(fd, (const struct sockaddr *)&name, sizeof(name)) < 0)
		return -1;
	return STEAL_FD(&fd);
}

static bool is_vanished(int fd, unsigned index)
{
	struct ifreq request = { .ifr_ifindex = (int)index };

	return ioctl(fd, SIOCGIFNAME, &request) < 0;
}

/*
 * The kernel tells before it begins to wait for its grace periods, so this takes a fraction of a
 * millisecond. What is told is not read closely: whether the interface is there says more.
 */
static void await(int watch_fd, unsigned index)
{
	struct pollfd waiting = { .fd = watch_fd, .events = POLLIN };
	char buffer[8192];

	while (watch_fd >= 0 && !is_vanished(watch_fd, index)) {
		if (poll(&waiting, 1, AWAIT_TIMEOUT_MS) == 0)
			break; /* the remover died; attaching again will say what is wrong */
		while (recv(watch_fd, buffer, sizeof(buffer), 0) > 0)
			;
	}
}

void network_removal_start(struct network_session *s)
{
	CLEANUP(error) struct error *ignored = NULL;
	CLEANUP_FD int watch_fd = watch(s);
	int others[2] = { -1, -1 };
	/*
	 * One copy of our memory instead of two: the child borrows ours and does nothing but make
	 * the grandchild (by a bare clone, that is a fork), which has its own.
	 */
	pid_t pid = pipe2(others, O_CLOEXEC) < 0 ? -1 : vfork();

	if (pid == 0) {
		if (syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL) == 0)
			remove_and_exit(s, others);
		_exit(0);
	}
	if (pid < 0) /* too many processes: then it takes its time */
		(void)network_batch_send(&s->removals, s->rtnl_fd, &ignored);
	close_fd(STEAL_FD(&s->nft_fd));
	close_fd(others[0]);
	close_fd(others[1]);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	await(watch_fd, s->awaited_index);
}
