/* SPDX-License-Identifier: Apache-2.0 */
/* Memory: arenas, the allocators that never fail, scope-bound cleanup. */
#include "fixture.h"

#include <errno.h>
#include <stdalign.h>

#include "base/arena.h"

START_TEST(test_alloc)
{
	static const size_t sizes[] = {0, 1, 15, 16, 17, 4000, 8191, 8192, 8193, 100000, 1};
	CLEANUP(arena) struct arena *a = arena_new();
	unsigned char *got[ARRAY_SIZE(sizes)];

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		got[i] = arena_alloc(a, sizes[i]);
		ck_assert_uint_eq((uintptr_t)got[i] % alignof(max_align_t), 0);
		for (size_t j = 0; j < sizes[i]; j++)
			ck_assert_uint_eq(got[i][j], 0);
		if (sizes[i])
			memset(got[i], (int)i + 1, sizes[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (size_t j = 0; j < sizes[i]; j++)
			ck_assert_uint_eq(got[i][j], i + 1);
	}
}
END_TEST

START_TEST(test_alloc_too_much)
{
	no_core_dump();
	(void)arena_alloc(arena_new(), SIZE_MAX - 3);
}
END_TEST

START_TEST(test_text)
{
	CLEANUP(arena) struct arena *a = arena_new();
	str copy = arena_str(a, str_make("a\0bcd", 3));

	ck_assert(str_is_equal(copy, str_make("a\0b", 3)));
	ck_assert_int_eq(copy.ptr[3], '\0');
	copy = arena_str(a, (str){NULL, 0});
	ck_assert(copy.ptr && copy.len == 0 && *copy.ptr == '\0');
	ck_assert_str_eq(arena_strdup(a, str_make("abc", 2)), "ab");
	ck_assert_str_eq(arena_strdup(a, (str){NULL, 0}), "");
	ck_assert_str_eq(arena_printf(a, "%s-%05d", "x", 42), "x-00042");
	const char *wide = arena_printf(a, "%*d", 20000, 1);

	ck_assert_uint_eq(strlen(wide), 20000);
	arena_free(NULL);
}
END_TEST

START_TEST(test_grow)
{
	CLEANUP(arena) struct arena *a = arena_new();
	struct item {
		int number;
		const char *text;
	} *items = NULL;

	for (size_t count = 0; count < 1000; count++) {
		struct item *before = items;

		items = arena_grow(a, items, count, sizeof(*items));
		/* It moves at 0, 4, 8, 16, ... only. */
		ck_assert((items != before) ==
			  (count == 0 || (count >= 4 && (count & (count - 1)) == 0)));
		ck_assert_int_eq(items[count].number, 0);
		ck_assert_ptr_null(items[count].text);
		items[count].number = (int)count;
	}
	for (size_t i = 0; i < 1000; i++)
		ck_assert_int_eq(items[i].number, (int)i);
}
END_TEST

START_TEST(test_grow_too_much)
{
	no_core_dump();
	(void)arena_grow(arena_new(), NULL, 0, SIZE_MAX / 2);
}
END_TEST

START_TEST(test_x_alloc)
{
	CLEANUP_FREE char *none = x_alloc(0);
	CLEANUP_FREE char *zeroed = x_alloc(100);
	CLEANUP_FREE char *copy = x_strdup("text");
	CLEANUP_FREE char *part = x_strndup("text", 2);
	CLEANUP_FREE char *short_one = x_strndup("ab", 10);
	CLEANUP_FREE char *printed = x_asprintf("%d%s", 1, "x");
	CLEANUP_FREE int *numbers = x_realloc(NULL, 3, sizeof(int));

	*none = 'x';
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(zeroed[i], 0);
	ck_assert_str_eq(copy, "text");
	ck_assert_str_eq(part, "te");
	ck_assert_str_eq(short_one, "ab");
	ck_assert_str_eq(printed, "1x");
	numbers[2] = 7;
	numbers = x_realloc(numbers, 1000, sizeof(int));
	ck_assert_int_eq(numbers[2], 7);
	numbers = x_realloc(numbers, 0, sizeof(int));
	ck_assert_ptr_nonnull(numbers);
}
END_TEST

START_TEST(test_x_realloc_overflow)
{
	no_core_dump();
	close(STDERR_FILENO);
	free(x_realloc(NULL, SIZE_MAX / 2, 3));
}
END_TEST

static int scope(int fd, int *ret_stolen)
{
	CLEANUP_FD int closed = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	CLEANUP_FD int stolen = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	CLEANUP_FD int none = -1;

	*ret_stolen = STEAL_FD(&stolen);
	ck_assert_int_eq(stolen, -1);
	ck_assert_int_eq(none, -1);
	return closed;
}

START_TEST(test_cleanup)
{
	int kept = -1, closed = scope(STDOUT_FILENO, &kept);
	char *text = x_strdup("x"), *moved = STEAL_PTR(&text);

	ck_assert_ptr_null(text);
	free(moved);
	ck_assert_int_eq(fcntl(closed, F_GETFD), -1);
	ck_assert_int_ge(fcntl(kept, F_GETFD), 0);
	errno = ENOTTY;
	close_fd(kept);
	close_fd(kept); /* EBADF is not shown */
	close_fd(-1);
	ck_assert_int_eq(errno, ENOTTY);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("memory");
	TCase *tests = tcase_create("memory");

	tcase_add_test(tests, test_alloc);
	tcase_add_test_raise_signal(tests, test_alloc_too_much, SIGABRT);
	tcase_add_test(tests, test_text);
	tcase_add_test(tests, test_grow);
	tcase_add_test_raise_signal(tests, test_grow_too_much, SIGABRT);
	tcase_add_test(tests, test_x_alloc);
	tcase_add_test_raise_signal(tests, test_x_realloc_overflow, SIGABRT);
	tcase_add_test(tests, test_cleanup);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
