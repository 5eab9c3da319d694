/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The init program: a sealed copy in memory, and who needs none.
 *
 * A container that overwrites /proc/1/exe would overwrite the host's file; a copy of our own with
 * every seal set cannot be written, and shares no page cache with any file (CVE-2019-5736).
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "container/container.h"

#ifndef MFD_EXEC
#define MFD_EXEC                                                                                   \
	0x0010U /* kernel 6.3: wanted explicitly where memfds are not executable by default */
#endif

enum { INIT_SIZE_MAX = 16 * 1024 * 1024 };

/* Programs that reap orphans and forward signals themselves. */
static const char *const init_names[] = {
	"tini",	     "tini-static", "docker-init", "dumb-init", "catatonit",
	"s6-svscan", "systemd",	    "firkin-init", "runit",	"runit-init",
};

int container_init_fd(const void *binary, size_t size, struct error **err)
{
	if (size == 0 || size > INIT_SIZE_MAX)
		return error_new(err, ERR_LIMIT, "init program of %zu bytes", size);
	CLEANUP_FD int fd = memfd_create("firkin-init", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("firkin-init", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 || fs_write_all(fd, binary, size) < 0 || fchmod(fd, 0555) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return error_errno(err, "copy the init program into memory");
	return STEAL_FD(&fd);
}

bool container_is_init(const struct strv *argv)
{
	if (argv->count == 0)
		return false;
	str path = str_from(argv->items[0]);

	if (str_is(path, "/init") || str_is(path, "/sbin/init"))
		return true;
	str name = str_skip(path, (size_t)(str_find_last(path, '/') + 1));

	for (size_t i = 0; i < ARRAY_SIZE(init_names); i++) {
		if (str_is(name, init_names[i]))
			return true;
	}
	return false;
}
