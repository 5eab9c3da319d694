/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Restart policy, pure: 100 ms before the first restart, doubling to 60 s, back to 100 ms after a
 * run of 10 s (moby restartmanager).
 */
#ifndef STACK_RESTART_H
#define STACK_RESTART_H

#include "stack/stack.h"

#define RESTART_DELAY_FIRST (100 * USEC_PER_MSEC)
#define RESTART_DELAY_MAX (60 * USEC_PER_SEC)
#define RESTART_GOOD_RUN (10 * USEC_PER_SEC)

/** struct restart - Zeroed at the beginning and when somebody starts the container by hand */
struct restart {
	unsigned count;	   /* restarts so far */
	usec_t last_delay; /* 0: none yet */
};

/** struct restart_exit - How a run ended */
struct restart_exit {
	int exit_code;
	bool stopped_by_hand;
	usec_t run_time;
};

/**
 * restart_decide() - Shall it run again?
 * @max: of on-failure: restarts in all, 0: no limit
 * @ret_delay: how long to wait before it does
 */
bool restart_decide(struct restart *r, enum stack_restart policy, unsigned max,
		    const struct restart_exit *e, usec_t *ret_delay);

#endif
