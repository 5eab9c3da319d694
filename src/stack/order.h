/* SPDX-License-Identifier: Apache-2.0 */
/* The order of services, pure: who waits for whom, and whether the wait is over. */
#ifndef STACK_ORDER_H
#define STACK_ORDER_H

#include "stack/stack.h"

/** struct order_node - One service and what it depends on; borrowed */
struct order_node {
	const char *service;
	const struct stack_dependency *dependencies;
	size_t dependency_count;
};

/** order_find() - Index of a service by name, or -1 */
ptrdiff_t order_find(const struct order_node *nodes, size_t count, const char *service);

/**
 * order_sort() - Dependencies first; otherwise the order given
 * @ret_order: @count indices
 * Return: 0; -ERR_USAGE for a cycle, naming its services
 */
int order_sort(const struct order_node *nodes, size_t count, size_t *ret_order, struct error **err);

/** order_needs() - Does @node depend directly on @service? */
bool order_needs(const struct order_node *node, const char *service);

/** struct order_facts - How a dependency is doing */
struct order_facts {
	bool is_there;	/* it has a container */
	bool is_failed; /* it could not be started at all */
	enum container_status status;
	enum health_status health;
	bool has_check;
	bool was_started; /* since it was made, or since this "up" began for what "up" starts */
	int exit_code;
};

enum order_verdict { ORDER_READY, ORDER_WAIT, ORDER_FAILED };

/**
 * order_judge() - May somebody start who depends on this?
 * @ret_why: for ORDER_FAILED: "is unhealthy", "exited (1)"...
 */
enum order_verdict order_judge(enum stack_condition condition, const struct order_facts *facts,
			       char ret_why[64]);

#endif
