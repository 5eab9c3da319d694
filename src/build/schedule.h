/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Driving a build's stages; see schedule.c for the picture.
 */
#ifndef BUILD_SCHEDULE_H
#define BUILD_SCHEDULE_H

#include "step.h"

/** stage_begin() - Load the base; 1: it is a stage that is not done yet */
int stage_begin(struct stage *stage, struct error **err);

/** builder_advance() - Bring every stage as far as it gets; stops the loop at the end */
void builder_advance(struct builder *b);

/** schedule_fini() - Kill what runs, remove drafts, free the stages */
void schedule_fini(struct builder *b);

/** history_run() - "|1 A=b /bin/sh -c CMD # buildkit"; caller frees */
char *history_run(const struct stage_state *s, const struct instruction *in, const char *arg_prefix);

/** history_copy() - "COPY src dst # buildkit", "WORKDIR /abs"; caller frees */
char *history_copy(const struct stage_state *s, struct dockerfile *df, const struct instruction *in);

/** sweep_dead_builds() - Remove what killed builds of this store left; never waits, never fails */
void sweep_dead_builds(const struct build_options *opt);

#endif
