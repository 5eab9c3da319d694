/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ${VARIABLE} in values.
 *
 *   $V ${V}            value, or "" and a warning
 *   ${V-x} ${V:-x}     x when V is unset (or empty)
 *   ${V?x} ${V:?x}     error x when V is unset (or empty)
 *   ${V+x} ${V:+x}     x when V is set (and not empty), else ""
 *   $$                 one dollar
 *
 * x is itself substituted, and only when it is used: an unused default neither warns nor fails. The
 * first operator after the name decides. "$" before anything else stays as it is.
 */
#include "interpolate.h"

#include "tree.h"

struct scan {
	const struct interpolation *in;
	str text; /* the whole value, for offsets */
	struct strbuf *out;
	size_t at; /* of the variable being worked on */
	unsigned depth;
	struct error **err;
};

/* "${name<op>argument}" taken apart. */
struct variable {
	str name;
	char op; /* '-', '?', '+', or 0 for none */
	bool colon;
	str argument;
};

static int substitute(struct scan *s, str text);

static bool is_name_char(char c, bool first)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
	       (!first && c >= '0' && c <= '9');
}

static size_t name_length(str s)
{
	size_t n = 0;

	while (n < s.len && is_name_char(s.ptr[n], n == 0))
		n++;
	return n;
}

/* Index of the "}" that closes the "${" before @s, or -1. */
static ptrdiff_t find_close(str s)
{
	size_t depth = 1;

	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '$' && i + 1 < s.len && s.ptr[i + 1] == '$')
			i++;
		else if (s.ptr[i] == '$' && i + 1 < s.len && s.ptr[i + 1] == '{')
			depth++;
		else if (s.ptr[i] == '}' && --depth == 0)
			return (ptrdiff_t)i;
	}
	return -1;
}

static int fail_template(struct scan *s, str variable)
{
	(void)error_new(s->err, ERR_PARSE, "invalid variable '%.*s'",
			(int)(variable.len > 80 ? 80 : variable.len), variable.ptr);
	return error_hint(s->err, "write ${NAME} or ${NAME:-default}; a literal '$' is '$$'");
}

static int take_apart(struct scan *s, str inside, str whole, struct variable *ret)
{
	struct variable v = { .name = str_head(inside, name_length(inside)) };
	str rest = str_skip(inside, v.name.len);

	if (v.name.len == 0)
		return fail_template(s, whole);
	if (rest.len && rest.ptr[0] == ':') {
		v.colon = true;
		rest = str_skip(rest, 1);
		if (rest.len == 0)
			return fail_template(s, whole);
	}
	if (rest.len) {
		v.op = rest.ptr[0];
		if (v.op != '-' && v.op != '?' && v.op != '+')
			return fail_template(s, whole);
		v.argument = str_skip(rest, 1);
	}
	*ret = v;
	return 0;
}

static int fail_required(struct scan *s, const struct variable *v)
{
	CLEANUP_STRBUF struct strbuf message = STRBUF_INIT(INTERPOLATE_SIZE_MAX);
	struct scan inner = *s;

	inner.out = &message;
	int r = substitute(&inner, v->argument);

	if (r < 0)
		return r;
	return error_new(s->err, ERR_PARSE, "required variable %.*s is missing a value%s%s",
			 STR_ARG(v->name), message.len ? ": " : "", strbuf_text(&message));
}

static int expand(struct scan *s, const struct variable *v)
{
	const char *value = s->in->lookup(s->in->ctx, v->name);
	bool given = value && !(v->colon && value[0] == '\0');

	if (v->op == '+')
		return given ? substitute(s, v->argument) : 0;
	if (given) {
		strbuf_add_text(s->out, value);
		return 0;
	}
	if (v->op == '-')
		return substitute(s, v->argument);
	if (v->op == '?')
		return fail_required(s, v);
	if (s->in->unset)
		s->in->unset(s->in->ctx, v->name);
	return 0;
}

/* @rest begins with '$'; *ret_used: how much of it was consumed. */
static int substitute_one(struct scan *s, str rest, size_t *ret_used)
{
	str after = str_skip(rest, 1);
	struct variable v = { .name = str_head(after, name_length(after)) };

	if (after.len && after.ptr[0] == '$') {
		strbuf_add_char(s->out, '$');
		*ret_used = 2;
		return 0;
	}
	if (after.len && after.ptr[0] == '{') {
		str inside = str_skip(after, 1);
		ptrdiff_t close = find_close(inside);

		if (close < 0)
			return fail_template(s, rest);
		*ret_used = (size_t)close + 3;
		int r = take_apart(s, str_head(inside, (size_t)close), str_head(rest, *ret_used),
				   &v);

		return r < 0 ? r : expand(s, &v);
	}
	*ret_used = 1 + v.name.len;
	if (v.name.len)
		return expand(s, &v);
	strbuf_add_char(s->out, '$');
	return 0;
}

static int substitute(struct scan *s, str text)
{
	int r = 0;

	if (s->depth == INTERPOLATE_DEPTH_MAX)
		return error_new(s->err, ERR_LIMIT, "defaults nested more than %d deep",
				 INTERPOLATE_DEPTH_MAX);
	s->depth++;
	while (r == 0 && text.len) {
		ptrdiff_t dollar = str_find(text, '$');
		size_t used = 0;

		if (dollar < 0) {
			strbuf_add_str(s->out, text);
			break;
		}
		strbuf_add(s->out, text.ptr, (size_t)dollar);
		text = str_skip(text, (size_t)dollar);
		if (s->depth == 1)
			s->at = (size_t)(text.ptr - s->text.ptr);
		r = substitute_one(s, text, &used);
		text = str_skip(text, used);
	}
	s->depth--;
	if (r == 0 && s->out->overflow)
		return error_new(s->err, ERR_LIMIT, "value longer than %d bytes after substitution",
				 INTERPOLATE_SIZE_MAX);
	return r;
}

int compose_substitute(const struct interpolation *in, str text, struct strbuf *out,
		       size_t *ret_at, struct error **err)
{
	struct scan s = { .in = in, .text = text, .out = out, .err = err };
	int r = substitute(&s, text);

	if (r < 0 && ret_at)
		*ret_at = s.at;
	return r;
}

bool compose_is_news(struct strv *warned, str name)
{
	if (warned->count == INTERPOLATE_WARNINGS_MAX)
		return false;
	for (size_t i = 0; i < warned->count; i++) {
		if (str_is(name, warned->items[i]))
			return false;
	}
	strv_add_str(warned, name);
	return true;
}

struct walk {
	struct arena *arena;
	const struct interpolation *in;
	const struct report *warnings;
	const struct yaml_node *node; /* the value being worked on */
	size_t total;		      /* bytes of replaced values */
	struct strv warned;
	struct error **err;
};

/* Where the variable that starts at @at in the value stands in the file, if that can be seen. */
static struct yaml_place place_inside(const struct yaml_node *node, size_t at)
{
	struct yaml_place place = node->place;
	str line = yaml_source_line(place.source, place.line);
	str wanted = str_skip(node->text, at);
	size_t compare = wanted.len < 12 ? wanted.len : 12;

	for (size_t i = place.column - 1 + at; i + compare <= line.len; i++) {
		if (memcmp(line.ptr + i, wanted.ptr, compare) == 0) {
			place.column = (unsigned)i + 1;
			break;
		}
	}
	return place;
}

static const char *walk_lookup(void *ctx, str name)
{
	const struct walk *w = ctx;

	return w->in->lookup(w->in->ctx, name);
}

static void walk_unset(void *ctx, str name)
{
	struct walk *w = ctx;

	if (w->in->unset)
		w->in->unset(w->in->ctx, name);
	if (!compose_is_news(&w->warned, name))
		return;
	struct error_position pos = yaml_position(w->node->place);

	report_warn(w->warnings, &pos, "unset-variable",
		    "variable %.*s is not set; an empty string is used", STR_ARG(name));
}

static int walk_scalar(struct walk *w, const struct yaml_node *node, struct yaml_node *copy)
{
	CLEANUP_STRBUF struct strbuf out = STRBUF_INIT(INTERPOLATE_SIZE_MAX);
	const struct interpolation in = { walk_lookup, walk_unset, w };
	size_t at = 0;

	if (str_find(node->text, '$') < 0)
		return 0;
	w->node = node;
	int r = compose_substitute(&in, node->text, &out, &at, w->err);

	if (r < 0) {
		struct error_position pos = yaml_position(place_inside(node, at));

		error_set_position(w->err, &pos);
		return r;
	}
	w->total += out.len;
	if (w->total > INTERPOLATE_TOTAL_MAX)
		return compose_limit(node->place, w->err, "values too long after substitution",
				     INTERPOLATE_TOTAL_MAX);
	copy->kind = YAML_STRING;
	copy->plain = false;
	copy->text = arena_str(w->arena, strbuf_str(&out));
	return 0;
}

static int walk_node(struct walk *w, const struct yaml_node *node, struct yaml_node **ret)
{
	struct yaml_node *copy = compose_clone(w->arena, node);
	int r = 0;

	if (yaml_is_scalar(node))
		r = walk_scalar(w, node, copy);
	for (size_t i = 0; r == 0 && i < copy->count; i++) {
		struct yaml_node **child = copy->kind == YAML_SEQUENCE ? &copy->items[i]
								       : &copy->pairs[i].value;

		r = walk_node(w, *child, child);
	}
	*ret = copy;
	return r;
}

int compose_interpolate(struct arena *a, const struct interpolation *in,
			const struct report *warnings, const struct yaml_node *node,
			struct yaml_node **ret_node, struct error **err)
{
	struct walk w = { .arena = a, .in = in, .warnings = warnings, .err = err };
	struct yaml_node *copy = NULL;
	int r = walk_node(&w, node, &copy);

	strv_fini(&w.warned);
	if (r == 0)
		*ret_node = copy;
	return r;
}
