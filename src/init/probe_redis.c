/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Redis (protocol RESP2): AUTH if the URL has a password, then PING.
 *
 * How an answer begins tells its kind: '+' is a simple string, '-' an error whose first word is its
 * code. Servers repeat the arguments of a command they do not know, so the text of an error could
 * show the password: only the code is looked at, and what it means is said in our own words.
 */
#include "probe.h"

#include <stdio.h>
#include <string.h>

#define REPLY_LENGTH_MAX	1024

static const struct reply_error {
	const char *code;
	enum probe_result result;
	const char *meaning;
} reply_errors[] = {
	{ "BUSY", PROBE_NOT_READY, "the server is busy running a script" },
	{ "DENIED", PROBE_NOT_READY, "the server is in protected mode and answers loopback only" },
	{ "LOADING", PROBE_NOT_READY, "the server is still loading its data" },
	{ "MASTERDOWN", PROBE_NOT_READY, "the replica has lost its master" },
	{ "MISCONF", PROBE_NOT_READY, "the server cannot save its data to disk" },
	{ "NOAUTH", PROBE_REFUSED, "the server wants a password: redis://:PASSWORD@host" },
	{ "NOPERM", PROBE_REFUSED, "the user is not allowed to run PING" },
	{ "WRONGPASS", PROBE_REFUSED, "user or password is wrong, or the user is disabled" },
};

static enum probe_result judge_error(const char *reply, struct cause *cause)
{
	size_t length = strcspn(reply, " ");
	for (size_t i = 0; i < sizeof(reply_errors) / sizeof(reply_errors[0]); i++) {
		const struct reply_error *e = &reply_errors[i];
		if (strlen(e->code) == length && strncmp(e->code, reply, length) == 0) {
			init_cause_set(cause, "%s (%s)", e->meaning, e->code);
			return e->result;
		}
	}
	init_cause_set(cause, "the server answers PING with an error");
	return PROBE_NOT_READY;
}

static enum probe_result authenticate(struct connection *connection, const struct url *url)
{
	/* *3 $4 AUTH $n user $n password; without user two arguments, which Redis 5 knows too */
	char command[2 * URL_LENGTH_MAX];
	int length = snprintf(command, sizeof(command), "*%d\r\n$4\r\nAUTH\r\n", url->user ? 3 : 2);
	if (url->user)
		length += snprintf(command + length, sizeof(command) - (size_t)length,
				   "$%zu\r\n%s\r\n", strlen(url->user), url->user);
	length += snprintf(command + length, sizeof(command) - (size_t)length, "$%zu\r\n%s\r\n",
			   strlen(url->password), url->password);
	char reply[REPLY_LENGTH_MAX];
	if (!init_connection_send(connection, command, (size_t)length) ||
	    !init_connection_receive_line(connection, reply, sizeof(reply)))
		return PROBE_NOT_READY;
	if (reply[0] == '-' && judge_error(reply + 1, connection->cause) == PROBE_REFUSED)
		return PROBE_REFUSED;
	/* Any other error, such as "no password is set", is for the PING to show */
	return PROBE_READY;
}

enum probe_result init_probe_redis(struct connection *connection, const struct url *url)
{
	static const char ping[] = "*1\r\n$4\r\nPING\r\n";
	if (url->password) {
		enum probe_result result = authenticate(connection, url);
		if (result != PROBE_READY)
			return result;
	}
	char reply[REPLY_LENGTH_MAX];
	if (!init_connection_send(connection, ping, sizeof(ping) - 1) ||
	    !init_connection_receive_line(connection, reply, sizeof(reply)))
		return PROBE_NOT_READY;
	if (strcmp(reply, "+PONG") == 0)
		return PROBE_READY;
	if (reply[0] == '-')
		return judge_error(reply + 1, connection->cause);
	init_cause_set(connection->cause, "the answer is not one of a Redis server");
	return PROBE_NOT_READY;
}
