/* SPDX-License-Identifier: Apache-2.0 */
/* Making an image of layers: config, manifest, tags. */
#include "blob.h"
#include "image/image.h"
#include "manifest.h"
#include "tags.h"

static int check_layers(const struct layer *layers, size_t layer_count, struct error **err)
{
	if (layer_count > LAYERS_PER_IMAGE_MAX)
		return error_new(err, ERR_LIMIT, "image would have %zu layers; %d is the maximum",
				 layer_count, LAYERS_PER_IMAGE_MAX);
	for (size_t i = 0; i < layer_count; i++) {
		if (!sha256_is_hex(str_from(layers[i].diff_id)))
			return error_new(err, ERR_INTERNAL, "layer %s has no diffid", layers[i].id);
	}
	return 0;
}

static int canonical_tags(const struct strv *tags, struct strv *out, struct error **err)
{
	for (size_t i = 0; i < tags->count; i++) {
		CLEANUP_FREE char *canonical = NULL;
		int r = image_canonical_reference(tags->items[i], &canonical, err);

		if (r < 0)
			return r;
		strv_add(out, canonical);
	}
	return 0;
}

/* The blobs need no sync of their own: one syncfs follows, before any tag refers to them. */
static int write_blobs(const struct store *s, const struct image_config *config,
		       const struct layer *layers, size_t layer_count,
		       char ret_hex[2][SHA256_HEX_SIZE], struct error **err)
{
	struct strbuf json CLEANUP_STRBUF = STRBUF_INIT(0);
	struct strbuf manifest CLEANUP_STRBUF = STRBUF_INIT(0);

	image_config_format(config, &json);
	if (json.len > STORE_JSON_MAX)
		return error_new(err, ERR_LIMIT, "image config is larger than %d bytes",
				 STORE_JSON_MAX);
	int r = blob_write_as(s, strbuf_str(&json), FS_VOLATILE, ret_hex[0], err);

	if (r < 0)
		return r;
	manifest_format(ret_hex[0], json.len, layers, layer_count, &manifest);
	return blob_write_as(s, strbuf_str(&manifest), FS_VOLATILE, ret_hex[1], err);
}

int image_commit(const struct store *s, struct image_config *config, const struct layer *layers,
		 size_t layer_count, const struct strv *tags, char ret_config[SHA256_HEX_SIZE],
		 char ret_manifest[SHA256_HEX_SIZE], struct error **err)
{
	struct strv canonical CLEANUP_STRV = STRV_INIT;
	char hex[2][SHA256_HEX_SIZE]; /* config, manifest */
	int r = check_layers(layers, layer_count, err);

	if (r == 0)
		r = canonical_tags(tags, &canonical, err);
	if (r < 0)
		return r;
	strv_fini(&config->diff_ids);
	for (size_t i = 0; i < layer_count; i++)
		strv_add(&config->diff_ids, layers[i].diff_id);
	r = write_blobs(s, config, layers, layer_count, hex, err);
	if (r == 0)
		r = store_sync(s, err);
	for (size_t i = 0; r == 0 && i < canonical.count; i++)
		r = image_tag_write(s, canonical.items[i], hex[1], err);
	if (r < 0)
		return error_context(err, "commit image");
	memcpy(ret_config, hex[0], SHA256_HEX_SIZE);
	if (ret_manifest)
		memcpy(ret_manifest, hex[1], SHA256_HEX_SIZE);
	return 0;
}
