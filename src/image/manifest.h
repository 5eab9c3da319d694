/* SPDX-License-Identifier: Apache-2.0 */
/* Image manifests: OCI image-spec manifest.md; Docker's schema 2 has the same members. */
#ifndef IMAGE_MANIFEST_H
#define IMAGE_MANIFEST_H

#include "base/strv.h"
#include "image/store.h"

/** struct manifest - The digests a manifest names, hex */
struct manifest {
	char config[SHA256_HEX_SIZE]; /* empty when it is an index */
	struct strv layers;	      /* as stored: compressed or not, in layer order */
	struct strv manifests;	      /* of an index */
};

void manifest_fini(struct manifest *m);

/** manifest_parse() - Manifest or index; -ERR_PARSE, -ERR_UNSUPPORTED, -ERR_LIMIT */
int manifest_parse(str json, struct manifest *ret_manifest, struct error **err);

/** manifest_load() - From the store, with the digest checked */
int manifest_load(const struct store *s, const char *hex, struct manifest *ret_manifest,
		  struct error **err);

/** manifest_format() - The local manifest: layers are uncompressed tars named by their diffid */
void manifest_format(const char *config_hex, uint64_t config_size, const struct layer *layers,
		     size_t layer_count, struct strbuf *out);

#endif
