/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files by directory descriptor: reading with a cap, atomic writing, locks, resolution inside a
 * root.
 */
#ifndef BASE_FS_H
#define BASE_FS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/strbuf.h"

/**
 * fs_open_in_root() - openat2(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
 * @root_fd: directory that plays "/" for absolute paths, ".." and symlinks
 * @path: as found in hostile data; "" and "/" mean the root itself
 * Return: descriptor (O_CLOEXEC added) or negative errno; no struct error, since callers often
 *         expect ENOENT
 */
int fs_open_in_root(int root_fd, const char *path, int flags, mode_t mode);

/** struct fs_owner - Owner for created files; uid (uid_t)-1: leave */
struct fs_owner {
	uid_t uid;
	gid_t gid;
};

/**
 * fs_mkdirs_in_root() - Make @path and its missing parents inside a root, component by component
 * Existing directories (also through symlinks inside the root) are left as they are; made ones get
 * @mode (umask does not apply) and @owner.
 * Return: O_PATH descriptor of the last one, or -ERR_*
 */
int fs_mkdirs_in_root(int root_fd, const char *path, mode_t mode, struct fs_owner owner,
		      struct error **err);

/** fs_mkdirs_at() - mkdir -p for our own paths; 0 or -ERR_* */
int fs_mkdirs_at(int dir_fd, const char *path, mode_t mode, struct error **err);

/** fs_open_dir_at() - Open a directory (O_DIRECTORY|O_CLOEXEC|O_RDONLY); fd or -ERR_* */
int fs_open_dir_at(int dir_fd, const char *path, struct error **err);

/**
 * fs_read_at() - Whole regular file into @out
 * @max: larger files fail with -ERR_LIMIT; FIFOs and devices fail without blocking
 */
int fs_read_at(int dir_fd, const char *path, size_t max, struct strbuf *out, struct error **err);

/** fs_read_fd() - Rest of a descriptor into @out, at most @max bytes (else -ERR_LIMIT) */
int fs_read_fd(int fd, size_t max, struct strbuf *out, struct error **err);

/** fs_write_all() - write() until done; 0 or -1 with errno (EINTR handled) */
int fs_write_all(int fd, const void *data, size_t len);

enum fs_durability {
	FS_VOLATILE, /* atomic, but may be lost by a power cut */
	FS_DURABLE,  /* fsync before the rename and of the directory after it */
};

/** fs_write_atomic_at() - temp name, write, rename; readers see the old or the new content */
int fs_write_atomic_at(int dir_fd, const char *path, str data, mode_t mode,
		       enum fs_durability durability, struct error **err);

/**
 * fs_remove_tree_at() - Remove @name and all below, however deep; absent is success
 * No symlink is followed and no mount entered: a mount point below is -ERR_BUSY.
 */
int fs_remove_tree_at(int dir_fd, const char *name, struct error **err);

enum fs_lock_mode { FS_LOCK_SHARED, FS_LOCK_EXCLUSIVE };

/**
 * fs_lock_at() - OFD lock on @path (made when missing); dies with its holder
 * @wait: false: -ERR_BUSY when somebody else has it
 * Return: descriptor holding the lock (close to release) or -ERR_*
 */
int fs_lock_at(int dir_fd, const char *path, enum fs_lock_mode mode, bool wait, struct error **err);

/** fs_random_name() - 16 lower-case hex digits of randomness plus NUL */
void fs_random_name(char ret_name[17]);

/** fs_random_id() - 64 lower-case hex digits plus NUL: a container's id */
void fs_random_id(char ret_id[65]);

#endif
