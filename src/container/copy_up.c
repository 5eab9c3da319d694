/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filling an empty volume from the image's directory: content, owner, mode, times and extended
 * attributes, by descriptor only and following no symlink. Device nodes and sockets stay behind.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#include "launch.h"

enum { DEPTH_MAX = 128, ENTRIES_BYTES = 8192, CHUNK = 1 << 20 };

struct raw_dirent {
	uint64_t ino;
	int64_t off;
	unsigned short reclen;
	unsigned char type;
	char name[];
};

static bool is_dot(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

/* Attributes that the volume's file system does not know are left out. */
static int copy_xattrs(int from, int to)
{
	static char names[XATTR_LIST_MAX], value[XATTR_SIZE_MAX];
	ssize_t len = flistxattr(from, names, sizeof(names));

	for (const char *name = names; len > 0 && name < names + len; name += strlen(name) + 1) {
		ssize_t size = fgetxattr(from, name, value, sizeof(value));

		if (size < 0)
			continue;
		if (fsetxattr(to, name, value, (size_t)size, 0) < 0 && errno != ENOTSUP &&
		    errno != EPERM)
			return -errno;
	}
	return 0;
}

/* Owner first: changing it clears set-id bits and file capabilities. */
static int copy_attributes(int from, int to, const struct stat *st)
{
	const struct timespec times[2] = {st->st_atim, st->st_mtim};

	if (fchown(to, st->st_uid, st->st_gid) < 0 || fchmod(to, st->st_mode & 07777) < 0)
		return -errno;
	int r = copy_xattrs(from, to);

	if (r == 0 && futimens(to, times) < 0)
		r = -errno;
	return r;
}

static int copy_content(int from, int to)
{
	static char buffer[64 * 1024];
	ssize_t n;

	while ((n = copy_file_range(from, NULL, to, NULL, CHUNK, 0)) > 0)
		;
	if (n == 0)
		return 0;
	/* Not between these two file systems: by hand, from where it stopped. */
	while ((n = read(from, buffer, sizeof(buffer))) > 0) {
		for (ssize_t done = 0; done < n;) {
			ssize_t put = write(to, buffer + done, (size_t)(n - done));

			if (put < 0)
				return -errno;
			done += put;
		}
	}
	return n < 0 ? -errno : 0;
}

static int copy_file(int from_dir, int to_dir, const char *name)
{
	struct stat st;
	CLEANUP_FD int from =
		openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (from < 0 || fstat(from, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	CLEANUP_FD int to =
		openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (to < 0)
		return -errno;
	int r = copy_content(from, to);

	return r < 0 ? r : copy_attributes(from, to, &st);
}

static int copy_link(int from_dir, int to_dir, const char *name, const struct stat *st)
{
	const struct timespec times[2] = {st->st_atim, st->st_mtim};
	char text[PATH_MAX];
	ssize_t len = readlinkat(from_dir, name, text, sizeof(text) - 1);

	if (len < 0)
		return -errno;
	text[len] = '\0';
	if (symlinkat(text, to_dir, name) < 0 ||
	    fchownat(to_dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    utimensat(to_dir, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

static int copy_fifo(int to_dir, const char *name, const struct stat *st)
{
	if (mknodat(to_dir, name, S_IFIFO | (st->st_mode & 07777), 0) < 0 ||
	    fchownat(to_dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

static int copy_tree(int from, int to, int depth);

static int copy_directory(int from_dir, int to_dir, const char *name, int depth)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

	if (mkdirat(to_dir, name, 0700) < 0)
		return -errno;
	CLEANUP_FD int from = openat(from_dir, name, flags);
	CLEANUP_FD int to = openat(to_dir, name, flags);

	return from < 0 || to < 0 ? -errno : copy_tree(from, to, depth + 1);
}

static int copy_entry(int from, int to, const char *name, int depth)
{
	struct stat st;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	switch (st.st_mode & S_IFMT) {
	case S_IFDIR:
		return copy_directory(from, to, name, depth);
	case S_IFREG:
		return copy_file(from, to, name);
	case S_IFLNK:
		return copy_link(from, to, name, &st);
	case S_IFIFO:
		return copy_fifo(to, name, &st);
	default:
		return 0;
	}
}

/* The directory's own attributes come last, since its entries change its times. */
static int copy_tree(int from, int to, int depth)
{
	_Alignas(struct raw_dirent) char entries[ENTRIES_BYTES];
	struct stat st;
	long n;

	if (depth > DEPTH_MAX)
		return -ELOOP;
	while ((n = syscall(SYS_getdents64, from, entries, sizeof(entries))) > 0) {
		for (long at = 0; at < n;) {
			const struct raw_dirent *d = (const void *)(entries + at);
			int r = is_dot(d->name) ? 0 : copy_entry(from, to, d->name, depth);

			if (r < 0)
				return r;
			at += d->reclen;
		}
	}
	if (n < 0 || fstat(from, &st) < 0)
		return -errno;
	return copy_attributes(from, to, &st);
}

static int is_empty(int fd)
{
	_Alignas(struct raw_dirent) char entries[ENTRIES_BYTES];
	long n;

	while ((n = syscall(SYS_getdents64, fd, entries, sizeof(entries))) > 0) {
		for (long at = 0; at < n;) {
			const struct raw_dirent *d = (const void *)(entries + at);

			if (!is_dot(d->name))
				return 0;
			at += d->reclen;
		}
	}
	return n < 0 ? -errno : 1;
}

int copy_up_fill(int from_fd, int to_fd)
{
	int r = is_empty(to_fd);

	return r <= 0 ? r : copy_tree(from_fd, to_fd, 0);
}
