/* SPDX-License-Identifier: Apache-2.0 */
/* Layers: drafts, their way into the store, finding them again. */
#include <stdio.h>

#include "layer_measure.h"
#include "layer_record.h"
#include "lease.h"

static int open_draft(const struct store *s, struct layer_draft *d, struct error **err)
{
	if (mkdirat(s->tmp_fd, d->name, 0700) < 0)
		return error_errno(err, "make directory 'tmp/%s'", d->name);
	d->dir_fd = fs_open_dir_at(s->tmp_fd, d->name, err);
	if (d->dir_fd < 0)
		return d->dir_fd;
	d->lease_fd = fs_lock_at(d->dir_fd, "lease", FS_LOCK_EXCLUSIVE, false, err);
	if (d->lease_fd < 0)
		return d->lease_fd;
	if (mkdirat(d->dir_fd, "fs", 0755) < 0)
		return error_errno(err, "make directory 'tmp/%s/fs'", d->name);
	d->fs_fd = fs_open_dir_at(d->dir_fd, "fs", err);
	if (d->fs_fd < 0)
		return d->fs_fd;
	/* This directory becomes "/" of containers: the umask has no say in its mode. */
	return fchmod(d->fs_fd, 0755) < 0 ? error_errno(err, "set mode of 'tmp/%s/fs'", d->name)
					  : 0;
}

int layer_draft_new(const struct store *s, struct layer_draft **ret_draft, struct error **err)
{
	CLEANUP(layer_draft) struct layer_draft *d = x_alloc(sizeof(*d));

	*d = (struct layer_draft){.store = s, .dir_fd = -1, .fs_fd = -1, .lease_fd = -1};
	fs_random_name(d->name);
	d->path = x_asprintf("%s/tmp/%s", s->path, d->name);
	int r = store_lease_take(s, err);

	if (r < 0)
		return r;
	/* The collector must not see the directory before its lease is locked. */
	CLEANUP_FD int lock = fs_lock_at(s->locks_fd, "store", FS_LOCK_SHARED, true, err);

	if (lock < 0)
		return lock;
	r = open_draft(s, d, err);
	if (r < 0)
		return error_context(err, "new layer");
	*ret_draft = STEAL_PTR(&d);
	return 0;
}

void layer_draft_free(struct layer_draft *d)
{
	CLEANUP(error) struct error *ignored = NULL; /* what stays is the collector's */

	if (!d)
		return;
	if (!d->committed && d->dir_fd >= 0)
		(void)fs_remove_tree_at(d->store->tmp_fd, d->name, &ignored);
	close_fd(d->fs_fd);
	close_fd(d->dir_fd);
	close_fd(d->lease_fd);
	free(d->path);
	free(d);
}

int layer_commit(struct layer_draft *d, const char *diff_id, uint64_t tar_size,
		 struct layer *ret_layer, struct error **err)
{
	const struct store *s = d->store;
	struct layer layer = {.tar_size = tar_size};
	CLEANUP(error) struct error *absent = NULL;

	if (diff_id && layer_find_by_diff(s, diff_id, ret_layer, &absent) == 0)
		return 0; /* somebody was quicker; the draft goes when it is freed */
	memcpy(layer.id, d->name, LAYER_ID_SIZE);
	if (diff_id)
		memcpy(layer.diff_id, diff_id, SHA256_HEX_SIZE);
	int r = diff_id ? layer_measure(d->fs_fd, &layer.file_count, NULL, err) : 0;

	if (r == 0)
		r = fs_remove_tree_at(d->dir_fd, "work", err);
	if (r == 0)
		r = layer_record_write(s, d->dir_fd, &layer, err);
	/* Record and content arrive under the layer's name in one step. */
	if (r == 0 && renameat(s->tmp_fd, d->name, s->layers_fd, d->name) < 0)
		r = error_errno(err, "move into the store");
	if (r < 0)
		return error_context(err, "layer %s", layer.id);
	d->committed = true;
	(void)unlinkat(d->dir_fd, "lease", 0); /* it means nothing outside tmp/ */
	if (diff_id)
		r = layer_record_write_diff(s, &layer, err);
	if (r == 0)
		*ret_layer = layer;
	return r;
}

int layer_set_diff_id(const struct store *s, struct layer *layer, const char *diff_id,
		      uint64_t tar_size, struct error **err)
{
	struct layer changed = *layer;

	if (!sha256_is_hex(str_from(diff_id)))
		return error_new(err, ERR_INTERNAL, "'%.80s' is not a diffid", diff_id);
	memcpy(changed.diff_id, diff_id, SHA256_HEX_SIZE);
	changed.tar_size = tar_size;
	CLEANUP_FD int dir_fd = fs_open_dir_at(s->layers_fd, layer->id, err);
	CLEANUP_FD int fs_fd = dir_fd < 0 ? dir_fd : fs_open_dir_at(dir_fd, "fs", err);
	int r = fs_fd < 0 ? fs_fd : layer_measure(fs_fd, &changed.file_count, NULL, err);

	if (r == 0)
		r = layer_record_write(s, dir_fd, &changed, err);
	if (r == 0)
		r = layer_record_write_diff(s, &changed, err);
	if (r < 0)
		return error_context(err, "layer %s", layer->id);
	*layer = changed;
	return 0;
}

static int keep(const struct store *s, const char *id, struct error **err)
{
	char path[LAYER_ID_SIZE + 16];

	(void)snprintf(path, sizeof(path), "%s/record.json", id); /* fits */
	int r = store_touch(s, s->layers_fd, path, err);

	return r == -ERR_NOT_FOUND ? error_new(err, ERR_NOT_FOUND, "layer %s was removed", id) : r;
}

int layer_find(const struct store *s, const char *id, struct layer *ret_layer, struct error **err)
{
	struct layer layer;
	int r = layer_record_read(s, id, &layer, err);

	if (r == 0)
		r = keep(s, layer.id, err);
	if (r == 0)
		*ret_layer = layer;
	return r;
}

int layer_find_by_diff(const struct store *s, const char *diff_id, struct layer *ret_layer,
		       struct error **err)
{
	struct layer layer;
	int r = layer_record_read_by_diff(s, diff_id, &layer, err);

	if (r == 0)
		r = keep(s, layer.id, err);
	if (r == 0)
		*ret_layer = layer;
	return r;
}

void layer_lower(const struct layer *layer, char ret_path[LAYER_ID_SIZE + 4])
{
	(void)snprintf(ret_path, LAYER_ID_SIZE + 4, "%s/fs", layer->id); /* fits */
}
