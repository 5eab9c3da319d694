/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One container under supervision.
 *
 *	         START                        EXIT, policy says no
 *	  IDLE ---------> UP -------------------------------------> IDLE
 *	    ^             |  \  PAUSE        EXIT, policy says yes
 *	    |        STOP |   `--------> PAUSED      UP -> WAITING --TIMER--> UP
 *	    |             v                 |
 *	    +--- EXIT -- STOPPING <--STOP---+        STOPPING --TIMER--> all are killed, then EXIT
 *
 * IDLE: no process; state.json says created or exited.
 * UP, PAUSED, STOPPING: a process of ours runs; its pidfd is watched, its output read.
 * WAITING: it ended and runs again when the timer says so.
 * Only unit_handle() moves a unit from one state to another.
 */
#ifndef STACK_UNIT_H
#define STACK_UNIT_H

#include "base/loop.h"
#include "health.h"
#include "log.h"
#include "network/dns.h"
#include "network/network.h"
#include "proxy.h"
#include "restart.h"
#include "runtime.h"

enum unit_fsm { UNIT_IDLE, UNIT_UP, UNIT_PAUSED, UNIT_STOPPING, UNIT_WAITING, UNIT_FSM_COUNT };

enum unit_event {
	UNIT_START,
	UNIT_EXIT, /* its first process has ended */
	UNIT_STOP,
	UNIT_TIMER,
	UNIT_PAUSE,
	UNIT_UNPAUSE,
	UNIT_KILL,
	UNIT_EVENT_COUNT,
};

/** struct unit_request - Arguments of an event */
struct unit_request {
	int64_t timeout_ns; /* UNIT_STOP: grace period; negative: the container's own */
	int signo;	    /* UNIT_KILL */
	bool by_policy;	    /* UNIT_STOP: not somebody's wish, and it shall run again */
};

/** struct unit_output - Its streams on our side */
struct unit_output {
	int fds[2]; /* by enum log_stream; with a terminal the first one is its master */
	struct loop_source *sources[2];
	int stdin_fd; /* what the program reads: -1: nothing */
	struct log_writer *log;
};

/** struct unit_probe - A health check under way */
struct unit_probe {
	struct container_running program;
	int output_fd;
	struct strbuf output;
	struct timespec started;
	struct loop_source *exit_source, *output_source, *deadline;
};

/** struct unit_network - What the container has of networks */
struct unit_network {
	struct dns_responder *responder;
	struct dns_forwarder *own_forwarder; /* when the service names its own servers */
	int *port_fds;
	struct proxy **proxies; /* beside the descriptors; NULL where none is needed */
	size_t port_fd_count;
	struct network_port *ports; /* reserved, with the host's numbers */
	size_t port_count;
};

struct supervisor;

struct unit {
	struct supervisor *supervisor;
	struct container_info *info; /* description and state as in the files */
	struct strv layers;
	int dir_fd, run_fd;
	enum unit_fsm fsm;
	bool is_dirty;	  /* the state is newer than state.json */
	bool was_started; /* since it was loaded or made */
	bool restart_after_stop;
	bool is_gone; /* removed; freed at the end of the turn... */
	bool is_held; /* ...unless the command that attached to it still looks at it */
	struct runtime *runtime;
	int pidfd;
	usec_t started_at;
	struct loop_source *exit_source;
	struct loop_source *timer; /* grace period or restart delay */
	struct loop_source *health_timer;
	struct health health;
	struct restart restart;
	struct unit_probe probe;
	struct unit_output output;
	struct unit_network network;
};

/** unit_new() - Takes @info and @layers */
struct unit *unit_new(struct supervisor *s, struct container_info *info, struct strv layers,
		      struct error **err);

/** unit_free() - Of a unit that is IDLE, or when the supervisor ends */
void unit_free(struct unit *u);

/**
 * unit_handle() - Something happened
 * @request: may be NULL for all but UNIT_KILL
 * Return: 0; the error of a start; -ERR_BUSY or -ERR_USAGE when the event does not fit the state
 */
int unit_handle(struct unit *u, enum unit_event event, const struct unit_request *request,
		struct error **err);

/** unit_has_process() - UP, PAUSED or STOPPING */
bool unit_has_process(const struct unit *u);

/** unit_name() - For messages: the container's name */
const char *unit_name(const struct unit *u);

/* unit_output.c */

/** unit_output_open() - FIFOs (or a terminal) for one run; @fds: the container's ends, to be closed
 */
int unit_output_open(struct unit *u, int fds[3], struct error **err);

/** unit_output_close() - Read what is left, end the log, remove the FIFOs */
void unit_output_close(struct unit *u);

/* unit_network.c */

/** unit_network_reserve() - Take the host ports before anything is started */
int unit_network_reserve(struct unit *u, struct error **err);

/** unit_network_connect() - All attachments, names, hosts file; for container_hooks.on_created */
int unit_network_connect(struct unit *u, const struct container_running *running, int netns_fd,
			 struct error **err);
void unit_network_release(struct unit *u);

/** unit_network_resolv_conf() - Text of its /etc/resolv.conf */
void unit_network_resolv_conf(const struct unit *u, struct strbuf *out);

/* unit_dns.c */

/** unit_dns_zone() - What this container may see: the others on its networks */
struct dns_zone unit_dns_zone(struct unit *u);

/* unit_probe.c */

/** unit_probe_schedule() - Set the timer for the next health check, if there is to be one */
void unit_probe_schedule(struct unit *u);

/** unit_probe_stop() - No more checks: the one under way is killed */
void unit_probe_stop(struct unit *u);

#endif
