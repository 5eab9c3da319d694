/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing cache records. */
#include "cache.h"

#include <stdio.h>

#include "codec/json.h"

enum { RECORD_MAX = 1 << 20, PATH_SIZE = 80 };

static void record_path(const char *hex, char ret[PATH_SIZE])
{
	(void)snprintf(ret, PATH_SIZE, "%.2s/%s", hex, hex); /* 67 bytes */
}

static void place_path(const char *identity, char ret[PATH_SIZE])
{
	(void)snprintf(ret, PATH_SIZE, "last/%s", identity); /* 69 bytes */
}

int cache_find(const struct store *s, const struct step_key *key, struct layer *ret_layer,
	       char ret_created[CACHE_TIME_SIZE], struct error **err)
{
	CLEANUP_JSON json_t *record = NULL;
	char path[PATH_SIZE];
	const char *layer, *created;
	int r;

	record_path(key->hex, path);
	r = json_read_file_at(s->cache_fd, path, RECORD_MAX, &record, err);
	if (r < 0)
		return r;
	layer = json_get_text(record, "layer");
	created = json_get_text(record, "created");
	if (!layer || !created || strlen(created) >= CACHE_TIME_SIZE)
		return error_new(err, ERR_NOT_FOUND, "cache record %s is not complete", path);
	(void)snprintf(ret_created, CACHE_TIME_SIZE, "%s", created); /* checked above */
	return layer_find(s, layer, ret_layer, err);
}

static json_t *make_record(const struct step_key *key, const struct layer *layer,
			   const struct cache_note *note)
{
	json_t *j = json_object();

	json_set_text(j, "step", note->step_name);
	json_set_text(j, "layer", layer->id);
	json_set_text(j, "created", note->created);
	(void)json_object_set(j, "components", key->components); /* OOM only */
	return j;
}

int cache_add(const struct store *s, const struct step_key *key, const struct layer *layer,
	      const struct cache_note *note, struct error **err)
{
	CLEANUP_JSON json_t *record = make_record(key, layer, note);
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	char path[PATH_SIZE], dir[3] = { key->hex[0], key->hex[1], '\0' };
	int r = fs_mkdirs_at(s->cache_fd, dir, 0700, err);

	if (r == 0)
		r = fs_mkdirs_at(s->cache_fd, "last", 0700, err);
	if (r < 0)
		return r;
	json_write(record, &text);
	record_path(key->hex, path);
	r = fs_write_atomic_at(s->cache_fd, path, strbuf_str(&text), 0600, FS_VOLATILE, err);
	if (r < 0)
		return r;
	place_path(note->identity, path);
	return fs_write_atomic_at(s->cache_fd, path, str_from(key->hex), 0600, FS_VOLATILE, err);
}

void cache_identity(const char *context, const char *file, const char *stage, size_t number,
		    char ret_hex[SHA256_HEX_SIZE])
{
	CLEANUP_FREE char *count = x_asprintf("%zu", number);
	struct sha256 h;

	sha256_start(&h);
	sha256_add_framed(&h, str_from(context));
	sha256_add_framed(&h, str_from(file));
	sha256_add_framed(&h, str_from(stage));
	sha256_add_framed(&h, str_from(count));
	sha256_finish(&h, ret_hex);
}

char *cache_explain(const struct store *s, const struct step_key *key, const char *identity)
{
	struct strbuf last CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP(error) struct error *ignored = NULL;
	CLEANUP_JSON json_t *record = NULL;
	char path[PATH_SIZE];

	place_path(identity, path);
	if (fs_read_at(s->cache_fd, path, SHA256_HEX_SIZE, &last, &ignored) < 0 ||
	    !sha256_is_hex(strbuf_str(&last)))
		return step_key_explain(key, NULL);
	record_path(strbuf_text(&last), path);
	if (json_read_file_at(s->cache_fd, path, RECORD_MAX, &record, &ignored) < 0)
		return step_key_explain(key, NULL);
	return step_key_explain(key, json_object_get(record, "components"));
}
