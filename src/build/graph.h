/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stages and what they need from each other. Pure.
 *
 * Only stages that the target reaches are built: through FROM, COPY --from, RUN --mount from=, and
 * through the same in ONBUILD triggers, which are known once a base image is loaded.
 */
#ifndef BUILD_GRAPH_H
#define BUILD_GRAPH_H

#include "scope.h"

enum base_kind { BASE_SCRATCH, BASE_STAGE, BASE_IMAGE };

/** struct build_stage - One stage of the Dockerfile as the build sees it */
struct build_stage {
	const struct dockerfile_stage *source;
	size_t index;
	enum base_kind base;
	size_t base_stage; /* BASE_STAGE */
	str image;	   /* BASE_IMAGE: reference after expansion */
	bool reachable;
	const struct instruction **instructions; /* triggers of the base first */
	size_t instruction_count;
};

struct build_graph {
	struct dockerfile *df; /* borrowed; its arena holds everything here */
	struct build_stage *stages;
	size_t stage_count;
	size_t target;
};

/**
 * graph_new() - Resolve FROMs and mark what the target reaches
 * @target: stage name or number, NULL: the last
 * Return: 0 (memory belongs to @df), -ERR_NOT_FOUND with a did-you-mean hint, -ERR_PARSE
 */
int graph_new(struct dockerfile *df, const struct build_values *values, const char *target,
	      struct build_graph *ret, struct error **err);

/** graph_add_triggers() - ONBUILD triggers of a stage's base run before its own instructions */
int graph_add_triggers(struct build_graph *g, struct build_stage *stage, const char *origin,
		       const struct strv *triggers, struct error **err);

/** struct graph_source - Where a COPY --from or a mount comes from */
struct graph_source {
	enum base_kind kind; /* BASE_STAGE or BASE_IMAGE */
	size_t stage;
	str image;
};

/** graph_source() - @from as seen by @stage; a later stage's name is an error */
int graph_source(const struct build_graph *g, const struct build_stage *stage,
		 const struct instruction *in, str from, struct graph_source *ret, struct error **err);

/** graph_stage_name() - Name for people: "builder", "stage-2"; in the dockerfile's arena */
const char *graph_stage_name(const struct build_graph *g, size_t index);

#endif
