/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ADD of a tar archive: unpacked into a directory that exists and may hold anything.
 *
 * As in a layer, parents are opened by the kernel inside the directory and the last component is
 * made in that descriptor without following anything. Unlike a layer, ".wh." names are plain files,
 * the entry of the directory itself is skipped, and hard links may lead to what was there before.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "attribute.h"
#include "base/fs.h"
#include "codec/inflate.h"
#include "copy_tree.h"

#define CONTENT_MAX ((uint64_t)64 << 30)
enum {
	BUFFER_SIZE = 256 << 10,
	ENTRIES_MAX = 4 << 20,
	NAMES_MAX = 64 << 20, /* bytes of directory names that are remembered */
	DEPTH_MAX = 512,
	OPEN_DIR = O_RDONLY | O_DIRECTORY,
};

/** struct made_dir - A directory of the archive; its mtime is set when nothing is added any more */
struct made_dir {
	char *path;
	ino_t ino;
	struct timespec mtime;
};

struct extraction {
	const struct copy_rules *rules;
	int root_fd;
	struct tar_reader *tar;
	int parent_fd; /* of the last entry; -1: none */
	char parent_path[TAR_PATH_MAX + 1];
	struct made_dir *dirs;
	size_t dir_count, dir_capacity, name_bytes;
	uint64_t entries, content_bytes;
	char *buffer;
};

/** struct member - Where an entry belongs */
struct member {
	char parent[TAR_PATH_MAX + 1]; /* normalised; "" is the directory itself */
	char name[TAR_PATH_MAX + 1];   /* "" for the directory itself */
};

/* "./a//b/../c" becomes "a/c"; leaving the directory is refused. */
static int normalise(const char *path, char out[TAR_PATH_MAX + 1], struct error **err)
{
	str rest = str_from(path), part;
	size_t len = 0, depth = 0;

	if (rest.len > TAR_PATH_MAX)
		return error_new(err, ERR_LIMIT, "path of more than %d bytes", TAR_PATH_MAX);
	out[0] = '\0';
	while (str_cut(&rest, '/', &part)) {
		if (part.len == 0 || str_is(part, "."))
			continue;
		if (str_is(part, "..")) {
			if (depth-- == 0)
				return error_new(err, ERR_PARSE, "leaves the destination");
			while (len && out[--len] != '/')
				;
			out[len] = '\0';
			continue;
		}
		if (++depth > DEPTH_MAX)
			return error_new(err, ERR_LIMIT, "deeper than %d directories", DEPTH_MAX);
		if (len)
			out[len++] = '/';
		memcpy(out + len, part.ptr, part.len);
		len += part.len;
		out[len] = '\0';
	}
	return 0;
}

static int locate(const char *path, struct member *m, struct error **err)
{
	int r = normalise(path, m->parent, err);
	char *slash = r < 0 ? NULL : strrchr(m->parent, '/');
	const char *name = slash ? slash + 1 : m->parent;

	if (r < 0)
		return r;
	memcpy(m->name, name, strlen(name) + 1);
	*(slash ? slash : m->parent) = '\0';
	return 0;
}

static void leave_parent(struct extraction *x)
{
	close_fd(x->parent_fd);
	x->parent_fd = -1;
}

/* Archives are mostly sorted: the parent is nearly always the one before. */
static int enter_parent(struct extraction *x, const char *path, struct error **err)
{
	const struct fs_owner root = { 0, 0 };

	if (x->parent_fd >= 0 && strcmp(x->parent_path, path) == 0)
		return 0;
	leave_parent(x);
	int fd = fs_open_in_root(x->root_fd, path, OPEN_DIR, 0);

	if (fd == -ENOENT) {
		CLEANUP_FD int made = fs_mkdirs_in_root(x->root_fd, path, 0755, root, err);

		if (made < 0)
			return made;
		fd = fs_open_in_root(made, "", OPEN_DIR, 0);
	}
	if (fd < 0) {
		errno = -fd;
		return error_errno(err, "open directory '%s'", path);
	}
	x->parent_fd = fd;
	memcpy(x->parent_path, path, strlen(path) + 1);
	return 0;
}

/* Make room; a directory goes with all that is in it, as tar does it. */
static int clear_name(struct extraction *x, const char *name, struct error **err)
{
	if (unlinkat(x->parent_fd, name, 0) < 0) {
		if (errno == ENOENT)
			return 0;
		if (errno != EISDIR)
			return error_errno(err, "replace");
		int r = fs_remove_tree_at(x->parent_fd, name, err);

		if (r < 0)
			return r;
	}
	x->parent_path[0] = '/'; /* the path may have led through what is gone: never equal again */
	x->parent_path[1] = '\0';
	return 0;
}

static int set_owner(struct extraction *x, const char *name, const struct tar_entry *e,
		     struct error **err)
{
	bool keep = x->rules->keep_owner;

	if (fchownat(x->parent_fd, name, keep ? (uid_t)e->uid : x->rules->uid,
		     keep ? (gid_t)e->gid : x->rules->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(err, "set owner");
	return 0;
}

static int set_metadata(struct extraction *x, int fd, const char *name, const struct tar_entry *e,
			struct error **err)
{
	const struct timespec mtime = copy_clamp(x->rules, e->mtime);
	const struct timespec times[2] = { mtime, mtime };
	int r = set_owner(x, name, e, err);

	if (r < 0)
		return r;
	/* Without the privilege or the file system for an attribute, the file still counts. */
	for (size_t i = 0; fd >= 0 && i < e->xattr_count; i++) {
		if (attribute_is_kept(e->xattrs[i].name))
			(void)fsetxattr(fd, e->xattrs[i].name, e->xattrs[i].value,
					e->xattrs[i].size, 0);
	}
	if (e->type != TAR_SYMLINK && fchmodat(x->parent_fd, name, e->mode, 0) < 0)
		return error_errno(err, "set mode");
	if (utimensat(x->parent_fd, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(err, "set times");
	return 0;
}

static bool is_zero(const char *data, size_t len)
{
	return data[0] == '\0' && memcmp(data, data + 1, len - 1) == 0;
}

static int write_content(struct extraction *x, int fd, const struct tar_entry *e,
			 struct error **err)
{
	ssize_t n;

	if (e->size > CONTENT_MAX - x->content_bytes)
		return error_new(err, ERR_LIMIT, "archive of more than %llu bytes",
				 (unsigned long long)CONTENT_MAX);
	x->content_bytes += e->size;
	while ((n = tar_read(x->tar, x->buffer, BUFFER_SIZE, err)) > 0) {
		bool skip = e->sparse && is_zero(x->buffer, (size_t)n);

		if (skip ? lseek(fd, n, SEEK_CUR) < 0
			 : fs_write_all(fd, x->buffer, (size_t)n) < 0)
			return error_errno(err, "write");
	}
	if (n < 0)
		return (int)n;
	return e->sparse && ftruncate(fd, (off_t)e->size) < 0 ? error_errno(err, "set size") : 0;
}

static int extract_file(struct extraction *x, const char *name, const struct tar_entry *e,
			struct error **err)
{
	int r = clear_name(x, name, err);
	CLEANUP_FD int fd = r < 0 ? -1 : copy_create(x->parent_fd, name, err);

	if (fd < 0)
		return r < 0 ? r : fd;
	r = write_content(x, fd, e, err);
	return r < 0 ? r : set_metadata(x, fd, name, e, err);
}

static int extract_hardlink(struct extraction *x, const char *name, const struct tar_entry *e,
			    struct error **err)
{
	struct member target;
	struct stat st, there;
	int r = locate(e->link, &target, err);

	if (r < 0)
		return error_context(err, "hard link to '%.200s'", e->link);
	CLEANUP_FD int fd = fs_open_in_root(x->root_fd, target.parent, O_PATH | O_DIRECTORY, 0);

	if (fd < 0 || fstatat(fd, target.name, &st, AT_SYMLINK_NOFOLLOW) < 0 || S_ISDIR(st.st_mode))
		return error_new(err, ERR_PARSE, "hard link to '%.200s', which is not a file there",
				 e->link);
	if (fstatat(x->parent_fd, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	    there.st_ino == st.st_ino && there.st_dev == st.st_dev)
		return 0;
	r = clear_name(x, name, err);
	if (r == 0 && linkat(fd, target.name, x->parent_fd, name, 0) < 0)
		r = error_errno(err, "hard link to '%.200s'", e->link);
	return r;
}

static int extract_symlink(struct extraction *x, const char *name, const struct tar_entry *e,
			   struct error **err)
{
	int r = clear_name(x, name, err);

	if (r < 0)
		return r;
	if (symlinkat(e->link, x->parent_fd, name) < 0)
		return error_errno(err, "symbolic link");
	return set_metadata(x, -1, name, e, err);
}

static int extract_special(struct extraction *x, const char *name, const struct tar_entry *e,
			   struct error **err)
{
	const mode_t format = e->type == TAR_FIFO ? S_IFIFO
			      : e->type == TAR_CHAR ? S_IFCHR : S_IFBLK;
	const dev_t device = e->type == TAR_FIFO ? 0 : makedev(e->major, e->minor);
	int r = clear_name(x, name, err);

	if (r < 0)
		return r;
	if (e->type == TAR_CHAR && device == 0)
		return error_new(err, ERR_PARSE, "device 0:0 would hide a file of another layer");
	if (mknodat(x->parent_fd, name, format | 0600, device) < 0)
		/* A user namespace may not make devices; containers get theirs from the engine. */
		return errno == EPERM && e->type != TAR_FIFO ? 0 : error_errno(err, "make node");
	return set_metadata(x, -1, name, e, err);
}

static int remember_dir(struct extraction *x, int fd, const struct member *m,
			const struct tar_entry *e, struct error **err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_errno(err, "stat");
	if (x->dir_count == x->dir_capacity) {
		x->dir_capacity = x->dir_capacity ? 2 * x->dir_capacity : 64;
		x->dirs = x_realloc(x->dirs, x->dir_capacity, sizeof(*x->dirs));
	}
	char *path = x_asprintf("%s/%s", m->parent, m->name);

	x->dirs[x->dir_count++] =
		(struct made_dir){ path, st.st_ino, copy_clamp(x->rules, e->mtime) };
	x->name_bytes += strlen(path) + sizeof(struct made_dir);
	return x->name_bytes > NAMES_MAX ? error_new(err, ERR_LIMIT, "too many directories") : 0;
}

static int extract_dir(struct extraction *x, const struct member *m, const struct tar_entry *e,
		       struct error **err)
{
	CLEANUP_FD int fd = openat(x->parent_fd, m->name, OPEN_DIR | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0) {
		int r = clear_name(x, m->name, err);

		if (r < 0)
			return r;
		if (mkdirat(x->parent_fd, m->name, 0700) < 0)
			return error_errno(err, "make directory");
		fd = openat(x->parent_fd, m->name, OPEN_DIR | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd < 0)
		return error_errno(err, "open directory");
	int r = set_metadata(x, fd, m->name, e, err);

	return r < 0 ? r : remember_dir(x, fd, m, e, err);
}

static int extract_member(struct extraction *x, const struct member *m, const struct tar_entry *e,
			  struct error **err)
{
	switch (e->type) {
	case TAR_DIR:
		return extract_dir(x, m, e, err);
	case TAR_HARDLINK:
		return extract_hardlink(x, m->name, e, err);
	case TAR_SYMLINK:
		return extract_symlink(x, m->name, e, err);
	case TAR_CHAR:
	case TAR_BLOCK:
	case TAR_FIFO:
		return extract_special(x, m->name, e, err);
	case TAR_FILE:
		break;
	}
	return extract_file(x, m->name, e, err);
}

static int extract_entry(struct extraction *x, const struct tar_entry *e, struct error **err)
{
	struct member m;
	int r = locate(e->path, &m, err);

	if (r < 0)
		return r;
	if (++x->entries > ENTRIES_MAX)
		return error_new(err, ERR_LIMIT, "more than %d entries", ENTRIES_MAX);
	if (e->uid >= (uint64_t)UINT32_MAX || e->gid >= (uint64_t)UINT32_MAX)
		return error_new(err, ERR_PARSE, "owner is out of range"); /* -1: "as it is" */
	if (m.name[0] == '\0') /* the destination keeps what it has */
		return 0;
	r = enter_parent(x, m.parent, err);
	return r < 0 ? r : extract_member(x, &m, e, err);
}

static void set_dir_times(const struct extraction *x)
{
	for (size_t i = 0; i < x->dir_count; i++) {
		const struct timespec times[2] = { x->dirs[i].mtime, x->dirs[i].mtime };
		CLEANUP_FD int fd = fs_open_in_root(x->root_fd, x->dirs[i].path, OPEN_DIR, 0);
		struct stat st;

		/* Another directory by now: that one has its own entry. */
		if (fd >= 0 && fstat(fd, &st) == 0 && st.st_ino == x->dirs[i].ino)
			(void)futimens(fd, times); /* cannot fail for an owner */
	}
}

static int extract_entries(struct extraction *x, struct error **err)
{
	const struct tar_entry *e = NULL;
	int r;

	while ((r = tar_next(x->tar, &e, err)) > 0) {
		if (extract_entry(x, e, err) < 0)
			return error_context(err, "archive entry '%.200s'", e->path);
	}
	if (r == 0)
		set_dir_times(x);
	return r;
}

int archive_extract(int fd, int dir_fd, const struct copy_rules *rules, struct error **err)
{
	CLEANUP(inflater) struct inflater *inflater = NULL;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return error_errno(err, "read the archive");
	int r = inflater_new(fd_source(&fd), &inflater, err);

	if (r < 0)
		return r;
	CLEANUP(tar_reader) struct tar_reader *tar = tar_reader_new(inflater_source(inflater));
	CLEANUP_FREE struct extraction *x = x_alloc(sizeof(*x));
	CLEANUP_FREE char *buffer = x_alloc(BUFFER_SIZE);

	*x = (struct extraction){ .rules = rules, .root_fd = dir_fd, .tar = tar, .parent_fd = -1,
				  .buffer = buffer };
	r = extract_entries(x, err);
	leave_parent(x);
	for (size_t i = 0; i < x->dir_count; i++)
		free(x->dirs[i].path);
	free(x->dirs);
	return r;
}

int archive_is_there(int fd, struct error **err)
{
	CLEANUP(error) struct error *reason = NULL;
	CLEANUP(inflater) struct inflater *inflater = NULL;
	const struct tar_entry *e = NULL;
	int r = inflater_new(fd_source(&fd), &inflater, &reason);

	if (r == 0) {
		CLEANUP(tar_reader) struct tar_reader *tar =
			tar_reader_new(inflater_source(inflater));

		r = tar_next(tar, &e, &reason);
	}
	if (r == -ERR_IO) {
		struct error *moved = STEAL_PTR(&reason);

		return error_move(err, &moved);
	}
	if (lseek(fd, 0, SEEK_SET) < 0)
		return error_errno(err, "read");
	return r > 0;
}
