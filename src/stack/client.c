/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other end of the control socket.
 *
 * Whoever looks for the supervisor holds the lock `start` until it is connected. So nobody else
 * starts one meanwhile, and when the socket does not answer, the supervisor is gone or about to be:
 * its lock `lock` is free as soon as it is.
 */
#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "project.h"
#include "spawn.h"

enum { READ_SIZE = 65536, END_WAIT_S = 5 };

/* 1: the supervisor closed the connection without a word. */
enum { CLOSED = 1 };

static int connect_socket(int dir_fd, struct error **err)
{
	CLEANUP_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un name = { .sun_family = AF_UNIX };

	(void)snprintf(name.sun_path, sizeof(name.sun_path), "/proc/self/fd/%d/control", dir_fd);
	if (fd < 0)
		return error_errno(err, "make a socket");
	while (connect(fd, (struct sockaddr *)&name, sizeof(name)) < 0) {
		if (errno == ENOENT || errno == ECONNREFUSED)
			return 0;
		if (errno != EINTR)
			return error_errno(err, "connect to the supervisor");
	}
	return STEAL_FD(&fd);
}

/* Without a supervisor nothing is made: asking leaves no trace. */
static int open_existing(const struct engine *e, const char *project, struct error **err)
{
	CLEANUP_FD int dir_fd = project_open_existing(e, project);

	return dir_fd < 0 ? 0 : connect_socket(dir_fd, err);
}

/* Descriptor; 0: no supervisor. */
static int open_connection(const struct engine *e, const struct client_call *call,
			   struct error **err)
{
	if (!call->spawn)
		return open_existing(e, call->project, err);
	CLEANUP_FD int start = -1;
	CLEANUP_FD int dir_fd = project_open(e, call->project, &start, err);
	int fd = dir_fd < 0 ? dir_fd : connect_socket(dir_fd, err);

	return fd != 0 ? fd : spawn_supervisor(e, call->project, dir_fd, start, err);
}

static void report(const struct stack_progress *p, const json_t *message)
{
	const json_t *j = json_object_get(message, "progress");
	const char *kind = json_get_text(j, "kind"), *name = json_get_text(j, "name"),
		   *what = json_get_text(j, "what");

	if (p && p->event && kind && name && what)
		p->event(p->ctx, kind, name, what, json_get_bool(j, "done"));
}

/* 1: readable, 0: the time is over. */
static int wait_readable(int fd, usec_t deadline, struct error **err)
{
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		usec_t left = deadline ? deadline - clock_monotonic() : 0;
		int timeout = !deadline ? -1 : left > 0 ? (int)((left + 999) / 1000) : 0;
		int n = poll(&p, 1, timeout);

		if (n >= 0)
			return n;
		if (errno != EINTR)
			return error_errno(err, "wait for the supervisor");
	}
}

static int read_more(int fd, usec_t deadline, struct strbuf *in, struct error **err)
{
	int r = wait_readable(fd, deadline, err);

	if (r < 0)
		return r;
	if (r == 0)
		return error_new(err, ERR_TIMEOUT, "the time to wait is over");
	ssize_t n = read(fd, strbuf_reserve(in, READ_SIZE), READ_SIZE);

	if (n < 0 && errno == ECONNRESET)
		n = 0;
	if (n < 0)
		return error_errno(err, "read from the supervisor");
	in->len += (size_t)n;
	in->ptr[in->len] = '\0';
	return (int)n;
}

static int receive(int fd, const struct client_call *call, usec_t deadline, struct error **err)
{
	struct strbuf in CLEANUP_STRBUF = STRBUF_INIT(2 * MESSAGE_MAX);
	bool heard = false;

	for (;;) {
		CLEANUP_JSON json_t *message = NULL;
		int r = message_take_line(&in, &message, err);

		if (r == 0) {
			r = read_more(fd, deadline, &in, err);
			if (r == 0 && heard)
				return error_new(err, ERR_FAILED,
						 "the supervisor of '%s' ended without an answer",
						 call->project);
			if (r <= 0)
				return r < 0 ? r : CLOSED;
			continue;
		}
		heard = true;
		if (r < 0)
			return r;
		if (json_object_get(message, "progress"))
			report(call->progress, message);
		else
			return message_to_error(message, err);
	}
}

static int transmit(int fd, const json_t *request)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);

	message_add_line(request, &text);
	for (size_t sent = 0; sent < text.len;) {
		ssize_t n = send(fd, text.ptr + sent, text.len - sent, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			return CLOSED;
		sent += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* Its end closes our connection; one that goes on for others is not waited for long. */
static void await_end(int fd)
{
	CLEANUP(error) struct error *ignored = NULL;
	usec_t deadline = clock_monotonic() + END_WAIT_S * USEC_PER_SEC;
	char byte;

	while (wait_readable(fd, deadline, &ignored) == 1 && read(fd, &byte, 1) > 0)
		continue;
}

int client_call(const struct engine *e, const struct client_call *call, struct error **err)
{
	usec_t deadline = call->timeout ? clock_monotonic() + call->timeout : 0;

	if (call->await_end)
		json_set_true(call->request, "stay", true);
	for (;;) {
		CLEANUP_FD int fd = -1;
		int r = open_connection(e, call, err);

		if (r <= 0)
			return r < 0 ? error_context(err, "project '%s'", call->project)
				     : CLIENT_NOBODY;
		fd = r;
		r = transmit(fd, call->request);
		if (r == 0)
			r = receive(fd, call, deadline, err);
		if (r == CLOSED)
			continue; /* it was ending just then: look again */
		if (r == 0 && call->await_end)
			await_end(fd);
		return r;
	}
}

json_t *client_request(const char *name)
{
	json_t *j = json_object();

	json_set_text(j, "request", name);
	return j;
}
