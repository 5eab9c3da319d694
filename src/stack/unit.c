/* SPDX-License-Identifier: Apache-2.0 */
/* The life of one container: the state table and what its transitions do. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "base/process.h"
#include "info.h"
#include "state.h"
#include "supervisor.h"
#include "unit_run.h"

typedef int (*transition_fn)(struct unit *u, const struct unit_request *request,
			     struct error **err);

static void schedule(struct unit *u, usec_t delay);

struct unit *unit_new(struct supervisor *s, struct container_info *info, struct strv layers,
		      struct error **err)
{
	struct unit *u = x_alloc(sizeof(*u));

	u->supervisor = s;
	u->info = info;
	u->layers = layers;
	u->run_fd = u->pidfd = -1;
	u->output.fds[0] = u->output.fds[1] = u->output.stdin_fd = -1;
	u->probe.output_fd = u->probe.program.pidfd = -1;
	u->dir_fd = info_open(s->engine, info->id, err);
	if (u->dir_fd >= 0)
		return u;
	unit_free(u);
	return NULL;
}

void unit_free(struct unit *u)
{
	if (!u)
		return;
	loop_remove(u->exit_source);
	loop_remove(u->timer);
	close_fd(u->dir_fd);
	close_fd(u->run_fd);
	close_fd(u->pidfd);
	runtime_free(u->runtime);
	container_info_free(u->info);
	strv_fini(&u->layers);
	free(u);
}

bool unit_has_process(const struct unit *u)
{
	return u->fsm == UNIT_UP || u->fsm == UNIT_PAUSED || u->fsm == UNIT_STOPPING;
}

const char *unit_name(const struct unit *u)
{
	return u->info->service.container_name;
}

static void set_status(struct unit *u, enum unit_fsm fsm, enum container_status status)
{
	u->fsm = fsm;
	u->info->state.status = status;
	supervisor_note(u);
}

static void on_exit_of_container(void *ctx, int fd, uint32_t events)
{
	CLEANUP(error) struct error *ignored = NULL; /* what went wrong is in the state */
	struct unit *u = ctx;

	(void)fd;
	(void)events;
	(void)unit_handle(u, UNIT_EXIT, NULL, &ignored);
}

static int start(struct unit *u, const struct unit_request *request, struct error **err)
{
	struct container_state *s = &u->info->state;

	(void)request;
	loop_remove(STEAL_PTR(&u->timer));
	int r = unit_run(u, err);

	s->stopped_by_hand = false;
	if (r < 0) {
		set_status(u, UNIT_IDLE, s->started.tv_sec ? CONTAINER_EXITED : CONTAINER_CREATED);
		return r;
	}
	u->was_started = true;
	u->restart_after_stop = false;
	set_status(u, UNIT_UP, CONTAINER_RUNNING);
	u->exit_source =
		loop_add_fd(u->supervisor->loop, u->pidfd, EPOLLIN, on_exit_of_container, u);
	health_start(&u->health, &u->info->service.health, u->started_at);
	s->health = u->health.status;
	unit_probe_schedule(u);
	supervisor_report(u, "start");
	return 0;
}

/* By hand: the counting of restarts begins anew. */
static int start_by_hand(struct unit *u, const struct unit_request *request, struct error **err)
{
	u->restart = (struct restart){ 0 };
	u->info->state.restart_count = 0;
	return start(u, request, err);
}

static int start_again(struct unit *u, const struct unit_request *request, struct error **err)
{
	u->info->state.restart_count = u->restart.count;
	return start(u, request, err);
}

static bool wants_restart(struct unit *u, usec_t *ret_delay)
{
	const struct stack_service *s = &u->info->service;
	struct restart_exit e = { .exit_code = u->info->state.exit_code,
				  .stopped_by_hand = u->info->state.stopped_by_hand,
				  .run_time = clock_monotonic() - u->started_at };

	if (u->restart_after_stop)
		return restart_decide(&u->restart, STACK_RESTART_ALWAYS, 0, &e, ret_delay);
	return restart_decide(&u->restart, s->restart, s->restart_max, &e, ret_delay);
}

static int end_run(struct unit *u, const struct unit_request *request, struct error **err)
{
	usec_t delay = 0;

	(void)request;
	(void)err;
	loop_remove(STEAL_PTR(&u->exit_source));
	loop_remove(STEAL_PTR(&u->timer));
	unit_end_run(u);
	bool again = wants_restart(u, &delay);

	set_status(u, again ? UNIT_WAITING : UNIT_IDLE,
		   again ? CONTAINER_RESTARTING : CONTAINER_EXITED);
	supervisor_report(u, "die");
	if (again)
		schedule(u, delay);
	return 0;
}

static int64_t grace_ns(const struct unit *u, const struct unit_request *request)
{
	return request && request->timeout_ns >= 0 ? request->timeout_ns
						   : u->info->service.stop_timeout_ns;
}

static int ask_to_stop(struct unit *u, const struct unit_request *request, struct error **err)
{
	int64_t grace = grace_ns(u, request);
	int r = 0;

	u->restart_after_stop = request && request->by_policy;
	u->info->state.stopped_by_hand = !u->restart_after_stop;
	unit_probe_stop(u);
	if (u->fsm == UNIT_PAUSED)
		r = cgroup_freeze(u->info->id, false, err);
	if (r < 0)
		return r;
	set_status(u, UNIT_STOPPING, CONTAINER_RUNNING);
	/* Gone already: its exit is about to be seen. */
	(void)process_signal(u->pidfd, unit_stop_signal(&u->info->service));
	supervisor_report(u, "kill");
	if (grace >= 0)
		schedule(u, grace / 1000);
	return 0;
}

/* Asked again: the shorter grace period holds. */
static int hurry(struct unit *u, const struct unit_request *request, struct error **err)
{
	(void)err;
	if (!request || !request->by_policy) {
		u->restart_after_stop = false;
		u->info->state.stopped_by_hand = true;
	}
	if (request && request->timeout_ns >= 0) {
		loop_remove(STEAL_PTR(&u->timer));
		schedule(u, request->timeout_ns / 1000);
	}
	return 0;
}

static int kill_all(struct unit *u, const struct unit_request *request, struct error **err)
{
	(void)request;
	return cgroup_kill(u->info->id, err);
}

static int cancel_restart(struct unit *u, const struct unit_request *request, struct error **err)
{
	(void)request;
	(void)err;
	loop_remove(STEAL_PTR(&u->timer));
	u->info->state.stopped_by_hand = true;
	set_status(u, UNIT_IDLE, CONTAINER_EXITED);
	return 0;
}

static int pause_it(struct unit *u, const struct unit_request *request, struct error **err)
{
	(void)request;
	unit_probe_stop(u); /* a probe would be frozen with the rest */
	int r = cgroup_freeze(u->info->id, true, err);

	if (r < 0) {
		unit_probe_schedule(u);
		return r;
	}
	set_status(u, UNIT_PAUSED, CONTAINER_PAUSED);
	supervisor_report(u, "pause");
	return 0;
}

static int unpause(struct unit *u, const struct unit_request *request, struct error **err)
{
	(void)request;
	int r = cgroup_freeze(u->info->id, false, err);

	if (r < 0)
		return r;
	set_status(u, UNIT_UP, CONTAINER_RUNNING);
	health_resume(&u->health, &u->info->service.health, clock_monotonic());
	unit_probe_schedule(u);
	supervisor_report(u, "unpause");
	return 0;
}

/* Killing by hand is stopping by hand; other signals are the program's own business. */
static int send_signal(struct unit *u, const struct unit_request *request, struct error **err)
{
	if (request->signo == SIGKILL) {
		u->info->state.stopped_by_hand = true;
		u->restart_after_stop = false;
		return cgroup_kill(u->info->id, err);
	}
	/* As in Docker: who sends the stop signal does not want to see it again. */
	if (request->signo == unit_stop_signal(&u->info->service))
		u->info->state.stopped_by_hand = true;
	int r = process_signal(u->pidfd, request->signo);

	if (r < 0 && r != -ESRCH) {
		errno = -r;
		return error_errno(err, "send signal %d to container '%s'", request->signo,
				   unit_name(u));
	}
	supervisor_report(u, "kill");
	return 0;
}

static int nothing(struct unit *u, const struct unit_request *request, struct error **err)
{
	(void)u;
	(void)request;
	(void)err;
	return 0;
}

static int not_running(struct unit *u, const struct unit_request *request, struct error **err)
{
	(void)request;
	return error_new(err, ERR_USAGE, "container '%s' is not running", unit_name(u));
}

static int not_paused(struct unit *u, const struct unit_request *request, struct error **err)
{
	(void)request;
	return error_new(err, ERR_USAGE, "container '%s' is not paused", unit_name(u));
}

static int is_paused(struct unit *u, const struct unit_request *request, struct error **err)
{
	(void)request;
	(void)error_new(err, ERR_USAGE, "container '%s' is paused", unit_name(u));
	return error_hint(err, "unpause it first");
}

static int is_stopping(struct unit *u, const struct unit_request *request, struct error **err)
{
	(void)request;
	return error_new(err, ERR_BUSY, "container '%s' is just being stopped", unit_name(u));
}

static const transition_fn table[UNIT_FSM_COUNT][UNIT_EVENT_COUNT] = {
	[UNIT_IDLE] = { [UNIT_START] = start_by_hand,
			[UNIT_EXIT] = nothing,
			[UNIT_STOP] = nothing,
			[UNIT_TIMER] = nothing,
			[UNIT_PAUSE] = not_running,
			[UNIT_UNPAUSE] = not_paused,
			[UNIT_KILL] = not_running },
	[UNIT_UP] = { [UNIT_START] = nothing,
		      [UNIT_EXIT] = end_run,
		      [UNIT_STOP] = ask_to_stop,
		      [UNIT_TIMER] = nothing,
		      [UNIT_PAUSE] = pause_it,
		      [UNIT_UNPAUSE] = not_paused,
		      [UNIT_KILL] = send_signal },
	[UNIT_PAUSED] = { [UNIT_START] = is_paused,
			  [UNIT_EXIT] = end_run,
			  [UNIT_STOP] = ask_to_stop,
			  [UNIT_TIMER] = nothing,
			  [UNIT_PAUSE] = is_paused,
			  [UNIT_UNPAUSE] = unpause,
			  [UNIT_KILL] = send_signal },
	[UNIT_STOPPING] = { [UNIT_START] = is_stopping,
			    [UNIT_EXIT] = end_run,
			    [UNIT_STOP] = hurry,
			    [UNIT_TIMER] = kill_all,
			    [UNIT_PAUSE] = is_stopping,
			    [UNIT_UNPAUSE] = not_paused,
			    [UNIT_KILL] = send_signal },
	[UNIT_WAITING] = { [UNIT_START] = start_again,
			   [UNIT_EXIT] = nothing,
			   [UNIT_STOP] = cancel_restart,
			   [UNIT_TIMER] = start_again,
			   [UNIT_PAUSE] = not_running,
			   [UNIT_UNPAUSE] = not_paused,
			   [UNIT_KILL] = cancel_restart },
};

int unit_handle(struct unit *u, enum unit_event event, const struct unit_request *request,
		struct error **err)
{
	return table[u->fsm][event](u, request, err);
}

static void on_timer(void *ctx)
{
	CLEANUP(error) struct error *ignored = NULL; /* what went wrong is in the state */
	struct unit *u = ctx;

	u->timer = NULL;
	(void)unit_handle(u, UNIT_TIMER, NULL, &ignored);
}

static void schedule(struct unit *u, usec_t delay)
{
	u->timer = loop_add_timer(u->supervisor->loop, clock_monotonic() + delay, on_timer, u);
}
