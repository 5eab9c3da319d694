/* SPDX-License-Identifier: Apache-2.0 */
/* Operations on borrowed text. */
#include "base/str.h"

#include <strings.h>

#include "base/memory.h"

bool str_is_equal(str a, str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool str_is(str a, const char *literal)
{
	return str_is_equal(a, str_from(literal));
}

bool str_is_nocase(str a, const char *literal)
{
	return a.len == strlen(literal) && (a.len == 0 || strncasecmp(a.ptr, literal, a.len) == 0);
}

int str_compare(str a, str b)
{
	size_t min = a.len < b.len ? a.len : b.len;
	int c = min ? memcmp(a.ptr, b.ptr, min) : 0;

	return c ? c : (a.len > b.len) - (a.len < b.len);
}

bool str_has_prefix(str s, const char *prefix)
{
	size_t len = strlen(prefix);

	return s.len >= len && (len == 0 || memcmp(s.ptr, prefix, len) == 0);
}

bool str_has_suffix(str s, const char *suffix)
{
	size_t len = strlen(suffix);

	return s.len >= len && (len == 0 || memcmp(s.ptr + s.len - len, suffix, len) == 0);
}

ptrdiff_t str_find(str s, char c)
{
	const char *p = s.len ? memchr(s.ptr, c, s.len) : NULL;

	return p ? p - s.ptr : -1;
}

ptrdiff_t str_find_last(str s, char c)
{
	const char *p = s.len ? memrchr(s.ptr, c, s.len) : NULL;

	return p ? p - s.ptr : -1;
}

str str_skip(str s, size_t start)
{
	if (start >= s.len)
		return (str){s.ptr ? s.ptr + s.len : NULL, 0};
	return (str){s.ptr + start, s.len - start};
}

str str_head(str s, size_t len)
{
	return (str){s.ptr, len < s.len ? len : s.len};
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

str str_trim_left(str s)
{
	size_t i = 0;

	while (i < s.len && is_blank(s.ptr[i]))
		i++;
	return str_skip(s, i);
}

str str_trim_right(str s)
{
	while (s.len && is_blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

str str_trim(str s)
{
	return str_trim_right(str_trim_left(s));
}

bool str_cut(str *rest, char sep, str *ret_piece)
{
	ptrdiff_t at;

	if (!rest->ptr)
		return false;
	at = str_find(*rest, sep);
	if (at < 0) {
		*ret_piece = *rest;
		*rest = (str){NULL, 0};
	} else {
		*ret_piece = str_head(*rest, (size_t)at);
		*rest = (str){rest->ptr + at + 1, rest->len - (size_t)at - 1};
	}
	return true;
}

bool str_split_once(str s, char sep, str *ret_left, str *ret_right)
{
	ptrdiff_t at = str_find(s, sep);

	if (at < 0)
		return false;
	*ret_left = str_head(s, (size_t)at);
	*ret_right = str_skip(s, (size_t)at + 1);
	return true;
}

size_t str_utf8_length(str s)
{
	unsigned char c[4] = {0};

	memcpy(c, s.len ? s.ptr : "", s.len < sizeof(c) ? s.len : sizeof(c));
	size_t n = c[0] < 0x80 ? 1 : c[0] < 0xc2 ? 0 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : 4;

	if (n > s.len || c[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((c[i] & 0xc0) != 0x80)
			return 0;
	}
	/* Overlong forms, surrogates, beyond U+10FFFF. */
	if ((c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] > 0x9f) ||
	    (c[0] == 0xf0 && c[1] < 0x90) || (c[0] == 0xf4 && c[1] > 0x8f))
		return 0;
	return n;
}

static bool to_number(str s, unsigned base, uint64_t max, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned)(unsigned char)s.ptr[i] - '0';

		if (digit >= base || value > (max - digit) / base || digit > max)
			return false;
		value = value * base + digit;
	}
	*ret_value = value;
	return true;
}

bool str_to_u64(str s, uint64_t max, uint64_t *ret_value)
{
	return to_number(s, 10, max, ret_value);
}

bool str_to_octal(str s, uint64_t max, uint64_t *ret_value)
{
	return to_number(s, 8, max, ret_value);
}

char *str_dup(str s)
{
	return x_strndup(s.ptr ? s.ptr : "", s.len);
}

enum { DISTANCE_MAX = 64 };

size_t str_distance(str a, str b)
{
	size_t rows[3][DISTANCE_MAX + 1];

	if (a.len > DISTANCE_MAX || b.len > DISTANCE_MAX)
		return a.len > b.len ? a.len : b.len;
	for (size_t j = 0; j <= b.len; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t *row = rows[i % 3], *above = rows[(i - 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			size_t best = above[j - 1] + (a.ptr[i - 1] != b.ptr[j - 1]);

			if (above[j] + 1 < best)
				best = above[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] &&
			    a.ptr[i - 2] == b.ptr[j - 1] && rows[(i - 2) % 3][j - 2] + 1 < best)
				best = rows[(i - 2) % 3][j - 2] + 1;
			row[j] = best;
		}
	}
	return rows[a.len % 3][b.len];
}
