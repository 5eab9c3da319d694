/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a Dockerfile; what parses must keep the promises of the header. */
#include <assert.h>

#include "dockerfile/dockerfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ignore_warning(void *ctx, const struct error_position *pos, const char *code,
			   const char *text)
{
	(void)ctx;
	assert(pos->line && code && text);
}

static void check_instruction(struct dockerfile *df, const struct instruction *in)
{
	assert(in->line >= 1 && in->column >= 1 && in->end_line >= in->line);
	assert(str_is_nocase(in->word, instruction_name(in->kind)));
	for (size_t i = 0; i < in->heredoc_count; i++)
		assert(in->heredocs[i].name.len);
	for (size_t i = 0; i < in->pair_count; i++)
		assert(in->pairs[i].key.len);
	if (!in->trigger)
		return;
	/* With a backtick as escape a stored trigger means something else: that is known. */
	if (df->escape == '\\') {
		CLEANUP(error) struct error *err = NULL;
		const struct instruction *again;

		if (dockerfile_parse_trigger(df, "fuzz", in->args[0], &again, &err) == 0)
			assert(again->kind == in->trigger->kind &&
			       again->heredoc_count == in->trigger->heredoc_count);
	}
	check_instruction(df, in->trigger);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(dockerfile) struct dockerfile *df = NULL;
	CLEANUP(error) struct error *err = NULL;
	const struct report report = {ignore_warning, NULL};

	if (dockerfile_parse("fuzz", str_make((const char *)data, size), &report, &df, &err) < 0) {
		CLEANUP_STRBUF struct strbuf text = STRBUF_INIT(0);

		assert(err && !df);
		error_format(err, &text);
		return 0;
	}
	assert(df->stage_count);
	for (size_t i = 0; i < df->stage_count; i++) {
		assert(df->stages[i].from->kind == INSTRUCTION_FROM);
		for (size_t j = 0; j < df->stages[i].instruction_count; j++)
			check_instruction(df, df->stages[i].instructions[j]);
	}
	return 0;
}
