/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lock and sockets of one call.
 *
 * The lock is flock() on the network namespace itself: whoever can change this namespace finds the
 * same file, whatever its mounts and run directories. It ends with the descriptor.
 */
#include "session.h"

#include <errno.h>
#include <linux/netlink.h>
#include <sys/file.h>

#include "namespace.h"

static int lock_namespace(struct error **err)
{
	CLEANUP_FD int fd = network_namespace_open(err);

	if (fd < 0)
		return fd;
	while (flock(fd, LOCK_EX) < 0) {
		if (errno != EINTR)
			return error_errno(err, "lock the network namespace");
	}
	return STEAL_FD(&fd);
}

int network_session_begin(int networks_fd, struct network_session *ret_session,
			  struct error **err)
{
	struct network_session s CLEANUP_SESSION = NETWORK_SESSION_NONE;

	s.networks_fd = networks_fd;
	s.home_fd = lock_namespace(err);
	if (s.home_fd < 0)
		return s.home_fd;
	s.rtnl_fd = network_netlink_open(NETLINK_ROUTE, err);
	if (s.rtnl_fd < 0)
		return s.rtnl_fd;
	s.nft_fd = network_netlink_open(NETLINK_NETFILTER, err);
	if (s.nft_fd < 0)
		return s.nft_fd;
	*ret_session = s;
	s = NETWORK_SESSION_NONE;
	return 0;
}

void network_session_end(struct network_session *s)
{
	/* Explicitly, since the remover may hold a copy of the descriptor for a moment */
	if (s->home_fd >= 0)
		(void)flock(s->home_fd, LOCK_UN); /* closing would do the same a little later */
	if (s->removals.count || s->nft_has_garbage)
		network_removal_start(s);
	network_batch_fini(&s->removals);
	close_fd(s->rtnl_fd);
	close_fd(s->nft_fd);
	close_fd(s->home_fd);
	*s = NETWORK_SESSION_NONE;
}
