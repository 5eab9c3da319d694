/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeping a network that nobody uses for a moment longer.
 *
 * Making a bridge is cheap, but the kernel holds the lock of all interfaces for 30 to 50 ms while it
 * removes one, and the next command waits for that. So the last container that leaves a network that
 * is not persistent starts a keeper, a process that owns the network, waits until it was unused for a
 * second, removes it and ends. Many runs after each other thus share one bridge; after the last of
 * them nothing is left, as before.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "session.h"

enum { KEEP_MS = 1000, NETWORKS_FD = 0 };

/* Time since the state was written, that is since the last container came or left; in ms. */
static int64_t unused_ms(int networks_fd, const char *name)
{
	CLEANUP_FREE char *file = x_asprintf("%s.json", name);
	struct timespec now;
	struct stat st;

	if (fstatat(networks_fd, file, &st, 0) < 0 || clock_gettime(CLOCK_REALTIME, &now) < 0)
		return KEEP_MS;
	return (now.tv_sec - st.st_mtim.tv_sec) * 1000 + (now.tv_nsec - st.st_mtim.tv_nsec) / 1000000;
}

/* One look, under the lock. True: nothing is left to keep. */
static bool look(const struct network_state *ours)
{
	struct network_session s CLEANUP_SESSION = NETWORK_SESSION_NONE;
	CLEANUP(network_state) struct network_state *now = NULL;
	CLEANUP(error) struct error *err = NULL;

	if (network_session_begin(NETWORKS_FD, &s, &err) < 0)
		return true;
	int r = network_state_load(NETWORKS_FD, ours->name, &now, &err);

	if (r == -ERR_NOT_FOUND) { /* the run directory was deleted: nobody else knows the bridge */
		error_free(STEAL_PTR(&err));
		(void)network_uninstall(&s, ours, &err); /* may be gone as well */
		return true;
	}
	if (r < 0 || now->persistent || now->owner.pid != getpid())
		return true;
	if (now->lease_count) { /* in use again: whoever leaves last starts another keeper */
		now->kept = false;
		(void)network_state_save(NETWORKS_FD, now, &err); /* the file is as good as before */
		return true;
	}
	if (unused_ms(NETWORKS_FD, ours->name) < KEEP_MS)
		return false;
	(void)network_discard(&s, now, &err); /* a sweep finds what stays: its owner is gone */
	return true;
}

static void keep(const struct network_state *ours, int networks_fd)
{
	struct pollfd none = { .fd = -1 };

	if (dup2(networks_fd, NETWORKS_FD) < 0)
		_exit(1);
	/* Nothing else of the caller's may stay open, or its pipes would never end. */
	(void)close_range(NETWORKS_FD + 1, ~0U, 0);
	(void)setsid(); /* a ^C at the terminal is not for us */
	(void)!chdir("/");
	(void)prctl(PR_SET_NAME, "firkin-keeper");
	do
		(void)poll(&none, 0, KEEP_MS); /* a pause: nothing to wait for can happen */
	while (!look(ours));
	_exit(0);
}

bool network_keep(struct network_session *s, struct network_state *state)
{
	volatile pid_t keeper = -1;
	pid_t pid;

	if (state->kept && network_owner_is_alive(state->owner))
		return true;
	/* As in removal.c: the child borrows our memory, the grandchild has its own. */
	pid = vfork();
	if (pid == 0) {
		keeper = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
		if (keeper == 0)
			keep(state, s->networks_fd);
		_exit(0);
	}
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (keeper <= 0)
		return false;
	state->kept = true;
	state->owner = (struct network_owner){ keeper, process_start_time(keeper) };
	return true;
}
