/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quotes, escapes and variables in one word.
 *
 * The text is read once from left to right. Quoted parts and the operands of ${...} recurse; what
 * they give goes into a buffer or, at the top level of expand_words(), into a list that is split at
 * blanks which are neither quoted nor escaped.
 */
#include "dockerfile/expand.h"

#include <ctype.h>

#include "expand_pattern.h"
#include "lexer.h"

struct expander {
	const struct expand_env *env;
	str text;
	size_t at;
	unsigned depth;
	size_t work; /* bytes handled so far, also for results that are thrown away */
	struct error **err;
};

enum { WORK_MAX = 16 * EXPAND_RESULT_MAX };

/* Where the result goes; with @words the buffer holds only the word that is being built. */
struct sink {
	struct strbuf text;
	struct strv *words;
	size_t size;
};

enum { NO_STOP = -1, END = -1 };

#define CLEANUP_SINK __attribute__((cleanup(sink_fini)))

static void sink_fini(struct sink *s)
{
	strbuf_fini(&s->text);
}

static void sink_end_word(struct sink *s)
{
	if (s->text.len)
		strv_add_str(s->words, strbuf_str(&s->text));
	strbuf_clear(&s->text);
}

static int add_work(struct expander *x, size_t bytes)
{
	if (bytes > WORK_MAX - x->work)
		return error_new(x->err, ERR_LIMIT, "parts of more than %d bytes in all", WORK_MAX);
	x->work += bytes;
	return 0;
}

static int sink_add(struct expander *x, struct sink *s, str part, bool split)
{
	s->size += part.len;
	if (s->size > EXPAND_RESULT_MAX)
		return error_new(x->err, ERR_LIMIT, "result of more than %d bytes",
				 EXPAND_RESULT_MAX);
	if (add_work(x, part.len) < 0)
		return -ERR_LIMIT;
	if (!s->words || !split) {
		strbuf_add_str(&s->text, part);
		return 0;
	}
	for (size_t i = 0; i < part.len; i++) {
		if (lexer_is_blank(part.ptr[i]))
			sink_end_word(s);
		else
			strbuf_add_char(&s->text, part.ptr[i]);
	}
	return 0;
}

static int sink_add_char(struct expander *x, struct sink *s, char c, bool split)
{
	return sink_add(x, s, str_make(&c, 1), split);
}

static int peek(const struct expander *x)
{
	return x->at < x->text.len ? (unsigned char)x->text.ptr[x->at] : END;
}

static int expand_until(struct expander *x, int stop, bool raw_escapes, struct sink *out);
static int expand_dollar(struct expander *x, struct sink *out, bool split);

static int expand_single_quotes(struct expander *x, struct sink *out)
{
	str inner = str_skip(x->text, x->at + 1);
	ptrdiff_t end = str_find(inner, '\'');

	if (end < 0)
		return error_new(x->err, ERR_PARSE, "a single quote is not closed");
	x->at += (size_t)end + 2;
	return sink_add(x, out, str_head(inner, (size_t)end), false);
}

/* An escape acts on '"', '$' and itself; elsewhere it is an ordinary character. */
static int expand_quoted_escape(struct expander *x, bool raw_escapes, struct sink *out)
{
	char escape = x->env->escape;
	int next;

	x->at++;
	next = peek(x);
	if (raw_escapes && sink_add_char(x, out, escape, false) < 0)
		return -ERR_LIMIT;
	if (next == END)
		return 0;
	if (next != '"' && next != '$' && next != (unsigned char)escape)
		return sink_add_char(x, out, escape, false);
	x->at++;
	return sink_add_char(x, out, (char)next, false);
}

static int expand_double_quotes(struct expander *x, bool raw_escapes, struct sink *out)
{
	int r = 0;

	x->at++;
	while (r == 0) {
		int c = peek(x);

		if (c == END)
			return error_new(x->err, ERR_PARSE, "a double quote is not closed");
		if (c == '"') {
			x->at++;
			return 0;
		}
		if (c == '$') {
			r = expand_dollar(x, out, false);
		} else if (c == (unsigned char)x->env->escape) {
			r = expand_quoted_escape(x, raw_escapes, out);
		} else {
			x->at++;
			r = sink_add_char(x, out, (char)c, false);
		}
	}
	return r;
}

static int expand_escape(struct expander *x, bool raw_escapes, struct sink *out)
{
	int r = raw_escapes ? sink_add_char(x, out, x->env->escape, false) : 0;
	int next;

	x->at++;
	next = peek(x);
	if (r < 0 || next == END)
		return r;
	x->at++;
	return sink_add_char(x, out, (char)next, false);
}

/* One quoted part, variable, escape or character. */
static int expand_part(struct expander *x, int c, bool raw_escapes, struct sink *out)
{
	if (c == '$')
		return expand_dollar(x, out, true);
	if (c == '\'' && !x->env->raw_quotes)
		return expand_single_quotes(x, out);
	if (c == '"' && !x->env->raw_quotes)
		return expand_double_quotes(x, raw_escapes, out);
	if (c == (unsigned char)x->env->escape)
		return expand_escape(x, raw_escapes, out);
	x->at++;
	return sink_add_char(x, out, (char)c, true);
}

/* Up to @stop, which is taken, or with NO_STOP to the end. */
static int expand_until(struct expander *x, int stop, bool raw_escapes, struct sink *out)
{
	int r = 0, c;

	if (x->depth == EXPAND_DEPTH_MAX)
		return error_new(x->err, ERR_LIMIT, "more than %d nested ${...}", EXPAND_DEPTH_MAX);
	x->depth++;
	while (r == 0 && (c = peek(x)) != END && c != stop)
		r = expand_part(x, c, raw_escapes, out);
	x->depth--;
	if (r < 0 || stop == NO_STOP)
		return r;
	if (peek(x) == END)
		return error_new(x->err, ERR_PARSE, "'%c' is missing in ${...}", stop);
	x->at++;
	return 0;
}

/* Letters, digits and '_'; a digit first: digits only; or one of the shell's special characters. */
static str take_name(struct expander *x)
{
	str rest = str_skip(x->text, x->at);
	size_t len = 0;

	if (rest.len && memchr("@*#?-$!", rest.ptr[0], 7))
		len = 1;
	else if (rest.len && isdigit((unsigned char)rest.ptr[0]))
		while (len < rest.len && isdigit((unsigned char)rest.ptr[len]))
			len++;
	else
		while (len < rest.len &&
		       (isalnum((unsigned char)rest.ptr[len]) || rest.ptr[len] == '_'))
			len++;
	x->at += len;
	return str_head(rest, len);
}

static bool get(const struct expander *x, str name, str *ret_value)
{
	*ret_value = (str){"", 0};
	return x->env->get && x->env->get(x->env->ctx, name, ret_value);
}

/* The value of a variable that should be set; an unset one is reported and empty. */
static str get_or_report(const struct expander *x, str name)
{
	str value;

	if (!get(x, name, &value) && x->env->unset)
		x->env->unset(x->env->ctx, name);
	return value;
}

static int bad_operator(struct expander *x, str name, const char *operator)
{
	(void)error_new(x->err, ERR_PARSE, "${%.*s%s...}: there is no such operator", /* below */
			STR_ARG(str_head(name, 64)), operator);
	return error_hint(x->err, "known are - + ? (also behind a ':'), # ## %% %%%% / and //");
}

/* ${name-word} and its kin; @colon: an empty value counts as unset. */
static int expand_default(struct expander *x, str name, char op, bool colon, struct sink *out,
			  bool split)
{
	CLEANUP_SINK struct sink word = {.text = STRBUF_INIT(EXPAND_RESULT_MAX)};
	str value;
	int r = expand_until(x, '}', x->env->raw_escapes, &word);

	if (r < 0)
		return r;
	bool set = get(x, name, &value);
	bool usable = set && !(colon && value.len == 0);

	if (op == '?' && !usable) {
		if (word.text.len)
			return error_new(x->err, ERR_PARSE, "%.*s: %s", STR_ARG(name),
					 strbuf_text(&word.text));
		return error_new(x->err, ERR_PARSE, "%.*s must not be %s", STR_ARG(name),
				 set ? "empty" : "unset");
	}
	if (op == '+')
		return usable ? sink_add(x, out, strbuf_str(&word.text), split) : 0;
	return sink_add(x, out, usable ? value : strbuf_str(&word.text), split);
}

/* Matching costs up to pattern times value; 16 pattern characters are as much as a copied byte. */
static int add_match_work(struct expander *x, str pattern, str value)
{
	if (value.len > EXPAND_RESULT_MAX)
		return error_new(x->err, ERR_LIMIT, "a value of more than %d bytes",
				 EXPAND_RESULT_MAX);
	return add_work(x, value.len * (1 + pattern.len / 16));
}

/* ${name#pattern} and its kin, behind the first operator character. */
static int expand_trim(struct expander *x, str name, char op, struct sink *out, bool split)
{
	CLEANUP_SINK struct sink word = {.text = STRBUF_INIT(EXPAND_RESULT_MAX)};
	unsigned how = op == '%' ? PATTERN_SUFFIX : 0;
	int r = expand_until(x, '}', true, &word);

	if (r < 0)
		return r;
	str pattern = strbuf_str(&word.text), rest;

	if (pattern.len && pattern.ptr[0] == op) {
		how |= PATTERN_LONGEST;
		pattern = str_skip(pattern, 1);
	}
	str value = get_or_report(x, name);

	r = add_match_work(x, pattern, value);
	if (r == 0)
		r = expand_pattern_trim(pattern, value, how, &rest, x->err);
	return r < 0 ? r : sink_add(x, out, rest, split);
}

/* ${name/pattern/text}, behind the first slash. */
static int expand_replace(struct expander *x, str name, struct sink *out, bool split)
{
	CLEANUP_SINK struct sink pattern = {.text = STRBUF_INIT(EXPAND_RESULT_MAX)};
	CLEANUP_SINK struct sink by = {.text = STRBUF_INIT(EXPAND_RESULT_MAX)};
	CLEANUP_STRBUF struct strbuf result = STRBUF_INIT(EXPAND_RESULT_MAX);
	bool all = peek(x) == '/';
	int r;

	x->at += all;
	r = expand_until(x, '/', true, &pattern);
	if (r == 0)
		r = expand_until(x, '}', true, &by);
	if (r < 0)
		return r;
	str value = get_or_report(x, name);

	r = add_match_work(x, strbuf_str(&pattern.text), value);
	if (r == 0)
		r = expand_pattern_replace(strbuf_str(&pattern.text), value, strbuf_str(&by.text),
					   all, &result, x->err);
	if (r < 0)
		return r;
	if (result.overflow)
		return error_new(x->err, ERR_LIMIT, "result of more than %d bytes",
				 EXPAND_RESULT_MAX);
	return sink_add(x, out, strbuf_str(&result), split);
}

/* Behind "${". */
static int expand_braces(struct expander *x, struct sink *out, bool split)
{
	str name = take_name(x);
	int op = peek(x);
	bool colon = op == ':';

	if (name.len == 0 && op != END)
		return error_new(x->err, ERR_PARSE, "${ needs the name of a variable behind it");
	x->at++;
	if (colon) {
		op = peek(x);
		x->at++;
	}
	char operator[] = {colon ? ':' : (char)op, colon ? (char)op : '\0', '\0'};

	if (op == END)
		return error_new(x->err, ERR_PARSE, "'}' is missing in ${...}");
	if (op == '-' || op == '+' || op == '?')
		return expand_default(x, name, (char)op, colon, out, split);
	if (colon)
		return bad_operator(x, name, operator);
	if (op == '}')
		return sink_add(x, out, get_or_report(x, name), split);
	if (op == '#' || op == '%')
		return expand_trim(x, name, (char)op, out, split);
	if (op == '/')
		return expand_replace(x, name, out, split);
	return bad_operator(x, name, operator);
}

static int expand_dollar(struct expander *x, struct sink *out, bool split)
{
	x->at++;
	if (peek(x) == '{') {
		x->at++;
		return expand_braces(x, out, split);
	}
	str name = take_name(x);

	if (name.len == 0)
		return sink_add_char(x, out, '$', split);
	return sink_add(x, out, get_or_report(x, name), split);
}

static int expand(str word, const struct expand_env *env, struct sink *out, struct error **err)
{
	struct expander x = {.env = env, .text = word, .err = err};
	int r = expand_until(&x, NO_STOP, env->raw_escapes, out);

	return r < 0 ? error_context(err, "expand '%.*s'", STR_ARG(str_head(word, 64))) : 0;
}

int expand_word(struct arena *a, str word, const struct expand_env *env, str *ret_text,
		struct error **err)
{
	CLEANUP_SINK struct sink out = {.text = STRBUF_INIT(EXPAND_RESULT_MAX)};
	int r = expand(word, env, &out, err);

	if (r < 0)
		return r;
	*ret_text = arena_str(a, strbuf_str(&out.text));
	return 0;
}

int expand_words(struct arena *a, str word, const struct expand_env *env, struct strv *ret_words,
		 struct error **err)
{
	CLEANUP_STRV struct strv words = STRV_INIT;
	CLEANUP_SINK struct sink out = {.text = STRBUF_INIT(EXPAND_RESULT_MAX), .words = &words};
	int r = expand(word, env, &out, err);

	(void)a; /* the list owns its words */
	if (r < 0)
		return r;
	sink_end_word(&out);
	strv_add_all(ret_words, &words);
	return 0;
}
