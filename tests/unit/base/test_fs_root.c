/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile paths inside a root: links out of it, loops, magic links, races. */
#include "fixture.h"

#include <errno.h>
#include <linux/fs.h>
#include <sys/prctl.h>
#include <sys/wait.h>

/* scratch/outside and scratch/root; what is in the root, targets of links behind '>'. */
static const char *const tree[] = {
	"etc/",
	"a/b/c/",
	"etc/passwd",
	"abs>/etc",
	"up>../../../../etc",
	"a/up>../../../../../../etc",
	"chain>abs",
	"self>.",
	"parent>..",
	"loop>loop",
	"loop1>loop2",
	"loop2>loop1",
	"dangling>/nowhere",
	"out>../outside",
	"file>etc/passwd",
	"a/deep>b/c",
	"slash>/",
	"slashes>//etc///",
	"magic>/proc/self/root",
	"empty/",
};

static int root = -1, outside = -1;

static void make_tree(void)
{
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_FD int dir = scratch_dir();

	umask(027);
	ck_assert_int_eq(fs_mkdirs_at(dir, "outside", 0755, &err), 0);
	ck_assert_int_eq(fs_mkdirs_at(dir, "root", 0755, &err), 0);
	outside = openat(dir, "outside", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	root = openat(dir, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < ARRAY_SIZE(tree); i++) {
		str path = str_from(tree[i]), target;

		if (str_split_once(path, '>', &path, &target)) {
			CLEANUP_FREE char *name = str_dup(path), *to = str_dup(target);

			ck_assert_int_eq(symlinkat(to, root, name), 0);
		} else if (str_has_suffix(path, "/")) {
			ck_assert_int_eq(fs_mkdirs_at(root, tree[i], 0755, &err), 0);
		} else {
			put_file(root, tree[i], "inside");
		}
	}
}

static void remove_tree(void)
{
	close_fd(root);
	close_fd(outside);
}

/* Where @fd is, seen from the root: "/" for the root, NULL: not in it. */
static const char *place_of(int fd)
{
	static char there[PATH_MAX], base[PATH_MAX];
	char link[40];

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", root);
	ssize_t base_len = readlink(link, base, sizeof(base));

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, there, sizeof(there) - 1);

	ck_assert(base_len > 0 && len > 0);
	there[len] = '\0';
	if (len < base_len || memcmp(there, base, (size_t)base_len) != 0)
		return NULL;
	return len == base_len ? "/" : there + base_len;
}

static bool is_outside_empty(void)
{
	return unlinkat(outside, ".", AT_REMOVEDIR) < 0 && errno == EINVAL &&
	       faccessat(outside, "new", F_OK, AT_SYMLINK_NOFOLLOW) < 0;
}

static const struct {
	const char *path, *place; /* NULL: @error */
	int error;
	const char *made; /* what fs_mkdirs_in_root() gives when that differs from @place */
} paths[] = {
	{"", "/", 0, NULL},
	{"/", "/", 0, NULL},
	{"///", "/", 0, NULL},
	{".", "/", 0, NULL},
	{"..", "/", 0, NULL},
	{"/../../..", "/", 0, NULL},
	{"etc", "/etc", 0, NULL},
	{"/etc/", "/etc", 0, NULL},
	{"//etc//.", "/etc", 0, NULL},
	{"etc/..", "/", 0, NULL},
	{"../../../../../etc", "/etc", 0, NULL},
	{"a/b/../../etc", "/etc", 0, NULL},
	{"abs", "/etc", 0, NULL},
	{"up", "/etc", 0, NULL},
	{"a/up", "/etc", 0, NULL},
	{"chain", "/etc", 0, NULL},
	{"self/self/self/etc", "/etc", 0, NULL},
	{"parent", "/", 0, NULL},
	{"parent/parent/etc", "/etc", 0, NULL},
	{"a/deep", "/a/b/c", 0, NULL},
	{"a/deep/..", "/a/b", 0, NULL},
	{"slash/etc", "/etc", 0, NULL},
	{"slashes", "/etc", 0, NULL},
	{"loop", NULL, ELOOP, NULL},
	{"loop1/x", NULL, ELOOP, NULL},
	{"dangling", NULL, ENOENT, NULL},
	{"dangling/x", NULL, ENOENT, NULL},
	{"out", NULL, ENOENT, NULL},
	{"out/new", NULL, ENOENT, NULL},
	{"magic", NULL, ENOENT, NULL},
	{"magic/etc", NULL, ENOENT, NULL},
	{"file", "/etc/passwd", 0, ""},
	{"file/", NULL, ENOTDIR, ""},
	{"file/x", NULL, ENOTDIR, NULL},
	{"etc/passwd/..", NULL, ENOTDIR, NULL},
	{"new", NULL, ENOENT, "/new"},
	{"/new/x/y", NULL, ENOENT, "/new/x/y"},
	{"abs/new", NULL, ENOENT, "/etc/new"},
	{"up/new", NULL, ENOENT, "/etc/new"},
	{"../../new", NULL, ENOENT, "/new"},
	{"new/../new2", NULL, ENOENT, "/new2"},
	{"a/deep/../new", NULL, ENOENT, "/a/b/new"},
	{"new/..", NULL, ENOENT, "/"},
	{"empty/./new//.", NULL, ENOENT, "/empty/new"},
};

START_TEST(test_open)
{
	make_tree();
	int fd = fs_open_in_root(root, paths[_i].path, O_PATH, 0);

	if (paths[_i].place) {
		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
		ck_assert_str_eq(place_of(fd), paths[_i].place);
	} else {
		ck_assert_int_eq(fd, -paths[_i].error);
	}
	close_fd(fd);
	remove_tree();
}
END_TEST

START_TEST(test_mkdirs)
{
	const char *expected = paths[_i].made ? paths[_i].made : paths[_i].place;
	CLEANUP(error) struct error *err = NULL;
	struct stat st;

	make_tree();
	int fd =
		fs_mkdirs_in_root(root, paths[_i].path, 01777, (struct fs_owner){1000, 1001}, &err);

	if (!expected || !*expected) { /* a file, a loop, a link to nowhere */
		ck_assert_int_lt(fd, 0);
		ck_assert_ptr_nonnull(strstr(error_text(err), paths[_i].path));
	} else {
		ck_assert_msg(fd >= 0, "%s", error_text(err));
		ck_assert_str_eq(place_of(fd), expected);
		ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
		ck_assert_int_eq(fstat(fd, &st), 0);
		if (strstr(expected, "new")) {
			ck_assert_uint_eq(st.st_mode & 07777, 01777);
			ck_assert_uint_eq(st.st_uid, 1000);
			ck_assert_uint_eq(st.st_gid, 1001);
		} else {
			ck_assert_uint_eq(st.st_uid, 0);
			ck_assert_uint_ne(st.st_mode & 07777, 01777);
		}
	}
	close_fd(fd);
	ck_assert(is_outside_empty());
	remove_tree();
}
END_TEST

START_TEST(test_mkdirs_without_owner)
{
	CLEANUP(error) struct error *err = NULL;
	struct stat st;

	make_tree();
	CLEANUP_FD int fd =
		fs_mkdirs_in_root(root, "x/y", 0777, (struct fs_owner){(uid_t)-1, (gid_t)-1}, &err);

	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0777);
	ck_assert_uint_eq(st.st_uid, 0);
	ck_assert_int_eq(fstatat(root, "x", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0777);
	remove_tree();
}
END_TEST

/* Paths at the limits of what the kernel takes: never a shorter directory than was asked for. */
START_TEST(test_mkdirs_limits)
{
	static const struct {
		size_t component, count;
		int result; /* 0: made */
	} limits[] = {
		{1, 256, 0},  {1, 257, -ERR_LIMIT},  {200, 20, 0},	{200, 21, -ERR_LIMIT},
		{255, 15, 0}, {255, 16, -ERR_LIMIT}, {256, 1, -ERR_IO}, {5000, 1, -ERR_LIMIT},
	};

	make_tree();
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		CLEANUP_STRBUF struct strbuf path = STRBUF_INIT(0);
		CLEANUP(error) struct error *err = NULL;

		for (size_t n = 0; n < limits[i].count; n++)
			strbuf_addf(&path, "/%0*zu", (int)limits[i].component, n % 10);
		int fd = fs_mkdirs_in_root(root, strbuf_text(&path), 0755, (struct fs_owner){0, 0},
					   &err);

		ck_assert_msg(limits[i].result ? fd == limits[i].result : fd >= 0, "%zu: %d %s", i,
			      fd, error_text(err));
		if (fd >= 0)
			ck_assert_uint_eq(strlen(place_of(fd)), path.len);
		close_fd(fd);
	}
	remove_tree();
}
END_TEST

START_TEST(test_open_flags)
{
	struct stat st;

	make_tree();
	umask(0);
	CLEANUP_FD int made =
		fs_open_in_root(root, "/etc/new", O_WRONLY | O_CREAT | O_EXCL, S_IFREG | 0640);

	ck_assert_int_ge(made, 0);
	ck_assert_int_eq(fstat(made, &st), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0640);
	/* The mode only counts for what is made; openat2() itself refuses it otherwise. */
	CLEANUP_FD int dir = fs_open_in_root(root, "etc", O_RDONLY | O_DIRECTORY, 0755);

	ck_assert_int_ge(dir, 0);
	CLEANUP_FD int plain = fs_open_in_root(root, "etc/passwd", O_RDONLY, 0644);

	ck_assert_int_ge(plain, 0);
	CLEANUP_FD int unnamed = fs_open_in_root(root, "abs", O_RDWR | O_TMPFILE, 0600);

	ck_assert(unnamed >= 0 || unnamed == -EOPNOTSUPP);
	ck_assert_int_eq(fs_open_in_root(root, "loop", O_PATH | O_NOFOLLOW | O_DIRECTORY, 0),
			 -ENOTDIR);
	CLEANUP_FD int link = fs_open_in_root(root, "loop", O_PATH | O_NOFOLLOW, 0);

	ck_assert_int_ge(link, 0);
	CLEANUP_FD int through = fs_open_in_root(root, "out", O_WRONLY | O_CREAT, 0644);

	ck_assert_str_eq(place_of(through), "/outside");
	ck_assert_int_eq(fs_open_in_root(-1, "etc", O_PATH, 0), -EBADF);
	remove_tree();
}
END_TEST

/* CVE-2024-21626 and its kin: links of /proc lead anywhere and are not followed. */
START_TEST(test_cve_2024_21626_magic_links)
{
	CLEANUP_FD int proc = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(error) struct error *err = NULL;

	ck_assert_int_eq(fs_open_in_root(proc, "cwd", O_PATH | O_DIRECTORY, 0), -ELOOP);
	ck_assert_int_eq(fs_open_in_root(proc, "root/etc", O_PATH, 0), -ELOOP);
	ck_assert_int_eq(fs_open_in_root(proc, "exe", O_RDONLY, 0), -ELOOP);
	ck_assert_int_eq(fs_open_in_root(proc, "fd/0", O_PATH, 0), -ELOOP);
	ck_assert_int_lt(fs_mkdirs_in_root(proc, "cwd/new", 0755, (struct fs_owner){0, 0}, &err),
			 0);
}
END_TEST

/* What an attacker in the container does all the time until it is killed. */
typedef void (*attack_fn)(void);

static void swap_directory_and_link(void)
{
	(void)renameat2(root, "spot", root, "trap", RENAME_EXCHANGE);
}

static void replace_by_link(void)
{
	(void)unlinkat(root, "race/new", AT_REMOVEDIR);
	(void)symlinkat("../../outside", root, "race/new");
	(void)unlinkat(root, "race/new", 0);
}

/* The way up from a directory that was moved out leads out; RESOLVE_IN_ROOT must notice. */
static void move_out_and_back(void)
{
	(void)renameat(root, "spot", outside, "moved");
	(void)renameat(outside, "moved", root, "spot");
}

static const struct {
	attack_fn attack;
	const char *path;
} races[] = {
	{swap_directory_and_link, "spot/new/x"},
	{swap_directory_and_link, "spot/../trap/new"},
	{replace_by_link, "race/new/x"},
	{move_out_and_back, "spot/sub/../../new"},
	{move_out_and_back, "spot/sub/../../../../../../new"},
};

static pid_t start_attack(attack_fn attack)
{
	pid_t parent = getpid(), pid = fork();

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (getppid() == parent)
			attack();
		_exit(0);
	}
	return pid;
}

START_TEST(test_cve_2024_45310_race)
{
	CLEANUP(error) struct error *err = NULL;
	int inside = 0;

	make_tree();
	ck_assert_int_eq(fs_mkdirs_at(root, "spot/sub", 0755, &err), 0);
	ck_assert_int_eq(fs_mkdirs_at(root, "race", 0755, &err), 0);
	ck_assert_int_eq(symlinkat("../outside", root, "trap"), 0);
	ck_assert_int_eq(fs_mkdirs_at(root, "outside", 0755, &err), 0);
	pid_t attacker = start_attack(races[_i].attack);

	for (int n = 0; n < 3000; n++) {
		CLEANUP(error) struct error *lost = NULL;
		CLEANUP_FD int fd = fs_mkdirs_in_root(root, races[_i].path, 0755,
						      (struct fs_owner){1000, 1000}, &lost);

		inside += fd >= 0;
		ck_assert(is_outside_empty());
		(void)unlinkat(fd, "x", AT_REMOVEDIR); /* there or not */
	}
	ck_assert_int_eq(kill(attacker, SIGKILL), 0);
	ck_assert_int_eq(waitpid(attacker, NULL, 0), attacker);
	ck_assert(is_outside_empty());
	struct stat st;

	ck_assert_int_eq(fstat(outside, &st), 0);
	ck_assert_uint_eq(st.st_uid, 0);
	ck_assert_int_gt(inside, 0);
	remove_tree();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fs_root");
	TCase *tests = tcase_create("fs_root");

	tcase_set_timeout(tests, 60);
	tcase_add_unchecked_fixture(tests, scratch_setup, scratch_teardown);
	tcase_add_loop_test(tests, test_open, 0, (int)ARRAY_SIZE(paths));
	tcase_add_loop_test(tests, test_mkdirs, 0, (int)ARRAY_SIZE(paths));
	tcase_add_test(tests, test_mkdirs_without_owner);
	tcase_add_test(tests, test_mkdirs_limits);
	tcase_add_test(tests, test_open_flags);
	tcase_add_test(tests, test_cve_2024_21626_magic_links);
	tcase_add_loop_test(tests, test_cve_2024_45310_race, 0, (int)ARRAY_SIZE(races));
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
