/* SPDX-License-Identifier: Apache-2.0 */
/* created_by texts of steps with a layer, as BuildKit writes them: tools that read histories know them. */
#include "schedule.h"

char *history_run(const struct stage_state *s, const struct instruction *in, const char *arg_prefix)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	struct strv shell CLEANUP_STRV = STRV_INIT;

	strbuf_addf(&text, "RUN %s", arg_prefix);
	if (!in->json) {
		stage_state_shell(s, &shell);
		for (size_t i = 0; i < shell.count; i++)
			strbuf_addf(&text, "%s ", shell.items[i]);
	}
	for (size_t i = 0; i < in->arg_count; i++)
		strbuf_addf(&text, "%s%.*s", i ? " " : "", STR_ARG(in->args[i]));
	for (size_t i = 0; i < in->heredoc_count; i++)
		strbuf_addf(&text, "\n%.*s%.*s", STR_ARG(in->heredocs[i].body), STR_ARG(in->heredocs[i].name));
	strbuf_add_text(&text, " # buildkit");
	return strbuf_steal(&text);
}

char *history_copy(const struct stage_state *s, struct dockerfile *df, const struct instruction *in)
{
	static const char *const kept[] = { "parents", "chown", "chmod" };
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);

	if (in->kind == INSTRUCTION_WORKDIR)
		return x_asprintf("WORKDIR %s", s->config.working_dir);
	strbuf_add_text(&text, instruction_name(in->kind));
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		const struct instruction_flag *flag = instruction_flag(in, kept[i]);

		if (flag)
			strbuf_addf(&text, " --%s=%.*s", kept[i], STR_ARG(flag->value));
	}
	for (size_t i = 0; i < in->arg_count; i++) {
		CLEANUP(error) struct error *ignored = NULL; /* the step itself reports it */
		str word = in->args[i];

		if (instruction_heredoc(in, i) ||
		    scope_expand(&s->scope, df, in, in->args[i], &word, &ignored) < 0)
			word = in->args[i];
		strbuf_addf(&text, " %.*s", STR_ARG(word));
	}
	strbuf_add_text(&text, " # buildkit");
	return strbuf_steal(&text);
}
