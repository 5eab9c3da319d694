/* SPDX-License-Identifier: Apache-2.0 */
/* Sorting services by dependency, and judging start conditions. */
#include "order.h"

#include <stdio.h>

ptrdiff_t order_find(const struct order_node *nodes, size_t count, const char *service)
{
	for (size_t i = 0; i < count; i++) {
		if (nodes[i].service && strcmp(nodes[i].service, service) == 0)
			return (ptrdiff_t)i;
	}
	return -1;
}

bool order_needs(const struct order_node *node, const char *service)
{
	for (size_t i = 0; service && i < node->dependency_count; i++) {
		if (strcmp(node->dependencies[i].service, service) == 0)
			return true;
	}
	return false;
}

/* Has everything that @node depends on (as far as it is in the list) been placed? */
static bool is_free(const struct order_node *nodes, size_t count, size_t node, const bool *placed)
{
	for (size_t i = 0; i < nodes[node].dependency_count; i++) {
		ptrdiff_t d = order_find(nodes, count, nodes[node].dependencies[i].service);

		if (d >= 0 && !placed[d])
			return false;
	}
	return true;
}

static int report_cycle(const struct order_node *nodes, size_t count, const bool *placed,
			struct error **err)
{
	struct strbuf names CLEANUP_STRBUF = STRBUF_INIT(1024);

	for (size_t i = 0; i < count; i++) {
		if (!placed[i])
			strbuf_addf(&names, "%s%s", names.len ? ", " : "", nodes[i].service);
	}
	return error_new(err, ERR_USAGE, "services depend on each other in a circle: %s",
			 strbuf_text(&names));
}

int order_sort(const struct order_node *nodes, size_t count, size_t *ret_order, struct error **err)
{
	CLEANUP_FREE bool *placed = x_alloc(count * sizeof(*placed));

	for (size_t n = 0; n < count;) {
		size_t before = n;

		for (size_t i = 0; i < count; i++) {
			if (placed[i] || !is_free(nodes, count, i, placed))
				continue;
			placed[i] = true;
			ret_order[n++] = i;
		}
		if (n == before)
			return report_cycle(nodes, count, placed, err);
	}
	return 0;
}

static bool is_over(enum container_status s)
{
	return s == CONTAINER_EXITED || s == CONTAINER_DEAD;
}

static enum order_verdict say_exit(const struct order_facts *facts, char why[64])
{
	(void)snprintf(why, 64, "exited (%d)", facts->exit_code);
	return ORDER_FAILED;
}

static enum order_verdict judge_healthy(const struct order_facts *facts, char why[64])
{
	if (!facts->has_check) {
		(void)snprintf(why, 64, "has no health check to wait for");
		return ORDER_FAILED;
	}
	if (is_over(facts->status))
		return say_exit(facts, why);
	if (facts->health == HEALTH_UNHEALTHY) {
		(void)snprintf(why, 64, "is unhealthy");
		return ORDER_FAILED;
	}
	return facts->health == HEALTH_HEALTHY ? ORDER_READY : ORDER_WAIT;
}

enum order_verdict order_judge(enum stack_condition condition, const struct order_facts *facts,
			       char ret_why[64])
{
	if (!facts->is_there || facts->is_failed) {
		(void)snprintf(ret_why, 64,
			       facts->is_failed ? "could not be started" : "has no container");
		return ORDER_FAILED;
	}
	if (!facts->was_started)
		return ORDER_WAIT;
	switch (condition) {
	case STACK_STARTED:
		return ORDER_READY;
	case STACK_HEALTHY:
		return judge_healthy(facts, ret_why);
	case STACK_COMPLETED:
		if (!is_over(facts->status))
			return ORDER_WAIT;
		return facts->exit_code == 0 ? ORDER_READY : say_exit(facts, ret_why);
	}
	return ORDER_FAILED;
}
