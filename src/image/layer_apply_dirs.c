/* SPDX-License-Identifier: Apache-2.0 */
/* Directories of a layer that is being unpacked: finding, making, remembering them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/xattr.h>

#include "layer_apply.h"
#include "layer_overlay.h"

enum { OPEN_DIR = O_RDONLY | O_DIRECTORY };

void layer_unpack_fini(struct layer_unpack *u)
{
	layer_leave_parent(u);
	for (size_t i = 0; i < u->dir_count; i++)
		free(u->dirs[i].path);
	free(u->dirs);
	free(u->buffer);
	inode_map_fini(&u->dirs_by_inode);
}

void layer_leave_parent(struct layer_unpack *u)
{
	close_fd(u->parent_fd);
	u->parent_fd = -1;
	free(STEAL_PTR(&u->parent_path));
}

void layer_enter_made(struct layer_unpack *u, int fd, char *path, size_t dir)
{
	layer_leave_parent(u);
	u->parent_fd = fd;
	u->parent_path = path;
	u->parent_dir = dir;
}

struct layer_dir *layer_find_dir(const struct layer_unpack *u, int fd)
{
	struct stat st;
	size_t index;

	if (fstat(fd, &st) < 0 || !inode_map_find(&u->dirs_by_inode, st.st_dev, st.st_ino, &index))
		return NULL;
	return &u->dirs[index];
}

int layer_add_dir(struct layer_unpack *u, int fd, const char *path, bool made, size_t *ret_dir,
		  struct error **err)
{
	struct stat st;
	size_t index = u->dir_count;

	if (fstat(fd, &st) < 0)
		return error_errno(err, "stat '%s'", path);
	bool known = inode_map_find(&u->dirs_by_inode, st.st_dev, st.st_ino, &index);

	*ret_dir = index;
	if (known && !made)
		return 0;
	u->name_bytes += strlen(path) + sizeof(struct layer_dir);
	if (u->name_bytes > LAYER_NAMES_MAX)
		return error_new(err, ERR_LIMIT, "more than %d bytes of directory names",
				 LAYER_NAMES_MAX);
	if (index == u->dir_capacity) {
		u->dir_capacity = u->dir_capacity ? 2 * u->dir_capacity : 64;
		u->dirs = x_realloc(u->dirs, u->dir_capacity, sizeof(*u->dirs));
	}
	if (known)
		free(u->dirs[index].path);
	else
		u->dir_count++;
	u->dirs[index] =
		(struct layer_dir){.path = x_strdup(path), .ino = st.st_ino, .mtime = st.st_mtim};
	inode_map_set(&u->dirs_by_inode, st.st_dev, st.st_ino, index);
	return 0;
}

/* Whiteouts directly in a directory; the descriptor's position is left alone. */
static int drop_whiteouts(int fd, struct error **err)
{
	int copy = openat(fd, ".", OPEN_DIR | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	int r = 0;

	if (!d) {
		r = error_errno(err, "read directory");
		close_fd(copy);
		return r;
	}
	for (struct dirent *e; r == 0 && (e = readdir(d));) {
		struct stat st;

		if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    layer_is_whiteout(&st) && unlinkat(dirfd(d), e->d_name, 0) < 0)
			r = error_errno(err, "remove whiteout '%s'", e->d_name);
	}
	(void)closedir(d);
	return r;
}

int layer_hide_lower(struct layer_unpack *u, int fd, struct layer_dir *dir, struct error **err)
{
	if (dir->opaque)
		return 0;
	if (fsetxattr(fd, u->opaque_xattr, "y", 1, 0) < 0)
		return error_errno(err, "mark '%s' opaque", dir->path);
	dir->opaque = true;
	if (!dir->has_whiteouts)
		return 0;
	dir->has_whiteouts = false;
	return drop_whiteouts(fd, err);
}

/* A directory that no entry of the archive describes: 0755, root's, from 1970. */
static int make_implicit(struct layer_unpack *u, int dir_fd, const char *name, const char *path,
			 bool opaque, struct error **err)
{
	size_t index;

	if (mkdirat(dir_fd, name, 0755) < 0)
		return error_errno(err, "make directory '%s'", path);
	CLEANUP_FD int fd = openat(dir_fd, name, OPEN_DIR | O_NOFOLLOW | O_CLOEXEC);

	/* A set-group-id directory hands its group and bit down. */
	if (fd < 0 || fchown(fd, geteuid(), getegid()) < 0 || fchmod(fd, 0755) < 0)
		return error_errno(err, "make directory '%s'", path);
	int r = layer_add_dir(u, fd, path, true, &index, err);

	if (r < 0)
		return r;
	u->dirs[index].implicit = true;
	u->dirs[index].mtime = (struct timespec){0};
	return opaque ? layer_hide_lower(u, fd, &u->dirs[index], err) : 0;
}

/* What stands where a directory is needed; 1 and 0 as in layer_enter_parent(). */
static int make_component(struct layer_unpack *u, int dir_fd, const char *name, const char *path,
			  bool for_whiteout, struct error **err)
{
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)
			return error_errno(err, "stat '%s'", path);
		return make_implicit(u, dir_fd, name, path, false, err);
	}
	if (!layer_is_whiteout(&st))
		return error_new(err, ERR_PARSE, "'%s' is a %s where a directory is needed", path,
				 S_ISLNK(st.st_mode) ? "symbolic link to no directory" : "file");
	if (for_whiteout)
		return 1;
	if (unlinkat(dir_fd, name, 0) < 0)
		return error_errno(err, "replace whiteout '%s'", path);
	return make_implicit(u, dir_fd, name, path, true, err);
}

/* Component by component from the root; only when the whole path could not be opened. */
static int make_parents(struct layer_unpack *u, const char *path, bool for_whiteout, int *ret_fd,
			struct error **err)
{
	CLEANUP_FREE char *prefix = x_strdup(path);
	CLEANUP_FD int fd = fs_open_in_root(u->root_fd, "", OPEN_DIR, 0);

	for (char *name = prefix, *end; fd >= 0 && *name; name = end) {
		end = name + strcspn(name, "/");
		char kept = *end;

		*end = '\0';
		int next = fs_open_in_root(u->root_fd, prefix, OPEN_DIR, 0);

		if (next == -ENOENT || next == -ENOTDIR) {
			int r = make_component(u, fd, name, prefix, for_whiteout, err);

			if (r != 0)
				return r;
			next = fs_open_in_root(u->root_fd, prefix, OPEN_DIR, 0);
		}
		*end = kept;
		end += kept == '/';
		close_fd(fd);
		fd = next;
	}
	*ret_fd = STEAL_FD(&fd);
	return 0;
}

int layer_enter_parent(struct layer_unpack *u, const char *path, bool for_whiteout,
		       struct error **err)
{
	size_t dir;

	if (u->parent_path && strcmp(u->parent_path, path) == 0)
		return 0;
	CLEANUP_FD int fd = fs_open_in_root(u->root_fd, path, OPEN_DIR, 0);

	if (fd == -ENOENT || fd == -ENOTDIR) {
		int r = make_parents(u, path, for_whiteout, &fd, err);

		if (r != 0)
			return r;
	}
	if (fd < 0) {
		errno = -fd;
		return error_errno(err, "open directory '%s'", path);
	}
	int r = layer_add_dir(u, fd, path, false, &dir, err);

	if (r == 0)
		layer_enter_made(u, STEAL_FD(&fd), x_strdup(path), dir);
	return r;
}

int layer_set_dir_times(struct layer_unpack *u, struct error **err)
{
	for (size_t i = 0; i < u->dir_count; i++) {
		const struct layer_dir *dir = &u->dirs[i];
		const struct timespec times[2] = {dir->mtime, dir->mtime};
		CLEANUP_FD int fd = fs_open_in_root(u->root_fd, dir->path, OPEN_DIR, 0);
		struct stat st;

		/* Removed or replaced by a later entry: another inode has that name now, if any. */
		if (fd < 0 || fstat(fd, &st) < 0 || st.st_ino != dir->ino)
			continue;
		if (futimens(fd, times) < 0)
			return error_errno(err, "set times of '%s'", dir->path);
	}
	return 0;
}
