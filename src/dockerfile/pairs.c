/* SPDX-License-Identifier: Apache-2.0 */
/* The arguments of ENV, LABEL and ARG: words that are names, or names with values. */
#include "parser.h"

/* Behind the quote that closes the one at @at, or the end of the text. */
static size_t skip_quoted(str s, size_t at, char escape)
{
	char quote = s.ptr[at];
	size_t i = at + 1;

	for (; i < s.len && s.ptr[i] != quote; i++) {
		if (s.ptr[i] == escape && quote == '"' && i + 1 < s.len)
			i++;
	}
	return i < s.len ? i + 1 : s.len;
}

/* The next word of ENV, LABEL or ARG: blanks may be quoted or escaped; both stay in the word. */
static str cut_quoted_word(str *rest, char escape)
{
	size_t i = 0, dropped = 0;

	while (i < rest->len && !lexer_is_blank(rest->ptr[i])) {
		char c = rest->ptr[i];

		if (c == escape && i + 1 == rest->len)
			dropped = 1; /* an escape at the very end escapes nothing */
		if (c == escape && i + 1 < rest->len)
			i += 2;
		else if (c == '\'' || c == '"')
			i = skip_quoted(*rest, i, escape);
		else
			i++;
	}
	str word = str_head(*rest, i - dropped);

	*rest = lexer_trim_left(str_skip(*rest, i));
	return word;
}

static int add_pair(struct parse *p, str word, struct instruction *in, struct error **err)
{
	struct key_value pair = {.key = word, .value = {"", 0}};

	pair.has_value = str_split_once(word, '=', &pair.key, &pair.value);
	if (pair.key.len == 0) {
		struct error_position pos = parser_position(p, word.ptr);

		return error_at(err, &pos, "%s: a name is empty", instruction_name(in->kind));
	}
	in->pairs = arena_grow(p->arena, in->pairs, in->pair_count, sizeof(pair));
	in->pairs[in->pair_count++] = pair;
	return 0;
}

static int read_legacy_pair(struct parse *p, str rest, struct instruction *in, struct error **err)
{
	struct key_value pair = {.has_value = true};
	struct error_position pos = parser_position(p, rest.ptr);

	pair.key = lexer_cut_word(&rest);
	pair.value = rest;
	if (rest.len == 0) {
		const char *name = instruction_name(in->kind);

		(void)error_at(err, &pos, "%s needs a name and a value", name); /* as below */
		return error_hint(err, "%s %.*s=value", name,
				  STR_ARG(str_head(pair.key, PARSER_SHOWN_MAX)));
	}
	in->legacy_pair = true;
	in->pairs = arena_grow(p->arena, in->pairs, 0, sizeof(pair));
	in->pairs[in->pair_count++] = pair;
	return 0;
}

int parser_read_pairs(struct parse *p, str rest, struct instruction *in, struct error **err)
{
	char escape = p->lexer->escape;
	str peek = rest, first = cut_quoted_word(&peek, escape);

	if (rest.len && str_find(first, '=') < 0)
		return read_legacy_pair(p, rest, in, err);
	while (rest.len) {
		str word = cut_quoted_word(&rest, escape);

		if (word.len == 0)
			continue;
		if (str_find(word, '=') < 0) {
			struct error_position pos = parser_position(p, word.ptr);

			(void)error_at(err, &pos, "%s: '%.*s' has no '='", /* as below */
				       instruction_name(in->kind),
				       STR_ARG(str_head(word, PARSER_SHOWN_MAX)));
			return error_hint(err, "a value with blanks in it needs quotes");
		}
		int r = add_pair(p, word, in, err);

		if (r < 0)
			return r;
	}
	return 0;
}

int parser_read_args(struct parse *p, str rest, struct instruction *in, struct error **err)
{
	while (rest.len) {
		str word = cut_quoted_word(&rest, p->lexer->escape);
		int r = word.len ? add_pair(p, word, in, err) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}
