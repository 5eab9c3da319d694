/* SPDX-License-Identifier: Apache-2.0 */
/*
 * .dockerignore: parsing, and matching of a path and all its parents in one pass.
 *
 * A pattern without wildcards is compared as text. Others become a list of tokens, and the matcher
 * keeps the set of places in it that are possible after each character of the path; whenever the
 * last place is reached at the end of a path element, the pattern matches that parent, or the path.
 */
#include "dockerfile/ignore.h"

#include "path.h"
#include "rune.h"

enum token_type {
	TOKEN_RUNE,
	TOKEN_ANY,   /* '?' */
	TOKEN_CLASS, /* "[...]" */
	TOKEN_STAR,  /* any characters but '/' */
	TOKEN_DEEP,  /* nothing, or any characters and then '/' */
	TOKEN_ALL,   /* any characters */
};

struct token {
	enum token_type type;
	uint32_t value; /* the character, or where in the pattern the class stands */
};

struct rule {
	str pattern; /* cleaned, without '!' */
	struct token *tokens;
	size_t token_count; /* 0: plain text */
	unsigned line;
	bool negated;
};

struct ignore {
	struct arena *arena;
	const char *file;
	struct rule *rules;
	size_t count;
	bool has_exceptions;
};

void ignore_free(struct ignore *ig)
{
	if (ig)
		arena_free(ig->arena);
}

bool ignore_has_exceptions(const struct ignore *ig)
{
	return ig->has_exceptions;
}

const char *ignore_file(const struct ignore *ig)
{
	return ig->file;
}

/* Without wildcards and escapes? "**" and "x" in "**x" must be told from "**" and "*x". */
static bool is_plain(str pattern)
{
	for (size_t i = 0; i < pattern.len; i++) {
		if (memchr("*?[\\", pattern.ptr[i], 4))
			return false;
	}
	return true;
}

/*
 * "**" crosses elements. Behind it a '/' is taken with it. At the very end it takes everything;
 * at the very start of an otherwise plain pattern without '/', too: "**x" is any path that ends in
 * "x".
 */
static struct token take_double_star(str pattern, size_t *at)
{
	bool at_start = *at == 0;

	*at += 2;
	if (*at < pattern.len && pattern.ptr[*at] == '/')
		++*at;
	else if (at_start && is_plain(str_skip(pattern, *at)))
		return (struct token){.type = TOKEN_ALL};
	return (struct token){.type = *at == pattern.len ? TOKEN_ALL : TOKEN_DEEP};
}

static struct token take_token(str pattern, size_t *at)
{
	str rest = str_skip(pattern, *at);
	size_t start = *at, len;
	bool match;

	switch (rest.ptr[0]) {
	case '*':
		if (str_has_prefix(rest, "**"))
			return take_double_star(pattern, at);
		++*at;
		return (struct token){.type = TOKEN_STAR};
	case '?':
		++*at;
		return (struct token){.type = TOKEN_ANY};
	case '[':
		*at += (size_t)path_class_match(rest, 0, &match);
		return (struct token){.type = TOKEN_CLASS, .value = (uint32_t)start};
	default:
		break;
	}
	if (rest.ptr[0] == '\\') {
		rest = str_skip(rest, 1);
		++*at;
	}
	uint32_t rune = rune_decode(rest, &len);

	*at += len;
	return (struct token){.type = TOKEN_RUNE, .value = rune};
}

static void compile(struct arena *a, struct rule *rule)
{
	if (is_plain(rule->pattern))
		return;
	rule->tokens = arena_alloc(a, rule->pattern.len * sizeof(*rule->tokens));
	for (size_t at = 0; at < rule->pattern.len;) {
		struct token token = take_token(rule->pattern, &at);
		size_t n = rule->token_count;

		/* Two in a row match what one does, but would make places_enter() slow. */
		if (token.type == TOKEN_DEEP && n && rule->tokens[n - 1].type == TOKEN_DEEP)
			continue;
		rule->tokens[rule->token_count++] = token;
	}
}

static str remove_root(str path)
{
	return path.len > 1 && path.ptr[0] == '/' ? str_skip(path, 1) : path;
}

static int add_rule(struct ignore *ig, str text, const struct error_position *pos,
		    struct error **err)
{
	struct rule rule = {.negated = text.ptr[0] == '!', .line = pos->line};

	if (rule.negated)
		text = str_trim(str_skip(text, 1));
	if (text.len == 0) {
		(void)error_at(err, pos, "'!' without a pattern"); /* the hint returns it */
		return error_hint(err, "!path takes a path back in");
	}
	if (text.len > IGNORE_PATTERN_MAX || ig->count == IGNORE_PATTERNS_MAX) {
		int r = ig->count == IGNORE_PATTERNS_MAX
				? error_new(err, ERR_LIMIT, "more than %d patterns",
					    IGNORE_PATTERNS_MAX)
				: error_new(err, ERR_LIMIT, "pattern of more than %d bytes",
					    IGNORE_PATTERN_MAX);

		error_set_position(err, pos);
		return r;
	}
	rule.pattern = remove_root(path_simplify(ig->arena, text));
	if (!path_is_well_formed(rule.pattern)) {
		(void)error_at(err, pos, "malformed pattern '%.*s'", /* the hint returns it */
			       STR_ARG(str_head(text, 64)));
		return error_hint(err, "'[' needs a ']' with something between, '\\' a character");
	}
	compile(ig->arena, &rule);
	ig->has_exceptions = ig->has_exceptions || rule.negated;
	ig->rules = arena_grow(ig->arena, ig->rules, ig->count, sizeof(rule));
	ig->rules[ig->count++] = rule;
	return 0;
}

int ignore_parse(const char *file, str text, struct ignore **ret_ignore, struct error **err)
{
	struct arena *a = arena_new();
	CLEANUP(ignore) struct ignore *ig = arena_alloc(a, sizeof(*ig));
	struct error_position pos;
	str rest, line;

	*ig = (struct ignore){.arena = a, .file = arena_strdup(a, str_from(file))};
	if (text.len > IGNORE_FILE_MAX)
		return error_new(err, ERR_LIMIT, "%s: %zu bytes, an ignore file may have %d", file,
				 text.len, IGNORE_FILE_MAX);
	rest = arena_str(a, str_has_prefix(text, "\xEF\xBB\xBF") ? str_skip(text, 3) : text);
	pos = (struct error_position){.file = ig->file};
	while (str_cut(&rest, '\n', &line)) {
		pos.line++;
		pos.column = 1;
		pos.source_line = str_trim_right(line);
		if (str_find(line, '\0') >= 0)
			return error_at(err, &pos, "NUL byte: this is not plain text");
		if (line.len && line.ptr[0] == '#')
			continue;
		line = str_trim(line);
		if (line.len == 0)
			continue;
		int r = add_rule(ig, line, &pos, err);

		if (r < 0)
			return r;
	}
	*ret_ignore = STEAL_PTR(&ig);
	return 0;
}

/* Places in a rule's tokens; those outside @low to @high are not in the set. */
struct places {
	bool in[IGNORE_PATTERN_MAX + 1];
	size_t low, high;
};

/* Get to place @i, and past tokens that match nothing. */
static void places_enter(struct places *s, const struct rule *rule, size_t i)
{
	for (;; i++) {
		s->in[i] = true;
		if (i < s->low)
			s->low = i;
		if (i > s->high)
			s->high = i;
		if (i == rule->token_count || rule->tokens[i].type < TOKEN_STAR)
			return;
	}
}

static bool advances(const struct rule *rule, const struct token *token, uint32_t rune)
{
	bool match = false;

	switch (token->type) {
	case TOKEN_RUNE:
		return token->value == rune;
	case TOKEN_ANY:
		return rune != '/';
	case TOKEN_DEEP:
		return rune == '/';
	case TOKEN_CLASS:
		(void)path_class_match(str_skip(rule->pattern, token->value), rune, &match);
		return match;
	case TOKEN_STAR:
	case TOKEN_ALL:
		break; /* the place behind them was entered together with theirs */
	}
	return false;
}

static bool lingers(const struct token *token, uint32_t rune)
{
	return token->type == TOKEN_ALL || token->type == TOKEN_DEEP ||
	       (token->type == TOKEN_STAR && rune != '/');
}

/* From right to left, so that a place is read before its left neighbour writes it. */
static void places_step(struct places *s, const struct rule *rule, uint32_t rune)
{
	size_t low = s->low, high = s->high;

	s->low = rule->token_count + 1;
	s->high = 0;
	for (size_t i = high + 1; i-- > low;) {
		const struct token *token = &rule->tokens[i];

		if (!s->in[i])
			continue;
		s->in[i] = false;
		if (i == rule->token_count)
			continue;
		if (advances(rule, token, rune))
			places_enter(s, rule, i + 1);
		if (lingers(token, rune)) {
			/* The tokens behind it were passed when it was entered. */
			s->in[i] = true;
			s->low = i;
			s->high = i > s->high ? i : s->high;
			if (token->type != TOKEN_DEEP)
				places_enter(s, rule, i);
		}
	}
}

static bool tokens_match(const struct rule *rule, str path)
{
	struct places s;
	size_t len;

	memset(s.in, 0, rule->token_count + 1);
	s.low = rule->token_count + 1;
	s.high = 0;
	places_enter(&s, rule, 0);
	for (size_t at = 0; at < path.len && s.low <= s.high; at += len) {
		uint32_t rune = rune_decode(str_skip(path, at), &len);

		if (rune == '/' && at && s.in[rule->token_count])
			return true; /* a parent directory */
		places_step(&s, rule, rune);
	}
	return s.low <= s.high && s.in[rule->token_count];
}

static bool rule_matches(const struct rule *rule, str path)
{
	if (rule->token_count)
		return tokens_match(rule, path);
	str pattern = rule->pattern;

	return path.len >= pattern.len && memcmp(path.ptr, pattern.ptr, pattern.len) == 0 &&
	       (path.len == pattern.len || path.ptr[pattern.len] == '/');
}

bool ignore_match(const struct ignore *ig, str path, unsigned *ret_line)
{
	const struct rule *decisive = NULL;
	bool is_root = path.len == 0 || str_is(path, "."); /* never excluded */

	for (size_t i = is_root ? 0 : ig->count; i > 0 && !decisive; i--) {
		if (rule_matches(&ig->rules[i - 1], path))
			decisive = &ig->rules[i - 1];
	}
	if (ret_line)
		*ret_line = decisive ? decisive->line : 0;
	return decisive && !decisive->negated;
}
