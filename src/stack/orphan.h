/* SPDX-License-Identifier: Apache-2.0 */
/* Containers without a supervisor: stopping those that still run, removing. */
#ifndef STACK_ORPHAN_H
#define STACK_ORPHAN_H

#include "stack/stack.h"

/** orphan_signal() - To its first process; -ERR_USAGE when it does not run */
int orphan_signal(const struct container_info *c, int signo, struct error **err);

/**
 * orphan_stop() - Ask it to end, wait, kill what is left, give back what it held
 * @timeout_ns: grace period, negative: the container's own
 * Return: 0, also when nothing ran
 */
int orphan_stop(const struct engine *e, struct container_info *c, int64_t timeout_ns,
		struct error **err);

#endif
