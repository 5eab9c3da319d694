/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running things: projects, their supervisors, their containers.
 *
 * A project (a compose project, or one container of "run") has at most one supervisor, a process that
 * is the parent of its containers. What is known about a container lies in the store under
 * containers/<id>/ (container.json: the description; state.json: how it is doing; log files; upper and
 * work directories); what lives only while it runs lies in the run state under projects/<name>/ (lock,
 * control socket, FIFOs). Readers check pids with their start times, so a stale file never lies.
 */
#ifndef STACK_STACK_H
#define STACK_STACK_H

#include "base/report.h"
#include "compose/project.h"
#include "stack/model.h"

/** struct engine - Where everything is; made by cli/ */
struct engine {
	struct store *store;
	char *run_path;	 /* absolute, e.g. /run/firkin */
	int run_fd, networks_fd, projects_fd;
	const void *init_binary; /* the embedded firkin-init */
	size_t init_size;
};

int engine_open(const char *store_path, const char *run_path, struct engine **ret,
		struct error **err);
void engine_close(struct engine *e);
DEFINE_CLEANUP(engine, engine_close);

enum container_status {
	CONTAINER_CREATED,
	CONTAINER_RUNNING,
	CONTAINER_PAUSED,
	CONTAINER_RESTARTING,
	CONTAINER_EXITED,
	CONTAINER_DEAD,
};
enum health_status { HEALTH_NONE, HEALTH_STARTING, HEALTH_HEALTHY, HEALTH_UNHEALTHY };

const char *container_status_name(enum container_status s); /* "running" */
const char *health_status_name(enum health_status s);	    /* "healthy" */

/** struct health_probe - One entry of the health log */
struct health_probe {
	char *start, *end; /* RFC 3339 */
	int exit_code;
	char *output; /* at most 4096 bytes */
};

enum { HEALTH_LOG_SIZE = 5 };

/** struct container_address - Where it is on a network */
struct container_address {
	char *network, *ipv4, *gateway, *mac;
	unsigned prefix_length;
};

/** struct container_state - state.json */
struct container_state {
	enum container_status status;
	struct container_running process; /* pidfd is -1 here */
	struct timespec created, started, finished;
	int exit_code;
	bool oom_killed, stopped_by_hand;
	bool is_abandoned; /* its supervisor went without cleaning up; found out when read... */
	bool is_orphan;	   /* ...and its process runs on */
	char *error; /* why it could not start, or NULL */
	unsigned restart_count;
	enum health_status health;
	unsigned failing_streak;
	struct health_probe log[HEALTH_LOG_SIZE];
	size_t log_count;
	struct container_address *addresses;
	size_t address_count;
	struct stack_port *ports; /* as published: host ports filled in */
	size_t port_count;
};

/** struct container_info - One container for listings; owned */
struct container_info {
	char id[65];
	char *project;
	struct stack_service service;
	struct container_state state;
};

void container_info_free(struct container_info *c);
DEFINE_CLEANUP(container_info, container_info_free);

/** stack_list() - All containers of the store, newest first; project NULL: of all projects */
int stack_list(const struct engine *e, const char *project, struct container_info ***ret_list,
	       size_t *ret_count, struct error **err);
void stack_list_free(struct container_info **list, size_t count);

/** stack_find() - By name, id, or unambiguous id prefix; -ERR_NOT_FOUND with near names as hint */
int stack_find(const struct engine *e, const char *text, struct container_info **ret,
	       struct error **err);

/** json form of one container as "docker inspect" shows it */
json_t *stack_inspect(const struct engine *e, const struct container_info *c);

/** struct stack_progress - What happens during up, down, stop: one call per change of a thing's status */
struct stack_progress {
	/** @kind: "Network", "Volume", "Container", "Image"; @what: "Creating", "Started", "Healthy"... */
	void (*event)(void *ctx, const char *kind, const char *name, const char *what, bool done);
	void *ctx;
};

/** stack_plan() - Compose project to model; images must be in the store (ensure them before) */
int stack_plan(const struct engine *e, const struct compose_project *p, const struct report *warnings,
	       struct stack_model **ret, struct error **err);

struct stack_up_options {
	bool wait;		/* until healthy (or running where there is no check) */
	usec_t wait_timeout;	/* 0: none */
	bool force_recreate, no_recreate, remove_orphans;
	const struct strv *services; /* NULL or empty: all */
	const struct stack_progress *progress;
};

/**
 * stack_up() - Converge the project to the model
 * Starts a supervisor when none runs. Returns when every service was started (with wait: is healthy).
 * Return: 0; the error of the first service that could not be started or turned unhealthy
 */
int stack_up(const struct engine *e, const struct stack_model *m,
	     const struct stack_up_options *opt, struct error **err);

/**
 * stack_is_converged() - Does everything that @m wants run already, unchanged and healthy?
 * Reads files only; this is all that a no-op "up" costs.
 */
bool stack_is_converged(const struct engine *e, const struct stack_model *m);

struct stack_down_options {
	bool volumes;
	bool stop_only;	    /* "compose stop": containers, networks, volumes stay */
	const struct strv *services; /* NULL or empty: all */
	int64_t timeout_ns; /* negative: each container's own */
	const struct stack_progress *progress;
};

/** stack_down() - Stop in reverse dependency order, remove containers and networks (and volumes) */
int stack_down(const struct engine *e, const char *project, const struct stack_down_options *opt,
	       struct error **err);

/** enum stack_verb - Requests about one container, carried out by its supervisor (or without one) */
enum stack_verb { STACK_STOP, STACK_START, STACK_RESTART, STACK_KILL, STACK_PAUSE, STACK_UNPAUSE };

/** @timeout_ns: STOP, RESTART: grace period, negative: the container's own; @signo: KILL */
int stack_request(const struct engine *e, const struct container_info *c, enum stack_verb verb,
		  int64_t timeout_ns, int signo, struct error **err);

/** stack_remove() - Remove a container that does not run (@force: kill it first) and its anonymous volumes when asked */
int stack_remove(const struct engine *e, const struct container_info *c, bool force, bool volumes,
		 struct error **err);

/** struct stack_run_options - "run" */
struct stack_run_options {
	bool detach;
	bool stdin_attached; /* -i */
};

/**
 * stack_run() - One container from a description
 * Attached: this process is the supervisor, relays output and signals, returns the container's exit
 * status in @ret_status. Detached: forks a supervisor, returns once the program was executed, and
 * @ret_id holds the id.
 */
int stack_run(const struct engine *e, struct stack_service *service,
	      const struct stack_run_options *opt, char ret_id[65], int *ret_status,
	      struct error **err);

/** struct stack_log_options - "logs" */
struct stack_log_options {
	bool follow;
	int64_t tail; /* negative: all */
	struct timespec since, until; /* zero: none */
};

/** stack_logs() - Calls @line for each message in order, across rotations; follows until the container ends */
int stack_logs(const struct engine *e, struct container_info *const *containers, size_t count,
	       const struct stack_log_options *opt,
	       void (*line)(void *ctx, const struct container_info *c, struct timespec at,
			    bool is_stderr, str text),
	       void *ctx, struct error **err);

/** volumes */
int stack_volume_path(const struct engine *e, const char *name, bool create, char **ret_path,
		      struct error **err);
int stack_volume_remove(const struct engine *e, const char *name, struct error **err);

#endif
