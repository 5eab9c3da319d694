/* SPDX-License-Identifier: Apache-2.0 */
/* Tag records: images/<reference with %2F for "/">. */
#ifndef IMAGE_TAGS_H
#define IMAGE_TAGS_H

#include "image/image.h"

/** image_tag_read() - Manifest of a canonical reference; -ERR_NOT_FOUND, -ERR_PARSE (damaged) */
int image_tag_read(const struct store *s, const char *canonical, char ret_manifest[SHA256_HEX_SIZE],
	     struct error **err);

/** image_tag_write() - Durably; the caller has checked the reference and synced what it names */
int image_tag_write(const struct store *s, const char *canonical, const char *manifest_hex,
	      struct error **err);

/** image_canonical_reference() - Normalise what a user typed; caller frees */
int image_canonical_reference(const char *text, char **ret_canonical, struct error **err);

#endif
