/* SPDX-License-Identifier: Apache-2.0 */
/* Which files, names, variables and profiles are chosen, in a directory of their own. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fs.h"
#include "compose/project.h"

static char directory[] = "/tmp/compose-project-XXXXXX";
static const char *here;
static struct strv environment;
static struct compose_options opt;
static struct compose_project *project;
static struct error *err;

static void make_directory(void)
{
	if (!mkdtemp(directory))
		exit(EXIT_FAILURE);
}

/* In the parent process, so that a failed test leaves nothing either. */
static void remove_directory(void)
{
	CLEANUP(error) struct error *ignored = NULL;

	(void)fs_remove_tree_at(AT_FDCWD, directory, &ignored); /* nobody could act on it */
}

/* Each test starts in an empty folder of the directory. */
static void set_up(void)
{
	static char folder[sizeof(directory) + 20];

	(void)snprintf(folder, sizeof(folder), "%s/Test.%d", directory, (int)getpid());
	here = folder;
	environment = STRV_INIT;
	opt = (struct compose_options){ .working_directory = here, .environment = &environment };
	project = NULL;
	err = NULL;
}

static void tear_down(void)
{
	strv_fini(&environment);
	strv_fini(&opt.files);
	strv_fini(&opt.env_files);
	strv_fini(&opt.profiles);
	compose_free(STEAL_PTR(&project));
	error_free(STEAL_PTR(&err));
}

static void put(const char *name, const char *content)
{
	CLEANUP_FREE char *path = x_asprintf("%s/%s", here, name);
	CLEANUP_FREE char *parent = x_strndup(path, (size_t)(strrchr(path, '/') - path));
	CLEANUP(error) struct error *e = NULL;

	ck_assert_int_ge(fs_mkdirs_at(AT_FDCWD, parent, 0755, &e), 0);
	ck_assert_int_eq(fs_write_atomic_at(AT_FDCWD, path, str_from(content), 0644, FS_VOLATILE,
					    &e),
			 0);
}

static void load(void)
{
	compose_free(STEAL_PTR(&project));
	if (compose_load(&opt, NULL, &project, &err) < 0)
		ck_abort_msg("%s", error_frame(err, 0));
}

static const char web[] = "services: {web: {image: \"nginx:${TAG:-none}\"}}\n";

START_TEST(the_nearest_file_upwards_is_found)
{
	CLEANUP_FREE char *below = x_asprintf("%s/a/b", here);

	put("docker-compose.yml", web);
	put("compose.yml", "services: {x: {image: x}}\n");
	put("a/b/note", "");
	opt.working_directory = below;
	load();
	ck_assert_str_eq(project->services[0].name, "x");
	ck_assert_str_eq(project->directory, here);
	ck_assert_uint_eq(project->files.count, 1);
	put("compose.yaml", web);
	put("compose.override.yaml", "services: {web: {user: u}}\n");
	load();
	ck_assert_str_eq(compose_find_service(project, "web")->user, "u");
	ck_assert_uint_eq(project->files.count, 2);
}
END_TEST

START_TEST(given_files_need_no_discovery)
{
	put("one.yml", web);
	put("sub/two.yml", "services: {web: {build: ctx}}\n");
	put("compose.yml", "services: {x: {image: x}}\n");
	put("compose.override.yml", "services: {x: {user: u}}\n");
	strv_add(&opt.files, "one.yml");
	strv_add(&opt.files, "sub/two.yml");
	load();
	ck_assert_uint_eq(project->service_count, 1);
	/* Relative paths start at the first file's directory. */
	CLEANUP_FREE char *context = x_asprintf("%s/ctx", here);

	ck_assert_str_eq(project->services[0].build.context, context);
	strv_fini(&opt.files);
	strv_add(&environment, "COMPOSE_FILE=compose.yml,one.yml");
	strv_add(&environment, "COMPOSE_PATH_SEPARATOR=,");
	load();
	ck_assert_uint_eq(project->service_count, 2);
	ck_assert_ptr_null(compose_find_service(project, "x")->user);
}
END_TEST

START_TEST(the_project_name_has_an_order)
{
	put("compose.yml", web);
	load();
	ck_assert_msg(strncmp(project->name, "test", 4) == 0 && project->name[4] != '.', "%s",
		      project->name);
	put("compose.yml", "name: from-file\nservices: {web: {image: x}}\n");
	load();
	ck_assert_str_eq(project->name, "from-file");
	put("compose.override.yml", "name: \"from-${WHERE}\"\n");
	put(".env", "WHERE=override\n");
	load();
	ck_assert_str_eq(project->name, "from-override");
	strv_add(&environment, "COMPOSE_PROJECT_NAME=from-variable");
	load();
	ck_assert_str_eq(project->name, "from-variable");
	opt.project_name = "from-flag";
	load();
	ck_assert_str_eq(project->name, "from-flag");
	ck_assert_str_eq(project->networks[0].name, "from-flag_default");
	opt.project_name = "Not-Good";
	ck_assert_int_eq(compose_load(&opt, NULL, &project, &err), -ERR_USAGE);
}
END_TEST

static void check_tag(const char *want)
{
	CLEANUP_FREE char *image = x_asprintf("nginx:%s", want);

	load();
	ck_assert_str_eq(project->services[0].image, image);
}

START_TEST(variables_have_an_order)
{
	put("compose.yml", web);
	check_tag("none");
	put(".env", "TAG=dotenv\n");
	check_tag("dotenv");
	put("a.env", "TAG=a\n");
	put("b.env", "TAG=b$TAG\n");
	strv_add(&environment, "COMPOSE_ENV_FILES=a.env");
	check_tag("a");
	strv_add(&opt.env_files, "a.env");
	strv_add(&opt.env_files, "b.env");
	check_tag("b");
	strv_add(&environment, "TAG=caller");
	check_tag("caller");
	strv_add(&opt.env_files, "missing.env");
	ck_assert_int_eq(compose_load(&opt, NULL, &project, &err), -ERR_NOT_FOUND);
}
END_TEST

START_TEST(dotenv_can_be_switched_off)
{
	put("compose.yml", web);
	put(".env", "TAG=dotenv\n");
	strv_add(&environment, "COMPOSE_DISABLE_ENV_FILE=true");
	check_tag("none");
}
END_TEST

START_TEST(profiles_choose_services)
{
	put("compose.yml", "services:\n a: {image: x}\n b: {image: x, profiles: [p]}\n"
			   " c: {image: x, profiles: [q], env_file: missing.env}\n");
	load();
	ck_assert_uint_eq(project->service_count, 1);
	strv_add(&environment, "COMPOSE_PROFILES=p,");
	load();
	ck_assert_uint_eq(project->service_count, 2);
	strv_add(&opt.profiles, "*");
	ck_assert_int_eq(compose_load(&opt, NULL, &project, &err), -ERR_NOT_FOUND);
}
END_TEST

/* 1000 services that each extend one of 1000 values would become a million. */
START_TEST(extends_cannot_multiply_without_bound)
{
	CLEANUP_STRBUF struct strbuf text = STRBUF_INIT(0);

	strbuf_add_text(&text, "services:\n  s0:\n    image: x\n    x-list:\n");
	for (int i = 0; i < 1000; i++)
		strbuf_add_text(&text, "      - v\n");
	for (int i = 1; i < 1000; i++)
		strbuf_addf(&text, "  s%d: {extends: s0}\n", i);
	put("compose.yml", strbuf_text(&text));
	ck_assert_int_eq(compose_load(&opt, NULL, &project, &err), -ERR_LIMIT);
}
END_TEST

START_TEST(without_interpolation_a_dollar_stays)
{
	put("compose.yml", web);
	opt.no_interpolate = true;
	check_tag("${TAG:-none}");
}
END_TEST

START_TEST(the_hash_sees_what_a_container_is_made_from)
{
	char hashes[4][65];
	static const char *const files[] = {
		"services: {web: {image: x, environment: {B: 1, A: 2}}}\n",
		"services: {web: {environment: [A=2, B=1], image: x, pull_policy: always, "
		"build: ., deploy: {replicas: 1}, scale: 1}}\n",
		"services: {web: {image: x, environment: {B: 1, A: 3}}}\n",
		"services: {web: {image: x, environment: {B: 1, A: 2}, user: '0'}}\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		put("compose.yml", files[i]);
		load();
		compose_service_hash(project, &project->services[0], hashes[i]);
		ck_assert_uint_eq(strlen(hashes[i]), 64);
	}
	ck_assert_str_eq(hashes[0], hashes[1]);
	ck_assert_str_ne(hashes[0], hashes[2]);
	ck_assert_str_ne(hashes[0], hashes[3]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("compose/project");
	TCase *tests = tcase_create("project");
	SRunner *runner = srunner_create(suite);

	tcase_add_unchecked_fixture(tests, make_directory, remove_directory);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, the_nearest_file_upwards_is_found);
	tcase_add_test(tests, given_files_need_no_discovery);
	tcase_add_test(tests, the_project_name_has_an_order);
	tcase_add_test(tests, variables_have_an_order);
	tcase_add_test(tests, dotenv_can_be_switched_off);
	tcase_add_test(tests, profiles_choose_services);
	tcase_add_test(tests, extends_cannot_multiply_without_bound);
	tcase_add_test(tests, without_interpolation_a_dollar_stays);
	tcase_add_test(tests, the_hash_sees_what_a_container_is_made_from);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
