/* SPDX-License-Identifier: Apache-2.0 */
/* Non-blocking sockets and poll(2): a silent server costs one try and not the whole wait. */
#include "connection.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "duration.h"

/* Waits for events on the socket; false with the cause when the deadline passes first */
static bool await(struct connection *connection, short events, int64_t deadline_us)
{
	for (;;) {
		int64_t left_us = deadline_us - init_clock_us();
		struct pollfd item = { .fd = connection->fd, .events = events };
		/* rounded up: less than a millisecond left must not spin */
		int timeout_ms = left_us > 0 ? (int)((left_us + USEC_PER_MSEC - 1) / USEC_PER_MSEC)
					     : 0;
		int n = poll(&item, 1, timeout_ms);
		if (n > 0)
			return true;
		if (n == 0) {
			init_cause_set(connection->cause, "no answer");
			return false;
		}
		if (errno != EINTR) {
			init_cause_set(connection->cause, "poll: %s", strerror(errno));
			return false;
		}
	}
}

/*
 * A connect to a free local port can, by chance, choose that very port as its own and so reach
 * itself. Nobody listens there.
 */
static bool connected_to_itself(int fd)
{
	struct sockaddr_storage own = { 0 };
	struct sockaddr_storage peer = { 0 };
	socklen_t own_size = sizeof(own);
	socklen_t peer_size = sizeof(peer);
	return getsockname(fd, (struct sockaddr *)&own, &own_size) == 0 &&
	       getpeername(fd, (struct sockaddr *)&peer, &peer_size) == 0 &&
	       own_size == peer_size && memcmp(&own, &peer, own_size) == 0;
}

static bool connect_address(struct connection *connection, const struct addrinfo *address,
			    int64_t deadline_us)
{
	connection->fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
				IPPROTO_TCP);
	if (connection->fd < 0) {
		init_cause_set(connection->cause, "socket: %s", strerror(errno));
		return false;
	}
	int error = 0;
	if (connect(connection->fd, address->ai_addr, address->ai_addrlen) < 0)
		error = errno;
	if (error == EINPROGRESS) {
		socklen_t size = sizeof(error);
		if (!await(connection, POLLOUT, deadline_us))
			return false;
		if (getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
			error = errno;
	}
	if (!error && connected_to_itself(connection->fd))
		error = ECONNREFUSED;
	if (error)
		init_cause_set(connection->cause, "%s", strerror(error));
	return !error;
}

static struct addrinfo *look_up(const struct url *url, struct cause *cause)
{
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV,
	};
	struct addrinfo *list = NULL;
	int r = getaddrinfo(url->host, url->port, &hints, &list);
	if (!r)
		return list;
	init_cause_set(cause, "look up '%s': %s", url->host,
		       r == EAI_SYSTEM ? strerror(errno) : gai_strerror(r));
	return NULL;
}

bool init_connection_open(struct connection *connection, const struct url *url)
{
	connection->fd = -1;
	struct addrinfo *list = look_up(url, connection->cause);
	int left = 0;
	for (const struct addrinfo *a = list; a; a = a->ai_next)
		left++;
	bool connected = false;
	for (const struct addrinfo *a = list; a && !connected; a = a->ai_next) {
		/* An address that swallows packets must leave time for the next one */
		int64_t now_us = init_clock_us();
		int64_t share_us = (connection->deadline_us - now_us) / left--;
		connected = connect_address(connection, a, now_us + share_us);
		if (!connected)
			init_connection_close(connection);
	}
	if (list)
		freeaddrinfo(list);
	return connected;
}

void init_connection_close(struct connection *connection)
{
	if (connection->fd >= 0)
		(void)close(connection->fd);	/* nothing is lost: the answer has been read */
	connection->fd = -1;
}

bool init_connection_send(struct connection *connection, const void *data, size_t size)
{
	const char *next = data;
	while (size) {
		if (!await(connection, POLLOUT, connection->deadline_us))
			return false;
		ssize_t n = send(connection->fd, next, size, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			init_cause_set(connection->cause, "%s", strerror(errno));
			return false;
		}
		if (n > 0) {
			next += n;
			size -= (size_t)n;
		}
	}
	return true;
}

size_t init_connection_receive(struct connection *connection, void *data, size_t size)
{
	for (;;) {
		if (!await(connection, POLLIN, connection->deadline_us))
			return 0;
		ssize_t n = recv(connection->fd, data, size, 0);
		if (n > 0)
			return (size_t)n;
		if (n == 0) {
			init_cause_set(connection->cause, "the server closed the connection");
			return 0;
		}
		if (errno != EAGAIN && errno != EINTR) {
			init_cause_set(connection->cause, "%s", strerror(errno));
			return 0;
		}
	}
}

bool init_connection_receive_all(struct connection *connection, void *data, size_t size)
{
	char *next = data;
	while (size) {
		size_t n = init_connection_receive(connection, next, size);
		if (!n)
			return false;
		next += n;
		size -= n;
	}
	return true;
}

bool init_connection_receive_line(struct connection *connection, char *line, size_t size)
{
	/* Byte by byte: an answer has one or two short lines, and what follows stays unread */
	for (size_t length = 0; length < size; length++) {
		if (!init_connection_receive_all(connection, line + length, 1))
			return false;
		if (line[length] != '\n')
			continue;
		if (length && line[length - 1] == '\r')
			length--;
		line[length] = '\0';
		return true;
	}
	init_cause_set(connection->cause, "the answer has too long a line");
	return false;
}
