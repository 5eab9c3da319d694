/* SPDX-License-Identifier: Apache-2.0 */
/* Asking a project's supervisor, which is started when there is none. */
#ifndef STACK_CLIENT_H
#define STACK_CLIENT_H

#include "message.h"

/** struct client_call - One request */
struct client_call {
	const char *project;
	json_t *request; /* borrowed */
	bool spawn;	 /* start a supervisor when there is none */
	bool await_end;	 /* come back when the supervisor has ended, as it does when nothing runs */
	usec_t timeout;	 /* 0: none */
	const struct stack_progress *progress;
};

enum { CLIENT_NOBODY = 1 };

/**
 * client_call() - Send the request, report progress, return the answer
 * Return: 0; CLIENT_NOBODY when there is no supervisor and none is wanted; the supervisor's error;
 *         -ERR_TIMEOUT
 */
int client_call(const struct engine *e, const struct client_call *call, struct error **err);

/** client_request() - {"request": @name} to complete and json_decref() */
json_t *client_request(const char *name);

#endif
