/* SPDX-License-Identifier: Apache-2.0 */
/* YAML scalars as the texts and numbers that Compose makes of them. */
#include "scalar.h"

#include <math.h>
#include <stdio.h>

enum {
	NUMBER_TEXT_MAX = 400, /* bytes of an unquoted number */
	EXPONENT_MIN = -4,     /* outside these Go writes an exponent */
	EXPONENT_MAX = 21,
};

static unsigned digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A') + 10;
	return 99;
}

static unsigned take_base(str *s)
{
	if (s->len < 2 || s->ptr[0] != '0')
		return 10;
	char mark = s->ptr[1];
	unsigned base = mark == 'x' || mark == 'X'   ? 16
			: mark == 'o' || mark == 'O' ? 8
			: mark == 'b' || mark == 'B' ? 2
						     : 0;

	*s = str_skip(*s, base ? 2 : 1);
	return base ? base : 8;
}

bool compose_scalar_integer(str text, int64_t *ret_value)
{
	bool negative = text.len && text.ptr[0] == '-';
	int64_t value = 0;

	if (text.len && (text.ptr[0] == '-' || text.ptr[0] == '+'))
		text = str_skip(text, 1);
	unsigned base = take_base(&text);

	if (text.len == 0)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		unsigned digit = digit_value(text.ptr[i]);

		if (text.ptr[i] == '_' && i > 0)
			continue;
		if (digit >= base || __builtin_mul_overflow(value, (int64_t)base, &value) ||
		    __builtin_sub_overflow(value, (int64_t)digit, &value))
			return false;
	}
	/* Built up negatively, since that side reaches one further. */
	if (!negative && __builtin_sub_overflow((int64_t)0, value, &value))
		return false;
	*ret_value = value;
	return true;
}

bool compose_scalar_number(str text, double *ret_value)
{
	char digits[NUMBER_TEXT_MAX];
	size_t n = 0;
	char *end = NULL;
	enum yaml_kind kind = yaml_resolve_plain(text);

	if ((kind != YAML_INT && kind != YAML_FLOAT) || text.len >= sizeof(digits))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] != '_')
			digits[n++] = text.ptr[i];
	}
	digits[n] = '\0';
	double value = strtod(digits, &end);

	if (*end != '\0' || !isfinite(value))
		return false;
	*ret_value = value;
	return true;
}

/* "d.ddde+XX" as a plain decimal fraction. */
static void without_exponent(const char *digits, size_t count, int exponent, char *to)
{
	size_t n = 0;

	if (exponent < 0) {
		to[n++] = '0';
		to[n++] = '.';
		for (int i = -1; i > exponent; i--)
			to[n++] = '0';
	}
	for (size_t i = 0; i < count || (int)i <= exponent; i++) {
		to[n++] = i < count ? digits[i] : '0';
		if ((int)i == exponent && i + 1 < count)
			to[n++] = '.';
	}
	to[n] = '\0';
}

void compose_format_number(double value, char ret_text[32])
{
	char text[40] = "", digits[20] = "";
	size_t count = 0;
	int precision = 0;

	do
		(void)snprintf(text, sizeof(text), "%.*e", precision, fabs(value));
	while (strtod(text, NULL) != fabs(value) && ++precision < 17);
	str mantissa = { NULL, 0 }, power = { NULL, 0 };
	uint64_t exponent = 0;

	if (!str_split_once(str_from(text), 'e', &mantissa, &power) ||
	    !str_to_u64(str_skip(power, 1), 999, &exponent)) {
		(void)snprintf(ret_text, 32, "%g", value); /* infinite or not a number */
		return;
	}
	for (size_t i = 0; i < mantissa.len && count < sizeof(digits) - 1; i++) {
		if (mantissa.ptr[i] != '.')
			digits[count++] = mantissa.ptr[i];
	}
	int sign = power.ptr[0] == '-' ? -(int)exponent : (int)exponent;

	if (value < 0)
		*ret_text++ = '-';
	if (sign < EXPONENT_MIN || sign >= EXPONENT_MAX)
		(void)snprintf(ret_text, 31, "%.30s", text);
	else
		without_exponent(digits, count, sign, ret_text);
}

const char *compose_scalar_text(struct arena *a, const struct yaml_node *node)
{
	char number[32];
	int64_t integer = 0;
	double value = 0;

	if (node->kind == YAML_BOOL)
		return node->text.ptr[0] == 't' || node->text.ptr[0] == 'T' ? "true" : "false";
	if (node->kind == YAML_INT && compose_scalar_integer(node->text, &integer))
		return arena_printf(a, "%lld", (long long)integer);
	if ((node->kind == YAML_INT || node->kind == YAML_FLOAT) &&
	    compose_scalar_number(node->text, &value)) {
		compose_format_number(value, number);
		return arena_strdup(a, str_from(number));
	}
	return node->text.ptr;
}
