/* SPDX-License-Identifier: Apache-2.0 */
/* ${VARIABLE}: every form, nesting, errors. */
#include <check.h>
#include <stdlib.h>

#include "interpolate.h"

static unsigned unset_count;

static const char *lookup(void *ctx, str name)
{
	(void)ctx;
	return str_is(name, "SET") ? "value" : str_is(name, "EMPTY") ? "" : NULL;
}

static void unset(void *ctx, str name)
{
	(void)ctx;
	(void)name;
	unset_count++;
}

static const struct interpolation in = { lookup, unset, NULL };

START_TEST(forms)
{
	static const struct {
		const char *text, *result;
		unsigned unset;
	} rows[] = {
		{ "plain", "plain", 0 },
		{ "$SET ${SET}", "value value", 0 },
		{ "$SET_x", "", 1 },
		{ "${SET}_x", "value_x", 0 },
		{ "${NONE}", "", 1 },
		{ "${NONE:-d} ${NONE-d}", "d d", 0 },
		{ "${EMPTY:-d} ${EMPTY-d}", "d ", 0 },
		{ "${SET:-d} ${SET-d}", "value value", 0 },
		{ "${SET:+r} ${SET+r}", "r r", 0 },
		{ "${EMPTY:+r} ${EMPTY+r}", " r", 0 },
		{ "${NONE:+r}${NONE+r}", "", 0 },
		{ "${SET:?m}${SET?m}${EMPTY?m}", "valuevalue", 0 },
		{ "$$SET $$", "$SET $", 0 },
		{ "$ $1 $- a$", "$ $1 $- a$", 0 },
		{ "${NONE:-${SET}}", "value", 0 },
		{ "${NONE:-${NO2:-${NO3-deep}}}", "deep", 0 },
		{ "${NONE:-a{b}c}", "a{bc}", 0 },
		{ "${SET:-${NONE}}", "value", 0 },
		{ "${SET:-${BAD:?never}}", "value", 0 },
		{ "${NONE:-$$x}", "$x", 0 },
		{ "${NONE-:?x}", ":?x", 0 },
		{ "${NONE:-http://h:1/?a=b}", "http://h:1/?a=b", 0 },
		{ "$_a", "", 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP_STRBUF struct strbuf out = STRBUF_INIT(0);
		CLEANUP(error) struct error *err = NULL;

		unset_count = 0;
		ck_assert_int_eq(compose_substitute(&in, str_from(rows[i].text), &out, NULL, &err),
				 0);
		ck_assert_str_eq(strbuf_text(&out), rows[i].result);
		ck_assert_msg(unset_count == rows[i].unset, "%s", rows[i].text);
	}
}
END_TEST

START_TEST(errors)
{
	static const struct {
		const char *text, *message;
		size_t at;
	} rows[] = {
		{ "ab${", "invalid variable '${'", 2 },
		{ "${}", "invalid variable '${}'", 0 },
		{ "x ${1}", "invalid variable '${1}'", 2 },
		{ "${A B}", "invalid variable '${A B}'", 0 },
		{ "${A:}", "invalid variable '${A:}'", 0 },
		{ "${A/x/y}", "invalid variable '${A/x/y}'", 0 },
		{ "${A:-${B}", "invalid variable '${A:-${B}'", 0 },
		{ "$SET ${N:?}", "required variable N is missing a value", 5 },
		{ "${N:?tell $SET}", "required variable N is missing a value: tell value", 0 },
		{ "${EMPTY:?m}", "required variable EMPTY is missing a value: m", 0 },
		{ "${N?m}", "required variable N is missing a value: m", 0 },
		{ "${N:-${M:?inner}}", "required variable M is missing a value: inner", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP_STRBUF struct strbuf out = STRBUF_INIT(0);
		CLEANUP(error) struct error *err = NULL;
		size_t at = 99;

		ck_assert_int_eq(compose_substitute(&in, str_from(rows[i].text), &out, &at, &err),
				 -ERR_PARSE);
		ck_assert_str_eq(error_frame(err, 0), rows[i].message);
		ck_assert_uint_eq(at, rows[i].at);
	}
}
END_TEST

START_TEST(nesting_is_bounded)
{
	CLEANUP_STRBUF struct strbuf text = STRBUF_INIT(0), out = STRBUF_INIT(0);
	CLEANUP(error) struct error *err = NULL;

	for (int i = 0; i < INTERPOLATE_DEPTH_MAX; i++)
		strbuf_add_text(&text, "${N:-");
	for (int i = 0; i < INTERPOLATE_DEPTH_MAX; i++)
		strbuf_add_char(&text, '}');
	strbuf_add_text(&text, " ");
	ck_assert_int_eq(compose_substitute(&in, strbuf_str(&text), &out, NULL, &err), -ERR_LIMIT);
}
END_TEST

struct seen {
	unsigned count, line, column;
};

static void count_warning(void *ctx, const struct error_position *pos, const char *code,
			  const char *text)
{
	struct seen *seen = ctx;

	(void)code;
	(void)text;
	*seen = (struct seen){ seen->count + 1, pos->line, pos->column };
}

START_TEST(trees_keep_keys_and_warn_once)
{
	CLEANUP(arena) struct arena *a = arena_new();
	CLEANUP(error) struct error *err = NULL;
	struct seen seen = { 0, 0, 0 };
	const struct report warnings = { count_warning, &seen };
	struct yaml_file *file = NULL;
	struct yaml_node *root = NULL;

	static const char text[] = "$SET: [$SET, 12, \"${N1}\", \"${NONE}\", '$NONE']\n";

	ck_assert_int_eq(yaml_parse(a, "t.yml", str_from(text), &file, &err), 0);
	ck_assert_int_eq(compose_interpolate(a, &in, &warnings, file->documents[0], &root, &err),
			 0);
	const struct yaml_node *list = yaml_find(root, "$SET")->value;

	ck_assert_str_eq(list->items[0]->text.ptr, "value");
	ck_assert_int_eq(list->items[1]->kind, YAML_INT);
	ck_assert_int_eq(list->items[2]->kind, YAML_STRING);
	ck_assert_uint_eq(seen.count, 2);
	ck_assert_uint_eq(seen.column, 27);
	ck_assert_str_eq(yaml_find(file->documents[0], "$SET")->value->items[0]->text.ptr, "$SET");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("compose/interpolate");
	TCase *tests = tcase_create("interpolate");
	SRunner *runner = srunner_create(suite);

	tcase_add_test(tests, forms);
	tcase_add_test(tests, errors);
	tcase_add_test(tests, nesting_is_bounded);
	tcase_add_test(tests, trees_keep_keys_and_warn_once);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
