/* SPDX-License-Identifier: Apache-2.0 */
/* The table of instructions and the readers of their arguments. */
#include "parser.h"

#include <ctype.h>

#include "dockerfile/mount.h"
#include "json_words.h"

static void add_arg(struct parse *p, struct instruction *in, str arg)
{
	in->args = arena_grow(p->arena, in->args, in->arg_count, sizeof(str));
	in->args[in->arg_count++] = arg;
}

static struct error_position word_position(const struct parse *p, const struct instruction *in)
{
	return parser_position(p, in->word.ptr);
}

/* 1 when @rest was a JSON array of strings, 0 when it is something else. */
static int try_json(struct parse *p, str rest, struct instruction *in, struct error **err)
{
	enum json_words_result result = json_words_read(p->arena, rest, &in->args, &in->arg_count);

	if (result == JSON_WORDS_NOT_JSON)
		return 0;
	in->json = true;
	if (result == JSON_WORDS_OK)
		return 1;
	struct error_position pos = parser_position(p, rest.ptr);

	return error_at(err, &pos, "%s: the JSON form %s", instruction_name(in->kind),
			result == JSON_WORDS_NUL ? "cannot hold a NUL character"
						 : "takes strings only");
}

int parser_read_command(struct parse *p, str rest, struct instruction *in, struct error **err)
{
	int r = rest.len ? try_json(p, rest, in, err) : 1;

	if (r == 0)
		add_arg(p, in, rest);
	return r < 0 ? r : 0;
}

static int read_default_command(struct parse *p, str rest, struct instruction *in,
				struct error **err)
{
	struct error_position pos = word_position(p, in);
	const char *name = instruction_name(in->kind);

	if (rest.len)
		return parser_read_command(p, rest, in, err);
	(void)error_at(err, &pos, "%s needs a command", name); /* the hint returns it */
	return error_hint(err, "%s [] clears the inherited one", name);
}

static bool is_one_of(str value, const char *a, const char *b, const char *c)
{
	return str_is(value, a) || str_is(value, b) || (c && str_is(value, c));
}

/* Values of RUN's flags that need no variables to be judged. */
static int check_run_flags(struct parse *p, const struct instruction *in, struct error **err)
{
	for (size_t i = 0; i < in->flag_count; i++) {
		const struct instruction_flag *flag = &in->flags[i];
		struct error_position pos =
			lexer_source_position(in->source, flag->line, flag->column);
		str value = flag->value, shown = str_head(value, PARSER_SHOWN_MAX);
		struct run_mount mount;

		if (str_is(flag->name, "network") && !is_one_of(value, "default", "none", "host"))
			return error_at(err, &pos,
					"--network takes default, none or host, not '%.*s'",
					STR_ARG(shown));
		if (str_is(flag->name, "security") &&
		    !is_one_of(value, "sandbox", "insecure", NULL))
			return error_at(err, &pos,
					"--security takes sandbox or insecure, not '%.*s'",
					STR_ARG(shown));
		if (str_is(flag->name, "mount") && str_find(value, '$') < 0 &&
		    run_mount_parse(p->arena, value, &mount, err) < 0) {
			error_set_position(err, &pos);
			return error_context(err, "--mount");
		}
	}
	return 0;
}

static int read_run(struct parse *p, str rest, struct instruction *in, struct error **err)
{
	int r = parser_read_command(p, rest, in, err);

	return r < 0 ? r : check_run_flags(p, in, err);
}

static int read_shell(struct parse *p, str rest, struct instruction *in, struct error **err)
{
	int r = parser_read_command(p, rest, in, err);

	if (r < 0 || in->json || rest.len == 0)
		return r;
	struct error_position pos = parser_position(p, rest.ptr);

	(void)error_at(err, &pos, "SHELL takes the JSON form only"); /* the hint returns it */
	return error_hint(err, "SHELL [\"/bin/sh\", \"-c\"]");
}

static int read_words(struct parse *p, str rest, struct instruction *in, struct error **err)
{
	(void)err;
	while (rest.len)
		add_arg(p, in, lexer_cut_word(&rest));
	return 0;
}

/* JSON, or words; a heredoc is one word even with blanks in it. */
static int read_list(struct parse *p, str rest, struct instruction *in, struct error **err)
{
	int r = try_json(p, rest, in, err);
	size_t doc = 0;

	if (r != 0)
		return r < 0 ? r : 0;
	while (rest.len) {
		if (doc < in->heredoc_count && rest.ptr == in->heredocs[doc].word.ptr) {
			str word = in->heredocs[doc++].word;

			add_arg(p, in, word);
			rest = lexer_trim_left(str_skip(rest, word.len));
		} else {
			add_arg(p, in, lexer_cut_word(&rest));
		}
	}
	return 0;
}

static int read_copy(struct parse *p, str rest, struct instruction *in, struct error **err)
{
	const struct instruction_flag *from = instruction_flag(in, "from");
	int r = read_list(p, rest, in, err);

	if (r < 0)
		return r;
	if (in->arg_count && instruction_heredoc(in, in->arg_count - 1)) {
		struct error_position pos = parser_position(p, in->args[in->arg_count - 1].ptr);

		return error_at(err, &pos, "a heredoc cannot be the destination of %s",
				instruction_name(in->kind));
	}
	if (from && str_find(from->value, '$') >= 0) {
		struct error_position pos =
			lexer_source_position(in->source, from->line, from->column);

		(void)error_at(err, &pos, "--from does not take variables"); /* as below */
		return error_hint(err, "name a stage: FROM ...$VARIABLE AS name, then --from=name");
	}
	return 0;
}

static int read_volume(struct parse *p, str rest, struct instruction *in, struct error **err)
{
	int r = read_list(p, rest, in, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < in->arg_count; i++) {
		struct error_position pos = parser_position(p, rest.ptr);

		in->args[i] = lexer_trim(in->args[i]);
		if (in->args[i].len == 0)
			return error_at(err, &pos, "VOLUME: a path is empty");
	}
	return 0;
}

static int read_rest(struct parse *p, str rest, struct instruction *in, struct error **err)
{
	(void)err;
	if (rest.len)
		add_arg(p, in, rest);
	return 0;
}

static int read_stopsignal(struct parse *p, str rest, struct instruction *in, struct error **err)
{
	/* With variables or quotes in it, it can be judged only after expansion. */
	if (rest.len && !memchr(rest.ptr, '$', rest.len) && !memchr(rest.ptr, '"', rest.len) &&
	    !memchr(rest.ptr, '\'', rest.len) && !memchr(rest.ptr, p->lexer->escape, rest.len) &&
	    !dockerfile_is_signal(rest)) {
		struct error_position pos = parser_position(p, rest.ptr);

		(void)error_at(err, &pos, "'%.*s' is not a signal", /* the hint returns it */
			       STR_ARG(str_head(rest, PARSER_SHOWN_MAX)));
		return error_hint(err, "write it like SIGTERM, QUIT or 15");
	}
	return read_rest(p, rest, in, err);
}

static bool is_stage_name(str name)
{
	if (!isalpha((unsigned char)name.ptr[0]))
		return false;
	for (size_t i = 0; i < name.len; i++) {
		if (!isalnum((unsigned char)name.ptr[i]) && !memchr("-_.", name.ptr[i], 3))
			return false;
	}
	return true;
}

static int read_from(struct parse *p, str rest, struct instruction *in, struct error **err)
{
	(void)read_words(p, rest, in, err); /* cannot fail */
	if (in->arg_count != 1 && !(in->arg_count == 3 && str_is_nocase(in->args[1], "as"))) {
		struct error_position pos = word_position(p, in);

		(void)error_at(err, &pos, "FROM takes one or three arguments, not %zu",
			       in->arg_count); /* the hint returns it */
		return error_hint(err, "FROM image, or FROM image AS name");
	}
	if (in->arg_count == 3 && !is_stage_name(in->args[2])) {
		struct error_position pos = parser_position(p, in->args[2].ptr);

		(void)error_at(err, &pos, "'%.*s' cannot be a stage's name", /* as below */
			       STR_ARG(str_head(in->args[2], PARSER_SHOWN_MAX)));
		return error_hint(err, "a letter, then letters, digits, '-', '_' and '.'");
	}
	return 0;
}

/* The trigger as it goes into an image's config: its text, then its heredocs. */
static str trigger_text(struct arena *a, str text, const struct instruction *trigger)
{
	CLEANUP_STRBUF struct strbuf out = STRBUF_INIT(0);

	if (trigger->heredoc_count == 0)
		return text;
	strbuf_add_str(&out, text);
	for (size_t i = 0; i < trigger->heredoc_count; i++) {
		strbuf_add_char(&out, '\n');
		strbuf_add_str(&out, trigger->heredocs[i].raw);
		strbuf_add_str(&out, trigger->heredocs[i].name);
	}
	return arena_str(a, strbuf_str(&out));
}

static int read_onbuild(struct parse *p, str rest, struct instruction *in, struct error **err)
{
	struct instruction *trigger = arena_alloc(p->arena, sizeof(*trigger));
	str peek = rest, word = lexer_cut_word(&peek);

	if (rest.len == 0)
		return 0;
	struct error_position pos = parser_position(p, word.ptr);

	if (str_is_nocase(word, "ONBUILD"))
		return error_at(err, &pos, "ONBUILD cannot trigger another ONBUILD");
	if (str_is_nocase(word, "FROM") || str_is_nocase(word, "MAINTAINER"))
		return error_at(err, &pos, "%.*s cannot be a trigger", STR_ARG(word));
	int r = parser_read(p, rest, trigger, err);

	if (r < 0)
		return r;
	in->trigger = trigger;
	in->end_line = trigger->end_line;
	add_arg(p, in, trigger_text(p->arena, rest, trigger));
	return 0;
}

const struct instruction_rule instruction_rules[] = {
	[INSTRUCTION_ADD] = {"ADD",
			     read_copy,
			     2,
			     true,
			     {{"chown", FLAG_VALUE},
			      {"chmod", FLAG_VALUE},
			      {"link", FLAG_BOOL},
			      {"keep-git-dir", FLAG_BOOL},
			      {"checksum", FLAG_VALUE},
			      {"unpack", FLAG_BOOL},
			      {"exclude", FLAG_LIST}}},
	[INSTRUCTION_ARG] = {"ARG", parser_read_args, 1, false, {{0}}},
	[INSTRUCTION_CMD] = {"CMD", read_default_command, 0, false, {{0}}},
	[INSTRUCTION_COPY] = {"COPY",
			      read_copy,
			      2,
			      true,
			      {{"from", FLAG_VALUE},
			       {"chown", FLAG_VALUE},
			       {"chmod", FLAG_VALUE},
			       {"link", FLAG_BOOL},
			       {"parents", FLAG_BOOL},
			       {"exclude", FLAG_LIST}}},
	[INSTRUCTION_ENTRYPOINT] = {"ENTRYPOINT", read_default_command, 0, false, {{0}}},
	[INSTRUCTION_ENV] = {"ENV", parser_read_pairs, 1, false, {{0}}},
	[INSTRUCTION_EXPOSE] = {"EXPOSE", read_words, 1, false, {{0}}},
	[INSTRUCTION_FROM] = {"FROM", read_from, 1, false, {{"platform", FLAG_VALUE}}},
	[INSTRUCTION_HEALTHCHECK] = {"HEALTHCHECK",
				     parser_read_healthcheck,
				     0,
				     false,
				     {{"interval", FLAG_VALUE},
				      {"timeout", FLAG_VALUE},
				      {"start-period", FLAG_VALUE},
				      {"start-interval", FLAG_VALUE},
				      {"retries", FLAG_VALUE}}},
	[INSTRUCTION_LABEL] = {"LABEL", parser_read_pairs, 1, false, {{0}}},
	[INSTRUCTION_MAINTAINER] = {"MAINTAINER", read_rest, 1, false, {{0}}},
	[INSTRUCTION_ONBUILD] = {"ONBUILD", read_onbuild, 1, false, {{0}}},
	[INSTRUCTION_RUN] = {"RUN",
			     read_run,
			     1,
			     true,
			     {{"mount", FLAG_LIST},
			      {"network", FLAG_VALUE},
			      {"security", FLAG_VALUE},
			      {"device", FLAG_LIST}}},
	[INSTRUCTION_SHELL] = {"SHELL", read_shell, 1, false, {{0}}},
	[INSTRUCTION_STOPSIGNAL] = {"STOPSIGNAL", read_stopsignal, 1, false, {{0}}},
	[INSTRUCTION_USER] = {"USER", read_rest, 1, false, {{0}}},
	[INSTRUCTION_VOLUME] = {"VOLUME", read_volume, 1, false, {{0}}},
	[INSTRUCTION_WORKDIR] = {"WORKDIR", read_rest, 1, false, {{0}}},
};
_Static_assert(ARRAY_SIZE(instruction_rules) == INSTRUCTION_COUNT, "a rule for every kind");
