/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unpacking a layer's tar into overlay form. Everything in the archive is hostile.
 *
 * How it works: an entry's path is normalised, its parent directory opened by the kernel inside the
 * layer's root (symbolic links of the layer resolve there and cannot leave it), and the last
 * component made in that descriptor without following anything. What exists already is removed
 * first, except that a directory entry updates a directory. OCI image-spec layer.md.
 */
#include "layer_apply.h"
#include "layer_overlay.h"

/* "./a//b/../c/" becomes "a/c"; leaving the root is refused (CVE-2026-28406). */
static int normalise(const char *path, char out[TAR_PATH_MAX + 1], struct error **err)
{
	str rest = str_from(path), part;
	size_t len = 0, depth = 0;

	if (rest.len > TAR_PATH_MAX)
		return error_new(err, ERR_LIMIT, "path '%.80s...' is too long", path);
	out[0] = '\0';
	while (str_cut(&rest, '/', &part)) {
		if (part.len == 0 || str_is(part, "."))
			continue;
		if (str_is(part, "..")) {
			if (depth-- == 0)
				return error_new(err, ERR_PARSE, "'%s' leaves the layer", path);
			while (len && out[--len] != '/')
				;
			out[len] = '\0';
			continue;
		}
		if (++depth > LAYER_DEPTH_MAX)
			return error_new(err, ERR_LIMIT, "'%.80s...' is deeper than %d levels",
					 path, LAYER_DEPTH_MAX);
		if (len)
			out[len++] = '/';
		memcpy(out + len, part.ptr, part.len);
		len += part.len;
		out[len] = '\0';
	}
	return 0;
}

int layer_locate(const char *path, struct member *m, struct error **err)
{
	int r = normalise(path, m->path, err);

	if (r < 0)
		return r;
	char *slash = strrchr(m->path, '/');
	size_t parent_len = slash ? (size_t)(slash - m->path) : 0;

	memcpy(m->parent, m->path, parent_len);
	m->parent[parent_len] = '\0';
	m->name = slash ? slash + 1 : m->path;
	return 0;
}

static int apply_entry(struct layer_unpack *u, const struct tar_entry *e, struct error **err)
{
	struct member m;
	int r = layer_locate(e->path, &m, err);

	if (r < 0)
		return r;
	if (++u->entries > LAYER_ENTRIES_MAX)
		return error_new(err, ERR_LIMIT, "more than %d entries", LAYER_ENTRIES_MAX);
	if (e->uid >= (uint64_t)UINT32_MAX || e->gid >= (uint64_t)UINT32_MAX)
		return error_new(err, ERR_PARSE,
				 "owner is out of range"); /* -1: "leave as it is" */
	if (*m.name == '\0')
		return layer_apply_root(u, e, err);
	r = layer_apply_if_whiteout(u, &m, err);
	if (r <= 0)
		return r;
	r = layer_enter_parent(u, m.parent, false, err);
	return r < 0 ? r : layer_apply_member(u, &m, e, err);
}

static int apply_entries(struct layer_unpack *u, struct error **err)
{
	const struct tar_entry *e = NULL;
	int r;

	while ((r = tar_next(u->tar, &e, err)) > 0) {
		r = apply_entry(u, e, err);
		if (r < 0)
			return error_context(err, "layer entry '%.200s'", e->path);
	}
	return r < 0 ? r : layer_set_dir_times(u, err);
}

/** struct digesting_source - Passes bytes on and hashes them */
struct digesting_source {
	struct byte_source inner;
	struct sha256 hash;
	uint64_t size;
};

static ssize_t read_and_digest(void *ctx, void *buf, size_t len, struct error **err)
{
	struct digesting_source *d = ctx;
	ssize_t n = d->inner.read(d->inner.ctx, buf, len, err);

	if (n <= 0)
		return n;
	d->size += (uint64_t)n;
	if (d->size > LAYER_TAR_MAX)
		return error_new(err, ERR_LIMIT, "layer of more than %llu bytes",
				 (unsigned long long)LAYER_TAR_MAX);
	sha256_add(&d->hash, buf, (size_t)n);
	return n;
}

int layer_apply(int fs_fd, struct byte_source tar, char ret_diff_id[SHA256_HEX_SIZE],
		uint64_t *ret_size, struct error **err)
{
	struct digesting_source digest = {.inner = tar};
	CLEANUP(tar_reader)
	struct tar_reader *reader = tar_reader_new((struct byte_source){read_and_digest, &digest});
	struct layer_unpack u = {.root_fd = fs_fd,
				 .opaque_xattr = layer_opaque_xattr(fs_fd),
				 .tar = reader,
				 .parent_fd = -1,
				 .has_single_id = -1};

	sha256_start(&digest.hash);
	int r = apply_entries(&u, err);

	/* Padding and garbage after the archive belong to the digest. */
	if (r == 0)
		r = tar_drain(reader, err);
	layer_unpack_fini(&u);
	if (r < 0)
		return r;
	sha256_finish(&digest.hash, ret_diff_id);
	if (ret_size)
		*ret_size = digest.size;
	return 0;
}
