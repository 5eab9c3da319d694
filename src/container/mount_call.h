/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mount calls by descriptor, in the few forms that a launch needs; each 0 or a descriptor, or
 * -1 with errno.
 */
#ifndef CONTAINER_MOUNT_CALL_H
#define CONTAINER_MOUNT_CALL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/mount.h>

int mount_call_fsopen(const char *type);
int mount_call_fsconfig(int fs_fd, unsigned command, const char *key, const char *value, int aux);
int mount_call_fsmount(int fs_fd, uint64_t attr);

/** mount_call_open_tree() - Detached clone of @path below @dir_fd ("" : of @dir_fd itself) */
int mount_call_open_tree(int dir_fd, const char *path, bool recursive);

/** mount_call_set() - Add @attr; @private_: nothing propagates to or from it */
int mount_call_set(int mount_fd, uint64_t attr, bool private_, bool recursive);

/** mount_call_move() - Attach @mount_fd at @path below @dir_fd ("" : at @dir_fd itself) */
int mount_call_move(int mount_fd, int dir_fd, const char *path);

#endif
