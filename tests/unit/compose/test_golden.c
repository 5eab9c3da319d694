/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every folder of tests/golden/compose is a case: compose files as they are discovered, and either
 * expected.json or expected.error (warnings included). Optional: environment (KEY=VALUE lines),
 * profiles (one per line). The folder's own path is written as DIR. UPDATE_GOLDEN=1 writes what
 * comes out instead of comparing it.
 */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/fs.h"
#include "compose/project.h"

static const char *golden;
static struct strv cases;

static void add_lines(const char *path, struct strv *lines)
{
	CLEANUP_STRBUF struct strbuf text = STRBUF_INIT(0);
	CLEANUP(error) struct error *err = NULL;
	str rest, line = { NULL, 0 };

	if (fs_read_at(AT_FDCWD, path, 1 << 16, &text, &err) < 0)
		return; /* optional */
	rest = strbuf_str(&text);
	while (str_cut(&rest, '\n', &line)) {
		if (line.len)
			strv_add_str(lines, line);
	}
}

/* DIR instead of where the checkout happens to be. */
static void add_portable(struct strbuf *out, const char *text, const char *directory)
{
	size_t len = strlen(directory);

	while (*text) {
		if (strncmp(text, directory, len) == 0) {
			strbuf_add_text(out, "DIR");
			text += len;
		} else {
			strbuf_add_char(out, *text++);
		}
	}
}

static void add_warning(void *ctx, const struct error_position *pos, const char *code,
			const char *text)
{
	strbuf_addf(ctx, "warning: %s:%u:%u: [%s] %s\n", pos->file, pos->line, pos->column, code,
		    text);
}

/* Loads @directory; *ret_ok: a project came out. */
static void run_case(const char *directory, struct strbuf *out, bool *ret_ok)
{
	CLEANUP_FREE char *environment_file = x_asprintf("%s/environment", directory);
	CLEANUP_FREE char *profiles_file = x_asprintf("%s/profiles", directory);
	CLEANUP_STRV struct strv environment = STRV_INIT;
	CLEANUP_STRBUF struct strbuf text = STRBUF_INIT(0);
	CLEANUP(compose_project) struct compose_project *p = NULL;
	CLEANUP(error) struct error *err = NULL;
	struct compose_options opt = { .working_directory = directory,
				       .environment = &environment };
	const struct report warnings = { add_warning, &text };

	strv_add(&environment, "HOME=/home/user");
	add_lines(environment_file, &environment);
	add_lines(profiles_file, &opt.profiles);
	*ret_ok = compose_load(&opt, &warnings, &p, &err) == 0;
	if (*ret_ok) {
		strbuf_clear(&text);
		compose_to_json(p, &text);
	} else {
		error_format(err, &text);
	}
	add_portable(out, strbuf_text(&text), directory);
	strv_fini(&opt.profiles);
}

static void update(const char *path, const struct strbuf *content)
{
	CLEANUP(error) struct error *err = NULL;

	if (fs_write_atomic_at(AT_FDCWD, path, strbuf_str(content), 0644, FS_VOLATILE, &err) < 0)
		ck_abort_msg("%s: %s", path, error_frame(err, 0));
}

START_TEST(case_gives_what_is_expected)
{
	CLEANUP_FREE char *directory = x_asprintf("%s/%s", golden, cases.items[_i]);
	CLEANUP_STRBUF struct strbuf got = STRBUF_INIT(0), want = STRBUF_INIT(0);
	CLEANUP(error) struct error *err = NULL;
	bool ok = false;

	run_case(directory, &got, &ok);
	CLEANUP_FREE char *path =
		x_asprintf("%s/expected.%s", directory, ok ? "json" : "error");

	if (getenv("UPDATE_GOLDEN")) {
		update(path, &got);
		return;
	}
	ck_assert_msg(fs_read_at(AT_FDCWD, path, 1 << 20, &want, &err) == 0, "%s: got\n%s",
		      err ? error_frame(err, 0) : path, strbuf_text(&got));
	ck_assert_msg(str_is_equal(strbuf_str(&got), strbuf_str(&want)), "%s: got\n%s",
		      cases.items[_i], strbuf_text(&got));
}
END_TEST

/* The canonical form is a compose file: it must load again and print the same. */
START_TEST(canonical_form_is_stable)
{
	CLEANUP_FREE char *directory = x_asprintf("%s/%s", golden, cases.items[_i]);
	CLEANUP_FREE char *environment_file = x_asprintf("%s/environment", directory);
	CLEANUP_STRV struct strv environment = STRV_INIT;
	CLEANUP(compose_project) struct compose_project *p = NULL, *again = NULL;
	CLEANUP_STRBUF struct strbuf first = STRBUF_INIT(0), second = STRBUF_INIT(0);
	CLEANUP(error) struct error *err = NULL;
	struct compose_options opt = { .working_directory = directory,
				       .environment = &environment };
	char path[] = "/tmp/compose-golden-XXXXXX";

	add_lines(environment_file, &environment);
	strv_add(&opt.profiles, "*");
	if (compose_load(&opt, NULL, &p, &err) < 0) {
		strv_fini(&opt.profiles);
		return; /* an error case */
	}
	CLEANUP_FD int fd = mkostemp(path, O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	compose_to_yaml(p, &first);
	int r = fs_write_all(fd, first.ptr, first.len);

	strv_add(&opt.files, path);
	if (r == 0)
		r = compose_load(&opt, NULL, &again, &err);
	(void)unlink(path); /* before anything can fail */
	ck_assert_msg(r == 0, "%s: %s", strbuf_text(&first), err ? error_frame(err, 0) : "write");
	compose_to_yaml(again, &second);
	ck_assert_str_eq(strbuf_text(&second), strbuf_text(&first));
	for (size_t i = 0; i < p->service_count; i++) {
		char one[65], two[65];

		compose_service_hash(p, &p->services[i], one);
		compose_service_hash(again, &again->services[i], two);
		ck_assert_str_eq(one, two);
	}
	strv_fini(&opt.files);
	strv_fini(&opt.profiles);
}
END_TEST

static void find_cases(void)
{
	DIR *dir = opendir(golden);

	for (const struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir)) {
		if (e->d_name[0] != '.')
			strv_add(&cases, e->d_name);
	}
	if (dir)
		(void)closedir(dir);
	strv_sort(&cases);
}

int main(int argc, char **argv)
{
	const char *given = argc > 1 ? argv[1] : getenv("FIRKIN_GOLDEN");
	Suite *suite = suite_create("compose/golden");
	TCase *tests = tcase_create("golden");
	SRunner *runner = srunner_create(suite);

	CLEANUP_FREE char *absolute = given ? realpath(given, NULL) : NULL;

	golden = absolute ? absolute : "";
	find_cases();
	if (cases.count == 0)
		return EXIT_FAILURE;
	tcase_add_loop_test(tests, case_gives_what_is_expected, 0, (int)cases.count);
	tcase_add_loop_test(tests, canonical_form_is_stable, 0, (int)cases.count);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	strv_fini(&cases);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
