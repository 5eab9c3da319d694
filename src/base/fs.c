/* SPDX-License-Identifier: Apache-2.0 */
/* Reading, atomic writing, directories and locks by directory descriptor. */
#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/syscall.h>

/* Directories deeper than this are moved up before they are removed: a container can nest more of
 * them than we may have descriptors open. */
enum { REMOVE_DEPTH_MAX = 64 };

int fs_open_dir_at(int dir_fd, const char *path, struct error **err)
{
	int fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? error_errno(err, "open directory '%s'", path) : fd;
}

int fs_mkdirs_at(int dir_fd, const char *path, mode_t mode, struct error **err)
{
	CLEANUP_FREE char *copy = x_strdup(path);
	struct stat st;

	for (char *p = copy; *p;) {
		while (*p == '/')
			p++;
		while (*p && *p != '/')
			p++;
		char kept = *p;

		*p = '\0';
		if (*copy && mkdirat(dir_fd, copy, mode) < 0 && errno != EEXIST)
			return error_errno(err, "make directory '%s'", copy);
		*p = kept;
	}
	/* What exists already may be no directory. */
	if (*copy && (fstatat(dir_fd, copy, &st, 0) < 0 || !S_ISDIR(st.st_mode)))
		return error_new(err, ERR_EXISTS, "'%s' exists and is not a directory", path);
	return 0;
}

int fs_read_fd(int fd, size_t max, struct strbuf *out, struct error **err)
{
	size_t total = 0;

	for (;;) {
		char *to = strbuf_reserve(out, 16384);
		ssize_t n = read(fd, to, 16384);
		bool is_kept = n > 0 && (size_t)n <= max - total;

		to[is_kept ? n : 0] = '\0';
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, "read");
		if (n == 0)
			return 0;
		if (!is_kept)
			return error_new(err, ERR_LIMIT, "larger than %zu bytes", max);
		total += (size_t)n;
		out->len += (size_t)n;
	}
}

int fs_read_at(int dir_fd, const char *path, size_t max, struct strbuf *out, struct error **err)
{
	/* O_NONBLOCK: a FIFO put in place of the file must not hang us (CVE-2024-9676). */
	CLEANUP_FD int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return error_errno(err, "open '%s'", path);
	if (fstat(fd, &st) < 0)
		return error_errno(err, "stat '%s'", path);
	if (!S_ISREG(st.st_mode))
		return error_new(err, ERR_IO, "'%s' is not a regular file", path);
	if (fs_read_fd(fd, max, out, err) < 0)
		return error_context(err, "'%s'", path);
	return 0;
}

int fs_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Make the rename itself survive a power cut. */
static int sync_parent(int dir_fd, const char *path, struct error **err)
{
	str parent = str_from(path);
	ptrdiff_t slash = str_find_last(parent, '/');
	CLEANUP_FREE char *dir = slash > 0    ? str_dup(str_head(parent, (size_t)slash))
				 : slash == 0 ? x_strdup("/")
					      : x_strdup(".");
	CLEANUP_FD int fd = fs_open_dir_at(dir_fd, dir, err);

	if (fd < 0)
		return fd;
	if (fsync(fd) < 0)
		return error_errno(err, "sync directory '%s'", dir);
	return 0;
}

static int write_and_rename(int dir_fd, const char *path, const char *temp, int fd, str data,
			    enum fs_durability durability, struct error **err)
{
	if (fs_write_all(fd, data.ptr, data.len) < 0)
		return error_errno(err, "write '%s'", path);
	if (durability == FS_DURABLE && fsync(fd) < 0)
		return error_errno(err, "sync '%s'", path);
	if (renameat(dir_fd, temp, dir_fd, path) < 0)
		return error_errno(err, "rename to '%s'", path);
	return durability == FS_DURABLE ? sync_parent(dir_fd, path, err) : 0;
}

int fs_write_atomic_at(int dir_fd, const char *path, str data, mode_t mode,
		       enum fs_durability durability, struct error **err)
{
	char name[17];

	fs_random_name(name);
	CLEANUP_FREE char *temp = x_asprintf("%s.%s.tmp", path, name);
	CLEANUP_FD int fd = openat(dir_fd, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	if (fd < 0)
		return error_errno(err, "create '%s'", path);
	int r = write_and_rename(dir_fd, path, temp, fd, data, durability, err);

	if (r < 0)
		(void)unlinkat(dir_fd, temp, 0); /* best effort: the first error is the news */
	return r;
}

/** struct removal - @top_fd: where directories too deep to enter are moved to */
struct removal {
	int top_fd;
	unsigned depth;
	bool has_moved;
};

/* What is not an empty directory stays, with ENOTEMPTY; a mount point stays, with EBUSY. */
static bool remove_one(int dir_fd, const char *name)
{
	if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
		return true;
	return errno == EISDIR && (unlinkat(dir_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT);
}

static int remove_contents(struct removal *removal, int fd, struct error **err);

static int remove_below(struct removal *removal, int dir_fd, const char *name, struct error **err)
{
	/* Never into a mount: what is mounted there is somebody else's. */
	struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
			       .resolve = RESOLVE_NO_XDEV};
	char moved[17];
	int r = 0;

	if (remove_one(dir_fd, name))
		return 0;
	if (errno != ENOTEMPTY)
		return error_errno(err, "remove '%s'", name);
	if (removal->depth >= REMOVE_DEPTH_MAX) {
		fs_random_name(moved);
		removal->has_moved = true;
		return renameat(dir_fd, name, removal->top_fd, moved) < 0
			       ? error_errno(err, "remove '%s'", name)
			       : 0;
	}
	int fd = (int)syscall(SYS_openat2, dir_fd, name, &how, sizeof(how));

	if (fd < 0)
		return errno == ENOENT ? 0 : error_errno(err, "remove '%s'", name);
	removal->depth++;
	r = remove_contents(removal, fd, err);
	removal->depth--;
	if (r == 0 && !remove_one(dir_fd, name))
		r = error_errno(err, "remove '%s'", name);
	return r;
}

/* Takes @fd over. */
static int remove_contents(struct removal *removal, int fd, struct error **err)
{
	DIR *d = fdopendir(fd);
	int r = 0;

	if (!d) {
		close_fd(fd);
		return error_errno(err, "read directory");
	}
	for (struct dirent *e; r == 0 && (e = readdir(d));) {
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			r = remove_below(removal, dirfd(d), e->d_name, err);
	}
	(void)closedir(d);
	return r;
}

int fs_remove_tree_at(int dir_fd, const char *name, struct error **err)
{
	if (remove_one(dir_fd, name))
		return 0;
	if (errno != ENOTEMPTY)
		return error_errno(err, "remove '%s'", name);
	CLEANUP_FD int top = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (top < 0)
		return error_errno(err, "remove '%s'", name);
	struct removal removal = {.top_fd = top, .has_moved = true};
	int r = 0;

	while (r == 0 && removal.has_moved) {
		removal.has_moved = false;
		r = remove_contents(&removal, openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
				    err);
	}
	if (r == 0 && !remove_one(dir_fd, name))
		r = error_errno(err, "remove '%s'", name);
	return r;
}

int fs_lock_at(int dir_fd, const char *path, enum fs_lock_mode mode, bool wait, struct error **err)
{
	CLEANUP_FD int fd = openat(dir_fd, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct flock fl = {.l_type = mode == FS_LOCK_EXCLUSIVE ? F_WRLCK : F_RDLCK,
			   .l_whence = SEEK_SET};

	if (fd < 0)
		return error_errno(err, "open lock '%s'", path);
	while (fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &fl) < 0) {
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN || errno == EACCES)
			return error_new(err, ERR_BUSY, "'%s' is locked by another process", path);
		return error_errno(err, "lock '%s'", path);
	}
	return STEAL_FD(&fd);
}

static void random_hex(char *to, size_t digits)
{
	unsigned char bytes[32];

	if (getrandom(bytes, digits / 2, 0) != (ssize_t)(digits / 2))
		abort(); /* cannot happen for so few bytes once the pool is ready */
	for (size_t i = 0; i < digits / 2; i++)
		(void)snprintf(to + 2 * i, 3, "%02x", bytes[i]);
}

void fs_random_name(char ret_name[17])
{
	random_hex(ret_name, 16);
}

void fs_random_id(char ret_id[65])
{
	random_hex(ret_id, 64);
}
