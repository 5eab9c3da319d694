/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Serving the control socket: who may connect, lines in, lines out, and the queue of jobs.
 *
 * A client sends one request. What is done at once is answered at the end of the turn, like the
 * jobs that end in it, when the state files say the same as the answer. Of the jobs that concern
 * the whole project one works at a time; "down" does not wait for "up", it cancels it.
 */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "job.h"

enum { READ_SIZE = 65536, BACKLOG = 16, OUTPUT_MAX = 4 << 20 };

struct client {
	struct control *control;
	struct client *next;
	int fd;
	struct loop_source *source;
	struct strbuf in, out;
	bool has_asked, is_subscriber;
	bool is_answered; /* the result is in @out: close when it is sent... */
	bool stays;	  /* ...but not this one: it waits for our end, which closes it */
	bool is_gone;
};

struct control {
	struct supervisor *supervisor;
	int listen_fd;
	struct loop_source *source;
	struct client *clients;
	size_t client_count;
	struct job *jobs; /* in the order of arrival */
};

/* The path may be longer than a socket's name can be; through /proc it never is. */
static struct sockaddr_un address_of(int dir_fd)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };

	(void)snprintf(name.sun_path, sizeof(name.sun_path), "/proc/self/fd/%d/control", dir_fd);
	return name;
}

int control_listen(int dir_fd, struct error **err)
{
	CLEANUP_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un name = address_of(dir_fd);

	(void)unlinkat(dir_fd, "control", 0); /* of a supervisor that was killed */
	if (fd < 0 || bind(fd, (struct sockaddr *)&name, sizeof(name)) < 0 ||
	    fchmodat(dir_fd, "control", 0600, 0) < 0 || listen(fd, BACKLOG) < 0)
		return error_errno(err, "make the control socket");
	return STEAL_FD(&fd);
}

static void close_client(struct client *c)
{
	if (c->is_gone)
		return;
	c->is_gone = true;
	loop_remove(STEAL_PTR(&c->source));
	close_fd(STEAL_FD(&c->fd));
	for (struct job *j = c->control->jobs; j; j = j->next) {
		if (j->client == c)
			j->client = NULL;
	}
	c->control->supervisor->is_dirty = true;
}

static void free_gone(struct control *control)
{
	for (struct client **p = &control->clients; *p;) {
		struct client *c = *p;

		if (!c->is_gone) {
			p = &c->next;
			continue;
		}
		*p = c->next;
		control->client_count--;
		strbuf_fini(&c->in);
		strbuf_fini(&c->out);
		free(c);
	}
}

static void watch(struct client *c)
{
	loop_change_fd(c->source, EPOLLIN | (c->out.len ? EPOLLOUT : 0U));
}

static void transmit(struct client *c)
{
	while (!c->is_gone && c->out.len) {
		ssize_t n = send(c->fd, c->out.ptr, c->out.len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN && !c->out.overflow) {
			watch(c);
			return;
		}
		if (n < 0) {
			close_client(c);
			return;
		}
		c->out.len -= (size_t)n;
		memmove(c->out.ptr, c->out.ptr + n, c->out.len);
	}
	if (!c->is_gone && c->is_answered && !c->stays)
		close_client(c);
	else if (!c->is_gone)
		watch(c);
}

static void answer(struct client *c, const struct error *err)
{
	CLEANUP_JSON json_t *j = err ? message_from_error(err) : json_object();

	if (!err)
		json_set_text(j, "result", "ok");
	message_add_line(j, &c->out);
	c->is_answered = true;
}

static json_t *describe_units(const struct supervisor *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->unit_count; i++) {
		const struct container_info *info = s->units[i]->info;
		json_t *item = json_object();

		json_set_text(item, "id", info->id);
		json_set_text(item, "name", info->service.container_name);
		json_set_text(item, "service", info->service.service);
		json_set_text(item, "status", container_status_name(info->state.status));
		json_set_text(item, "health", health_status_name(info->state.health));
		json_set_int(item, "pid", info->state.process.pid);
		(void)json_array_append_new(list, item); /* fails on OOM only */
	}
	return list;
}

static void answer_status(struct client *c)
{
	CLEANUP_JSON json_t *j = json_object();

	json_set_text(j, "result", "ok");
	json_set_text(j, "project", c->control->supervisor->project);
	json_set_int(j, "pid", getpid());
	(void)json_object_set_new(j, "containers",
				  describe_units(c->control->supervisor)); /* OOM only */
	message_add_line(j, &c->out);
	c->is_answered = true;
}

/* Who asks for the end no longer wants the beginning. */
static void cancel_ups(struct control *control)
{
	for (struct job *j = control->jobs; j; j = j->next) {
		if (j->kind == JOB_UP && !j->is_done && !j->err)
			(void)error_new(&j->err, ERR_CANCELLED,
					"cancelled: the project is being stopped");
	}
}

static void add_job(struct control *control, struct job *job)
{
	struct job **p = &control->jobs;

	if (job->kind == JOB_DOWN)
		cancel_ups(control);
	while (*p)
		p = &(*p)->next;
	*p = job;
}

static void take_request(struct client *c, const json_t *request)
{
	CLEANUP(error) struct error *err = NULL;
	struct supervisor *s = c->control->supervisor;
	const char *name = json_get_text(request, "request");
	struct job *job = NULL;

	c->has_asked = true;
	s->is_dirty = true;
	if (name && strcmp(name, "events") == 0) {
		c->is_subscriber = true;
		return;
	}
	if (name && strcmp(name, "status") == 0) {
		answer_status(c);
		return;
	}
	c->stays = json_get_bool(request, "stay");
	int r = job_new(s, c, request, &job, &err);

	if (job)
		add_job(c->control, job);
	else
		answer(c, r < 0 ? err : NULL);
}

static bool read_some(struct client *c)
{
	ssize_t n = read(c->fd, strbuf_reserve(&c->in, READ_SIZE), READ_SIZE);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n <= 0 || c->in.len + (size_t)n > MESSAGE_MAX)
		return false;
	c->in.len += (size_t)n;
	c->in.ptr[c->in.len] = '\0';
	return true;
}

static void on_client(void *ctx, int fd, uint32_t events)
{
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_JSON json_t *request = NULL;
	struct client *c = ctx;

	(void)fd;
	if (events & EPOLLOUT)
		transmit(c);
	if (c->is_gone || !(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	if (!read_some(c)) {
		close_client(c);
		return;
	}
	int r = c->has_asked ? 0 : message_take_line(&c->in, &request, &err);

	if (r < 0)
		answer(c, err);
	else if (r == 1)
		take_request(c, request);
	c->control->supervisor->is_dirty = true;
}

static bool is_ours(int fd)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 &&
	       (who.uid == geteuid() || who.uid == 0);
}

static void add_client(struct control *control, int fd)
{
	struct client *c = x_alloc(sizeof(*c));

	*c = (struct client){ .control = control,
			      .fd = fd,
			      .next = control->clients,
			      .in = STRBUF_INIT(2 * MESSAGE_MAX),
			      .out = STRBUF_INIT(OUTPUT_MAX) };
	control->clients = c;
	control->client_count++;
	c->source = loop_add_fd(control->supervisor->loop, fd, EPOLLIN, on_client, c);
}

static void on_connection(void *ctx, int fd, uint32_t events)
{
	struct control *control = ctx;
	CLEANUP_FD int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (client >= 0 && control->client_count < CONTROL_CLIENTS_MAX && is_ours(client))
		add_client(control, STEAL_FD(&client));
}

struct control *control_new(struct supervisor *s, int listen_fd, int first_fd)
{
	struct control *c = x_alloc(sizeof(*c));

	c->supervisor = s;
	c->listen_fd = listen_fd;
	c->source = loop_add_fd(s->loop, listen_fd, EPOLLIN, on_connection, c);
	if (first_fd >= 0)
		add_client(c, first_fd);
	return c;
}

void control_free(struct control *c)
{
	if (!c)
		return;
	loop_remove(c->source);
	close_fd(c->listen_fd);
	for (struct client *client = c->clients; client; client = client->next)
		close_client(client);
	free_gone(c);
	while (c->jobs) {
		struct job *next = c->jobs->next;

		job_free(c->jobs);
		c->jobs = next;
	}
	free(c);
}

bool control_is_busy(const struct control *c)
{
	for (const struct client *client = c->clients; client; client = client->next) {
		if (!client->is_subscriber && !(client->is_answered && client->stays))
			return true;
	}
	return c->jobs;
}

/* An "up" whose client has gone is given up; everything else is carried through. */
static void begin_jobs(struct control *control)
{
	bool is_taken = false;

	for (struct job *j = control->jobs; j; j = j->next) {
		if (j->kind == JOB_UP && !j->client && !j->is_done && !j->err)
			(void)error_new(&j->err, ERR_CANCELLED, "nobody waits for it");
		if (!j->is_begun && !j->err && !(job_is_exclusive(j) && is_taken))
			(void)job_begin(j, &j->err); /* the error is in the job */
		is_taken |= job_is_exclusive(j) && !j->is_done;
	}
}

void control_advance(struct control *c)
{
	struct supervisor *s = c->supervisor;

	do {
		s->is_dirty = false;
		begin_jobs(c);
		for (struct job *j = c->jobs; j; j = j->next) {
			bool was_done = j->is_done;

			if (j->is_begun || j->err)
				job_advance(j);
			s->is_dirty |= j->is_done && !was_done; /* the next one may begin */
		}
	} while (s->is_dirty);
}

void control_answer(struct control *c)
{
	for (struct job **p = &c->jobs; *p;) {
		struct job *j = *p;

		if (!j->is_done) {
			p = &j->next;
			continue;
		}
		*p = j->next;
		if (j->client)
			answer(j->client, j->err);
		job_free(j);
		/* What the jobs found is referred to by containers now, or not needed. */
		if (!c->jobs)
			store_release(c->supervisor->engine->store);
	}
	for (struct client *client = c->clients; client; client = client->next)
		transmit(client);
	free_gone(c);
}

bool control_uses(const struct control *c, const struct unit *u)
{
	for (const struct job *j = c->jobs; j; j = j->next) {
		for (size_t i = 0; i < j->step_count; i++) {
			if (j->steps[i].unit == u)
				return true;
		}
	}
	return false;
}

void control_broadcast(struct control *c, const json_t *message)
{
	for (struct client *client = c->clients; client; client = client->next) {
		if (!client->is_subscriber || client->is_gone)
			continue;
		message_add_line(message, &client->out);
		if (client->out.overflow)
			close_client(client); /* it does not read */
	}
}

void control_progress(struct client *client, const char *kind, const char *name, const char *what,
		      bool done)
{
	if (!client || client->is_gone)
		return;
	CLEANUP_JSON json_t *message = json_object();
	json_t *progress = json_object();

	json_set_text(progress, "kind", kind);
	json_set_text(progress, "name", name);
	json_set_text(progress, "what", what);
	json_set_true(progress, "done", done);
	(void)json_object_set_new(message, "progress", progress); /* fails on OOM only */
	message_add_line(message, &client->out);
	transmit(client);
}
