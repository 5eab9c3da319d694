/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work in a forked child whose result, a line of text or an error, comes back through a pipe.
 *
 * Copying needs a mount namespace of its own and hashing needs a core of its own: both are forks of
 * the builder, watched by its loop like RUN's containers.
 */
#ifndef BUILD_CHILD_H
#define BUILD_CHILD_H

#include "base/error.h"
#include "base/loop.h"

/** struct child - One running child */
struct child {
	pid_t pid;
	int pidfd;
	int result_fd; /* read end; the child writes once, at its end */
	struct loop_source *source;
};

/** child_fn - Runs in the child; may add its result to @out */
typedef int (*child_fn)(void *ctx, struct strbuf *out, struct error **err);

/**
 * child_start() - Fork and run @fn; @done is called by the loop when the child has ended
 * Then child_finish() must be called.
 */
int child_start(struct child *c, struct loop *loop, child_fn fn, void *fn_ctx, loop_fd_fn done,
		void *done_ctx, struct error **err);

/** child_finish() - Reap; 0 with the result in @out, or the child's error */
int child_finish(struct child *c, struct strbuf *out, struct error **err);

/** child_kill() - End it and reap, whatever it does; for cancelling */
void child_kill(struct child *c);

#endif
