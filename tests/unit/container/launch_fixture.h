/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container in a temporary directory, made of busybox, for tests that need root.
 *
 * Everything lives below one directory that the test runner itself removes at the end, also when a
 * test died; the same goes for the control groups, and with them for every process left over.
 */
#ifndef TESTS_LAUNCH_FIXTURE_H
#define TESTS_LAUNCH_FIXTURE_H

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/fs.h"
#include "base/process.h"
#include "container/container.h"

#define BUSYBOX "/bin/busybox"

enum { SKIPPED = 77, OUTPUT_MAX = 256 * 1024 };

static char base[] = "/tmp/firkin-test-launch-XXXXXX";
static int *box_count; /* shared with the forked tests */

/** struct box - One container of a test: its directories, its spec, what it wrote */
struct box {
	char id[64];
	char *dir, *layers, *image, *upper, *work, *mountpoint;
	struct container_spec spec;
	int init_fd;
	struct container_hooks hooks;
	struct container_running running;
	struct strbuf output;
	struct error *err;
	int output_fd;
};

static inline void shell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static inline void shell(const char *fmt, ...)
{
	CLEANUP(error) struct error *err = NULL;
	struct strv argv CLEANUP_STRV = STRV_INIT;
	char command[4096];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	strv_add(&argv, "/bin/sh");
	strv_add(&argv, "-ec");
	strv_add(&argv, command);
	ck_assert_msg(process_run(&argv, -1, &err) == 0, "%s", command);
}

static inline void suite_setup(void)
{
	box_count = mmap(NULL, sizeof(*box_count), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(box_count, MAP_FAILED);
	ck_assert_ptr_nonnull(mkdtemp(base));
}

static inline void suite_teardown(void)
{
	for (int i = 1; i <= *box_count; i++) {
		CLEANUP(error) struct error *ignored = NULL;
		CLEANUP_FREE char *id = x_asprintf("firkin-test-%d-%d", (int)getpid(), i);

		(void)cgroup_remove(id, &ignored);
	}
	CLEANUP(error) struct error *ignored = NULL;

	(void)fs_remove_tree_at(AT_FDCWD, base, &ignored);
}

static inline void box_init(struct box *b)
{
	int n = ++*box_count;

	*b = (struct box){.init_fd = -1, .output_fd = -1, .output = STRBUF_INIT(OUTPUT_MAX)};
	(void)snprintf(b->id, sizeof(b->id), "firkin-test-%d-%d", (int)getppid(), n);
	b->dir = x_asprintf("%s/%d", base, n);
	b->layers = x_asprintf("%s/layers", b->dir);
	b->image = x_asprintf("%s/layers/base/fs", b->dir);
	b->upper = x_asprintf("%s/upper", b->dir);
	b->work = x_asprintf("%s/work", b->dir);
	b->mountpoint = x_asprintf("%s/root", b->dir);
	shell("mkdir -p %s/layers/top/fs %s/upper %s/work %s/root\n"
	      "mkdir -p %s/bin %s/etc %s/proc %s/sys %s/dev\n"
	      "cp -l " BUSYBOX " %s/bin/busybox 2>/dev/null || cp " BUSYBOX " %s/bin/busybox\n"
	      "printf 'root:x:0:0::/root:/bin/sh\\napp:x:1000:1000::/home/app:/bin/sh\\n' "
	      "> %s/etc/passwd\n"
	      "printf 'root:x:0:\\napp:x:1000:\\nextra:x:50:app\\n' > %s/etc/group\n",
	      b->dir, b->dir, b->dir, b->dir, b->image, b->image, b->image, b->image, b->image,
	      b->image, b->image, b->image, b->image);
	/* The box is a shell with busybox's own applets: no links are needed. */
	shell("ln -s busybox %s/bin/sh", b->image);
	b->spec = (struct container_spec){
		.id = b->id,
		.hostname = "box",
		.root = {.layers_dir = b->layers,
			 .upper = b->upper,
			 .work = b->work,
			 .mountpoint = b->mountpoint},
		.process = {.cwd = "/",
			    .user = "",
			    .fds = {-1, -1, -1},
			    .capabilities = CONTAINER_CAPABILITIES_DEFAULT},
		.network = CONTAINER_NETWORK_NONE,
	};
	strv_add(&b->spec.root.lowers, "top/fs");
	strv_add(&b->spec.root.lowers, "base/fs");
	strv_add(&b->spec.process.env, "PATH=/bin:/sbin");
	b->output_fd = memfd_create("output", MFD_CLOEXEC);
	b->spec.process.fds[1] = b->spec.process.fds[2] = b->output_fd;
}

static inline void box_fini(struct box *b)
{
	strv_fini(&b->spec.root.lowers);
	strv_fini(&b->spec.process.argv);
	strv_fini(&b->spec.process.env);
	strv_fini(&b->spec.process.groups);
	strv_fini(&b->spec.sysctls);
	strbuf_fini(&b->output);
	error_free(b->err);
	close_fd(b->output_fd);
	free(b->dir);
	free(b->layers);
	free(b->image);
	free(b->upper);
	free(b->work);
	free(b->mountpoint);
}

static inline void set_argv(struct strv *argv, const char *const *words)
{
	strv_fini(argv);
	*argv = STRV_INIT;
	for (; *words; words++)
		strv_add(argv, *words);
}

#define ARGV(...) ((const char *const[]){__VA_ARGS__, NULL})

static inline const char *error_text(const struct error *err)
{
	static struct strbuf text;

	strbuf_clear(&text);
	if (err)
		error_format(err, &text);
	return strbuf_text(&text);
}

static inline int box_start(struct box *b)
{
	error_free(b->err);
	b->err = NULL;
	return container_start(&b->spec, b->init_fd, &b->hooks, &b->running, &b->err);
}

static inline int box_wait(struct box *b)
{
	CLEANUP(error) struct error *err = NULL;
	int status = process_wait(b->running.pidfd);

	close_fd(b->running.pidfd);
	ck_assert_int_eq(container_cleanup(&b->spec, &err), 0);
	return status;
}

static inline const char *box_output(struct box *b)
{
	strbuf_clear(&b->output);
	ck_assert(lseek(b->output_fd, 0, SEEK_SET) == 0);
	CLEANUP(error) struct error *err = NULL;

	ck_assert_int_eq(fs_read_fd(b->output_fd, OUTPUT_MAX, &b->output, &err), 0);
	return strbuf_text(&b->output);
}

/* Run @script to its end; what it wrote is in box_output(). */
static inline int box_run(struct box *b, const char *script)
{
	set_argv(&b->spec.process.argv, ARGV("/bin/sh", "-c", script));
	ck_assert_msg(box_start(b) == 0, "%s", error_text(b->err));
	return box_wait(b);
}

static inline int run_suite(Suite *suite)
{
	if (geteuid() != 0 || access(BUSYBOX, X_OK) < 0)
		return SKIPPED;
	SRunner *runner = srunner_create(suite);

	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed != 0;
}

#endif
