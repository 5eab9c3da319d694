/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carrying connections: accept, connect, copy both ways.
 *
 * Each direction has a buffer; a side is read only while its buffer is empty and written only while
 * it is not, so a slow reader slows down the writer and nothing grows.
 */
#include "proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

enum { BUFFER_SIZE = 16384, CONNECTIONS_MAX = 512 };

/** struct half - One direction: what came from fds[i] and goes to fds[1 - i] */
struct half {
	char data[BUFFER_SIZE];
	size_t len, sent;
	bool is_ended; /* the reader saw the end */
	bool is_shut;  /* and the other side was told */
};

struct connection {
	struct proxy *proxy;
	struct connection *next, **link;
	int fds[2]; /* client, container */
	bool is_connected;
	struct loop_source *sources[2];
	struct half halves[2];
};

struct proxy {
	struct loop *loop;
	int listen_fd;
	struct sockaddr_in target;
	struct loop_source *source;
	struct connection *connections;
	size_t count;
};

static void close_connection(struct connection *c)
{
	for (int i = 0; i < 2; i++) {
		loop_remove(c->sources[i]);
		close_fd(c->fds[i]);
	}
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	c->proxy->count--;
	free(c);
}

static void watch(struct connection *c)
{
	for (int i = 0; i < 2; i++) {
		const struct half *in = &c->halves[i], *out = &c->halves[1 - i];
		bool can_read = c->is_connected && !in->is_ended && in->len == 0;
		bool can_write = out->len > 0 || (i == 1 && !c->is_connected);

		loop_change_fd(c->sources[i],
			       (can_read ? EPOLLIN : 0U) | (can_write ? EPOLLOUT : 0U));
	}
}

/* False: the connection is over. */
static bool receive(struct connection *c, int i)
{
	struct half *h = &c->halves[i];

	if (h->is_ended || h->len)
		return true;
	ssize_t n = read(c->fds[i], h->data, sizeof(h->data));

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	h->is_ended = n == 0;
	h->len = (size_t)n;
	h->sent = 0;
	return true;
}

static bool transmit(struct connection *c, int i)
{
	struct half *h = &c->halves[i];

	if (h->len) {
		ssize_t n = send(c->fds[1 - i], h->data + h->sent, h->len - h->sent, MSG_NOSIGNAL);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		h->sent += (size_t)n;
		if (h->sent == h->len)
			h->len = 0;
	}
	if (h->is_ended && !h->len && !h->is_shut) {
		(void)shutdown(c->fds[1 - i], SHUT_WR); /* the other side may have closed already */
		h->is_shut = true;
	}
	return true;
}

static void on_socket(void *ctx, int fd, uint32_t events)
{
	struct connection *c = ctx;
	int problem = 0;
	socklen_t len = sizeof(problem);

	if (fd == c->fds[1] && !c->is_connected) {
		(void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &len);
		c->is_connected = problem == 0 && (events & EPOLLOUT);
		if (problem) {
			close_connection(c);
			return;
		}
	}
	for (int i = 0; c->is_connected && i < 2; i++) {
		/* Closed on both sides with something left for somebody who does not take it. */
		bool is_stuck = (events & EPOLLHUP) && fd == c->fds[i] && c->halves[i].len;
		bool is_over = is_stuck || (events & EPOLLERR) || !receive(c, i) || !transmit(c, i);

		if (is_over) {
			close_connection(c);
			return;
		}
	}
	if (c->halves[0].is_shut && c->halves[1].is_shut)
		close_connection(c);
	else
		watch(c);
}

static void add_connection(struct proxy *p, int client, int server)
{
	struct connection *c = x_alloc(sizeof(*c));

	c->proxy = p;
	c->fds[0] = client;
	c->fds[1] = server;
	c->next = p->connections;
	c->link = &p->connections;
	if (c->next)
		c->next->link = &c->next;
	p->connections = c;
	p->count++;
	c->sources[0] = loop_add_fd(p->loop, client, 0, on_socket, c);
	c->sources[1] = loop_add_fd(p->loop, server, EPOLLOUT, on_socket, c);
}

static void on_client(void *ctx, int fd, uint32_t events)
{
	struct proxy *p = ctx;
	CLEANUP_FD int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	CLEANUP_FD int server = -1;

	(void)events;
	if (client < 0 || p->count >= CONNECTIONS_MAX)
		return;
	server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (server < 0)
		return;
	if (connect(server, (const struct sockaddr *)&p->target, sizeof(p->target)) < 0 &&
	    errno != EINPROGRESS)
		return;
	add_connection(p, STEAL_FD(&client), STEAL_FD(&server));
}

/* The container's address and port behind a reserved socket; false: not one for IPv6 and TCP. */
static bool find_target(int fd, const struct container_state *s, struct sockaddr_in *ret)
{
	struct sockaddr_in6 name;
	socklen_t len = sizeof(name), type_len = sizeof(int);
	int type = 0;

	if (getsockname(fd, (struct sockaddr *)&name, &len) < 0 || name.sin6_family != AF_INET6 ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) < 0 || type != SOCK_STREAM)
		return false;
	for (size_t i = 0; i < s->port_count; i++) {
		if (s->ports[i].udp || s->ports[i].host_port != ntohs(name.sin6_port))
			continue;
		*ret = (struct sockaddr_in){ .sin_family = AF_INET,
					     .sin_port =
						     htons((uint16_t)s->ports[i].container_port) };
		return inet_pton(AF_INET, s->addresses[0].ipv4, &ret->sin_addr) == 1;
	}
	return false;
}

struct proxy *proxy_open(struct loop *loop, int listen_fd, const struct container_state *s)
{
	struct sockaddr_in target;

	if (s->address_count == 0 || !find_target(listen_fd, s, &target))
		return NULL;
	struct proxy *p = x_alloc(sizeof(*p));

	*p = (struct proxy){ .loop = loop, .listen_fd = listen_fd, .target = target };
	p->source = loop_add_fd(loop, listen_fd, EPOLLIN, on_client, p);
	return p;
}

void proxy_close(struct proxy *p)
{
	if (!p)
		return;
	while (p->connections)
		close_connection(p->connections);
	loop_remove(p->source);
	free(p);
}
