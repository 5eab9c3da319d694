/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a supervisor as a process of its own. */
#ifndef STACK_SPAWN_H
#define STACK_SPAWN_H

#include "stack/stack.h"

/**
 * spawn_supervisor() - Fork it; it lives on when we end
 * @dir_fd: projects/<name>
 * @start_fd: its lock `start`, which the caller holds and the new process lets go of
 * Return: a connection to it, or -ERR_*
 */
int spawn_supervisor(const struct engine *e, const char *project, int dir_fd, int start_fd,
		     struct error **err);

#endif
