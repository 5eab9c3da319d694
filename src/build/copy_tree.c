/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copying of entries. Owner, attributes, mode, times are set in this order, since each one clears
 * some of those after it; those of a directory when everything is in it.
 */
#include "copy_tree.h"

#include <errno.h>
#include <fcntl.h>

#include "attribute.h"
#include "base/fs.h"
#include "context.h"
#include "copy_links.h"

/** struct tree - One walk: the destination's directories down to where it is */
struct tree {
	const struct copy_rules *rules;
	struct copy_means means;
	struct copy_links links;
	size_t prefix_len; /* of a path that is the source's own */
	size_t depth;
	int fds[CONTEXT_DEPTH_MAX + 1]; /* fds[0] is the caller's */
};

struct timespec copy_clamp(const struct copy_rules *rules, struct timespec t)
{
	if (rules->clamp_s >= 0 && t.tv_sec >= rules->clamp_s)
		return (struct timespec){ .tv_sec = rules->clamp_s };
	return t;
}

static uid_t owner_of(const struct copy_rules *rules, const struct stat *st)
{
	return rules->keep_owner ? st->st_uid : rules->uid;
}

static gid_t group_of(const struct copy_rules *rules, const struct stat *st)
{
	return rules->keep_owner ? st->st_gid : rules->gid;
}

static mode_t mode_of(const struct copy_rules *rules, const struct stat *st)
{
	return rules->has_chmod ? rules->chmod : st->st_mode & 07777;
}

static int set_metadata(const struct copy_rules *rules, int from_fd, int to_fd,
			const struct stat *st, struct error **err)
{
	const struct timespec mtime = copy_clamp(rules, st->st_mtim);
	const struct timespec times[2] = { mtime, mtime };

	if (fchown(to_fd, owner_of(rules, st), group_of(rules, st)) < 0)
		return error_errno(err, "set owner");
	attribute_copy(from_fd, to_fd);
	if (fchmod(to_fd, mode_of(rules, st)) < 0)
		return error_errno(err, "set mode");
	if (futimens(to_fd, times) < 0)
		return error_errno(err, "set times");
	return 0;
}

/* For what cannot be opened. */
static int set_metadata_at(const struct copy_rules *rules, int dir_fd, const char *name,
			   const struct stat *st, struct error **err)
{
	const struct timespec mtime = copy_clamp(rules, st->st_mtim);
	const struct timespec times[2] = { mtime, mtime };

	if (fchownat(dir_fd, name, owner_of(rules, st), group_of(rules, st),
		     AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(err, "set owner");
	if (!S_ISLNK(st->st_mode) && fchmodat(dir_fd, name, mode_of(rules, st), 0) < 0)
		return error_errno(err, "set mode");
	if (utimensat(dir_fd, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(err, "set times");
	return 0;
}

static int clear_name(int dir_fd, const char *name, struct error **err)
{
	if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno == EISDIR)
		return error_new(err, ERR_USAGE, "there is a directory of that name already");
	return error_errno(err, "replace");
}

int copy_create(int dir_fd, const char *name, struct error **err)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dir_fd, name, flags, 0600);

	if (fd < 0 && errno == EEXIST) {
		int r = clear_name(dir_fd, name, err);

		if (r < 0)
			return r;
		fd = openat(dir_fd, name, flags, 0600);
	}
	return fd < 0 ? error_errno(err, "create") : fd;
}

static int copy_bytes(struct copy_means *means, int from_fd, const struct stat *st, int to_fd,
		      struct error **err)
{
	return copy_content(means, from_fd, to_fd, st) < 0 ? error_errno(err, "write") : 0;
}

int copy_file(int from_fd, const struct stat *st, int to_fd, const char *name,
	      const struct copy_rules *rules, struct error **err)
{
	struct copy_means means = { .buffer = NULL };
	CLEANUP_FD int fd = copy_create(to_fd, name, err);
	int r = fd < 0 ? fd : copy_bytes(&means, from_fd, st, fd, err);

	free(means.buffer);
	return r < 0 ? r : set_metadata(rules, from_fd, fd, st, err);
}

int copy_special(const struct stat *st, int to_fd, const char *name, const struct copy_rules *rules,
		 struct error **err)
{
	int r = mknodat(to_fd, name, (st->st_mode & S_IFMT) | 0600, st->st_rdev);

	if (r < 0 && errno == EEXIST) {
		if (clear_name(to_fd, name, err) < 0)
			return -(int)error_code(*err);
		r = mknodat(to_fd, name, (st->st_mode & S_IFMT) | 0600, st->st_rdev);
	}
	if (r < 0)
		return error_errno(err, "make node");
	return set_metadata_at(rules, to_fd, name, st, err);
}

/* Another name of a file that was copied already: 1 when it is done. */
static int link_again(struct tree *t, const struct walk_entry *e, struct error **err)
{
	const struct copy_link *link = copy_links_find(&t->links, &e->st);
	struct stat st;

	if (!link || fstatat(t->fds[0], link->path, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    st.st_ino != link->to_ino || st.st_dev != link->to_dev)
		return 0;
	int r = clear_name(t->fds[t->depth], e->name, err);

	if (r < 0)
		return r;
	if (linkat(t->fds[0], link->path, t->fds[t->depth], e->name, 0) < 0)
		return error_errno(err, "link");
	return 1;
}

static int visit_regular(struct tree *t, const struct walk_entry *e, struct error **err)
{
	CLEANUP_FD int from = openat(e->dir_fd, e->name,
				     O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st, made;

	if (from < 0 || fstat(from, &st) < 0)
		return error_errno(err, "open");
	if (!S_ISREG(st.st_mode))
		return error_new(err, ERR_IO, "replaced while it was copied");
	int r = st.st_nlink > 1 ? link_again(t, e, err) : 0;

	if (r != 0)
		return r < 0 ? r : 0;
	CLEANUP_FD int fd = copy_create(t->fds[t->depth], e->name, err);

	r = fd < 0 ? fd : copy_bytes(&t->means, from, &st, fd, err);
	if (r == 0)
		r = set_metadata(t->rules, from, fd, &st, err);
	if (r == 0 && st.st_nlink > 1 && fstat(fd, &made) == 0)
		copy_links_add(&t->links, &st, &made, e->path + t->prefix_len);
	return r;
}

static int visit_link(struct tree *t, const struct walk_entry *e, struct error **err)
{
	int to_fd = t->fds[t->depth];
	char text[PATH_MAX];
	ssize_t len = readlinkat(e->dir_fd, e->name, text, sizeof(text) - 1);

	if (len < 0)
		return error_errno(err, "read link");
	text[len] = '\0';
	int r = symlinkat(text, to_fd, e->name);

	if (r < 0 && errno == EEXIST) {
		if (clear_name(to_fd, e->name, err) < 0)
			return -(int)error_code(*err);
		r = symlinkat(text, to_fd, e->name);
	}
	if (r < 0)
		return error_errno(err, "make link");
	return set_metadata_at(t->rules, to_fd, e->name, &e->st, err);
}

static int visit_file(void *ctx, const struct walk_entry *e, struct error **err)
{
	struct tree *t = ctx;
	int r;

	if (S_ISREG(e->st.st_mode))
		r = visit_regular(t, e, err);
	else if (S_ISLNK(e->st.st_mode))
		r = visit_link(t, e, err);
	else
		r = copy_special(&e->st, t->fds[t->depth], e->name, t->rules, err);
	return r < 0 ? error_context(err, "copy '%s'", e->path) : r;
}

static int fail_directory(const struct walk_entry *e, struct error **err)
{
	if (errno != ENOTDIR && errno != ELOOP)
		return error_errno(err, "make directory '%s'", e->path);
	(void)error_new(err, ERR_USAGE, "copy '%s': the destination has something else of that "
			"name, which is not a directory", e->path); /* the hint returns it */
	return error_hint(err, "a link to a directory is not followed inside a copied tree: "
			       "copy into the directory that it leads to");
}

static int visit_enter(void *ctx, const struct walk_entry *e, struct error **err)
{
	struct tree *t = ctx;
	int to_fd = t->fds[t->depth];

	if (mkdirat(to_fd, e->name, 0700) < 0 && errno != EEXIST)
		return fail_directory(e, err);
	int fd = openat(to_fd, e->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return fail_directory(e, err);
	t->fds[++t->depth] = fd;
	return 0;
}

static int visit_leave(void *ctx, const struct walk_entry *e, struct error **err)
{
	struct tree *t = ctx;
	CLEANUP_FD int fd = t->fds[t->depth--];

	if (set_metadata(t->rules, e->fd, fd, &e->st, err) < 0)
		return error_context(err, "directory '%s'", e->path);
	return 0;
}

int copy_tree(int from_fd, const char *real, const struct ignore *ignore, int to_fd,
	      const struct copy_rules *rules, struct error **err)
{
	CLEANUP_FREE struct tree *t = x_alloc(sizeof(*t));
	const struct walk_visitor visitor = { visit_enter, visit_leave, visit_file, t };

	t->rules = rules;
	t->prefix_len = strcmp(real, ".") == 0 ? 0 : strlen(real) + 1;
	t->fds[0] = to_fd;
	int r = walk_tree(from_fd, real, ignore, &visitor, err);

	while (t->depth > 0)
		close_fd(t->fds[t->depth--]);
	copy_links_fini(&t->links);
	free(t->means.buffer);
	return r;
}
