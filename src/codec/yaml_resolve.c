/* SPDX-License-Identifier: Apache-2.0 */
/* What an unquoted YAML scalar means. */
#include "codec/yaml.h"

static bool is_one_of(str text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (str_is(text, words[i]))
			return true;
	}
	return false;
}

static bool is_digit(char c, unsigned base)
{
	unsigned value;

	if (c >= '0' && c <= '9')
		value = (unsigned)(c - '0');
	else if (c >= 'a' && c <= 'f')
		value = (unsigned)(c - 'a') + 10;
	else if (c >= 'A' && c <= 'F')
		value = (unsigned)(c - 'A') + 10;
	else
		return false;
	return value < base;
}

/* Digits of @base and separators, at least one digit. */
static bool is_number_in(str s, unsigned base)
{
	bool digits = false;

	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] != '_' && !is_digit(s.ptr[i], base))
			return false;
		digits |= s.ptr[i] != '_';
	}
	return digits;
}

static bool is_integer(str s)
{
	if (s.len > 2 && s.ptr[0] == '0') {
		char mark = s.ptr[1];

		if (mark == 'x' || mark == 'X')
			return is_number_in(str_skip(s, 2), 16);
		if (mark == 'o' || mark == 'O')
			return is_number_in(str_skip(s, 2), 8);
		if (mark == 'b' || mark == 'B')
			return is_number_in(str_skip(s, 2), 2);
	}
	if (s.len == 0 || s.ptr[0] == '_')
		return false;
	return is_number_in(s, s.len > 1 && s.ptr[0] == '0' ? 8 : 10);
}

static size_t count_digits(str s)
{
	size_t n = 0;

	while (n < s.len && (is_digit(s.ptr[n], 10) || (n > 0 && s.ptr[n] == '_')))
		n++;
	return n;
}

/* [0-9]*(.[0-9]*)?([eE][-+]?[0-9]+)? with a digit before the exponent. */
static bool is_float(str s)
{
	size_t whole = count_digits(s), fraction = 0;

	s = str_skip(s, whole);
	if (s.len && s.ptr[0] == '.') {
		fraction = count_digits(str_skip(s, 1));
		s = str_skip(s, fraction + 1);
	}
	if (whole + fraction == 0)
		return false;
	if (s.len == 0)
		return true;
	if (s.ptr[0] != 'e' && s.ptr[0] != 'E')
		return false;
	s = str_skip(s, 1);
	if (s.len && (s.ptr[0] == '-' || s.ptr[0] == '+'))
		s = str_skip(s, 1);
	return s.len && count_digits(s) == s.len;
}

enum yaml_kind yaml_resolve_plain(str text)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL" };
	static const char *const booleans[] = { "true",	 "True",  "TRUE",
						"false", "False", "FALSE" };
	static const char *const specials[] = { ".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN" };
	bool sign = text.len && (text.ptr[0] == '-' || text.ptr[0] == '+');
	str number = sign ? str_skip(text, 1) : text;

	if (is_one_of(text, nulls, ARRAY_SIZE(nulls)))
		return YAML_NULL;
	if (is_one_of(text, booleans, ARRAY_SIZE(booleans)))
		return YAML_BOOL;
	if (is_integer(number))
		return YAML_INT;
	if (is_float(number) || is_one_of(number, specials, sign ? 3 : ARRAY_SIZE(specials)))
		return YAML_FLOAT;
	return YAML_STRING;
}
