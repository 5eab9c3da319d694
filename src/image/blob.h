/* SPDX-License-Identifier: Apache-2.0 */
/* Writing blobs with a choice about durability. */
#ifndef IMAGE_BLOB_H
#define IMAGE_BLOB_H

#include "image/store.h"

/** blob_write_as() - blob_write(), where FS_VOLATILE is for callers that store_sync() afterwards */
int blob_write_as(const struct store *s, str data, enum fs_durability durability,
		  char ret_hex[SHA256_HEX_SIZE], struct error **err);

#endif
