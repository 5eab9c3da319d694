/* SPDX-License-Identifier: Apache-2.0 */
/* Each row of the merge rules: an earlier file, a later file, the result as sorted JSON. */
#include <check.h>
#include <stdlib.h>

#include "canonical.h"
#include "merge.h"

static struct yaml_node *parse(struct arena *a, const char *text)
{
	CLEANUP(error) struct error *err = NULL;
	struct yaml_file *file = NULL;

	if (yaml_parse(a, "t.yml", str_from(text), &file, &err) < 0)
		ck_abort_msg("%s: %s", text, error_frame(err, 0));
	return file->documents[0];
}

/* Both texts are the content of services.s. */
static char *merge(const char *base, const char *over, struct error **err)
{
	CLEANUP(arena) struct arena *a = arena_new();
	CLEANUP_FREE char *base_text = x_asprintf("{services: {s: {%s}}}", base);
	CLEANUP_FREE char *over_text = x_asprintf("{services: {s: {%s}}}", over);
	struct yaml_node *first = NULL, *result = NULL;

	if (compose_merge(a, NULL, parse(a, base_text), &first, err) < 0 ||
	    compose_merge(a, first, parse(a, over_text), &result, err) < 0)
		return NULL;
	json_t *object = json_object();

	compose_canonical_extensions(
		object, yaml_find(yaml_find(result, "services")->value, "s")->value);
	char *text = json_dumps(object, JSON_COMPACT | JSON_ENCODE_ANY);

	json_decref(object);
	return text;
}

START_TEST(rows)
{
	static const struct {
		const char *base, *over, *want;
	} table[] = {
		/* mappings, scalars, null, lists */
		{ "a: 1, b: {c: 1}", "a: 2, b: {d: 2}", "{\"a\":2,\"b\":{\"c\":1,\"d\":2}}" },
		{ "a: 1, b: [1]", "a: null, b: ~", "{\"a\":1,\"b\":[1]}" },
		{ "a: null", "a: {b: 1}", "{\"a\":{\"b\":1}}" },
		{ "x-l: [1, 2]", "x-l: [2, 3]", "{\"x-l\":[1,2,2,3]}" },
		/* replaced */
		{ "command: [a, b]", "command: [c]", "{\"command\":[\"c\"]}" },
		{ "entrypoint: [a]", "entrypoint: b", "{\"entrypoint\":\"b\"}" },
		{ "healthcheck: {test: [CMD, a], retries: 2}", "healthcheck: {test: [NONE]}",
		  "{\"healthcheck\":{\"retries\":2,\"test\":[\"NONE\"]}}" },
		/* by key, in any form */
		{ "environment: {A: 1, B: 2}", "environment: [B=3, C]",
		  "{\"environment\":{\"A\":1,\"B\":\"3\",\"C\":null}}" },
		{ "environment: [A=1]", "environment: {A: ~}", "{\"environment\":{\"A\":null}}" },
		{ "labels: [a=1]", "labels: {b: 2}", "{\"labels\":{\"a\":\"1\",\"b\":2}}" },
		{ "build: {args: [X=1]}", "build: {args: {Y: 2}}",
		  "{\"build\":{\"args\":{\"X\":\"1\",\"Y\":2}}}" },
		/* unique values */
		{ "dns: 1.1.1.1", "dns: [1.1.1.1, 8.8.8.8]",
		  "{\"dns\":[\"1.1.1.1\",\"8.8.8.8\"]}" },
		{ "cap_add: [A, B]", "cap_add: [B, C]", "{\"cap_add\":[\"A\",\"B\",\"C\"]}" },
		{ "extra_hosts: ['a=1.1.1.1']", "extra_hosts: {b: 2.2.2.2, a: 1.1.1.1}",
		  "{\"extra_hosts\":[\"a=1.1.1.1\",\"b=2.2.2.2\"]}" },
		{ "tmpfs: /a", "tmpfs: [/a, /b]", "{\"tmpfs\":[\"/a\",\"/b\"]}" },
		/* ports are only added */
		{ "ports: ['80:80']", "ports: ['81:80']", "{\"ports\":[\"80:80\",\"81:80\"]}" },
		/* by target */
		{ "volumes: ['a:/x', 'b:/y']", "volumes: ['c:/x/:ro']",
		  "{\"volumes\":[\"c:/x/:ro\",\"b:/y\"]}" },
		{ "volumes: [{type: bind, source: ., target: /x}]", "volumes: ['c:/x']",
		  "{\"volumes\":[\"c:/x\"]}" },
		{ "secrets: [a]", "secrets: [{source: b, target: /run/secrets/a}]",
		  "{\"secrets\":[{\"source\":\"b\",\"target\":\"/run/secrets/a\"}]}" },
		{ "configs: [a]", "configs: [b, a]", "{\"configs\":[\"a\",\"b\"]}" },
		/* names */
		{ "depends_on: [a]", "depends_on: {a: {condition: service_healthy}, b: {}}",
		  "{\"depends_on\":{\"a\":{\"condition\":\"service_healthy\"},\"b\":{}}}" },
		{ "networks: {a: {aliases: [x]}}", "networks: [a, b]",
		  "{\"networks\":{\"a\":{\"aliases\":[\"x\"]},\"b\":null}}" },
		/* build, logging, ulimits */
		{ "build: dir", "build: {target: t}",
		  "{\"build\":{\"context\":\"dir\",\"target\":\"t\"}}" },
		{ "build: {context: a, target: t}", "build: b",
		  "{\"build\":{\"context\":\"b\",\"target\":\"t\"}}" },
		{ "logging: {driver: d, options: {a: 1}}", "logging: {options: {b: 2}}",
		  "{\"logging\":{\"driver\":\"d\",\"options\":{\"a\":1,\"b\":2}}}" },
		{ "logging: {driver: d, options: {a: 1}}", "logging: {driver: e}",
		  "{\"logging\":{\"driver\":\"e\"}}" },
		{ "ulimits: {nofile: 5, nproc: 1}", "ulimits: {nofile: {soft: 1, hard: 2}}",
		  "{\"ulimits\":{\"nofile\":{\"hard\":2,\"soft\":1},\"nproc\":1}}" },
		/* tags */
		{ "ports: [1], a: 1", "ports: !reset [], a: !reset null", "{}" },
		{ "ports: [1]", "ports: !override [2]", "{\"ports\":[2]}" },
		{ "command: [a]", "command: !override [b]", "{\"command\":[\"b\"]}" },
		{ "environment: {A: 1, B: 2}", "environment: {A: !reset null}",
		  "{\"environment\":{\"B\":2}}" },
		{ "a: {b: {c: 1, d: 2}}", "a: {b: {c: !reset 0}}", "{\"a\":{\"b\":{\"d\":2}}}" },
		{ "a: !reset 1, b: !override 2", "c: {d: !reset 1}", "{\"b\":2,\"c\":{}}" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		CLEANUP(error) struct error *err = NULL;
		CLEANUP_FREE char *got = merge(table[i].base, table[i].over, &err);

		ck_assert_msg(got != NULL, "%s: %s", table[i].over,
			      err ? error_frame(err, 0) : "");
		ck_assert_str_eq(got, table[i].want);
	}
}
END_TEST

START_TEST(errors)
{
	static const struct {
		const char *base, *over, *message;
	} table[] = {
		{ "ports: [1]", "ports: {a: 1}", "cannot merge a mapping over a list" },
		{ "x: {a: 1}", "x: 1", "cannot merge an integer over a mapping" },
		{ "x: 1", "x: !nope 2", "unknown tag '!nope'" },
		{ "x: 1", "y: {z: !nope 2}", "unknown tag '!nope'" },
		{ "environment: {A: 1}", "environment: {A: !nope 2}", "unknown tag '!nope'" },
		{ "x: [1]", "x: [!reset 1]", "!reset cannot remove one item of a list" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		CLEANUP(error) struct error *err = NULL;

		ck_assert_ptr_null(merge(table[i].base, table[i].over, &err));
		ck_assert_str_eq(error_frame(err, 0), table[i].message);
		ck_assert_ptr_nonnull(error_position(err));
	}
}
END_TEST

START_TEST(subnets_are_merged_by_address)
{
	CLEANUP(arena) struct arena *a = arena_new();
	CLEANUP(error) struct error *err = NULL;
	struct yaml_node *result = NULL;

	ck_assert_int_eq(
		compose_merge(
			a, parse(a, "networks: {n: {ipam: {config: [{subnet: 10.0.0.0/24}]}}}"),
			parse(a, "networks: {n: {ipam: {config: [{subnet: 10.0.0.0/24, gateway: "
				 "10.0.0.9}, {subnet: 10.1.0.0/24}]}}}"),
			&result, &err),
		0);
	json_t *object = json_object();

	compose_canonical_extensions(object, result);
	CLEANUP_FREE char *got = json_dumps(object, JSON_COMPACT);

	json_decref(object);
	ck_assert_str_eq(got, "{\"networks\":{\"n\":{\"ipam\":{\"config\":[{\"gateway\":"
			      "\"10.0.0.9\",\"subnet\":\"10.0.0.0/24\"},{\"subnet\":"
			      "\"10.1.0.0/24\"}]}}}}");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("compose/merge");
	TCase *tests = tcase_create("merge");
	SRunner *runner = srunner_create(suite);

	tcase_add_test(tests, rows);
	tcase_add_test(tests, errors);
	tcase_add_test(tests, subnets_are_merged_by_address);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
