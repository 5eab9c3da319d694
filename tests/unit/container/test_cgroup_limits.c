/* SPDX-License-Identifier: Apache-2.0 */
/* Limits to control files: pure, for every kind of machine. */
#include <check.h>

#include "cgroup_limits.h"

static const struct {
	uint64_t shares, weight;
} weights[] = {
	{ 1, 1 },	  { 2, 1 },	     { 4, 2 },		{ 512, 59 },
	{ 768, 80 },	  { 1024, 100 },     { 2048, 174 },	{ 4096, 303 },
	{ 200000, 7856 }, { 262143, 10000 }, { 262144, 10000 }, { UINT64_MAX, 10000 },
};

START_TEST(weight_of_shares)
{
	uint64_t got = cgroup_weight(weights[_i].shares);

	ck_assert_uint_eq(got, weights[_i].weight);
}
END_TEST

START_TEST(weight_grows_with_shares)
{
	for (uint64_t s = 2; s < 262144; s++)
		ck_assert_uint_le(cgroup_weight(s), cgroup_weight(s + 1));
}
END_TEST

static const struct {
	struct cgroup_limits limits;
	const char *file;
	bool unified;
	const char *value; /* NULL: not wanted */
} plans[] = {
	{ { 0 }, "memory.max", true, NULL },
	{ { .memory_max_bytes = 5 }, "memory.max", true, "5" },
	{ { .memory_max_bytes = 5 }, "memory.limit_in_bytes", false, "5" },
	{ { .memory_max_bytes = 5 }, "memory.swap.max", true, "5" },
	{ { .memory_max_bytes = 5 }, "memory.memsw.limit_in_bytes", false, "10" },
	{ { .memory_max_bytes = 5, .memory_swap_bytes = 5 }, "memory.swap.max", true, "0" },
	{ { .memory_max_bytes = 5, .memory_swap_bytes = 8 }, "memory.swap.max", true, "3" },
	{ { .memory_max_bytes = 5, .memory_swap_bytes = UINT64_MAX },
	  "memory.swap.max",
	  true,
	  "max" },
	{ { .memory_max_bytes = 5, .memory_swap_bytes = UINT64_MAX },
	  "memory.memsw.limit_in_bytes",
	  false,
	  "-1" },
	{ { .memory_max_bytes = UINT64_MAX / 2 + 1 }, "memory.memsw.limit_in_bytes", false, "-1" },
	{ { .memory_low_bytes = 7 }, "memory.low", true, "7" },
	{ { .memory_low_bytes = 7 }, "memory.soft_limit_in_bytes", false, "7" },
	{ { .cpu_quota_us_per_100ms = 50000 }, "cpu.max", true, "50000 100000" },
	{ { .cpu_quota_us_per_100ms = 50000 }, "cpu.cfs_quota_us", false, "50000" },
	{ { .cpu_shares = 512 }, "cpu.weight", true, "59" },
	{ { .cpu_shares = 512 }, "cpu.shares", false, "512" },
	{ { .pids_max = 10 }, "pids.max", true, "10" },
	{ { .pids_max = -1 }, "pids.max", false, NULL },
};

START_TEST(plan_gives_file_and_value)
{
	struct cgroup_setting settings[CGROUP_SETTINGS_MAX];
	const struct cgroup_setting *found = NULL;

	cgroup_plan_limits(&plans[_i].limits, plans[_i].unified, settings);
	for (size_t i = 0; i < CGROUP_SETTINGS_MAX; i++) {
		if (strcmp(settings[i].file, plans[_i].file) == 0)
			found = &settings[i];
	}
	ck_assert_ptr_nonnull(found);
	ck_assert_int_eq(found->wanted, plans[_i].value != NULL);
	if (plans[_i].value)
		ck_assert_str_eq(found->value, plans[_i].value);
}
END_TEST

START_TEST(plan_of_nothing_lifts_every_limit)
{
	static const char *const v1[] = { "-1", "-1", "-1", "-1", "1024", "max" };
	static const char *const v2[] = { "max", "max", "0", "max 100000", "100", "max" };
	struct cgroup_setting settings[CGROUP_SETTINGS_MAX];

	cgroup_plan_limits(&(struct cgroup_limits){ .pids_max = -1 }, false, settings);
	for (size_t i = 0; i < CGROUP_SETTINGS_MAX; i++)
		ck_assert_str_eq(settings[i].value, v1[i]);
	cgroup_plan_limits(&(struct cgroup_limits){ .pids_max = -1 }, true, settings);
	for (size_t i = 0; i < CGROUP_SETTINGS_MAX; i++)
		ck_assert_str_eq(settings[i].value, v2[i]);
}
END_TEST

static const struct cgroup_limits contradictions[] = {
	{ .memory_swap_bytes = 5 },
	{ .memory_max_bytes = 5, .memory_swap_bytes = 4 },
};

START_TEST(contradicting_limits_are_usage_errors)
{
	CLEANUP(error) struct error *err = NULL;

	ck_assert_int_eq(cgroup_check_limits(&contradictions[_i], &err), -ERR_USAGE);
}
END_TEST

static Suite *cgroup_limits_suite(void)
{
	Suite *s = suite_create("cgroup limits");
	TCase *pure = tcase_create("plan");

	tcase_add_loop_test(pure, weight_of_shares, 0, ARRAY_SIZE(weights));
	tcase_add_test(pure, weight_grows_with_shares);
	tcase_add_loop_test(pure, plan_gives_file_and_value, 0, ARRAY_SIZE(plans));
	tcase_add_test(pure, plan_of_nothing_lifts_every_limit);
	tcase_add_loop_test(pure, contradicting_limits_are_usage_errors, 0,
			    ARRAY_SIZE(contradictions));
	suite_add_tcase(s, pure);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(cgroup_limits_suite());

	srunner_run_all(sr, CK_NORMAL);
	int failed = srunner_ntests_failed(sr);

	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
