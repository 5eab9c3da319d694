/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory by lifetime: a tree (syntax tree, project model) is allocated piece by piece and freed in
 * one call. Descriptors, pids and mounts never live here.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/memory.h"
#include "base/str.h"

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *a);
DEFINE_CLEANUP(arena, arena_free);

/** arena_alloc() - Zeroed memory, aligned for any type, valid until arena_free() */
void *arena_alloc(struct arena *a, size_t size);

/** arena_str() - Copy of @s (also NUL-terminated) */
str arena_str(struct arena *a, str s);

/** arena_strdup() - Copy of @s as C string */
char *arena_strdup(struct arena *a, str s);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * arena_grow() - Make room for one more element in an arena-held array
 * @items: array or NULL; @count: elements in it; capacities are powers of two from 4
 * Return: the array, moved when it was full; element @count is zeroed
 */
void *arena_grow(struct arena *a, void *items, size_t count, size_t item_size);

#endif
