/* SPDX-License-Identifier: Apache-2.0 */
/* How a container is doing, as state.json in its directory. */
#ifndef STACK_STATE_H
#define STACK_STATE_H

#include "stack/stack.h"

enum { STATE_FILE_MAX = 1 << 20, HEALTH_OUTPUT_MAX = 4096 };

/** state_save() - Replace state.json in @dir_fd; atomic, not synced: a run does not outlive a power
 * cut */
int state_save(int dir_fd, const struct container_state *s, struct error **err);

/** state_load() - state.json; without one the container was created and never started */
int state_load(int dir_fd, struct container_state *ret, struct error **err);

void state_fini(struct container_state *s);

/** state_end_run() - Forget what a container has only while it runs: process, addresses, ports,
 * health */
void state_end_run(struct container_state *s);

/** state_clear_run() - Forget also what is left to look at after a run: health log, error */
void state_clear_run(struct container_state *s);

/** state_add_probe() - Append to the health log, dropping the oldest; takes the strings of @p */
void state_add_probe(struct container_state *s, struct health_probe p);

/** state_is_active() - Running, paused or about to run again */
bool state_is_active(const struct container_state *s);

#endif
