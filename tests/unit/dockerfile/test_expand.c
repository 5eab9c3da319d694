/* SPDX-License-Identifier: Apache-2.0 */
/* Words: quotes, escapes, variables and their operators. */
#include "dump.h"

#include "dockerfile/expand.h"

static const struct {
	const char *name, *value;
} variables[] = {
	{"a", "one"},
	{"empty", ""},
	{"two", "x y"},
	{"blanks", "  x\ty "},
	{"path", "/usr/local/lib/libc.so.6"},
	{"stars", "a*b*c"},
	{"dots", "1.2.3"},
	{"aaa", "aaaa"},
	{"umlaut", "\xC3\xA4"
		   "b\xC3\xB6"},
	{"lines", "a1\nb2\n"},
	{"back", "a\\b"},
	{"glob", "*.so"},
	{"_under_1", "u"},
	{"quote", "'\""},
	{"dollar", "$a"},
};

static bool get(void *ctx, str name, str *ret_value)
{
	(void)ctx;
	for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
		if (str_is(name, variables[i].name)) {
			*ret_value = str_from(variables[i].value);
			return true;
		}
	}
	return false;
}

struct expand_row {
	const char *word, *expected; /* "!message" for errors */
};

static const struct expand_row words[] = {
	/* plain text, quotes, escapes */
	{"", ""},
	{"abc", "abc"},
	{" a b ", " a b "},
	{"'a b'", "a b"},
	{"\"a b\"", "a b"},
	{"a'b'\"c\"d", "abcd"},
	{"''", ""},
	{"\"'\"", "'"},
	{"'\"'", "\""},
	{"'a\\b'", "a\\b"},
	{"'$a'", "$a"},
	{"\"$a\"", "one"},
	{"a\\b", "ab"},
	{"\\'", "'"},
	{"\\\"", "\""},
	{"\\\\", "\\"},
	{"\\$a", "$a"},
	{"\\", ""},
	{"a\\", "a"},
	{"\"a\\b\"", "a\\b"},
	{"\"\\\"\"", "\""},
	{"\"\\$a\"", "$a"},
	{"\"\\\\\"", "\\"},
	{"\"\\'\"", "\\'"},
	{"\xC3\xA4\\\xC3\xA4", "\xC3\xA4\xC3\xA4"},
	{"'", "!a single quote is not closed"},
	{"a'b", "!a single quote is not closed"},
	{"\"", "!a double quote is not closed"},
	{"\"a\\\"", "!a double quote is not closed"},
	{"\"$a", "!a double quote is not closed"},
	/* names */
	{"$a", "one"},
	{"${a}", "one"},
	{"x$a-y", "xone-y"},
	{"$a$a", "oneone"},
	{"$ab", ""},
	{"${a}b", "oneb"},
	{"$_under_1", "u"},
	{"$a.b", "one.b"},
	{"$", "$"},
	{"a$", "a$"},
	{"$ a", "$ a"},
	{"$.", "$."},
	{"\"$\"", "$"},
	{"$\xC3\xA4", "$\xC3\xA4"},
	{"$none", ""},
	{"${none}", ""},
	{"$1", ""},
	{"$12a", "a"},
	{"$0x", "x"},
	{"$@x", "x"},
	{"$$a", "a"},
	{"$*$#$?$-$!", ""},
	{"${1}", ""},
	{"${@}", ""},
	{"$dollar", "$a"},
	{"$quote", "'\""},
	{"$back", "a\\b"},
	{"\"$two\"", "x y"},
	{"$two", "x y"},
	/* default */
	{"${a:-w}", "one"},
	{"${a-w}", "one"},
	{"${empty:-w}", "w"},
	{"${empty-w}", ""},
	{"${none:-w}", "w"},
	{"${none-w}", "w"},
	{"${none:-}", ""},
	{"${none-}", ""},
	{"${none:-a b}", "a b"},
	{"${none:-'a}b'}", "a}b"},
	{"${none:-\"a}b\"}", "a}b"},
	{"${none:-a\\}b}", "a}b"},
	{"${none:-$a}", "one"},
	{"${none:-${a}}", "one"},
	{"${none:-${none:-${none:-x}}}", "x"},
	{"${none:--}", "-"},
	{"${none--}", "-"},
	{"${none::-w}", "!${none::...}: there is no such operator"},
	{"\"${none:-'a'}\"", "a"},
	/* alternative */
	{"${a:+w}", "w"},
	{"${a+w}", "w"},
	{"${empty:+w}", ""},
	{"${empty+w}", "w"},
	{"${none:+w}", ""},
	{"${none+w}", ""},
	{"${a:+-$a}", "-one"},
	{"${a:+${none:-z}}", "z"},
	{"${a:+}", ""},
	/* error */
	{"${a:?w}", "one"},
	{"${a?w}", "one"},
	{"${empty?w}", ""},
	{"${empty:?w}", "!empty: w"},
	{"${none:?w}", "!none: w"},
	{"${none?w x}", "!none: w x"},
	{"${none?$a}", "!none: one"},
	{"${none?}", "!none must not be unset"},
	{"${none:?}", "!none must not be unset"},
	{"${empty:?}", "!empty must not be empty"},
	/* shortest and longest prefix */
	{"${path#/}", "usr/local/lib/libc.so.6"},
	{"${path#*/}", "usr/local/lib/libc.so.6"},
	{"${path##*/}", "libc.so.6"},
	{"${path#/usr}", "/local/lib/libc.so.6"},
	{"${path#usr}", "/usr/local/lib/libc.so.6"},
	{"${path##*}", ""},
	{"${path#*}", "/usr/local/lib/libc.so.6"},
	{"${path#}", "/usr/local/lib/libc.so.6"},
	{"${path##}", "/usr/local/lib/libc.so.6"},
	{"${path#????}", "/local/lib/libc.so.6"},
	{"${path#*l*l}", "/lib/libc.so.6"},
	{"${path##*l*l}", "ibc.so.6"},
	{"${path#$empty}", "/usr/local/lib/libc.so.6"},
	{"${path##*$glob}", ".6"},
	{"${stars#*\\*}", "b*c"},
	{"${stars##*\\*}", "c"},
	{"${stars#a\\**\\*}", "c"},
	{"${stars#a?b}", "*c"},
	{"${stars#\\?}", "a*b*c"},
	{"${back#a\\\\}", "b"},
	{"${aaa#a}", "aaa"},
	{"${aaa##a}", "aaa"},
	{"${aaa##a*a}", ""},
	{"${aaa#a*a}", "aa"},
	{"${umlaut#?}", "b\xC3\xB6"},
	{"${umlaut#??}", "\xC3\xB6"},
	{"${umlaut#\xC3\xA4}", "b\xC3\xB6"},
	{"${lines##*b}", "a1\nb2\n"},
	{"${lines#*1}", "\nb2\n"},
	{"${lines#??\n}", "b2\n"},
	{"${dots#*.}", "2.3"},
	{"${dots#'*.'}", "2.3"},
	{"${none#x}", ""},
	{"${dots#[0-9]}", "1.2.3"},
	{"${dots#\\1}", "!pattern '\\1': '\\' may stand before * ? \\ } /"},
	{"${dots:#1}", "!${dots:#...}: there is no such operator"},
	{"${dots:##1}", "!${dots:#...}: there is no such operator"},
	/* shortest and longest suffix */
	{"${path%.6}", "/usr/local/lib/libc.so"},
	{"${path%.*}", "/usr/local/lib/libc.so"},
	{"${path%%.*}", "/usr/local/lib/libc"},
	{"${path%/*}", "/usr/local/lib"},
	{"${path%%/*}", ""},
	{"${path%6.}", "/usr/local/lib/libc.so.6"},
	{"${path%?}", "/usr/local/lib/libc.so."},
	{"${path%}", "/usr/local/lib/libc.so.6"},
	{"${path%%}", "/usr/local/lib/libc.so.6"},
	{"${path%*}", "/usr/local/lib/libc.so.6"},
	{"${path%%*}", ""},
	{"${stars%\\**}", "a*b"},
	{"${stars%%\\**}", "a"},
	{"${stars%b\\*?}", "a*"},
	{"${umlaut%?}", "\xC3\xA4"
			"b"},
	{"${umlaut%??}", "\xC3\xA4"},
	{"${umlaut%%b*}", "\xC3\xA4"},
	{"${dots%${none:-.3}}", "1.2"},
	{"${dots%%.*}-x", "1-x"},
	{"${none%x}", ""},
	{"${dots:%1}", "!${dots:%...}: there is no such operator"},
	{"${a%\\}}", "one"},
	/* replacement */
	{"${dots/./-}", "1-2.3"},
	{"${dots//./-}", "1-2-3"},
	{"${dots/./}", "12.3"},
	{"${dots//./}", "123"},
	{"${dots/x/y}", "1.2.3"},
	{"${dots/*/y}", "y"},
	{"${dots//*/y}", "y"},
	{"${dots//?/y}", "yyyyy"},
	{"${dots/?.?/<>}", "<>.3"},
	{"${dots//?.?/<>}", "<>.3"},
	{"${dots/2*/y}", "1.y"},
	{"${dots/*2/y}", "y.3"},
	{"${path//\\//:}", ":usr:local:lib:libc.so.6"},
	{"${path/\\/usr\\//x}", "xlocal/lib/libc.so.6"},
	{"${path//l*b/L}", "/usr/Lc.so.6"},
	{"${stars//\\*/+}", "a+b+c"},
	{"${stars/\\*/$a}", "aoneb*c"},
	{"${aaa//aa/b}", "bb"},
	{"${aaa/a/aa}", "aaaaa"},
	{"${aaa//a/$dollar}", "$a$a$a$a"},
	{"${a//o/\\/}", "\\/ne"},
	{"${a//o/\\}}", "\\}ne"},
	{"${umlaut//?/x}", "xxx"},
	{"${umlaut/\xC3\xB6/o}", "\xC3\xA4"
				 "bo"},
	{"${lines//?/x}", "xx\nxx\n"},
	{"${lines//*/x}", "x\nx\nx"},
	{"${a/$empty/x}", "xone"},
	{"${a//$empty/x}", "xoxnxex"},
	{"${empty//x/y}", ""},
	{"${empty/*/y}", "y"},
	{"${none/x/y}", ""},
	{"${a///}", "one"},
	{"${a/o}", "!'/' is missing in ${...}"},
	{"${a//}", "!'/' is missing in ${...}"},
	{"${a/o/x", "!'}' is missing in ${...}"},
	/* syntax errors */
	{"${", "!'}' is missing in ${...}"},
	{"${a", "!'}' is missing in ${...}"},
	{"${a:", "!'}' is missing in ${...}"},
	{"${a:-", "!'}' is missing in ${...}"},
	{"${a:-w", "!'}' is missing in ${...}"},
	{"${a#x", "!'}' is missing in ${...}"},
	{"${}", "!${ needs the name of a variable behind it"},
	{"${:-w}", "!${ needs the name of a variable behind it"},
	{"${{a}}", "!${ needs the name of a variable behind it"},
	{"${ a}", "!${ needs the name of a variable behind it"},
	{"${a b}", "!${a ...}: there is no such operator"},
	{"${a=w}", "!${a=...}: there is no such operator"},
	{"${a:=w}", "!${a:=...}: there is no such operator"},
	{"${a:1:2}", "!${a:1...}: there is no such operator"},
	{"${a^^}", "!${a^...}: there is no such operator"},
	{"${a:}", "!${a:}...}: there is no such operator"},
	{"${a@Q}", "!${a@...}: there is no such operator"},
};

static void check_word(const struct expand_row *row, const struct expand_env *env)
{
	CLEANUP(arena) struct arena *a = arena_new();
	CLEANUP(error) struct error *err = NULL;
	str result = STR("untouched");

	if (expand_word(a, str_from(row->word), env, &result, &err) < 0) {
		ck_assert_int_eq(error_code(err), ERR_PARSE);
		ck_assert_uint_eq(error_frame_count(err), 2);
		ck_assert(str_is(result, "untouched"));
		result = str_from(arena_printf(a, "!%s", error_frame(err, 1)));
	}
	ck_assert_msg(str_is(result, row->expected), "word:     %s\nexpected: %s\ngot:      %.*s",
		      row->word, row->expected, STR_ARG(result));
}

START_TEST(test_words)
{
	check_word(&words[_i], &(struct expand_env){.get = get, .escape = '\\'});
}
END_TEST

static const struct expand_row backtick[] = {
	{"`$a", "$a"},	  {"a\\b", "a\\b"},	    {"C:\\$a", "C:\\one"}, {"\"`\"\"", "\""},
	{"\"\\\"", "\\"}, {"${none:-a`}b}", "a}b"}, {"``", "`"},
};

START_TEST(test_backtick)
{
	check_word(&backtick[_i], &(struct expand_env){.get = get, .escape = '`'});
}
END_TEST

static const struct expand_row raw[] = {
	{"it's \"$a\"\n", "it's \"one\"\n"},
	{"'$a'", "'one'"},
	{"\\$a \\\\ \\n", "$a \\ n"},
	{"${none:-'x'}", "'x'"},
	{"\"", "\""},
};

START_TEST(test_raw_quotes)
{
	check_word(&raw[_i], &(struct expand_env){.get = get, .escape = '\\', .raw_quotes = true});
}
END_TEST

static const struct expand_row raw_escapes[] = {
	{"\\$a", "\\$a"},
	{"\\n$a", "\\none"},
	{"\"\\$a\"", "\\$a"},
	{"\\", "\\"},
};

START_TEST(test_raw_escapes)
{
	check_word(&raw_escapes[_i],
		   &(struct expand_env){.get = get, .escape = '\\', .raw_escapes = true});
}
END_TEST

/* Results of splitting, joined by '|'. */
static const struct expand_row split[] = {
	{"", ""},
	{"a", "a"},
	{" a  b\tc\n", "a|b|c"},
	{"$two", "x|y"},
	{"\"$two\"", "x y"},
	{"a$two", "ax|y"},
	{"$blanks", "x|y"},
	{"a${blanks}b", "a|x|y|b"},
	{"'a b' c", "a b|c"},
	{"a\\ b c", "a b|c"},
	{"a'b c'd", "ab cd"},
	{"$empty", ""},
	{"a $empty b", "a|b"},
	{"'' a", "a"},
	{"${none:-x y}", "x|y"},
	{"\"${none:-x y}\"", "x y"},
	{"${none:-'x y'}", "x|y"},
	{"${dots//./ }", "1|2|3"},
	{"${none:+x}", ""},
};

START_TEST(test_split)
{
	CLEANUP(arena) struct arena *a = arena_new();
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_STRV struct strv list = STRV_INIT;
	CLEANUP_STRBUF struct strbuf joined = STRBUF_INIT(0);
	const struct expand_env env = {.get = get, .escape = '\\'};

	ck_assert_int_eq(expand_words(a, str_from(split[_i].word), &env, &list, &err), 0);
	for (size_t i = 0; i < list.count; i++)
		strbuf_addf(&joined, "%s%s", i ? "|" : "", list.items[i]);
	ck_assert_str_eq(strbuf_text(&joined), split[_i].expected);
}
END_TEST

static void note_unset(void *ctx, str name)
{
	strbuf_addf(ctx, "%.*s ", STR_ARG(name));
}

static const struct expand_row unset[] = {
	{"$a ${a} $empty", ""},
	{"$n ${m}", "n m "},
	{"${n:-$m}", "m "},
	{"${n:+x}${n-x}${n+x}", ""},
	{"${n#x}${n%x}${n/x/y}", "n n n "},
	{"'$n' \\$n \"$n\"", "n "},
};

START_TEST(test_unset)
{
	CLEANUP(arena) struct arena *a = arena_new();
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_STRBUF struct strbuf names = STRBUF_INIT(0);
	const struct expand_env env = {get, note_unset, &names, '\\', false, false};
	str result;

	ck_assert_int_eq(expand_word(a, str_from(unset[_i].word), &env, &result, &err), 0);
	ck_assert_str_eq(strbuf_text(&names), unset[_i].expected);
}
END_TEST

static char big[EXPAND_RESULT_MAX / 2];

static bool get_big(void *ctx, str name, str *ret_value)
{
	(void)ctx;
	(void)name;
	memset(big, 'a', sizeof(big));
	*ret_value = STR(big);
	ret_value->len = sizeof(big);
	return true;
}

START_TEST(test_limits)
{
	static const char *const refused[] = {
		"$b$b$b", "${b//a/bcd}", "${b:-}${b}${b:+x}", "${b+${b}${b}${b}}", "\"$b$b$b\"",
	};
	CLEANUP(arena) struct arena *a = arena_new();
	CLEANUP_STRBUF struct strbuf text = STRBUF_INIT(0);
	const struct expand_env env = {.get = get_big, .escape = '\\'};
	str result;

	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		CLEANUP(error) struct error *err = NULL;

		ck_assert_int_eq(expand_word(a, str_from(refused[i]), &env, &result, &err),
				 -ERR_LIMIT);
	}
	for (int i = 0; i < 40; i++)
		strbuf_add_text(&text, "${b:+$b}${b:-$b}");
	CLEANUP(error) struct error *work = NULL;

	ck_assert_int_eq(expand_word(a, strbuf_str(&text), &env, &result, &work), -ERR_LIMIT);
	strbuf_clear(&text);
	for (int i = 0; i < EXPAND_DEPTH_MAX; i++)
		strbuf_add_text(&text, "${b+");
	CLEANUP(error) struct error *depth = NULL;

	ck_assert_int_eq(expand_word(a, strbuf_str(&text), &env, &result, &depth), -ERR_LIMIT);
	strbuf_clear(&text);
	strbuf_add_text(&text, "${b#");
	for (int i = 0; i <= EXPAND_PATTERN_MAX; i++)
		strbuf_add_char(&text, 'a');
	strbuf_add_char(&text, '}');
	CLEANUP(error) struct error *pattern = NULL;

	ck_assert_int_eq(expand_word(a, strbuf_str(&text), &env, &result, &pattern), -ERR_LIMIT);
}
END_TEST

/* A pattern and a value that defeat matching by trial. */
START_TEST(test_hard_pattern)
{
	CLEANUP(arena) struct arena *a = arena_new();
	CLEANUP(error) struct error *err = NULL;
	const struct expand_env env = {.get = get_big, .escape = '\\'};
	str result;

	ck_assert_int_eq(
		expand_word(a, STR("${b##*a*a*a*a*a*a*a*b}${b//*a*a*a*b/}"), &env, &result, &err),
		0);
	ck_assert_uint_eq(result.len, 2 * sizeof(big));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("expand");
	TCase *tests = tcase_create("expand");

	tcase_set_timeout(tests, 20);
	tcase_add_loop_test(tests, test_words, 0, (int)ARRAY_SIZE(words));
	tcase_add_loop_test(tests, test_backtick, 0, (int)ARRAY_SIZE(backtick));
	tcase_add_loop_test(tests, test_raw_quotes, 0, (int)ARRAY_SIZE(raw));
	tcase_add_loop_test(tests, test_raw_escapes, 0, (int)ARRAY_SIZE(raw_escapes));
	tcase_add_loop_test(tests, test_split, 0, (int)ARRAY_SIZE(split));
	tcase_add_loop_test(tests, test_unset, 0, (int)ARRAY_SIZE(unset));
	tcase_add_test(tests, test_limits);
	tcase_add_test(tests, test_hard_pattern);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
