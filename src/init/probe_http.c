/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.1 (RFC 9112): a GET whose status line alone is read. */
#include "probe.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "duration.h"
#include "init/constants.h"

#define REQUEST_LENGTH_MAX	(URL_LENGTH_MAX + HOST_LENGTH_MAX + 160)
#define STATUS_LINE_MAX		512
#define DRAIN_BYTES_MAX		65536
#define DRAIN_TIME_US		(100 * USEC_PER_MSEC)

/* "HTTP/1.1 200 OK" -> 200; 0 if it is no status line */
static int parse_status(const char *line)
{
	if (strncmp(line, "HTTP/1.", 7) != 0 || line[7] < '0' || line[7] > '9' || line[8] != ' ')
		return 0;
	char digits[4] = { 0 };
	memcpy(digits, line + 9, strnlen(line + 9, 3));
	int status = 0;
	if (strlen(digits) != 3 || !init_number_parse(digits, 999, &status))
		return 0;
	return line[12] == ' ' || line[12] == '\0' ? status : 0;
}

/* To hang up on a server that still sends would be an error in its log: let a small answer end */
static void drain(struct connection *connection)
{
	struct cause ignored;
	int64_t until_us = init_clock_us() + DRAIN_TIME_US;
	struct connection rest = { .fd = connection->fd, .deadline_us = until_us, .cause = &ignored };
	if (rest.deadline_us > connection->deadline_us)
		rest.deadline_us = connection->deadline_us;
	char data[4096];
	size_t total = 0;
	while (total < DRAIN_BYTES_MAX && init_clock_us() < rest.deadline_us) {
		size_t n = init_connection_receive(&rest, data, sizeof(data));
		if (!n)
			return;
		total += n;
	}
}

enum probe_result init_probe_http(struct connection *connection, const struct url *url)
{
	bool address = strchr(url->host, ':') != NULL;
	char request[REQUEST_LENGTH_MAX];
	int length = snprintf(request, sizeof(request),
			      "GET /%s HTTP/1.1\r\n"
			      "Host: %s%s%s:%s\r\n"
			      "User-Agent: " INIT_PROGRAM "\r\n"
			      "Accept: */*\r\n"
			      "Connection: close\r\n"
			      "\r\n",
			      url->path ? url->path : "", address ? "[" : "", url->host,
			      address ? "]" : "", url->port);
	char line[STATUS_LINE_MAX];
	if (!init_connection_send(connection, request, (size_t)length) ||
	    !init_connection_receive_line(connection, line, sizeof(line)))
		return PROBE_NOT_READY;
	int status = parse_status(line);
	if (!status) {
		init_cause_set(connection->cause, "the answer is not HTTP");
		return PROBE_NOT_READY;
	}
	drain(connection);
	if (status >= 200 && status < 400)
		return PROBE_READY;
	init_cause_set(connection->cause, "HTTP status %d", status);
	return PROBE_NOT_READY;
}
