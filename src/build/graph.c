/* SPDX-License-Identifier: Apache-2.0 */
/* The graph of stages. */
#include "graph.h"

#include "dockerfile/mount.h"

const char *graph_stage_name(const struct build_graph *g, size_t index)
{
	str name = g->stages[index].source->name;

	return name.len ? arena_strdup(g->df->arena, name)
			: arena_printf(g->df->arena, "stage-%zu", index);
}

/* The stage whose name is nearest, for "did you mean". */
static const char *near_stage(const struct build_graph *g, str name)
{
	const char *near = NULL;
	size_t best = 3;

	for (size_t i = 0; i < g->stage_count; i++) {
		str other = g->stages[i].source->name;
		size_t d = other.len ? str_distance(name, other) : best;

		if (d < best) {
			best = d;
			near = graph_stage_name(g, i);
		}
	}
	return near;
}

int graph_source(const struct build_graph *g, const struct build_stage *stage,
		 const struct instruction *in, str from, struct graph_source *ret, struct error **err)
{
	struct error_position pos = dockerfile_position(g->df, in);
	ptrdiff_t found = dockerfile_find_stage(g->df, from, stage->index);
	uint64_t number;

	*ret = (struct graph_source){ .kind = BASE_IMAGE, .image = from };
	if (found >= 0) {
		*ret = (struct graph_source){ .kind = BASE_STAGE, .stage = (size_t)found };
		return 0;
	}
	found = dockerfile_find_stage(g->df, from, g->stage_count);
	if (found >= 0 && (size_t)found == stage->index)
		return error_at(err, &pos, "stage '%.*s' cannot copy from itself", STR_ARG(from));
	if (found >= 0) {
		(void)error_at(err, &pos, "stage '%.*s' is defined below this line", STR_ARG(from));
		return error_hint(err, "move 'FROM ... AS %.*s' above the stage that uses it",
				  STR_ARG(from));
	}
	if (str_to_u64(from, UINT32_MAX, &number))
		return error_at(err, &pos, "there is no stage number %llu; this is stage %zu",
				(unsigned long long)number, stage->index);
	const char *near = near_stage(g, from);

	/* A misspelt stage would be looked for as an image, with a message that misleads. */
	if (near && str_find(from, '/') < 0 && str_find(from, ':') < 0) {
		(void)error_at(err, &pos, "no stage is named '%.*s'", STR_ARG(from));
		return error_hint(err, "did you mean '%s'? (an image of that name: '%.*s:latest')", near,
				  STR_ARG(from));
	}
	return 0;
}

static int resolve_from(struct build_graph *g, const struct scope *globals, struct build_stage *stage,
			struct error **err)
{
	const struct instruction *in = stage->source->from;
	str name;
	int r = scope_expand(globals, g->df, in, in->args[0], &name, err);

	if (r < 0)
		return r;
	if (name.len == 0) {
		struct error_position pos = dockerfile_position(g->df, in);

		(void)error_at(err, &pos, "FROM '%.*s' is empty after expansion", STR_ARG(in->args[0]));
		return error_hint(err, "declare the ARG with a default before the first FROM, or give --build-arg");
	}
	ptrdiff_t parent = dockerfile_find_stage(g->df, name, stage->index);
	uint64_t number;

	if (str_is(name, "scratch")) {
		stage->base = BASE_SCRATCH;
	} else if (parent >= 0 && !str_to_u64(name, UINT32_MAX, &number)) {
		stage->base = BASE_STAGE;
		stage->base_stage = (size_t)parent;
	} else {
		stage->base = BASE_IMAGE;
		stage->image = name;
	}
	return 0;
}

static void mark(struct build_graph *g, size_t index);

static void mark_source(struct build_graph *g, const struct build_stage *stage, str from)
{
	ptrdiff_t found = from.len ? dockerfile_find_stage(g->df, from, stage->index) : -1;

	if (found >= 0)
		mark(g, (size_t)found);
}

/* Option texts are not expanded in from=, so they can be read before variables are known. */
static void mark_mounts(struct build_graph *g, const struct build_stage *stage,
			const struct instruction *in)
{
	for (size_t i = 0; i < in->flag_count; i++) {
		str rest = in->flags[i].value, option, key, value;

		if (!str_is(in->flags[i].name, "mount"))
			continue;
		while (str_cut(&rest, ',', &option)) {
			if (str_split_once(option, '=', &key, &value) && str_is(key, "from"))
				mark_source(g, stage, value);
		}
	}
}

static void mark_instruction(struct build_graph *g, const struct build_stage *stage,
			     const struct instruction *in)
{
	const struct instruction_flag *from = instruction_flag(in, "from");

	if ((in->kind == INSTRUCTION_COPY || in->kind == INSTRUCTION_ADD) && from)
		mark_source(g, stage, from->value);
	else if (in->kind == INSTRUCTION_RUN)
		mark_mounts(g, stage, in);
}

/* Recursion ends: a stage only reaches earlier ones. */
static void mark(struct build_graph *g, size_t index)
{
	struct build_stage *stage = &g->stages[index];

	if (stage->reachable)
		return;
	stage->reachable = true;
	if (stage->base == BASE_STAGE)
		mark(g, stage->base_stage);
	for (size_t i = 0; i < stage->instruction_count; i++)
		mark_instruction(g, stage, stage->instructions[i]);
}

static int find_target(const struct build_graph *g, const char *target, size_t *ret,
		       struct error **err)
{
	ptrdiff_t found = target ? dockerfile_find_stage(g->df, str_from(target), g->stage_count)
				 : (ptrdiff_t)g->stage_count - 1;

	if (found >= 0) {
		*ret = (size_t)found;
		return 0;
	}
	const char *near = near_stage(g, str_from(target));

	(void)error_new(err, ERR_NOT_FOUND, "%s has no stage '%s'", g->df->file, target);
	return near ? error_hint(err, "did you mean '%s'?", near)
		    : error_hint(err, "--target takes the name after AS, or a number from 0");
}

/* ONBUILD of a stage in this file fires in the stages that start from it. */
static int add_stage_triggers(struct build_graph *g, struct build_stage *stage, struct error **err)
{
	const struct build_stage *parent = &g->stages[stage->base_stage];
	struct strv triggers CLEANUP_STRV = STRV_INIT;

	for (size_t i = 0; i < parent->source->instruction_count; i++) {
		const struct instruction *in = parent->source->instructions[i];

		if (in->kind == INSTRUCTION_ONBUILD)
			strv_add_str(&triggers, in->args[0]);
	}
	return triggers.count ? graph_add_triggers(g, stage, graph_stage_name(g, parent->index),
						   &triggers, err)
			      : 0;
}

int graph_add_triggers(struct build_graph *g, struct build_stage *stage, const char *origin,
		       const struct strv *triggers, struct error **err)
{
	size_t count = triggers->count + stage->instruction_count;
	const struct instruction **all = arena_alloc(g->df->arena, count * sizeof(*all));

	for (size_t i = 0; i < triggers->count; i++) {
		int r = dockerfile_parse_trigger(g->df, origin, str_from(triggers->items[i]), &all[i], err);

		if (r < 0)
			return r;
		if (stage->reachable)
			mark_instruction(g, stage, all[i]);
	}
	if (stage->instruction_count)
		memcpy(all + triggers->count, stage->instructions,
		       stage->instruction_count * sizeof(*all));
	stage->instructions = all;
	stage->instruction_count = count;
	return 0;
}

int graph_new(struct dockerfile *df, const struct build_values *values, const char *target,
	      struct build_graph *ret, struct error **err)
{
	struct build_graph g = { .df = df, .stage_count = df->stage_count };
	struct scope globals = { 0 };
	int r = 0;

	g.stages = arena_alloc(df->arena, df->stage_count * sizeof(*g.stages));
	strv_add_all(&globals.variables, &values->platform);
	for (size_t i = 0; i < values->global.count; i++) {
		str name, value;

		if (str_split_once(str_from(values->global.items[i]), '=', &name, &value))
			scope_set_arg(&globals, name, value);
	}
	for (size_t i = 0; r == 0 && i < df->stage_count; i++) {
		struct build_stage *stage = &g.stages[i];

		stage->source = &df->stages[i];
		stage->index = i;
		stage->instructions = df->stages[i].instructions;
		stage->instruction_count = df->stages[i].instruction_count;
		r = resolve_from(&g, &globals, stage, err);
		if (r == 0 && stage->base == BASE_STAGE)
			r = add_stage_triggers(&g, stage, err);
	}
	scope_fini(&globals);
	if (r == 0)
		r = find_target(&g, target, &g.target, err);
	if (r < 0)
		return r;
	mark(&g, g.target);
	*ret = g;
	return 0;
}
