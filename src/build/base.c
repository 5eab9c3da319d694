/* SPDX-License-Identifier: Apache-2.0 */
/* How a stage begins: from nothing, from another stage, from an image. */
#include <stdio.h>
#include <sys/utsname.h>

#include "schedule.h"

static void count_steps(struct stage *stage)
{
	stage->total = 1; /* FROM */
	for (size_t i = 0; i < stage->plan->instruction_count; i++)
		stage->total += stage_state_makes_layer(stage->plan->instructions[i]);
	stage->builder->step_count += stage->total - 1;
}

static void begin_scratch(struct stage *stage)
{
	const struct build_values *v = &stage->builder->values;

	stage_state_init_scratch(&stage->state);
	stage->state.config.architecture = x_strdup(strv_find_variable(&v->platform, STR("TARGETARCH")));
	(void)snprintf(stage->key, sizeof(stage->key), "scratch");
}

static void copy_layers(struct stage *stage, const struct layer *layers, size_t count)
{
	stage->layers = x_alloc((count + 1) * sizeof(*stage->layers));
	stage->layer_count = count;
	if (count)
		memcpy(stage->layers, layers, count * sizeof(*layers));
}

static int begin_image(struct stage *stage, struct error **err)
{
	struct builder *b = stage->builder;
	struct build_stage *plan = stage->plan;
	CLEANUP(image) struct image *img = NULL;
	CLEANUP_FREE char *name = str_dup(plan->image);
	struct error_position pos = dockerfile_position(b->df, plan->source->from);
	int r = b->opt->images ? b->opt->images->ensure(b->opt->images->ctx, name, err) : 0;

	if (r == 0)
		r = image_find(b->opt->store, name, &img, err);
	if (r == 0 && img->config.on_build.count)
		r = graph_add_triggers(&b->graph, plan, name, &img->config.on_build, err);
	if (r < 0) {
		error_set_position(err, &pos);
		return r;
	}
	stage_state_init_image(&stage->state, &img->config);
	copy_layers(stage, img->layers, img->layer_count);
	if (img->config.created && strlen(img->config.created) < sizeof(stage->created))
		(void)snprintf(stage->created, sizeof(stage->created), "%s", img->config.created);
	(void)snprintf(stage->key, sizeof(stage->key), "image:%s", img->manifest_digest); /* 71 bytes */
	return 0;
}

/* --platform is accepted when it names this machine. */
static int check_platform(struct stage *stage, struct error **err)
{
	struct builder *b = stage->builder;
	const struct instruction *from = stage->plan->source->from;
	const struct instruction_flag *flag = instruction_flag(from, "platform");
	const char *own = strv_find_variable(&b->values.platform, STR("BUILDPLATFORM"));
	struct scope globals = { 0 };
	str value;

	if (!flag)
		return 0;
	strv_add_all(&globals.variables, &b->values.platform);
	strv_add_all(&globals.variables, &b->values.global);
	int r = scope_expand(&globals, b->df, from, flag->value, &value, err);

	scope_fini(&globals);
	if (r == 0 && !str_is(value, own)) {
		struct error_position pos = dockerfile_position_at(b->df, flag->line, flag->column);

		(void)error_new(err, ERR_UNSUPPORTED,
				"FROM --platform=%.*s is not supported by this version: this machine is %s",
				STR_ARG(value), own);
		error_set_position(err, &pos);
		return -ERR_UNSUPPORTED;
	}
	return r;
}

int stage_begin(struct stage *stage, struct error **err)
{
	struct builder *b = stage->builder;
	int r = check_platform(stage, err);

	if (r < 0)
		return r;
	if (stage->plan->base == BASE_STAGE) {
		const struct stage *parent = &b->stages[stage->plan->base_stage];

		if (parent->status != STAGE_DONE)
			return 1;
		stage_state_init_stage(&stage->state, &parent->state);
		copy_layers(stage, parent->layers, parent->layer_count);
		(void)snprintf(stage->key, sizeof(stage->key), "%s", parent->key); /* same size */
		memcpy(stage->created, parent->created, sizeof(stage->created));
	} else if (stage->plan->base == BASE_SCRATCH) {
		begin_scratch(stage);
	} else {
		r = begin_image(stage, err);
		if (r < 0)
			return r;
	}
	build_values_proxies(&b->values, &stage->state.scope);
	if (b->opt->source_date_epoch >= 0 || !stage->created[0])
		(void)snprintf(stage->created, sizeof(stage->created), "%s", b->created); /* same size */
	stage->state.created = stage->created;
	count_steps(stage);
	stage->begun = true;
	return 0;
}
