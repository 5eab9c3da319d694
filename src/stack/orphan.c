/* SPDX-License-Identifier: Apache-2.0 */
/* What a command does itself when the supervisor was killed. */
#include "orphan.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>

#include "base/process.h"
#include "info.h"
#include "project.h"
#include "state.h"
#include "unit_run.h"

int orphan_signal(const struct container_info *c, int signo, struct error **err)
{
	CLEANUP_FD int pidfd =
		c->state.is_orphan ? process_open(c->state.process.pid, c->state.process.start_time)
				   : -1;

	if (pidfd < 0)
		return error_new(err, ERR_USAGE, "container '%s' is not running",
				 c->service.container_name);
	int r = process_signal(pidfd, signo);

	if (r < 0 && r != -ESRCH) {
		errno = -r;
		return error_errno(err, "send signal %d to container '%s'", signo,
				   c->service.container_name);
	}
	return 0;
}

static void ask_politely(const struct container_info *c, int64_t timeout_ns)
{
	CLEANUP_FD int pidfd = process_open(c->state.process.pid, c->state.process.start_time);
	int64_t grace = timeout_ns >= 0 ? timeout_ns : c->service.stop_timeout_ns;
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	if (pidfd < 0 || c->state.status == CONTAINER_PAUSED)
		return;
	(void)process_signal(pidfd, unit_stop_signal(&c->service)); /* gone is as good */
	while (poll(&p, 1, grace < 0 ? -1 : (int)(grace / 1000000)) < 0 && errno == EINTR)
		continue;
}

static int remove_run_dir(const struct engine *e, const struct container_info *c,
			  struct error **err)
{
	CLEANUP_FD int fd = project_open_existing(e, c->project);

	return fd < 0 ? 0 : fs_remove_tree_at(fd, c->id, err);
}

int orphan_stop(const struct engine *e, struct container_info *c, int64_t timeout_ns,
		struct error **err)
{
	struct container_state *s = &c->state;

	if (!s->is_abandoned)
		return 0;
	if (s->is_orphan) {
		ask_politely(c, timeout_ns);
		s->exit_code = 128 + SIGKILL; /* it is nobody's child: nobody knows */
		s->stopped_by_hand = true;
		s->finished = clock_wall();
	}
	CLEANUP_FD int dir_fd = info_open(e, c->id, err);
	int r = dir_fd < 0 ? dir_fd : unit_clean_up(e, c, err);

	if (r == 0)
		r = remove_run_dir(e, c, err);
	state_end_run(s);
	s->status = CONTAINER_EXITED;
	return r < 0 ? r : state_save(dir_fd, s, err);
}
