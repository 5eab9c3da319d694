/* SPDX-License-Identifier: Apache-2.0 */
/* A map from an inode to a number: the same file under whatever name. */
#ifndef IMAGE_INODE_MAP_H
#define IMAGE_INODE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct inode_slot;

struct inode_map {
	struct inode_slot *slots; /* open addressing; NULL when empty */
	size_t capacity, count;
};

/** inode_map_find() - false when the inode is not in the map */
bool inode_map_find(const struct inode_map *m, dev_t dev, ino_t ino, size_t *ret_value);

/** inode_map_set() - Add, or replace what the inode had */
void inode_map_set(struct inode_map *m, dev_t dev, ino_t ino, size_t value);
void inode_map_fini(struct inode_map *m);

#endif
