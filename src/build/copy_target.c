/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Destinations in a hostile root.
 *
 * Component by component from a descriptor; the text of a link takes its place in what is still to
 * be walked. So a link to something missing ends where the container would look for it, and nothing
 * leads out of the root.
 */
#include <errno.h>
#include <fcntl.h>

#include "base/fs.h"
#include "copy_tree.h"

enum { LINKS_MAX = 40, STEPS_MAX = 1024, OPEN_DIR = O_RDONLY | O_DIRECTORY };

/** struct resolving - @done holds no link; @rest is still to be walked */
struct resolving {
	int root_fd, dir_fd;
	const char *path; /* as given, for messages */
	const struct copy_rules *rules;
	bool wants_directory;
	int links;
	struct strbuf done;
	char rest[PATH_MAX];
};

void copy_target_fini(struct copy_target *t)
{
	close_fd(t->dir_fd);
	free(t->name);
	*t = COPY_TARGET_INIT;
}

int copy_target_make(int dir_fd, const char *name, const struct copy_rules *rules)
{
	mode_t mode = rules->has_chmod ? rules->chmod : 0755;

	if (mkdirat(dir_fd, name, 0700) < 0)
		return -1;
	CLEANUP_FD int fd = openat(dir_fd, name, OPEN_DIR | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fchown(fd, rules->uid, rules->gid) < 0 || fchmod(fd, mode) < 0)
		return -1;
	return STEAL_FD(&fd);
}

static int fail(const struct resolving *w, struct error **err)
{
	return error_errno(err, "destination '%s'", w->path);
}

static int go_to(struct resolving *w, int fd, struct error **err)
{
	if (fd < 0)
		return fail(w, err);
	close_fd(w->dir_fd);
	w->dir_fd = fd;
	return 0;
}

/* To the directory whose path is in done. */
static int go_back(struct resolving *w, struct error **err)
{
	int fd = fs_open_in_root(w->root_fd, strbuf_text(&w->done), OPEN_DIR, 0);

	errno = fd < 0 ? -fd : 0;
	return go_to(w, fd, err);
}

static int go_up(struct resolving *w, struct error **err)
{
	ptrdiff_t slash = str_find_last(strbuf_str(&w->done), '/');

	w->done.len = slash < 0 ? 0 : (size_t)slash;
	if (w->done.ptr)
		w->done.ptr[w->done.len] = '\0';
	return go_back(w, err);
}

static int go_down(struct resolving *w, const char *name, int fd, struct error **err)
{
	int r = go_to(w, fd, err);

	if (r == 0)
		strbuf_addf(&w->done, "/%s", name);
	if (w->done.overflow)
		return error_new(err, ERR_LIMIT, "destination '%s' is too long", w->path);
	return r;
}

static int follow(struct resolving *w, const char *name, struct error **err)
{
	char text[PATH_MAX];
	size_t rest_len = strlen(w->rest);
	ssize_t len = readlinkat(w->dir_fd, name, text, sizeof(text));

	if (len < 0)
		return fail(w, err);
	if (++w->links > LINKS_MAX || (size_t)len + 1 + rest_len >= sizeof(w->rest)) {
		errno = ELOOP;
		return fail(w, err);
	}
	memmove(w->rest + len + (rest_len > 0), w->rest, rest_len + 1);
	memcpy(w->rest, text, (size_t)len);
	if (rest_len)
		w->rest[len] = '/';
	if (text[0] != '/')
		return 0;
	strbuf_clear(&w->done);
	return go_back(w, err);
}

/* Take the next component off rest; false at the end. */
static bool take_name(struct resolving *w, char name[NAME_MAX + 1], struct error **err, int *ret_r)
{
	size_t start = strspn(w->rest, "/"), len = strcspn(w->rest + start, "/");

	*ret_r = 0;
	if (len > NAME_MAX) {
		errno = ENAMETOOLONG;
		*ret_r = fail(w, err);
		return false;
	}
	memcpy(name, w->rest + start, len);
	name[len] = '\0';
	const char *rest = w->rest + start + len;

	memmove(w->rest, rest, strlen(rest) + 1);
	return len > 0;
}

/* 1: @name is the target; 0: go on. */
static int step(struct resolving *w, const char *name, struct error **err)
{
	bool last = w->rest[strspn(w->rest, "/")] == '\0' && !w->wants_directory;
	struct stat st;

	if (strcmp(name, ".") == 0)
		return 0;
	if (strcmp(name, "..") == 0)
		return go_up(w, err);
	if (fstatat(w->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)
			return fail(w, err);
		if (last)
			return 1;
		return go_down(w, name, copy_target_make(w->dir_fd, name, w->rules), err);
	}
	if (S_ISLNK(st.st_mode))
		return follow(w, name, err);
	if (S_ISDIR(st.st_mode))
		return go_down(w, name, openat(w->dir_fd, name, OPEN_DIR | O_NOFOLLOW | O_CLOEXEC),
			       err);
	if (last)
		return 1;
	return error_new(err, ERR_USAGE, "destination '%s': '%s/%s' is not a directory", w->path,
			 strbuf_text(&w->done), name);
}

static int resolve(struct resolving *w, struct copy_target *ret, struct error **err)
{
	char name[NAME_MAX + 1];
	int r = go_back(w, err);

	for (int steps = 0; r == 0 && take_name(w, name, err, &r); steps++) {
		if (steps == STEPS_MAX)
			return error_new(err, ERR_LIMIT, "destination '%s' is too deep", w->path);
		r = step(w, name, err);
	}
	if (r < 0)
		return r;
	ret->name = r == 1 ? x_strdup(name) : NULL;
	ret->dir_fd = STEAL_FD(&w->dir_fd);
	return 0;
}

static int find(struct resolving *w, struct copy_target *ret, struct error **err)
{
	*ret = COPY_TARGET_INIT;
	if (strlen(w->path) >= sizeof(w->rest))
		return error_new(err, ERR_LIMIT, "destination of more than %d bytes", PATH_MAX);
	memcpy(w->rest, w->path, strlen(w->path) + 1);
	int r = resolve(w, ret, err);

	close_fd(w->dir_fd);
	strbuf_fini(&w->done);
	return r;
}

int copy_target_find(int root_fd, const char *path, const struct copy_rules *rules,
		     struct copy_target *ret, struct error **err)
{
	struct resolving w = { .root_fd = root_fd, .dir_fd = -1, .path = path, .rules = rules,
			       .wants_directory = str_has_suffix(str_from(path), "/"),
			       .done = STRBUF_INIT(PATH_MAX) };

	return find(&w, ret, err);
}

int copy_target_directory(int root_fd, const char *path, const struct copy_rules *rules,
			  struct error **err)
{
	struct resolving w = { .root_fd = root_fd, .dir_fd = -1, .path = path, .rules = rules,
			       .wants_directory = true, .done = STRBUF_INIT(PATH_MAX) };
	struct copy_target target;
	int r = find(&w, &target, err);

	return r < 0 ? r : target.dir_fd; /* has no name */
}
