/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks, durations and dates as text. */
#include "base/clock.h"

#include <stdio.h>

usec_t clock_monotonic(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts); /* cannot fail for this clock */
	return (usec_t)ts.tv_sec * USEC_PER_SEC + ts.tv_nsec / 1000;
}

struct timespec clock_wall(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts); /* cannot fail for this clock */
	return ts;
}

void clock_format_rfc3339(struct timespec ts, char ret_text[36])
{
	struct tm tm = {.tm_mday = 1};
	int n;

	(void)gmtime_r(&ts.tv_sec, &tm); /* fails for years beyond int, which mean nothing */
	n = snprintf(ret_text, 36, "%04d-%02d-%02dT%02d:%02d:%02d", (tm.tm_year + 1900) % 10000,
		     tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (ts.tv_nsec)
		n += snprintf(ret_text + n, 36 - (size_t)n, ".%09ld", ts.tv_nsec);
	(void)snprintf(ret_text + n, 36 - (size_t)n, "Z"); /* fits by the arithmetic above */
}

static bool take_number(str *s, size_t digits, int *ret)
{
	uint64_t v;

	if (s->len < digits || !str_to_u64(str_head(*s, digits), 9999, &v))
		return false;
	*ret = (int)v;
	*s = str_skip(*s, digits);
	return true;
}

static bool take_char(str *s, char c)
{
	if (s->len == 0 || s->ptr[0] != c)
		return false;
	*s = str_skip(*s, 1);
	return true;
}

static bool take_fraction(str *s, long *ret_ns)
{
	long ns = 0, scale = 100000000;
	size_t n = 0;

	if (!take_char(s, '.'))
		return true;
	while (n < s->len && s->ptr[n] >= '0' && s->ptr[n] <= '9') {
		ns += scale * (s->ptr[n] - '0');
		scale /= 10;
		n++;
	}
	*s = str_skip(*s, n);
	*ret_ns = ns;
	return n > 0;
}

/* @year and @month as people write them. */
static int days_of_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap);
}

bool clock_parse_rfc3339(str text, struct timespec *ret_ts)
{
	struct tm tm = {0};
	int zone_h = 0, zone_m = 0, sign = 1;
	long ns = 0;

	if (!take_number(&text, 4, &tm.tm_year) || !take_char(&text, '-') ||
	    !take_number(&text, 2, &tm.tm_mon) || !take_char(&text, '-') ||
	    !take_number(&text, 2, &tm.tm_mday) ||
	    !(take_char(&text, 'T') || take_char(&text, 't')) ||
	    !take_number(&text, 2, &tm.tm_hour) || !take_char(&text, ':') ||
	    !take_number(&text, 2, &tm.tm_min) || !take_char(&text, ':') ||
	    !take_number(&text, 2, &tm.tm_sec) || !take_fraction(&text, &ns))
		return false;
	if (!take_char(&text, 'Z') && !take_char(&text, 'z')) {
		if (take_char(&text, '-'))
			sign = -1;
		else if (!take_char(&text, '+'))
			return false;
		if (!take_number(&text, 2, &zone_h) || !take_char(&text, ':') ||
		    !take_number(&text, 2, &zone_m))
			return false;
	}
	if (text.len || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 ||
	    tm.tm_mday > days_of_month(tm.tm_year, tm.tm_mon) || tm.tm_hour > 23 ||
	    tm.tm_min > 59 || tm.tm_sec > 60 || zone_h > 23 || zone_m > 59)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	ret_ts->tv_sec = timegm(&tm) - sign * (zone_h * 3600 + zone_m * 60);
	ret_ts->tv_nsec = ns;
	return true;
}

static const struct {
	const char *name;
	int64_t ns;
} units[] = {
	/* Longer names first where one is the prefix of another. */
	{"ns", 1},	 {"us", 1000},	    {"\xc2\xb5s", 1000}, {"\xce\xbcs", 1000},
	{"ms", 1000000}, {"s", 1000000000}, {"m", 60000000000},	 {"h", 3600000000000},
};

static bool take_unit(str *text, int64_t *ret_ns)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (str_has_prefix(*text, units[i].name)) {
			*text = str_skip(*text, strlen(units[i].name));
			*ret_ns = units[i].ns;
			return true;
		}
	}
	return false;
}

/* The digits at the front as a number; false when it does not fit. */
static bool take_whole(str *text, size_t *digits, int64_t *ret)
{
	int64_t value = 0;

	for (; text->len && text->ptr[0] >= '0' && text->ptr[0] <= '9'; (*digits)++) {
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, text->ptr[0] - '0', &value))
			return false;
		*text = str_skip(*text, 1);
	}
	*ret = value;
	return true;
}

/* Digits behind a point; those that an int64 has no room for do not count, as in Go. */
static void take_decimals(str *text, size_t *digits, int64_t *ret_value, double *ret_scale)
{
	bool full = false;

	for (; text->len && text->ptr[0] >= '0' && text->ptr[0] <= '9'; (*digits)++) {
		int64_t next;

		full = full || __builtin_mul_overflow(*ret_value, 10, &next) ||
		       __builtin_add_overflow(next, text->ptr[0] - '0', &next);
		if (!full) {
			*ret_value = next;
			*ret_scale *= 10;
		}
		*text = str_skip(*text, 1);
	}
}

bool duration_parse(str text, int64_t *ret_ns)
{
	int64_t total = 0;

	(void)take_char(&text, '+'); /* Go takes a sign; durations here are never negative */
	if (str_is(text, "0")) {
		*ret_ns = 0;
		return true;
	}
	if (text.len == 0)
		return false;
	while (text.len) {
		int64_t whole, decimals = 0, unit, part;
		double scale = 1;
		size_t digits = 0;

		if (!take_whole(&text, &digits, &whole))
			return false;
		if (take_char(&text, '.'))
			take_decimals(&text, &digits, &decimals, &scale);
		/* The fraction is cut off below a nanosecond, not rounded. */
		if (digits == 0 || !take_unit(&text, &unit) ||
		    __builtin_mul_overflow(whole, unit, &part) ||
		    __builtin_add_overflow(
			    part, (int64_t)((double)decimals * ((double)unit / scale)), &part) ||
		    __builtin_add_overflow(total, part, &total))
			return false;
	}
	*ret_ns = total;
	return true;
}

/* @value scaled by @unit with up to nine decimals, trailing zeros dropped. */
static int format_decimal(uint64_t value, uint64_t unit, char *to, size_t size)
{
	char fraction[24];
	uint64_t rest = value % unit;
	size_t len = 0;

	if (rest == 0)
		return snprintf(to, size, "%llu", (unsigned long long)(value / unit));
	for (uint64_t scale = unit / 10; rest && scale && len < sizeof(fraction) - 1; scale /= 10) {
		fraction[len++] = (char)('0' + rest / scale);
		rest %= scale;
	}
	fraction[len] = '\0';
	return snprintf(to, size, "%llu.%s", (unsigned long long)(value / unit), fraction);
}

void duration_format(int64_t signed_ns, char ret_text[40])
{
	const size_t size = 40;
	uint64_t ns = signed_ns < 0 ? 0 - (uint64_t)signed_ns : (uint64_t)signed_ns;
	size_t n = 0;

	if (ns == 0) {
		(void)snprintf(ret_text, size, "0s");
		return;
	}
	if (signed_ns < 0)
		ret_text[n++] = '-';
	if (ns < 1000000000) {
		uint64_t unit = ns >= 1000000 ? 1000000 : ns >= 1000 ? 1000 : 1;
		const char *name = unit == 1000000 ? "ms" : unit == 1000 ? "\xc2\xb5s" : "ns";

		n += (size_t)format_decimal(ns, unit, ret_text + n, size - n);
		(void)snprintf(ret_text + n, size - n, "%s", name);
		return;
	}
	uint64_t hours = ns / 3600000000000, minutes = ns / 60000000000 % 60;

	if (hours)
		n += (size_t)snprintf(ret_text + n, size - n, "%lluh", (unsigned long long)hours);
	if (hours || minutes)
		n += (size_t)snprintf(ret_text + n, size - n, "%llum", (unsigned long long)minutes);
	n += (size_t)format_decimal(ns % 60000000000, 1000000000, ret_text + n, size - n);
	(void)snprintf(ret_text + n, size - n, "s"); /* 40 bytes hold the largest int64 */
}

void duration_format_short(usec_t usec, char ret_text[24])
{
	double s = usec < 0 ? 0 : (double)usec / 1e6;

	if (s < 1)
		(void)snprintf(ret_text, 24, "%.3fs", s);
	else if (s < 59.95) /* what rounds to 60.0 is a minute */
		(void)snprintf(ret_text, 24, "%.1fs", s);
	else
		(void)snprintf(ret_text, 24, "%dm%02ds", (int)((s + 0.05) / 60) % 1000000,
			       (int)((int64_t)(s + 0.05) % 60));
}

void clock_format_age(usec_t usec, char ret_text[32])
{
	/* Limits and units in hours, which count as begun from their half on. */
	static const struct {
		int64_t limit, unit;
		const char *name;
	} ages[] = {
		{48, 1, "hours"},
		{14 * 24, 24, "days"},
		{60 * 24, 7 * 24, "weeks"},
		{730 * 24, 30 * 24, "months"},
		{INT64_MAX, 365 * 24, "years"},
	};
	int64_t s = usec < 0 ? 0 : usec / USEC_PER_SEC, hours = s / 3600 + (s % 3600 >= 1800);
	size_t i = 0;

	if (s < 1) {
		(void)snprintf(ret_text, 32, "Less than a second");
	} else if (s == 1) {
		(void)snprintf(ret_text, 32, "1 second");
	} else if (s < 60) {
		(void)snprintf(ret_text, 32, "%d seconds", (int)s);
	} else if (s < 120) {
		(void)snprintf(ret_text, 32, "About a minute");
	} else if (s < 3600) {
		(void)snprintf(ret_text, 32, "%d minutes", (int)s / 60);
	} else if (hours == 1) {
		(void)snprintf(ret_text, 32, "About an hour");
	} else {
		while (hours >= ages[i].limit)
			i++;
		(void)snprintf(ret_text, 32, "%lld %s", (long long)(hours / ages[i].unit),
			       ages[i].name);
	}
}
