/* SPDX-License-Identifier: Apache-2.0 */
/* USER texts against hostile passwd and group files. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "container/container.h"

static char root[] = "/tmp/firkin-test-user-XXXXXX";
static int root_fd = -1;

static void put(const char *path, const char *content)
{
	CLEANUP(error) struct error *err = NULL;

	ck_assert_int_eq(
		fs_write_atomic_at(root_fd, path, str_from(content), 0644, FS_VOLATILE, &err), 0);
}

static void setup(void)
{
	char template[] = "/tmp/firkin-test-user-XXXXXX";

	memcpy(root, template, sizeof(root));
	ck_assert_ptr_nonnull(mkdtemp(root));
	root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(mkdirat(root_fd, "etc", 0755), 0);
	put("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"
			  "# a comment\n"
			  "broken:x:abc:0::/home/broken:\n"
			  "short:x\n"
			  "1000:x:0:0:a name of digits:/root:/bin/sh\n"
			  "huge:x:4294967296:0::/:\n"
			  "minus:x:-1:0::/:\n"
			  "node:x:1001:1001:Node:/home/node:/bin/sh\n"
			  "homeless:x:1002:1002:::\n"
			  "app:x:10001:10001::/app:/sbin/nologin");
	put("etc/group", "root:x:0:\n"
			 "adm:x:4:root,node\n"
			 "docker:x:999:node,app\n"
			 "2000:x:0:\n"
			 "node:x:1001:\n"
			 "bad:x:zzz:node\n"
			 "almost:x:77:nodejs,anode\n"
			 "app:x:10001:");
}

static void teardown(void)
{
	CLEANUP(error) struct error *err = NULL;

	close_fd(root_fd);
	(void)fs_remove_tree_at(AT_FDCWD, root, &err);
}

static const struct {
	const char *text;
	const char *extra; /* one --group-add */
	int code;
	uid_t uid;
	gid_t gid;
	const char *groups;
	const char *home;
} cases[] = {
	{"", NULL, 0, 0, 0, "0 4", "/root"},
	{"root", NULL, 0, 0, 0, "0 4", "/root"},
	{"0", NULL, 0, 0, 0, "0 4", "/root"},
	{"node", NULL, 0, 1001, 1001, "1001 4 999", "/home/node"},
	{"1001", NULL, 0, 1001, 1001, "1001 4 999", "/home/node"},
	{"app", NULL, 0, 10001, 10001, "10001 999", "/app"},
	{"homeless", NULL, 0, 1002, 1002, "1002", "/"},
	{"4242", NULL, 0, 4242, 0, "0", "/"},
	{"4242:4343", NULL, 0, 4242, 4343, "4343", "/"},
	{"node:docker", NULL, 0, 1001, 999, "999", "/home/node"},
	{"node:5", NULL, 0, 1001, 5, "5", "/home/node"},
	{"node:", NULL, 0, 1001, 1001, "1001 4 999", "/home/node"},
	{":docker", NULL, 0, 0, 999, "999", "/root"},
	{"4242", "docker", 0, 4242, 0, "0 999", "/"},
	{"4242", "31", 0, 4242, 0, "0 31", "/"},
	{"node", "docker", 0, 1001, 1001, "1001 4 999", "/home/node"},
	/* CVE-2016-3697: digits are an id, also when somebody is called so */
	{"1000", NULL, 0, 1000, 0, "0", "/"},
	{"0:2000", NULL, 0, 0, 2000, "2000", "/root"},
	/* CVE-2024-40635, CVE-2026-46680: out of range is refused, never wrapped or looked up */
	{"2147483647", NULL, 0, 2147483647, 0, "0", "/"},
	{"2147483648", NULL, -ERR_PARSE, 0, 0, NULL, NULL},
	{"4294967295", NULL, -ERR_PARSE, 0, 0, NULL, NULL},
	{"4294967296", NULL, -ERR_PARSE, 0, 0, NULL, NULL},
	{"18446744073709551616", NULL, -ERR_PARSE, 0, 0, NULL, NULL},
	{"1:2147483648", NULL, -ERR_PARSE, 0, 0, NULL, NULL},
	{"1", "4294967296", -ERR_PARSE, 0, 0, NULL, NULL},
	/* CVE-2026-30892: what looks nearly like a number is nobody, and never root */
	{"1", NULL, 0, 1, 0, "0", "/"},
	{"01", NULL, 0, 1, 0, "0", "/"},
	{"-1", NULL, -ERR_NOT_FOUND, 0, 0, NULL, NULL},
	{"+1", NULL, -ERR_NOT_FOUND, 0, 0, NULL, NULL},
	{" 1", NULL, -ERR_NOT_FOUND, 0, 0, NULL, NULL},
	{"1 ", NULL, -ERR_NOT_FOUND, 0, 0, NULL, NULL},
	{"0x1", NULL, -ERR_NOT_FOUND, 0, 0, NULL, NULL},
	{"1e3", NULL, -ERR_NOT_FOUND, 0, 0, NULL, NULL},
	/* lines that are not well formed do not exist */
	{"broken", NULL, -ERR_NOT_FOUND, 0, 0, NULL, NULL},
	{"short", NULL, -ERR_NOT_FOUND, 0, 0, NULL, NULL},
	{"huge", NULL, -ERR_NOT_FOUND, 0, 0, NULL, NULL},
	{"minus", NULL, -ERR_NOT_FOUND, 0, 0, NULL, NULL},
	{"nobody", NULL, -ERR_NOT_FOUND, 0, 0, NULL, NULL},
	{"node:nogroup", NULL, -ERR_NOT_FOUND, 0, 0, NULL, NULL},
	{"node:bad", NULL, -ERR_NOT_FOUND, 0, 0, NULL, NULL},
	{"node", "nogroup", -ERR_NOT_FOUND, 0, 0, NULL, NULL},
	{"a:b:c", NULL, -ERR_PARSE, 0, 0, NULL, NULL},
};

static int resolve(const char *text, const char *extra, struct container_user *u)
{
	CLEANUP(error) struct error *err = NULL;
	struct strv groups CLEANUP_STRV = STRV_INIT;

	if (extra)
		strv_add(&groups, extra);
	return container_resolve_user(root_fd, text, &groups, u, &err);
}

START_TEST(user_texts)
{
	struct container_user u = {.uid = 55555};
	struct strbuf groups CLEANUP_STRBUF = STRBUF_INIT(0);
	int r = resolve(cases[_i].text, cases[_i].extra, &u);

	ck_assert_msg(r == cases[_i].code, "'%s': %d", cases[_i].text, r);
	if (r < 0) {
		ck_assert_uint_eq(u.uid, 55555); /* untouched */
		return;
	}
	for (size_t i = 0; i < u.group_count; i++)
		strbuf_addf(&groups, "%s%u", i ? " " : "", u.groups[i]);
	ck_assert_msg(u.uid == cases[_i].uid && u.gid == cases[_i].gid, "'%s': %u:%u",
		      cases[_i].text, u.uid, u.gid);
	ck_assert_str_eq(strbuf_text(&groups), cases[_i].groups);
	ck_assert_str_eq(u.home, cases[_i].home);
}
END_TEST

START_TEST(ids_work_without_the_files)
{
	struct container_user u;

	ck_assert_int_eq(unlinkat(root_fd, "etc/passwd", 0), 0);
	ck_assert_int_eq(unlinkat(root_fd, "etc/group", 0), 0);
	ck_assert_int_eq(resolve("", NULL, &u), 0);
	ck_assert_uint_eq(u.uid, 0);
	ck_assert_str_eq(u.home, "/");
	ck_assert_int_eq(resolve("7:8", NULL, &u), 0);
	ck_assert_uint_eq(u.gid, 8);
	ck_assert_int_eq(resolve("node", NULL, &u), -ERR_NOT_FOUND);
}
END_TEST

START_TEST(a_fifo_does_not_hang_CVE_2024_9676)
{
	struct container_user u;

	ck_assert_int_eq(unlinkat(root_fd, "etc/passwd", 0), 0);
	ck_assert_int_eq(mkfifoat(root_fd, "etc/passwd", 0644), 0);
	ck_assert_int_eq(resolve("node", NULL, &u), -ERR_PARSE);
	ck_assert_int_eq(resolve("1000", NULL, &u), -ERR_PARSE);
}
END_TEST

START_TEST(a_directory_is_refused)
{
	struct container_user u;

	ck_assert_int_eq(unlinkat(root_fd, "etc/group", 0), 0);
	ck_assert_int_eq(mkdirat(root_fd, "etc/group", 0755), 0);
	ck_assert_int_eq(resolve("node", NULL, &u), -ERR_PARSE);
}
END_TEST

START_TEST(files_have_a_largest_size_CVE_2026_47262)
{
	struct container_user u;
	CLEANUP_FD int fd = openat(root_fd, "etc/group", O_WRONLY | O_CLOEXEC);

	ck_assert_int_eq(ftruncate(fd, 1024 * 1024 + 1), 0);
	ck_assert_int_eq(resolve("node", NULL, &u), -ERR_LIMIT);
	ck_assert_int_eq(ftruncate(fd, 1024 * 1024), 0);
	ck_assert_int_eq(resolve("node", NULL, &u), 0);
}
END_TEST

START_TEST(too_many_groups_are_refused)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	struct container_user u;

	for (int i = 0; i < 200; i++)
		strbuf_addf(&text, "g%d:x:%d:node\n", i, 3000 + i);
	put("etc/group", strbuf_text(&text));
	ck_assert_int_eq(resolve("node", NULL, &u), -ERR_LIMIT);
	ck_assert_int_eq(resolve("node:g7", NULL, &u), 0);
}
END_TEST

START_TEST(symlinks_stay_inside_the_root)
{
	struct container_user u;

	ck_assert_int_eq(renameat(root_fd, "etc/passwd", root_fd, "users"), 0);
	ck_assert_int_eq(symlinkat("/users", root_fd, "etc/passwd"), 0);
	ck_assert_int_eq(resolve("node", NULL, &u), 0);
	ck_assert_uint_eq(u.uid, 1001);
	ck_assert_int_eq(unlinkat(root_fd, "etc/passwd", 0), 0);
	ck_assert_int_eq(symlinkat("../../../../../../etc/passwd", root_fd, "etc/passwd"), 0);
	ck_assert_int_lt(resolve("node", NULL, &u), 0); /* a loop in here; the host's over there */
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("container/user");
	TCase *tc = tcase_create("resolve");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, user_texts, 0, ARRAY_SIZE(cases));
	tcase_add_test(tc, ids_work_without_the_files);
	tcase_add_test(tc, a_fifo_does_not_hang_CVE_2024_9676);
	tcase_add_test(tc, a_directory_is_refused);
	tcase_add_test(tc, files_have_a_largest_size_CVE_2026_47262);
	tcase_add_test(tc, too_many_groups_are_refused);
	tcase_add_test(tc, symlinks_stay_inside_the_root);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);

	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed != 0;
}
