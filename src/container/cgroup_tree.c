/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the cgroup hierarchies; making, walking and removing groups in them. */
#include "cgroup_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <sys/vfs.h>

#include "base/fs.h"

#define PARENT_NAME "firkin"

/* Rounds of "make the parent, make the group" against containers that remove an empty parent. */
enum { MAKE_TRIES = 100 };

static const char *const hierarchy_names[] = {
	[CGROUP_UNIFIED] = "cgroup v2", [CGROUP_FREEZER] = "freezer", [CGROUP_MEMORY] = "memory",
	[CGROUP_CPU] = "cpu",		[CGROUP_CPUACCT] = "cpuacct", [CGROUP_PIDS] = "pids",
	[CGROUP_DEVICES] = "devices",
};
_Static_assert(ARRAY_SIZE(hierarchy_names) == CGROUP_HIERARCHY_COUNT, "a name for each");

const char *cgroup_hierarchy_name(enum cgroup_hierarchy h)
{
	return hierarchy_names[h];
}

static int open_dir(int dir_fd, const char *path)
{
	return openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Descriptor of @path when a file system of type @magic is mounted there, else -1. */
static int open_mount(const char *path, long magic)
{
	CLEANUP_FD int fd = open_dir(AT_FDCWD, path);
	struct statfs st;

	if (fd < 0 || fstatfs(fd, &st) < 0 || (long)st.f_type != magic)
		return -1;
	return STEAL_FD(&fd);
}

static int open_root(enum cgroup_hierarchy h)
{
	if (h == CGROUP_UNIFIED) {
		int fd = open_mount("/sys/fs/cgroup", CGROUP2_SUPER_MAGIC);

		return fd >= 0 ? fd : open_mount("/sys/fs/cgroup/unified", CGROUP2_SUPER_MAGIC);
	}
	char path[64];

	(void)snprintf(path, sizeof(path), "/sys/fs/cgroup/%s", hierarchy_names[h]);
	return open_mount(path, CGROUP_SUPER_MAGIC);
}

/* Does this line of /proc/PID/cgroup ("4:cpu,cpuacct:/a/b") belong to @h? */
static bool line_is_of(str line, enum cgroup_hierarchy h, str *ret_path)
{
	str number, controllers, rest, one;

	if (!str_split_once(line, ':', &number, &rest) ||
	    !str_split_once(rest, ':', &controllers, ret_path))
		return false;
	if (h == CGROUP_UNIFIED)
		return str_is(number, "0");
	while (str_cut(&controllers, ',', &one)) {
		if (str_is(one, hierarchy_names[h]))
			return true;
	}
	return false;
}

static bool is_writable(int fd)
{
	return faccessat(fd, ".", W_OK, AT_EACCESS) == 0;
}

/* The topmost writable directory on the way from @root_fd to our own group. */
static int open_writable(int root_fd, str path)
{
	CLEANUP_FD int fd = fcntl(root_fd, F_DUPFD_CLOEXEC, 0);
	str name;

	while (fd >= 0 && str_cut(&path, '/', &name)) {
		if (name.len == 0)
			continue;
		/* Our group is outside of what is mounted here: there is nothing to use. */
		if (str_is(name, ".."))
			return -1;
		CLEANUP_FREE char *text = str_dup(name);
		int next = open_dir(fd, text);

		close_fd(fd);
		fd = next;
		if (fd >= 0 && is_writable(fd))
			return STEAL_FD(&fd);
	}
	return -1;
}

int cgroup_open_base(enum cgroup_hierarchy h)
{
	CLEANUP_FD int root = open_root(h);
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);

	if (root < 0)
		return -1;
	if (is_writable(root))
		return STEAL_FD(&root);
	if (cgroup_read(AT_FDCWD, "/proc/self/cgroup", &text) < 0)
		return -1;
	str rest = strbuf_str(&text), line, path;

	while (str_cut(&rest, '\n', &line)) {
		if (line_is_of(line, h, &path))
			return open_writable(root, path);
	}
	return -1;
}

int cgroup_open_group(enum cgroup_hierarchy h, const char *id)
{
	CLEANUP_FD int base = cgroup_open_base(h);
	CLEANUP_FREE char *path = x_asprintf(PARENT_NAME "/%s", id);

	return base < 0 ? -1 : open_dir(base, path);
}

int cgroup_make_group(int base_fd, const char *id, struct error **err)
{
	for (int i = 0; i < MAKE_TRIES; i++) {
		if (mkdirat(base_fd, PARENT_NAME, 0755) < 0 && errno != EEXIST)
			return error_errno(err, "make cgroup '" PARENT_NAME "'");
		CLEANUP_FD int parent = open_dir(base_fd, PARENT_NAME);

		if (parent >= 0 && mkdirat(parent, id, 0755) == 0) {
			int fd = open_dir(parent, id);

			return fd < 0 ? error_errno(err, "open cgroup '%s'", id) : fd;
		}
		/* Another container's end removed the parent between two of our calls. */
		if (errno != ENOENT && errno != ENODEV)
			return error_errno(err, "make cgroup '" PARENT_NAME "/%s'", id);
	}
	return error_new(err, ERR_BUSY, "make cgroup '" PARENT_NAME "/%s': parent vanishes", id);
}

int cgroup_write(int group_fd, const char *file, const char *value)
{
	CLEANUP_FD int fd = openat(group_fd, file, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return fs_write_all(fd, value, strlen(value)) < 0 ? -errno : 0;
}

int cgroup_read(int group_fd, const char *file, struct strbuf *out)
{
	CLEANUP_FD int fd = openat(group_fd, file, O_RDONLY | O_CLOEXEC);
	CLEANUP(error) struct error *failure = NULL;

	if (fd < 0)
		return -errno;
	if (fs_read_fd(fd, CGROUP_FILE_MAX, out, &failure) < 0)
		return error_code(failure) == ERR_LIMIT ? -EFBIG : -EIO;
	return 0;
}

bool cgroup_has_word(str text, const char *word)
{
	str one;

	text = str_trim(text);
	while (str_cut(&text, ' ', &one)) {
		if (str_is(one, word))
			return true;
	}
	return false;
}

static bool has_line(str text, const char *key, const char *value)
{
	str line, left, right;

	while (str_cut(&text, '\n', &line)) {
		if (str_split_once(line, ' ', &left, &right) && str_is(left, key) &&
		    str_is(right, value))
			return true;
	}
	return false;
}

int cgroup_wait_event(int group_fd, const char *key, const char *value, usec_t deadline)
{
	CLEANUP_FD int fd = openat(group_fd, "cgroup.events", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	for (;;) {
		char text[128];
		ssize_t n = pread(fd, text, sizeof(text), 0);

		if (n < 0)
			return -errno;
		if (has_line(str_make(text, (size_t)n), key, value))
			return 0;
		usec_t left = deadline - clock_monotonic();

		if (left <= 0)
			return -ETIMEDOUT;
		struct pollfd p = { .fd = fd, .events = POLLPRI };

		if (poll(&p, 1, (int)(left / USEC_PER_MSEC) + 1) < 0 && errno != EINTR)
			return -errno;
	}
}

/* First group below @dir_fd into @ret_name; false when there is none. */
static bool find_child(int dir_fd, char ret_name[NAME_MAX + 1])
{
	int copy = open_dir(dir_fd, ".");
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	bool found = false;

	if (!d) {
		close_fd(copy);
		return false;
	}
	for (struct dirent *e; !found && (e = readdir(d));) {
		if (e->d_type != DT_DIR || strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0)
			continue;
		(void)snprintf(ret_name, NAME_MAX + 1, "%s", e->d_name);
		found = true;
	}
	(void)closedir(d);
	return found;
}

/*
 * Remove everything below @group_fd. The depth is the container's choice, so there is neither
 * recursion nor a descriptor per level: down to a group without children, remove it from its
 * parent, go on there.
 */
static int remove_children(int group_fd)
{
	CLEANUP_FD int fd = fcntl(group_fd, F_DUPFD_CLOEXEC, 0);
	char name[NAME_MAX + 1], below[NAME_MAX + 1];
	size_t depth = 0;

	while (fd >= 0) {
		const char *next = name;

		if (!find_child(fd, name)) {
			if (depth-- == 0)
				return 0;
			next = "..";
		} else if (unlinkat(fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT) {
			continue;
		} else if (errno != EBUSY) {
			return -errno;
		} else {
			depth++;
		}
		int moved = open_dir(fd, next);

		close_fd(fd);
		fd = moved;
		/* Busy without children: a process is left in it. */
		if (fd >= 0 && next == name && !find_child(fd, below))
			return -EBUSY;
	}
	return -errno;
}

int cgroup_remove_group(enum cgroup_hierarchy h, const char *id)
{
	CLEANUP_FD int base = cgroup_open_base(h);
	CLEANUP_FD int parent = base < 0 ? -1 : open_dir(base, PARENT_NAME);

	if (parent < 0)
		return 0;
	if (unlinkat(parent, id, AT_REMOVEDIR) < 0 && errno != ENOENT) {
		if (errno != EBUSY)
			return -errno;
		CLEANUP_FD int fd = open_dir(parent, id);
		int r = fd < 0 ? -errno : remove_children(fd);

		if (r < 0)
			return r;
		if (unlinkat(parent, id, AT_REMOVEDIR) < 0)
			return -errno;
	}
	/* Busy while another container is in it: that one's end removes it. */
	(void)unlinkat(base, PARENT_NAME, AT_REMOVEDIR);
	return 0;
}

static int each_process(int fd, void (*fn)(void *ctx, pid_t pid), void *ctx, int depth)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	int r = cgroup_read(fd, "cgroup.procs", &text);
	str rest = strbuf_str(&text), line;
	uint64_t pid;

	if (r < 0)
		return r;
	while (str_cut(&rest, '\n', &line)) {
		/* 0 stands for a process outside of our pid namespace. */
		if (str_to_u64(line, INT32_MAX, &pid) && pid > 0)
			fn(ctx, (pid_t)pid);
	}
	if (depth == CGROUP_DEPTH_MAX)
		return -EFBIG;
	int copy = open_dir(fd, ".");
	DIR *d = copy < 0 ? NULL : fdopendir(copy);

	if (!d) {
		close_fd(copy);
		return -errno;
	}
	r = 0;
	for (struct dirent *e; r == 0 && (e = readdir(d));) {
		if (e->d_type != DT_DIR || strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0)
			continue;
		CLEANUP_FD int below = open_dir(dirfd(d), e->d_name);

		/* A group that went away meanwhile has no processes. */
		r = below < 0 ? 0 : each_process(below, fn, ctx, depth + 1);
	}
	(void)closedir(d);
	return r;
}

int cgroup_each_process(int group_fd, void (*fn)(void *ctx, pid_t pid), void *ctx)
{
	return each_process(group_fd, fn, ctx, 0);
}
