/* SPDX-License-Identifier: Apache-2.0 */
/* Health: Docker's counting, and probes that come early without counting. */
#include <check.h>

#include "health.h"

#define S USEC_PER_SEC
#define MS USEC_PER_MSEC

static struct stack_health make_check(usec_t interval, usec_t start_period, usec_t start_interval,
				      unsigned retries)
{
	return (struct stack_health){ .test = { .count = 2 },
				      .interval_ns = interval * 1000,
				      .timeout_ns = 30 * S * 1000,
				      .start_period_ns = start_period * 1000,
				      .start_interval_ns = start_interval * 1000,
				      .retries = retries };
}

/** struct event - One probe: begun at @at, ended after @takes with @success */
struct event {
	usec_t at, takes;
	bool success;
	enum health_status status; /* afterwards */
	unsigned streak;
	bool logged;
};

/** struct sequence - A check and what happens */
struct sequence {
	const char *name;
	usec_t interval, start_period, start_interval;
	unsigned retries;
	struct event events[8]; /* ended by @at < 0 */
};

static const struct sequence sequences[] = {
	{ "a success at once is healthy",
	  30 * S,
	  0,
	  5 * S,
	  3,
	  { { 0, MS, true, HEALTH_HEALTHY, 0, true }, { .at = -1 } } },
	{ "extra failures never count",
	  30 * S,
	  0,
	  5 * S,
	  1,
	  { { 0, MS, false, HEALTH_STARTING, 0, false },
	    { 51 * MS, MS, false, HEALTH_STARTING, 0, false },
	    { 20 * S, MS, false, HEALTH_STARTING, 0, false },
	    { 29 * S, MS, false, HEALTH_STARTING, 0, false },
	    { 30 * S, MS, false, HEALTH_UNHEALTHY, 1, true },
	    { .at = -1 } } },
	{ "three regular failures",
	  30 * S,
	  0,
	  5 * S,
	  3,
	  { { 30 * S, S, false, HEALTH_STARTING, 1, true },
	    { 61 * S, S, false, HEALTH_STARTING, 2, true },
	    { 92 * S, S, false, HEALTH_UNHEALTHY, 3, true },
	    { 123 * S, S, true, HEALTH_HEALTHY, 0, true },
	    { 154 * S, S, false, HEALTH_HEALTHY, 1, true },
	    { .at = -1 } } },
	{ "failures inside the start period do not count, but are logged",
	  30 * S,
	  20 * S,
	  5 * S,
	  1,
	  { { 5 * S, S, false, HEALTH_STARTING, 0, true },
	    { 11 * S, S, false, HEALTH_STARTING, 0, true },
	    { 17 * S, 4 * S, false, HEALTH_STARTING, 0, true },
	    { 51 * S, S, false, HEALTH_UNHEALTHY, 1, true },
	    { .at = -1 } } },
	{ "after a success they count also inside the start period",
	  10 * S,
	  60 * S,
	  5 * S,
	  2,
	  { { 5 * S, S, true, HEALTH_HEALTHY, 0, true },
	    { 16 * S, S, false, HEALTH_HEALTHY, 1, true },
	    { 27 * S, S, false, HEALTH_UNHEALTHY, 2, true },
	    { 38 * S, S, true, HEALTH_HEALTHY, 0, true },
	    { .at = -1 } } },
	{ "a success between failures starts the count anew",
	  10 * S,
	  0,
	  5 * S,
	  2,
	  { { 10 * S, S, false, HEALTH_STARTING, 1, true },
	    { 12 * S, S, true, HEALTH_HEALTHY, 0, true },
	    { 23 * S, S, false, HEALTH_HEALTHY, 1, true },
	    { .at = -1 } } },
};

START_TEST(counts_as_docker_does)
{
	const struct sequence *q = &sequences[_i];
	struct stack_health check =
		make_check(q->interval, q->start_period, q->start_interval, q->retries);
	struct health h = { 0 };

	health_start(&h, &check, 0);
	ck_assert_int_eq(h.status, HEALTH_STARTING);
	for (const struct event *e = q->events; e->at >= 0; e++) {
		(void)health_begin(&h, &check, e->at);
		bool logged = health_end(&h, &check, e->success, e->at + e->takes);

		ck_assert_msg(h.status == e->status && h.failing_streak == e->streak &&
				      logged == e->logged,
			      "%s: at %lld ms: %s, streak %u, logged %d", q->name,
			      (long long)(e->at / MS), health_status_name(h.status),
			      h.failing_streak, logged);
	}
}
END_TEST

/* All probes fail: when are they begun? */
START_TEST(early_probes_grow_gently)
{
	struct stack_health check = make_check(30 * S, 0, 5 * S, 3);
	struct health h = { 0 };
	usec_t at = 0, last = 0, longest = 0, regular = 0;
	unsigned count = 0;

	health_start(&h, &check, 0);
	ck_assert(health_next(&h, &at) && at == 0);
	while (at < 30 * S) {
		(void)health_begin(&h, &check, at);
		(void)health_end(&h, &check, false, at + MS);
		last = at;
		ck_assert(health_next(&h, &at));
		if (count == 0)
			ck_assert_int_eq(at, 51 * MS);
		if (at - last > longest)
			longest = at - last;
		count++;
	}
	ck_assert_int_ge(longest, 400 * MS);
	ck_assert_int_le(longest, 501 * MS);
	ck_assert_uint_ge(count, 60);
	ck_assert_uint_le(count, 90);
	ck_assert_uint_eq(h.failing_streak, 0);
	/* The regular one comes when Docker's would have come. */
	ck_assert_int_eq(at, 30 * S);
	ck_assert_int_ge(health_begin(&h, &check, at), 60 * S);
	(void)health_end(&h, &check, false, at + MS);
	ck_assert_uint_eq(h.failing_streak, 1);
	regular = h.next_regular;
	ck_assert_int_eq(regular, 60 * S + MS);
}
END_TEST

START_TEST(pause_is_never_above_the_interval)
{
	struct stack_health check = make_check(200 * MS, 0, 5 * S, 1000);
	struct health h = { 0 };
	usec_t at = 0;

	health_start(&h, &check, 0);
	for (usec_t now = 0; now < 40 * S; now = at) {
		(void)health_begin(&h, &check, now);
		(void)health_end(&h, &check, false, now + MS);
		ck_assert(health_next(&h, &at));
		ck_assert_int_le(at - (now + MS), 200 * MS);
	}
}
END_TEST

START_TEST(pause_grows_after_the_first_half_minute)
{
	struct stack_health check = make_check(600 * S, 600 * S, 5 * S, 3);
	struct health h = { 0 };
	usec_t at = 0, longest = 0;

	health_start(&h, &check, 0);
	for (usec_t now = 0; now < 120 * S; now = at) {
		(void)health_begin(&h, &check, now);
		(void)health_end(&h, &check, false, now + MS);
		ck_assert(health_next(&h, &at));
		if (at - now > longest)
			longest = at - now;
	}
	ck_assert_int_gt(longest, 2 * S);
	ck_assert_int_le(longest, 5 * S + MS);
}
END_TEST

START_TEST(extra_probe_gives_way_to_the_regular_one)
{
	struct stack_health check = make_check(2 * S, 0, 5 * S, 3);
	struct health h = { 0 };
	usec_t at;

	health_start(&h, &check, 0);
	ck_assert_int_eq(health_begin(&h, &check, 1900 * MS), 2 * S);
	ck_assert(!health_next(&h, &at));
	(void)health_end(&h, &check, false, 2 * S);
	ck_assert(health_next(&h, &at));
	ck_assert_int_eq(at, 2 * S);
	ck_assert_int_eq(health_begin(&h, &check, at), 32 * S);
	(void)health_end(&h, &check, false, 3 * S);
	ck_assert_uint_eq(h.failing_streak, 1);
}
END_TEST

START_TEST(start_interval_holds_inside_the_start_period_only)
{
	struct stack_health check = make_check(30 * S, 60 * S, 5 * S, 3);
	struct health h = { 0 };

	health_start(&h, &check, 0);
	ck_assert_int_eq(h.next_regular, 5 * S);
	(void)health_begin(&h, &check, 5 * S);
	(void)health_end(&h, &check, false, 6 * S);
	ck_assert_int_eq(h.next_regular, 11 * S);
	(void)health_begin(&h, &check, 11 * S);
	(void)health_end(&h, &check, true, 12 * S);
	ck_assert_int_eq(h.next_regular, 42 * S); /* healthy: the interval */
}
END_TEST

START_TEST(no_extra_probes_once_healthy)
{
	struct stack_health check = make_check(30 * S, 0, 5 * S, 3);
	struct health h = { 0 };
	usec_t at;

	health_start(&h, &check, 0);
	(void)health_begin(&h, &check, 0);
	(void)health_end(&h, &check, true, MS);
	ck_assert(health_next(&h, &at));
	ck_assert_int_eq(at, 30 * S + MS);
	(void)health_begin(&h, &check, at);
	(void)health_end(&h, &check, false, at + MS);
	ck_assert(health_next(&h, &at));
	ck_assert_int_eq(at, 60 * S + 2 * MS);
}
END_TEST

START_TEST(stop_and_start_begin_anew)
{
	struct stack_health check = make_check(30 * S, 0, 5 * S, 1), none = { 0 };
	struct health h = { 0 };
	usec_t at;

	health_start(&h, &none, 0);
	ck_assert_int_eq(h.status, HEALTH_NONE);
	ck_assert(!health_next(&h, &at));
	health_start(&h, &check, 0);
	(void)health_begin(&h, &check, 30 * S);
	(void)health_end(&h, &check, false, 31 * S);
	ck_assert_int_eq(h.status, HEALTH_UNHEALTHY);
	health_resume(&h, &check, 40 * S);
	ck_assert_int_eq(h.status, HEALTH_UNHEALTHY);
	ck_assert(health_next(&h, &at));
	ck_assert_int_eq(at, 70 * S);
	health_stop(&h);
	ck_assert_int_eq(h.status, HEALTH_NONE);
	ck_assert(!health_next(&h, &at));
	health_start(&h, &check, 50 * S);
	ck_assert_int_eq(h.status, HEALTH_STARTING);
	ck_assert_uint_eq(h.failing_streak, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("health");
	TCase *c = tcase_create("health");

	tcase_add_loop_test(c, counts_as_docker_does, 0, (int)ARRAY_SIZE(sequences));
	tcase_add_test(c, early_probes_grow_gently);
	tcase_add_test(c, pause_is_never_above_the_interval);
	tcase_add_test(c, pause_grows_after_the_first_half_minute);
	tcase_add_test(c, extra_probe_gives_way_to_the_regular_one);
	tcase_add_test(c, start_interval_holds_inside_the_start_period_only);
	tcase_add_test(c, no_extra_probes_once_healthy);
	tcase_add_test(c, stop_and_start_begin_anew);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);

	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);

	srunner_free(r);
	return failed != 0;
}
