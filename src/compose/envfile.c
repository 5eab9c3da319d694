/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of KEY=VALUE lines.
 *
 * "export " before a key is allowed, ':' may stand for '='. 'Single' quotes are literal, "double"
 * quotes know escapes and variables and may span lines, an unquoted value ends at the line's end or
 * at " #" and knows variables.
 */
#include "envfile.h"

#include <fcntl.h>

#include "base/fs.h"
#include "tree.h"

struct parser {
	const struct envfile *f;
	struct yaml_source source;
	str rest;
	struct strv *variables;
	struct strv own; /* of this file, for references inside it */
	size_t total;
	struct error **err;
};

static struct yaml_place place_at(const struct parser *p, const char *at)
{
	struct yaml_place place = { &p->source, 1, 1 };

	for (const char *c = p->source.text.ptr; c < at; c++) {
		place.column++;
		if (*c == '\n') {
			place.line++;
			place.column = 1;
		}
	}
	return place;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static void skip_space(struct parser *p)
{
	while (p->rest.len && is_space(p->rest.ptr[0]))
		p->rest = str_skip(p->rest, 1);
}

static str take_line(struct parser *p)
{
	ptrdiff_t end = str_find(p->rest, '\n');
	str line = end < 0 ? p->rest : str_head(p->rest, (size_t)end);

	p->rest = str_skip(p->rest, end < 0 ? p->rest.len : (size_t)end + 1);
	return line;
}

static bool is_key_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '.' || c == '-' || c == '[' || c == ']';
}

static const char *lookup(void *ctx, str name)
{
	const struct parser *p = ctx;
	const char *value = p->f->in->lookup(p->f->in->ctx, name);

	return value ? value : strv_find_variable(&p->own, name);
}

static void unset(void *ctx, str name)
{
	const struct parser *p = ctx;

	if (p->f->in->unset)
		p->f->in->unset(p->f->in->ctx, name);
}

static int set_variable(struct parser *p, str key, str value)
{
	p->total += value.len;
	if (p->own.count == ENVFILE_VARIABLES_MAX)
		return compose_limit(place_at(p, key.ptr), p->err, "too many variables",
				     ENVFILE_VARIABLES_MAX);
	if (p->total > ENVFILE_TOTAL_MAX)
		return compose_limit(place_at(p, key.ptr), p->err, "values are too long",
				     ENVFILE_TOTAL_MAX);
	strv_set_variable(&p->own, key, value);
	strv_set_variable(p->variables, key, value);
	return 0;
}

static void inherit(struct parser *p, str key)
{
	const char *value = p->f->in->lookup(p->f->in->ctx, key);

	if (value)
		strv_set_variable(p->variables, key, str_from(value));
}

static int set_substituted(struct parser *p, str key, str value, const char *at)
{
	CLEANUP_STRBUF struct strbuf out = STRBUF_INIT(INTERPOLATE_SIZE_MAX);
	const struct interpolation in = { lookup, unset, p };
	int r = compose_substitute(&in, value, &out, NULL, p->err);

	if (r < 0) {
		struct error_position pos = yaml_position(place_at(p, at));

		error_set_position(p->err, &pos);
		return r;
	}
	return set_variable(p, key, strbuf_str(&out));
}

/* "export " and the key; *ret_bare: no separator follows. */
static int take_key(struct parser *p, str *ret_key, bool *ret_bare)
{
	size_t n = 0;

	if (str_has_prefix(p->rest, "export") && p->rest.len > 6 && is_space(p->rest.ptr[6])) {
		p->rest = str_skip(p->rest, 7);
		skip_space(p);
	}
	while (n < p->rest.len && is_key_char(p->rest.ptr[n]))
		n++;
	*ret_key = str_head(p->rest, n);
	p->rest = str_skip(p->rest, n);
	skip_space(p);
	char next = p->rest.len ? p->rest.ptr[0] : '\n';

	if (n == 0 || (next != '=' && next != ':' && next != '\n' && next != '#')) {
		(void)compose_error(place_at(p, p->rest.ptr), p->err,
				    n ? "unexpected text after the variable's name"
				      : "a variable's name is missing");
		return error_hint(p->err, "lines are NAME=VALUE; names are made of letters, "
					  "digits, '_', '.' and '-'");
	}
	*ret_bare = next == '\n' || next == '#';
	if (!*ret_bare)
		p->rest = str_skip(p->rest, 1);
	return 0;
}

/*
 * One escape after a backslash: a letter, or '0' and three octal digits. "\$" stays a literal
 * dollar through "$$". Returns the bytes used.
 */
static size_t add_escape(str s, struct strbuf *out)
{
	static const char from[] = "abfnrtv\"\\", to[] = "\a\b\f\n\r\t\v\"\\";
	const char *at = s.ptr[0] ? strchr(from, s.ptr[0]) : NULL;
	uint64_t value = 0;
	size_t digits = 0;

	if (at) {
		strbuf_add_char(out, to[at - from]);
		return 1;
	}
	if (s.ptr[0] == '$') {
		strbuf_add_text(out, "$$");
		return 1;
	}
	while (s.ptr[0] == '0' && digits < 4 && digits < s.len && s.ptr[digits] >= '0' &&
	       s.ptr[digits] <= '7')
		digits++;
	if (digits == 4 && str_to_octal(str_head(s, digits), 255, &value) && value) {
		strbuf_add_char(out, (char)value);
		return digits;
	}
	strbuf_add_char(out, '\\');
	strbuf_add_char(out, s.ptr[0]);
	return 1;
}

/* Index of the closing quote in @s (which begins after the opening one), or -1. */
static ptrdiff_t find_quote(str s, char quote)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '\\' && i + 1 < s.len)
			i++;
		else if (s.ptr[i] == quote)
			return (ptrdiff_t)i;
	}
	return -1;
}

/* In both kinds of quotes a backslash makes the quote itself literal. */
static void unescape(str inside, char quote, struct strbuf *out)
{
	for (size_t i = 0; i < inside.len; i++) {
		bool escape = inside.ptr[i] == '\\' && i + 1 < inside.len;

		if (escape && quote == '"') {
			i += add_escape(str_skip(inside, i + 1), out);
		} else if (escape && inside.ptr[i + 1] == quote) {
			strbuf_add_char(out, inside.ptr[++i]);
		} else {
			strbuf_add_char(out, inside.ptr[i]);
		}
	}
}

static int take_quoted(struct parser *p, str key)
{
	CLEANUP_STRBUF struct strbuf text = STRBUF_INIT(0);
	const char *at = p->rest.ptr;
	char quote = p->rest.ptr[0];
	ptrdiff_t end = find_quote(str_skip(p->rest, 1), quote);

	if (end < 0)
		return compose_error(place_at(p, at), p->err, "the quoted value is never closed");
	unescape(str_head(str_skip(p->rest, 1), (size_t)end), quote, &text);
	p->rest = str_skip(p->rest, (size_t)end + 2);
	skip_space(p);
	if (p->rest.len && p->rest.ptr[0] != '\n' && p->rest.ptr[0] != '#')
		return compose_error(place_at(p, p->rest.ptr), p->err,
				     "unexpected text after the quoted value");
	(void)take_line(p);
	if (quote == '\'')
		return set_variable(p, key, strbuf_str(&text));
	return set_substituted(p, key, strbuf_str(&text), at);
}

static int take_unquoted(struct parser *p, str key)
{
	const char *at = p->rest.ptr;
	str line = take_line(p);

	for (size_t i = 0; i + 1 < line.len; i++) {
		if (line.ptr[i] == ' ' && line.ptr[i + 1] == '#')
			line = str_head(line, i);
	}
	return set_substituted(p, key, str_trim_right(line), at);
}

static int take_statement(struct parser *p)
{
	bool bare = false;
	str key = { NULL, 0 };
	int r = take_key(p, &key, &bare);

	if (r < 0)
		return r;
	if (bare) {
		(void)take_line(p);
		inherit(p, key);
		return 0;
	}
	skip_space(p);
	if (p->rest.len && (p->rest.ptr[0] == '"' || p->rest.ptr[0] == '\''))
		return take_quoted(p, key);
	return take_unquoted(p, key);
}

static int take_raw(struct parser *p)
{
	str line = take_line(p), key = line, value = { NULL, 0 };

	if (line.len && line.ptr[line.len - 1] == '\r')
		line.len--;
	if (str_split_once(line, '=', &key, &value)) {
		if (key.len == 0)
			return compose_error(place_at(p, line.ptr), p->err,
					     "a variable's name is missing");
		return set_variable(p, key, value);
	}
	inherit(p, str_trim(line));
	return 0;
}

int compose_envfile_parse(const struct envfile *f, struct strv *variables, struct error **err)
{
	struct parser p = { .f = f, .rest = f->text, .variables = variables, .err = err };
	int r = 0;

	p.source = (struct yaml_source){ .file = f->file, .text = f->text };
	if (memchr(f->text.len ? f->text.ptr : "", '\0', f->text.len))
		return error_new(err, ERR_PARSE, "%s: holds a NUL character", f->file);
	if (str_has_prefix(p.rest, "\xef\xbb\xbf"))
		p.rest = str_skip(p.rest, 3);
	while (r == 0) {
		p.rest = str_trim_left(p.rest);
		if (p.rest.len == 0)
			break;
		if (p.rest.ptr[0] == '#')
			(void)take_line(&p);
		else
			r = f->raw ? take_raw(&p) : take_statement(&p);
	}
	strv_fini(&p.own);
	return r;
}

int compose_envfile_read(const char *path, bool raw, const struct interpolation *in,
			 struct strv *variables, struct error **err)
{
	CLEANUP_STRBUF struct strbuf text = STRBUF_INIT(0);
	int r = fs_read_at(AT_FDCWD, path, ENVFILE_SIZE_MAX, &text, err);

	if (r < 0)
		return r;
	const struct envfile f = { path, strbuf_str(&text), raw, in };

	return compose_envfile_parse(&f, variables, err);
}
