/* SPDX-License-Identifier: Apache-2.0 */
/* The supervisor's end of the control socket. */
#ifndef STACK_CONTROL_H
#define STACK_CONTROL_H

#include "message.h"
#include "supervisor.h"

enum { CONTROL_CLIENTS_MAX = 64 };

struct client;
struct job;

/** control_listen() - Make the socket `control` in a project's directory, for its owner only */
int control_listen(int dir_fd, struct error **err);

/** control_new() - Serve @listen_fd, and @first_fd (-1: none), a connection that is there already;
 * both taken */
struct control *control_new(struct supervisor *s, int listen_fd, int first_fd);
void control_free(struct control *c);

/** control_is_busy() - Somebody waits for an answer or is about to ask */
bool control_is_busy(const struct control *c);

/** control_advance() - Look at all jobs again, until none gets any further */
void control_advance(struct control *c);

/** control_answer() - Send the results of jobs that are done (after the state files were written)
 */
void control_answer(struct control *c);

/** control_uses() - Does a job hold this unit? */
bool control_uses(const struct control *c, const struct unit *u);

/** control_broadcast() - One line to every subscriber */
void control_broadcast(struct control *c, const json_t *message);

/** control_progress() - One line of a job's progress to its client; NULL: nobody listens any more
 */
void control_progress(struct client *client, const char *kind, const char *name, const char *what,
		      bool done);

#endif
