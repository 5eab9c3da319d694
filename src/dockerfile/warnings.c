/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lint findings that need nothing but the tree; names and texts are BuildKit's, so that skip lists
 * and tools made for it go on working.
 */
#include "warnings.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

#include "lexer.h"

/** struct stage_state - What is known at an instruction about its stage, parent stages included */
struct stage_state {
	bool has_shell, has_workdir;
	const struct instruction *last[INSTRUCTION_COUNT]; /* in this very stage */
};

struct linter {
	const struct dockerfile *df;
	const struct report *report;
	bool lower_majority;
	struct stage_state *states; /* one per stage */
};

static bool has_rule(str list, const char *rule)
{
	str item;

	while (str_cut(&list, ',', &item)) {
		item = lexer_trim(item);
		if (str_is_nocase(item, "all") || str_is_nocase(item, rule))
			return true;
	}
	return false;
}

/* "skip=A,B;error=true" */
static bool is_skipped_by(str options, const char *rule)
{
	str option, key, value;

	while (str_cut(&options, ';', &option)) {
		if (str_split_once(option, '=', &key, &value) &&
		    str_is_nocase(lexer_trim(key), "skip") && has_rule(value, rule))
			return true;
	}
	return false;
}

bool dockerfile_is_check_skipped(const struct dockerfile *df, const struct instruction *in,
				 const char *rule)
{
	str comments = in ? in->comments : (str){NULL, 0}, line, key, value;

	if (is_skipped_by(df->check, rule))
		return true;
	while (str_cut(&comments, '\n', &line)) {
		line = lexer_trim_left(str_skip(lexer_trim_left(line), 1)); /* behind the '#' */
		if (str_split_once(line, '=', &key, &value) &&
		    str_is_nocase(lexer_trim(key), "check") && is_skipped_by(value, rule))
			return true;
	}
	return false;
}

static void warn_at(const struct linter *l, const struct instruction *in, unsigned line,
		    const char *rule, const char *text)
{
	struct error_position pos = dockerfile_position(l->df, in);

	if (line != in->line)
		pos = dockerfile_position_at(l->df, line, 1);
	if (!dockerfile_is_check_skipped(l->df, in, rule))
		report_warn(l->report, &pos, rule, "%s", text);
}

static void warn(const struct linter *l, const struct instruction *in, const char *rule,
		 const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static void warn(const struct linter *l, const struct instruction *in, const char *rule,
		 const char *fmt, ...)
{
	char text[512]; /* long names are cut */
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	warn_at(l, in, in->line, rule, text);
}

static bool is_lower(str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (isupper((unsigned char)s.ptr[i]))
			return false;
	}
	return true;
}

static bool is_upper(str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (islower((unsigned char)s.ptr[i]))
			return false;
	}
	return true;
}

static void check_casing(const struct linter *l, const struct instruction *in)
{
	if (l->lower_majority ? is_lower(in->word) : is_upper(in->word))
		return;
	warn(l, in, "ConsistentInstructionCasing",
	     "Command '%.*s' should match the case of the command majority (%s)", STR_ARG(in->word),
	     l->lower_majority ? "lowercase" : "uppercase");
}

static void check_continuation(const struct linter *l, const struct instruction *in)
{
	if (in->empty_continuation)
		warn_at(l, in, in->empty_continuation, "NoEmptyContinuation",
			"Empty continuation line");
}

static void check_stage(const struct linter *l, size_t index)
{
	const struct dockerfile_stage *stage = &l->df->stages[index];
	const struct instruction *from = stage->from;
	bool lower = is_lower(from->word), upper = is_upper(from->word);

	if (stage->name.len == 0)
		return;
	str as = from->args[1], written = from->args[2];

	if (!is_lower(written))
		warn(l, from, "StageNameCasing", "Stage name '%.*s' should be lowercase",
		     STR_ARG(written));
	/* A mixed FROM is another rule's business. */
	if ((lower && !is_lower(as)) || (upper && !is_upper(as)))
		warn(l, from, "FromAsCasing", "'%.*s' and '%.*s' keywords' casing do not match",
		     STR_ARG(as), STR_ARG(from->word));
	if (str_is(stage->name, "context") || str_is(stage->name, "scratch"))
		warn(l, from, "ReservedStageName",
		     "Stage name should not use the same name as reserved stage \"%.*s\"",
		     STR_ARG(stage->name));
	if (dockerfile_find_stage(l->df, stage->name, index) >= 0)
		warn(l, from, "DuplicateStageName",
		     "Duplicate stage name \"%.*s\", stage names should be unique",
		     STR_ARG(stage->name));
}

/* The one that loses is reported, not the one that counts. */
static void check_repeated(const struct linter *l, struct stage_state *state,
			   const struct instruction *in)
{
	const struct instruction *before = state->last[in->kind];

	if (before)
		warn(l, before, "MultipleInstructionsDisallowed",
		     "Multiple %.*s instructions should not be used in the same stage because only "
		     "the last one will be used",
		     STR_ARG(in->word));
	state->last[in->kind] = in;
}

static void check_workdir(const struct linter *l, struct stage_state *state,
			  const struct instruction *in)
{
	str path = in->args[0];

	/* What begins with a variable or a quote is known only after expansion. */
	if (!state->has_workdir && !memchr("/$'\"", path.ptr[0], 4))
		warn(l, in, "WorkdirRelativePath",
		     "Relative workdir \"%.*s\" can have unexpected results if the base image "
		     "changes",
		     STR_ARG(path));
	state->has_workdir = true;
}

static void check_instruction(const struct linter *l, struct stage_state *state,
			      const struct instruction *in)
{
	if (in->kind == INSTRUCTION_SHELL)
		state->has_shell = true;
	if (in->kind == INSTRUCTION_WORKDIR)
		check_workdir(l, state, in);
	if (in->kind == INSTRUCTION_MAINTAINER)
		warn(l, in, "MaintainerDeprecated",
		     "Maintainer instruction is deprecated in favor of using label");
	if (in->legacy_pair)
		warn(l, in, "LegacyKeyValueFormat",
		     "\"%.*s key=value\" should be used instead of legacy \"%.*s key value\" "
		     "format",
		     STR_ARG(in->word), STR_ARG(in->word));
	if (in->kind != INSTRUCTION_CMD && in->kind != INSTRUCTION_ENTRYPOINT &&
	    in->kind != INSTRUCTION_HEALTHCHECK)
		return;
	check_repeated(l, state, in);
	if (in->kind != INSTRUCTION_HEALTHCHECK && !in->json && !state->has_shell)
		warn(l, in, "JSONArgsRecommended",
		     "JSON arguments recommended for %.*s to prevent unintended behavior related "
		     "to OS signals",
		     STR_ARG(in->word));
}

static void count_case(const struct instruction *in, size_t *lower, size_t *upper)
{
	if (is_lower(in->word))
		++*lower;
	else if (is_upper(in->word))
		++*upper;
}

static bool has_lower_majority(const struct dockerfile *df)
{
	size_t lower = 0, upper = 0;

	for (size_t i = 0; i < df->stage_count; i++) {
		const struct dockerfile_stage *stage = &df->stages[i];

		count_case(stage->from, &lower, &upper);
		for (size_t j = 0; j < stage->instruction_count; j++)
			count_case(stage->instructions[j], &lower, &upper);
	}
	return lower > upper;
}

static void check_whole_stage(struct linter *l, size_t index)
{
	const struct dockerfile_stage *stage = &l->df->stages[index];
	ptrdiff_t parent = dockerfile_find_stage(l->df, stage->from->args[0], index);
	struct stage_state *state = &l->states[index];

	if (parent >= 0 && l->df->stages[parent].name.len) {
		state->has_shell = l->states[parent].has_shell;
		state->has_workdir = l->states[parent].has_workdir;
	}
	check_casing(l, stage->from);
	check_continuation(l, stage->from);
	check_stage(l, index);
	for (size_t i = 0; i < stage->instruction_count; i++) {
		check_casing(l, stage->instructions[i]);
		check_continuation(l, stage->instructions[i]);
		check_instruction(l, state, stage->instructions[i]);
	}
}

void warnings_report(const struct dockerfile *df, const struct report *report)
{
	struct linter l = {.df = df, .report = report};

	if (!report)
		return;
	CLEANUP_FREE struct stage_state *states = x_alloc(df->stage_count * sizeof(*states));

	l.states = states;
	l.lower_majority = has_lower_majority(df);
	for (size_t i = 0; i < df->global_arg_count; i++)
		check_continuation(&l, df->global_args[i]);
	for (size_t i = 0; i < df->stage_count; i++)
		check_whole_stage(&l, i);
}
