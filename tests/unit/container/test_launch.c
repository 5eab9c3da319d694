/* SPDX-License-Identifier: Apache-2.0 */
/* What a program finds inside a container; needs root and a static busybox. */
#include "launch_fixture.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/xattr.h>

static struct container_mount mount_;
static struct container_rlimit rlimit_;

static void as_app(struct container_spec *s)
{
	s->process.user = "app";
}

static void with_workdir(struct container_spec *s)
{
	s->process.user = "1000:50";
	s->process.cwd = "/srv/made/here";
}

static void with_groups(struct container_spec *s)
{
	s->process.user = "app";
	strv_add(&s->process.groups, "77");
}

static void hardened(struct container_spec *s)
{
	s->process.user = "app";
	s->process.no_new_privileges = true;
	s->process.capabilities = 0;
}

static void read_only(struct container_spec *s)
{
	s->root.read_only = true;
}

static void with_tmpfs(struct container_spec *s)
{
	mount_ = (struct container_mount){.type = CONTAINER_MOUNT_TMPFS,
					  .target = "/new/scratch",
					  .mode = 0750,
					  .uid = 1000,
					  .gid = 50,
					  .noexec = true,
					  .size_bytes = 1 << 20};
	s->mounts = &mount_;
	s->mount_count = 1;
}

static void with_sysctl(struct container_spec *s)
{
	strv_add(&s->sysctls, "net.core.somaxconn=77");
	strv_add(&s->sysctls, "net.ipv4.conf.lo.rp_filter=2");
}

static void with_rlimit(struct container_spec *s)
{
	rlimit_ = (struct container_rlimit){.resource = RLIMIT_NOFILE, .soft = 99, .hard = 100};
	s->rlimits = &rlimit_;
	s->rlimit_count = 1;
}

static void with_oom_score(struct container_spec *s)
{
	s->has_oom_score_adj = true;
	s->oom_score_adj = 321;
}

static void with_home(struct container_spec *s)
{
	s->process.user = "app";
	strv_add(&s->process.env, "HOME=/elsewhere");
}

static void with_domain(struct container_spec *s)
{
	s->domainname = "example.org";
}

static void privileged(struct container_spec *s)
{
	s->process.privileged = true;
}

static void one_layer(struct container_spec *s)
{
	s->root.upper = s->root.work = NULL;
	strv_remove(&s->root.lowers, 0);
}

static void layers_only(struct container_spec *s)
{
	s->root.upper = s->root.work = NULL;
}

static void volatile_root(struct container_spec *s)
{
	s->root.volatile_ = true;
}

static void repeated_layer(struct container_spec *s)
{
	strv_add(&s->root.lowers, "top/fs");
}

static void host_network(struct container_spec *s)
{
	s->network = CONTAINER_NETWORK_HOST;
}

#define BB "busybox "

static const struct {
	const char *name;
	void (*prepare)(struct container_spec *s);
	const char *script;
	const char *output;
} cases[] = {
	{"host name", NULL, BB "hostname", "box\n"},
	{"domain name", with_domain, BB "cat /proc/sys/kernel/domainname", "example.org\n"},
	{"environment", NULL, BB "env | " BB "sort",
	 "HOME=/root\nPATH=/bin:/sbin\nPWD=/\nSHLVL=1\n"},
	{"HOME of the user", as_app, "echo $HOME", "/home/app\n"},
	{"HOME as given", with_home, "echo $HOME", "/elsewhere\n"},
	{"working directory made", with_workdir, "pwd; " BB "stat -c '%u:%g %a' . .. ../..",
	 "/srv/made/here\n1000:50 755\n1000:50 755\n1000:50 755\n"},
	{"user and groups", as_app, BB "id -u; " BB "id -g; " BB "id -G", "1000\n1000\n1000 50\n"},
	{"more groups", with_groups, BB "id -G", "1000 50 77\n"},
	{"capabilities of root", NULL, BB "grep Cap /proc/self/status",
	 "CapInh:\t0000000000000000\nCapPrm:\t00000000a80425fb\nCapEff:\t00000000a80425fb\n"
	 "CapBnd:\t00000000a80425fb\nCapAmb:\t0000000000000000\n"},
	{"capabilities of a user", as_app, BB "grep Cap /proc/self/status",
	 "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"
	 "CapBnd:\t00000000a80425fb\nCapAmb:\t0000000000000000\n"},
	{"no privileges at all", hardened,
	 BB "grep -E 'CapBnd|NoNewPrivs|^Seccomp:' /proc/self/status",
	 "CapBnd:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n"},
	{"filter", NULL, BB "grep -E 'NoNewPrivs|^Seccomp:' /proc/self/status",
	 "NoNewPrivs:\t0\nSeccomp:\t2\n"},
	{"privileged", privileged,
	 BB
	 "grep -E '^Seccomp:' /proc/self/status; " BB
	 "grep -q CPU0 /proc/interrupts && echo unmasked; echo web > /proc/sys/kernel/hostname; " BB
	 "hostname",
	 "Seccomp:\t0\nunmasked\nweb\n"},
	{"process 1 is the program", NULL, "echo $$; echo /proc/[0-9]*", "1\n/proc/1\n"},
	{"descriptors", NULL, BB "ls /proc/1/fd; :", "0\n1\n2\n"},
	{"session", NULL, BB "cut -d' ' -f4-8 /proc/1/stat", "0 1 1 0 -1\n"},
	{"umask", NULL, "umask", "0022\n"},
	{"masked files", NULL, BB "cat /proc/keys /proc/timer_list /proc/interrupts | " BB "wc -c",
	 "0\n"},
	{"masked directories", NULL,
	 BB "ls -A /sys/firmware; " BB "touch /sys/firmware/x "
	    "2>/dev/null || echo empty",
	 "empty\n"},
	{"read-only paths", NULL,
	 "for f in /proc/sys/kernel/domainname /proc/sysrq-trigger; do "
	 "(echo x > $f) 2>/dev/null && echo written; done; (echo x > /sys/power/state) "
	 "2>/dev/null || echo no",
	 "no\n"},
	{"read-only root", read_only,
	 BB "touch /x 2>/dev/null || echo no; " BB "touch /dev/shm/x && echo yes", "no\nyes\n"},
	{"writable root", NULL, BB "touch /x && echo yes", "yes\n"},
	{"devices", NULL,
	 "echo /dev/*; echo x > /dev/null; " BB "head -c 4 /dev/zero | " BB "wc -c; " BB
	 "stat -c '%t:%T' /dev/null /dev/tty",
	 "/dev/fd /dev/full /dev/mqueue /dev/null /dev/ptmx /dev/pts /dev/random /dev/shm "
	 "/dev/stderr /dev/stdin /dev/stdout /dev/tty /dev/urandom /dev/zero\n4\n1:3\n5:0\n"},
	{"standard input", NULL, BB "readlink /proc/self/fd/0; " BB "cat", "/dev/null\n"},
	{"shared memory", NULL, BB "df -k /dev/shm | " BB "tail -1 | " BB "awk '{print $1, $2}'",
	 "tmpfs 65536\n"},
	{"tmpfs", with_tmpfs,
	 BB "stat -c '%u:%g %a' /new/scratch; " BB "df -k /new/scratch | " BB "tail -1 | " BB
	    "awk '{print $2}'; " BB "cp /bin/busybox /new/scratch 2>/dev/null; " BB
	    "grep -c 'scratch.*noexec' /proc/mounts",
	 "1000:50 750\n1024\n1\n"},
	{"sysctls", with_sysctl,
	 BB "cat /proc/sys/net/core/somaxconn "
	    "/proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/net/ipv4/conf/lo/rp_filter",
	 "77\n0\n2\n"},
	{"loopback", NULL, BB "ip link show lo | " BB "grep -c LOOPBACK,UP", "1\n"},
	{"no other interface", NULL, "echo /sys/class/net/lo*; " BB "grep -c eth /proc/net/dev",
	 "/sys/class/net/lo\n0\n"},
	{"host network", host_network, BB "hostname", "box\n"},
	{"resource limits", with_rlimit, "ulimit -n; ulimit -Hn", "99\n100\n"},
	{"OOM score", with_oom_score, BB "cat /proc/self/oom_score_adj", "321\n"},
	{"control groups", NULL,
	 BB "cut -d: -f3 /proc/self/cgroup | " BB "grep -c firkin; " BB
	    "touch /sys/fs/cgroup/x 2>/dev/null || echo no",
	 "0\nno\n"},
	{"one layer", one_layer, BB "touch /x 2>/dev/null || echo no", "no\n"},
	{"layers only", layers_only, BB "touch /x 2>/dev/null || echo no", "no\n"},
	{"volatile", volatile_root, BB "grep -c volatile /proc/mounts", "1\n"},
	{"a layer that is there twice", repeated_layer, "echo fine", "fine\n"},
};

START_TEST(inside)
{
	struct box b;

	box_init(&b);
	if (cases[_i].prepare)
		cases[_i].prepare(&b.spec);
	(void)box_run(&b, cases[_i].script);
	ck_assert_msg(strcmp(box_output(&b), cases[_i].output) == 0, "%s: '%s' instead of '%s'",
		      cases[_i].name, strbuf_text(&b.output), cases[_i].output);
	box_fini(&b);
}
END_TEST

static const struct {
	const char *script;
	int status;
} statuses[] = {
	{"exit 0", 0},
	{"exit 7", 7},
	{"exit 255", 255},
	{"kill -9 $$; sleep 0", 0},
};

START_TEST(exit_statuses)
{
	struct box b;

	box_init(&b);
	/* The last row: process 1 cannot kill itself, as everywhere. */
	ck_assert_int_eq(box_run(&b, statuses[_i].script), statuses[_i].status);
	box_fini(&b);
}
END_TEST

static const struct {
	const char *program;
	int status;
	const char *text;
} programs[] = {
	{"nothing-here", 127,
	 "exec 'nothing-here': not found in the container's PATH (/bin:/sbin)"},
	{"/nothing/here", 127, "exec '/nothing/here': no such file or directory"},
	{"/etc/passwd", 126, "exec '/etc/passwd': permission denied"},
	{"/etc", 126, "exec '/etc': is a directory"},
	{"/bin/unloadable", 127, "exec '/bin/unloadable': its interpreter or loader is missing"},
	{"/bin/data", 126, "exec '/bin/data': exec format error"},
	{"locked", 126, "exec 'locked': found in the container's PATH, but permission is denied"},
};

START_TEST(programs_that_cannot_run)
{
	struct box b;
	struct stat st;

	box_init(&b);
	shell("printf '#!/no/such/shell\\n' > %s/bin/unloadable; printf data > %s/bin/data\n"
	      "printf x > %s/bin/locked; chmod 755 %s/bin/unloadable %s/bin/data\n",
	      b.image, b.image, b.image, b.image, b.image);
	set_argv(&b.spec.process.argv, ARGV(programs[_i].program));
	ck_assert_int_eq(box_start(&b), -ERR_FAILED);
	ck_assert_int_eq(error_status(b.err), programs[_i].status);
	ck_assert_msg(strstr(error_text(b.err), programs[_i].text), "%s", error_text(b.err));
	/* Nothing is left: no child, no group. */
	ck_assert(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
	CLEANUP_FREE char *group = x_asprintf("/sys/fs/cgroup/unified/firkin/%s", b.id);

	ck_assert_int_lt(stat(group, &st), 0);
	box_fini(&b);
}
END_TEST

START_TEST(a_missing_user_is_said)
{
	struct box b;

	box_init(&b);
	b.spec.process.user = "nobody";
	set_argv(&b.spec.process.argv, ARGV("/bin/sh"));
	ck_assert_int_eq(box_start(&b), -ERR_NOT_FOUND);
	ck_assert_msg(strstr(error_text(b.err), "user 'nobody' is not in '/etc/passwd'"), "%s",
		      error_text(b.err));
	box_fini(&b);
}
END_TEST

START_TEST(signals_are_as_after_boot)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct box b;
	sigset_t set;

	box_init(&b);
	(void)sigaction(SIGPIPE, &ignore, NULL);
	(void)sigaction(SIGUSR2, &ignore, NULL);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGUSR1);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)box_run(&b, "exec " BB "grep -E 'SigBlk|SigIgn' /proc/self/status");
	ck_assert_str_eq(box_output(&b), "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
	box_fini(&b);
}
END_TEST

START_TEST(binds_are_mounted)
{
	struct box b;
	CLEANUP_FREE char *data = NULL, *file = NULL;

	box_init(&b);
	data = x_asprintf("%s/data", b.dir);
	file = x_asprintf("%s/file", b.dir);
	shell("mkdir -p %s/sub; echo inner > %s/sub/f; echo single > %s", data, data, file);
	struct container_mount mounts[] = {
		{.source = file, .target = "/data/sub/f", .read_only = true},
		{.source = data, .target = "/data"},
		{.source = data, .target = "/ro", .read_only = true, .nosuid = true},
		{.source = file, .target = "/new/place/config"},
	};

	b.spec.mounts = mounts;
	b.spec.mount_count = ARRAY_SIZE(mounts);
	b.spec.hosts = file;
	b.spec.resolv_conf = file;
	shell("ln -s ../run/resolver/stub.conf %s/etc/resolv.conf", b.image);
	(void)box_run(&b, BB "cat /data/sub/f /ro/sub/f /new/place/config /etc/hosts "
			     "/run/resolver/stub.conf; echo more >> /data/new; " BB
			     "touch /ro/x 2>/dev/null || echo read-only; " BB
			     "readlink /etc/resolv.conf");
	ck_assert_str_eq(box_output(&b), "single\ninner\nsingle\nsingle\nsingle\nread-only\n"
					 "../run/resolver/stub.conf\n");
	shell("test \"$(cat %s/new)\" = more", data);
	box_fini(&b);
}
END_TEST

START_TEST(a_missing_source_is_said)
{
	struct box b;
	struct container_mount m = {.source = "/nothing/there", .target = "/data"};

	box_init(&b);
	b.spec.mounts = &m;
	b.spec.mount_count = 1;
	set_argv(&b.spec.process.argv, ARGV("/bin/sh"));
	ck_assert_int_eq(box_start(&b), -ERR_NOT_FOUND);
	ck_assert_msg(strstr(error_text(b.err), "'/nothing/there' for '/data'"), "%s",
		      error_text(b.err));
	box_fini(&b);
}
END_TEST

START_TEST(a_volume_is_filled_once_CVE_2020_1726)
{
	struct box b;
	CLEANUP_FREE char *volume = NULL;

	box_init(&b);
	volume = x_asprintf("%s/volume", b.dir);
	shell("mkdir %s; mkdir -p %s/data/sub; echo one > %s/data/sub/f\n"
	      "chown 1000:50 %s/data/sub/f; chmod 4750 %s/data/sub/f\n"
	      "ln -s sub/f %s/data/link; mkfifo -m 600 %s/data/fifo\n"
	      "chown 1000:1000 %s/data; chmod 1770 %s/data; touch -d 2020-02-02 %s/data/sub/f",
	      volume, b.image, b.image, b.image, b.image, b.image, b.image, b.image, b.image,
	      b.image);
	CLEANUP_FREE char *file = x_asprintf("%s/data/sub/f", b.image);
	CLEANUP_FREE char *copy = x_asprintf("%s/sub/f", volume);
	struct container_mount m = {.source = volume, .target = "/data", .copy_up = true};
	char value[8] = "";

	ck_assert_int_eq(setxattr(file, "user.note", "kept", 4, 0), 0);
	b.spec.mounts = &m;
	b.spec.mount_count = 1;
	(void)box_run(&b,
		      BB "stat -c '%n %u:%g %a' /data /data/sub/f; " BB "readlink /data/link; " BB
			 "test -p /data/fifo && " BB "date -r /data/sub/f +%Y; "
			 "echo two > /data/sub/g; " BB "rm /data/link");
	ck_assert_str_eq(box_output(&b), "/data 1000:1000 1770\n/data/sub/f 1000:50 4750\nsub/f\n"
					 "2020\n");
	ck_assert_int_eq(getxattr(copy, "user.note", value, sizeof(value)), 4);
	ck_assert_str_eq(value, "kept");
	/* The second start finds it in use and leaves it alone. */
	(void)box_run(&b, "echo /data/*; " BB "cat /data/sub/g");
	ck_assert_msg(strstr(box_output(&b), "/data/fifo /data/sub\ntwo\n"), "%s",
		      strbuf_text(&b.output));
	box_fini(&b);
}
END_TEST

START_TEST(a_terminal_is_taken)
{
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_FD int master = -1, slave = -1;
	struct box b;

	box_init(&b);
	ck_assert_int_eq(container_open_pty(33, 99, &master, &slave, &err), 0);
	b.spec.process.tty = true;
	b.spec.process.user = "app";
	b.spec.process.fds[0] = slave;
	/* Job control needs the terminal to be the session's own, and its owner to be the user. */
	(void)box_run(&b, "test -t 0 && " BB "stty size; test -c /dev/console && echo console; "
			  ": < /dev/tty && echo own; : < /dev/console && echo mine");
	ck_assert_str_eq(box_output(&b), "33 99\nconsole\nown\nmine\n");
	box_fini(&b);
}
END_TEST

START_TEST(hundreds_of_layers_are_mounted)
{
	struct box b;

	box_init(&b);
	strv_fini(&b.spec.root.lowers);
	b.spec.root.lowers = STRV_INIT;
	for (int i = 0; i < 400; i++) {
		CLEANUP_FREE char *name = x_asprintf("%016x/fs", i);
		CLEANUP_FREE char *path = x_asprintf("%s/%016x/fs", b.layers, i);
		CLEANUP(error) struct error *err = NULL;

		ck_assert_int_eq(fs_mkdirs_at(AT_FDCWD, path, 0755, &err), 0);
		strv_add(&b.spec.root.lowers, name);
	}
	strv_add(&b.spec.root.lowers, "base/fs");
	shell("echo deep > %s/%016x/fs/marker", b.layers, 399);
	(void)box_run(&b, BB "cat /marker; " BB "touch /x && echo written");
	ck_assert_str_eq(box_output(&b), "deep\nwritten\n");
	box_fini(&b);
}
END_TEST

START_TEST(long_paths_are_mounted_from_inside)
{
	struct box b;
	struct strbuf dir CLEANUP_STRBUF = STRBUF_INIT(0);

	box_init(&b);
	strbuf_add_text(&dir, b.layers);
	for (int i = 0; i < 5; i++)
		strbuf_addf(&dir, "/%060d", i);
	shell("mkdir -p %s; mv %s/top %s/base %s", strbuf_text(&dir), b.layers, b.layers,
	      strbuf_text(&dir));
	b.spec.root.layers_dir = strbuf_text(&dir);
	(void)box_run(&b, BB "touch /x && echo written");
	ck_assert_str_eq(box_output(&b), "written\n");
	box_fini(&b);
}
END_TEST

START_TEST(odd_names_are_mounted)
{
	struct box b;
	CLEANUP_FREE char *upper = NULL, *work = NULL;

	box_init(&b);
	upper = x_asprintf("%s/a,b:c\\d e", b.dir);
	work = x_asprintf("%s/w,b:c\\d e", b.dir);
	shell("mkdir '%s' '%s'", upper, work);
	b.spec.root.upper = upper;
	b.spec.root.work = work;
	(void)box_run(&b, "echo here > /x");
	shell("test \"$(cat '%s/x')\" = here", upper);
	box_fini(&b);
}
END_TEST

struct hook_state {
	int calls;
	int netns;
	int result;
};

static int on_created(void *ctx, const struct container_running *running, int netns_fd,
		      struct error **err)
{
	struct hook_state *state = ctx;

	state->calls++;
	state->netns = netns_fd;
	ck_assert_int_gt(running->pid, 0);
	ck_assert(running->start_time == process_start_time(running->pid));
	return state->result < 0 ? error_new(err, ERR_NETWORK, "no address is free") : 0;
}

/* A hook that is slower than the child's failure. */
static int wait_for_end(void *ctx, const struct container_running *running, int netns_fd,
			struct error **err)
{
	siginfo_t info;

	(void)ctx;
	(void)netns_fd;
	ck_assert_int_eq(waitid(P_PIDFD, (id_t)running->pidfd, &info, WEXITED | WNOWAIT), 0);
	return error_new(err, ERR_NETWORK, "the namespace is gone");
}

START_TEST(the_network_hook_is_called_once)
{
	struct hook_state state = {.result = _i ? -1 : 0};
	struct box b;

	box_init(&b);
	b.spec.network = CONTAINER_NETWORK_OWN;
	b.hooks = (struct container_hooks){.on_created = on_created, .ctx = &state};
	set_argv(&b.spec.process.argv, ARGV("/bin/sh", "-c", "echo ran"));
	int r = box_start(&b);

	ck_assert_int_eq(state.calls, 1);
	ck_assert_int_ge(state.netns, 0);
	ck_assert_int_eq(r, _i ? -ERR_NETWORK : 0);
	if (r == 0)
		ck_assert_int_eq(box_wait(&b), 0);
	else
		ck_assert_str_eq(box_output(&b), "");
	ck_assert(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
	box_fini(&b);
}
END_TEST

START_TEST(the_childs_reason_comes_first)
{
	struct hook_state state = {.result = -1};
	struct box b;

	box_init(&b);
	shell("rmdir %s/dev; ln -s etc %s/dev", b.image, b.image);
	b.spec.network = CONTAINER_NETWORK_OWN;
	b.hooks = (struct container_hooks){.on_created = wait_for_end, .ctx = &state};
	set_argv(&b.spec.process.argv, ARGV("/bin/sh"));
	ck_assert_int_lt(box_start(&b), 0);
	ck_assert_msg(strstr(error_text(b.err), "on '/dev'"), "%s", error_text(b.err));
	box_fini(&b);
}
END_TEST

START_TEST(limits_are_seen_inside)
{
	struct box b;

	box_init(&b);
	b.spec.limits = (struct cgroup_limits){
		.memory_max_bytes = 64 << 20, .cpu_quota_us_per_100ms = 50000, .pids_max = 20};
	(void)box_run(&b, "cd /sys/fs/cgroup; busybox cat memory.max memory/memory.limit_in_bytes "
			  "pids.max pids/pids.max cpu/cpu.cfs_quota_us 2>/dev/null; "
			  "busybox cut -d: -f3 /proc/self/cgroup | busybox grep -c firkin; "
			  "busybox touch memory/x 2>/dev/null || echo no");
	const char *output = box_output(&b);

	/* One hierarchy or several: the same figures. */
	ck_assert_msg(strstr(output, "67108864\n20\n") && strstr(output, "0\nno\n"), "%s", output);
	box_fini(&b);
}
END_TEST

static size_t count_lines(const char *path)
{
	CLEANUP(error) struct error *err = NULL;
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	size_t count = 0;

	ck_assert_int_eq(fs_read_at(AT_FDCWD, path, 1 << 20, &text, &err), 0);
	for (size_t i = 0; i < text.len; i++)
		count += text.ptr[i] == '\n';
	return count;
}

static int count_open(void)
{
	int count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

START_TEST(nothing_is_left_behind)
{
	size_t mounts = count_lines("/proc/self/mountinfo");
	struct box b;
	struct stat st;
	int open_before, open_after;

	box_init(&b);
	open_before = count_open();
	/* A grandchild outlives nothing: it goes with process 1. */
	ck_assert_int_eq(box_run(&b, BB "sleep 1000 & exit 3"), 3);
	ck_assert_uint_eq(count_lines("/proc/self/mountinfo"), mounts);
	ck_assert(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
	CLEANUP_FREE char *group = x_asprintf("/sys/fs/cgroup/unified/firkin/%s", b.id);

	ck_assert_int_lt(stat(group, &st), 0);
	ck_assert_int_eq(rmdir(b.mountpoint), 0); /* busy if anything were mounted there */
	open_after = count_open();
	ck_assert_int_eq(open_after, open_before);
	box_fini(&b);
}
END_TEST

START_TEST(our_init_stands_before_the_program)
{
	CLEANUP(error) struct error *err = NULL;
	struct strbuf binary CLEANUP_STRBUF = STRBUF_INIT(0);
	const char *path = getenv("FIRKIN_INIT");
	struct box b;

	if (!path)
		return;
	ck_assert_int_eq(fs_read_at(AT_FDCWD, path, 16 << 20, &binary, &err), 0);
	box_init(&b);
	b.init_fd = container_init_fd(binary.ptr, binary.len, &err);
	ck_assert_int_ge(b.init_fd, 0);
	b.spec.init = true;
	b.spec.process.user = "app";
	ck_assert_int_eq(
		box_run(&b, "test $$ != 1 && " BB "tr '\\0' ' ' < /proc/1/cmdline; exit 9"), 9);
	ck_assert_msg(strncmp(box_output(&b), "/sbin/firkin-init -- /bin/sh -c", 31) == 0, "%s",
		      strbuf_text(&b.output));
	/* What is missing is said by us, not by init's exit status. */
	set_argv(&b.spec.process.argv, ARGV("nothing-here"));
	ck_assert_int_eq(box_start(&b), -ERR_FAILED);
	ck_assert_int_eq(error_status(b.err), 127);
	close_fd(b.init_fd);
	box_fini(&b);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("container/launch");
	TCase *tc = tcase_create("launch");

	tcase_add_unchecked_fixture(tc, suite_setup, suite_teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, inside, 0, ARRAY_SIZE(cases));
	tcase_add_loop_test(tc, exit_statuses, 0, ARRAY_SIZE(statuses));
	tcase_add_loop_test(tc, programs_that_cannot_run, 0, ARRAY_SIZE(programs));
	tcase_add_test(tc, a_missing_user_is_said);
	tcase_add_test(tc, signals_are_as_after_boot);
	tcase_add_test(tc, binds_are_mounted);
	tcase_add_test(tc, a_missing_source_is_said);
	tcase_add_test(tc, a_volume_is_filled_once_CVE_2020_1726);
	tcase_add_test(tc, a_terminal_is_taken);
	tcase_add_test(tc, hundreds_of_layers_are_mounted);
	tcase_add_test(tc, long_paths_are_mounted_from_inside);
	tcase_add_test(tc, odd_names_are_mounted);
	tcase_add_loop_test(tc, the_network_hook_is_called_once, 0, 2);
	tcase_add_test(tc, the_childs_reason_comes_first);
	tcase_add_test(tc, limits_are_seen_inside);
	tcase_add_test(tc, nothing_is_left_behind);
	tcase_add_test(tc, our_init_stands_before_the_program);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
