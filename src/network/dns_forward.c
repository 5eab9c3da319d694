/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The forwarder.
 *
 *   start --> try server 0 --answer--------------------------> deliver
 *               |  ^
 *               |  '-- next server <-- SERVFAIL, REFUSED, refused connection, 4 s
 *               '--- no server left -------------------------> deliver nothing
 */
#include "dns_forward.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "dns_message.h"

enum { SERVERS_MAX = 3, DNS_PORT = 53, DATAGRAMS_PER_WAKE = 16, STREAM_PREFIX = 2 };

#define SERVER_TIMEOUT (4 * USEC_PER_SEC)

struct server {
	struct sockaddr_storage address;
	socklen_t len;
};

struct dns_forwarder {
	struct loop *loop;
	struct server servers[SERVERS_MAX];
	size_t server_count;
	struct dns_forward *first; /* all on their way */
	size_t count;
};

struct dns_forward {
	struct dns_forwarder *forwarder;
	struct dns_forward *previous, *next;
	dns_forward_fn fn;
	void *ctx;
	bool tcp;
	uint16_t client_id;
	size_t server; /* the one being asked */
	int fd;
	struct loop_source *source, *timer;
	size_t sent;		  /* TCP: bytes of prefix and query */
	struct strbuf answer;	  /* TCP: prefix and answer so far */
	size_t len;
	uint8_t stream[STREAM_PREFIX + DNS_MESSAGE_MAX]; /* length prefix, then the query */
};

static uint8_t *query_of(struct dns_forward *q)
{
	return q->stream + STREAM_PREFIX;
}

/* "1.2.3.4", "fe80::1%eth0"; false: not an address */
static bool parse_server(str text, struct server *ret_server)
{
	struct server server = { 0 };
	struct sockaddr_in *v4 = (struct sockaddr_in *)&server.address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&server.address;
	str address = text, interface = { 0 };
	char bare[INET6_ADDRSTRLEN];

	(void)str_split_once(text, '%', &address, &interface);
	if (address.len >= sizeof(bare))
		return false;
	(void)snprintf(bare, sizeof(bare), "%.*s", STR_ARG(address));
	if (inet_pton(AF_INET, bare, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(DNS_PORT);
		server.len = sizeof(*v4);
	} else if (inet_pton(AF_INET6, bare, &v6->sin6_addr) == 1) {
		CLEANUP_FREE char *name = str_dup(interface);

		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(DNS_PORT);
		v6->sin6_scope_id = interface.len ? if_nametoindex(name) : 0;
		server.len = sizeof(*v6);
	} else {
		return false;
	}
	*ret_server = server;
	return true;
}

struct dns_forwarder *dns_forwarder_new(struct loop *loop, str resolv_conf)
{
	struct dns_forwarder *f = x_alloc(sizeof(*f));
	str line;

	f->loop = loop;
	while (f->server_count < SERVERS_MAX && str_cut(&resolv_conf, '\n', &line)) {
		static const str keyword = { "nameserver", 10 };
		str rest = str_skip(line, keyword.len), word;

		if (!str_has_prefix(line, keyword.ptr) || rest.len == 0 ||
		    (rest.ptr[0] != ' ' && rest.ptr[0] != '\t'))
			continue;
		rest = str_trim(rest);
		word = rest;
		for (size_t i = 0; i < rest.len && word.len == rest.len; i++) {
			if (rest.ptr[i] == ' ' || rest.ptr[i] == '\t')
				word = str_head(rest, i);
		}
		if (parse_server(word, &f->servers[f->server_count]))
			f->server_count++;
	}
	/* What resolv.conf(5) says of a file without a server */
	if (f->server_count == 0 && parse_server(STR("127.0.0.1"), &f->servers[0]))
		f->server_count = 1;
	return f;
}

void dns_forwarder_free(struct dns_forwarder *f)
{
	if (!f)
		return;
	while (f->first)
		dns_forward_cancel(f->first);
	free(f);
}

static void leave_server(struct dns_forward *q)
{
	loop_remove(STEAL_PTR(&q->source));
	loop_remove(STEAL_PTR(&q->timer));
	close_fd(STEAL_FD(&q->fd));
	strbuf_fini(&q->answer);
	q->sent = 0;
}

void dns_forward_cancel(struct dns_forward *q)
{
	if (!q)
		return;
	leave_server(q);
	if (q->previous)
		q->previous->next = q->next;
	else
		q->forwarder->first = q->next;
	if (q->next)
		q->next->previous = q->previous;
	q->forwarder->count--;
	free(q);
}

static void deliver(struct dns_forward *q, uint8_t *answer, size_t len)
{
	dns_forward_fn fn = q->fn;
	void *ctx = q->ctx;

	if (len) {
		answer[0] = (uint8_t)(q->client_id >> 8);
		answer[1] = (uint8_t)q->client_id;
	}
	dns_forward_cancel(q);
	fn(ctx, answer, len);
}

static void deliver_nothing(void *ctx)
{
	struct dns_forward *q = ctx;

	q->timer = NULL;
	deliver(q, NULL, 0);
}

static void on_datagram(void *ctx, int fd, uint32_t events);
static void on_stream(void *ctx, int fd, uint32_t events);
static void on_timeout(void *ctx);

static int ask_server(struct dns_forward *q)
{
	const struct server *server = &q->forwarder->servers[q->server];
	int type = (q->tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK;
	CLEANUP_FD int fd = socket(server->address.ss_family, type, 0);

	if (fd < 0)
		return -1;
	/* Connected: the kernel chooses a random port and drops what others send to it. */
	if (connect(fd, (const struct sockaddr *)&server->address, server->len) < 0 &&
	    !(q->tcp && errno == EINPROGRESS))
		return -1;
	if (!q->tcp && send(fd, query_of(q), q->len, 0) < 0)
		return -1;
	q->fd = STEAL_FD(&fd);
	q->answer = STRBUF_INIT(STREAM_PREFIX + DNS_TCP_SIZE);
	q->source = loop_add_fd(q->forwarder->loop, q->fd, q->tcp ? EPOLLOUT : EPOLLIN,
				q->tcp ? on_stream : on_datagram, q);
	return 0;
}

/* From q->server on; the end is told by a timer, so that nobody is called back too early. */
static void ask(struct dns_forward *q)
{
	for (; q->server < q->forwarder->server_count; q->server++) {
		uint16_t id;

		if (getrandom(&id, sizeof(id), 0) != sizeof(id))
			abort(); /* cannot happen for so few bytes once the pool is ready */
		memcpy(query_of(q), &id, sizeof(id));
		if (ask_server(q) == 0) {
			q->timer = loop_add_timer(q->forwarder->loop,
						  clock_monotonic() + SERVER_TIMEOUT, on_timeout,
						  q);
			return;
		}
	}
	q->timer = loop_add_timer(q->forwarder->loop, clock_monotonic(), deliver_nothing, q);
}

static void ask_next(struct dns_forward *q)
{
	leave_server(q);
	q->server++;
	ask(q);
}

static void on_timeout(void *ctx)
{
	struct dns_forward *q = ctx;

	q->timer = NULL;
	ask_next(q);
}

/* True: @q has moved on and must not be touched */
static bool take_answer(struct dns_forward *q, uint8_t *answer, size_t len)
{
	if (!dns_is_answer_to(answer, len, query_of(q), q->len))
		return false;
	int rcode = answer[3] & 0x0f;

	if (rcode == DNS_RCODE_SERVFAIL || rcode == DNS_RCODE_REFUSED)
		ask_next(q);
	else
		deliver(q, answer, len);
	return true;
}

static void on_datagram(void *ctx, int fd, uint32_t events)
{
	struct dns_forward *q = ctx;
	uint8_t answer[DNS_TCP_SIZE];

	(void)events;
	for (int i = 0; i < DATAGRAMS_PER_WAKE; i++) {
		ssize_t n = recv(fd, answer, sizeof(answer), 0);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0) {
			ask_next(q); /* port unreachable: it need not be waited for */
			return;
		}
		if (take_answer(q, answer, (size_t)n))
			return;
	}
}

/* True: the query is out, or cannot be sent now */
static bool send_stream(struct dns_forward *q, int fd)
{
	size_t total = STREAM_PREFIX + q->len;

	while (q->sent < total) {
		ssize_t n = send(fd, q->stream + q->sent, total - q->sent, MSG_NOSIGNAL);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		q->sent += (size_t)n;
	}
	loop_change_fd(q->source, EPOLLIN);
	return true;
}

static void on_stream(void *ctx, int fd, uint32_t events)
{
	struct dns_forward *q = ctx;

	if (q->sent < STREAM_PREFIX + q->len) {
		if (!send_stream(q, fd))
			ask_next(q);
		return;
	}
	(void)events;
	char *to = strbuf_reserve(&q->answer, DNS_MESSAGE_MAX);
	ssize_t n = recv(fd, to, DNS_MESSAGE_MAX, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || q->answer.len + (size_t)n > STREAM_PREFIX + DNS_TCP_SIZE) {
		ask_next(q);
		return;
	}
	q->answer.len += (size_t)n;
	uint8_t *answer = (uint8_t *)q->answer.ptr;

	if (q->answer.len < STREAM_PREFIX ||
	    q->answer.len < (size_t)STREAM_PREFIX + dns_u16(answer))
		return;
	/* Out of the buffer first: delivering frees it. */
	size_t len = dns_u16(answer);
	CLEANUP_FREE uint8_t *copy = x_alloc(len);

	memcpy(copy, answer + STREAM_PREFIX, len);
	if (!take_answer(q, copy, len))
		ask_next(q);
}

struct dns_forward *dns_forward_start(struct dns_forwarder *f, const uint8_t *query, size_t len,
				      bool tcp, dns_forward_fn fn, void *ctx)
{
	if (f->count == DNS_IN_FLIGHT_MAX || len < DNS_HEADER_SIZE || len > DNS_MESSAGE_MAX)
		return NULL;
	struct dns_forward *q = x_alloc(sizeof(*q));

	q->forwarder = f;
	q->fn = fn;
	q->ctx = ctx;
	q->tcp = tcp;
	q->fd = -1;
	q->len = len;
	q->client_id = dns_u16(query);
	q->stream[0] = (uint8_t)(len >> 8);
	q->stream[1] = (uint8_t)len;
	memcpy(query_of(q), query, len);
	q->next = f->first;
	if (f->first)
		f->first->previous = q;
	f->first = q;
	f->count++;
	ask(q);
	return q;
}
