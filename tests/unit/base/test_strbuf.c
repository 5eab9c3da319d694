/* SPDX-License-Identifier: Apache-2.0 */
/* The growing byte buffer. */
#include "fixture.h"

START_TEST(test_empty)
{
	CLEANUP_STRBUF struct strbuf b = STRBUF_INIT(0);

	ck_assert_str_eq(strbuf_text(&b), "");
	ck_assert(str_is(strbuf_str(&b), ""));
	ck_assert_ptr_nonnull(strbuf_str(&b).ptr);
	strbuf_clear(&b);
	strbuf_add_text(&b, "");
	strbuf_add_str(&b, (str){NULL, 0});
	strbuf_add(&b, NULL, 0);
	ck_assert_str_eq(strbuf_text(&b), "");
	strbuf_fini(&b);
	strbuf_fini(&b);
	CLEANUP_FREE char *text = strbuf_steal(&b);

	ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(test_add)
{
	CLEANUP_STRBUF struct strbuf b = STRBUF_INIT(0);

	strbuf_add(&b, "a\0b", 3);
	strbuf_add_char(&b, '\0');
	strbuf_add_text(&b, "text");
	strbuf_add_str(&b, str_make("string", 3));
	strbuf_addf(&b, "%d-%s", 7, "x");
	ck_assert_uint_eq(b.len, 14);
	ck_assert(str_is_equal(strbuf_str(&b), str_make("a\0b\0textstr7-x", 14)));
	ck_assert_int_eq(b.ptr[b.len], '\0');
	strbuf_clear(&b);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_str_eq(strbuf_text(&b), "");
}
END_TEST

/* Around the sizes where memory grows and where formatting leaves the stack. */
START_TEST(test_grow)
{
	CLEANUP_STRBUF struct strbuf b = STRBUF_INIT(0);
	char line[600];

	memset(line, 'x', sizeof(line));
	for (size_t len = 500; len < 520; len++) {
		strbuf_clear(&b);
		strbuf_addf(&b, "%.*s", (int)len, line);
		ck_assert_uint_eq(b.len, len);
		ck_assert_uint_eq(strlen(strbuf_text(&b)), len);
	}
	strbuf_clear(&b);
	for (int i = 0; i < 100000; i++) {
		strbuf_add_char(&b, (char)('a' + i % 26));
		ck_assert_int_eq(b.ptr[b.len], '\0');
	}
	for (size_t i = 0; i < b.len; i++)
		ck_assert_int_eq(b.ptr[i], (char)('a' + i % 26));
}
END_TEST

static const struct {
	size_t max;
	const char *first, *second, *expected;
	bool overflow;
} maxima[] = {
	{3, "abc", "", "abc", false}, {3, "abcd", "", "", true},    {3, "ab", "cd", "ab", true},
	{3, "ab", "c", "abc", false}, {3, "abc", "d", "abc", true}, {1, "", "x", "x", false},
};

START_TEST(test_maximum)
{
	CLEANUP_STRBUF struct strbuf b = STRBUF_INIT(maxima[_i].max);

	strbuf_add_text(&b, maxima[_i].first);
	strbuf_addf(&b, "%s", maxima[_i].second);
	ck_assert_str_eq(strbuf_text(&b), maxima[_i].expected);
	ck_assert(b.overflow == maxima[_i].overflow);
	strbuf_clear(&b);
	ck_assert(!b.overflow);
	/* The maximum outlives the content. */
	strbuf_fini(&b);
	ck_assert_uint_eq(b.max, maxima[_i].max);
	free(strbuf_steal(&b));
	ck_assert_uint_eq(b.max, maxima[_i].max);
}
END_TEST

START_TEST(test_maximum_of_lengths)
{
	CLEANUP_STRBUF struct strbuf b = STRBUF_INIT(10);

	strbuf_add_text(&b, "abc");
	strbuf_add(&b, "x", SIZE_MAX); /* is refused before a byte is read */
	ck_assert(b.overflow);
	ck_assert_str_eq(strbuf_text(&b), "abc");
}
END_TEST

START_TEST(test_reserve)
{
	CLEANUP_STRBUF struct strbuf b = STRBUF_INIT(0);
	char *to = strbuf_reserve(&b, 1000);

	/* Nothing was added: still text. */
	ck_assert_str_eq(strbuf_text(&b), "");
	memset(to, 'y', 1000);
	b.len = 1000;
	b.ptr[b.len] = '\0';
	strbuf_add_text(&b, "z");
	ck_assert_uint_eq(strlen(strbuf_text(&b)), 1001);
	ck_assert_ptr_eq(strbuf_reserve(&b, 0), b.ptr + 1001);
}
END_TEST

START_TEST(test_reserve_too_much)
{
	struct strbuf b = STRBUF_INIT(0);

	no_core_dump();
	(void)strbuf_reserve(&b, SIZE_MAX - 1);
}
END_TEST

START_TEST(test_steal)
{
	CLEANUP_STRBUF struct strbuf b = STRBUF_INIT(4);

	strbuf_add_text(&b, "abcd");
	strbuf_add_text(&b, "e");
	CLEANUP_FREE char *text = strbuf_steal(&b);

	ck_assert_str_eq(text, "abcd");
	ck_assert_uint_eq(b.len, 0);
	ck_assert(!b.overflow);
	strbuf_add_text(&b, "new");
	ck_assert_str_eq(strbuf_text(&b), "new");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("strbuf");
	TCase *tests = tcase_create("strbuf");

	tcase_add_test(tests, test_empty);
	tcase_add_test(tests, test_add);
	tcase_add_test(tests, test_grow);
	tcase_add_loop_test(tests, test_maximum, 0, (int)ARRAY_SIZE(maxima));
	tcase_add_test(tests, test_maximum_of_lengths);
	tcase_add_test(tests, test_reserve);
	tcase_add_test_raise_signal(tests, test_reserve_too_much, SIGABRT);
	tcase_add_test(tests, test_steal);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
