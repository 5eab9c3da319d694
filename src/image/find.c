/* SPDX-License-Identifier: Apache-2.0 */
/* Finding images by reference or id, and loading them. */
#include <dirent.h>
#include <fcntl.h>

#include "image/image.h"
#include "lease.h"
#include "manifest.h"
#include "tags.h"

enum { ID_PREFIX_MIN = 4, NEAR_NAMES = 3, NEAR_DISTANCE = 3 };

void image_free(struct image *img)
{
	if (!img)
		return;
	image_config_fini(&img->config);
	free(img->layers);
	free(img);
}

static int load_layers(const struct store *s, struct image *img, struct error **err)
{
	const struct strv *diff_ids = &img->config.diff_ids;

	img->layers = x_alloc(diff_ids->count * sizeof(*img->layers));
	for (size_t i = 0; i < diff_ids->count; i++) {
		int r = layer_find_by_diff(s, diff_ids->items[i], &img->layers[i], err);

		if (r < 0)
			return error_hint(err, "pull or build the image again");
		img->layer_count++;
		img->size_bytes += img->layers[i].tar_size;
	}
	return 0;
}

static int load_config(const struct store *s, struct image *img, struct error **err)
{
	struct strbuf json CLEANUP_STRBUF = STRBUF_INIT(0);
	int r = blob_read(s, img->config_digest, STORE_JSON_MAX, &json, err);

	return r < 0 ? r : image_config_parse(strbuf_str(&json), &img->config, err);
}

static int load(const struct store *s, const char *manifest_hex, struct image **ret_image,
		struct error **err)
{
	CLEANUP(image) struct image *img = x_alloc(sizeof(*img));
	struct manifest m;

	/* Kept from the collector first; what is missing shows when it is read. */
	(void)blob_exists(s, manifest_hex, NULL);
	int r = manifest_load(s, manifest_hex, &m, err);

	if (r < 0)
		return r;
	memcpy(img->manifest_digest, manifest_hex, SHA256_HEX_SIZE);
	memcpy(img->config_digest, m.config, SHA256_HEX_SIZE);
	const size_t layer_count = m.layers.count;

	manifest_fini(&m);
	if (!img->config_digest[0])
		return error_new(err, ERR_UNSUPPORTED, "sha256:%s is an index, not an image",
				 manifest_hex);
	(void)blob_exists(s, img->config_digest, NULL);
	r = load_config(s, img, err);
	if (r == 0 && img->config.diff_ids.count != layer_count)
		r = error_new(err, ERR_PARSE, "manifest has %zu layers, config has %zu",
			      layer_count, img->config.diff_ids.count);
	if (r == 0)
		r = load_layers(s, img, err);
	if (r < 0)
		return r;
	*ret_image = STEAL_PTR(&img);
	return 0;
}

/** struct id_search - Images whose id (config or manifest digest) begins with a prefix */
struct id_search {
	const struct store *s;
	const char *prefix;
	struct strv configs, manifests; /* of the distinct images found, side by side */
};

static bool has_prefix(const char *hex, const char *prefix)
{
	return strncmp(hex, prefix, strlen(prefix)) == 0;
}

static void consider_manifest(struct id_search *search, const char *hex)
{
	CLEANUP(error) struct error *ignored = NULL; /* most blobs are no manifests */
	struct manifest m;

	if (manifest_load(search->s, hex, &m, &ignored) < 0)
		return;
	if (m.config[0] &&
	    (has_prefix(m.config, search->prefix) || has_prefix(hex, search->prefix)) &&
	    !strv_has(&search->configs, m.config)) {
		strv_add(&search->configs, m.config);
		strv_add(&search->manifests, hex);
	}
	manifest_fini(&m);
}

static int consider_tag(void *ctx, const struct image_tag_info *info, struct error **err)
{
	char hex[SHA256_HEX_SIZE];

	(void)err; /* a damaged image just is not found */
	memcpy(hex, info->manifest_digest, SHA256_HEX_SIZE);
	consider_manifest(ctx, hex);
	return 0;
}

/* Images without a tag: any small blob that begins as JSON does may be their manifest. */
static int consider_blobs(struct id_search *search, struct error **err)
{
	int copy = openat(search->s->blobs_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);

	if (!d) {
		int r = error_errno(err, "read directory 'blobs/sha256'");

		close_fd(copy);
		return r;
	}
	for (struct dirent *e; (e = readdir(d));) {
		CLEANUP_FD int fd = -1;
		struct stat st;
		char first = '\0';

		if (!sha256_is_hex(str_from(e->d_name)))
			continue;
		fd = openat(dirfd(d), e->d_name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
		if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size <= STORE_JSON_MAX &&
		    pread(fd, &first, 1, 0) == 1 && first == '{')
			consider_manifest(search, e->d_name);
	}
	(void)closedir(d);
	return 0;
}

/* 1: *ret_manifest is the one image with that id; 0: none; -ERR_USAGE: several. */
static int find_by_id(const struct store *s, const char *text, char ret_manifest[SHA256_HEX_SIZE],
		      struct error **err)
{
	str id = str_from(text);

	if (str_has_prefix(id, "sha256:"))
		id = str_skip(id, strlen("sha256:"));
	if (id.len < ID_PREFIX_MIN || id.len > SHA256_HEX_SIZE - 1 ||
	    strspn(id.ptr, "0123456789abcdef") != id.len)
		return 0;
	struct id_search search = {.s = s, .prefix = id.ptr};
	int r = image_list_tags(s, consider_tag, &search, err);

	if (r == 0 && !search.manifests.count)
		r = consider_blobs(&search, err);
	if (r == 0 && search.manifests.count > 1)
		r = error_new(err, ERR_USAGE, "id '%s' means %zu images; give more digits", text,
			      search.manifests.count);
	if (r == 0 && search.manifests.count == 1) {
		memcpy(ret_manifest, search.manifests.items[0], SHA256_HEX_SIZE);
		r = 1;
	}
	strv_fini(&search.configs);
	strv_fini(&search.manifests);
	return r;
}

/** struct near_names - The names nearest to one that was not found */
struct near_names {
	const char *wanted; /* as Docker shows it */
	struct strv names;
};

static int consider_name(void *ctx, const struct image_tag_info *info, struct error **err)
{
	struct near_names *near = ctx;
	struct reference ref;
	int r = reference_parse(str_from(info->reference), &ref, err);

	if (r < 0)
		return r;
	CLEANUP_FREE char *name = reference_familiar(&ref);
	const size_t repository = strcspn(near->wanted, ":@");

	/* Another tag of the same repository, or a slip of the finger. */
	if (near->names.count < NEAR_NAMES &&
	    ((strcspn(name, ":@") == repository && strncmp(name, near->wanted, repository) == 0) ||
	     str_distance(str_from(name), str_from(near->wanted)) <= NEAR_DISTANCE))
		strv_add(&near->names, name);
	reference_fini(&ref);
	return 0;
}

static int not_found(const struct store *s, const char *text, struct error **err)
{
	CLEANUP(error) struct error *ignored = NULL; /* without a list there is no hint */
	struct strbuf list CLEANUP_STRBUF = STRBUF_INIT(0);
	struct reference ref;
	struct near_names near = {.names = STRV_INIT};

	(void)error_new(err, ERR_NOT_FOUND, "no image '%s' in the store", text);
	if (reference_parse(str_from(text), &ref, &ignored) < 0)
		return -ERR_NOT_FOUND;
	CLEANUP_FREE char *wanted = reference_familiar(&ref);

	near.wanted = wanted;
	reference_fini(&ref);
	(void)image_list_tags(s, consider_name, &near, &ignored);
	for (size_t i = 0; i < near.names.count; i++)
		strbuf_addf(&list, "%s%s", i ? ", " : "", near.names.items[i]);
	strv_fini(&near.names);
	if (list.len)
		return error_hint(err, "did you mean %s?", strbuf_text(&list));
	return error_hint(err, "make it with 'firkin build -t %s' or 'firkin import FILE %s', or name "
			       "another for it with --image-alias %s=IMAGE", wanted, wanted, wanted);
}

/* "name:tag@digest": the digest decides; the tag is only a comment then. */
static int find_by_digest(const struct store *s, const char *canonical,
			  char ret_manifest[SHA256_HEX_SIZE], struct error **err)
{
	struct reference ref;
	int r = reference_parse(str_from(canonical), &ref, err);

	if (r < 0)
		return r;
	r = ref.digest && blob_exists(s, ref.digest, NULL);
	if (r == 1)
		memcpy(ret_manifest, ref.digest, SHA256_HEX_SIZE);
	free(STEAL_PTR(&ref.tag));
	CLEANUP_FREE char *untagged = reference_canonical(&ref);

	/* A pulled index: the record is named by its digest and holds the platform's manifest. */
	if (ref.digest && image_tag_read(s, untagged, ret_manifest, err) == 0)
		r = 1;
	else
		error_free(STEAL_PTR(err));
	reference_fini(&ref);
	return r;
}

static int find_by_name(const struct store *s, const char *text, char ret_manifest[SHA256_HEX_SIZE],
			struct error **err)
{
	CLEANUP_FREE char *canonical = NULL;
	int r = image_resolve_alias(s, text, &canonical, err);

	if (r < 0)
		return r;
	if (image_tag_read(s, canonical, ret_manifest, err) == 0)
		return 1;
	if (error_code(*err) != ERR_NOT_FOUND)
		return -(int)error_code(*err);
	error_free(STEAL_PTR(err));
	return find_by_digest(s, canonical, ret_manifest, err);
}

int image_find(const struct store *s, const char *text, struct image **ret_image,
	       struct error **err)
{
	char manifest[SHA256_HEX_SIZE];
	CLEANUP(error) struct error *bad_name = NULL;
	/* An id of 64 digits is no name; of a short one, a name comes first, as in Docker. */
	int r = find_by_name(s, text, manifest, &bad_name);

	if (r < 0 && r != -ERR_PARSE)
		return error_move(err, &bad_name);
	if (r <= 0) {
		int by_id = find_by_id(s, text, manifest, err);

		if (by_id < 0)
			return by_id;
		if (by_id == 0)
			return r < 0 ? error_move(err, &bad_name) : not_found(s, text, err);
	}
	r = load(s, manifest, ret_image, err);
	return r < 0 ? error_context(err, "image '%s'", text) : 0;
}
