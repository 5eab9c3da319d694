/* SPDX-License-Identifier: Apache-2.0 */
/* Sorting by dependency, start conditions, and what "up" decides about a service. */
#include <check.h>

#include "converge.h"
#include "order.h"

static char api[] = "api", db[] = "db", job[] = "job", web[] = "web";

START_TEST(dependencies_come_first)
{
	struct stack_dependency of_api[] = { { db, STACK_HEALTHY, true },
					     { job, STACK_COMPLETED, true } };
	struct stack_dependency of_job[] = { { db, STACK_HEALTHY, true } };
	struct stack_dependency of_web[] = { { api, STACK_STARTED, true } };
	struct order_node nodes[] = {
		{ web, of_web, 1 }, { api, of_api, 2 }, { job, of_job, 1 }, { db, NULL, 0 }
	};
	CLEANUP(error) struct error *err = NULL;
	size_t order[4];

	ck_assert_int_eq(order_sort(nodes, 4, order, &err), 0);
	ck_assert_uint_eq(order[0], 3);
	ck_assert_uint_eq(order[1], 2);
	ck_assert_uint_eq(order[2], 1);
	ck_assert_uint_eq(order[3], 0);
	ck_assert(order_needs(&nodes[1], db));
	ck_assert(!order_needs(&nodes[0], db));
	ck_assert(!order_needs(&nodes[0], NULL));
}
END_TEST

START_TEST(unknown_dependencies_and_nameless_nodes_do_not_matter)
{
	struct stack_dependency of_web[] = { { api, STACK_STARTED, false } };
	struct order_node nodes[] = { { web, of_web, 1 }, { NULL, NULL, 0 } };
	CLEANUP(error) struct error *err = NULL;
	size_t order[2];

	ck_assert_int_eq(order_sort(nodes, 2, order, &err), 0);
	ck_assert_uint_eq(order[0], 0);
}
END_TEST

START_TEST(circle_is_named)
{
	struct stack_dependency of_api[] = { { web, STACK_STARTED, true } };
	struct stack_dependency of_web[] = { { api, STACK_STARTED, true } };
	struct order_node nodes[] = { { db, NULL, 0 }, { api, of_api, 1 }, { web, of_web, 1 } };
	CLEANUP(error) struct error *err = NULL;
	size_t order[3];

	ck_assert_int_eq(order_sort(nodes, 3, order, &err), -ERR_USAGE);
	ck_assert_str_eq(error_frame(err, 0),
			 "services depend on each other in a circle: api, web");
}
END_TEST

static const struct judge_case {
	enum stack_condition condition;
	struct order_facts facts;
	enum order_verdict verdict;
	const char *why;
} judgements[] = {
	{ STACK_STARTED, { 0 }, ORDER_FAILED, "has no container" },
	{ STACK_STARTED,
	  { .is_there = true, .is_failed = true },
	  ORDER_FAILED,
	  "could not be started" },
	{ STACK_STARTED, { .is_there = true }, ORDER_WAIT, "" },
	{ STACK_STARTED,
	  { .is_there = true, .was_started = true, .status = CONTAINER_RUNNING },
	  ORDER_READY,
	  "" },
	{ STACK_STARTED,
	  { .is_there = true, .was_started = true, .status = CONTAINER_EXITED, .exit_code = 1 },
	  ORDER_READY,
	  "" },
	{ STACK_HEALTHY,
	  { .is_there = true, .was_started = true, .status = CONTAINER_RUNNING },
	  ORDER_FAILED,
	  "has no health check to wait for" },
	{ STACK_HEALTHY,
	  { .is_there = true,
	    .was_started = true,
	    .has_check = true,
	    .status = CONTAINER_RUNNING,
	    .health = HEALTH_STARTING },
	  ORDER_WAIT,
	  "" },
	{ STACK_HEALTHY,
	  { .is_there = true,
	    .was_started = true,
	    .has_check = true,
	    .status = CONTAINER_RUNNING,
	    .health = HEALTH_HEALTHY },
	  ORDER_READY,
	  "" },
	{ STACK_HEALTHY,
	  { .is_there = true,
	    .was_started = true,
	    .has_check = true,
	    .status = CONTAINER_RUNNING,
	    .health = HEALTH_UNHEALTHY },
	  ORDER_FAILED,
	  "is unhealthy" },
	{ STACK_HEALTHY,
	  { .is_there = true,
	    .was_started = true,
	    .has_check = true,
	    .status = CONTAINER_RESTARTING },
	  ORDER_WAIT,
	  "" },
	{ STACK_HEALTHY,
	  { .is_there = true,
	    .was_started = true,
	    .has_check = true,
	    .status = CONTAINER_EXITED,
	    .exit_code = 3 },
	  ORDER_FAILED,
	  "exited (3)" },
	{ STACK_COMPLETED,
	  { .is_there = true, .was_started = true, .status = CONTAINER_RUNNING },
	  ORDER_WAIT,
	  "" },
	{ STACK_COMPLETED,
	  { .is_there = true, .was_started = true, .status = CONTAINER_EXITED },
	  ORDER_READY,
	  "" },
	{ STACK_COMPLETED,
	  { .is_there = true, .was_started = true, .status = CONTAINER_EXITED, .exit_code = 2 },
	  ORDER_FAILED,
	  "exited (2)" },
};

START_TEST(conditions_are_judged)
{
	const struct judge_case *c = &judgements[_i];
	char why[64] = "";

	ck_assert_int_eq(order_judge(c->condition, &c->facts, why), c->verdict);
	ck_assert_str_eq(why, c->why);
}
END_TEST

static const struct converge_case {
	const char *hash, *image;
	struct container_state state;
	enum stack_restart restart;
	bool has_port, is_job;
	enum converge_verdict verdict;
	bool settled;
} converges[] = {
	{ "h",
	  "i",
	  { .status = CONTAINER_RUNNING },
	  STACK_RESTART_NO,
	  true,
	  false,
	  CONVERGE_KEEP,
	  true },
	{ "h",
	  "i",
	  { .status = CONTAINER_RUNNING, .health = HEALTH_HEALTHY },
	  STACK_RESTART_NO,
	  true,
	  false,
	  CONVERGE_KEEP,
	  true },
	{ "h",
	  "i",
	  { .status = CONTAINER_RUNNING, .health = HEALTH_STARTING },
	  STACK_RESTART_NO,
	  true,
	  false,
	  CONVERGE_KEEP,
	  false },
	{ "h",
	  "i",
	  { .status = CONTAINER_RESTARTING },
	  STACK_RESTART_NO,
	  true,
	  false,
	  CONVERGE_KEEP,
	  false },
	{ "x",
	  "i",
	  { .status = CONTAINER_RUNNING },
	  STACK_RESTART_NO,
	  true,
	  false,
	  CONVERGE_RECREATE,
	  false },
	{ "h",
	  "x",
	  { .status = CONTAINER_RUNNING },
	  STACK_RESTART_NO,
	  true,
	  false,
	  CONVERGE_RECREATE,
	  false },
	{ "h",
	  "i",
	  { .status = CONTAINER_RUNNING, .is_orphan = true },
	  STACK_RESTART_NO,
	  true,
	  false,
	  CONVERGE_START,
	  false },
	{ "h",
	  "i",
	  { .status = CONTAINER_CREATED },
	  STACK_RESTART_NO,
	  false,
	  false,
	  CONVERGE_START,
	  false },
	{ "h",
	  "i",
	  { .status = CONTAINER_EXITED },
	  STACK_RESTART_NO,
	  false,
	  false,
	  CONVERGE_ENDED,
	  true },
	{ "h",
	  "i",
	  { .status = CONTAINER_EXITED },
	  STACK_RESTART_NO,
	  true,
	  false,
	  CONVERGE_START,
	  false },
	{ "h",
	  "i",
	  { .status = CONTAINER_EXITED },
	  STACK_RESTART_NO,
	  true,
	  true,
	  CONVERGE_ENDED,
	  true },
	{ "h",
	  "i",
	  { .status = CONTAINER_EXITED },
	  STACK_RESTART_ALWAYS,
	  false,
	  false,
	  CONVERGE_START,
	  false },
	{ "h",
	  "i",
	  { .status = CONTAINER_EXITED, .exit_code = 1 },
	  STACK_RESTART_NO,
	  false,
	  true,
	  CONVERGE_START,
	  false },
	{ "h",
	  "i",
	  { .status = CONTAINER_EXITED, .stopped_by_hand = true },
	  STACK_RESTART_NO,
	  false,
	  true,
	  CONVERGE_START,
	  false },
};

START_TEST(only_what_differs_is_touched)
{
	const struct converge_case *c = &converges[_i];
	char hash[] = "h", image[] = "i";
	CLEANUP_FREE char *found_hash = x_strdup(c->hash), *found_image = x_strdup(c->image);
	struct stack_service wanted = { .config_hash = hash,
					.image_manifest = image,
					.restart = c->restart,
					.port_count = c->has_port };
	struct container_info found = { .service = { .config_hash = found_hash,
						     .image_manifest = found_image },
					.state = c->state };

	ck_assert_int_eq(converge_judge(&wanted, &found, c->is_job), c->verdict);
	ck_assert_int_eq(converge_is_settled(c->verdict, &found), c->settled);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("order");
	TCase *c = tcase_create("order");

	tcase_add_test(c, dependencies_come_first);
	tcase_add_test(c, unknown_dependencies_and_nameless_nodes_do_not_matter);
	tcase_add_test(c, circle_is_named);
	tcase_add_loop_test(c, conditions_are_judged, 0, (int)ARRAY_SIZE(judgements));
	tcase_add_loop_test(c, only_what_differs_is_touched, 0, (int)ARRAY_SIZE(converges));
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);

	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);

	srunner_free(r);
	return failed != 0;
}
