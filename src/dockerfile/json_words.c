/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A strict reader for JSON arrays of strings (RFC 8259).
 *
 * Other values are only checked for form: whether "[ 1 ]" is JSON with a wrong element, which is an
 * error, or no JSON at all, which is a shell command, depends on all of the text.
 */
#include "json_words.h"

#include "base/strbuf.h"

enum { NESTING_MAX = 64 };

struct reader {
	const char *at, *end;
};

static void skip_blanks(struct reader *r)
{
	while (r->at < r->end &&
	       (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
		r->at++;
}

static bool take(struct reader *r, char c)
{
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

static bool take_hex4(struct reader *r, uint32_t *ret_unit)
{
	uint32_t unit = 0;

	if (r->end - r->at < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		char c = *r->at++;

		if (c >= '0' && c <= '9')
			unit = unit << 4 | (uint32_t)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			unit = unit << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
		else
			return false;
	}
	*ret_unit = unit;
	return true;
}

static void add_utf8(struct strbuf *out, uint32_t c)
{
	static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
	int len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	if (len == 1) {
		strbuf_add_char(out, (char)c);
		return;
	}
	strbuf_add_char(out, (char)(lead[len] | c >> (6 * (len - 1))));
	for (int shift = 6 * (len - 2); shift >= 0; shift -= 6)
		strbuf_add_char(out, (char)(0x80 | (c >> shift & 0x3F)));
}

/* Behind "\u"; half a surrogate pair becomes U+FFFD, as is usual. */
static bool take_unicode(struct reader *r, struct strbuf *out)
{
	uint32_t unit, low;

	if (!take_hex4(r, &unit))
		return false;
	if (unit >= 0xD800 && unit < 0xE000) {
		struct reader ahead = *r;

		if (unit < 0xDC00 && take(&ahead, '\\') && take(&ahead, 'u') &&
		    take_hex4(&ahead, &low) && low >= 0xDC00 && low < 0xE000) {
			*r = ahead;
			unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
		} else {
			unit = 0xFFFD;
		}
	}
	add_utf8(out, unit);
	return true;
}

static bool take_escape(struct reader *r, struct strbuf *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";

	if (r->at == r->end)
		return false;
	char c = *r->at++;

	if (c == 'u')
		return take_unicode(r, out);
	const char *found = c ? strchr(from, c) : NULL;

	if (!found)
		return false;
	strbuf_add_char(out, to[found - from]);
	return true;
}

static bool take_string(struct reader *r, struct strbuf *out)
{
	strbuf_clear(out);
	if (!take(r, '"'))
		return false;
	while (r->at < r->end) {
		char c = *r->at++;

		if (c == '"')
			return true;
		if ((unsigned char)c < 0x20)
			return false;
		if (c != '\\')
			strbuf_add_char(out, c);
		else if (!take_escape(r, out))
			return false;
	}
	return false;
}

static size_t take_digits(struct reader *r)
{
	const char *start = r->at;

	while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
		r->at++;
	return (size_t)(r->at - start);
}

static bool take_number(struct reader *r)
{
	(void)take(r, '-'); /* optional */
	if (!take(r, '0') && take_digits(r) == 0)
		return false;
	if (take(r, '.') && take_digits(r) == 0)
		return false;
	if (take(r, 'e') || take(r, 'E')) {
		(void)(take(r, '+') || take(r, '-')); /* optional */
		return take_digits(r) != 0;
	}
	return true;
}

static bool take_literal(struct reader *r)
{
	static const char *const literals[] = {"true", "false", "null"};
	str rest = str_make(r->at, (size_t)(r->end - r->at));

	for (size_t i = 0; i < ARRAY_SIZE(literals); i++) {
		if (str_has_prefix(rest, literals[i])) {
			r->at += strlen(literals[i]);
			return true;
		}
	}
	return false;
}

static bool take_value(struct reader *r, struct strbuf *scratch, int depth);

/* The members of an object or the elements of an array, behind its bracket. */
static bool take_items(struct reader *r, struct strbuf *scratch, char close, int depth)
{
	skip_blanks(r);
	if (take(r, close))
		return true;
	do {
		skip_blanks(r);
		if (close == '}') {
			if (!take_string(r, scratch))
				return false;
			skip_blanks(r);
			if (!take(r, ':'))
				return false;
		}
		if (!take_value(r, scratch, depth))
			return false;
		skip_blanks(r);
	} while (take(r, ','));
	return take(r, close);
}

static bool take_value(struct reader *r, struct strbuf *scratch, int depth)
{
	skip_blanks(r);
	if (r->at == r->end || depth == NESTING_MAX)
		return false;
	if (take(r, '['))
		return take_items(r, scratch, ']', depth + 1);
	if (take(r, '{'))
		return take_items(r, scratch, '}', depth + 1);
	if (*r->at == '"')
		return take_string(r, scratch);
	if (*r->at == '-' || (*r->at >= '0' && *r->at <= '9'))
		return take_number(r);
	return take_literal(r);
}

struct word_list {
	struct arena *arena;
	str *items;
	size_t count;
	bool has_other, has_nul;
};

/* The elements of the outer array, behind its bracket. */
static bool take_words(struct reader *r, struct word_list *words)
{
	CLEANUP_STRBUF struct strbuf text = STRBUF_INIT(0);

	skip_blanks(r);
	if (take(r, ']'))
		return true;
	do {
		skip_blanks(r);
		bool is_string = r->at < r->end && *r->at == '"';

		if (!take_value(r, &text, 0))
			return false;
		skip_blanks(r);
		words->has_other |= !is_string;
		if (!is_string)
			continue;
		words->items = arena_grow(words->arena, words->items, words->count, sizeof(str));
		words->items[words->count++] = arena_str(words->arena, strbuf_str(&text));
		words->has_nul |= str_find(strbuf_str(&text), '\0') >= 0;
	} while (take(r, ','));
	return take(r, ']');
}

enum json_words_result json_words_read(struct arena *a, str text, str **ret_words,
				       size_t *ret_count)
{
	struct reader r = {text.ptr, text.ptr + text.len};
	struct word_list words = {.arena = a};

	skip_blanks(&r);
	if (!take(&r, '[') || !take_words(&r, &words))
		return JSON_WORDS_NOT_JSON;
	skip_blanks(&r);
	if (r.at != r.end)
		return JSON_WORDS_NOT_JSON;
	if (words.has_other)
		return JSON_WORDS_NOT_STRINGS;
	if (words.has_nul)
		return JSON_WORDS_NUL;
	*ret_words = words.items;
	*ret_count = words.count;
	return JSON_WORDS_OK;
}
