/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests of files by inode and times.
 *
 * File: a header, then slots in open addressing; a slot with inode 0 is free. The table of the file
 * is only read; what is learned goes into a second table, and closing writes both as one. A slot
 * that KEEP rewrites did not ask for is dropped then.
 */
#include "stat_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "base/clock.h"

#define MAGIC UINT64_C(0x31746174736b7266) /* "frkstat1" */

enum { CAPACITY_MIN = 256, CAPACITY_MAX = 1 << 24, KEEP = 16, RACY_S = 2 };

struct header {
	uint64_t magic;
	uint32_t slot_size, generation;
	uint64_t capacity; /* a power of two */
	uint64_t count;
};

struct slot {
	uint64_t dev, ino, size;
	int64_t mtime_ns, ctime_ns;
	uint32_t mode, generation; /* of the rewrite that last asked for it */
	uint8_t digest[STAT_DIGEST_SIZE];
};

struct table {
	struct slot *slots;
	size_t capacity, count;
};

struct stat_cache {
	const struct store *store;
	char *path; /* in the store */
	void *map;  /* the file, or NULL */
	size_t map_size;
	struct table old; /* in the map */
	bool *used;	  /* slots of @old that were asked for */
	struct table added;
	uint32_t generation;
	time_t now; /* when the cache was opened */
};

/* Files of a directory mostly have neighbouring inodes: keep them together in memory. */
static size_t slot_home(const struct table *t, uint64_t dev, uint64_t ino)
{
	return (ino + ((ino >> 16) + dev) * UINT64_C(0x9e3779b97f4a7c15)) & (t->capacity - 1);
}

/* The slot of an inode or the free one where it belongs; NULL in a table that is full or empty. */
static struct slot *find_slot(const struct table *t, uint64_t dev, uint64_t ino)
{
	size_t at = t->capacity ? slot_home(t, dev, ino) : 0;

	for (size_t n = 0; n < t->capacity; n++) {
		struct slot *slot = &t->slots[at];

		if (slot->ino == 0 || (slot->ino == ino && slot->dev == dev))
			return slot;
		at = (at + 1) & (t->capacity - 1);
	}
	return NULL;
}

static void table_set(struct table *t, const struct slot *value);

static void table_grow(struct table *t, size_t capacity)
{
	struct table bigger = { .capacity = capacity };

	bigger.slots = x_alloc(capacity * sizeof(*bigger.slots));
	for (size_t i = 0; i < t->capacity; i++) {
		if (t->slots[i].ino)
			table_set(&bigger, &t->slots[i]);
	}
	free(t->slots);
	*t = bigger;
}

static void table_set(struct table *t, const struct slot *value)
{
	if (4 * (t->count + 1) > 3 * t->capacity)
		table_grow(t, t->capacity ? 2 * t->capacity : CAPACITY_MIN);
	struct slot *slot = find_slot(t, value->dev, value->ino);

	t->count += slot->ino == 0;
	*slot = *value;
}

static int64_t nanoseconds(struct timespec ts)
{
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static struct slot slot_from(const struct stat *st)
{
	return (struct slot){ .dev = st->st_dev, .ino = st->st_ino, .size = (uint64_t)st->st_size,
			      .mtime_ns = nanoseconds(st->st_mtim),
			      .ctime_ns = nanoseconds(st->st_ctim), .mode = st->st_mode };
}

static bool is_same(const struct slot *a, const struct slot *b)
{
	return a->ino == b->ino && a->dev == b->dev && a->size == b->size && a->mode == b->mode &&
	       a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns;
}

static bool is_valid(const struct header *h, size_t size)
{
	return h->magic == MAGIC && h->slot_size == sizeof(struct slot) &&
	       h->capacity >= CAPACITY_MIN && h->capacity <= CAPACITY_MAX &&
	       (h->capacity & (h->capacity - 1)) == 0 &&
	       size == sizeof(*h) + h->capacity * sizeof(struct slot);
}

static void map_file(struct stat_cache *c)
{
	CLEANUP_FD int fd = openat(c->store->root_fd, c->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    (size_t)st.st_size < sizeof(struct header))
		return;
	void *map = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_POPULATE, fd, 0);

	if (map == MAP_FAILED)
		return;
	c->map = map;
	c->map_size = (size_t)st.st_size;
	const struct header *h = map;

	if (!is_valid(h, c->map_size))
		return;
	c->old.slots = (struct slot *)((char *)map + sizeof(*h));
	c->old.capacity = h->capacity;
	c->generation = h->generation;
	c->used = x_alloc(h->capacity * sizeof(*c->used));
}

struct stat_cache *stat_cache_open(const struct store *store, const char *context_path)
{
	struct stat_cache *c = x_alloc(sizeof(*c));
	char hex[SHA256_HEX_SIZE];

	sha256_hex(str_from(context_path), hex);
	c->store = store;
	c->path = x_asprintf("stat/%s", hex);
	c->now = clock_wall().tv_sec;
	map_file(c);
	return c;
}

bool stat_cache_find(struct stat_cache *c, const struct stat *st,
		     uint8_t ret_digest[STAT_DIGEST_SIZE])
{
	struct slot wanted = slot_from(st);
	const struct slot *slot = find_slot(&c->added, wanted.dev, wanted.ino);

	if (!slot || !is_same(slot, &wanted)) {
		slot = find_slot(&c->old, wanted.dev, wanted.ino);
		if (!slot || !is_same(slot, &wanted))
			return false;
		c->used[slot - c->old.slots] = true;
	}
	memcpy(ret_digest, slot->digest, STAT_DIGEST_SIZE);
	return true;
}

void stat_cache_add(struct stat_cache *c, const struct stat *st,
		    const uint8_t digest[STAT_DIGEST_SIZE])
{
	struct slot slot = slot_from(st);

	/* @now is when the cache was opened: earlier than needed is only more careful. */
	if (st->st_ino == 0 || st->st_mtim.tv_sec + RACY_S > c->now ||
	    st->st_ctim.tv_sec + RACY_S > c->now || c->added.count >= CAPACITY_MAX / 2)
		return;
	memcpy(slot.digest, digest, STAT_DIGEST_SIZE);
	table_set(&c->added, &slot);
}

/* Everything that is still of use, in one table; the added slots win. */
static void merge(struct stat_cache *c)
{
	for (size_t i = 0; i < c->added.capacity; i++)
		c->added.slots[i].generation = c->generation;
	for (size_t i = 0; i < c->old.capacity; i++) {
		struct slot slot = c->old.slots[i];

		if (slot.ino == 0 || c->added.count >= CAPACITY_MAX / 2)
			continue;
		if (c->used[i])
			slot.generation = c->generation;
		const struct slot *newer = find_slot(&c->added, slot.dev, slot.ino);

		if (c->generation - slot.generation <= KEEP && newer->ino == 0)
			table_set(&c->added, &slot);
	}
}

static void write_file(struct stat_cache *c)
{
	CLEANUP(error) struct error *ignored = NULL; /* a cache that is not written is no failure */
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	struct header h = { .magic = MAGIC, .slot_size = sizeof(struct slot) };

	c->generation++;
	merge(c);
	h.generation = c->generation;
	h.capacity = c->added.capacity;
	h.count = c->added.count;
	strbuf_add(&text, &h, sizeof(h));
	strbuf_add(&text, c->added.slots, c->added.capacity * sizeof(struct slot));
	if (mkdirat(c->store->root_fd, "stat", 0700) < 0 && errno != EEXIST)
		return;
	(void)fs_write_atomic_at(c->store->root_fd, c->path, strbuf_str(&text), 0600, FS_VOLATILE,
				 &ignored);
}

void stat_cache_close(struct stat_cache *c)
{
	if (!c)
		return;
	if (c->added.count)
		write_file(c);
	if (c->map)
		(void)munmap(c->map, c->map_size); /* cannot fail for what mmap() returned */
	free(c->added.slots);
	free(c->used);
	free(c->path);
	free(c);
}
