/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A borrowed piece of text: pointer and length, not NUL-terminated, never owned.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
	const char *ptr;
	size_t len;
} str;

/* A literal as str; only for string literals and char arrays. */
#define STR(lit) ((str){(lit), sizeof(lit) - 1})

/* Arguments for a "%.*s" conversion. */
#define STR_ARG(s) ((int)(s).len), ((s).ptr ? (s).ptr : "")

static inline str str_from(const char *s)
{
	return (str){s, s ? strlen(s) : 0};
}

static inline str str_make(const char *ptr, size_t len)
{
	return (str){ptr, len};
}

bool str_is_equal(str a, str b);
bool str_is(str a, const char *literal);
bool str_is_nocase(str a, const char *literal);
int str_compare(str a, str b);
bool str_has_prefix(str s, const char *prefix);
bool str_has_suffix(str s, const char *suffix);

/** str_find() - Index of the first byte @c, or -1 */
ptrdiff_t str_find(str s, char c);

/** str_find_last() - Index of the last byte @c, or -1 */
ptrdiff_t str_find_last(str s, char c);

/** str_skip() - The part from byte @start on (empty when past the end) */
str str_skip(str s, size_t start);

/** str_head() - The first @len bytes (all when shorter) */
str str_head(str s, size_t len);

/** str_trim() - Without spaces, tabs, CR and LF at both ends */
str str_trim(str s);
str str_trim_left(str s);
str str_trim_right(str s);

/**
 * str_cut() - Take the piece before the first @sep off the front of @rest
 * @rest: advanced past the separator; ptr becomes NULL after the last piece
 * @ret_piece: the piece
 * Return: false when nothing was left (rest->ptr == NULL)
 */
bool str_cut(str *rest, char sep, str *ret_piece);

/** str_split_once() - Split at the first @sep; false (and outputs untouched) when there is none */
bool str_split_once(str s, char sep, str *ret_left, str *ret_right);

/** str_utf8_length() - Bytes of the UTF-8 sequence at the front of @s; 0: empty or not valid */
size_t str_utf8_length(str s);

/** str_to_u64() - Decimal digits only, no sign, no space; false on anything else or above @max */
bool str_to_u64(str s, uint64_t max, uint64_t *ret_value);

/** str_to_octal() - Strict octal digits, value at most @max */
bool str_to_octal(str s, uint64_t max, uint64_t *ret_value);

/** str_dup() - Heap copy, NUL-terminated; caller frees */
char *str_dup(str s);

/** str_distance() - Edit distance (Damerau) of two words of at most 64 bytes, for "did you mean" */
size_t str_distance(str a, str b);

#endif
