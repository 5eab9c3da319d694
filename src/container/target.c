/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mount points and working directories inside a hostile root.
 *
 * The common case, everything is there, is one openat2. What is missing is made one component at a
 * time; a symlink on the way is replaced by its text and walked like the rest, so that a dangling
 * one (/etc/resolv.conf -> ../run/x) ends where the container would look for it. Each step starts
 * from a descriptor that the kernel resolved inside the root: whoever renames things meanwhile can
 * spoil the result, but not leave the root (CVE-2021-30465, CVE-2019-18837, CVE-2024-45310).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "launch.h"

enum { LINKS_MAX = 40, STEPS_MAX = 512 };

/** struct walk - What was resolved (no symlink in it), and what is still to come */
struct walk {
	int root_fd;
	const struct target_rule *rule;
	int links;
	size_t done_len;
	char done[PATH_MAX];
	char rest[PATH_MAX];
	char scratch[PATH_MAX];
};

/* Put the text of a symlink in front of what remains. */
static int follow(struct walk *w, const char *rest, size_t link_len)
{
	w->scratch[link_len] = '\0';
	size_t rest_len = strlen(rest);

	if (++w->links > LINKS_MAX)
		return -ELOOP;
	if (link_len + 1 + rest_len >= sizeof(w->rest))
		return -ENAMETOOLONG;
	memmove(w->rest + link_len + 1, rest, rest_len + 1);
	memcpy(w->rest, w->scratch, link_len);
	w->rest[link_len] = '/';
	if (w->scratch[0] == '/')
		w->done_len = 0;
	return 0;
}

static int make(const struct walk *w, int parent, const char *name, bool last)
{
	const struct target_rule *rule = w->rule;

	if (last && rule->kind == TARGET_FILE) {
		CLEANUP_FD int fd = openat(
			parent, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0644);

		return fd < 0 && errno != EEXIST ? -errno : 0;
	}
	if (mkdirat(parent, name, rule->mode) < 0)
		return errno == EEXIST ? 0 : -errno;
	if (rule->uid == 0 && rule->gid == 0)
		return 0;
	CLEANUP_FD int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 || fchown(fd, rule->uid, rule->gid) < 0 ? -errno : 0;
}

static bool is_last(const char *rest)
{
	return rest[strspn(rest, "/.")] == '\0' && !strstr(rest, "..");
}

/* One named component below what is done: follow it, find it or make it. */
static int step(struct walk *w, const char *name, size_t len, const char *rest)
{
	CLEANUP_FD int parent = -1;

	w->done[w->done_len] = '\0';
	parent = fs_open_in_root(w->root_fd, w->done, O_PATH | O_DIRECTORY, 0);
	if (parent < 0)
		return parent;
	if (w->done_len + len + 2 > sizeof(w->done))
		return -ENAMETOOLONG;
	char *copy = w->done + w->done_len + 1;

	memcpy(copy, name, len);
	copy[len] = '\0';
	ssize_t link_len = readlinkat(parent, copy, w->scratch, sizeof(w->scratch) - 1);

	if (link_len >= 0)
		return follow(w, rest, (size_t)link_len);
	if (errno == ENOENT) {
		int r = make(w, parent, copy, is_last(rest));

		if (r < 0)
			return r;
	} else if (errno != EINVAL) { /* EINVAL: there, and no symlink */
		return -errno;
	}
	w->done[w->done_len] = '/';
	w->done_len += len + 1;
	memmove(w->rest, rest, strlen(rest) + 1);
	return 0;
}

static int walk_missing(struct walk *w)
{
	for (int steps = 0; steps < STEPS_MAX; steps++) {
		const char *name = w->rest + strspn(w->rest, "/");
		size_t len = strcspn(name, "/");
		const char *rest = name + len;
		int r = 0;

		if (len == 0) {
			w->done[w->done_len] = '\0';
			return fs_open_in_root(w->root_fd, w->done, O_PATH, 0);
		}
		if (len == 1 && name[0] == '.') {
			memmove(w->rest, rest, strlen(rest) + 1);
		} else if (len == 2 && name[0] == '.' && name[1] == '.') {
			while (w->done_len > 0 && w->done[--w->done_len] != '/')
				;
			memmove(w->rest, rest, strlen(rest) + 1);
		} else {
			r = step(w, name, len, rest);
		}
		if (r < 0)
			return r;
	}
	return -ELOOP;
}

int target_open(int root_fd, const char *path, const struct target_rule *rule)
{
	int fd = fs_open_in_root(root_fd, path, O_PATH, 0);
	struct walk w;

	if (fd != -ENOENT)
		return fd;
	if (strlen(path) >= sizeof(w.rest))
		return -ENAMETOOLONG;
	w.root_fd = root_fd;
	w.rule = rule;
	w.links = 0;
	w.done_len = 0;
	memcpy(w.rest, path, strlen(path) + 1);
	return walk_missing(&w);
}
