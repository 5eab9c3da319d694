/* SPDX-License-Identifier: Apache-2.0 */
/* References: Docker's grammar and its short forms. */
#include "fixture.h"

#include "image/image.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TEN "aaaaaaaaaa"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static const struct reference_case {
	const char *text, *canonical, *familiar; /* canonical NULL: refused, familiar: why */
} cases[] = {
	{"node", "docker.io/library/node:latest", "node:latest"},
	{"node:20", "docker.io/library/node:20", "node:20"},
	{"library/node", "docker.io/library/node:latest", "node:latest"},
	{"docker.io/node", "docker.io/library/node:latest", "node:latest"},
	{"index.docker.io/node", "docker.io/library/node:latest", "node:latest"},
	{"docker.io/library/node:20", "docker.io/library/node:20", "node:20"},
	{"grafana/grafana", "docker.io/grafana/grafana:latest", "grafana/grafana:latest"},
	{"library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest"},
	{"localhost/app", "localhost/app:latest", "localhost/app:latest"},
	{"localhost:5000/app:1", "localhost:5000/app:1", "localhost:5000/app:1"},
	{"localhost:5000", "docker.io/library/localhost:5000", "localhost:5000"},
	{"firkin.local/node:20", "firkin.local/node:20", "firkin.local/node:20"},
	{"ghcr.io/a/b/c:v1.2-3_4", "ghcr.io/a/b/c:v1.2-3_4", "ghcr.io/a/b/c:v1.2-3_4"},
	{"[::1]:5000/app", "[::1]:5000/app:latest", "[::1]:5000/app:latest"},
	{"[fd00::1]/app", "[fd00::1]/app:latest", "[fd00::1]/app:latest"},
	{"Registry/app", "Registry/app:latest", "Registry/app:latest"},
	{"x/a.b--c__d_e", "docker.io/x/a.b--c__d_e:latest", "x/a.b--c__d_e:latest"},
	{"node@sha256:" HEX, "docker.io/library/node@sha256:" HEX, "node@sha256:" HEX},
	{"node:20@sha256:" HEX, "docker.io/library/node:20@sha256:" HEX, "node:20@sha256:" HEX},
	{"docker.io/quay.io/a", "docker.io/quay.io/a:latest", "docker.io/quay.io/a:latest"},
	{"docker.io/localhost/a", "docker.io/localhost/a:latest", "docker.io/localhost/a:latest"},
	{"library/" HEX, "docker.io/library/" HEX ":latest", "library/" HEX ":latest"},
	{"node:a..b", "docker.io/library/node:a..b", "node:a..b"},
	{"node:_a", "docker.io/library/node:_a", "node:_a"},

	{"", NULL, "it is empty"},
	{"Node", NULL, "must be lowercase"},
	{"docker.io/Node", NULL, "must be lowercase"},
	{"node:", NULL, "not a tag"},
	{"node:-a", NULL, "not a tag"},
	{"node:.a", NULL, "not a tag"},
	{"node:a b", NULL, "not a tag"},
	{"node:" HUNDRED TEN TEN TEN, NULL, "not a tag"},
	{":20", NULL, "not a repository name"},
	{"/node", NULL, "not a repository name"},
	{"node/", NULL, "not a repository name"},
	{"a//b", NULL, "not a repository name"},
	{"a/../b", NULL, "not a repository name"},
	{"../a", NULL, "not a host name"},
	{"-node", NULL, "not a repository name"},
	{"node-", NULL, "not a repository name"},
	{"no..de", NULL, "not a repository name"},
	{"no___de", NULL, "not a repository name"},
	{"no._de", NULL, "not a repository name"},
	{"node\n", NULL, "not a repository name"},
	{"-a.b/c", NULL, "not a host name"},
	{"a.b:x/c", NULL, "not a host name"},
	{"a.b:99999/c", NULL, "not a host name"},
	{"[::1/c", NULL, "not a host name"},
	{"[x]:1/c", NULL, "not a host name"},
	{"https://a.b/c", NULL, "not a host name"},
	{HEX, NULL, "are an id"},
	{HUNDRED "/" HUNDRED "/" HUNDRED, NULL, "longer than"},
	{"node@sha256:abc", NULL, "digest must be"},
	{"node@sha512:" HEX HEX, NULL, "digest must be"},
	{"node@sha256:../../../../etc/passwd", NULL, "digest must be"}, /* CVE-2024-3727 */
	{"node@sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef", NULL,
	 "digest must be"},
	{"node@" HEX, NULL, "digest must be"},
};

START_TEST(test_case)
{
	const struct reference_case *c = &cases[_i];
	CLEANUP(error) struct error *err = NULL;
	struct reference ref = {0};
	int r = reference_parse(str_from(c->text), &ref, &err);

	if (!c->canonical) {
		ck_assert_msg(r < 0 && strstr(error_text(err), c->familiar), "%s: %d %s", c->text,
			      r, error_text(err));
		return;
	}
	ck_assert_msg(r == 0, "%s: %s", c->text, error_text(err));
	CLEANUP_FREE char *canonical = reference_canonical(&ref);
	CLEANUP_FREE char *familiar = reference_familiar(&ref);
	struct reference again = {0};

	reference_fini(&ref);
	ck_assert_str_eq(canonical, c->canonical);
	ck_assert_str_eq(familiar, c->familiar);
	/* Both forms are read back as the same reference. */
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(reference_parse(str_from(i ? familiar : canonical), &again, &err),
				 0);
		CLEANUP_FREE char *text = reference_canonical(&again);

		ck_assert_str_eq(text, c->canonical);
		reference_fini(&again);
	}
}
END_TEST

START_TEST(test_nul)
{
	CLEANUP(error) struct error *err = NULL, *err2 = NULL;
	struct reference ref = {0};

	ck_assert_int_eq(reference_parse(STR("node:2\0"), &ref, &err), -ERR_PARSE);
	ck_assert_int_eq(reference_parse(STR("no\0de"), &ref, &err2), -ERR_PARSE);
}
END_TEST

static Suite *reference_suite(void)
{
	Suite *s = suite_create("reference");
	TCase *t = tcase_create("grammar");

	tcase_add_loop_test(t, test_case, 0, (int)ARRAY_SIZE(cases));
	tcase_add_test(t, test_nul);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return run_suite(reference_suite());
}
