/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removing what nothing refers to: mark, then sweep, under the store's exclusive lock.
 *
 * Marked are the manifests of tags and containers with their configs and layers, and the layers
 * that containers and cache records name. Of the rest, what is older than the grace period and than
 * every live lease goes: blobs are unlinked, directories only renamed into tmp/, and deleted after
 * the lock is released. A draft goes as soon as its lease is free. See docs/formats/store.md
 * "Removal".
 */
#include "collect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/clock.h"
#include "layer_measure.h"
#include "layer_record.h"
#include "lease.h"

enum { GRACE_PERIOD_S = 60 };

#define TRASH_PREFIX "trash-"

static int compare_text(const void *key, const void *item)
{
	return strcmp(key, *(const char *const *)item);
}

static bool is_marked(const struct strv *sorted, const char *name)
{
	return sorted->count &&
	       bsearch(name, sorted->items, sorted->count, sizeof(*sorted->items), compare_text);
}

/* Free lock: its process is gone; the file is removed on the way. */
static int look_at_lease(struct collection *c, int dir_fd, const char *name, struct error **err)
{
	const struct store_lease *own = c->s->lease;
	CLEANUP(error) struct error *held = NULL;
	struct stat st;

	(void)err; /* a lease that vanishes meanwhile has ended */
	if (!str_has_prefix(str_from(name), "lease-") ||
	    (own->fd >= 0 && !strcmp(own->name, name)) ||
	    fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	CLEANUP_FD int fd = fs_lock_at(dir_fd, name, FS_LOCK_EXCLUSIVE, false, &held);

	if (fd >= 0)
		(void)unlinkat(dir_fd, name, 0); /* the next collector tries again */
	else if (store_is_before(st.st_mtim, c->oldest_lease))
		c->oldest_lease = st.st_mtim;
	return 0;
}

/*
 * Whether an unmarked object may go. What this process itself has found bears its lease's time;
 * that alone does not keep it, or `rmi` would keep what it looks up.
 */
static bool may_go(const struct collection *c, struct timespec mtime)
{
	const struct store_lease *own = c->s->lease;

	if (!store_is_before(mtime, c->oldest_lease))
		return false;
	return store_is_before(mtime, c->grace) ||
	       (own->fd >= 0 && mtime.tv_sec == own->start.tv_sec &&
		mtime.tv_nsec == own->start.tv_nsec);
}

static int sweep_blob(struct collection *c, int dir_fd, const char *name, struct error **err)
{
	struct stat st;

	if (is_marked(&c->blobs, name) || fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(st.st_mode) || !may_go(c, st.st_mtim))
		return 0;
	if (unlinkat(dir_fd, name, 0) < 0)
		return error_errno(err, "remove blob '%s'", name);
	c->freed += (uint64_t)st.st_blocks * 512;
	return 0;
}

/* Out of sight at once; deleted when nobody waits for the lock any more. */
static int discard(struct collection *c, int dir_fd, const char *name, struct error **err)
{
	char random[17];

	fs_random_name(random);
	CLEANUP_FREE char *trash = x_asprintf(TRASH_PREFIX "%s", random);

	if (renameat(dir_fd, name, c->s->tmp_fd, trash) < 0)
		return errno == ENOENT ? 0 : error_errno(err, "remove '%s'", name);
	strv_add(&c->trash, trash);
	return 0;
}

static void remove_layer_names(const struct collection *c, const char *id)
{
	CLEANUP(error) struct error *ignored = NULL; /* stale names are harmless */
	CLEANUP_FREE char *synced = x_asprintf("synced/%s", id);
	struct layer layer, other;

	if (layer_record_read(c->s, id, &layer, &ignored) == 0 && layer.diff_id[0] &&
	    layer_record_read_by_diff(c->s, layer.diff_id, &other, &ignored) == 0 &&
	    strcmp(other.id, id) == 0) {
		CLEANUP_FREE char *by_diff = x_asprintf("by-diff/%s", layer.diff_id);

		(void)unlinkat(c->s->layers_fd, by_diff, 0);
	}
	(void)unlinkat(c->s->layers_fd, synced, 0);
}

static int sweep_layer(struct collection *c, int dir_fd, const char *name, struct error **err)
{
	CLEANUP_FREE char *record = x_asprintf("%s/record.json", name);
	struct stat st;

	if (!layer_is_id(name) || is_marked(&c->layers, name))
		return 0;
	if (fstatat(dir_fd, record, &st, AT_SYMLINK_NOFOLLOW) < 0 &&
	    fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (!may_go(c, st.st_mtim))
		return 0;
	remove_layer_names(c, name);
	return discard(c, dir_fd, name, err);
}

/* Drafts have a lease; whatever else lies in tmp/ (a download) goes by age. */
static int sweep_temporary(struct collection *c, int dir_fd, const char *name, struct error **err)
{
	CLEANUP_FREE char *lease = x_asprintf("%s/lease", name);
	CLEANUP(error) struct error *held = NULL;
	struct stat st;

	if (str_has_prefix(str_from(name), TRASH_PREFIX)) {
		strv_add(&c->trash, name); /* of a collector that died */
		return 0;
	}
	if (fstatat(dir_fd, lease, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		CLEANUP_FD int fd = fs_lock_at(dir_fd, lease, FS_LOCK_EXCLUSIVE, false, &held);

		return fd < 0 ? 0 : discard(c, dir_fd, name, err);
	}
	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !may_go(c, st.st_mtim))
		return 0;
	return discard(c, dir_fd, name, err);
}

static int sweep_all(struct collection *c, struct error **err)
{
	int r = collect_each(c, c->s->blobs_fd, ".", sweep_blob, err);

	if (r == 0)
		r = collect_each(c, c->s->layers_fd, ".", sweep_layer, err);
	if (r == 0)
		r = collect_each(c, c->s->tmp_fd, ".", sweep_temporary, err);
	return r;
}

static int mark_and_sweep(struct collection *c, struct error **err)
{
	CLEANUP_FD int lock = fs_lock_at(c->s->locks_fd, "store", FS_LOCK_EXCLUSIVE, true, err);
	struct timespec now = clock_wall();

	if (lock < 0)
		return lock;
	c->grace = (struct timespec){.tv_sec = now.tv_sec - GRACE_PERIOD_S, .tv_nsec = now.tv_nsec};
	c->oldest_lease = (struct timespec){.tv_sec = INT64_MAX};
	int r = collect_each(c, c->s->locks_fd, ".", look_at_lease, err);

	if (r == 0)
		r = collect_mark(c, err);
	return r < 0 ? r : sweep_all(c, err);
}

static int empty_trash(struct collection *c, struct error **err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->trash.count; i++) {
		CLEANUP(error) struct error *ignored = NULL; /* a file, or too deep: not counted */
		uint64_t bytes = 0;
		CLEANUP_FD int fd = openat(c->s->tmp_fd, c->trash.items[i],
					   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (fd >= 0 && layer_measure(fd, NULL, &bytes, &ignored) == 0)
			c->freed += bytes;
		r = fs_remove_tree_at(c->s->tmp_fd, c->trash.items[i], err);
	}
	return r;
}

int store_collect(const struct store *s, uint64_t *ret_freed, struct error **err)
{
	struct collection c = {.s = s};
	/* One collector at a time: two would delete the same trash under each other's hands. */
	CLEANUP_FD int turn = fs_lock_at(s->locks_fd, "collect", FS_LOCK_EXCLUSIVE, true, err);

	if (turn < 0)
		return turn;
	int r = mark_and_sweep(&c, err);

	if (r == 0)
		r = empty_trash(&c, err);
	strv_fini(&c.blobs);
	strv_fini(&c.layers);
	strv_fini(&c.trash);
	if (r < 0)
		return error_context(err, "remove unused data");
	if (ret_freed)
		*ret_freed = c.freed;
	return 0;
}
