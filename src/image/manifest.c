/* SPDX-License-Identifier: Apache-2.0 */
/* Image manifests and indexes. */
#include "manifest.h"

#include "codec/json.h"

#define TYPE_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define TYPE_CONFIG "application/vnd.oci.image.config.v1+json"
#define TYPE_LAYER "application/vnd.oci.image.layer.v1.tar"

enum { INDEX_MAX = 1024 };

static const struct manifest_type {
	const char *media_type;
	bool is_index;
} types[] = {
	{TYPE_MANIFEST, false},
	{"application/vnd.docker.distribution.manifest.v2+json", false},
	{"application/vnd.oci.image.index.v1+json", true},
	{"application/vnd.docker.distribution.manifest.list.v2+json", true},
};

void manifest_fini(struct manifest *m)
{
	strv_fini(&m->layers);
	strv_fini(&m->manifests);
}

/* The grammar is checked before the digest becomes a file name (CVE-2024-3727). */
static int get_digest(const json_t *descriptor, str *ret_hex, struct error **err)
{
	const char *text = json_get_text(descriptor, "digest");
	str digest = str_from(text);

	*ret_hex = str_skip(digest, strlen("sha256:"));
	if (!text || !str_has_prefix(digest, "sha256:") || !sha256_is_hex(*ret_hex))
		return error_new(err, ERR_PARSE, "descriptor has no SHA-256 digest but '%.80s'",
				 text ? text : "");
	return 0;
}

static int get_digests(const json_t *list, size_t max, struct strv *out, struct error **err)
{
	str hex;

	if (!json_is_array(list))
		return error_new(err, ERR_PARSE, "list of descriptors is missing");
	if (json_array_size(list) > max)
		return error_new(err, ERR_LIMIT, "more than %zu descriptors", max);
	for (size_t i = 0; i < json_array_size(list); i++) {
		int r = get_digest(json_array_get(list, i), &hex, err);

		if (r < 0)
			return r;
		strv_add_str(out, hex);
	}
	return 0;
}

/* What the members say must be what the media type says (CVE-2021-41190). */
static int check_type(const json_t *j, bool *ret_is_index, struct error **err)
{
	const char *media_type = json_get_text(j, "mediaType");
	const bool has_layers = json_object_get(j, "layers") || json_object_get(j, "config");
	const bool has_manifests = json_object_get(j, "manifests");

	if (json_get_int(j, "schemaVersion", 0) != 2)
		return error_new(err, ERR_UNSUPPORTED, "manifest is not of schema version 2");
	if (has_layers == has_manifests)
		return error_new(err, ERR_PARSE, "must be either a manifest or an index");
	*ret_is_index = has_manifests;
	if (!media_type)
		return 0; /* optional in OCI */
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (strcmp(types[i].media_type, media_type) == 0)
			return types[i].is_index == has_manifests
				       ? 0
				       : error_new(err, ERR_PARSE, "content is not a %s",
						   media_type);
	}
	return error_new(err, ERR_UNSUPPORTED, "unknown media type '%.100s'", media_type);
}

static int parse(const json_t *j, struct manifest *m, struct error **err)
{
	bool is_index = false;
	str config;
	int r = check_type(j, &is_index, err);

	if (r < 0)
		return r;
	if (is_index)
		return get_digests(json_object_get(j, "manifests"), INDEX_MAX, &m->manifests, err);
	r = get_digest(json_object_get(j, "config"), &config, err);
	if (r < 0)
		return r;
	memcpy(m->config, config.ptr, SHA256_HEX_SIZE - 1);
	m->config[SHA256_HEX_SIZE - 1] = '\0';
	return get_digests(json_object_get(j, "layers"), LAYERS_PER_IMAGE_MAX, &m->layers, err);
}

int manifest_parse(str json, struct manifest *ret_manifest, struct error **err)
{
	struct manifest m = {.config = ""};
	CLEANUP_JSON json_t *j = NULL;
	int r = json_read(json, "manifest", &j, err);

	if (r == 0)
		r = parse(j, &m, err);
	if (r < 0) {
		manifest_fini(&m);
		return r;
	}
	*ret_manifest = m;
	return 0;
}

int manifest_load(const struct store *s, const char *hex, struct manifest *ret_manifest,
		  struct error **err)
{
	struct strbuf json CLEANUP_STRBUF = STRBUF_INIT(0);
	int r = blob_read(s, hex, STORE_JSON_MAX, &json, err);

	if (r == 0)
		r = manifest_parse(strbuf_str(&json), ret_manifest, err);
	return r < 0 ? error_context(err, "manifest sha256:%.12s", hex) : 0;
}

static json_t *descriptor(const char *media_type, const char *hex, uint64_t size)
{
	CLEANUP_FREE char *digest = x_asprintf("sha256:%s", hex);
	json_t *j = json_object();

	json_set_text(j, "mediaType", media_type);
	json_set_text(j, "digest", digest);
	json_set_int(j, "size", (int64_t)size);
	return j;
}

void manifest_format(const char *config_hex, uint64_t config_size, const struct layer *layers,
		     size_t layer_count, struct strbuf *out)
{
	CLEANUP_JSON json_t *j = json_object();
	json_t *list = json_array();

	json_set_int(j, "schemaVersion", 2);
	json_set_text(j, "mediaType", TYPE_MANIFEST);
	(void)json_object_set_new(j, "config", descriptor(TYPE_CONFIG, config_hex, config_size));
	for (size_t i = 0; i < layer_count; i++)
		(void)json_array_append_new(
			list, descriptor(TYPE_LAYER, layers[i].diff_id, layers[i].tar_size));
	(void)json_object_set_new(j, "layers", list); /* these fail on OOM only */
	json_write(j, out);
}
