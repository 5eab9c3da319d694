/* SPDX-License-Identifier: Apache-2.0 */
/* A layer's completion record, layers/<id>/record.json: without a valid one there is no layer. */
#ifndef IMAGE_LAYER_RECORD_H
#define IMAGE_LAYER_RECORD_H

#include "image/store.h"

/** layer_is_id() - Sixteen lower-case hex digits */
bool layer_is_id(const char *text);

/**
 * layer_record_read() - What is known about layer @id, without keeping it from the collector
 * Return: -ERR_NOT_FOUND when there is none, it is incomplete, or a power cut may have hit it
 */
int layer_record_read(const struct store *s, const char *id, struct layer *ret_layer,
		      struct error **err);

/** layer_record_read_by_diff() - The same by diffid */
int layer_record_read_by_diff(const struct store *s, const char *diff_id, struct layer *ret_layer,
			      struct error **err);

/** layer_record_is_valid() - Whether layer_record_read() would succeed */
bool layer_record_is_valid(const struct store *s, const char *id);

/** layer_record_write() - As @dir_fd/record.json, atomically */
int layer_record_write(const struct store *s, int dir_fd, const struct layer *layer,
		       struct error **err);

/** layer_record_write_diff() - layers/by-diff/<diffid>, unless a valid layer has that name */
int layer_record_write_diff(const struct store *s, const struct layer *layer, struct error **err);

#endif
