/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans as text, against tests/golden/container. The checkout is found through FIRKIN_SOURCE (the
 * working directory when unset); FIRKIN_UPDATE_GOLDEN=1 writes the texts anew.
 */
#include <check.h>
#include <fcntl.h>
#include <sys/resource.h>

#include "base/fs.h"
#include "container/container.h"

enum { GOLDEN_MAX = 64 * 1024 };

static struct container_mount mounts[] = {
	{.type = CONTAINER_MOUNT_BIND, .source = "/srv/deep", .target = "/data/a/b/c"},
	{.type = CONTAINER_MOUNT_TMPFS,
	 .target = "/tmp",
	 .nosuid = true,
	 .nodev = true,
	 .noexec = true,
	 .size_bytes = 1 << 20},
	{.type = CONTAINER_MOUNT_BIND, .source = "/vol/_data", .target = "/data", .copy_up = true},
	{.type = CONTAINER_MOUNT_BIND,
	 .source = "/srv/conf",
	 .target = "/data/./a/../conf/",
	 .read_only = true},
	{.type = CONTAINER_MOUNT_TMPFS,
	 .target = "/run/app",
	 .mode = 0700,
	 .uid = 1000,
	 .gid = 1000},
	{.type = CONTAINER_MOUNT_BIND, .source = "/lxcfs/meminfo", .target = "/proc/meminfo"},
};

static void base_spec(struct container_spec *s)
{
	*s = (struct container_spec){
		.id = "0123456789abcdef",
		.root = {.layers_dir = "/store/layers",
			 .upper = "/store/c/upper",
			 .work = "/store/c/work",
			 .mountpoint = "/store/c/root"},
		.process = {.cwd = "/",
			    .user = "",
			    .fds = {0, 1, 2},
			    .capabilities = CONTAINER_CAPABILITIES_DEFAULT},
		.network = CONTAINER_NETWORK_OWN,
	};
	strv_add(&s->root.lowers, "b/fs");
	strv_add(&s->root.lowers, "a/fs");
	strv_add(&s->process.argv, "/bin/true");
}

static void minimal(struct container_spec *s)
{
	s->network = CONTAINER_NETWORK_NONE;
}

static void service(struct container_spec *s)
{
	s->hostname = "web";
	s->domainname = "example.org";
	s->init = true;
	s->mounts = mounts;
	s->mount_count = ARRAY_SIZE(mounts);
	s->hosts = "/store/c/hosts";
	s->resolv_conf = "/store/c/resolv.conf";
	s->hostname_file = "/store/c/hostname";
	s->root.read_only = true;
	s->root.volatile_ = true;
	s->shm_size_bytes = 128 << 20;
	s->process.tty = true;
	s->process.user = "node";
	s->process.cwd = "/app";
	s->process.no_new_privileges = true;
	strv_add(&s->process.argv, "with space");
	strv_add(&s->process.argv, "new\nline");
	strv_add(&s->sysctls, "net.core.somaxconn=1024");
	strv_add(&s->sysctls, "net.ipv4.ip_unprivileged_port_start=1024");
	strv_add(&s->sysctls, "net.ipv4.conf.eth0.rp_filter=2");
	strv_add(&s->sysctls, "kernel.shmmax = 65536");
}

static void privileged(struct container_spec *s)
{
	s->process.privileged = true;
	s->bind_dev = true;
	s->network = CONTAINER_NETWORK_HOST;
}

/* An init of its own gets none of ours; one layer is bound. */
static void own_init(struct container_spec *s)
{
	s->init = true;
	s->network = CONTAINER_NETWORK_JOIN;
	s->netns_fd = 9;
	s->root.upper = s->root.work = NULL;
	strv_remove(&s->root.lowers, 0);
	strv_remove(&s->process.argv, 0);
	strv_add(&s->process.argv, "/usr/bin/tini");
	strv_add(&s->process.argv, "--");
	strv_add(&s->process.argv, "node");
	s->process.seccomp_unconfined = true;
}

static const struct {
	const char *name;
	void (*prepare)(struct container_spec *s);
} cases[] = {
	{"minimal", minimal},
	{"service", service},
	{"privileged", privileged},
	{"own-init", own_init},
};

static void spec_fini(struct container_spec *s)
{
	strv_fini(&s->root.lowers);
	strv_fini(&s->process.argv);
	strv_fini(&s->process.env);
	strv_fini(&s->sysctls);
}

START_TEST(plans_are_the_golden_ones)
{
	CLEANUP(error) struct error *err = NULL;
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0), golden CLEANUP_STRBUF = STRBUF_INIT(0);
	const char *source = getenv("FIRKIN_SOURCE");
	CLEANUP_FREE char *path = x_asprintf("%s/tests/golden/container/%s.txt",
					     source ? source : ".", cases[_i].name);
	struct container_spec spec;

	base_spec(&spec);
	cases[_i].prepare(&spec);
	ck_assert_int_eq(container_plan_format(&spec, &text, &err), 0);
	if (getenv("FIRKIN_UPDATE_GOLDEN"))
		(void)fs_write_atomic_at(AT_FDCWD, path, strbuf_str(&text), 0644, FS_VOLATILE,
					 &err);
	ck_assert_msg(fs_read_at(AT_FDCWD, path, GOLDEN_MAX, &golden, &err) == 0, "read %s", path);
	ck_assert_str_eq(strbuf_text(&text), strbuf_text(&golden));
	spec_fini(&spec);
}
END_TEST

static const struct {
	const char *what;
	const char *mount_target, *mount_source; /* one mount */
	const char *sysctl;
	const char *cwd;
	const char *argv0;
	const char *hostname;
	enum error_code code;
} refusals[] = {
	{.what = "relative target", .mount_target = "data", .code = ERR_USAGE},
	{.what = "the root itself", .mount_target = "/", .code = ERR_USAGE},
	{.what = "the root in disguise", .mount_target = "/a/..", .code = ERR_USAGE},
	{.what = "CVE-2019-16884", .mount_target = "/proc", .code = ERR_USAGE},
	{.what = "CVE-2019-16884", .mount_target = "/proc/", .code = ERR_USAGE},
	{.what = "CVE-2019-16884", .mount_target = "//proc/./self", .code = ERR_USAGE},
	{.what = "CVE-2019-16884", .mount_target = "/x/../proc/sys", .code = ERR_USAGE},
	{.what = "relative source", .mount_target = "/x", .mount_source = "x", .code = ERR_USAGE},
	{.what = "CVE-2022-0811",
	 .sysctl = "kernel.shm_rmid_forced=1+kernel.core_pattern=|/x",
	 .code = ERR_USAGE},
	{.what = "CVE-2022-0811", .sysctl = "net.core.x=1\nkernel.y=2", .code = ERR_USAGE},
	{.what = "CVE-2022-0811", .sysctl = "net.../../kernel.core_pattern=x", .code = ERR_USAGE},
	{.what = "CVE-2022-0811", .sysctl = "net/core/x=1", .code = ERR_USAGE},
	{.what = "machine-wide sysctl", .sysctl = "kernel.core_pattern=x", .code = ERR_USAGE},
	{.what = "machine-wide sysctl", .sysctl = "vm.swappiness=1", .code = ERR_USAGE},
	{.what = "prefix of a name", .sysctl = "kernel.sem_x=1", .code = ERR_USAGE},
	{.what = "sysctl without value", .sysctl = "net.core.somaxconn", .code = ERR_USAGE},
	{.what = "relative directory", .cwd = "app", .code = ERR_USAGE},
	{.what = "no command", .argv0 = "", .code = ERR_USAGE},
	{.what = "long host name",
	 .code = ERR_USAGE,
	 .hostname = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
};

START_TEST(specs_that_are_refused)
{
	CLEANUP(error) struct error *err = NULL;
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	struct container_mount mount = {.type = CONTAINER_MOUNT_BIND};
	struct container_spec spec;

	base_spec(&spec);
	if (refusals[_i].mount_target) {
		mount.target = refusals[_i].mount_target;
		mount.source = refusals[_i].mount_source ? refusals[_i].mount_source : "/srv";
		spec.mounts = &mount;
		spec.mount_count = 1;
	}
	if (refusals[_i].sysctl)
		strv_add(&spec.sysctls, refusals[_i].sysctl);
	if (refusals[_i].cwd)
		spec.process.cwd = refusals[_i].cwd;
	if (refusals[_i].argv0) {
		strv_remove(&spec.process.argv, 0);
		strv_add(&spec.process.argv, refusals[_i].argv0);
	}
	spec.hostname = refusals[_i].hostname;
	ck_assert_msg(container_plan_format(&spec, &text, &err) == -(int)refusals[_i].code,
		      "%s: %d", refusals[_i].what, _i);
	spec_fini(&spec);
}
END_TEST

START_TEST(a_host_network_is_not_configured)
{
	CLEANUP(error) struct error *err = NULL;
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	struct container_spec spec;

	base_spec(&spec);
	spec.network = CONTAINER_NETWORK_HOST;
	strv_add(&spec.sysctls, "net.core.somaxconn=1");
	ck_assert_int_eq(container_plan_format(&spec, &text, &err), -ERR_USAGE);
	spec_fini(&spec);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("container/plan");
	TCase *tc = tcase_create("plan");

	tcase_add_loop_test(tc, plans_are_the_golden_ones, 0, ARRAY_SIZE(cases));
	tcase_add_loop_test(tc, specs_that_are_refused, 0, ARRAY_SIZE(refusals));
	tcase_add_test(tc, a_host_network_is_not_configured);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);

	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed != 0;
}
