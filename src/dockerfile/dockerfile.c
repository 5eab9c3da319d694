/* SPDX-License-Identifier: Apache-2.0 */
/* The tree: from logical lines to stages, and questions about it. */
#include "dockerfile/dockerfile.h"

#include <ctype.h>
#include <strings.h>

#include "parser.h"
#include "warnings.h"

static struct dockerfile *dockerfile_new(void)
{
	struct arena *a = arena_new();
	struct dockerfile *df = arena_alloc(a, sizeof(*df));

	df->arena = a;
	return df;
}

void dockerfile_free(struct dockerfile *df)
{
	if (df)
		arena_free(df->arena);
}

static str lower(struct arena *a, str s)
{
	char *copy = arena_strdup(a, s);

	for (size_t i = 0; i < s.len; i++)
		copy[i] = (char)tolower((unsigned char)copy[i]);
	return str_make(copy, s.len);
}

static void append(struct arena *a, const struct instruction ***list, size_t *count,
		   const struct instruction *in)
{
	*list = arena_grow(a, *list, *count, sizeof(**list));
	(*list)[(*count)++] = in;
}

static int add_instruction(struct dockerfile *df, const struct instruction *in, struct error **err)
{
	struct error_position pos = dockerfile_position(df, in);

	if (in->kind == INSTRUCTION_FROM) {
		df->stages =
			arena_grow(df->arena, df->stages, df->stage_count, sizeof(*df->stages));
		struct dockerfile_stage *stage = &df->stages[df->stage_count++];

		*stage = (struct dockerfile_stage){.from = in, .name = {"", 0}};
		if (in->arg_count == 3)
			stage->name = lower(df->arena, in->args[2]);
		return 0;
	}
	if (df->stage_count) {
		struct dockerfile_stage *stage = &df->stages[df->stage_count - 1];

		append(df->arena, &stage->instructions, &stage->instruction_count, in);
		return 0;
	}
	if (in->kind == INSTRUCTION_ARG) {
		append(df->arena, &df->global_args, &df->global_arg_count, in);
		return 0;
	}
	(void)error_at(err, &pos, "%s before the first FROM", instruction_name(in->kind));
	return error_hint(err, "only ARG may stand before FROM");
}

/* 1 and the next instruction, 0 at the end, or -ERR_PARSE. */
static int read_instruction(struct lexer *l, const struct instruction **ret_in, struct error **err)
{
	struct logical_line line;
	struct parse p = {.arena = l->arena, .lexer = l, .line = &line};
	int r = lexer_next(l, &line, err);

	if (r <= 0)
		return r;
	struct instruction *in = arena_alloc(l->arena, sizeof(*in));

	r = parser_read(&p, line.text, in, err);
	if (r < 0)
		return r;
	in->comments = line.comments;
	in->empty_continuation = line.has_empty_continuation ? line.end_line : 0;
	*ret_in = in;
	return 1;
}

static int read_all(struct dockerfile *df, struct lexer *l, struct error **err)
{
	const struct instruction *in;
	size_t count = 0;
	int r;

	while ((r = read_instruction(l, &in, err)) > 0) {
		struct error_position pos = dockerfile_position(df, in);

		if (++count > DOCKERFILE_INSTRUCTIONS_MAX) {
			r = error_new(err, ERR_LIMIT, "more than %d instructions",
				      DOCKERFILE_INSTRUCTIONS_MAX);
			error_set_position(err, &pos);
			return r;
		}
		r = add_instruction(df, in, err);
		if (r < 0)
			return r;
	}
	if (r < 0 || df->stage_count)
		return r;
	struct error_position pos = {.file = df->file};

	if (count == 0)
		return error_at(err, &pos, "no instructions in this file");
	(void)error_at(err, &pos, "no FROM, so there is nothing to build"); /* as below */
	return error_hint(err, "a Dockerfile begins with FROM image");
}

int dockerfile_parse(const char *file, str text, const struct report *warnings,
		     struct dockerfile **ret_df, struct error **err)
{
	CLEANUP(dockerfile) struct dockerfile *df = dockerfile_new();
	struct lexer l;
	int r = lexer_source_new(df->arena, file, text, &df->source, err);

	if (r < 0)
		return r;
	df->file = df->source->file;
	df->text = df->source->text;
	lexer_init(&l, df->arena, df->source);
	r = read_all(df, &l, err);
	df->escape = l.escape;
	df->syntax = l.syntax;
	df->check = l.check;
	lexer_fini(&l);
	if (r < 0)
		return r;
	warnings_report(df, warnings);
	*ret_df = STEAL_PTR(&df);
	return 0;
}

static int read_trigger(struct lexer *l, const struct instruction **ret_in, struct error **err)
{
	const struct instruction *in, *more;
	int r = read_instruction(l, &in, err);

	if (r < 0)
		return r;
	struct error_position pos = lexer_source_position(l->source, 1, 1);

	if (r == 0)
		return error_at(err, &pos, "the trigger is empty");
	if (in->kind == INSTRUCTION_ONBUILD || in->kind == INSTRUCTION_FROM ||
	    in->kind == INSTRUCTION_MAINTAINER)
		return error_at(err, &pos, "%s cannot be a trigger", instruction_name(in->kind));
	r = read_instruction(l, &more, err);
	if (r < 0)
		return r;
	if (r > 0) {
		pos = lexer_source_position(l->source, more->line, more->column);
		return error_at(err, &pos, "a trigger is one instruction, not several");
	}
	*ret_in = in;
	return 0;
}

int dockerfile_parse_trigger(struct dockerfile *df, const char *origin, str text,
			     const struct instruction **ret_instruction, struct error **err)
{
	const struct dockerfile_source *source = NULL;
	struct lexer l;
	int r = lexer_source_new(df->arena, arena_printf(df->arena, "ONBUILD of %s", origin), text,
				 &source, err);

	if (r < 0)
		return r;
	lexer_init(&l, df->arena, source);
	l.directives_over = true;
	r = read_trigger(&l, ret_instruction, err);
	lexer_fini(&l);
	return r;
}

struct error_position dockerfile_position(const struct dockerfile *df, const struct instruction *in)
{
	return lexer_source_position(in->source ? in->source : df->source, in->line, in->column);
}

struct error_position dockerfile_position_at(const struct dockerfile *df, unsigned line,
					     unsigned column)
{
	return lexer_source_position(df->source, line, column);
}

const struct instruction_flag *instruction_flag(const struct instruction *in, const char *name)
{
	for (size_t i = in->flag_count; i > 0; i--) {
		if (str_is(in->flags[i - 1].name, name))
			return &in->flags[i - 1];
	}
	return NULL;
}

const struct heredoc *instruction_heredoc(const struct instruction *in, size_t arg)
{
	size_t low = 0, high = in->heredoc_count;

	if (arg >= in->arg_count)
		return NULL;
	uintptr_t wanted = (uintptr_t)in->args[arg].ptr;

	/* Heredocs are in the order of their words, which are parts of one text. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		uintptr_t at = (uintptr_t)in->heredocs[middle].word.ptr;

		if (at == wanted)
			return &in->heredocs[middle];
		if (at < wanted)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const char *instruction_name(enum instruction_kind kind)
{
	return instruction_rules[kind].name;
}

ptrdiff_t dockerfile_find_stage(const struct dockerfile *df, str name, size_t limit)
{
	size_t count = limit < df->stage_count ? limit : df->stage_count;
	uint64_t number;

	for (size_t i = count; i > 0; i--) {
		str stage = df->stages[i - 1].name;

		if (stage.len && stage.len == name.len &&
		    strncasecmp(stage.ptr, name.ptr, name.len) == 0)
			return (ptrdiff_t)(i - 1);
	}
	if (count && str_to_u64(name, count - 1, &number))
		return (ptrdiff_t)number;
	return -1;
}
