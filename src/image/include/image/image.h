/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images: references, configs, manifests, tags (OCI image-spec 1.1; Docker's extensions of the config:
 * Healthcheck, OnBuild, Shell).
 */
#ifndef IMAGE_IMAGE_H
#define IMAGE_IMAGE_H

#include <jansson.h>

#include "base/strv.h"
#include "image/store.h"

/** struct reference - "[domain/]path[:tag][@sha256:hex]" normalised: docker.io, library/, latest */
struct reference {
	char *domain; /* "docker.io", "localhost:5000", "firkin.local" */
	char *path;   /* "library/node" */
	char *tag;    /* NULL when only a digest was given */
	char *digest; /* hex, NULL when none */
};

enum { REFERENCE_MAX = 512 };

/** reference_parse() - -ERR_PARSE saying which part is wrong */
int reference_parse(str text, struct reference *ret_ref, struct error **err);
void reference_fini(struct reference *ref);

/** reference_canonical() - "docker.io/library/node:20"; caller frees */
char *reference_canonical(const struct reference *ref);

/** reference_familiar() - As Docker shows it: "node:20"; caller frees */
char *reference_familiar(const struct reference *ref);

/** struct healthcheck_config - The image's Healthcheck; times in nanoseconds, 0: default */
struct healthcheck_config {
	bool given;
	struct strv test; /* ["CMD", ...], ["CMD-SHELL", text], ["NONE"] */
	int64_t interval_ns, timeout_ns, start_period_ns, start_interval_ns;
	int retries;
};

/** struct history_entry - One line of the history */
struct history_entry {
	char *created; /* RFC 3339 or NULL */
	char *created_by, *comment, *author;
	bool empty_layer;
};

/** struct image_config - OCI image config, complete enough to write it back as BuildKit would */
struct image_config {
	char *created; /* RFC 3339, NULL: none */
	char *author, *architecture, *os, *variant, *os_version;
	struct strv env;      /* KEY=VALUE in order */
	bool has_entrypoint, has_cmd;
	struct strv entrypoint, cmd;
	bool args_escaped; /* BuildKit sets it with CMD */
	char *working_dir, *user, *stop_signal;
	struct strv exposed_ports, volumes; /* sorted keys */
	struct strv labels;		    /* KEY=VALUE, key order as given */
	struct strv shell, on_build;
	struct healthcheck_config healthcheck;
	struct strv diff_ids; /* hex, lowest first */
	struct history_entry *history;
	size_t history_count;
};

void image_config_fini(struct image_config *c);

/** image_config_copy() - Deep copy */
void image_config_copy(struct image_config *to, const struct image_config *from);
int image_config_parse(str json, struct image_config *ret_config, struct error **err);

/** image_config_format() - Deterministic JSON with Go's key order (as BuildKit writes it) */
void image_config_format(const struct image_config *c, struct strbuf *out);
void image_config_add_history(struct image_config *c, const char *created, const char *created_by,
			      const char *comment, bool empty_layer);

/** struct image - A loaded image */
struct image {
	char manifest_digest[SHA256_HEX_SIZE]; /* the image's id on listings is config_digest */
	char config_digest[SHA256_HEX_SIZE];
	struct image_config config;
	struct layer *layers; /* lowest first; same count as config.diff_ids */
	size_t layer_count;
	uint64_t size_bytes;  /* sum of the layers' tar sizes */
};

void image_free(struct image *img);
DEFINE_CLEANUP(image, image_free);

/**
 * image_find() - By reference, or by (at least 4 digits of) the id
 * Applies the store's aliases (file `aliases` in the store's root: lines "FROM TO", and those given to
 * image_add_alias()) before looking.
 * Return: -ERR_NOT_FOUND with a hint listing near names
 */
int image_find(const struct store *s, const char *text, struct image **ret_image,
	       struct error **err);

/** image_add_alias() - "--image-alias from=to"; kept for this process */
int image_add_alias(const char *from, const char *to, struct error **err);

/** image_resolve_alias() - Canonical reference after aliases; caller frees */
int image_resolve_alias(const struct store *s, const char *text, char **ret_canonical,
			struct error **err);

/**
 * image_commit() - Write config and manifest, sync the store, set tags
 * @layers: lowest first, all with diff_id; config.diff_ids is set from them
 * @tags: references (normalised here); may be empty
 * @ret_manifest: digest of the manifest; may be NULL
 */
int image_commit(const struct store *s, struct image_config *config, const struct layer *layers,
		 size_t layer_count, const struct strv *tags, char ret_config[SHA256_HEX_SIZE],
		 char ret_manifest[SHA256_HEX_SIZE], struct error **err);

/** image_tag() - Point @reference at an existing manifest */
int image_tag(const struct store *s, const char *reference, const char *manifest_hex,
	      struct error **err);

/** image_untag() - Remove a tag; -ERR_NOT_FOUND. Content goes with store_collect() */
int image_untag(const struct store *s, const char *reference, struct error **err);

/** struct image_tag_info - One tag record */
struct image_tag_info {
	const char *reference; /* canonical */
	const char *manifest_digest;
};

int image_list_tags(const struct store *s,
		    int (*fn)(void *ctx, const struct image_tag_info *info, struct error **err),
		    void *ctx, struct error **err);

/** image_import() - One tar stream (plain or compressed) as an image of one layer */
int image_import(const struct store *s, struct byte_source source, const char *reference,
		 const char *comment, char ret_config[SHA256_HEX_SIZE], struct error **err);

/** struct image_source - How a missing image is obtained; plugged in by cli/ (registry, bootstrap) */
struct image_source {
	/** @ensure: make the image available in the store, or fail */
	int (*ensure)(void *ctx, const char *reference, struct error **err);
	void *ctx;
};

#endif
