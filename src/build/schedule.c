/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The builder's loop: stages are advanced until each waits for a child or for another stage.
 *
 *   stage:  IDLE ──(base there)──► takes instructions one by one
 *             │ no layer: stage_state_apply(), at once
 *             │ layer:    prepare ─► key ─► in the cache? ──yes──► take it, go on
 *             │              │ (source of COPY --from hashed in a child)
 *             │              └──no──► BUSY: container or child ─► step_finished() ─► layer by rename
 *             └ end: DONE; stages that wait for it are advanced
 *
 * Everything runs in one thread; children are pidfds in the loop. The first failure stops the loop;
 * whatever runs then is killed and its drafts are removed by builder_fini().
 */
#include <errno.h>
#include <stdio.h>
#include <sys/statvfs.h>

#include "clamp.h"
#include "schedule.h"

void builder_emit(struct builder *b, enum build_event_kind kind, const struct step *step, str text)
{
	usec_t now = clock_monotonic();
	const struct build_event e = { .kind = kind,
				       .step = step->number,
				       .step_count = b->step_count,
				       .name = step->name,
				       .text = text,
				       .miss = step->miss,
				       .elapsed = now - step->started,
				       .at = now - b->began };

	if (b->opt->progress)
		b->opt->progress->event(b->opt->progress->ctx, &e);
}

void builder_fail(struct builder *b, struct error **err)
{
	if (!b->failure)
		b->failure = STEAL_PTR(err);
	loop_stop(b->loop);
}

static void step_free(struct step *step)
{
	if (!step)
		return;
	run_fini(step);
	copy_fini(step);
	step_key_fini(&step->key);
	layer_draft_free(step->draft);
	free(step->name);
	free(step->created_by);
	free(step->identity);
	free(step->miss);
	free(step->mountpoint);
	free(step->upper);
	free(step->work);
	free(step);
}

/* Lower directories: the stage's layers, then the stubs (or an empty directory) below all. */
int step_root(struct step *step, bool with_stubs, struct container_root *ret, struct error **err)
{
	const struct builder *b = step->builder;
	const struct stage *stage = step->stage;

	if (mkdirat(step->draft->dir_fd, "work", 0700) < 0 || mkdirat(step->draft->dir_fd, "root", 0755) < 0)
		return error_errno(err, "make directories of a layer");
	step->upper = x_asprintf("%s/fs", step->draft->path);
	step->work = x_asprintf("%s/work", step->draft->path);
	step->mountpoint = x_asprintf("%s/root", step->draft->path);
	*ret = (struct container_root){ .layers_dir = b->opt->store->layers_path,
					.upper = step->upper,
					.work = step->work,
					.mountpoint = step->mountpoint,
					.volatile_ = true };
	for (size_t i = stage->layer_count; i-- > 0;) {
		char lower[LAYER_ID_SIZE + 4];

		layer_lower(&stage->layers[i], lower);
		strv_add(&ret->lowers, lower);
	}
	if (with_stubs && step->mount_stubs_lower)
		strv_add(&ret->lowers, step->mount_stubs_lower);
	if (with_stubs)
		strv_add(&ret->lowers, b->stubs_lower);
	else if (stage->layer_count == 0)
		strv_addf(&ret->lowers, "../tmp/%s/empty", b->scratch->name);
	return 0;
}

/* --- diffids, computed beside the build ------------------------------------------------------------ */

static int hash_layer(void *ctx, struct strbuf *out, struct error **err)
{
	struct hashing *h = ctx;
	const struct store *s = h->builder->opt->store;
	char lower[LAYER_ID_SIZE + 4], hex[SHA256_HEX_SIZE];
	uint64_t size;

	(void)out;
	layer_lower(&h->layer, lower);
	CLEANUP_FD int fd = fs_open_dir_at(s->layers_fd, lower, err);
	int r = fd < 0 ? fd : layer_digest(fd, h->builder->opt->source_date_epoch, hex, &size, err);

	return r < 0 ? r : layer_set_diff_id(s, &h->layer, hex, size, err);
}

static void on_layer_hashed(void *ctx, int fd, uint32_t events)
{
	struct hashing *h = ctx;
	struct builder *b = h->builder;
	struct strbuf nothing CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP(error) struct error *err = NULL;

	(void)fd, (void)events;
	if (child_finish(&h->child, &nothing, &err) < 0)
		builder_fail(b, &err);
	for (size_t i = 0; i < b->hashing_count; i++) {
		if (b->hashing[i] == h)
			b->hashing[i] = b->hashing[--b->hashing_count];
	}
	free(h);
	if (b->hashing_count == 0 && b->stages[b->graph.target].status == STAGE_DONE)
		loop_stop(b->loop);
}

static bool is_being_hashed(const struct builder *b, const struct layer *layer)
{
	for (size_t i = 0; i < b->hashing_count; i++) {
		if (strcmp(b->hashing[i]->layer.id, layer->id) == 0)
			return true;
	}
	return false;
}

static int start_hashing(struct builder *b, const struct layer *layer, struct error **err)
{
	if (layer->diff_id[0] || is_being_hashed(b, layer) || b->hashing_count == BUILD_JOBS_MAX)
		return 0; /* at the limit: the end of the build finds and hashes what is left */
	struct hashing *h = x_alloc(sizeof(*h));

	h->builder = b;
	h->layer = *layer;
	int r = child_start(&h->child, b->loop, hash_layer, h, on_layer_hashed, h, err);

	if (r < 0) {
		free(h);
		return r;
	}
	b->hashing[b->hashing_count++] = h;
	return 0;
}

/* --- steps ----------------------------------------------------------------------------------------- */

static int add_layer(struct stage *stage, const struct layer *layer, const char *key, struct error **err)
{
	if (stage->layer_count >= LAYERS_PER_IMAGE_MAX)
		return error_new(err, ERR_LIMIT, "more than %d layers in one image", LAYERS_PER_IMAGE_MAX);
	stage->layers = x_realloc(stage->layers, stage->layer_count + 1, sizeof(*stage->layers));
	stage->layers[stage->layer_count++] = *layer;
	(void)snprintf(stage->key, sizeof(stage->key), "%s", key); /* both hold a hex digest */
	return stage->hashes_wanted ? start_hashing(stage->builder, layer, err) : 0;
}

static void finish_step(struct stage *stage)
{
	stage_state_add_history(&stage->state, stage->step->created_by);
	step_free(stage->step);
	stage->step = NULL;
	stage->status = STAGE_IDLE;
}

static int commit(struct step *step, struct error **err)
{
	struct builder *b = step->builder;
	struct layer layer;
	CLEANUP(error) struct error *ignored = NULL;
	int r;

	if (fs_remove_tree_at(step->draft->dir_fd, "root", &ignored) < 0 ||
	    fs_remove_tree_at(step->draft->dir_fd, "work", &ignored) < 0)
		return error_move(err, &ignored);
	if (b->opt->source_date_epoch >= 0 &&
	    clamp_times(step->draft->fs_fd, b->opt->source_date_epoch, err) < 0)
		return -(int)error_code(*err);
	r = layer_commit(step->draft, NULL, 0, &layer, err);
	if (b->opt->source_date_epoch < 0)
		clock_format_rfc3339(clock_wall(), step->stage->created);
	const struct cache_note note = { step->name, step->identity, step->stage->created };

	if (r == 0)
		r = cache_add(b->opt->store, &step->key, &layer, &note, err);
	return r < 0 ? r : add_layer(step->stage, &layer, step->key.hex, err);
}

static void announce(struct step *step)
{
	if (!step->announced)
		builder_emit(step->builder, BUILD_STEP_STARTED, step, (str){ NULL, 0 });
	step->announced = true;
}

void step_finished(struct step *step, struct error **err)
{
	struct builder *b = step->builder;
	struct stage *stage = step->stage;

	if (step->draft)
		b->busy--;
	if (!*err && commit(step, err) == 0) {
		b->steps_run++;
		builder_emit(b, BUILD_STEP_DONE, step, (str){ NULL, 0 });
		finish_step(stage);
		builder_advance(b);
		return;
	}
	announce(step);
	builder_emit(b, BUILD_STEP_FAILED, step, (str){ NULL, 0 });
	builder_fail(b, err);
}

static int execute(struct step *step, struct error **err)
{
	struct builder *b = step->builder;
	int r = layer_draft_new(b->opt->store, &step->draft, err);

	if (r < 0)
		return r;
	b->busy++;
	step->started = clock_monotonic();
	announce(step);
	r = step->in->kind == INSTRUCTION_RUN ? run_start(step, err) : copy_start(step, err);
	if (r < 0)
		b->busy--;
	return r;
}

static bool may_use_cache(const struct step *step)
{
	const struct build_options *opt = step->builder->opt;
	CLEANUP_FREE char *name = str_dup(step->stage->plan->source->name);

	return !opt->no_cache && !(*name && strv_has(&opt->no_cache_filter, name));
}

int step_keyed(struct step *step, struct error **err)
{
	struct builder *b = step->builder;
	CLEANUP(error) struct error *miss = NULL;
	char created[CACHE_TIME_SIZE];
	struct layer layer;

	step_key_finish(&step->key);
	if (may_use_cache(step) && cache_find(b->opt->store, &step->key, &layer, created, &miss) == 0) {
		struct stage *stage = step->stage;

		if (b->opt->source_date_epoch < 0)
			memcpy(stage->created, created, sizeof(created));
		int r = add_layer(stage, &layer, step->key.hex, err);

		if (r < 0)
			return r;
		b->steps_cached++;
		builder_emit(b, BUILD_STEP_CACHED, step, (str){ NULL, 0 });
		finish_step(stage);
		return 0;
	}
	step->miss = may_use_cache(step) ? cache_explain(b->opt->store, &step->key, step->identity)
					 : x_strdup("the cache is switched off");
	return execute(step, err);
}

/* One line, with one blank where an instruction had several or a line end. */
static void squeeze_blanks(char *text)
{
	char *to = text;

	for (const char *c = text; *c; c++) {
		char now = *c == '\n' || *c == '\t' ? ' ' : *c;

		if (now != ' ' || to == text || to[-1] != ' ')
			*to++ = now;
	}
	*to = '\0';
}

static void name_step(struct step *step)
{
	struct stage *stage = step->stage;
	struct builder *b = step->builder;
	const struct instruction *in = step->in;
	bool alone = b->graph.stage_count == 1;
	struct strbuf prefix CLEANUP_STRBUF = STRBUF_INIT(0);
	char identity[SHA256_HEX_SIZE];

	step->name = x_asprintf("[%s%s%u/%u] %.*s", alone ? "" : graph_stage_name(&b->graph, stage->plan->index),
				alone ? "" : " ", stage->ordinal + 1, stage->total,
				(int)(in->original.len < 300 ? in->original.len : 300), in->original.ptr);
	squeeze_blanks(step->name);
	if (in->kind == INSTRUCTION_RUN) {
		scope_arg_prefix(&stage->state.scope, &prefix);
		step->created_by = history_run(&stage->state, in, strbuf_text(&prefix));
	} else {
		step->created_by = history_copy(&stage->state, b->df, in);
	}
	cache_identity(b->context_path ? b->context_path : "", b->df->file,
		       graph_stage_name(&b->graph, stage->plan->index), stage->ordinal, identity);
	step->identity = x_strdup(identity);
}

/* 0: the stage may go on; 1: it waits. */
static int begin_step(struct stage *stage, const struct instruction *in, struct error **err)
{
	struct builder *b = stage->builder;
	struct step *step = x_alloc(sizeof(*step));
	int r = in->kind == INSTRUCTION_WORKDIR ? stage_state_apply(&stage->state, &b->values, b->df, in, err) : 0;

	*step = (struct step){ .builder = b, .stage = stage, .in = in, .output_fd = -1,
			       .child = { .pidfd = -1, .result_fd = -1 }, .running = { .pidfd = -1 },
			       .number = ++b->step_number, .tail = STRBUF_INIT(0) };
	stage->step = step;
	stage->status = STAGE_BUSY;
	stage->ordinal++;
	step->started = clock_monotonic();
	name_step(step);
	step_key_start(&step->key, instruction_name(in->kind), stage->key);
	if (b->opt->source_date_epoch >= 0) { /* it changes the times in the layer */
		CLEANUP_FREE char *epoch = x_asprintf("%lld", (long long)b->opt->source_date_epoch);

		step_key_add(&step->key, "SOURCE_DATE_EPOCH", str_from(epoch));
	}
	if (r == 0)
		r = in->kind == INSTRUCTION_RUN ? run_prepare(step, err) : copy_prepare(step, err);
	if (r == 0)
		r = step_keyed(step, err);
	if (r >= 0)
		return stage->status == STAGE_BUSY;
	announce(step);
	builder_emit(b, BUILD_STEP_FAILED, step, (str){ NULL, 0 });
	return r;
}

static bool needs_unfinished_stage(const struct stage *stage, const struct instruction *in)
{
	const struct instruction_flag *from = instruction_flag(in, "from");
	struct builder *b = stage->builder;

	if ((in->kind != INSTRUCTION_COPY && in->kind != INSTRUCTION_ADD) || !from)
		return false;
	ptrdiff_t other = dockerfile_find_stage(b->df, from->value, stage->plan->index);

	return other >= 0 && b->stages[other].status != STAGE_DONE;
}

/* 0: done or waiting; negative: failed. */
static int advance_stage(struct stage *stage, struct error **err)
{
	struct builder *b = stage->builder;
	int r = stage->begun ? 0 : stage_begin(stage, err);

	if (r != 0)
		return r < 0 ? r : 0;
	while (stage->status == STAGE_IDLE && stage->next < stage->plan->instruction_count) {
		const struct instruction *in = stage->plan->instructions[stage->next];
		bool layer = stage_state_makes_layer(in);

		if (layer && (b->busy >= b->jobs_max || needs_unfinished_stage(stage, in)))
			return 0;
		stage->next++;
		r = layer ? begin_step(stage, in, err) : stage_state_apply(&stage->state, &b->values, b->df, in, err);
		if (r < 0)
			return r;
	}
	if (stage->status == STAGE_IDLE)
		stage->status = STAGE_DONE;
	return 0;
}

void builder_advance(struct builder *b)
{
	CLEANUP(error) struct error *err = NULL;
	bool moved = true;

	/* A stage that ends may be what an earlier one in the list waits for. */
	while (moved && !b->failure) {
		moved = false;
		for (size_t i = 0; i < b->graph.stage_count && !b->failure; i++) {
			struct stage *stage = &b->stages[i];
			enum stage_status before = stage->status;

			if (!stage->plan->reachable || before != STAGE_IDLE)
				continue;
			if (advance_stage(stage, &err) < 0)
				builder_fail(b, &err);
			moved |= stage->status == STAGE_DONE;
		}
	}
	if (b->stages[b->graph.target].status == STAGE_DONE && b->hashing_count == 0)
		loop_stop(b->loop);
}

void schedule_fini(struct builder *b)
{
	for (size_t i = 0; i < b->graph.stage_count; i++) {
		struct stage *stage = &b->stages[i];

		step_free(stage->step);
		stage_state_fini(&stage->state);
		free(stage->layers);
	}
	while (b->hashing_count) {
		struct hashing *h = b->hashing[--b->hashing_count];

		child_kill(&h->child);
		free(h);
	}
	free(b->stages);
}
