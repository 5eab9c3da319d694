/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Matching of expansion patterns in time proportional to pattern times value.
 *
 * A pattern is a list of single characters to match; a '*' is not in the list but marks the place
 * before a character (or the end) as one where the match may linger. The matcher keeps the set of
 * places that are possible after each character of the value. As in BuildKit, neither '*' nor '?'
 * crosses a line end.
 */
#include "expand_pattern.h"

#include "dockerfile/expand.h"
#include "rune.h"

enum { ANY = UINT32_MAX };

struct pattern {
	size_t count;
	uint32_t runes[EXPAND_PATTERN_MAX]; /* ANY for '?' */
	bool stars[EXPAND_PATTERN_MAX + 1];
};

/* A value as characters; owned arrays. */
struct runes {
	size_t count;
	uint32_t *items;
	uint32_t *offsets; /* of each in bytes, and of the end */
};

static void runes_fini(struct runes *r)
{
	free(r->items);
	free(r->offsets);
}

#define CLEANUP_RUNES __attribute__((cleanup(runes_fini)))

static void runes_init(struct runes *r, str s)
{
	size_t at = 0, len;

	*r = (struct runes){.items = x_alloc((s.len + 1) * sizeof(uint32_t)),
			    .offsets = x_alloc((s.len + 1) * sizeof(uint32_t))};
	for (; at < s.len; at += len) {
		r->offsets[r->count] = (uint32_t)at;
		r->items[r->count++] = rune_decode(str_skip(s, at), &len);
	}
	r->offsets[r->count] = (uint32_t)s.len;
}

static void reverse(uint32_t *items, size_t count)
{
	for (size_t i = 0; i < count / 2; i++) {
		uint32_t other = items[count - 1 - i];

		items[count - 1 - i] = items[i];
		items[i] = other;
	}
}

static void pattern_reverse(struct pattern *p)
{
	reverse(p->runes, p->count);
	for (size_t i = 0; i < (p->count + 1) / 2; i++) {
		bool other = p->stars[p->count - i];

		p->stars[p->count - i] = p->stars[i];
		p->stars[i] = other;
	}
}

/* The character behind a '\'; '}' and '/' are escaped only to get past the end of ${...}. */
static bool take_escaped(str *rest, uint32_t *ret_rune)
{
	size_t len;

	if (rest->len == 0)
		return false;
	*ret_rune = rune_decode(*rest, &len);
	*rest = str_skip(*rest, len);
	return *ret_rune < 0x80 && memchr("*?\\}/", (int)*ret_rune, 5);
}

static int pattern_compile(struct pattern *p, str text, struct error **err)
{
	str rest = text;

	p->count = 0;
	memset(p->stars, 0, sizeof(p->stars));
	while (rest.len) {
		size_t len;
		uint32_t rune = rune_decode(rest, &len);

		rest = str_skip(rest, len);
		if (rune == '*') {
			p->stars[p->count] = true;
			continue;
		}
		if (p->count == EXPAND_PATTERN_MAX)
			return error_new(err, ERR_LIMIT, "pattern of more than %d characters",
					 EXPAND_PATTERN_MAX);
		if (rune == '?')
			rune = ANY;
		else if (rune == '\\' && !take_escaped(&rest, &rune))
			return error_new(err, ERR_PARSE,
					 "pattern '%.*s': '\\' may stand before * ? \\ } /",
					 STR_ARG(str_head(text, 64)));
		p->runes[p->count++] = rune;
	}
	return 0;
}

static bool is_match(uint32_t wanted, uint32_t rune)
{
	return wanted == rune || (wanted == ANY && rune != '\n');
}

/* The set of places; those above @high are not in it. */
struct places {
	bool in[EXPAND_PATTERN_MAX + 1];
	size_t high;
	bool empty;
};

static void places_init(struct places *s)
{
	memset(s, 0, sizeof(*s));
	s->in[0] = true;
}

static void places_step(struct places *s, const struct pattern *p, uint32_t rune)
{
	bool empty = true;

	if (s->high < p->count)
		s->high++;
	for (size_t i = s->high + 1; i-- > 0;) {
		bool linger = s->in[i] && p->stars[i] && rune != '\n';

		s->in[i] = linger || (i && s->in[i - 1] && is_match(p->runes[i - 1], rune));
		empty = empty && !s->in[i];
	}
	while (s->high && !s->in[s->high])
		s->high--;
	s->empty = empty;
}

/* Number of characters from @start that match, or -1. */
static ptrdiff_t match_length(const struct pattern *p, const struct runes *r, size_t start,
			      bool longest)
{
	struct places s;
	ptrdiff_t best = -1;

	places_init(&s);
	for (size_t i = start;; i++) {
		if (s.in[p->count]) {
			best = (ptrdiff_t)(i - start);
			if (!longest)
				return best;
		}
		if (i == r->count || s.empty)
			return best;
		places_step(&s, p, r->items[i]);
	}
}

int expand_pattern_trim(str pattern, str value, unsigned how, str *ret_rest, struct error **err)
{
	CLEANUP_RUNES struct runes runes = {0};
	struct pattern p;
	int r = pattern_compile(&p, pattern, err);

	if (r < 0)
		return r;
	runes_init(&runes, value);
	if (how & PATTERN_SUFFIX) {
		pattern_reverse(&p);
		reverse(runes.items, runes.count);
	}
	ptrdiff_t length = match_length(&p, &runes, 0, how & PATTERN_LONGEST);

	if (length < 0)
		*ret_rest = value;
	else if (how & PATTERN_SUFFIX)
		*ret_rest = str_head(value, runes.offsets[runes.count - (size_t)length]);
	else
		*ret_rest = str_skip(value, runes.offsets[length]);
	return 0;
}

/*
 * For each place of the value: does any match begin there? One pass from the end with the reversed
 * pattern; looking from each place forward would take quadratic time.
 */
static bool *find_starts(const struct pattern *forward, const struct runes *r)
{
	struct pattern p = *forward;
	struct places s;
	bool *starts = x_alloc(r->count + 1);

	pattern_reverse(&p);
	places_init(&s);
	for (size_t i = r->count;; i--) {
		s.in[0] = true; /* a match may end anywhere */
		starts[i] = s.in[p.count];
		if (i == 0)
			return starts;
		places_step(&s, &p, r->items[i - 1]);
	}
}

int expand_pattern_replace(str pattern, str value, str replacement, bool all, struct strbuf *out,
			   struct error **err)
{
	CLEANUP_RUNES struct runes runes = {0};
	struct pattern p;
	size_t copied = 0;
	ptrdiff_t last_end = -1;
	int r = pattern_compile(&p, pattern, err);

	if (r < 0)
		return r;
	runes_init(&runes, value);
	CLEANUP_FREE bool *starts = find_starts(&p, &runes);

	for (size_t i = 0; i <= runes.count && !out->overflow; i++) {
		if (!starts[i])
			continue;
		size_t end = i + (size_t)match_length(&p, &runes, i, true);

		if (end == i && (ptrdiff_t)i == last_end)
			continue; /* an empty match right behind another one does not count */
		strbuf_add(out, value.ptr + runes.offsets[copied],
			   runes.offsets[i] - runes.offsets[copied]);
		strbuf_add_str(out, replacement);
		copied = end;
		last_end = (ptrdiff_t)end;
		if (!all)
			break;
		if (end > i)
			i = end - 1;
	}
	strbuf_add(out, value.ptr + runes.offsets[copied], value.len - runes.offsets[copied]);
	return 0;
}
