/* SPDX-License-Identifier: Apache-2.0 */
/* The mount calls by descriptor, straight to the kernel. */
#include "mount_call.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

int mount_call_fsopen(const char *type)
{
	return (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
}

int mount_call_fsconfig(int fs_fd, unsigned command, const char *key, const char *value, int aux)
{
	return (int)syscall(SYS_fsconfig, fs_fd, command, key, value, aux);
}

int mount_call_fsmount(int fs_fd, uint64_t attr)
{
	return (int)syscall(SYS_fsmount, fs_fd, FSMOUNT_CLOEXEC, (unsigned)attr);
}

int mount_call_open_tree(int dir_fd, const char *path, bool recursive)
{
	return (int)syscall(SYS_open_tree, dir_fd, path,
			    (unsigned)(OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
				       (*path ? 0 : AT_EMPTY_PATH) |
				       (recursive ? AT_RECURSIVE : 0)));
}

int mount_call_set(int mount_fd, uint64_t attr, bool private_, bool recursive)
{
	struct mount_attr set = {.attr_set = attr, .propagation = private_ ? MS_PRIVATE : 0};

	return (int)syscall(SYS_mount_setattr, mount_fd, "",
			    (unsigned)(AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0)), &set,
			    sizeof(set));
}

int mount_call_move(int mount_fd, int dir_fd, const char *path)
{
	return (int)syscall(
		SYS_move_mount, mount_fd, "", dir_fd, path,
		(unsigned)(MOVE_MOUNT_F_EMPTY_PATH | (*path ? 0 : MOVE_MOUNT_T_EMPTY_PATH)));
}
