/* SPDX-License-Identifier: Apache-2.0 */
/* Instruction word and flags; the arguments are read by the functions in the instruction table. */
#include "parser.h"

#include "suggest.h"

struct error_position parser_position(const struct parse *p, const char *at)
{
	unsigned line, column;

	lexer_locate(p->line, at, &line, &column);
	return lexer_source_position(p->lexer->source, line, column);
}

static int unknown_instruction(const struct parse *p, str word, struct error **err)
{
	struct error_position pos = parser_position(p, word.ptr);
	const char *near = suggest_name(word, instruction_rules, sizeof(instruction_rules[0]),
					INSTRUCTION_COUNT);
	int r = error_at(err, &pos, "unknown instruction '%.*s'",
			 STR_ARG(str_head(word, PARSER_SHOWN_MAX)));

	if (near)
		return error_hint(err, "did you mean %s?", near);
	if (pos.line > 1)
		return error_hint(err, "a line that goes on needs '%c' at its end",
				  p->lexer->escape);
	return r;
}

static int find_kind(const struct parse *p, str word, enum instruction_kind *ret_kind,
		     struct error **err)
{
	for (unsigned i = 0; i < INSTRUCTION_COUNT; i++) {
		if (str_is_nocase(word, instruction_rules[i].name)) {
			*ret_kind = (enum instruction_kind)i;
			return 0;
		}
	}
	return unknown_instruction(p, word, err);
}

static size_t count_flags(const struct instruction_rule *rule)
{
	size_t count = 0;

	while (count < INSTRUCTION_FLAGS_MAX && rule->flags[count].name)
		count++;
	return count;
}

static int unknown_flag(const struct instruction_rule *rule, str name,
			const struct error_position *pos, struct error **err)
{
	CLEANUP_STRBUF struct strbuf known = STRBUF_INIT(0);
	size_t count = count_flags(rule);
	const char *near = suggest_name(name, rule->flags, sizeof(rule->flags[0]), count);

	(void)error_at(err, pos, "%s has no flag --%.*s", rule->name, /* the hint returns it */
		       STR_ARG(str_head(name, PARSER_SHOWN_MAX)));
	if (near)
		return error_hint(err, "did you mean --%s?", near);
	for (size_t i = 0; i < count; i++)
		strbuf_addf(&known, "%s--%s", i ? ", " : "", rule->flags[i].name);
	if (count)
		return error_hint(err, "%s knows %s", rule->name, strbuf_text(&known));
	return error_hint(err, "%s takes no flags; a '--' ends them", rule->name);
}

static int check_bool(struct instruction_flag *flag, const struct error_position *pos,
		      struct error **err)
{
	if (!flag->has_value)
		flag->value = STR("true");
	else if (str_is_nocase(flag->value, "true"))
		flag->value = STR("true");
	else if (str_is_nocase(flag->value, "false"))
		flag->value = STR("false");
	else
		return error_at(err, pos, "--%.*s takes true or false, not '%.*s'",
				STR_ARG(flag->name),
				STR_ARG(str_head(flag->value, PARSER_SHOWN_MAX)));
	return 0;
}

static int add_flag(struct parse *p, str word, const char *at, struct instruction *in,
		    struct error **err)
{
	const struct instruction_rule *rule = &instruction_rules[in->kind];
	struct error_position pos = parser_position(p, at);
	struct instruction_flag flag = {.line = pos.line, .column = pos.column};
	size_t i = 0, count = count_flags(rule);

	flag.name = str_skip(word, 2);
	flag.has_value = str_split_once(flag.name, '=', &flag.name, &flag.value);
	while (i < count && !str_is(flag.name, rule->flags[i].name))
		i++;
	if (i == count)
		return unknown_flag(rule, flag.name, &pos, err);
	if (rule->flags[i].type != FLAG_LIST && instruction_flag(in, rule->flags[i].name))
		return error_at(err, &pos, "--%.*s is given twice", STR_ARG(flag.name));
	if (rule->flags[i].type != FLAG_BOOL && !flag.has_value)
		return error_at(err, &pos, "--%.*s needs a value: --%.*s=...", STR_ARG(flag.name),
				STR_ARG(flag.name));
	if (rule->flags[i].type == FLAG_BOOL && check_bool(&flag, &pos, err) < 0)
		return -ERR_PARSE;
	in->flags = arena_grow(p->arena, in->flags, in->flag_count, sizeof(flag));
	in->flags[in->flag_count++] = flag;
	return 0;
}

/*
 * One word at the start of @rest with quotes and '\' resolved (whatever the escape directive says,
 * as flags have always been read). Returns its length as written.
 */
static size_t read_flag_word(struct arena *a, str rest, str *ret_word)
{
	CLEANUP_STRBUF struct strbuf out = STRBUF_INIT(0);
	char quote = '\0';
	size_t i = 0;

	for (; i < rest.len; i++) {
		char c = rest.ptr[i];

		if (!quote && lexer_is_blank(c))
			break;
		if (quote ? c == quote : c == '\'' || c == '"') {
			quote = quote ? '\0' : c;
			continue;
		}
		if (c == '\\') {
			if (i + 1 == rest.len)
				continue;
			c = rest.ptr[++i];
		}
		strbuf_add_char(&out, c);
	}
	*ret_word = arena_str(a, strbuf_str(&out));
	return i;
}

static int read_flags(struct parse *p, str *rest, struct instruction *in, struct error **err)
{
	while (str_has_prefix(*rest, "--")) {
		const char *at = rest->ptr;
		str word;

		*rest = lexer_trim_left(str_skip(*rest, read_flag_word(p->arena, *rest, &word)));
		if (str_is(word, "--"))
			return 0;
		int r = add_flag(p, word, at, in, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int check_argument_count(const struct parse *p, const struct instruction *in,
				struct error **err)
{
	static const char *const numbers[] = {"no", "one", "two"};
	const struct instruction_rule *rule = &instruction_rules[in->kind];
	struct error_position pos = parser_position(p, in->word.ptr);

	if (in->arg_count + in->pair_count >= rule->min_args)
		return 0;
	int r = error_at(err, &pos, "%s needs at least %s argument%s", rule->name,
			 numbers[rule->min_args], rule->min_args == 1 ? "" : "s");

	if (in->kind == INSTRUCTION_COPY || in->kind == INSTRUCTION_ADD)
		return error_hint(err, "%s SOURCE... DESTINATION", rule->name);
	return r;
}

int parser_read(struct parse *p, str text, struct instruction *in, struct error **err)
{
	str rest = text;
	int r;

	in->source = p->lexer->source;
	in->original = text;
	in->word = lexer_cut_word(&rest);
	in->end_line = p->line->end_line;
	lexer_locate(p->line, in->word.ptr, &in->line, &in->column);
	r = find_kind(p, in->word, &in->kind, err);
	if (r < 0)
		return r;
	r = read_flags(p, &rest, in, err);
	if (r < 0)
		return r;
	if (instruction_rules[in->kind].heredocs) {
		r = lexer_take_heredocs(p->lexer, p->line, rest, in, err);
		if (r < 0)
			return r;
		if (in->heredoc_count)
			in->end_line = p->lexer->next;
	}
	r = instruction_rules[in->kind].read(p, rest, in, err);
	if (r < 0)
		return r;
	return check_argument_count(p, in, err);
}
