/* SPDX-License-Identifier: Apache-2.0 */
/* Durations in Go's notation, read in integers alone: a double would pull in much of libm. */
#include "duration.h"

#include <stddef.h>
#include <string.h>
#include <time.h>

#define NSEC_PER_USEC	INT64_C(1000)
#define FRACTION_DIGITS	9	/* further digits are below a nanosecond of any unit but m and h */

static const struct unit {
	const char *name;
	int64_t nsec;
} units[] = {
	/* a name that begins another one comes after it */
	{ "ns", 1 },
	{ "us", NSEC_PER_USEC },
	{ "\xc2\xb5s", NSEC_PER_USEC },		/* U+00B5 micro sign */
	{ "\xce\xbcs", NSEC_PER_USEC },		/* U+03BC Greek mu */
	{ "ms", NSEC_PER_USEC * USEC_PER_MSEC },
	{ "s", NSEC_PER_USEC * USEC_PER_SEC },
	{ "m", NSEC_PER_USEC * USEC_PER_SEC * 60 },
	{ "h", NSEC_PER_USEC * USEC_PER_SEC * 3600 },
};

/* A decimal number as value = (whole + fraction / scale) */
struct decimal {
	int64_t whole;
	int64_t fraction;
	int64_t scale;
};

static const struct unit *read_unit(const char **text)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t length = strlen(units[i].name);
		if (strncmp(*text, units[i].name, length) == 0) {
			*text += length;
			return &units[i];
		}
	}
	return NULL;
}

static bool read_decimal(const char **text, struct decimal *ret)
{
	const char *p = *text;
	struct decimal d = { .scale = 1 };
	int digits = 0;
	for (; *p >= '0' && *p <= '9'; p++, digits++) {
		if (d.whole > INT64_MAX / 100)
			return false;
		d.whole = d.whole * 10 + (*p - '0');
	}
	if (*p == '.') {
		p++;
		for (int kept = 0; *p >= '0' && *p <= '9'; p++, digits++) {
			if (kept++ >= FRACTION_DIGITS)
				continue;
			d.fraction = d.fraction * 10 + (*p - '0');
			d.scale *= 10;
		}
	}
	if (!digits)
		return false;
	*text = p;
	*ret = d;
	return true;
}

/* fraction * unit / scale without leaving 64 bits: an hour is 3.6e12 ns, a fraction below 1e9 */
static int64_t fraction_nsec(const struct decimal *d, int64_t unit_nsec)
{
	int64_t high = unit_nsec / d->scale * d->fraction;
	int64_t low = unit_nsec % d->scale * d->fraction / d->scale;
	return high + low;
}

bool init_duration_parse(const char *text, int64_t *ret_us)
{
	const int64_t max_nsec = DURATION_MAX_US * NSEC_PER_USEC;
	int64_t nsec = 0;
	do {
		struct decimal number;
		if (!read_decimal(&text, &number))
			return false;
		const struct unit *unit = read_unit(&text);
		if (!unit || number.whole > max_nsec / unit->nsec)
			return false;
		nsec += number.whole * unit->nsec + fraction_nsec(&number, unit->nsec);
		if (nsec > max_nsec)
			return false;
	} while (*text);
	if (nsec < NSEC_PER_USEC)
		return false;
	*ret_us = nsec / NSEC_PER_USEC;
	return true;
}

bool init_number_parse(const char *text, int max, int *ret_value)
{
	int value = 0;
	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		int digit = *text - '0';
		if (digit > max || value > (max - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*ret_value = value;
	return true;
}

int64_t init_clock_us(void)
{
	struct timespec now;
	/* The monotonic clock cannot fail on Linux */
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * USEC_PER_SEC + now.tv_nsec / NSEC_PER_USEC;
}
