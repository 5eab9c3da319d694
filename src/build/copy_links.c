/* SPDX-License-Identifier: Apache-2.0 */
/* Which file of the source became which file of the destination. */
#include "copy_links.h"

#include <stdint.h>

#include "base/memory.h"

enum { CAPACITY_MIN = 64 };

/* The slot of the inode, or the free one where it belongs; at most half of them are taken. */
static struct copy_link *find_slot(const struct copy_links *l, dev_t dev, ino_t ino)
{
	uint64_t hash = ((uint64_t)ino ^ (uint64_t)dev << 32) * UINT64_C(0x9e3779b97f4a7c15);

	for (size_t i = (size_t)(hash >> 32);; i++) {
		struct copy_link *slot = &l->slots[i & (l->capacity - 1)];

		if (!slot->path || (slot->ino == ino && slot->dev == dev))
			return slot;
	}
}

const struct copy_link *copy_links_find(const struct copy_links *l, const struct stat *source)
{
	const struct copy_link *slot =
		l->slots ? find_slot(l, source->st_dev, source->st_ino) : NULL;

	return slot && slot->path ? slot : NULL;
}

static void grow(struct copy_links *l)
{
	struct copy_links bigger = { .capacity = l->capacity ? 2 * l->capacity : CAPACITY_MIN,
				     .count = l->count };

	bigger.slots = x_alloc(bigger.capacity * sizeof(*bigger.slots));
	for (size_t i = 0; i < l->capacity; i++) {
		const struct copy_link *old = &l->slots[i];

		if (old->path)
			*find_slot(&bigger, old->dev, old->ino) = *old;
	}
	free(l->slots);
	*l = bigger;
}

void copy_links_add(struct copy_links *l, const struct stat *source, const struct stat *copy,
		    const char *path)
{
	if (l->count == COPY_LINKS_MAX)
		return;
	if (2 * (l->count + 1) > l->capacity)
		grow(l);
	struct copy_link *slot = find_slot(l, source->st_dev, source->st_ino);

	l->count += slot->path == NULL;
	free(slot->path);
	*slot = (struct copy_link){ source->st_dev, source->st_ino, copy->st_dev, copy->st_ino,
				    x_strdup(path) };
}

void copy_links_fini(struct copy_links *l)
{
	for (size_t i = 0; i < l->capacity; i++)
		free(l->slots[i].path);
	free(l->slots);
	*l = (struct copy_links){ 0 };
}
