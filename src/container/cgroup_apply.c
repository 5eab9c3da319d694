/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing limits: enable v2 controllers on the way down, fall back to v1 hierarchies, one
 * controller after the other.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "cgroup_limits.h"

/* Rounds of moving processes that may fork meanwhile. */
enum { MOVE_ROUNDS = 100 };

/* Controllers of cgroup v2; cpu costs on every context switch, so it is enabled when asked for. */
static const char *const v2_controllers[] = { "memory", "pids", "io", "cpu" };

/* Pass controllers on to the children of @dir_fd; 0 or the first failure, negative errno */
static int enable_controllers(int dir_fd, bool cpu)
{
	struct strbuf available CLEANUP_STRBUF = STRBUF_INIT(0);
	struct strbuf enabled CLEANUP_STRBUF = STRBUF_INIT(0);
	int r = cgroup_read(dir_fd, "cgroup.controllers", &available);
	int first = 0;

	if (r == 0)
		r = cgroup_read(dir_fd, "cgroup.subtree_control", &enabled);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(v2_controllers); i++) {
		const char *name = v2_controllers[i];
		char text[16];

		if ((!cpu && strcmp(name, "cpu") == 0) ||
		    !cgroup_has_word(strbuf_str(&available), name) ||
		    cgroup_has_word(strbuf_str(&enabled), name))
			continue;
		/* One by one: one that cannot be enabled must not take the others along. */
		(void)snprintf(text, sizeof(text), "+%s", name);
		r = cgroup_write(dir_fd, "cgroup.subtree_control", text);
		first = first ? first : r;
	}
	return first;
}

/* From the base through `firkin` down to the group @unified_fd */
static int enable_above(int unified_fd, bool cpu)
{
	static const char *const above[] = { "../..", ".." };
	int first = 0;

	for (size_t i = 0; i < ARRAY_SIZE(above); i++) {
		CLEANUP_FD int fd =
			openat(unified_fd, above[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		int r = fd < 0 ? -errno : enable_controllers(fd, cpu);

		first = first ? first : r;
	}
	return first;
}

struct move {
	int to_fd;
	size_t count;
};

static void move_process(void *ctx, pid_t pid)
{
	struct move *m = ctx;
	char text[16];

	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	/* A process that ended meanwhile fails; one that cannot be moved shows in the counts. */
	(void)cgroup_write(m->to_fd, "cgroup.procs", text);
	m->count++;
}

static void count_process(void *ctx, pid_t pid)
{
	(void)pid;
	((struct move *)ctx)->count++;
}

/* Children forked by a process before its move are still outside: repeat until none is. */
static int move_processes(int from_fd, int to_fd)
{
	for (int i = 0; i < MOVE_ROUNDS; i++) {
		struct move from = { .to_fd = to_fd }, to = { 0 };
		int r = cgroup_each_process(from_fd, move_process, &from);

		if (r == 0)
			r = cgroup_each_process(to_fd, count_process, &to);
		if (r < 0)
			return r;
		if (to.count >= from.count)
			return 0;
	}
	return -EBUSY;
}

static int fail_unsupported(struct error **err, const struct cgroup_setting *s, int enabling)
{
	const char *controller = cgroup_hierarchy_name(s->controller);

	if (enabling == 0) {
		(void)error_new(err, ERR_UNSUPPORTED,
				"%s: there is no '%s' controller that can be used here", s->limit,
				controller);
		return error_hint(err, "leave it out, or run where cgroups are delegated to you");
	}
	(void)error_new(err, ERR_UNSUPPORTED, "%s: enable controller '%s': %s", s->limit,
			controller, strerror(-enabling));
	if (enabling != -EBUSY)
		return -ERR_UNSUPPORTED;
	return error_hint(err, "processes sit in the group above firkin's: "
			       "move them into one of their own (systemd: Delegate=yes)");
}

/* The first setting of @controller that is a limit, NULL when none is */
static const struct cgroup_setting *find_wanted(const struct cgroup_setting *settings,
						enum cgroup_hierarchy controller)
{
	for (size_t i = 0; i < CGROUP_SETTINGS_MAX; i++) {
		if (settings[i].controller == controller && settings[i].wanted)
			return &settings[i];
	}
	return NULL;
}

static int write_setting(int fd, const struct cgroup_setting *s, bool last_try, struct error **err)
{
	int r = cgroup_write(fd, s->file, s->value);

	if (r == 0 || (r == -ENOENT && (s->optional || !s->wanted)))
		return 0;
	if (!last_try)
		return r;
	if (r == -ENOENT)
		return error_new(err, ERR_UNSUPPORTED, "%s: controller '%s' has no '%s' here",
				 s->limit, cgroup_hierarchy_name(s->controller), s->file);
	if (r == -EBUSY)
		return error_new(err, ERR_BUSY, "%s of %s: more is in use", s->limit, s->value);
	errno = -r;
	return error_errno(err, "%s: write '%s' to %s", s->limit, s->value, s->file);
}

/*
 * Twice, since v1 keeps "memory <= memory and swap" at every moment: raising both fails for memory
 * alone and works once the sum was raised.
 */
static int write_settings(int fd, const struct cgroup_setting *settings,
			  enum cgroup_hierarchy controller, bool update, struct error **err)
{
	bool done[CGROUP_SETTINGS_MAX] = { false };

	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < CGROUP_SETTINGS_MAX; i++) {
			const struct cgroup_setting *s = &settings[i];

			if (done[i] || s->controller != controller || (!s->wanted && !update))
				continue;
			int r = write_setting(fd, s, pass == 1, err);

			if (r < 0 && pass == 1)
				return r;
			done[i] = r == 0;
		}
	}
	return 0;
}

/* The v1 group of @controller, made for a limit that needs it; -1 when there is none to write to */
static int open_v1(const char *id, int unified_fd, const struct cgroup_setting *wanted,
		   enum cgroup_hierarchy controller, bool update, struct error **err)
{
	int fd = cgroup_open_group(controller, id);

	if (fd >= 0 || !wanted)
		return fd;
	CLEANUP_FD int base = cgroup_open_base(controller);

	if (base < 0)
		return -1;
	CLEANUP_FD int made = cgroup_make_group(base, id, err);
	CLEANUP_FD int from = unified_fd < 0 ? cgroup_open_group(CGROUP_FREEZER, id) : -1;
	int r = 0;

	if (made < 0)
		return made;
	if (update && (unified_fd >= 0 || from >= 0))
		r = move_processes(unified_fd >= 0 ? unified_fd : from, made);
	if (r < 0) {
		errno = -r;
		return error_errno(err, "%s: move the processes", wanted->limit);
	}
	return STEAL_FD(&made);
}

int cgroup_apply_limits(const char *id, int unified_fd, const struct cgroup_limits *limits,
			bool update, struct error **err)
{
	static const enum cgroup_hierarchy controllers[] = { CGROUP_MEMORY, CGROUP_CPU,
							     CGROUP_PIDS };
	struct strbuf usable CLEANUP_STRBUF = STRBUF_INIT(0);
	bool cpu = limits->cpu_quota_us_per_100ms || limits->cpu_shares;
	int enabling = unified_fd < 0 ? 0 : enable_above(unified_fd, cpu);

	if (unified_fd >= 0)
		(void)cgroup_read(unified_fd, "cgroup.controllers", &usable);
	for (size_t i = 0; i < ARRAY_SIZE(controllers); i++) {
		enum cgroup_hierarchy c = controllers[i];
		bool unified = cgroup_has_word(strbuf_str(&usable), cgroup_hierarchy_name(c));
		struct cgroup_setting settings[CGROUP_SETTINGS_MAX];

		cgroup_plan_limits(limits, unified, settings);
		const struct cgroup_setting *wanted = find_wanted(settings, c);

		if (!wanted && !update)
			continue;
		CLEANUP_FD int v1 = unified ? -1 : open_v1(id, unified_fd, wanted, c, update, err);

		if (*err)
			return -(int)error_code(*err);
		if (!unified && v1 < 0 && wanted)
			return fail_unsupported(err, wanted, enabling);
		int fd = unified ? unified_fd : v1;
		int r = fd < 0 ? 0 : write_settings(fd, settings, c, update, err);

		if (r < 0)
			return r;
	}
	return 0;
}
