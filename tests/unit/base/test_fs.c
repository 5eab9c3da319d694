/* SPDX-License-Identifier: Apache-2.0 */
/* Files by directory descriptor: reading, writing, removing, locks. */
#include "fixture.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

static int fd_of_text(const char *text, size_t len)
{
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	ck_assert_int_eq(fs_write_all(fds[1], text, len), 0);
	close_fd(fds[1]);
	return fds[0];
}

static const struct {
	size_t size, max;
	int result;
} reads[] = {
	{0, 0, 0},
	{0, 10, 0},
	{1, 0, -ERR_LIMIT},
	{10, 10, 0},
	{11, 10, -ERR_LIMIT},
	{16384, 16384, 0},
	{16385, 16384, -ERR_LIMIT},
	{40000, SIZE_MAX, 0},
	{40000, 39999, -ERR_LIMIT},
};

START_TEST(test_read)
{
	CLEANUP_FREE char *content = x_alloc(reads[_i].size + 1);
	CLEANUP_STRBUF struct strbuf from_file = STRBUF_INIT(0), from_fd = STRBUF_INIT(0);
	CLEANUP(error) struct error *err = NULL;
	CLEANUP(error) struct error *err2 = NULL;

	memset(content, 'x', reads[_i].size);
	CLEANUP_FD int dir = scratch_dir();
	CLEANUP_FD int fd = fd_of_text(content, reads[_i].size);

	put_file(dir, "f", content);
	strbuf_add_text(&from_file, "kept ");
	ck_assert_int_eq(fs_read_at(dir, "f", reads[_i].max, &from_file, &err), reads[_i].result);
	ck_assert_int_eq(fs_read_fd(fd, reads[_i].max, &from_fd, &err2), reads[_i].result);
	ck_assert_uint_eq(strlen(strbuf_text(&from_file)), from_file.len);
	ck_assert_uint_eq(strlen(strbuf_text(&from_fd)), from_fd.len);
	if (reads[_i].result == 0) {
		ck_assert_uint_eq(from_fd.len, reads[_i].size);
		ck_assert_uint_eq(from_file.len, reads[_i].size + 5);
		ck_assert_str_eq(strbuf_text(&from_fd), content);
	} else {
		ck_assert_ptr_nonnull(strstr(error_text(err), "'f': larger than"));
	}
}
END_TEST

/* What is not a regular file neither blocks nor is read. */
START_TEST(test_read_other_kinds)
{
	CLEANUP_FD int dir = scratch_dir();
	static const struct {
		const char *name;
		int result;
	} files[] = {{"fifo", -ERR_IO},	       {"dir", -ERR_IO},  {"null", -ERR_IO},
		     {"none", -ERR_NOT_FOUND}, {"loop", -ERR_IO}, {"file/x", -ERR_IO}};

	ck_assert_int_eq(mkfifoat(dir, "fifo", 0644), 0);
	ck_assert_int_eq(mkdirat(dir, "dir", 0755), 0);
	ck_assert_int_eq(symlinkat("/dev/null", dir, "null"), 0);
	ck_assert_int_eq(symlinkat("loop", dir, "loop"), 0);
	put_file(dir, "file", "content");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		CLEANUP_STRBUF struct strbuf out = STRBUF_INIT(0);
		CLEANUP(error) struct error *err = NULL;

		ck_assert_int_eq(fs_read_at(dir, files[i].name, 100, &out, &err), files[i].result);
		ck_assert_ptr_nonnull(strstr(error_text(err), files[i].name));
	}
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_STRBUF struct strbuf out = STRBUF_INIT(0);

	ck_assert_int_eq(fs_read_fd(dir, 100, &out, &err), -ERR_IO);
	ck_assert_str_eq(strbuf_text(&out), "");
}
END_TEST

START_TEST(test_write_all)
{
	CLEANUP_FD int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	int fds[2];

	ck_assert_int_eq(fs_write_all(full, "", 0), 0);
	ck_assert_int_eq(fs_write_all(full, "x", 1), -1);
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_int_eq(fs_write_all(-1, "x", 1), -1);
	ck_assert_int_eq(errno, EBADF);
	/* More than a pipe holds: written piece by piece while somebody reads. */
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	pid_t reader = fork();

	if (reader == 0) {
		static char buf[1 << 20];
		size_t got = 0;
		ssize_t n;

		close(fds[1]);
		while ((n = read(fds[0], buf, sizeof(buf))) > 0)
			got += (size_t)n;
		_exit(got == sizeof(buf) ? 0 : 1);
	}
	CLEANUP_FREE char *data = x_alloc(1 << 20);
	int status = -1;

	close_fd(fds[0]);
	ck_assert_int_eq(fs_write_all(fds[1], data, 1 << 20), 0);
	close_fd(fds[1]);
	ck_assert_int_eq(waitpid(reader, &status, 0), reader);
	ck_assert_int_eq(status, 0);
}
END_TEST

static size_t count_entries(int dir)
{
	size_t count = 0;
	DIR *d = fdopendir(openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));

	while (readdir(d))
		count++;
	closedir(d);
	return count - 2;
}

static void check_content(int dir, const char *path, const char *expected)
{
	CLEANUP_STRBUF struct strbuf out = STRBUF_INIT(0);
	CLEANUP(error) struct error *err = NULL;

	ck_assert_int_eq(fs_read_at(dir, path, 1000, &out, &err), 0);
	ck_assert_str_eq(strbuf_text(&out), expected);
}

START_TEST(test_write_atomic)
{
	enum fs_durability durability = _i ? FS_DURABLE : FS_VOLATILE;
	CLEANUP_FD int dir = scratch_dir();
	CLEANUP(error) struct error *err = NULL;
	struct stat st;

	umask(022);
	ck_assert_int_eq(mkdirat(dir, "sub", 0755), 0);
	put_file(dir, "target", "old");
	ck_assert_int_eq(symlinkat("target", dir, "link"), 0);
	ck_assert_int_eq(fs_write_atomic_at(dir, "f", STR("one"), 0640, durability, &err), 0);
	check_content(dir, "f", "one");
	ck_assert_int_eq(fstatat(dir, "f", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
	ck_assert_int_eq(fs_write_atomic_at(dir, "f", STR(""), 0600, durability, &err), 0);
	check_content(dir, "f", "");
	ck_assert_int_eq(fs_write_atomic_at(dir, "sub/f", STR("x"), 0600, durability, &err), 0);
	check_content(dir, "sub/f", "x");
	CLEANUP_FREE char *absolute = x_asprintf("%s/a", scratch_path);

	ck_assert_int_eq(fs_write_atomic_at(dir, absolute, STR("x"), 0600, durability, &err), 0);
	check_content(AT_FDCWD, absolute, "x");
	/* A link is replaced and not followed. */
	ck_assert_int_eq(fs_write_atomic_at(dir, "link", STR("new"), 0600, durability, &err), 0);
	check_content(dir, "target", "old");
	check_content(dir, "link", "new");
	ck_assert_uint_eq(count_entries(dir), 4);
	/* Failure leaves nothing behind. */
	ck_assert_int_eq(fs_write_atomic_at(dir, "sub", STR("x"), 0600, durability, &err), -ERR_IO);
	ck_assert_int_eq(fs_write_atomic_at(dir, "no/f", STR("x"), 0600, durability, &err),
			 -ERR_NOT_FOUND);
	ck_assert_uint_eq(count_entries(dir), 4);
	ck_assert_uint_eq(count_entries(openat(dir, "sub", O_RDONLY | O_CLOEXEC)), 1);
}
END_TEST

static const struct {
	const char *path;
	int result;
} made[] = {
	{"a", 0},
	{"a/b/c", 0},
	{"x//y///z/", 0},
	{"dir", 0},
	{"dir/new", 0},
	{"link/new", 0},
	{"./q/../r", 0},
	{"", 0},
	{"/", 0},
	{"file", -ERR_EXISTS},
	{"file/", -ERR_EXISTS},
	{"file/x", -ERR_IO},
	{"dangling", -ERR_EXISTS},
	{"loop/x", -ERR_IO},
};

START_TEST(test_mkdirs)
{
	CLEANUP_FD int dir = scratch_dir();
	CLEANUP(error) struct error *err = NULL;
	struct stat st;

	ck_assert_int_eq(mkdirat(dir, "dir", 0755), 0);
	ck_assert_int_eq(symlinkat("dir", dir, "link"), 0);
	ck_assert_int_eq(symlinkat("nowhere", dir, "dangling"), 0);
	ck_assert_int_eq(symlinkat("loop", dir, "loop"), 0);
	put_file(dir, "file", "content");
	ck_assert_int_eq(fs_mkdirs_at(dir, made[_i].path, 0700, &err), made[_i].result);
	if (made[_i].result == 0 && *made[_i].path) {
		ck_assert_int_eq(fstatat(dir, made[_i].path, &st, 0), 0);
		ck_assert(S_ISDIR(st.st_mode));
		ck_assert_int_eq(fs_mkdirs_at(dir, made[_i].path, 0700, &err), 0);
	}
}
END_TEST

START_TEST(test_open_dir)
{
	CLEANUP_FD int dir = scratch_dir();
	CLEANUP(error) struct error *err = NULL;

	put_file(dir, "file", "");
	CLEANUP_FD int fd = fs_open_dir_at(dir, ".", &err);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fs_open_dir_at(dir, "none", &err), -ERR_NOT_FOUND);
	ck_assert_int_eq(fs_open_dir_at(dir, "file", &err), -ERR_IO);
	ck_assert_ptr_nonnull(strstr(error_text(err), "'file'"));
}
END_TEST

START_TEST(test_remove_tree)
{
	CLEANUP_FD int dir = scratch_dir();
	CLEANUP(error) struct error *err = NULL;

	put_file(dir, "kept", "x");
	ck_assert_int_eq(mkdirat(dir, "safe", 0755), 0);
	put_file(dir, "safe/f", "x");
	ck_assert_int_eq(fs_mkdirs_at(dir, "tree/a/b/c", 0755, &err), 0);
	ck_assert_int_eq(fs_mkdirs_at(dir, "tree/locked", 0, &err), 0);
	put_file(dir, "tree/a/f", "x");
	ck_assert_int_eq(linkat(dir, "kept", dir, "tree/hard", 0), 0);
	ck_assert_int_eq(symlinkat("../safe", dir, "tree/link"), 0);
	ck_assert_int_eq(symlinkat("safe", dir, "link"), 0);
	ck_assert_int_eq(mkfifoat(dir, "tree/fifo", 0600), 0);
	put_file(dir, "tree/\xff\n", "x");
	ck_assert_int_eq(fs_remove_tree_at(dir, "tree", &err), 0);
	ck_assert(!is_there(dir, "tree"));
	ck_assert_int_eq(fs_remove_tree_at(dir, "tree", &err), 0);
	ck_assert_int_eq(fs_remove_tree_at(dir, "link", &err), 0);
	ck_assert(!is_there(dir, "link"));
	check_content(dir, "safe/f", "x");
	ck_assert_int_eq(fs_remove_tree_at(dir, "kept", &err), 0);
	ck_assert_int_eq(fs_remove_tree_at(dir, "safe/f/x", &err), -ERR_IO);
	ck_assert_int_eq(fs_remove_tree_at(dir, "safe", &err), 0);
	ck_assert_uint_eq(count_entries(dir), 0);
}
END_TEST

/* A container can nest directories deeper than we can have descriptors, or stack. */
START_TEST(test_remove_deep_tree)
{
	CLEANUP_FD int dir = scratch_dir();
	CLEANUP(error) struct error *err = NULL;
	int at = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (int i = 0; i < 3000; i++) {
		ck_assert_int_eq(mkdirat(at, "deep", 0755), 0);
		put_file(at, "file", "");
		int next = openat(at, "deep", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		ck_assert_int_ge(next, 0);
		close_fd(at);
		at = next;
	}
	close_fd(at);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &(struct rlimit){100, 100}), 0);
	ck_assert_msg(fs_remove_tree_at(dir, "deep", &err) == 0, "%s", error_text(err));
	ck_assert(!is_there(dir, "deep"));
}
END_TEST

START_TEST(test_remove_many)
{
	CLEANUP_FD int dir = scratch_dir();
	CLEANUP(error) struct error *err = NULL;

	ck_assert_int_eq(mkdirat(dir, "many", 0755), 0);
	for (int i = 0; i < 3000; i++) {
		CLEANUP_FREE char *name = x_asprintf("many/%d", i);

		if (i % 2)
			put_file(dir, name, "");
		else
			ck_assert_int_eq(mkdirat(dir, name, 0755), 0);
	}
	ck_assert_int_eq(fs_remove_tree_at(dir, "many", &err), 0);
	ck_assert(!is_there(dir, "many"));
}
END_TEST

/* What is mounted in a tree is somebody else's: a volume that was not unmounted must survive. */
START_TEST(test_remove_stops_at_mounts)
{
	CLEANUP(error) struct error *err = NULL;

	if (unshare(CLONE_NEWNS) < 0)
		return; /* needs root */
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	/* Opened again: what was opened before the unshare is not in this namespace. */
	CLEANUP_FD int dir = open(scratch_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ck_assert_int_eq(fchdir(dir), 0);
	ck_assert_int_eq(fs_mkdirs_at(dir, "tree/sub/mount", 0755, &err), 0);
	ck_assert_int_eq(mkdirat(dir, "volume", 0755), 0);
	put_file(dir, "volume/data", "precious");
	ck_assert_int_eq(mount("volume", "tree/sub/mount", NULL, MS_BIND, NULL), 0);
	ck_assert_int_eq(fs_remove_tree_at(dir, "tree", &err), -ERR_BUSY);
	check_content(dir, "volume/data", "precious");
	ck_assert_int_eq(fs_remove_tree_at(dir, "tree/sub/mount", &err), -ERR_BUSY);
	check_content(dir, "volume/data", "precious");
	ck_assert_int_eq(umount2("tree/sub/mount", MNT_DETACH), 0);
	ck_assert_int_eq(fs_remove_tree_at(dir, "tree", &err), 0);
	check_content(dir, "volume/data", "precious");
}
END_TEST

static int try_lock(int dir, enum fs_lock_mode mode)
{
	CLEANUP(error) struct error *err = NULL;

	return fs_lock_at(dir, "lock", mode, false, &err);
}

START_TEST(test_locks)
{
	CLEANUP_FD int dir = scratch_dir();
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_FD int exclusive = fs_lock_at(dir, "lock", FS_LOCK_EXCLUSIVE, true, &err);

	ck_assert_int_ge(exclusive, 0);
	ck_assert_int_eq(fcntl(exclusive, F_GETFD), FD_CLOEXEC);
	/* Also between two descriptors of one process. */
	ck_assert_int_eq(try_lock(dir, FS_LOCK_EXCLUSIVE), -ERR_BUSY);
	ck_assert_int_eq(try_lock(dir, FS_LOCK_SHARED), -ERR_BUSY);
	close_fd(STEAL_FD(&exclusive));
	CLEANUP_FD int shared = try_lock(dir, FS_LOCK_SHARED);
	CLEANUP_FD int shared2 = try_lock(dir, FS_LOCK_SHARED);

	ck_assert_int_ge(shared, 0);
	ck_assert_int_ge(shared2, 0);
	ck_assert_int_eq(try_lock(dir, FS_LOCK_EXCLUSIVE), -ERR_BUSY);
	close_fd(STEAL_FD(&shared));
	ck_assert_int_eq(try_lock(dir, FS_LOCK_EXCLUSIVE), -ERR_BUSY);
	close_fd(STEAL_FD(&shared2));
	CLEANUP_FD int again = try_lock(dir, FS_LOCK_EXCLUSIVE);

	ck_assert_int_ge(again, 0);
	ck_assert_int_eq(fs_lock_at(dir, "no/lock", FS_LOCK_SHARED, true, &err), -ERR_NOT_FOUND);
}
END_TEST

/* A lock dies with its holder, and who waits gets it then. */
START_TEST(test_lock_of_killed_process)
{
	CLEANUP_FD int dir = scratch_dir();
	CLEANUP(error) struct error *err = NULL;
	int ready[2], status;
	char c;

	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	pid_t holder = fork();

	if (holder == 0) {
		int fd = fs_lock_at(dir, "lock", FS_LOCK_EXCLUSIVE, true, &err);

		(void)!write(ready[1], "x", 1);
		while (fd >= 0)
			pause();
		_exit(1);
	}
	ck_assert_int_eq(read(ready[0], &c, 1), 1);
	ck_assert_int_eq(try_lock(dir, FS_LOCK_SHARED), -ERR_BUSY);
	pid_t killer = fork();

	if (killer == 0) {
		kill(holder, SIGKILL);
		_exit(0);
	}
	CLEANUP_FD int fd = fs_lock_at(dir, "lock", FS_LOCK_EXCLUSIVE, true, &err);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(waitpid(killer, &status, 0), killer);
	ck_assert_int_eq(waitpid(holder, &status, 0), holder);
	ck_assert(WIFSIGNALED(status));
}
END_TEST

START_TEST(test_random)
{
	char name[18] = {[17] = '!'}, other[17], id[66] = {[65] = '!'}, other_id[65];

	fs_random_name(name);
	fs_random_name(other);
	fs_random_id(id);
	fs_random_id(other_id);
	ck_assert_uint_eq(strlen(name), 16);
	ck_assert_uint_eq(strlen(id), 64);
	ck_assert_uint_eq(strspn(name, "0123456789abcdef"), 16);
	ck_assert_uint_eq(strspn(id, "0123456789abcdef"), 64);
	ck_assert_str_ne(name, other);
	ck_assert_str_ne(id, other_id);
	ck_assert_int_eq(name[17], '!');
	ck_assert_int_eq(id[65], '!');
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fs");
	TCase *tests = tcase_create("fs");

	tcase_set_timeout(tests, 60);
	tcase_add_unchecked_fixture(tests, scratch_setup, scratch_teardown);
	tcase_add_loop_test(tests, test_read, 0, (int)ARRAY_SIZE(reads));
	tcase_add_test(tests, test_read_other_kinds);
	tcase_add_test(tests, test_write_all);
	tcase_add_loop_test(tests, test_write_atomic, 0, 2);
	tcase_add_loop_test(tests, test_mkdirs, 0, (int)ARRAY_SIZE(made));
	tcase_add_test(tests, test_open_dir);
	tcase_add_test(tests, test_remove_tree);
	tcase_add_test(tests, test_remove_deep_tree);
	tcase_add_test(tests, test_remove_many);
	tcase_add_test(tests, test_remove_stops_at_mounts);
	tcase_add_test(tests, test_locks);
	tcase_add_test(tests, test_lock_of_killed_process);
	tcase_add_test(tests, test_random);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
