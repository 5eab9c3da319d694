/* SPDX-License-Identifier: Apache-2.0 */
/* Images and specs that try to get out; each test is named by what once got out that way. */
#include "launch_fixture.h"

#include <signal.h>
#include <sys/prctl.h>

/* What must stay untouched: a directory of the host's, beside the container. */
static char *make_outside(struct box *b)
{
	char *outside = x_asprintf("%s/outside", b->dir);

	shell("mkdir %s; echo host > %s/file", outside, outside);
	return outside;
}

static void assert_untouched(const char *outside)
{
	shell("test \"$(ls -A %s)\" = file && test \"$(cat %s/file)\" = host", outside, outside);
}

static const struct {
	const char *id;
	const char *link; /* path of the symlink in the image; text: @ is the outside directory */
	const char *text;
	const char *target;
	const char *found; /* where the mount must be, for the container */
} redirections[] = {
	{"CVE-2021-30465", "/data", "@", "/data", "@"},
	{"CVE-2021-30465", "/data", "@", "/data/new/dir", "@/new/dir"},
	{"CVE-2018-15664", "/data", "../../../../../../../../../@", "/data/x", "@/x"},
	{"CVE-2019-18837", "/data", "/proc/../../..@", "/data/x", "@/x"},
	{"CVE-2024-45310", "/a", "b/../../../../..@", "/a/x", "@/x"},
	{"CVE-2022-23648", "/data", "@", "/../../../data/../data/x", "@/../data/x"},
};

START_TEST(symlinks_in_mount_targets_stay_inside)
{
	struct box b;
	CLEANUP_FREE char *outside = NULL, *source = NULL;
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0), script CLEANUP_STRBUF = STRBUF_INIT(0);

	box_init(&b);
	outside = make_outside(&b);
	source = x_asprintf("%s/source", b.dir);
	for (const char *p = redirections[_i].text; *p; p++)
		*p == '@' ? strbuf_add_text(&text, outside) : strbuf_add_char(&text, *p);
	strbuf_add_text(&script, "busybox cat ");
	for (const char *p = redirections[_i].found; *p; p++)
		*p == '@' ? strbuf_add_text(&script, outside) : strbuf_add_char(&script, *p);
	strbuf_add_text(&script, "/marker; busybox wc -l < /etc/passwd");
	shell("mkdir %s %s/b; echo mounted > %s/marker; ln -s '%s' %s%s", source, b.image, source,
	      strbuf_text(&text), b.image, redirections[_i].link);
	struct container_mount m = {.source = source, .target = redirections[_i].target};

	b.spec.mounts = &m;
	b.spec.mount_count = 1;
	(void)box_run(&b, strbuf_text(&script));
	ck_assert_msg(strcmp(box_output(&b), "mounted\n2\n") == 0, "%s: %s", redirections[_i].id,
		      strbuf_text(&b.output));
	assert_untouched(outside);
	box_fini(&b);
}
END_TEST

/* Another container swaps the target in a shared volume, as fast as it can. */
static pid_t race(const char *volume)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (chdir(volume) < 0)
		_exit(1);
	for (;;)
		(void)renameat2(AT_FDCWD, "x", AT_FDCWD, "link", RENAME_EXCHANGE);
}

START_TEST(a_raced_target_stays_inside_CVE_2021_30465)
{
	struct box b;
	CLEANUP_FREE char *outside = NULL, *volume = NULL, *source = NULL;
	int started = 0;

	box_init(&b);
	outside = make_outside(&b);
	volume = x_asprintf("%s/volume", b.dir);
	source = x_asprintf("%s/source", b.dir);
	shell("mkdir -p %s %s/x; ln -s %s %s/link", source, volume, outside, volume);
	struct container_mount mounts[] = {
		{.source = volume, .target = "/volume"},
		{.source = source, .target = "/volume/x"},
	};
	pid_t racer = race(volume);

	b.spec.mounts = mounts;
	b.spec.mount_count = ARRAY_SIZE(mounts);
	/* Whatever was there at that moment: the directory, or the link's target inside the root.
	 */
	set_argv(&b.spec.process.argv, ARGV("/bin/sh", "-c", "busybox cat /etc/hostname"));
	for (int i = 0; i < 40; i++) {
		if (box_start(&b) < 0)
			continue;
		ck_assert_int_eq(box_wait(&b), 1); /* the host's file is never there */
		started++;
	}
	(void)kill(racer, SIGKILL);
	(void)waitpid(racer, NULL, 0);
	ck_assert_int_gt(started, 0);
	assert_untouched(outside);
	box_fini(&b);
}
END_TEST

static const struct {
	const char *id;
	const char *directory; /* replaced by a symlink to the outside directory */
	const char *message;
} plain_directories[] = {
	{"CVE-2019-19921", "proc", "mount 'proc' on '/proc'"},
	{"CVE-2023-27561", "sys", "mount 'sysfs' on '/sys'"},
	{"CVE-2026-41579", "dev", "mount 'tmpfs' on '/dev'"},
};

START_TEST(system_directories_are_never_symlinks)
{
	struct box b;
	CLEANUP_FREE char *outside = NULL;

	box_init(&b);
	outside = make_outside(&b);
	shell("rmdir %s/%s; ln -s %s %s/%s", b.image, plain_directories[_i].directory, outside,
	      b.image, plain_directories[_i].directory);
	set_argv(&b.spec.process.argv, ARGV("/bin/sh"));
	ck_assert_int_lt(box_start(&b), 0);
	ck_assert_msg(strstr(error_text(b.err), plain_directories[_i].message), "%s",
		      error_text(b.err));
	assert_untouched(outside);
	/* A link to a directory of the image's own is none either. */
	shell("rm %s/%s; mkdir %s/other; ln -s other %s/%s", b.image,
	      plain_directories[_i].directory, b.image, b.image, plain_directories[_i].directory);
	ck_assert_int_lt(box_start(&b), 0);
	box_fini(&b);
}
END_TEST

START_TEST(a_symlink_does_not_lead_a_mount_into_proc_CVE_2019_16884)
{
	static const char *const targets[] = {"/link", "/link/self/attr", "/link/sys"};
	struct box b;
	struct container_mount m = {.source = "/tmp", .target = targets[_i]};
	struct container_mount t = {.type = CONTAINER_MOUNT_TMPFS, .target = targets[_i]};

	box_init(&b);
	shell("ln -s proc %s/link", b.image);
	set_argv(&b.spec.process.argv, ARGV("/bin/sh"));
	b.spec.mounts = &m;
	b.spec.mount_count = 1;
	ck_assert_int_eq(box_start(&b), -ERR_USAGE);
	ck_assert_msg(strstr(error_text(b.err), "leads into /proc"), "%s", error_text(b.err));
	b.spec.mounts = &t;
	ck_assert_int_eq(box_start(&b), -ERR_USAGE);
	box_fini(&b);
}
END_TEST

START_TEST(no_descriptor_leads_out_CVE_2024_21626)
{
	struct box b;
	char path[40];
	int leaks[16];

	box_init(&b);
	for (size_t i = 0; i < ARRAY_SIZE(leaks); i++)
		leaks[i] = open("/", O_RDONLY | O_DIRECTORY); /* on purpose not close-on-exec */
	set_argv(&b.spec.process.argv, ARGV("/bin/busybox", "ls", "/proc/self/fd"));
	for (int fd = 0; fd < 40; fd++) {
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		b.spec.process.cwd = path;
		ck_assert_int_lt(box_start(&b), 0);
	}
	b.spec.process.cwd = "/";
	ck_assert_int_eq(box_start(&b), 0);
	(void)box_wait(&b);
	ck_assert_str_eq(box_output(&b), "0\n1\n2\n3\n"); /* 3: the directory that ls reads */
	for (size_t i = 0; i < ARRAY_SIZE(leaks); i++)
		close_fd(leaks[i]);
	box_fini(&b);
}
END_TEST

START_TEST(the_working_directory_is_made_inside)
{
	struct box b;
	CLEANUP_FREE char *outside = NULL;

	box_init(&b);
	outside = make_outside(&b);
	shell("ln -s %s %s/app", outside, b.image);
	b.spec.process.cwd = "/app/x/y";
	b.spec.process.user = "app";
	(void)box_run(&b, "pwd -P");
	CLEANUP_FREE char *expected = x_asprintf("%s/x/y\n", outside);

	ck_assert_str_eq(box_output(&b), expected);
	assert_untouched(outside);
	box_fini(&b);
}
END_TEST

START_TEST(loops_of_symlinks_end)
{
	struct box b;
	struct container_mount m = {.source = "/tmp", .target = "/one/x"};

	box_init(&b);
	shell("ln -s two %s/one; ln -s one %s/two; ln -s self/x %s/self", b.image, b.image,
	      b.image);
	set_argv(&b.spec.process.argv, ARGV("/bin/sh"));
	b.spec.mounts = &m;
	b.spec.mount_count = 1;
	ck_assert_int_lt(box_start(&b), 0);
	m.target = "/self/y";
	ck_assert_int_lt(box_start(&b), 0);
	box_fini(&b);
}
END_TEST

START_TEST(the_hosts_null_device_stays_outside)
{
	struct box b;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	box_init(&b);
	b.spec.process.fds[0] = null;
	/* Its device number tells where it is: the tmpfs of the container, mounted at /dev. */
	(void)box_run(&b, "test $(busybox stat -L -c %d /proc/self/fd/0) = "
			  "$(busybox stat -c %d /dev) && echo ours");
	ck_assert_str_eq(box_output(&b), "ours\n");
	close_fd(null);
	box_fini(&b);
}
END_TEST

START_TEST(mounts_do_not_reach_the_host)
{
	struct box b;
	CLEANUP_FREE char *outside = NULL;

	box_init(&b);
	outside = make_outside(&b);
	struct container_mount m = {.source = outside, .target = "/data"};

	b.spec.mounts = &m;
	b.spec.mount_count = 1;
	b.spec.process.privileged = true;
	/* With every capability a mount is possible; it still belongs to the container alone. */
	(void)box_run(&b, "busybox mkdir /data/d; busybox mount -t tmpfs x /data/d && "
			  "busybox touch /data/d/f && echo mounted");
	ck_assert_str_eq(box_output(&b), "mounted\n");
	shell("test -z \"$(ls -A %s/d)\"; rmdir %s/d", outside, outside);
	assert_untouched(outside);
	box_fini(&b);
}
END_TEST

START_TEST(a_default_container_cannot_undo_its_limits)
{
	static const char *const attempts[] = {
		"busybox mount -o remount,rw /proc/sys",
		"busybox umount /proc/sys",
		"busybox umount /proc/keys",
		"busybox mount -t proc x /mnt",
		"busybox mount -t tmpfs x /mnt",
		"busybox mount -o remount,rw /sys",
		"busybox unshare -m true",
		"busybox hostname other",
		"busybox ip link set lo down",
		"echo 1 > /proc/sys/net/ipv4/ip_forward",
		"echo x > /proc/sys/kernel/core_pattern",
		"echo b > /proc/sysrq-trigger",
		"echo 1 > /sys/fs/cgroup/cgroup.procs",
		"busybox chroot /proc/1/root/../../.. busybox test -e /usr/sbin",
	};
	struct box b;
	struct strbuf script CLEANUP_STRBUF = STRBUF_INIT(0);

	box_init(&b);
	shell("mkdir %s/mnt", b.image);
	for (size_t i = 0; i < ARRAY_SIZE(attempts); i++)
		strbuf_addf(&script, "(%s) 2>/dev/null && echo '%s'\n", attempts[i], attempts[i]);
	strbuf_add_text(&script, "echo end");
	(void)box_run(&b, strbuf_text(&script));
	ck_assert_str_eq(box_output(&b), "end\n");
	box_fini(&b);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("container/launch_attack");
	TCase *tc = tcase_create("attack");

	tcase_add_unchecked_fixture(tc, suite_setup, suite_teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, symlinks_in_mount_targets_stay_inside, 0, ARRAY_SIZE(redirections));
	tcase_add_test(tc, a_raced_target_stays_inside_CVE_2021_30465);
	tcase_add_loop_test(tc, system_directories_are_never_symlinks, 0,
			    ARRAY_SIZE(plain_directories));
	tcase_add_loop_test(tc, a_symlink_does_not_lead_a_mount_into_proc_CVE_2019_16884, 0, 3);
	tcase_add_test(tc, no_descriptor_leads_out_CVE_2024_21626);
	tcase_add_test(tc, the_working_directory_is_made_inside);
	tcase_add_test(tc, loops_of_symlinks_end);
	tcase_add_test(tc, the_hosts_null_device_stays_outside);
	tcase_add_test(tc, mounts_do_not_reach_the_host);
	tcase_add_test(tc, a_default_container_cannot_undo_its_limits);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
