/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request that takes its time: for each container concerned, a step that goes through the phases
 * below as far as it can, again and again, until all are done or one has failed. Nothing is polled:
 * jobs are looked at when a unit has changed.
 *
 *	STOP_HOLD  wait until those that depend on it have stopped
 *	STOP	   ask it to stop
 *	STOPPING   wait until it has
 *	REMOVE
 *	CREATE
 *	START_HOLD wait for the conditions of its dependencies
 *	START
 *	READY	   wait until it is healthy
 */
#ifndef STACK_JOB_H
#define STACK_JOB_H

#include <jansson.h>

#include "supervisor.h"

enum phase {
	PHASE_STOP_HOLD,
	PHASE_STOP,
	PHASE_STOPPING,
	PHASE_REMOVE,
	PHASE_CREATE,
	PHASE_START_HOLD,
	PHASE_START,
	PHASE_READY,
	PHASE_DONE,
};

/** struct step - What a job does to one container; what is not wanted is passed over */
struct step {
	struct unit *unit;	       /* NULL: there is none (yet) */
	struct stack_service *service; /* as the job's model has it; CREATE moves it to the unit */
	char id[65];		       /* CREATE: empty: any */
	bool stop, remove, remove_volumes, create, start, ready;
	bool is_job, is_announced;
	enum phase phase;
};

enum job_kind { JOB_SINGLE, JOB_UP, JOB_DOWN, JOB_RUN };

struct client;

struct job {
	struct job *next;
	struct supervisor *supervisor;
	struct client *client; /* NULL: it went away */
	enum job_kind kind;
	int64_t timeout_ns; /* grace period; negative: each container's own */
	struct stack_model *model;
	bool force_recreate, no_recreate, remove_orphans, wait; /* UP */
	bool stop_only, remove_volumes;				/* DOWN */
	struct strv services;					/* empty: all */
	struct step *steps;
	size_t step_count;
	bool is_begun, is_done;
	struct error *err; /* why it failed */
};

/** job_new() - From a request; *ret is NULL when it is done already */
int job_new(struct supervisor *s, struct client *client, const json_t *request, struct job **ret,
	    struct error **err);
void job_free(struct job *j);
DEFINE_CLEANUP(job, job_free);

/** job_is_exclusive() - Only one such job at a time works on a project */
bool job_is_exclusive(const struct job *j);

/** job_begin() - Decide what is to be done, now that it is this job's turn */
int job_begin(struct job *j, struct error **err);

/** job_advance() - Go as far as possible; sets is_done */
void job_advance(struct job *j);

/** job_add_step() - Room for one more; for job_up.c */
struct step *job_add_step(struct job *j);

/* job_up.c */

/** job_plan_up() - Make networks and volumes; steps for what differs from the model */
int job_plan_up(struct job *j, struct error **err);

#endif
