/* SPDX-License-Identifier: Apache-2.0 */
/* Groups of a container: making, joining, freezing, killing, removing. */
#include "container/cgroup.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "cgroup_limits.h"
#include "cgroup_tree.h"
#include "device_filter.h"

/* Group for an exec into a container whose own group takes no processes. */
#define EXEC_NAME "firkin-exec"

/* Pause between looks at what has no event: v1 freezer states, groups whose last task is dying. */
enum { ID_MAX = 128, LOOK_AGAIN_MS = 1 };

/* The id becomes a directory name: letters, digits and, not at the start, '_', '.', '-'. */
static int check_id(const char *id, struct error **err)
{
	size_t len = strlen(id);

	if (len == 0 || len > ID_MAX)
		return error_new(err, ERR_USAGE, "cgroup of container '%.140s': 1 to %d characters",
				 id, ID_MAX);
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)id[i]) && (i == 0 || !strchr("_.-", id[i])))
			return error_new(err, ERR_USAGE, "cgroup of container '%s': bad character",
					 id);
	}
	return 0;
}

static int fail(struct error **err, int negative_errno, const char *what, const char *id)
{
	if (negative_errno == -EBUSY || negative_errno == -ETIMEDOUT)
		return error_new(err, ERR_TIMEOUT, "%s cgroup of container %s: not done after %d s",
				 what, id, (int)(CGROUP_WAIT_MAX / USEC_PER_SEC));
	errno = -negative_errno;
	return error_errno(err, "%s cgroup of container %s", what, id);
}

/* Are we root of the machine, not of a user namespace? */
static bool owns_machine(void)
{
	struct strbuf map CLEANUP_STRBUF = STRBUF_INIT(0);

	if (geteuid() != 0 || cgroup_read(AT_FDCWD, "/proc/self/uid_map", &map) < 0)
		return false;
	/* The initial namespace maps "inside outside count" as 0 0 4294967295, padded with spaces.
	 */
	static const char *const identity[] = { "0", "0", "4294967295" };
	str rest = str_trim(strbuf_str(&map)), word;

	for (size_t i = 0; i < ARRAY_SIZE(identity); i++) {
		rest = str_trim_left(rest);
		if (!str_cut(&rest, ' ', &word) || !str_is(word, identity[i]))
			return false;
	}
	return true;
}

static int restrict_devices(const char *id, int unified_fd, struct error **err)
{
	int r = unified_fd < 0 ? -ENODEV : device_filter_attach(unified_fd);

	if (r == 0)
		return 0;
	CLEANUP_FD int base = cgroup_open_base(CGROUP_DEVICES);

	if (base >= 0) {
		CLEANUP_FD int fd = cgroup_make_group(base, id, err);

		return fd < 0 ? fd : device_filter_write_v1(fd, err);
	}
	/* In a user namespace the kernel lets nobody make or open a device of the host anyway. */
	if (!owns_machine())
		return 0;
	(void)error_new(err, ERR_UNSUPPORTED, "device rules: neither v2 (%s) nor v1 works",
			strerror(-r));
	return error_hint(err, "make a cgroup hierarchy writable here, or use --privileged");
}

/*
 * The group by which everything in the container is found: in the unified hierarchy, on a pure v1
 * machine in the freezer's (accounting of cpu time comes along there).
 */
static int make_anchor(const char *id, int *ret_unified_fd, struct error **err)
{
	static const enum cgroup_hierarchy v1[] = { CGROUP_FREEZER, CGROUP_CPUACCT };
	CLEANUP_FD int unified = cgroup_open_base(CGROUP_UNIFIED);

	if (unified >= 0) {
		int fd = cgroup_make_group(unified, id, err);

		if (fd >= 0)
			*ret_unified_fd = fd;
		return fd < 0 ? fd : 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(v1); i++) {
		CLEANUP_FD int base = cgroup_open_base(v1[i]);
		CLEANUP_FD int fd = base < 0 ? -1 : cgroup_make_group(base, id, err);

		if (*err)
			return -(int)error_code(*err);
	}
	return 0;
}

int cgroup_create(const char *id, const struct cgroup_limits *limits, bool allow_devices,
		  int *ret_fd, struct error **err)
{
	CLEANUP_FD int fd = -1;
	int r = check_id(id, err);

	if (r == 0)
		r = cgroup_check_limits(limits, err);
	/* When this fails the group may be somebody else's: nothing is removed. */
	if (r == 0)
		r = make_anchor(id, &fd, err);
	if (r < 0)
		return r;
	r = allow_devices ? 0 : restrict_devices(id, fd, err);
	if (r == 0)
		r = cgroup_apply_limits(id, fd, limits, false, err);
	if (r < 0) {
		for (int h = 0; h < CGROUP_HIERARCHY_COUNT; h++)
			(void)cgroup_remove_group((enum cgroup_hierarchy)h, id);
		return error_context(err, "container %s", id);
	}
	*ret_fd = STEAL_FD(&fd);
	return 0;
}

/* Moving takes the kernel a grace period, so who was cloned into the group is left alone. */
static bool is_in_unified(const char *id, pid_t pid)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP_FREE char *suffix = x_asprintf("/firkin/%s", id);
	char path[40];

	(void)snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	if (cgroup_read(AT_FDCWD, path, &text) < 0)
		return false;
	str rest = strbuf_str(&text), line;

	while (str_cut(&rest, '\n', &line)) {
		if (str_has_prefix(line, "0::"))
			return str_has_suffix(line, suffix);
	}
	return false;
}

static int join_group(int group_fd, pid_t pid)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	int r = cgroup_write(group_fd, "cgroup.procs", text);

	/* Below a threaded group only threaded groups take processes. */
	if (r == -EOPNOTSUPP && cgroup_write(group_fd, "cgroup.type", "threaded") == 0)
		return cgroup_write(group_fd, "cgroup.procs", text);
	if (r != -EBUSY)
		return r;
	/* The container manages groups of its own, so its top one takes no processes: one below. */
	if (mkdirat(group_fd, EXEC_NAME, 0755) < 0 && errno != EEXIST)
		return -errno;
	return cgroup_write(group_fd, EXEC_NAME "/cgroup.procs", text);
}

int cgroup_join(const char *id, pid_t pid, struct error **err)
{
	int r = check_id(id, err);

	for (int h = 0; r == 0 && h < CGROUP_HIERARCHY_COUNT; h++) {
		CLEANUP_FD int fd = cgroup_open_group((enum cgroup_hierarchy)h, id);

		if (fd < 0 || (h == CGROUP_UNIFIED && is_in_unified(id, pid)))
			continue;
		int failure = join_group(fd, pid);

		if (failure == -ESRCH)
			r = error_new(err, ERR_NOT_FOUND, "container %s: process %d is gone", id,
				      (int)pid);
		else if (failure < 0)
			r = fail(err, failure, "join", id);
	}
	return r;
}

static void look_again_later(void)
{
	(void)poll(NULL, 0, LOOK_AGAIN_MS);
}

/* The group that holds all processes of the container; -1 when there is none */
static int open_anchor(const char *id, bool *ret_unified)
{
	int fd = cgroup_open_group(CGROUP_UNIFIED, id);

	*ret_unified = fd >= 0;
	return fd >= 0 ? fd : cgroup_open_group(CGROUP_FREEZER, id);
}

static int freeze_v1(int fd, bool frozen, usec_t deadline)
{
	const char *state = frozen ? "FROZEN" : "THAWED";

	for (;;) {
		struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
		int r = cgroup_write(fd, "freezer.state", state);

		if (r == 0)
			r = cgroup_read(fd, "freezer.state", &text);
		if (r < 0)
			return r;
		if (str_is(str_trim(strbuf_str(&text)), state))
			return 0;
		if (clock_monotonic() >= deadline)
			return -ETIMEDOUT;
		look_again_later();
	}
}

static int freeze_group(int fd, bool unified, bool frozen, usec_t deadline)
{
	if (!unified)
		return freeze_v1(fd, frozen, deadline);
	int r = cgroup_write(fd, "cgroup.freeze", frozen ? "1" : "0");

	return r < 0 ? r : cgroup_wait_event(fd, "frozen", frozen ? "1" : "0", deadline);
}

int cgroup_freeze(const char *id, bool frozen, struct error **err)
{
	bool unified = false;
	int r = check_id(id, err);

	if (r < 0)
		return r;
	CLEANUP_FD int fd = open_anchor(id, &unified);

	if (fd < 0)
		return error_new(err, ERR_UNSUPPORTED, "container %s has no cgroup to %s", id,
				 frozen ? "pause" : "unpause");
	r = freeze_group(fd, unified, frozen, clock_monotonic() + CGROUP_WAIT_MAX);
	if (r == 0)
		return 0;
	/* Half frozen is neither paused nor running: go back. */
	if (frozen)
		(void)freeze_group(fd, unified, false, clock_monotonic());
	return fail(err, r, frozen ? "freeze" : "thaw", id);
}

static void kill_process(void *ctx, pid_t pid)
{
	*(size_t *)ctx += 1;
	(void)kill(pid, SIGKILL); /* gone already is as good */
}

/*
 * Without cgroup.kill: freeze, so that nothing forks and no number is reused while the list is
 * read; signal; thaw, so that the signals arrive. Until nobody is left.
 */
static int kill_one_by_one(int fd, bool unified, usec_t deadline)
{
	for (;;) {
		size_t count = 0;

		/* What sleeps uninterruptibly may keep it from freezing: kill what we see. */
		(void)freeze_group(fd, unified, true, clock_monotonic() + USEC_PER_SEC / 10);
		int r = cgroup_each_process(fd, kill_process, &count);

		(void)freeze_group(fd, unified, false, clock_monotonic());
		if (r < 0 || count == 0)
			return r;
		if (clock_monotonic() >= deadline)
			return -ETIMEDOUT;
		look_again_later();
	}
}

static int kill_group(int fd, bool unified, usec_t deadline)
{
	int r = unified ? cgroup_write(fd, "cgroup.kill", "1") : -ENOENT;

	if (r == -ENOENT || r == -EOPNOTSUPP)
		r = kill_one_by_one(fd, unified, deadline);
	return r == -ENODEV ? 0 : r; /* removed between opening and killing */
}

int cgroup_kill(const char *id, struct error **err)
{
	bool unified = false;
	int r = check_id(id, err);

	if (r < 0)
		return r;
	CLEANUP_FD int fd = open_anchor(id, &unified);

	if (fd < 0)
		return 0;
	r = kill_group(fd, unified, clock_monotonic() + CGROUP_WAIT_MAX);
	return r < 0 ? fail(err, r, "kill", id) : 0;
}

static int empty_anchor(const char *id, usec_t deadline)
{
	bool unified = false;
	CLEANUP_FD int fd = open_anchor(id, &unified);

	if (fd < 0)
		return 0;
	int r = kill_group(fd, unified, deadline);

	if (r == 0 && unified)
		r = cgroup_wait_event(fd, "populated", "0", deadline);
	return r == -ENODEV ? 0 : r;
}

int cgroup_remove(const char *id, struct error **err)
{
	usec_t deadline = clock_monotonic() + CGROUP_WAIT_MAX;
	bool killed = false;
	int r = check_id(id, err);

	if (r < 0)
		return r;
	for (int h = 0; h < CGROUP_HIERARCHY_COUNT;) {
		r = cgroup_remove_group((enum cgroup_hierarchy)h, id);
		if (r == 0) {
			h++;
			continue;
		}
		if (r != -EBUSY || clock_monotonic() >= deadline)
			return fail(err, r, "remove", id);
		/* Mostly all is over when this is called, so killing comes second. */
		r = killed ? 0 : empty_anchor(id, deadline);
		if (r < 0)
			return fail(err, r, "empty", id);
		if (killed)
			look_again_later();
		killed = true;
	}
	return 0;
}

int cgroup_remove_all(const char *prefix, struct error **err)
{
	CLEANUP_FD int base = cgroup_open_base(CGROUP_UNIFIED);
	int fd = base < 0 ? -1 : openat(base, "firkin", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	int r = 0;

	if (!d) { /* no group, or no unified hierarchy to find one by */
		close_fd(fd);
		return 0;
	}
	for (struct dirent *e; r == 0 && (e = readdir(d));) {
		if (strncmp(e->d_name, prefix, strlen(prefix)) == 0)
			r = cgroup_remove(e->d_name, err);
	}
	(void)closedir(d);
	return r;
}

int cgroup_update(const char *id, const struct cgroup_limits *limits, struct error **err)
{
	int r = check_id(id, err);

	if (r == 0)
		r = cgroup_check_limits(limits, err);
	if (r < 0)
		return r;
	CLEANUP_FD int fd = cgroup_open_group(CGROUP_UNIFIED, id);

	r = cgroup_apply_limits(id, fd, limits, true, err);
	return r < 0 ? error_context(err, "container %s", id) : 0;
}
