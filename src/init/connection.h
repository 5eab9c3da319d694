/* SPDX-License-Identifier: Apache-2.0 */
/* A TCP connection on which no call waits beyond the deadline of one try. */
#ifndef INIT_CONNECTION_H
#define INIT_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message.h"
#include "url.h"

struct connection {
	int fd;			/* -1: none */
	int64_t deadline_us;	/* of init_clock_us() */
	struct cause *cause;	/* borrowed; every failure is noted there */
};

/**
 * init_connection_open() - Look the host up and connect to the first address that answers
 * @connection: deadline_us and cause set by the caller, fd set here
 *
 * The look-up itself cannot be bounded here; see init_deadline_arm().
 * Return: whether there is a connection, for init_connection_close()
 */
bool init_connection_open(struct connection *connection, const struct url *url);

/** init_connection_close() - Close it; harmless when there is none */
void init_connection_close(struct connection *connection);

/** init_connection_send() - Send all of it, or note why not and return false */
bool init_connection_send(struct connection *connection, const void *data, size_t size);

/**
 * init_connection_receive() - Receive what is there, at least one byte
 * Return: number of bytes, or 0 with the cause noted (also when the peer has closed)
 */
size_t init_connection_receive(struct connection *connection, void *data, size_t size);

/** init_connection_receive_all() - Receive exactly size bytes, or note why not, return false */
bool init_connection_receive_all(struct connection *connection, void *data, size_t size);

/**
 * init_connection_receive_line() - Receive up to a line feed, which is cut off with a CR before it
 * @line: size bytes; NUL-terminated on success. A longer line fails
 */
bool init_connection_receive_line(struct connection *connection, char *line, size_t size);

#endif
