/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of base share: running a suite, a scratch directory, errors as text. */
#ifndef TESTS_BASE_FIXTURE_H
#define TESTS_BASE_FIXTURE_H

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "base/fs.h"

static char scratch_path[64];
static int scratch_fd = -1;

/* Unchecked fixtures: they run in the parent, so that a test that dies leaves nothing behind. */
static inline void scratch_setup(void)
{
	(void)snprintf(scratch_path, sizeof(scratch_path), "/tmp/firkin-base-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(scratch_path));
	scratch_fd = open(scratch_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(scratch_fd, 0);
}

static inline void scratch_teardown(void)
{
	struct error *err = NULL;

	close_fd(scratch_fd);
	ck_assert_int_eq(fs_remove_tree_at(AT_FDCWD, scratch_path, &err), 0);
}

/* A new directory in the scratch directory; its descriptor. */
static inline int scratch_dir(void)
{
	char name[17];

	fs_random_name(name);
	ck_assert_int_eq(mkdirat(scratch_fd, name, 0755), 0);
	int fd = openat(scratch_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static inline void put_file(int dir_fd, const char *path, const char *content)
{
	CLEANUP_FD int fd = openat(dir_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	ck_assert_msg(fd >= 0, "%s", path);
	ck_assert_int_eq(fs_write_all(fd, content, strlen(content)), 0);
}

static inline bool is_there(int dir_fd, const char *path)
{
	return faccessat(dir_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static inline const char *error_text(const struct error *err)
{
	static char text[4096];
	CLEANUP_STRBUF struct strbuf b = STRBUF_INIT(sizeof(text) - 1);

	if (err)
		error_format(err, &b);
	(void)snprintf(text, sizeof(text), "%s", strbuf_text(&b));
	return text;
}

/* For tests that end in abort(). */
static inline void no_core_dump(void)
{
	(void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
}

static inline int run_suite(Suite *suite)
{
	SRunner *runner = srunner_create(suite);

	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
