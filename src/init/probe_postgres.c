/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PostgreSQL (frontend/backend protocol 3.0): a start-up message, and what the server says to it.
 *
 *	-> length | 196608 | "user" "…" "database" "…" ... ""
 *	<- 'R' length | kind            authentication request: the server takes logins
 *	<- 'E' length | fields          refused; the field 'C' (SQLSTATE) tells why
 *
 * No password is sent: a server that asks for one is ready. Where none is needed (trust) the server
 * goes on to open a session; its end, 'Z', is awaited, because it may still answer 'E' and because
 * hanging up in the middle would leave errors in its log.
 */
#include "probe.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "init/constants.h"

#define PROTOCOL_3_0		196608
#define AUTHENTICATION_OK	0
#define MESSAGE_BYTES_MAX	8192	/* of one message of the server */
#define MESSAGES_MAX		256	/* from the authentication to the session's begin */

/* These say that the server is not ready yet; any other says that it is up and judged the login */
static const char *const not_ready_states[] = {
	"53300",	/* too_many_connections */
	"57P01",	/* admin_shutdown */
	"57P03",	/* cannot_connect_now: starting up, shutting down, in recovery */
};

struct message {
	char type;
	size_t size;
	char body[MESSAGE_BYTES_MAX + 1];	/* NUL behind the last byte */
};

/* The user may stand in it twice, as name of the database as well; the rest is constant */
struct start_up {
	char data[2 * URL_LENGTH_MAX + 128];
	size_t size;
};

static void add_bytes(struct start_up *start_up, const void *bytes, size_t size)
{
	memcpy(start_up->data + start_up->size, bytes, size);
	start_up->size += size;
}

static void add_string(struct start_up *start_up, const char *string)
{
	add_bytes(start_up, string, strlen(string) + 1);
}

static bool send_start_up(struct connection *connection, const struct url *url)
{
	const char *user = url->user ? url->user : "postgres";
	struct start_up message = { .size = sizeof(uint32_t) };
	uint32_t protocol = htonl(PROTOCOL_3_0);
	add_bytes(&message, &protocol, sizeof(protocol));
	add_string(&message, "user");
	add_string(&message, user);
	add_string(&message, "database");
	add_string(&message, url->path ? url->path : user);
	add_string(&message, "application_name");
	add_string(&message, INIT_PROGRAM);
	add_string(&message, "");
	uint32_t length = htonl((uint32_t)message.size);
	memcpy(message.data, &length, sizeof(length));
	return init_connection_send(connection, message.data, message.size);
}

static bool receive_message(struct connection *connection, struct message *message)
{
	char header[5];
	uint32_t length = 0;
	if (!init_connection_receive_all(connection, header, sizeof(header)))
		return false;
	message->type = header[0];
	memcpy(&length, header + 1, sizeof(length));
	length = ntohl(length);
	/* A server of another kind is found out here: its text makes an absurd length */
	if (length < sizeof(length) || length - sizeof(length) > MESSAGE_BYTES_MAX) {
		init_cause_set(connection->cause, "the answer is not one of a PostgreSQL server");
		return false;
	}
	message->size = length - sizeof(length);
	message->body[message->size] = '\0';
	return init_connection_receive_all(connection, message->body, message->size);
}

/* A field of an error: its kind in one byte, then a string; NULL if the message lacks it */
static const char *error_field(const struct message *message, char kind)
{
	const char *end = message->body + message->size;
	for (const char *field = message->body; field < end && *field;) {
		if (*field == kind)
			return field + 1;
		field += strlen(field) + 1;
	}
	return NULL;
}

static enum probe_result judge_error(const struct message *message, struct cause *cause)
{
	const char *state = error_field(message, 'C');
	const char *text = error_field(message, 'M');
	init_cause_set(cause, "%.160s (SQLSTATE %.5s)", text ? text : "error",
		       state ? state : "none");
	if (!state)
		return PROBE_NOT_READY;
	for (size_t i = 0; i < sizeof(not_ready_states) / sizeof(not_ready_states[0]); i++)
		if (strcmp(state, not_ready_states[i]) == 0)
			return PROBE_NOT_READY;
	return PROBE_READY;
}

static bool is_authentication_ok(const struct message *message)
{
	uint32_t kind = 0;
	if (message->size != sizeof(kind))
		return false;
	memcpy(&kind, message->body, sizeof(kind));
	return ntohl(kind) == AUTHENTICATION_OK;
}

/* The session has begun: end it in the way that leaves nothing in the server's log */
static void terminate(struct connection *connection)
{
	static const char message[] = { 'X', 0, 0, 0, 4 };
	/* Whether the farewell arrives does not matter any more */
	(void)init_connection_send(connection, message, sizeof(message));
}

enum probe_result init_probe_postgres(struct connection *connection, const struct url *url)
{
	if (!send_start_up(connection, url))
		return PROBE_NOT_READY;
	struct message message;
	for (int i = 0; i < MESSAGES_MAX; i++) {
		if (!receive_message(connection, &message))
			return PROBE_NOT_READY;
		if (message.type == 'E')
			return judge_error(&message, connection->cause);
		if (i == 0 && message.type != 'R')
			break;
		if (message.type == 'R' && !is_authentication_ok(&message))
			return PROBE_READY;
		if (message.type == 'Z') {
			terminate(connection);
			return PROBE_READY;
		}
	}
	init_cause_set(connection->cause, "the answer is not one of a PostgreSQL server");
	return PROBE_NOT_READY;
}
