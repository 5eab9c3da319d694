/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCP clients of a responder: messages with a length in front, one at a time.
 *
 *   READING --complete query--> (answered here) ----> WRITING --all sent--> READING
 *       |                        (forwarded) WAITING ----^
 *       '-- closed, too long, idle for 15 s: the connection ends, in any state
 */
#include <errno.h>
#include <sys/socket.h>

#include "dns_message.h"
#include "dns_responder.h"

enum { STREAMS_MAX = 64, PREFIX = 2 };

#define IDLE_TIMEOUT (15 * USEC_PER_SEC) /* more than a question to three servers takes */

struct dns_stream {
	struct dns_responder *responder;
	struct dns_stream *previous, *next;
	int fd;
	struct loop_source *source, *idle;
	struct dns_forward *forward; /* WAITING */
	struct strbuf out;	     /* WRITING: prefix and answer */
	size_t sent;
	size_t in_len;
	uint8_t in[PREFIX + DNS_MESSAGE_MAX];
};

static void close_stream(struct dns_stream *s)
{
	loop_remove(s->source);
	loop_remove(s->idle);
	dns_forward_cancel(s->forward);
	close_fd(s->fd);
	strbuf_fini(&s->out);
	if (s->previous)
		s->previous->next = s->next;
	else
		s->responder->streams = s->next;
	if (s->next)
		s->next->previous = s->previous;
	s->responder->stream_count--;
	free(s);
}

static void on_idle(void *ctx)
{
	struct dns_stream *s = ctx;

	s->idle = NULL;
	close_stream(s);
}

static void restart_idle(struct dns_stream *s)
{
	loop_remove(s->idle);
	s->idle = loop_add_timer(s->responder->loop, clock_monotonic() + IDLE_TIMEOUT, on_idle, s);
}

static size_t query_len(const struct dns_stream *s)
{
	return dns_u16(s->in);
}

static bool has_query(const struct dns_stream *s)
{
	return s->in_len >= PREFIX && s->in_len >= PREFIX + query_len(s);
}

static void begin_writing(struct dns_stream *s, const void *answer, size_t len)
{
	const uint8_t prefix[PREFIX] = { (uint8_t)(len >> 8), (uint8_t)len };
	size_t used = PREFIX + query_len(s);

	strbuf_clear(&s->out);
	strbuf_add(&s->out, prefix, sizeof(prefix));
	strbuf_add(&s->out, answer, len);
	s->sent = 0;
	/* The query is done with; the next one may stand behind it. */
	s->in_len -= used;
	memmove(s->in, s->in + used, s->in_len);
	loop_change_fd(s->source, EPOLLOUT);
}

static void write_error(struct dns_stream *s, int rcode)
{
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT(DNS_MESSAGE_MAX);

	dns_error_answer(s->in + PREFIX, query_len(s), rcode, &out);
	begin_writing(s, out.ptr, out.len);
}

static void on_forwarded(void *ctx, const uint8_t *answer, size_t len)
{
	struct dns_stream *s = ctx;

	s->forward = NULL;
	if (len)
		begin_writing(s, answer, len);
	else
		write_error(s, DNS_RCODE_SERVFAIL);
}

/* False: the client is not worth keeping */
static bool answer_query(struct dns_stream *s)
{
	struct dns_responder *r = s->responder;
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT(DNS_TCP_SIZE);
	const uint8_t *query = s->in + PREFIX;

	switch (dns_answer(&r->shuffled, query, query_len(s), DNS_TCP_SIZE, &out)) {
	case DNS_ANSWERED:
		begin_writing(s, out.ptr, out.len);
		return true;
	case DNS_FORWARD:
		s->forward = dns_forward_start(r->forwarder, query, query_len(s), true,
					       on_forwarded, s);
		/* Nothing is read meanwhile; that a client hangs up is told all the same. */
		loop_change_fd(s->source, 0);
		if (!s->forward)
			write_error(s, DNS_RCODE_REFUSED);
		return true;
	case DNS_DROP:
		break;
	}
	return false;
}

/* False: the connection has to end */
static bool read_some(struct dns_stream *s)
{
	ssize_t n = recv(s->fd, s->in + s->in_len, sizeof(s->in) - s->in_len, 0);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	s->in_len += (size_t)n;
	if (s->in_len >= PREFIX && query_len(s) > DNS_MESSAGE_MAX)
		return false;
	return !has_query(s) || answer_query(s);
}

static bool write_some(struct dns_stream *s)
{
	while (s->sent < s->out.len) {
		ssize_t n = send(s->fd, s->out.ptr + s->sent, s->out.len - s->sent, MSG_NOSIGNAL);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		s->sent += (size_t)n;
	}
	strbuf_clear(&s->out);
	loop_change_fd(s->source, EPOLLIN);
	if (s->in_len >= PREFIX && query_len(s) > DNS_MESSAGE_MAX)
		return false;
	return !has_query(s) || answer_query(s);
}

static void on_stream(void *ctx, int fd, uint32_t events)
{
	struct dns_stream *s = ctx;

	(void)fd;
	/* Hung up both ways while waiting or writing */
	bool keep = !(events & (EPOLLERR | EPOLLHUP));

	if (keep)
		restart_idle(s);
	if (keep)
		keep = s->out.len ? write_some(s) : read_some(s);
	if (!keep)
		close_stream(s);
}

void dns_stream_accept(void *ctx, int fd, uint32_t events)
{
	struct dns_responder *r = ctx;
	CLEANUP_FD int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (client < 0 || r->stream_count == STREAMS_MAX)
		return;
	struct dns_stream *s = x_alloc(sizeof(*s));

	s->responder = r;
	s->fd = STEAL_FD(&client);
	s->next = r->streams;
	if (r->streams)
		r->streams->previous = s;
	r->streams = s;
	r->stream_count++;
	s->source = loop_add_fd(r->loop, s->fd, EPOLLIN, on_stream, s);
	restart_idle(s);
}

void dns_stream_close_all(struct dns_responder *r)
{
	while (r->streams)
		close_stream(r->streams);
}
