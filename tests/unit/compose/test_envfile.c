/* SPDX-License-Identifier: Apache-2.0 */
/* Env files: grammar, substitution, raw format, errors with their position. */
#include <check.h>
#include <stdlib.h>

#include "envfile.h"

static const char *lookup(void *ctx, str name)
{
	(void)ctx;
	return str_is(name, "HOME") ? "/home/user" : NULL;
}

static const struct interpolation in = { lookup, NULL, NULL };

static int parse(const char *text, bool raw, struct strv *variables, struct error **err)
{
	const struct envfile file = { "t.env", str_from(text), raw, &in };

	return compose_envfile_parse(&file, variables, err);
}

/* @want: the variables joined by '|'. */
static void check_file(const char *text, bool raw, const char *want)
{
	CLEANUP_STRV struct strv variables = STRV_INIT;
	CLEANUP_STRBUF struct strbuf got = STRBUF_INIT(0);
	CLEANUP(error) struct error *err = NULL;

	ck_assert_msg(parse(text, raw, &variables, &err) == 0, "%s: %s", text,
		      err ? error_frame(err, 0) : "");
	for (size_t i = 0; i < variables.count; i++)
		strbuf_addf(&got, "%s%s", i ? "|" : "", variables.items[i]);
	ck_assert_str_eq(strbuf_text(&got), want);
}

START_TEST(grammar)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", "" },
		{ "\xef\xbb\xbf" "A=1\r\nB=2\r\n", "A=1|B=2" },
		{ "# c\n\n  A=1 # tail\n", "A=1" },
		{ "A=#x\nB=x#y\nC= # c\n", "A=#x|B=x#y|C=# c" },
		{ "export A=1\nexport\tB=2\nexporter=3\n", "A=1|B=2|exporter=3" },
		{ "A: yaml\nB:\n", "A=yaml|B=" },
		{ "A = spaced  \n", "A=spaced" },
		{ "a.b-c[0]_1=x\n", "a.b-c[0]_1=x" },
		{ "HOME\nUNSET\n", "HOME=/home/user" },
		{ "A='$HOME \\n'\nB='it\\'s'\n", "A=$HOME \\n|B=it's" },
		{ "A=\"x\\ty\\\\z\\\"\"\n", "A=x\ty\\z\"" },
		{ "A=\"\\0101\\101\\q\"\n", "A=A\\101\\q" },
		{ "A=\"one\ntwo\" # c\nB=3\n", "A=one\ntwo|B=3" },
		{ "A=1\nB=$A-${A:+y}-${N:-d}\n", "A=1|B=1-y-d" },
		{ "A=\"$HOME\"\nB=\\$x $$y\n", "A=/home/user|B=\\ $y" },
		{ "A=\"\\$x $$y\"\n", "A=$x $y" },
		{ "HOME=x\nA=$HOME\n", "HOME=x|A=/home/user" },
		{ "A=1\nA=2\n", "A=2" },
		{ "A=a\"b\"c\n", "A=a\"b\"c" },
		{ "A=", "A=" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_file(rows[i].text, false, rows[i].want);
}
END_TEST

START_TEST(raw_lines_stay_as_they_are)
{
	check_file("# c\nA=\"$HOME\" # x\nB='\nHOME\nC=a=b\r\n", true,
		   "A=\"$HOME\" # x|B='|HOME=/home/user|C=a=b");
}
END_TEST

START_TEST(errors_have_a_position)
{
	static const struct {
		const char *text, *message;
		unsigned line, column;
	} rows[] = {
		{ "A=1\nB C=2\n", "unexpected text after the variable's name", 2, 3 },
		{ "=1\n", "a variable's name is missing", 1, 1 },
		{ "A=1\n  ${B}=1\n", "a variable's name is missing", 2, 3 },
		{ "A=\"x\ny\n", "the quoted value is never closed", 1, 3 },
		{ "A='x' y\n", "unexpected text after the quoted value", 1, 7 },
		{ "A=1\nB=${\n", "invalid variable '${'", 2, 3 },
		{ "A=${B:?need it}\n", "required variable B is missing a value: need it", 1, 3 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP_STRV struct strv variables = STRV_INIT;
		CLEANUP(error) struct error *err = NULL;

		ck_assert_int_eq(parse(rows[i].text, false, &variables, &err), -ERR_PARSE);
		ck_assert_str_eq(error_frame(err, 0), rows[i].message);
		ck_assert_uint_eq(error_position(err)->line, rows[i].line);
		ck_assert_uint_eq(error_position(err)->column, rows[i].column);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("compose/envfile");
	TCase *tests = tcase_create("envfile");
	SRunner *runner = srunner_create(suite);

	tcase_add_test(tests, grammar);
	tcase_add_test(tests, raw_lines_stay_as_they_are);
	tcase_add_test(tests, errors_have_a_position);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
