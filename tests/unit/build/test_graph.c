/* SPDX-License-Identifier: Apache-2.0 */
/* Stages: what a target reaches, where sources come from, what is said when a name is wrong. */
#include <check.h>

#include "graph.h"

struct fixture {
	struct dockerfile *df;
	struct build_values values;
	struct build_graph graph;
	struct error *err;
};

static int load(struct fixture *f, const char *text, const char *target)
{
	const struct strv args = STRV_INIT;

	*f = (struct fixture){ 0 };
	ck_assert_int_eq(dockerfile_parse("Dockerfile", str_from(text), NULL, &f->df, &f->err), 0);
	ck_assert_int_eq(build_values_init(&f->values, f->df, &args, target, &f->err), 0);
	return graph_new(f->df, &f->values, target, &f->graph, &f->err);
}

static void unload(struct fixture *f)
{
	build_values_fini(&f->values);
	dockerfile_free(f->df);
	error_free(f->err);
}

static const struct {
	const char *text, *target, *reached; /* one character per stage: x reached, . not */
} reach_rows[] = {
	{ "FROM scratch\n", NULL, "x" },
	{ "FROM scratch AS a\nFROM scratch AS b\n", NULL, ".x" },
	{ "FROM scratch AS a\nFROM scratch AS b\n", "a", "x." },
	{ "FROM scratch AS a\nFROM scratch AS b\n", "0", "x." },
	{ "FROM scratch AS a\nFROM a\n", NULL, "xx" },
	{ "FROM scratch AS a\nFROM scratch\nCOPY --from=a /x /y\n", NULL, "xx" },
	{ "FROM scratch AS a\nFROM scratch\nCOPY --from=0 /x /y\n", NULL, "xx" },
	{ "FROM scratch AS a\nFROM scratch\nCOPY --from=A /x /y\n", NULL, "xx" },
	{ "FROM scratch AS a\nFROM scratch AS b\nCOPY --from=a /x /y\nFROM scratch\nCOPY --from=b / /\n", NULL, "xxx" },
	{ "FROM scratch AS a\nFROM scratch\nRUN --mount=type=bind,from=a,target=/a true\n", NULL, "xx" },
	{ "FROM scratch AS a\nONBUILD COPY --from=x /1 /2\nFROM scratch AS x\nFROM a\n", NULL, "xxx" },
	{ "ARG B=a\nFROM scratch AS a\nFROM scratch AS b\nFROM $B\n", NULL, "x.x" },
	/* The last of two stages with one name counts. */
	{ "FROM scratch AS a\nFROM scratch AS a\nFROM scratch\nCOPY --from=a / /\n", NULL, ".xx" },
};

START_TEST(test_reachable)
{
	struct fixture f;

	ck_assert_int_eq(load(&f, reach_rows[_i].text, reach_rows[_i].target), 0);
	ck_assert_uint_eq(f.graph.stage_count, strlen(reach_rows[_i].reached));
	for (size_t i = 0; i < f.graph.stage_count; i++)
		ck_assert_msg(f.graph.stages[i].reachable == (reach_rows[_i].reached[i] == 'x'), "stage %zu", i);
	unload(&f);
}
END_TEST

START_TEST(test_unknown_target)
{
	struct fixture f;

	ck_assert_int_eq(load(&f, "FROM scratch AS builder\n", "bulider"), -ERR_NOT_FOUND);
	ck_assert_str_eq(error_hint_text(f.err), "did you mean 'builder'?");
	unload(&f);
}
END_TEST

START_TEST(test_empty_from)
{
	struct fixture f;

	ck_assert_int_eq(load(&f, "FROM ${NOTHING}\n", NULL), -ERR_PARSE);
	ck_assert_ptr_nonnull(error_position(f.err));
	unload(&f);
}
END_TEST

static const struct {
	const char *from;
	int result;
	enum base_kind kind;
	size_t stage;
} source_rows[] = {
	{ "a", 0, BASE_STAGE, 0 },
	{ "0", 0, BASE_STAGE, 0 },
	{ "alpine:3", 0, BASE_IMAGE, 0 },
	{ "registry.test/a/b", 0, BASE_IMAGE, 0 },
	{ "c", -ERR_PARSE, BASE_IMAGE, 0 },	 /* defined below */
	{ "b", -ERR_PARSE, BASE_IMAGE, 0 },	 /* itself */
	{ "7", -ERR_PARSE, BASE_IMAGE, 0 },	 /* no such number */
	{ "builer", -ERR_PARSE, BASE_IMAGE, 0 }, /* near the stage "builder" */
};

START_TEST(test_source)
{
	struct fixture f;
	struct graph_source source;

	ck_assert_int_eq(load(&f, "FROM scratch AS a\nFROM scratch AS b\nENV x=y\n"
				  "FROM scratch AS c\nFROM scratch AS builder\n", "b"), 0);
	const struct build_stage *stage = &f.graph.stages[1];

	ck_assert_int_eq(graph_source(&f.graph, stage, stage->instructions[0],
				      str_from(source_rows[_i].from), &source, &f.err),
			 source_rows[_i].result);
	if (source_rows[_i].result == 0) {
		ck_assert_int_eq(source.kind, source_rows[_i].kind);
		if (source.kind == BASE_STAGE)
			ck_assert_uint_eq(source.stage, source_rows[_i].stage);
	} else {
		ck_assert_uint_eq(error_position(f.err)->line, 3);
	}
	unload(&f);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("build/graph");
	TCase *t = tcase_create("graph");
	SRunner *r;

	tcase_add_loop_test(t, test_reachable, 0, ARRAY_SIZE(reach_rows));
	tcase_add_test(t, test_unknown_target);
	tcase_add_test(t, test_empty_from);
	tcase_add_loop_test(t, test_source, 0, ARRAY_SIZE(source_rows));
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);

	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
