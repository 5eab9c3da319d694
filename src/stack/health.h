/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Health of one container as a pure state machine: results and the time go in, the status and the
 * time of the next probe come out.
 *
 *	          START                  SUCCESS
 *	  NONE ----------> STARTING ----------------> HEALTHY
 *	   ^                  |  retries failures        |  ^
 *	   | STOP (any)       v                          v  | SUCCESS
 *	   +-------------- UNHEALTHY <-------------------+--+
 *
 * Regular probes follow Docker's schedule and count as Docker counts. While STARTING, extra probes
 *run between them: a success of one counts, a failure never does, and one that is still running
 *when a regular probe is due gives way to it. So nothing is unhealthy earlier than under Docker,
 *and healthy as soon as it can be.
 */
#ifndef STACK_HEALTH_H
#define STACK_HEALTH_H

#include "stack/stack.h"

/** struct health - Zeroed: no check */
struct health {
	enum health_status status;
	unsigned failing_streak;
	usec_t started;	     /* of the container */
	usec_t next_regular; /* when Docker would probe */
	usec_t next_extra, extra_pause;
	bool probing, probe_is_extra;
	usec_t probe_started;
};

/** health_start() - The container has started: back to STARTING, first probe at once */
void health_start(struct health *h, const struct stack_health *check, usec_t now);

/** health_resume() - It was paused and goes on: the status stays, the schedule starts anew */
void health_resume(struct health *h, const struct stack_health *check, usec_t now);

/** health_stop() - It ended */
void health_stop(struct health *h);

/** health_next() - When to start the next probe; false: not now (one is running, or no check) */
bool health_next(const struct health *h, usec_t *ret_at);

/** health_begin() - A probe starts; Return: when to give it up */
usec_t health_begin(struct health *h, const struct stack_health *check, usec_t now);

/**
 * health_end() - The probe that was begun has ended (also by being given up)
 * Return: false for a failure that Docker would not have seen, which belongs in no log
 */
bool health_end(struct health *h, const struct stack_health *check, bool success, usec_t now);

#endif
