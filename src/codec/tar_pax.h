/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What extension headers (PAX x and g, GNU L and K, sparse maps) say about the next entry.
 */
#ifndef CODEC_TAR_PAX_H
#define CODEC_TAR_PAX_H

#include "codec/tar.h"

enum { TAR_SPARSE_MAX = 100000 };

/** struct tar_chunk - A piece of a sparse file that is stored */
struct tar_chunk {
	uint64_t offset, size;
};

/** struct tar_fields - Values that override the header block's; NULL or has_ false: not given */
struct tar_fields {
	char *path, *link;
	bool has_size, has_uid, has_gid, has_mtime;
	uint64_t size, uid, gid;
	struct timespec mtime;
	struct tar_xattr xattrs[TAR_XATTRS_MAX];
	size_t xattr_count;
	/* GNU sparse formats 0.0, 0.1 and 1.0 */
	bool sparse, sparse_map_in_data;
	char *sparse_path;
	uint64_t sparse_size;
	struct tar_chunk *chunks;
	size_t chunk_count;
};

void tar_fields_fini(struct tar_fields *f);

/** tar_fields_parse() - Records "LEN key=value\n" over what is there */
int tar_fields_parse(struct tar_fields *f, str records, struct error **err);

/** tar_fields_add_chunk() - One more stored piece; -ERR_LIMIT, -ERR_PARSE when out of order */
int tar_fields_add_chunk(struct tar_fields *f, uint64_t offset, uint64_t size, struct error **err);

#endif
