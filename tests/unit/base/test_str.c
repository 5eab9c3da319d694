/* SPDX-License-Identifier: Apache-2.0 */
/* Borrowed text. */
#include "fixture.h"

static const str nothing = {NULL, 0};

static const struct {
	const char *a, *b;
	int order;
	bool is_equal, is_equal_nocase;
} comparisons[] = {
	{"", "", 0, true, true},	 {"a", "a", 0, true, true},
	{"a", "b", -1, false, false},	 {"a", "A", 1, false, true},
	{"a", "", 1, false, false},	 {"", "a", -1, false, false},
	{"ab", "abc", -1, false, false}, {"b", "abc", 1, false, false},
	{"\xff", "a", 1, false, false},	 {"HeLLo", "hEllO", -1, false, true},
};

START_TEST(test_compare)
{
	str a = str_from(comparisons[_i].a);
	const char *b = comparisons[_i].b;
	int order = str_compare(a, str_from(b));

	ck_assert_int_eq((order > 0) - (order < 0), comparisons[_i].order);
	ck_assert(str_is_equal(a, str_from(b)) == comparisons[_i].is_equal);
	ck_assert(str_is(a, b) == comparisons[_i].is_equal);
	ck_assert(str_is_nocase(a, b) == comparisons[_i].is_equal_nocase);
}
END_TEST

START_TEST(test_nothing)
{
	str rest = nothing, piece = STR("kept"), right = STR("kept");
	uint64_t value = 7;

	ck_assert(str_is_equal(nothing, STR("")));
	ck_assert(str_is(nothing, "") && str_is_nocase(nothing, ""));
	ck_assert_int_eq(str_compare(nothing, nothing), 0);
	ck_assert(str_has_prefix(nothing, "") && str_has_suffix(nothing, ""));
	ck_assert(!str_has_prefix(nothing, "a") && !str_has_suffix(nothing, "a"));
	ck_assert_int_eq(str_find(nothing, 'a'), -1);
	ck_assert_int_eq(str_find_last(nothing, 'a'), -1);
	ck_assert_uint_eq(str_skip(nothing, 3).len, 0);
	ck_assert_uint_eq(str_head(nothing, 3).len, 0);
	ck_assert_uint_eq(str_trim(nothing).len, 0);
	ck_assert(!str_cut(&rest, ',', &piece) && str_is(piece, "kept"));
	ck_assert(!str_split_once(nothing, ',', &piece, &right));
	ck_assert(str_is(piece, "kept") && str_is(right, "kept"));
	ck_assert(!str_to_u64(nothing, 10, &value) && value == 7);
	ck_assert_uint_eq(str_utf8_length(nothing), 0);
	ck_assert_uint_eq(str_distance(nothing, STR("ab")), 2);
	CLEANUP_FREE char *copy = str_dup(nothing);

	ck_assert_str_eq(copy, "");
	ck_assert_ptr_null(str_from(NULL).ptr);
	ck_assert_uint_eq(str_from(NULL).len, 0);
}
END_TEST

static const struct {
	const char *text, *prefix, *suffix;
	bool has_prefix, has_suffix;
} affixes[] = {
	{"abc", "", "", true, true},	   {"abc", "a", "c", true, true},
	{"abc", "abc", "abc", true, true}, {"abc", "abcd", "zabc", false, false},
	{"abc", "b", "b", false, false},   {"", "a", "a", false, false},
};

START_TEST(test_affixes)
{
	str text = str_from(affixes[_i].text);

	ck_assert(str_has_prefix(text, affixes[_i].prefix) == affixes[_i].has_prefix);
	ck_assert(str_has_suffix(text, affixes[_i].suffix) == affixes[_i].has_suffix);
}
END_TEST

static const struct {
	const char *text;
	char c;
	int first, last;
} places[] = {
	{"", 'a', -1, -1},   {"b", 'a', -1, -1},  {"a", 'a', 0, 0},
	{"abca", 'a', 0, 3}, {"xaax", 'a', 1, 2},
};

START_TEST(test_find)
{
	ck_assert_int_eq(str_find(str_from(places[_i].text), places[_i].c), places[_i].first);
	ck_assert_int_eq(str_find_last(str_from(places[_i].text), places[_i].c), places[_i].last);
}
END_TEST

START_TEST(test_find_nul)
{
	ck_assert_int_eq(str_find(STR("a\0b\0c"), '\0'), 1);
	ck_assert_int_eq(str_find_last(STR("a\0b\0c"), '\0'), 3);
}
END_TEST

START_TEST(test_parts)
{
	str s = STR("abc");

	ck_assert(str_is(str_skip(s, 0), "abc"));
	ck_assert(str_is(str_skip(s, 2), "c"));
	ck_assert(str_is(str_skip(s, 3), ""));
	ck_assert(str_is(str_skip(s, SIZE_MAX), ""));
	ck_assert_ptr_eq(str_skip(s, SIZE_MAX).ptr, s.ptr + 3);
	ck_assert(str_is(str_head(s, 0), ""));
	ck_assert(str_is(str_head(s, 2), "ab"));
	ck_assert(str_is(str_head(s, SIZE_MAX), "abc"));
	ck_assert(str_is(str_make("abcdef", 2), "ab"));
}
END_TEST

static const struct {
	const char *text, *left, *right, *both;
} blanks[] = {
	{"", "", "", ""},
	{" \t\r\n", "", "", ""},
	{"a", "a", "a", "a"},
	{"  a b\r\n", "a b\r\n", "  a b", "a b"},
	{"\v a\f", "\v a\f", "\v a\f", "\v a\f"},
};

START_TEST(test_trim)
{
	str s = str_from(blanks[_i].text);

	ck_assert(str_is(str_trim_left(s), blanks[_i].left));
	ck_assert(str_is(str_trim_right(s), blanks[_i].right));
	ck_assert(str_is(str_trim(s), blanks[_i].both));
}
END_TEST

static const struct {
	const char *text, *pieces;
} cuts[] = {
	{"", "<>"}, {",", "<><>"}, {"a", "<a>"}, {"a,b", "<a><b>"}, {",a,,b,", "<><a><><b><>"},
};

START_TEST(test_cut)
{
	CLEANUP_STRBUF struct strbuf got = STRBUF_INIT(0);
	str rest = str_from(cuts[_i].text), piece;

	while (str_cut(&rest, ',', &piece))
		strbuf_addf(&got, "<%.*s>", STR_ARG(piece));
	ck_assert_str_eq(strbuf_text(&got), cuts[_i].pieces);
	ck_assert_ptr_null(rest.ptr);
}
END_TEST

START_TEST(test_split_once)
{
	str left = STR("x"), right = STR("y");

	ck_assert(!str_split_once(STR("ab"), '=', &left, &right));
	ck_assert(str_is(left, "x") && str_is(right, "y"));
	ck_assert(str_split_once(STR("a=b=c"), '=', &left, &right));
	ck_assert(str_is(left, "a") && str_is(right, "b=c"));
	ck_assert(str_split_once(STR("="), '=', &left, &right));
	ck_assert(str_is(left, "") && str_is(right, ""));
	/* The outputs may be the input. */
	left = STR("k=v");
	ck_assert(str_split_once(left, '=', &left, &right));
	ck_assert(str_is(left, "k") && str_is(right, "v"));
}
END_TEST

static const struct {
	const char *text;
	uint64_t max;
	bool is_decimal, is_octal;
	uint64_t decimal, octal;
} numbers[] = {
	{"0", 0, true, true, 0, 0},
	{"1", 0, false, false, 0, 0},
	{"7", 7, true, true, 7, 7},
	{"8", 7, false, false, 0, 0},
	{"8", 9, true, false, 8, 0},
	{"10", 9, false, true, 0, 8},
	{"10", 10, true, true, 10, 8},
	{"11", 10, false, true, 0, 9},
	{"007", 7, true, true, 7, 7},
	{"00000000000000000000000000000001", 1, true, true, 1, 1},
	{"18446744073709551615", UINT64_MAX, true, false, UINT64_MAX, 0},
	{"18446744073709551616", UINT64_MAX, false, false, 0, 0},
	{"99999999999999999999", UINT64_MAX, false, false, 0, 0},
	{"1777777777777777777777", UINT64_MAX, false, true, 0, UINT64_MAX},
	{"2000000000000000000000", UINT64_MAX, false, false, 0, 0},
	{"", UINT64_MAX, false, false, 0, 0},
	{"-1", UINT64_MAX, false, false, 0, 0},
	{"+1", UINT64_MAX, false, false, 0, 0},
	{" 1", UINT64_MAX, false, false, 0, 0},
	{"1 ", UINT64_MAX, false, false, 0, 0},
	{"0x1", UINT64_MAX, false, false, 0, 0},
	{"1e3", UINT64_MAX, false, false, 0, 0},
	{"\xd9\xa1", UINT64_MAX, false, false, 0, 0},
};

START_TEST(test_numbers)
{
	uint64_t decimal = 0, octal = 0;
	str text = str_from(numbers[_i].text);

	ck_assert(str_to_u64(text, numbers[_i].max, &decimal) == numbers[_i].is_decimal);
	ck_assert(str_to_octal(text, numbers[_i].max, &octal) == numbers[_i].is_octal);
	ck_assert_uint_eq(decimal, numbers[_i].decimal);
	ck_assert_uint_eq(octal, numbers[_i].octal);
}
END_TEST

static const struct {
	const char *a, *b;
	size_t distance;
} distances[] = {
	{"", "", 0},	       {"", "abc", 3},		 {"abc", "abc", 0},
	{"abc", "abd", 1},     {"abc", "acb", 1},	 {"ab", "ba", 1},
	{"build", "biuld", 1}, {"abc", "bc", 1},	 {"kitten", "sitting", 3},
	{"ca", "abc", 3},      {"volume", "volumes", 1},
};

START_TEST(test_distance)
{
	str a = str_from(distances[_i].a), b = str_from(distances[_i].b);

	ck_assert_uint_eq(str_distance(a, b), distances[_i].distance);
	ck_assert_uint_eq(str_distance(b, a), distances[_i].distance);
}
END_TEST

START_TEST(test_distance_of_long_words)
{
	char a[66], b[66];

	memset(a, 'a', sizeof(a));
	memset(b, 'b', sizeof(b));
	ck_assert_uint_eq(str_distance(str_make(a, 64), str_make(b, 64)), 64);
	ck_assert_uint_eq(str_distance(str_make(a, 64), str_make(a, 64)), 0);
	/* Too long to be a typing error: as far apart as can be. */
	ck_assert_uint_eq(str_distance(str_make(a, 65), str_make(a, 64)), 65);
	ck_assert_uint_eq(str_distance(str_make(a, 1), str_make(a, 66)), 66);
}
END_TEST

static const struct {
	const char *text;
	size_t length;
} sequences[] = {
	{"a", 1},
	{"\x7f", 1},
	{"\x80", 0},
	{"\xbf", 0},
	{"\xc0\x80", 0},
	{"\xc1\xbf", 0},
	{"\xc2\x80", 2},
	{"\xc2", 0},
	{"\xc2\x41", 0},
	{"\xdf\xbf", 2},
	{"\xe0\x9f\xbf", 0},
	{"\xe0\xa0\x80", 3},
	{"\xe2\x82", 0},
	{"\xe2\x82\xac!", 3},
	{"\xed\x9f\xbf", 3},
	{"\xed\xa0\x80", 0},
	{"\xef\xbf\xbf", 3},
	{"\xf0\x8f\xbf\xbf", 0},
	{"\xf0\x90\x80\x80", 4},
	{"\xf0\x9f\x98", 0},
	{"\xf4\x8f\xbf\xbf", 4},
	{"\xf4\x90\x80\x80", 0},
	{"\xf5\x80\x80\x80", 0},
	{"\xff", 0},
};

START_TEST(test_utf8)
{
	ck_assert_uint_eq(str_utf8_length(str_from(sequences[_i].text)), sequences[_i].length);
}
END_TEST

START_TEST(test_dup)
{
	CLEANUP_FREE char *copy = str_dup(str_make("abcdef", 3));

	ck_assert_str_eq(copy, "abc");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("str");
	TCase *tests = tcase_create("str");

	tcase_add_loop_test(tests, test_compare, 0, (int)ARRAY_SIZE(comparisons));
	tcase_add_test(tests, test_nothing);
	tcase_add_loop_test(tests, test_affixes, 0, (int)ARRAY_SIZE(affixes));
	tcase_add_loop_test(tests, test_find, 0, (int)ARRAY_SIZE(places));
	tcase_add_test(tests, test_find_nul);
	tcase_add_test(tests, test_parts);
	tcase_add_loop_test(tests, test_trim, 0, (int)ARRAY_SIZE(blanks));
	tcase_add_loop_test(tests, test_cut, 0, (int)ARRAY_SIZE(cuts));
	tcase_add_test(tests, test_split_once);
	tcase_add_loop_test(tests, test_numbers, 0, (int)ARRAY_SIZE(numbers));
	tcase_add_loop_test(tests, test_distance, 0, (int)ARRAY_SIZE(distances));
	tcase_add_test(tests, test_distance_of_long_words);
	tcase_add_loop_test(tests, test_utf8, 0, (int)ARRAY_SIZE(sequences));
	tcase_add_test(tests, test_dup);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
