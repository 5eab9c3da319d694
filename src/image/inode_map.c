/* SPDX-License-Identifier: Apache-2.0 */
/* A map from an inode to a number: the same file under whatever name. */
#include "inode_map.h"

#include <stdint.h>

#include "base/memory.h"

enum { CAPACITY_MIN = 64 };

struct inode_slot {
	dev_t dev;
	ino_t ino;
	size_t value;
	bool used;
};

/* The slot of the inode, or the free one where it belongs; there always is a free one. */
static struct inode_slot *find_slot(const struct inode_map *m, dev_t dev, ino_t ino)
{
	uint64_t hash = ((uint64_t)ino ^ (uint64_t)dev << 32) * UINT64_C(0x9e3779b97f4a7c15);

	for (size_t i = (size_t)(hash >> 32);; i++) {
		struct inode_slot *slot = &m->slots[i & (m->capacity - 1)];

		if (!slot->used || (slot->ino == ino && slot->dev == dev))
			return slot;
	}
}

static void grow(struct inode_map *m)
{
	struct inode_map bigger = {.capacity = m->capacity ? 2 * m->capacity : CAPACITY_MIN};

	bigger.slots = x_alloc(bigger.capacity * sizeof(*bigger.slots));
	bigger.count = m->count;
	for (size_t i = 0; i < m->capacity; i++) {
		const struct inode_slot *old = &m->slots[i];

		if (old->used)
			*find_slot(&bigger, old->dev, old->ino) = *old;
	}
	free(m->slots);
	*m = bigger;
}

bool inode_map_find(const struct inode_map *m, dev_t dev, ino_t ino, size_t *ret_value)
{
	if (!m->slots)
		return false;
	const struct inode_slot *slot = find_slot(m, dev, ino);

	if (slot->used)
		*ret_value = slot->value;
	return slot->used;
}

void inode_map_set(struct inode_map *m, dev_t dev, ino_t ino, size_t value)
{
	if (2 * (m->count + 1) > m->capacity)
		grow(m);
	struct inode_slot *slot = find_slot(m, dev, ino);

	m->count += slot->used ? 0 : 1;
	*slot = (struct inode_slot){.dev = dev, .ino = ino, .value = value, .used = true};
}

void inode_map_fini(struct inode_map *m)
{
	free(m->slots);
	*m = (struct inode_map){0};
}
