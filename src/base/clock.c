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
	struct tm tm;
	int n;

	(void)gmtime_r(&ts.tv_sec, &tm); /* years beyond int do not occur in a timespec we made */
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

bool clock_parse_rfc3339(str text, struct timespec *ret_ts)
{
	struct tm tm = { 0 };
	int zone_h = 0, zone_m = 0, sign = 1;
	long ns = 0;

	if (!take_number(&text, 4, &tm.tm_year) || !take_char(&text, '-') ||
	    !take_number(&text, 2, &tm.tm_mon) || !take_char(&text, '-') ||
	    !take_number(&text, 2, &tm.tm_mday) || !(take_char(&text, 'T') || take_char(&text, 't')) ||
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
	if (text.len || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 ||
	    tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
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
	{ "ns", 1 },		 { "us", 1000 },	{ "\xc2\xb5s", 1000 },
	{ "\xce\xbcs", 1000 },	 { "ms", 1000000 },	{ "s", 1000000000 },
	{ "m", 60000000000 },	 { "h", 3600000000000 },
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

bool duration_parse(str text, int64_t *ret_ns)
{
	int64_t total = 0;

	if (str_is(text, "0")) {
		*ret_ns = 0;
		return true;
	}
	if (text.len == 0)
		return false;
	while (text.len) {
		int64_t whole = 0, unit, part;
		double fraction = 0, scale = 0.1;
		size_t digits = 0;

		for (; text.len && text.ptr[0] >= '0' && text.ptr[0] <= '9'; digits++) {
			if (__builtin_mul_overflow(whole, 10, &whole) ||
			    __builtin_add_overflow(whole, text.ptr[0] - '0', &whole))
				return false;
			text = str_skip(text, 1);
		}
		if (take_char(&text, '.')) {
			for (; text.len && text.ptr[0] >= '0' && text.ptr[0] <= '9'; digits++) {
				fraction += scale * (text.ptr[0] - '0');
				scale /= 10;
				text = str_skip(text, 1);
			}
		}
		if (digits == 0 || !take_unit(&text, &unit) ||
		    __builtin_mul_overflow(whole, unit, &part) ||
		    __builtin_add_overflow(part, (int64_t)(fraction * (double)unit + 0.5), &part) ||
		    __builtin_add_overflow(total, part, &total))
			return false;
	}
	*ret_ns = total;
	return true;
}

/* @value scaled by @unit with up to nine decimals, trailing zeros dropped. */
static int format_decimal(int64_t value, int64_t unit, char *to, size_t size)
{
	char fraction[24];
	int64_t rest = value % unit;
	size_t len = 0;

	if (rest == 0)
		return snprintf(to, size, "%lld", (long long)(value / unit));
	for (int64_t scale = unit / 10; rest && scale && len < sizeof(fraction) - 1; scale /= 10) {
		fraction[len++] = (char)('0' + rest / scale);
		rest %= scale;
	}
	fraction[len] = '\0';
	return snprintf(to, size, "%lld.%s", (long long)(value / unit), fraction);
}

void duration_format(int64_t ns, char ret_text[40])
{
	const size_t size = 40;
	size_t n = 0;

	if (ns == 0) {
		(void)snprintf(ret_text, size, "0s");
		return;
	}
	if (ns < 1000000000) {
		int64_t unit = ns >= 1000000 ? 1000000 : ns >= 1000 ? 1000 : 1;
		const char *name = unit == 1000000 ? "ms" : unit == 1000 ? "\xc2\xb5s" : "ns";

		n = (size_t)format_decimal(ns, unit, ret_text, size);
		(void)snprintf(ret_text + n, size - n, "%s", name);
		return;
	}
	int64_t hours = ns / 3600000000000, minutes = ns / 60000000000 % 60;

	if (hours)
		n += (size_t)snprintf(ret_text, size, "%lldh", (long long)hours);
	if (hours || minutes)
		n += (size_t)snprintf(ret_text + n, size - n, "%lldm", (long long)minutes);
	n += (size_t)format_decimal(ns % 60000000000, 1000000000, ret_text + n, size - n);
	(void)snprintf(ret_text + n, size - n, "s"); /* 40 bytes hold the largest int64 */
}

void duration_format_short(usec_t usec, char ret_text[24])
{
	double s = (double)usec / 1e6;

	if (usec < USEC_PER_SEC)
		(void)snprintf(ret_text, 24, "%.3fs", s);
	else if (s < 60)
		(void)snprintf(ret_text, 24, "%.1fs", s);
	else
		(void)snprintf(ret_text, 24, "%dm%02ds", (int)(s / 60) % 1000000, (int)s % 60);
}

void clock_format_age(usec_t usec, char ret_text[32])
{
	static const struct {
		int64_t limit, unit;
		const char *name;
	} ages[] = {
		{ 60, 1, "seconds" },	     { 3600, 60, "minutes" },
		{ 48 * 3600, 3600, "hours" }, { 14 * 86400, 86400, "days" },
		{ 60 * 86400, 7 * 86400, "weeks" }, { 730 * 86400LL, 30 * 86400, "months" },
		{ INT64_MAX, 365 * 86400, "years" },
	};
	int64_t s = usec < 0 ? 0 : usec / USEC_PER_SEC;

	if (s < 1) {
		(void)snprintf(ret_text, 32, "Less than a second");
	} else if (s == 1) {
		(void)snprintf(ret_text, 32, "1 second");
	} else if (s >= 60 && s < 120) {
		(void)snprintf(ret_text, 32, "About a minute");
	} else if (s >= 3600 && s < 7200) {
		(void)snprintf(ret_text, 32, "About an hour");
	} else {
		size_t i = 0;

		while (s >= ages[i].limit)
			i++;
		(void)snprintf(ret_text, 32, "%lld %s", (long long)(s / ages[i].unit),
			       ages[i].name);
	}
}
