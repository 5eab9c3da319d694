/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries of a layer by type. Owner, attributes, mode, times are set in this order, since each one
 * clears some of those after it.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "layer_apply.h"
#include "layer_overlay.h"

enum {
	BUFFER_SIZE = 256 << 10,
	WRITEBACK_SIZE = 4 << 20, /* larger files start on their way to the disk at once */
	DEVICE_MAJOR_MAX = (1 << 12) - 1,
	DEVICE_MINOR_MAX = (1 << 20) - 1,
};

/* One id mapped: every owner becomes that one, as nothing else can be expressed. */
static bool has_single_id(struct layer_unpack *u)
{
	struct strbuf map CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP(error) struct error *ignored = NULL; /* without the file: ids are not mapped */
	str count = {0};
	uint64_t n = 0;

	if (u->has_single_id >= 0)
		return u->has_single_id;
	u->has_single_id = 0;
	if (fs_read_at(AT_FDCWD, "/proc/self/uid_map", 4096, &map, &ignored) == 0) {
		str line = str_trim(strbuf_str(&map));
		ptrdiff_t blank = str_find_last(line, ' ');

		count = blank < 0 ? count : str_skip(line, (size_t)blank + 1);
		u->has_single_id = str_find(line, '\n') < 0 && str_to_u64(count, 1, &n) && n == 1;
	}
	return u->has_single_id;
}

/* @result of a chown and its errno. */
static int check_owner(struct layer_unpack *u, int result, const struct tar_entry *e,
		       struct error **err)
{
	if (result == 0 || (errno == EINVAL && has_single_id(u)))
		return 0;
	bool unmapped = errno == EINVAL;

	(void)error_errno(err, "set owner %llu:%llu", (unsigned long long)e->uid,
			  (unsigned long long)e->gid);
	return unmapped ? error_hint(err, "this id is not mapped in the user namespace; "
					  "give the user more ids in /etc/subuid and /etc/subgid")
			: -(int)error_code(*err);
}

static int set_xattrs(int fd, const struct tar_entry *e, struct error **err)
{
	for (size_t i = 0; i < e->xattr_count; i++) {
		const struct tar_xattr *x = &e->xattrs[i];

		if (!layer_keeps_xattr(x->name))
			continue;
		/* Where the file system or user namespace has no such attributes, we go without. */
		if (fsetxattr(fd, x->name, x->value, x->size, 0) < 0 && errno != ENOTSUP &&
		    errno != EPERM)
			return error_errno(err, "set attribute %s", x->name);
	}
	return 0;
}

static int set_attributes(struct layer_unpack *u, int fd, const struct tar_entry *e,
			  struct error **err)
{
	int r = check_owner(u, fchown(fd, (uid_t)e->uid, (gid_t)e->gid), e, err);

	if (r == 0)
		r = set_xattrs(fd, e, err);
	if (r == 0 && fchmod(fd, e->mode) < 0)
		r = error_errno(err, "set mode %o", (unsigned)e->mode);
	return r;
}

/* For what cannot be opened: links, devices, FIFOs. Nothing is followed (CVE-2021-32760). */
static int set_attributes_at(struct layer_unpack *u, const char *name, const struct tar_entry *e,
			     struct error **err)
{
	const struct timespec times[2] = {e->mtime, e->mtime};
	int r = check_owner(
		u, fchownat(u->parent_fd, name, (uid_t)e->uid, (gid_t)e->gid, AT_SYMLINK_NOFOLLOW),
		e, err);

	if (r < 0)
		return r;
	if (e->type != TAR_SYMLINK &&
	    fchmodat(u->parent_fd, name, e->mode, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(err, "set mode %o", (unsigned)e->mode);
	if (utimensat(u->parent_fd, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(err, "set times");
	return 0;
}

int layer_clear_name(struct layer_unpack *u, const char *name, struct error **err)
{
	struct stat st;

	if (fstatat(u->parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : error_errno(err, "stat");
	/* The path of the current directory may lead through what goes ("x" linking to "."). */
	free(STEAL_PTR(&u->parent_path));
	if (S_ISDIR(st.st_mode))
		return fs_remove_tree_at(u->parent_fd, name, err);
	if (unlinkat(u->parent_fd, name, 0) < 0)
		return error_errno(err, "replace");
	return 0;
}

static bool is_zero(const char *data, size_t len)
{
	return data[0] == '\0' && memcmp(data, data + 1, len - 1) == 0;
}

static int write_content(struct layer_unpack *u, int fd, const struct tar_entry *e,
			 struct error **err)
{
	ssize_t n;

	if (e->size > LAYER_CONTENT_MAX - u->content_bytes)
		return error_new(err, ERR_LIMIT, "layer unpacks to more than %llu bytes",
				 (unsigned long long)LAYER_CONTENT_MAX);
	u->content_bytes += e->size;
	if (!u->buffer)
		u->buffer = x_alloc(BUFFER_SIZE);
	while ((n = tar_read(u->tar, u->buffer, BUFFER_SIZE, err)) > 0) {
		if (e->sparse && is_zero(u->buffer, (size_t)n)) {
			if (lseek(fd, n, SEEK_CUR) < 0)
				return error_errno(err, "seek");
		} else if (fs_write_all(fd, u->buffer, (size_t)n) < 0) {
			return error_errno(err, "write");
		}
	}
	if (n < 0)
		return (int)n;
	if (e->sparse && ftruncate(fd, (off_t)e->size) < 0)
		return error_errno(err, "set size");
	if (e->size >= WRITEBACK_SIZE)
		(void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE); /* only a head start */
	return 0;
}

static int apply_file(struct layer_unpack *u, const struct member *m, const struct tar_entry *e,
		      struct error **err)
{
	const struct timespec times[2] = {e->mtime, e->mtime};
	int r = layer_clear_name(u, m->name, err);

	if (r < 0)
		return r;
	CLEANUP_FD int fd = openat(u->parent_fd, m->name,
				   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_errno(err, "create");
	r = write_content(u, fd, e, err);
	if (r == 0)
		r = set_attributes(u, fd, e, err);
	if (r == 0 && futimens(fd, times) < 0)
		r = error_errno(err, "set times");
	return r;
}

/* The target is another name in this layer; if it is a symbolic link, it is not followed. */
static int apply_hardlink(struct layer_unpack *u, const struct member *m, const struct tar_entry *e,
			  struct error **err)
{
	struct member target;
	struct stat st, existing;
	int r = layer_locate(e->link, &target, err);

	if (r < 0)
		return error_context(err, "hard link target");
	CLEANUP_FD int fd = fs_open_in_root(u->root_fd, target.parent, O_PATH | O_DIRECTORY, 0);

	if (fd < 0 || fstatat(fd, target.name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_new(err, ERR_PARSE, "hard link to '%s', which is not in this layer",
				 e->link);
	if (S_ISDIR(st.st_mode) || layer_is_whiteout(&st))
		return error_new(err, ERR_PARSE, "hard link to '%s', which is not a file", e->link);
	if (fstatat(u->parent_fd, m->name, &existing, AT_SYMLINK_NOFOLLOW) == 0 &&
	    existing.st_ino == st.st_ino && existing.st_dev == st.st_dev)
		return 0; /* linked already; clearing the name could remove the target */
	r = layer_clear_name(u, m->name, err);
	if (r < 0)
		return r;
	/* Content that follows is skipped: it never goes through a link (CVE-2016-5418). */
	if (linkat(fd, target.name, u->parent_fd, m->name, 0) < 0)
		return error_errno(err, "hard link to '%s'", e->link);
	return 0;
}

static int apply_symlink(struct layer_unpack *u, const struct member *m, const struct tar_entry *e,
			 struct error **err)
{
	int r = layer_clear_name(u, m->name, err);

	if (r < 0)
		return r;
	/* Verbatim: real images hold "../../../../etc"; whoever resolves it does so in a root. */
	if (symlinkat(e->link, u->parent_fd, m->name) < 0)
		return error_errno(err, "symbolic link to '%s'", e->link);
	return set_attributes_at(u, m->name, e, err);
}

static int apply_special(struct layer_unpack *u, const struct member *m, const struct tar_entry *e,
			 struct error **err)
{
	const mode_t format = e->type == TAR_FIFO   ? S_IFIFO
			      : e->type == TAR_CHAR ? S_IFCHR
						    : S_IFBLK;
	const dev_t device = e->type == TAR_FIFO ? 0 : makedev(e->major, e->minor);

	if (e->type != TAR_FIFO && (e->major > DEVICE_MAJOR_MAX || e->minor > DEVICE_MINOR_MAX))
		return error_new(err, ERR_PARSE, "device %u:%u does not exist", e->major, e->minor);
	if (e->type == TAR_CHAR && device == 0)
		return error_new(err, ERR_PARSE, "device 0:0 would hide a file of another layer");
	int r = layer_clear_name(u, m->name, err);

	if (r < 0)
		return r;
	if (mknodat(u->parent_fd, m->name, format | 0600, device) < 0)
		/* A user namespace may not make devices; containers get theirs from the engine. */
		return errno == EPERM && e->type != TAR_FIFO ? 0 : error_errno(err, "make node");
	return set_attributes_at(u, m->name, e, err);
}

/* The root itself must stay a directory (CVE-2021-29136): its entry never makes anything. */
int layer_apply_root(struct layer_unpack *u, const struct tar_entry *e, struct error **err)
{
	size_t dir;

	if (e->type != TAR_DIR)
		return error_new(err, ERR_PARSE, "the root of a layer must be a directory");
	int r = layer_add_dir(u, u->root_fd, "", false, &dir, err);

	if (r == 0)
		r = set_attributes(u, u->root_fd, e, err);
	if (r == 0)
		u->dirs[dir].mtime = e->mtime;
	return r;
}

static int apply_dir(struct layer_unpack *u, const struct member *m, const struct tar_entry *e,
		     struct error **err)
{
	bool made = mkdirat(u->parent_fd, m->name, 0700) == 0, replaced = false;
	CLEANUP_FD int fd = -1;
	size_t dir;

	if (!made && errno != EEXIST)
		return error_errno(err, "make directory");
	fd = openat(u->parent_fd, m->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP)) {
		int r = layer_clear_name(u, m->name, err);

		if (r < 0)
			return r;
		if (mkdirat(u->parent_fd, m->name, 0700) < 0)
			return error_errno(err, "make directory");
		made = replaced = true;
		fd = openat(u->parent_fd, m->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd < 0)
		return error_errno(err, "open directory");
	int r = layer_add_dir(u, fd, m->path, made, &dir, err);

	if (r == 0)
		r = set_attributes(u, fd, e, err);
	if (r < 0)
		return r;
	u->dirs[dir].mtime = e->mtime;
	u->dirs[dir].implicit = false;
	/* Gone and made again in one layer: nothing of the lower directory shines through. */
	if (replaced)
		r = layer_hide_lower(u, fd, &u->dirs[dir], err);
	layer_enter_made(u, STEAL_FD(&fd), x_strdup(m->path), dir);
	return r;
}

typedef int (*apply_fn)(struct layer_unpack *u, const struct member *m, const struct tar_entry *e,
			struct error **err);

static const apply_fn apply_by_type[] = {
	[TAR_FILE] = apply_file,    [TAR_HARDLINK] = apply_hardlink, [TAR_SYMLINK] = apply_symlink,
	[TAR_CHAR] = apply_special, [TAR_BLOCK] = apply_special,     [TAR_DIR] = apply_dir,
	[TAR_FIFO] = apply_special,
};

int layer_apply_member(struct layer_unpack *u, const struct member *m, const struct tar_entry *e,
		       struct error **err)
{
	return apply_by_type[e->type](u, m, e, err);
}
