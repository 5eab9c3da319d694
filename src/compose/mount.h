/* SPDX-License-Identifier: Apache-2.0 */
/* The short form of mounts: "[SOURCE:]TARGET[:options]". */
#ifndef COMPOSE_MOUNT_H
#define COMPOSE_MOUNT_H

#include "base/str.h"

/** struct mount_parts - Borrowed pieces; source.ptr == NULL: anonymous volume */
struct mount_parts {
	str source, target, options;
};

/** compose_mount_split() - false when there are more than three parts or the target is empty */
bool compose_mount_split(str text, struct mount_parts *ret_parts);

#endif
