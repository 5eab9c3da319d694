/* SPDX-License-Identifier: Apache-2.0 */
/* Health checks of one container: when health.c says so, a program is run inside it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>

#include "base/process.h"
#include "state.h"
#include "supervisor.h"

enum { READ_SIZE = 4096, EXIT_FAILED = -1 };

static void fill_process(const struct unit *u, int output_fd, struct container_process *p)
{
	const struct strv *test = &u->info->service.health.test;

	/* As the container's program, but without a terminal and with its own argv. */
	*p = u->runtime->spec.process;
	p->argv = STRV_INIT;
	p->tty = false;
	p->fds[0] = -1;
	p->fds[1] = p->fds[2] = output_fd;
	if (strcmp(test->items[0], "CMD-SHELL") == 0) {
		strv_add(&p->argv, "/bin/sh");
		strv_add(&p->argv, "-c");
	}
	for (size_t i = 1; i < test->count; i++)
		strv_add(&p->argv, test->items[i]);
}

static char *format_time(struct timespec ts)
{
	char *text = x_alloc(36);

	clock_format_rfc3339(ts, text);
	return text;
}

static void end_program(struct unit_probe *p)
{
	loop_remove(STEAL_PTR(&p->exit_source));
	loop_remove(STEAL_PTR(&p->output_source));
	loop_remove(STEAL_PTR(&p->deadline));
	close_fd(STEAL_FD(&p->program.pidfd));
	close_fd(STEAL_FD(&p->output_fd));
	strbuf_fini(&p->output);
	p->output = STRBUF_INIT(HEALTH_OUTPUT_MAX);
}

static void restart_unhealthy(struct unit *u)
{
	static const struct unit_request request = { .timeout_ns = -1, .by_policy = true };
	CLEANUP(error) struct error *ignored = NULL; /* it is about to end by itself then */

	(void)unit_handle(u, UNIT_STOP, &request, &ignored);
}

static void take_status(struct unit *u, enum health_status before)
{
	struct container_state *s = &u->info->state;
	char action[40];

	s->health = u->health.status;
	s->failing_streak = u->health.failing_streak;
	if (s->health == before)
		return;
	(void)snprintf(action, sizeof(action), "health_status: %s", health_status_name(s->health));
	supervisor_report(u, action);
	if (s->health == HEALTH_UNHEALTHY && u->info->service.restart_on_unhealthy)
		restart_unhealthy(u);
}

/* @output: what goes into the log; taken */
static void finish(struct unit *u, int exit_code, char *output)
{
	const struct stack_health *check = &u->info->service.health;
	enum health_status before = u->health.status;
	struct timespec started = u->probe.started;

	end_program(&u->probe);
	if (health_end(&u->health, check, exit_code == 0, clock_monotonic())) {
		state_add_probe(&u->info->state, (struct health_probe){
							 .start = format_time(started),
							 .end = format_time(clock_wall()),
							 .exit_code = exit_code,
							 .output = STEAL_PTR(&output),
						 });
		supervisor_note(u);
	}
	free(output);
	unit_probe_schedule(u);
	take_status(u, before);
}

static void read_output(struct unit_probe *p)
{
	char buf[READ_SIZE];
	ssize_t n;

	while ((n = read(p->output_fd, buf, sizeof(buf))) > 0) {
		size_t room = HEALTH_OUTPUT_MAX - p->output.len;
		size_t len = (size_t)n < room ? (size_t)n : room;

		p->output.overflow |= len < (size_t)n;
		strbuf_add(&p->output, buf, len);
	}
	if (n == 0)
		loop_remove(STEAL_PTR(&p->output_source));
}

static char *take_output(struct unit_probe *p, const char *prefix)
{
	return x_asprintf("%s%s%s", prefix, strbuf_text(&p->output),
			  p->output.overflow ? "..." : "");
}

static void on_output(void *ctx, int fd, uint32_t events)
{
	struct unit *u = ctx;

	(void)fd;
	(void)events;
	read_output(&u->probe);
}

static void on_exit_of_probe(void *ctx, int fd, uint32_t events)
{
	struct unit *u = ctx;
	int status = process_wait(fd);

	(void)events;
	read_output(&u->probe);
	finish(u, status, take_output(&u->probe, ""));
}

/* The whole session: a shell's children would live on. Its leader is not reaped yet, so the number
 * is its. */
static void kill_program(struct unit_probe *p)
{
	(void)kill(-p->program.pid, SIGKILL);
	(void)process_signal(p->program.pidfd, SIGKILL);
	(void)process_wait(p->program.pidfd);
}

static void on_deadline(void *ctx)
{
	struct unit *u = ctx;
	char timeout[40];

	u->probe.deadline = NULL;
	kill_program(&u->probe);
	read_output(&u->probe);
	duration_format(u->info->service.health.timeout_ns, timeout);
	CLEANUP_FREE char *prefix = x_asprintf("Health check exceeded timeout (%s)%s", timeout,
					       u->probe.output.len ? ": " : "");

	finish(u, EXIT_FAILED, take_output(&u->probe, prefix));
}

static int start(struct unit *u, struct error **err)
{
	struct unit_probe *p = &u->probe;
	struct container_process process;
	struct container_running target = u->info->state.process;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_errno(err, "make a pipe");
	CLEANUP_FD int write_end = fds[1];

	p->output_fd = fds[0];
	if (fcntl(fds[0], F_SETFL, O_NONBLOCK) < 0)
		return error_errno(err, "prepare a pipe");
	fill_process(u, write_end, &process);
	target.pidfd = u->pidfd;
	int r = container_exec(&target, u->info->id, &process, &p->program, err);

	strv_fini(&process.argv);
	return r;
}

static void on_probe_due(void *ctx)
{
	struct unit *u = ctx;
	struct unit_probe *p = &u->probe;
	struct loop *loop = u->supervisor->loop;
	CLEANUP(error) struct error *err = NULL;

	u->health_timer = NULL;
	usec_t deadline = health_begin(&u->health, &u->info->service.health, clock_monotonic());

	p->started = clock_wall();
	p->output = STRBUF_INIT(HEALTH_OUTPUT_MAX);
	if (start(u, &err) < 0) {
		struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(HEALTH_OUTPUT_MAX);

		error_format(err, &text);
		finish(u, EXIT_FAILED, strbuf_steal(&text));
		return;
	}
	p->exit_source = loop_add_fd(loop, p->program.pidfd, EPOLLIN, on_exit_of_probe, u);
	p->output_source = loop_add_fd(loop, p->output_fd, EPOLLIN, on_output, u);
	p->deadline = loop_add_timer(loop, deadline, on_deadline, u);
}

void unit_probe_schedule(struct unit *u)
{
	usec_t at;

	loop_remove(STEAL_PTR(&u->health_timer));
	if (u->fsm == UNIT_UP && health_next(&u->health, &at))
		u->health_timer = loop_add_timer(u->supervisor->loop, at, on_probe_due, u);
}

void unit_probe_stop(struct unit *u)
{
	loop_remove(STEAL_PTR(&u->health_timer));
	if (u->probe.program.pidfd >= 0)
		kill_program(&u->probe);
	end_program(&u->probe);
	u->health.probing = false;
}
