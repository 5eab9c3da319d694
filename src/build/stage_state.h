/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stage while it is being built: its config, its variables, and what instructions without a layer
 * do to them. Pure.
 */
#ifndef BUILD_STAGE_STATE_H
#define BUILD_STAGE_STATE_H

#include "image/image.h"
#include "scope.h"

#define STATE_DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/** struct stage_state - Owned values; positions and errors come from the dockerfile */
struct stage_state {
	struct image_config config;
	struct scope scope;
	bool cmd_is_set; /* in this stage: ENTRYPOINT then leaves CMD alone */
	char *created;	 /* RFC 3339 for history entries; borrowed */
};

/** stage_state_init_scratch() - FROM scratch: PATH, working directory "/", this machine's platform */
void stage_state_init_scratch(struct stage_state *s);

/** stage_state_init_image() - FROM an image: a copy of its config, ONBUILD triggers taken out */
void stage_state_init_image(struct stage_state *s, const struct image_config *config);

/** stage_state_init_stage() - FROM another stage: config and ARGs */
void stage_state_init_stage(struct stage_state *s, const struct stage_state *parent);
void stage_state_fini(struct stage_state *s);

/** stage_state_makes_layer() - RUN, COPY, ADD, and WORKDIR unless it names "/" */
bool stage_state_makes_layer(const struct instruction *in);

/**
 * stage_state_apply() - An instruction that makes no layer (and WORKDIR's effect on the config)
 * Everything is expanded with the variables as they were before the instruction.
 */
int stage_state_apply(struct stage_state *s, struct build_values *values, struct dockerfile *df,
		const struct instruction *in, struct error **err);

/** stage_state_shell() - argv that a shell form is appended to */
void stage_state_shell(const struct stage_state *s, struct strv *out);

/** stage_state_join_path() - @path as it counts from the working directory; caller frees */
char *stage_state_join_path(const struct stage_state *s, str path);

/** stage_state_add_history() - Entry of an instruction that made a layer */
void stage_state_add_history(struct stage_state *s, const char *created_by);

#endif
