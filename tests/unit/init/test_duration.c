/* SPDX-License-Identifier: Apache-2.0 */
/* Durations in Go's notation and plain numbers. */
#include <check.h>
#include <stdlib.h>

#include "duration.h"

#define UNTOUCHED	(-7)

static const struct duration_case {
	const char *text;
	int64_t us;		/* UNTOUCHED: refused */
} durations[] = {
	{ "30s", 30 * USEC_PER_SEC },
	{ "1m30s", 90 * USEC_PER_SEC },
	{ "500ms", 500 * USEC_PER_MSEC },
	{ "1h5m30s20ms", 3930 * USEC_PER_SEC + 20 * USEC_PER_MSEC },
	{ "1.5h", 5400 * USEC_PER_SEC },
	{ ".5s", 500 * USEC_PER_MSEC },
	{ "1.s", USEC_PER_SEC },
	{ "0.123456789123s", 123456 },
	{ "0.999999999h", INT64_C(3599999996) },
	{ "15us", 15 },
	{ "15\xc2\xb5s", 15 },
	{ "15\xce\xbcs", 15 },
	{ "2000ns", 2 },
	{ "0m1s", USEC_PER_SEC },
	{ "168h", DURATION_MAX_US },
	{ "168h1us", UNTOUCHED },
	{ "169h", UNTOUCHED },
	{ "99999999999999999999s", UNTOUCHED },
	{ "9223372036854775807ns", UNTOUCHED },
	{ "0s", UNTOUCHED },
	{ "999ns", UNTOUCHED },
	{ "", UNTOUCHED },
	{ "30", UNTOUCHED },
	{ "s", UNTOUCHED },
	{ ".s", UNTOUCHED },
	{ "-1s", UNTOUCHED },
	{ "+1s", UNTOUCHED },
	{ "1 s", UNTOUCHED },
	{ "1s ", UNTOUCHED },
	{ "1d", UNTOUCHED },
	{ "1s1", UNTOUCHED },
	{ "1..5s", UNTOUCHED },
};

START_TEST(duration_is_read_or_refused)
{
	const struct duration_case *c = &durations[_i];
	int64_t us = UNTOUCHED;
	ck_assert_msg(init_duration_parse(c->text, &us) == (c->us != UNTOUCHED), "'%s'", c->text);
	ck_assert_int_eq(us, c->us);
}
END_TEST

static const struct number_case {
	const char *text;
	int max;
	int value;
} numbers[] = {
	{ "0", 255, 0 },
	{ "255", 255, 255 },
	{ "007", 255, 7 },
	{ "2147483647", 2147483647, 2147483647 },
	{ "256", 255, UNTOUCHED },
	{ "2147483648", 2147483647, UNTOUCHED },
	{ "99999999999999999999", 2147483647, UNTOUCHED },
	{ "5", 3, UNTOUCHED },
	{ "", 255, UNTOUCHED },
	{ "-1", 255, UNTOUCHED },
	{ "1x", 255, UNTOUCHED },
	{ " 1", 255, UNTOUCHED },
};

START_TEST(number_is_read_or_refused)
{
	const struct number_case *c = &numbers[_i];
	int value = UNTOUCHED;
	bool valid = init_number_parse(c->text, c->max, &value);
	ck_assert_msg(valid == (c->value != UNTOUCHED), "'%s'", c->text);
	ck_assert_int_eq(value, c->value);
}
END_TEST

static Suite *duration_suite(void)
{
	Suite *suite = suite_create("init duration");
	TCase *tcase = tcase_create("parse");
	tcase_add_loop_test(tcase, duration_is_read_or_refused, 0,
			    sizeof(durations) / sizeof(durations[0]));
	tcase_add_loop_test(tcase, number_is_read_or_refused, 0,
			    sizeof(numbers) / sizeof(numbers[0]));
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(duration_suite());
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
