/* SPDX-License-Identifier: Apache-2.0 */
/* Memory by lifetime: a chain of blocks, freed together. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>

enum { BLOCK_SIZE = 8192 };

struct block {
	struct block *next;
	size_t used, cap;
	alignas(max_align_t) char data[];
};

struct arena {
	struct block *blocks;
};

struct arena *arena_new(void)
{
	return x_alloc(sizeof(struct arena));
}

void arena_free(struct arena *a)
{
	if (!a)
		return;
	while (a->blocks) {
		struct block *next = a->blocks->next;

		free(a->blocks);
		a->blocks = next;
	}
	free(a);
}

void *arena_alloc(struct arena *a, size_t size)
{
	struct block *b = a->blocks;

	if (size > SIZE_MAX / 2)
		abort(); /* more than any address space has: our own mistake */
	size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (!b || b->cap - b->used < size) {
		size_t cap = size > BLOCK_SIZE ? size : BLOCK_SIZE;

		b = x_alloc(sizeof(*b) + cap);
		b->cap = cap;
		b->next = a->blocks;
		a->blocks = b;
	}
	void *p = b->data + b->used;

	b->used += size;
	return p;
}

char *arena_strdup(struct arena *a, str s)
{
	char *copy = arena_alloc(a, s.len + 1);

	if (s.len)
		memcpy(copy, s.ptr, s.len);
	return copy;
}

str arena_str(struct arena *a, str s)
{
	return (str){arena_strdup(a, s), s.len};
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	CLEANUP_FREE char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	return arena_strdup(a, str_from(text));
}

void *arena_grow(struct arena *a, void *items, size_t count, size_t item_size)
{
	if (items && (count < 4 || (count & (count - 1)) != 0))
		return items;
	size_t cap = count < 4 ? 4 : 2 * count;

	if (cap > SIZE_MAX / item_size)
		abort();
	void *moved = arena_alloc(a, cap * item_size);

	if (count)
		memcpy(moved, items, count * item_size);
	return moved;
}
