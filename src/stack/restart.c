/* SPDX-License-Identifier: Apache-2.0 */
/* The decision whether a container that ended runs again. */
#include "restart.h"

static bool is_wanted(const struct restart *r, enum stack_restart policy, unsigned max,
		      const struct restart_exit *e)
{
	switch (policy) {
	case STACK_RESTART_NO:
		return false;
	case STACK_RESTART_ALWAYS:
	case STACK_RESTART_UNLESS_STOPPED: /* they differ only when a machine boots */
		return true;
	case STACK_RESTART_ON_FAILURE:
		return e->exit_code != 0 && (max == 0 || r->count < max);
	}
	return false;
}

bool restart_decide(struct restart *r, enum stack_restart policy, unsigned max,
		    const struct restart_exit *e, usec_t *ret_delay)
{
	if (e->stopped_by_hand || !is_wanted(r, policy, max, e))
		return false;
	if (e->run_time >= RESTART_GOOD_RUN)
		r->last_delay = 0;
	usec_t delay = r->last_delay ? 2 * r->last_delay : RESTART_DELAY_FIRST;

	if (delay > RESTART_DELAY_MAX)
		delay = RESTART_DELAY_MAX;
	r->last_delay = *ret_delay = delay;
	r->count++;
	return true;
}
