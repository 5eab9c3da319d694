/* SPDX-License-Identifier: Apache-2.0 */
/* A container in the foreground: our terminal, streams and signals are its. */
#ifndef STACK_ATTACH_H
#define STACK_ATTACH_H

#include "supervisor.h"

struct attach;

/**
 * attach_new() - Catch signals, relay output; with @with_stdin also our standard input
 * Before the container is started, so that no signal is lost and nothing it writes is missed.
 */
int attach_new(struct supervisor *s, struct unit *u, bool with_stdin, struct attach **ret,
	       struct error **err);

/** attach_started() - The container runs: from now on input flows */
void attach_started(struct attach *a);

/** attach_free() - The terminal is as it was */
void attach_free(struct attach *a);
DEFINE_CLEANUP(attach, attach_free);

#endif
