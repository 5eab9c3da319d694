/* SPDX-License-Identifier: Apache-2.0 */
/* What is referred to: by tags, by containers, by cache records. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "codec/json.h"
#include "collect.h"
#include "image/image.h"
#include "layer_record.h"
#include "manifest.h"

enum { INDEX_DEPTH_MAX = 2, RECORD_MAX = 16 << 20 };

int collect_each(struct collection *c, int dir_fd, const char *path, collect_fn fn,
		 struct error **err)
{
	struct strv names CLEANUP_STRV = STRV_INIT;
	int copy = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	int r = 0;

	if (!d) {
		r = errno == ENOENT || errno == ENOTDIR
			    ? 0
			    : error_errno(err, "read directory '%s'", path);
		close_fd(copy);
		return r;
	}
	for (struct dirent *e; (e = readdir(d));) {
		if (e->d_name[0] != '.')
			strv_add(&names, e->d_name);
	}
	for (size_t i = 0; r == 0 && i < names.count; i++)
		r = fn(c, dirfd(d), names.items[i], err);
	(void)closedir(d);
	return r;
}

static void mark_diff_ids(struct collection *c, const char *config_hex)
{
	CLEANUP(error) struct error *ignored = NULL; /* without a config no layer can be used */
	struct strbuf json CLEANUP_STRBUF = STRBUF_INIT(0);
	struct image_config config;

	if (blob_read(c->s, config_hex, STORE_JSON_MAX, &json, &ignored) < 0 ||
	    image_config_parse(strbuf_str(&json), &config, &ignored) < 0)
		return;
	for (size_t i = 0; i < config.diff_ids.count; i++) {
		CLEANUP(error) struct error *absent = NULL;
		struct layer layer;

		if (layer_record_read_by_diff(c->s, config.diff_ids.items[i], &layer, &absent) == 0)
			strv_add(&c->layers, layer.id);
	}
	image_config_fini(&config);
}

static void mark_manifest(struct collection *c, const char *hex, unsigned depth)
{
	CLEANUP(error) struct error *ignored = NULL; /* a damaged manifest refers to nothing */
	struct manifest m;

	strv_add(&c->blobs, hex);
	if (depth > INDEX_DEPTH_MAX || manifest_load(c->s, hex, &m, &ignored) < 0)
		return;
	for (size_t i = 0; i < m.manifests.count; i++)
		mark_manifest(c, m.manifests.items[i], depth + 1);
	strv_add_all(&c->blobs, &m.layers);
	if (m.config[0]) {
		strv_add(&c->blobs, m.config);
		mark_diff_ids(c, m.config);
	}
	manifest_fini(&m);
}

static int mark_tag(void *ctx, const struct image_tag_info *info, struct error **err)
{
	(void)err; /* marking does not fail */
	mark_manifest(ctx, info->manifest_digest, 0);
	return 0;
}

/* A container that we cannot read may refer to anything: nothing is removed then. */
static int mark_container(struct collection *c, int dir_fd, const char *name, struct error **err)
{
	CLEANUP_FREE char *path = x_asprintf("%s/container.json", name);
	CLEANUP_JSON json_t *j = NULL;
	int r = json_read_file_at(dir_fd, path, RECORD_MAX, &j, err);

	if (r == -ERR_NOT_FOUND) { /* being made: its maker's lease protects what it uses */
		error_free(STEAL_PTR(err));
		return 0;
	}
	if (r < 0)
		return error_context(err, "container %s", name);
	str image = str_from(json_get_text(j, "image"));

	if (str_has_prefix(image, "sha256:"))
		image = str_skip(image, strlen("sha256:"));
	if (sha256_is_hex(image))
		mark_manifest(c, image.ptr, 0);
	json_get_strv(j, "layers", &c->layers);
	return 0;
}

static int mark_cache_record(struct collection *c, int dir_fd, const char *name, struct error **err)
{
	CLEANUP(error) struct error *ignored = NULL; /* an unreadable record is a cache miss */
	CLEANUP_JSON json_t *j = NULL;
	const char *layer;

	(void)err;
	if (json_read_file_at(dir_fd, name, RECORD_MAX, &j, &ignored) == 0 &&
	    (layer = json_get_text(j, "layer")))
		strv_add(&c->layers, layer);
	return 0;
}

static int mark_cache_dir(struct collection *c, int dir_fd, const char *name, struct error **err)
{
	return collect_each(c, dir_fd, name, mark_cache_record, err);
}

int collect_mark(struct collection *c, struct error **err)
{
	int r = image_list_tags(c->s, mark_tag, c, err);

	if (r == 0)
		r = collect_each(c, c->s->containers_fd, ".", mark_container, err);
	if (r == 0)
		r = collect_each(c, c->s->cache_fd, ".", mark_cache_dir, err);
	strv_sort(&c->blobs);
	strv_sort(&c->layers);
	return r;
}
