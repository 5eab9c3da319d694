/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that is the parent of a project's containers: one event loop, no threads.
 *
 * A turn: events are handled; then what changed is written to the state files; then jobs (requests
 * that wait for something) are looked at again and answered. It ends when no container runs or
 * waits and nobody wants anything.
 */
#ifndef STACK_SUPERVISOR_H
#define STACK_SUPERVISOR_H

#include "unit.h"

struct control;

/** struct supervisor - Freed by supervisor_free() */
struct supervisor {
	const struct engine *engine;
	char *project;
	int dir_fd, lock_fd; /* projects/<name>, its lock */
	char *run_path;	     /* absolute path of projects/<name> */
	struct loop *loop;
	struct unit **units;
	size_t unit_count;
	struct stack_network *networks; /* as the model describes them */
	size_t network_count;
	int init_fd;		   /* made at the first start */
	struct strbuf resolv_conf; /* the host's */
	struct dns_forwarder *forwarder;
	struct control *control;
	/** @relay: output of a container that somebody is attached to; NULL: nobody */
	void (*relay)(void *ctx, const struct unit *u, enum log_stream stream, str data);
	void *relay_ctx;
	unsigned terminal_rows, terminal_columns;
	bool is_dirty; /* some unit is, or jobs want a look */
};

/**
 * supervisor_new() - Take over a project
 * @dir_fd, @lock_fd: of project_open(); owned from now on, also on failure
 */
int supervisor_new(const struct engine *e, const char *project, int dir_fd, int lock_fd,
		   struct supervisor **ret, struct error **err);
void supervisor_free(struct supervisor *s);
DEFINE_CLEANUP(supervisor, supervisor_free);

/** supervisor_load() - Read the containers that the project has in the store */
int supervisor_load(struct supervisor *s, struct error **err);

/** supervisor_turn() - Wait for events, handle them, bring files and jobs up to date */
int supervisor_turn(struct supervisor *s, struct error **err);

/** supervisor_is_idle() - Nothing runs, waits to run, or is asked for */
bool supervisor_is_idle(const struct supervisor *s);

/** supervisor_main() - In a forked process: serve until idle, then exit; never returns */
void supervisor_main(struct supervisor *s) __attribute__((noreturn));

/** supervisor_note() - A unit has changed: its file is written and jobs are looked at this turn */
void supervisor_note(struct unit *u);

/** supervisor_report() - Tell subscribers what happened to a container: "start", "die", ... */
void supervisor_report(struct unit *u, const char *action);

/** supervisor_create() - Make a container in the store and supervise it; takes @service */
int supervisor_create(struct supervisor *s, struct stack_service *service, const char *id,
		      struct unit **ret, struct error **err);

/** supervisor_remove() - Remove an idle container: store, name, with @volumes anonymous volumes */
int supervisor_remove(struct unit *u, bool volumes, struct error **err);

struct unit *supervisor_find(const struct supervisor *s, const char *id);

/** supervisor_find_service() - The container of a compose service, or NULL */
struct unit *supervisor_find_service(const struct supervisor *s, const char *service);
const struct stack_network *supervisor_find_network(const struct supervisor *s, const char *name);

#endif
