/* SPDX-License-Identifier: Apache-2.0 */
/* Cleaning and matching of paths. */
#include "dump.h"

#include "dockerfile/ignore.h"

static const struct {
	const char *pattern, *path;
	int expected;
} matches[] = {
	/* literals */
	{"", "", 1},
	{"", "a", 0},
	{"a", "", 0},
	{"abc", "abc", 1},
	{"abc", "abd", 0},
	{"abc", "abcd", 0},
	{"abcd", "abc", 0},
	{"a/b", "a/b", 1},
	{"A", "a", 0},
	{".", "x", 0},
	/* star */
	{"*", "abc", 1},
	{"*", "", 1},
	{"*", "a/b", 0},
	{"**", "abc", 1},
	{"**", "a/b", 0},
	{"*c", "abc", 1},
	{"a*", "a", 1},
	{"a*", "abc", 1},
	{"a*", "ab/c", 0},
	{"a*/b", "abc/b", 1},
	{"a*/b", "a/c/b", 0},
	{"*/*", "a/b", 1},
	{"*/*", "a", 0},
	{"*.go", "x.go", 1},
	{"*.go", ".go", 1},
	{"*.go", "x.got", 0},
	{"*.*", "a.b.c", 1},
	{"a*b*c", "axxbyyc", 1},
	{"a*b*c", "axxbyyd", 0},
	{"a*b*c", "abcbc", 1},
	{"*x", "xxx", 1},
	{"p*q*r*s*/t", "p1q2r3s/t", 1},
	{"p*q*r*s*/t", "p1q2r3s4p5q6/t", 1},
	{"p*q*r*s*/t", "p1q2r3s4/u/t", 0},
	{"m*n?o*z", "mnmnnonyno.noz", 1},
	{"m*n?o*z", "mnmnnonyno.noy", 0},
	/* question mark */
	{"?", "a", 1},
	{"?", "", 0},
	{"?", "/", 0},
	{"?", "ab", 0},
	{"a?c", "abc", 1},
	{"?", "\xE2\x82\xAC", 1},
	{"a?b",
	 "a\xE2\x82\xAC"
	 "b",
	 1},
	{"a??b",
	 "a\xE2\x82\xAC"
	 "b",
	 0},
	{"?", "\xFF", 1},
	/* classes */
	{"[abc]", "b", 1},
	{"[abc]", "d", 0},
	{"[a-c]", "b", 1},
	{"[a-c]", "d", 0},
	{"[^a-c]", "d", 1},
	{"[^a-c]", "a", 0},
	{"[a-cx-z]", "y", 1},
	{"[!a]", "!", 1},
	{"[a^]", "^", 1},
	{"a[b-d]e", "ace", 1},
	{"a[b-d]", "aac", 0},
	{"a[b-d]", "ac", 1},
	{"a[^a]b",
	 "a\xE2\x82\xAC"
	 "b",
	 1},
	{"a[^a][^a]b",
	 "a\xE2\x82\xAC"
	 "b",
	 0},
	{"[\xC3\xA4-\xC3\xB6]", "\xC3\xA5", 1},
	{"[c-a]", "b", 0},
	{"[\\]a]", "]", 1},
	{"[\\-]", "-", 1},
	{"[x\\-]", "x", 1},
	{"[x\\-]", "-", 1},
	{"[x\\-]", "z", 0},
	{"[\\-x]", "a", 0},
	{"[[]", "[", 1},
	{"[*]", "*", 1},
	{"[*]", "a", 0},
	{"*[0-9]", "file7", 1},
	{"]", "]", 1},
	{"a]", "a]", 1},
	/* escapes */
	{"\\*", "*", 1},
	{"\\*", "a", 0},
	{"a\\?", "a?", 1},
	{"\\a", "a", 1},
	{"\\\\", "\\", 1},
	{"\\[a]", "[a]", 1},
	{"*\\*", "ab*", 1},
	{"*\\*", "ab", 0},
	/* malformed, wherever the match ends */
	{"[", "a", -1},
	{"[]", "a", -1},
	{"[]a]", "]", -1},
	{"[^", "a", -1},
	{"[^]", "a", -1},
	{"[a", "a", -1},
	{"[a-", "a", -1},
	{"[a-]", "a", -1},
	{"[-]", "-", -1},
	{"[-x]", "x", -1},
	{"[x-]", "x", -1},
	{"[a-b-c]", "a", -1},
	{"[^bc", "a", -1},
	{"[\\", "a", -1},
	{"\\", "a", -1},
	{"a\\", "b", -1},
	{"a[", "a", -1},
	{"a[", "b", -1},
	{"*[", "", -1},
};

START_TEST(test_match)
{
	ck_assert_msg(path_match(str_from(matches[_i].pattern), str_from(matches[_i].path)) ==
			      matches[_i].expected,
		      "%s against %s is not %d", matches[_i].path, matches[_i].pattern,
		      matches[_i].expected);
}
END_TEST

static const struct {
	const char *path, *expected;
} clean[] = {
	{"", "."},
	{".", "."},
	{"/", "."},
	{"//", "."},
	{"a", "a"},
	{"/a", "a"},
	{"a/", "a"},
	{"a//b", "a/b"},
	{"./a", "a"},
	{"a/.", "a"},
	{"a/./b", "a/b"},
	{"a/b/..", "a"},
	{"a/..", "."},
	{"a/../b", "b"},
	{"..", "."},
	{"../a", "a"},
	{"/../a", "a"},
	{"../../a/b", "a/b"},
	{"a/../../b", "b"},
	{"a/../../../b/c/..", "b"},
	{"...", "..."},
	{"..a", "..a"},
	{"a..", "a.."},
	{"a/b/../../c", "c"},
	{"/a/b/./../c/", "a/c"},
	{".git", ".git"},
	{"a b/ c", "a b/ c"},
};

START_TEST(test_clean)
{
	CLEANUP(arena) struct arena *a = arena_new();
	str result = path_clean(a, str_from(clean[_i].path));

	ck_assert_msg(str_is(result, clean[_i].expected), "%s gives %.*s, not %s", clean[_i].path,
		      STR_ARG(result), clean[_i].expected);
}
END_TEST

static const struct {
	const char *path;
	bool expected;
} patterns[] = {
	{"", false},	{"a/b.c", false}, {"*", true},	   {"a?", true},     {"a[b]", true},
	{"a]b", false}, {"\\*", false},	  {"\\\\*", true}, {"\\[a]", false}, {"a\\", false},
};

START_TEST(test_is_pattern)
{
	ck_assert_int_eq(path_is_pattern(str_from(patterns[_i].path)), patterns[_i].expected);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("path");
	TCase *tests = tcase_create("path");

	tcase_add_loop_test(tests, test_match, 0, (int)ARRAY_SIZE(matches));
	tcase_add_loop_test(tests, test_clean, 0, (int)ARRAY_SIZE(clean));
	tcase_add_loop_test(tests, test_is_pattern, 0, (int)ARRAY_SIZE(patterns));
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
