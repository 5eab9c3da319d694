/* SPDX-License-Identifier: Apache-2.0 */
/* A layer's completion record: without a valid one there is no layer. */
#include "layer_record.h"

#include <fcntl.h>
#include <stdio.h>

#include "codec/json.h"

enum { RECORD_MAX = 4096, PATH_SIZE = LAYER_ID_SIZE + 16 };

bool layer_is_id(const char *text)
{
	return strlen(text) == LAYER_ID_SIZE - 1 &&
	       strspn(text, "0123456789abcdef") == LAYER_ID_SIZE - 1;
}

static int parse_record(const json_t *j, const char *id, struct layer *layer, struct error **err)
{
	const char *diff_id = json_get_text(j, "diffId");
	int64_t size = json_get_int(j, "size", 0), files = json_get_int(j, "files", 0);

	if (size < 0 || files < 0 || (diff_id && !sha256_is_hex(str_from(diff_id))))
		return error_new(err, ERR_PARSE, "record of layer %s is damaged", id);
	*layer = (struct layer){.tar_size = (uint64_t)size, .file_count = (uint64_t)files};
	memcpy(layer->id, id, LAYER_ID_SIZE);
	if (diff_id)
		memcpy(layer->diff_id, diff_id, SHA256_HEX_SIZE);
	return 0;
}

/* Written before the last boot and never synced: its files may be empty by now. */
static bool is_lost(const struct store *s, const json_t *j, const char *id)
{
	const char *boot = json_get_text(j, "boot");
	char path[PATH_SIZE];

	if (boot && strcmp(boot, s->boot_id) == 0)
		return false;
	(void)snprintf(path, sizeof(path), "synced/%s", id); /* fits */
	return faccessat(s->layers_fd, path, F_OK, 0) < 0;
}

int layer_record_read(const struct store *s, const char *id, struct layer *ret_layer,
		      struct error **err)
{
	CLEANUP_JSON json_t *j = NULL;
	char path[PATH_SIZE];

	if (!layer_is_id(id))
		return error_new(err, ERR_NOT_FOUND, "'%.32s' is not a layer's id", id);
	(void)snprintf(path, sizeof(path), "%s/record.json", id); /* fits */
	int r = json_read_file_at(s->layers_fd, path, RECORD_MAX, &j, err);

	if (r == 0 && is_lost(s, j, id))
		r = error_new(err, ERR_NOT_FOUND,
			      "it was not on the disk when the machine stopped");
	if (r == 0)
		return parse_record(j, id, ret_layer, err);
	/* An empty or torn record is what a power cut leaves of a layer: there is none. */
	if (r == -ERR_PARSE)
		return error_new(err, ERR_NOT_FOUND, "layer %s has no valid record", id);
	return error_context(err, "layer %s", id);
}

bool layer_record_is_valid(const struct store *s, const char *id)
{
	CLEANUP(error) struct error *ignored = NULL; /* the answer is all we want */
	struct layer layer;

	return layer_record_read(s, id, &layer, &ignored) == 0;
}

int layer_record_read_by_diff(const struct store *s, const char *diff_id, struct layer *ret_layer,
			      struct error **err)
{
	struct strbuf id CLEANUP_STRBUF = STRBUF_INIT(0);
	struct layer layer;

	if (!sha256_is_hex(str_from(diff_id)))
		return error_new(err, ERR_NOT_FOUND, "'%.80s' is not a diffid", diff_id);
	CLEANUP_FREE char *path = x_asprintf("by-diff/%s", diff_id);
	int r = fs_read_at(s->layers_fd, path, PATH_SIZE, &id, err);

	if (r == 0)
		r = layer_record_read(s, strbuf_text(&id), &layer, err);
	if (r == 0 && strcmp(layer.diff_id, diff_id) != 0)
		r = error_new(err, ERR_NOT_FOUND, "layer %s is another one", layer.id);
	if (r < 0)
		return error_context(err, "layer sha256:%s", diff_id);
	*ret_layer = layer;
	return 0;
}

int layer_record_write(const struct store *s, int dir_fd, const struct layer *layer,
		       struct error **err)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP_JSON json_t *j = json_object();

	json_set_text(j, "diffId", layer->diff_id[0] ? layer->diff_id : NULL);
	json_set_int(j, "size", (int64_t)layer->tar_size);
	json_set_int(j, "files", (int64_t)layer->file_count);
	json_set_text(j, "boot", s->boot_id);
	json_write_pretty(j, &text);
	return fs_write_atomic_at(dir_fd, "record.json", strbuf_str(&text), 0600, FS_VOLATILE, err);
}

int layer_record_write_diff(const struct store *s, const struct layer *layer, struct error **err)
{
	CLEANUP(error) struct error *ignored = NULL; /* absent or stale: it is written */
	struct layer other;
	CLEANUP_FREE char *path = x_asprintf("by-diff/%s", layer->diff_id);

	if (layer_record_read_by_diff(s, layer->diff_id, &other, &ignored) == 0)
		return 0;
	int r = fs_mkdirs_at(s->layers_fd, "by-diff", 0700, err);

	return r < 0 ? r
		     : fs_write_atomic_at(s->layers_fd, path, str_from(layer->id), 0600,
					  FS_VOLATILE, err);
}
