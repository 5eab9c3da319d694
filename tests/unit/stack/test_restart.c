/* SPDX-License-Identifier: Apache-2.0 */
/* Restart policies: who runs again, and after how long. */
#include <check.h>

#include "restart.h"

#define S USEC_PER_SEC
#define MS USEC_PER_MSEC

static const struct policy_case {
	enum stack_restart policy;
	unsigned max, count; /* of on-failure; restarts so far */
	int exit_code;
	bool by_hand, again;
} policies[] = {
	{ STACK_RESTART_NO, 0, 0, 0, false, false },
	{ STACK_RESTART_NO, 0, 0, 1, false, false },
	{ STACK_RESTART_ALWAYS, 0, 0, 0, false, true },
	{ STACK_RESTART_ALWAYS, 0, 9, 1, false, true },
	{ STACK_RESTART_ALWAYS, 0, 0, 1, true, false },
	{ STACK_RESTART_UNLESS_STOPPED, 0, 0, 0, false, true },
	{ STACK_RESTART_UNLESS_STOPPED, 0, 0, 143, true, false },
	{ STACK_RESTART_ON_FAILURE, 0, 0, 0, false, false },
	{ STACK_RESTART_ON_FAILURE, 0, 99, 1, false, true },
	{ STACK_RESTART_ON_FAILURE, 3, 2, 137, false, true },
	{ STACK_RESTART_ON_FAILURE, 3, 3, 137, false, false },
	{ STACK_RESTART_ON_FAILURE, 3, 0, 137, true, false },
};

START_TEST(policy_decides)
{
	const struct policy_case *c = &policies[_i];
	struct restart r = { .count = c->count };
	struct restart_exit e = { c->exit_code, c->by_hand, S };
	usec_t delay = -1;

	ck_assert_int_eq(restart_decide(&r, c->policy, c->max, &e, &delay), c->again);
	ck_assert_int_eq(delay, c->again ? 100 * MS : -1);
	ck_assert_uint_eq(r.count, c->count + c->again);
}
END_TEST

START_TEST(delay_doubles_up_to_a_minute)
{
	static const usec_t delays[] = { 100 * MS,   200 * MS,	 400 * MS,  800 * MS,
					 1600 * MS,  3200 * MS,	 6400 * MS, 12800 * MS,
					 25600 * MS, 51200 * MS, 60 * S,    60 * S };
	struct restart r = { 0 };
	struct restart_exit e = { 1, false, 9999 * MS };
	usec_t delay;

	for (size_t i = 0; i < ARRAY_SIZE(delays); i++) {
		ck_assert(restart_decide(&r, STACK_RESTART_ALWAYS, 0, &e, &delay));
		ck_assert_int_eq(delay, delays[i]);
	}
	e.run_time = 10 * S; /* a good run */
	ck_assert(restart_decide(&r, STACK_RESTART_ALWAYS, 0, &e, &delay));
	ck_assert_int_eq(delay, 100 * MS);
	ck_assert_uint_eq(r.count, ARRAY_SIZE(delays) + 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("restart");
	TCase *c = tcase_create("restart");

	tcase_add_loop_test(c, policy_decides, 0, (int)ARRAY_SIZE(policies));
	tcase_add_test(c, delay_doubles_up_to_a_minute);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);

	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);

	srunner_free(r);
	return failed != 0;
}
