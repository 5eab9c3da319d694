/* SPDX-License-Identifier: Apache-2.0 */
/* One run of a container: everything between "start" and "die" that is not a decision. */
#ifndef STACK_UNIT_RUN_H
#define STACK_UNIT_RUN_H

#include "unit.h"

/** unit_run() - Start the program; on failure everything is as before but for state.error */
int unit_run(struct unit *u, struct error **err);

/** unit_end_run() - The first process has ended: take its status, let go of everything */
void unit_end_run(struct unit *u);

/** unit_stop_signal() - From "SIGTERM", "TERM", "15"; SIGTERM when there is none or it is unknown
 */
int unit_stop_signal(const struct stack_service *s);

/** unit_clean_up() - What a supervisor left that is gone: kill the processes, free what they held
 */
int unit_clean_up(const struct engine *e, struct container_info *c, struct error **err);

#endif
