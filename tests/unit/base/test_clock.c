/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks, dates and durations as text. */
#include "fixture.h"

#include "base/clock.h"

START_TEST(test_clocks)
{
	usec_t before = clock_monotonic(), after = clock_monotonic();
	struct timespec wall = clock_wall();

	ck_assert_int_gt(before, 0);
	ck_assert_int_ge(after, before);
	ck_assert_int_lt(after - before, 10 * USEC_PER_SEC);
	ck_assert_int_le(labs((long)(wall.tv_sec - time(NULL))), 1);
	ck_assert_int_lt(wall.tv_nsec, 1000000000);
}
END_TEST

static const struct {
	const char *text;
	int64_t s;
	long ns;
	const char *formatted; /* NULL: as @text */
} dates[] = {
	{"1970-01-01T00:00:00Z", 0, 0, NULL},
	{"2026-11-20T10:11:12Z", 1795169472, 0, NULL},
	{"2026-11-20T10:11:12.123456789Z", 1795169472, 123456789, NULL},
	{"2026-11-20T10:11:12.5Z", 1795169472, 500000000, "2026-11-20T10:11:12.500000000Z"},
	{"2026-11-20T10:11:12.0Z", 1795169472, 0, "2026-11-20T10:11:12Z"},
	{"2026-11-20T10:11:12.1234567899999Z", 1795169472, 123456789,
	 "2026-11-20T10:11:12.123456789Z"},
	{"2026-11-20t10:11:12z", 1795169472, 0, "2026-11-20T10:11:12Z"},
	{"2026-11-20T12:11:12+02:00", 1795169472, 0, "2026-11-20T10:11:12Z"},
	{"2026-11-20T04:41:12-05:30", 1795169472, 0, "2026-11-20T10:11:12Z"},
	{"2026-11-20T10:11:12-00:00", 1795169472, 0, "2026-11-20T10:11:12Z"},
	{"2024-02-29T00:00:00Z", 1709164800, 0, NULL},
	{"2000-02-29T00:00:00Z", 951782400, 0, NULL},
	{"1969-12-31T23:59:59.5Z", -1, 500000000, "1969-12-31T23:59:59.500000000Z"},
	{"0001-01-01T00:00:00Z", -62135596800, 0, NULL}, /* Go's zero time */
	{"0000-01-01T00:00:00Z", -62167219200, 0, NULL},
	{"9999-12-31T23:59:59.999999999Z", 253402300799, 999999999, NULL},
	{"2016-12-31T23:59:60Z", 1483228800, 0, "2017-01-01T00:00:00Z"},
};

START_TEST(test_dates)
{
	struct timespec ts = {0};
	char text[36];

	ck_assert(clock_parse_rfc3339(str_from(dates[_i].text), &ts));
	ck_assert_int_eq(ts.tv_sec, dates[_i].s);
	ck_assert_int_eq(ts.tv_nsec, dates[_i].ns);
	clock_format_rfc3339(ts, text);
	ck_assert_str_eq(text, dates[_i].formatted ? dates[_i].formatted : dates[_i].text);
}
END_TEST

static const char *const bad_dates[] = {
	"",
	"2026",
	"2026-11-20",
	"2026-11-20T10:11:12",
	"2026-11-20T10:11Z",
	"2026-11-20 10:11:12Z",
	"2026-11-20T10:11:12Zx",
	" 2026-11-20T10:11:12Z",
	"2026-11-20T10:11:12.Z",
	"2026-11-20T10:11:12,5Z",
	"2026-11-20T10:11:12+0200",
	"2026-11-20T10:11:12+02",
	"2026-11-20T10:11:12+24:00",
	"2026-11-20T10:11:12+02:60",
	"2026-11-20T10:11:12+-2:00",
	"2026-00-20T10:11:12Z",
	"2026-13-20T10:11:12Z",
	"2026-11-00T10:11:12Z",
	"2026-11-31T10:11:12Z",
	"2026-02-29T10:11:12Z",
	"1900-02-29T10:11:12Z",
	"2026-11-20T24:11:12Z",
	"2026-11-20T10:60:12Z",
	"2026-11-20T10:11:61Z",
	"26-11-20T10:11:12Z",
	"02026-11-20T10:11:12Z",
	"2026-1-20T10:11:12Z",
	"-026-11-20T10:11:12Z",
	"+026-11-20T10:11:12Z",
};

START_TEST(test_bad_dates)
{
	struct timespec ts = {7, 8};

	ck_assert(!clock_parse_rfc3339(str_from(bad_dates[_i]), &ts));
	ck_assert_int_eq(ts.tv_sec, 7);
	ck_assert_int_eq(ts.tv_nsec, 8);
}
END_TEST

/* What no calendar knows still makes text that fits. */
START_TEST(test_strange_dates)
{
	static const int64_t seconds[] = {INT64_MIN, INT64_MAX, -99999999999999, 99999999999999};
	char text[37] = {[36] = '!'};

	for (size_t i = 0; i < ARRAY_SIZE(seconds); i++) {
		clock_format_rfc3339((struct timespec){seconds[i], 999999999}, text);
		ck_assert_uint_lt(strlen(text), 36);
	}
	ck_assert_int_eq(text[36], '!');
}
END_TEST

#define US INT64_C(1000)
#define MS INT64_C(1000000)
#define S INT64_C(1000000000)
#define M (60 * S)
#define H (60 * M)

static const struct {
	const char *text;
	int64_t ns;
} durations[] = {
	{"0", 0},
	{"+0", 0},
	{"0s", 0},
	{"00h", 0},
	{"5s", 5 * S},
	{"+5s", 5 * S},
	{"1478s", 1478 * S},
	{"5.0s", 5 * S},
	{"5.6s", 5 * S + 600 * MS},
	{"5.s", 5 * S},
	{".5s", 500 * MS},
	{"1.00s", 1 * S},
	{"1.004s", 1 * S + 4 * MS},
	{"1.0040s", 1 * S + 4 * MS},
	{"100.00100s", 100 * S + 1 * MS},
	{"10ns", 10},
	{"11us", 11 * US},
	{"12\xc2\xb5s", 12 * US},
	{"12\xce\xbcs", 12 * US},
	{"13ms", 13 * MS},
	{"14s", 14 * S},
	{"15m", 15 * M},
	{"16h", 16 * H},
	{"3h30m", 3 * H + 30 * M},
	{"10.5s4m", 4 * M + 10 * S + 500 * MS},
	{"1s1s", 2 * S},
	{"1h2m3s4ms5us6ns", 1 * H + 2 * M + 3 * S + 4 * MS + 5 * US + 6},
	{"39h9m14.425s", 39 * H + 9 * M + 14 * S + 425 * MS},
	{"52763797000ns", 52763797000},
	{"0.3333333333333333333h", 20 * M},
	{"0.100000000000000000000h", 6 * M},
	{"0.830103483285477580700h", 49 * M + 48 * S + 372539827},
	{"9007199254740993ns", 9007199254740993},
	{"9223372036854775807ns", INT64_MAX},
	{"9223372036854775.807us", INT64_MAX},
	{"9223372036s854ms775us807ns", INT64_MAX},
	{"2562047h47m16.854775807s", INT64_MAX},
	/* cut off, not rounded */
	{"0.9ns", 0},
	{"1.9999999999s", 1 * S + 999999999},
	{"0.0000000009s", 0},
};

START_TEST(test_durations)
{
	int64_t ns = -1;

	ck_assert(duration_parse(str_from(durations[_i].text), &ns));
	ck_assert_int_eq(ns, durations[_i].ns);
}
END_TEST

static const char *const bad_durations[] = {
	"",
	"+",
	"-",
	"3",
	"s",
	".",
	".s",
	"+.s",
	"-5s",
	"-0",
	"++1s",
	"+-1s",
	"1d",
	"1w",
	"1 s",
	" 1s",
	"1s ",
	"1S",
	"1H",
	"1e3s",
	"0x1s",
	"1,5s",
	"1m5",
	"5mh",
	"1..5s",
	"1.5.5s",
	"00",
	"01",
	"none",
	"\xc2s",
	"\x85\x85",
	"1\xffs",
	"9223372036854775808ns",
	"9223372036854775.808us",
	"9223372036854ms775us808ns",
	"99999999999999999999h",
	"2562047h47m16.854775808s",
	"9223372036854775807h",
};

START_TEST(test_bad_durations)
{
	int64_t ns = -7;

	ck_assert(!duration_parse(str_from(bad_durations[_i]), &ns));
	ck_assert_int_eq(ns, -7);
}
END_TEST

static const struct {
	int64_t ns;
	const char *text;
} formats[] = {
	{0, "0s"},
	{1, "1ns"},
	{999, "999ns"},
	{1100, "1.1\xc2\xb5s"},
	{2200 * US, "2.2ms"},
	{999999999, "999.999999ms"},
	{1 * S, "1s"},
	{3300 * MS, "3.3s"},
	{1 * S + 1, "1.000000001s"},
	{59 * S, "59s"},
	{1 * M, "1m0s"},
	{90 * S, "1m30s"},
	{4 * M + 5 * S + 1 * MS, "4m5.001s"},
	{1 * H, "1h0m0s"},
	{24 * H, "24h0m0s"},
	{5 * H + 6 * M + 7 * S + 1 * MS, "5h6m7.001s"},
	{8 * M + 1, "8m0.000000001s"},
	{INT64_MAX, "2562047h47m16.854775807s"},
	{INT64_MIN, "-2562047h47m16.854775808s"},
	{-1, "-1ns"},
	{-1500 * MS, "-1.5s"},
};

START_TEST(test_duration_format)
{
	char text[40];
	int64_t again;

	duration_format(formats[_i].ns, text);
	ck_assert_str_eq(text, formats[_i].text);
	if (formats[_i].ns >= 0) {
		ck_assert(duration_parse(str_from(text), &again));
		ck_assert_int_eq(again, formats[_i].ns);
	}
}
END_TEST

static const struct {
	usec_t usec;
	const char *text;
} short_formats[] = {
	{-5, "0.000s"},
	{0, "0.000s"},
	{412345, "0.412s"},
	{999400, "0.999s"},
	{1 * USEC_PER_SEC, "1.0s"},
	{12340000, "12.3s"},
	{59949999, "59.9s"},
	{59950000, "1m00s"},
	{60 * USEC_PER_SEC, "1m00s"},
	{125 * USEC_PER_SEC, "2m05s"},
	{3600 * USEC_PER_SEC, "60m00s"},
};

START_TEST(test_duration_format_short)
{
	char text[24];

	duration_format_short(short_formats[_i].usec, text);
	ck_assert_str_eq(text, short_formats[_i].text);
	duration_format_short(INT64_MAX, text);
	ck_assert_uint_lt(strlen(text), sizeof(text));
}
END_TEST

#define HOUR INT64_C(3600)
#define DAY (24 * HOUR)

static const struct {
	int64_t s;
	const char *text;
} ages[] = {
	{-100, "Less than a second"},
	{0, "Less than a second"},
	{1, "1 second"},
	{2, "2 seconds"},
	{59, "59 seconds"},
	{60, "About a minute"},
	{119, "About a minute"},
	{120, "2 minutes"},
	{3599, "59 minutes"},
	{HOUR, "About an hour"},
	/* hours count as begun from their half on */
	{HOUR + 1799, "About an hour"},
	{HOUR + 1800, "2 hours"},
	{2 * HOUR + 1799, "2 hours"},
	{47 * HOUR, "47 hours"},
	{47 * HOUR + 1799, "47 hours"},
	{47 * HOUR + 1800, "2 days"},
	{3 * DAY, "3 days"},
	{14 * DAY - 1801, "13 days"},
	{14 * DAY - 1800, "2 weeks"},
	{21 * DAY, "3 weeks"},
	{60 * DAY - 1801, "8 weeks"},
	{60 * DAY - 1800, "2 months"},
	{364 * DAY, "12 months"},
	{730 * DAY - 1801, "24 months"},
	{730 * DAY, "2 years"},
	{1100 * DAY, "3 years"},
};

START_TEST(test_ages)
{
	char text[32];

	clock_format_age(ages[_i].s * USEC_PER_SEC, text);
	ck_assert_str_eq(text, ages[_i].text);
	clock_format_age(ages[_i].s * USEC_PER_SEC + USEC_PER_SEC - 1, text);
	if (ages[_i].s >= 0)
		ck_assert_str_eq(text, ages[_i].text);
	clock_format_age(INT64_MAX, text);
	ck_assert_str_eq(text, "292471 years");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("clock");
	TCase *tests = tcase_create("clock");

	tcase_add_test(tests, test_clocks);
	tcase_add_loop_test(tests, test_dates, 0, (int)ARRAY_SIZE(dates));
	tcase_add_loop_test(tests, test_bad_dates, 0, (int)ARRAY_SIZE(bad_dates));
	tcase_add_test(tests, test_strange_dates);
	tcase_add_loop_test(tests, test_durations, 0, (int)ARRAY_SIZE(durations));
	tcase_add_loop_test(tests, test_bad_durations, 0, (int)ARRAY_SIZE(bad_durations));
	tcase_add_loop_test(tests, test_duration_format, 0, (int)ARRAY_SIZE(formats));
	tcase_add_loop_test(tests, test_duration_format_short, 0, (int)ARRAY_SIZE(short_formats));
	tcase_add_loop_test(tests, test_ages, 0, (int)ARRAY_SIZE(ages));
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
