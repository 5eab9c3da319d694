/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing what is wanted with what is there. */
#include "converge.h"

static bool is_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Nobody restarts it, nobody talks to it: whatever it had to do is done when it ends. */
static bool looks_like_job(const struct stack_service *s)
{
	return (s->restart == STACK_RESTART_NO || s->restart == STACK_RESTART_ON_FAILURE) &&
	       s->health.test.count == 0 && s->port_count == 0;
}

enum converge_verdict converge_judge(const struct stack_service *wanted,
				     const struct container_info *found, bool is_job)
{
	const struct container_state *s = &found->state;

	if (!is_same(wanted->config_hash, found->service.config_hash) ||
	    !is_same(wanted->image_manifest, found->service.image_manifest))
		return CONVERGE_RECREATE;
	if (s->is_orphan)
		return CONVERGE_START;
	if (s->status == CONTAINER_RUNNING || s->status == CONTAINER_RESTARTING)
		return CONVERGE_KEEP;
	if (s->status == CONTAINER_EXITED && s->exit_code == 0 && !s->stopped_by_hand &&
	    !s->error && (is_job || looks_like_job(wanted)))
		return CONVERGE_ENDED;
	return CONVERGE_START;
}

bool converge_is_job(const struct stack_model *m, const char *service)
{
	for (size_t i = 0; i < m->service_count; i++) {
		const struct stack_service *s = &m->services[i];

		for (size_t k = 0; k < s->dependency_count; k++) {
			if (s->dependencies[k].condition == STACK_COMPLETED &&
			    strcmp(s->dependencies[k].service, service) == 0)
				return true;
		}
	}
	return false;
}

bool converge_is_settled(enum converge_verdict verdict, const struct container_info *found)
{
	if (verdict == CONVERGE_ENDED)
		return true;
	return verdict == CONVERGE_KEEP && found->state.status == CONTAINER_RUNNING &&
	       (found->state.health == HEALTH_NONE || found->state.health == HEALTH_HEALTHY);
}
