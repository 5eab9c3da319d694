/* SPDX-License-Identifier: Apache-2.0 */
/* Keys: every component counts, nothing collides, and a miss is explained. */
#include <check.h>

#include "base/memory.h"
#include "key.h"

/* "name=value" components; the kind is RUN. */
static void make(struct step_key *k, const char *parent, const char *const *parts)
{
	step_key_start(k, "RUN", parent);
	for (; *parts; parts++) {
		str name, value;

		ck_assert(str_split_once(str_from(*parts), '=', &name, &value));
		CLEANUP_FREE char *text = str_dup(name);

		step_key_add(k, text, value);
	}
	step_key_finish(k);
}

static const struct {
	const char *before[5], *now[5];
	const char *parent_now;
	const char *why; /* NULL: the keys are equal */
} rows[] = {
	{ { "command=a" }, { "command=a" }, "p", NULL },
	{ { "command=a" }, { "command=b" }, "p", "command changed" },
	{ { "ARG V=1" }, { "ARG V=2" }, "p", "ARG V was '1', is '2'" },
	{ { "ENV V=1" }, { "command=x", "ENV V=1" }, "p", "command is new" },
	{ { "command=x", "ENV V=1" }, { "command=x" }, "p", "ENV V is gone" },
	{ { "command=x" }, { "command=x" }, "q", "the step before it changed" },
	/* What changed in the step itself says more than what changed below it. */
	{ { "ARG V=1" }, { "ARG V=2" }, "q", "ARG V was '1', is '2'" },
	{ { "content of package.json=aa" }, { "content of package.json=bb" }, "p", "content of package.json changed" },
	{ { "source=a", "source=b" }, { "source=a", "source=c" }, "p", "source changed" },
	{ { "source=a", "source=b", "content=1" }, { "source=a", "source=b", "content=2" }, "p", "content changed" },
};

START_TEST(test_explain)
{
	struct step_key before, now;

	make(&before, "p", rows[_i].before);
	make(&now, rows[_i].parent_now, rows[_i].now);
	ck_assert_int_eq(strcmp(before.hex, now.hex) == 0, rows[_i].why == NULL);
	if (rows[_i].why) {
		CLEANUP_FREE char *why = step_key_explain(&now, before.components);

		ck_assert_str_eq(why, rows[_i].why);
	}
	step_key_fini(&before);
	step_key_fini(&now);
}
END_TEST

/* Lengths are hashed in front: moving a byte over a border must change the key. */
START_TEST(test_framing)
{
	const char *const one[] = { "ab=c", NULL }, *const two[] = { "a=bc", NULL };
	const char *const three[] = { "a=b", "c=d", NULL }, *const four[] = { "a=bc", "=d", NULL };
	struct step_key k[4];

	make(&k[0], "p", one);
	make(&k[1], "p", two);
	make(&k[2], "p", three);
	make(&k[3], "p", four);
	for (size_t i = 0; i < 4; i++) {
		for (size_t j = i + 1; j < 4; j++)
			ck_assert_str_ne(k[i].hex, k[j].hex);
	}
	for (size_t i = 0; i < 4; i++)
		step_key_fini(&k[i]);
}
END_TEST

START_TEST(test_first_build_is_not_explained)
{
	const char *const parts[] = { "command=a", NULL };
	struct step_key k;

	make(&k, "p", parts);
	ck_assert_ptr_null(step_key_explain(&k, NULL));
	step_key_fini(&k);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("build/key");
	TCase *t = tcase_create("key");
	SRunner *r;

	tcase_add_loop_test(t, test_explain, 0, ARRAY_SIZE(rows));
	tcase_add_test(t, test_framing);
	tcase_add_test(t, test_first_build_is_not_explained);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);

	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
