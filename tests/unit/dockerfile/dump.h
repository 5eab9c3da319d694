/* SPDX-License-Identifier: Apache-2.0 */
/* Trees and errors as text, for tables of expectations. */
#ifndef TESTS_DOCKERFILE_DUMP_H
#define TESTS_DOCKERFILE_DUMP_H

#include <check.h>

#include "dockerfile/dockerfile.h"

static inline void dump_instruction(const struct instruction *in, struct strbuf *out)
{
	strbuf_add_text(out, instruction_name(in->kind));
	for (size_t i = 0; i < in->flag_count; i++)
		strbuf_addf(out, " --%.*s=%.*s", STR_ARG(in->flags[i].name),
			    STR_ARG(in->flags[i].value));
	if (in->json)
		strbuf_add_text(out, " json");
	if (in->healthcheck.none)
		strbuf_add_text(out, " none");
	if (in->healthcheck.is_shell)
		strbuf_add_text(out, " shell");
	for (size_t i = 0; i < in->arg_count; i++)
		strbuf_addf(out, " [%.*s]", STR_ARG(in->args[i]));
	for (size_t i = 0; i < in->pair_count; i++) {
		strbuf_addf(out, " %.*s", STR_ARG(in->pairs[i].key));
		if (in->pairs[i].has_value)
			strbuf_addf(out, "=(%.*s)", STR_ARG(in->pairs[i].value));
	}
	for (size_t i = 0; i < in->heredoc_count; i++)
		strbuf_addf(out, " <<%.*s%s{%.*s}", STR_ARG(in->heredocs[i].name),
			    in->heredocs[i].expand ? "$" : "", STR_ARG(in->heredocs[i].body));
	if (in->trigger) {
		strbuf_add_text(out, " -> ");
		dump_instruction(in->trigger, out);
	}
}

/* The instructions behind the first FROM, one per line. */
static inline void dump_first_stage(const struct dockerfile *df, struct strbuf *out)
{
	const struct dockerfile_stage *stage = &df->stages[0];

	for (size_t i = 0; i < stage->instruction_count; i++) {
		if (i)
			strbuf_add_char(out, '\n');
		dump_instruction(stage->instructions[i], out);
	}
}

/* "line:column message; hint" */
static inline void dump_error(const struct error *err, struct strbuf *out)
{
	const struct error_position *pos = error_position(err);

	if (pos && pos->line)
		strbuf_addf(out, "%u:%u ", pos->line, pos->column);
	for (size_t i = 0; i < error_frame_count(err); i++)
		strbuf_addf(out, "%s%s", i ? ": " : "", error_frame(err, i));
	if (error_hint_text(err))
		strbuf_addf(out, "; %s", error_hint_text(err));
}

/* Parse @text; the first stage or the error as text. */
static inline void dump_parse(str text, struct strbuf *out)
{
	CLEANUP(dockerfile) struct dockerfile *df = NULL;
	CLEANUP(error) struct error *err = NULL;

	if (dockerfile_parse("Dockerfile", text, NULL, &df, &err) < 0)
		dump_error(err, out);
	else
		dump_first_stage(df, out);
}

struct parse_row {
	const char *text, *expected;
};

/* Rows whose text stands behind "FROM a" and a line end. */
static inline void check_behind_from(const struct parse_row *row)
{
	CLEANUP_STRBUF struct strbuf text = STRBUF_INIT(0), out = STRBUF_INIT(0);

	strbuf_addf(&text, "FROM a\n%s", row->text);
	dump_parse(strbuf_str(&text), &out);
	ck_assert_msg(strcmp(strbuf_text(&out), row->expected) == 0,
		      "text:     %s\nexpected: %s\ngot:      %s", row->text, row->expected,
		      strbuf_text(&out));
}

static inline int run_suite(Suite *suite)
{
	SRunner *runner = srunner_create(suite);

	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
