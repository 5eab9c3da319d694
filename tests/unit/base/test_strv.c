/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of owned strings; environment lists. */
#include "fixture.h"

#include "base/strv.h"

static void fill(struct strv *v, const char *words)
{
	str rest = str_from(words), word;

	while (*words && str_cut(&rest, ' ', &word))
		strv_add_str(v, word);
}

static void check_words(const struct strv *v, const char *words)
{
	CLEANUP_STRBUF struct strbuf joined = STRBUF_INIT(0);

	for (size_t i = 0; i < v->count; i++)
		strbuf_addf(&joined, "%s%s", i ? " " : "", v->items[i]);
	ck_assert_str_eq(strbuf_text(&joined), words);
	ck_assert_ptr_null(strv_argv(v)[v->count]);
}

START_TEST(test_empty)
{
	CLEANUP_STRV struct strv v = STRV_INIT, other = STRV_INIT;

	ck_assert_ptr_nonnull(strv_argv(&v));
	check_words(&v, "");
	ck_assert(!strv_has(&v, ""));
	strv_sort(&v);
	strv_add_all(&v, &other);
	strv_remove(&v, 0);
	ck_assert_ptr_null(strv_find_variable(&v, STR("A")));
	strv_unset_variable(&v, STR("A"));
	check_words(&v, "");
	strv_fini(&v);
}
END_TEST

START_TEST(test_add)
{
	CLEANUP_STRV struct strv v = STRV_INIT, other = STRV_INIT;

	strv_add(&v, "b");
	strv_add_str(&v, str_make("abc", 1));
	strv_addf(&v, "%s%d", "c", 3);
	check_words(&v, "b a c3");
	ck_assert(strv_has(&v, "a") && !strv_has(&v, "abc"));
	strv_add_all(&other, &v);
	strv_add_all(&other, &v);
	check_words(&other, "b a c3 b a c3");
	strv_sort(&other);
	check_words(&other, "a a b b c3 c3");
	check_words(&v, "b a c3");
}
END_TEST

/* The capacity is derived from the count: adding and removing around each power of two. */
START_TEST(test_capacity)
{
	CLEANUP_STRV struct strv v = STRV_INIT;

	for (int i = 0; i < 300; i++) {
		strv_addf(&v, "%d", i);
		ck_assert_ptr_null(strv_argv(&v)[v.count]);
		strv_add(&v, "x");
		strv_remove(&v, v.count - 1);
		ck_assert_ptr_null(strv_argv(&v)[v.count]);
	}
	ck_assert_uint_eq(v.count, 300);
	strv_remove(&v, 300);
	ck_assert_uint_eq(v.count, 300);
	while (v.count)
		strv_remove(&v, v.count / 2);
	ck_assert_ptr_null(v.items);
	strv_add(&v, "again");
	check_words(&v, "again");
}
END_TEST

static const struct {
	const char *items;
	size_t index;
	const char *left;
} removals[] = {{"a", 0, ""}, {"a b c", 0, "b c"}, {"a b c", 1, "a c"}, {"a b c", 2, "a b"}};

START_TEST(test_remove)
{
	CLEANUP_STRV struct strv v = STRV_INIT;

	fill(&v, removals[_i].items);
	strv_remove(&v, removals[_i].index);
	check_words(&v, removals[_i].left);
}
END_TEST

static const struct {
	const char *env, *name;
	const char *found; /* strv_find_variable() */
	const char *set,
		*unset; /* after strv_set_variable(name, "new") and strv_unset_variable() */
} variables[] = {
	{"", "A", NULL, "A=new", ""},
	{"A=1", "A", "1", "A=new", ""},
	{"A=1 B=2", "A", "1", "A=new B=2", "B=2"},
	{"A=1 B=2", "B", "2", "A=1 B=new", "A=1"},
	{"A=1", "B", NULL, "A=1 B=new", "A=1"},
	{"A=", "A", "", "A=new", ""},
	{"A=x=y", "A", "x=y", "A=new", ""},
	/* names are whole and exact */
	{"AB=1", "A", NULL, "AB=1 A=new", "AB=1"},
	{"A=1", "AB", NULL, "A=1 AB=new", "A=1"},
	{"a=1", "A", NULL, "a=1 A=new", "a=1"},
	/* an entry without '=' is no variable */
	{"A", "A", NULL, "A A=new", "A"},
	{"A A=1", "A", "1", "A A=new", "A"},
	/* of several the last one counts and stays */
	{"A=1 A=2", "A", "2", "A=new", ""},
	{"A=1 B=2 A=3 C=4", "A", "3", "B=2 A=new C=4", "B=2 C=4"},
	{"A=1 A=2 A=3 B=4", "A", "3", "A=new B=4", "B=4"},
	/* a value may look like a variable */
	{"X=A=1", "A", NULL, "X=A=1 A=new", "X=A=1"},
	/* there is no name with '=' in it */
	{"A=B=1", "A=B", NULL, "A=B=1 A=B=new", "A=B=1"},
	{"=1", "", "1", "=new", ""},
	{"A=1", "", NULL, "A=1 =new", "A=1"},
};

START_TEST(test_variables)
{
	CLEANUP_STRV struct strv set = STRV_INIT, unset = STRV_INIT;
	str name = str_from(variables[_i].name);

	fill(&set, variables[_i].env);
	fill(&unset, variables[_i].env);
	const char *found = strv_find_variable(&set, name);

	if (variables[_i].found)
		ck_assert_str_eq(found, variables[_i].found);
	else
		ck_assert_ptr_null(found);
	strv_set_variable(&set, name, STR("new"));
	check_words(&set, variables[_i].set);
	strv_unset_variable(&unset, name);
	check_words(&unset, variables[_i].unset);
}
END_TEST

START_TEST(test_variable_forms)
{
	CLEANUP_STRV struct strv v = STRV_INIT;

	ck_assert_ptr_null(strv_find_variable(&v, (str){NULL, 0}));
	/* Names and values are pieces of something longer. */
	strv_set_variable(&v, str_make("NAMES", 4), str_make("values", 5));
	check_words(&v, "NAME=value");
	ck_assert_str_eq(strv_find_variable(&v, str_make("NAMES", 4)), "value");
	strv_set_variable(&v, STR("NAME"), (str){NULL, 0});
	check_words(&v, "NAME=");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("strv");
	TCase *tests = tcase_create("strv");

	tcase_add_test(tests, test_empty);
	tcase_add_test(tests, test_add);
	tcase_add_test(tests, test_capacity);
	tcase_add_loop_test(tests, test_remove, 0, (int)ARRAY_SIZE(removals));
	tcase_add_loop_test(tests, test_variables, 0, (int)ARRAY_SIZE(variables));
	tcase_add_test(tests, test_variable_forms);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
