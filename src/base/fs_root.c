/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths found in hostile data, resolved inside a root that they cannot leave.
 *
 * The kernel does the resolving (openat2); what has to be made is made one component at a time
 * from a descriptor, so that a racing rename cannot move us out (CVE-2024-45310).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include "base/fs.h"

enum { COMPONENTS_MAX = 256, PATH_LENGTH_MAX = 4095 };

int fs_open_in_root(int root_fd, const char *path, int flags, mode_t mode)
{
	/* O_TMPFILE includes the bit of O_DIRECTORY. */
	bool makes_file = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.mode = makes_file ? mode & 07777 : 0, /* anything else is EINVAL */
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};

	while (*path == '/')
		path++;
	if (!*path)
		path = ".";
	for (int tries = 0; tries < 32; tries++) {
		long fd = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));

		if (fd >= 0)
			return (int)fd;
		/* EAGAIN: something was renamed while the kernel walked; asked again, it answers.
		 */
		if (errno != EAGAIN && errno != EINTR)
			break;
	}
	return -errno;
}

static int make_one(int dir_fd, const char *name, mode_t mode, struct fs_owner owner)
{
	if (mkdirat(dir_fd, name, mode) < 0)
		return errno == EEXIST ? 0 : -errno;
	CLEANUP_FD int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (owner.uid != (uid_t)-1 && fchown(fd, owner.uid, owner.gid) < 0)
		return -errno;
	if (fchmod(fd, mode) < 0) /* after chown, which clears bits; umask does not apply */
		return -errno;
	return 0;
}

int fs_mkdirs_in_root(int root_fd, const char *path, mode_t mode, struct fs_owner owner,
		      struct error **err)
{
	struct strbuf done CLEANUP_STRBUF = STRBUF_INIT(PATH_LENGTH_MAX);
	str rest = str_from(path), part;
	CLEANUP_FD int fd = fs_open_in_root(root_fd, "", O_PATH | O_DIRECTORY, 0);

	for (int n = 0; fd >= 0 && str_cut(&rest, '/', &part);) {
		if (part.len == 0 || str_is(part, "."))
			continue;
		CLEANUP_FREE char *name = str_dup(part);

		strbuf_addf(&done, "/%s", name);
		if (++n > COMPONENTS_MAX || done.overflow)
			return error_new(err, ERR_LIMIT, "path '%.100s...' is too deep", path);
		/* The whole prefix again from the root: a symlink in it may lead anywhere inside.
		 */
		int next = fs_open_in_root(root_fd, strbuf_text(&done), O_PATH | O_DIRECTORY, 0);

		if (next == -ENOENT && !str_is(part, "..")) {
			int r = make_one(fd, name, mode, owner);

			if (r == 0)
				next = fs_open_in_root(root_fd, strbuf_text(&done),
						       O_PATH | O_DIRECTORY, 0);
			else
				next = r;
		}
		close_fd(fd);
		fd = next;
	}
	if (fd < 0) {
		errno = -fd;
		return error_errno(err, "make directory '%s'", path);
	}
	return STEAL_FD(&fd);
}
