/* SPDX-License-Identifier: Apache-2.0 */
/* Tag records: one small JSON file per reference. */
#include "tags.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "codec/json.h"
#include "lease.h"
#include "manifest.h"

enum { RECORD_MAX = 4096, FILE_NAME_MAX = 255 };

/* "/" is the only character of the grammar that a file name cannot hold; "%" is not in it. */
static int file_name(const char *canonical, char **ret_name, struct error **err)
{
	struct strbuf name CLEANUP_STRBUF = STRBUF_INIT(FILE_NAME_MAX);

	for (const char *p = canonical; *p; p++) {
		if (*p == '/')
			strbuf_add_text(&name, "%2F");
		else
			strbuf_add_char(&name, *p);
	}
	if (name.overflow)
		return error_new(err, ERR_LIMIT, "reference '%s' is too long to be stored",
				 canonical);
	*ret_name = strbuf_steal(&name);
	return 0;
}

int image_canonical_reference(const char *text, char **ret_canonical, struct error **err)
{
	struct reference ref;
	int r = reference_parse(str_from(text), &ref, err);

	if (r < 0)
		return r;
	*ret_canonical = reference_canonical(&ref);
	reference_fini(&ref);
	return 0;
}

static int parse_record(const json_t *j, const char *name, const char **ret_reference,
			const char **ret_manifest, struct error **err)
{
	const char *reference = json_get_text(j, "reference");
	const char *digest = json_get_text(j, "manifest");
	str hex = str_skip(str_from(digest), strlen("sha256:"));

	if (!reference || !digest || !str_has_prefix(str_from(digest), "sha256:") ||
	    !sha256_is_hex(hex))
		return error_new(err, ERR_PARSE, "tag record 'images/%s' is damaged", name);
	*ret_reference = reference;
	*ret_manifest = hex.ptr;
	return 0;
}

int image_tag_read(const struct store *s, const char *canonical, char ret_manifest[SHA256_HEX_SIZE],
	     struct error **err)
{
	CLEANUP_FREE char *name = NULL;
	CLEANUP_JSON json_t *j = NULL;
	const char *reference, *manifest;
	int r = file_name(canonical, &name, err);

	if (r == 0)
		r = json_read_file_at(s->images_fd, name, RECORD_MAX, &j, err);
	if (r == 0)
		r = parse_record(j, name, &reference, &manifest, err);
	if (r < 0)
		return error_context(err, "image '%s'", canonical);
	memcpy(ret_manifest, manifest, SHA256_HEX_SIZE);
	return 0;
}

int image_tag_write(const struct store *s, const char *canonical, const char *manifest_hex,
	      struct error **err)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP_JSON json_t *j = json_object();
	CLEANUP_FREE char *digest = x_asprintf("sha256:%s", manifest_hex), *name = NULL;
	int r = file_name(canonical, &name, err);

	if (r < 0)
		return r;
	json_set_text(j, "reference", canonical);
	json_set_text(j, "manifest", digest);
	json_write_pretty(j, &text);
	r = fs_write_atomic_at(s->images_fd, name, strbuf_str(&text), 0600, FS_DURABLE, err);
	return r < 0 ? error_context(err, "tag '%s'", canonical) : 0;
}

int image_tag(const struct store *s, const char *reference, const char *manifest_hex,
	      struct error **err)
{
	CLEANUP_FREE char *canonical = NULL;
	struct manifest m;
	int r = image_canonical_reference(reference, &canonical, err);

	/* Kept first, so that what is then found to be there stays until the tag refers to it. */
	if (r == 0)
		(void)blob_exists(s, manifest_hex, NULL);
	if (r == 0)
		r = manifest_load(s, manifest_hex, &m, err);
	if (r < 0)
		return r;
	bool is_index = !m.config[0];

	manifest_fini(&m);
	if (is_index)
		return error_new(err, ERR_UNSUPPORTED, "sha256:%s is an index, not an image",
				 manifest_hex);
	return image_tag_write(s, canonical, manifest_hex, err);
}

int image_untag(const struct store *s, const char *reference, struct error **err)
{
	CLEANUP_FREE char *canonical = NULL, *name = NULL;
	int r = image_canonical_reference(reference, &canonical, err);

	if (r == 0)
		r = file_name(canonical, &name, err);
	if (r < 0)
		return r;
	if (unlinkat(s->images_fd, name, 0) < 0)
		return error_errno(err, "remove tag '%s'", canonical);
	return fsync(s->images_fd) < 0 ? error_errno(err, "sync directory 'images'") : 0;
}

static int list_one(const struct store *s, const char *name,
		    int (*fn)(void *ctx, const struct image_tag_info *info, struct error **err),
		    void *ctx, struct error **err)
{
	CLEANUP_JSON json_t *j = NULL;
	struct image_tag_info info;
	int r = json_read_file_at(s->images_fd, name, RECORD_MAX, &j, err);

	if (r == -ERR_NOT_FOUND) { /* removed meanwhile */
		error_free(STEAL_PTR(err));
		return 0;
	}
	if (r == 0)
		r = parse_record(j, name, &info.reference, &info.manifest_digest, err);
	return r < 0 ? r : fn(ctx, &info, err);
}

int image_list_tags(const struct store *s,
		    int (*fn)(void *ctx, const struct image_tag_info *info, struct error **err),
		    void *ctx, struct error **err)
{
	struct strv names CLEANUP_STRV = STRV_INIT;
	int copy = openat(s->images_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	int r = 0;

	if (!d) {
		r = error_errno(err, "read directory 'images'");
		close_fd(copy);
		return r;
	}
	for (struct dirent *e; (e = readdir(d));) {
		/* Names of records hold a "/" as %2F; temporary ones end in .tmp. */
		if (strstr(e->d_name, "%2F") && !str_has_suffix(str_from(e->d_name), ".tmp"))
			strv_add(&names, e->d_name);
	}
	(void)closedir(d);
	strv_sort(&names);
	for (size_t i = 0; r == 0 && i < names.count; i++)
		r = list_one(s, names.items[i], fn, ctx, err);
	return r;
}
