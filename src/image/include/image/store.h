/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store: blobs, layers, tags on disk. Format: docs/formats/store.md.
 *
 *   blobs/sha256/<hex>        configs, manifests, compressed layers as pulled
 *   images/<name>             one record per tag ("%2F" for "/")
 *   layers/<id>/fs            unpacked layer in overlay form; layers/<id>/record.json says it is complete
 *   layers/by-diff/<hex>      text file: id of the layer with that diffid
 *   layers/synced/<id>        mark: the layer survives a power cut
 *   cache/ containers/ volumes/ tmp/ locks/  directories of other modules, made here
 *
 * Durable before name: a layer without its record, a tag without its manifest do not exist.
 */
#ifndef IMAGE_STORE_H
#define IMAGE_STORE_H

#include <stdint.h>

#include "base/error.h"
#include "base/fs.h"
#include "codec/sha256.h"
#include "codec/tar.h"

enum {
	STORE_JSON_MAX = 4 << 20, /* manifests and configs */
	LAYER_ID_SIZE = 17,	  /* 16 hex digits and NUL: short, so that many fit in overlay's options */
	LAYERS_PER_IMAGE_MAX = 127,
};

struct store {
	char *path; /* absolute */
	int root_fd, blobs_fd, images_fd, layers_fd, cache_fd, containers_fd, volumes_fd, tmp_fd,
		locks_fd;
	char *layers_path; /* absolute path of layers/ */
	char *boot_id;	   /* of the running kernel; tells whether unsynced data survived */
	struct store_lease *lease; /* keeps what this process found from the collector */
};

/**
 * store_open() - Make the directories (0700) when missing and open them
 * What a process finds or makes is kept from other processes' store_collect() until store_close();
 * a long-lived process closes the store when it has no work in it.
 */
int store_open(const char *path, struct store **ret_store, struct error **err);
void store_close(struct store *s);
DEFINE_CLEANUP(store, store_close);

/** blob_write() - Write @data durably unless it is there; @ret_hex gets its digest */
int blob_write(const struct store *s, str data, char ret_hex[SHA256_HEX_SIZE], struct error **err);

/** blob_read() - Read and verify; -ERR_NOT_FOUND, -ERR_DIGEST, -ERR_LIMIT */
int blob_read(const struct store *s, const char *hex, size_t max, struct strbuf *out,
	      struct error **err);
bool blob_exists(const struct store *s, const char *hex, uint64_t *ret_size);

/** struct layer - A complete layer */
struct layer {
	char id[LAYER_ID_SIZE];
	char diff_id[SHA256_HEX_SIZE]; /* hex of the uncompressed tar; empty until it is computed */
	uint64_t tar_size;
	uint64_t file_count;
};

/** struct layer_draft - A layer being made in tmp/; abandoned when freed uncommitted */
struct layer_draft {
	const struct store *store;
	char name[LAYER_ID_SIZE]; /* becomes the id */
	int dir_fd;		  /* tmp/<name>; holds fs/ and, for an overlay, work/ */
	int fs_fd;		  /* tmp/<name>/fs: the overlay's upper directory or where to unpack */
	char *path;		  /* absolute path of tmp/<name> */
	int lease_fd;		  /* lock that tells the collector that somebody works here */
	bool committed;
};

int layer_draft_new(const struct store *s, struct layer_draft **ret_draft, struct error **err);
void layer_draft_free(struct layer_draft *d);
DEFINE_CLEANUP(layer_draft, layer_draft_free);

/**
 * layer_commit() - Move a draft's fs/ into the store by rename and write its record
 * @diff_id: hex, or NULL when it will be computed later (layer_set_diff_id())
 * No fsync: a build step that a power cut loses is built again; store_sync() before a tag is written.
 */
int layer_commit(struct layer_draft *d, const char *diff_id, uint64_t tar_size,
		 struct layer *ret_layer, struct error **err);
int layer_set_diff_id(const struct store *s, struct layer *layer, const char *diff_id,
		      uint64_t tar_size, struct error **err);

/** layer_find() - By id; layer_find_by_diff() - by diffid; -ERR_NOT_FOUND when absent or incomplete */
int layer_find(const struct store *s, const char *id, struct layer *ret_layer, struct error **err);
int layer_find_by_diff(const struct store *s, const char *diff_id, struct layer *ret_layer,
		       struct error **err);

/** layer_lower() - "<id>/fs", relative to layers_path; for an overlay's lower directories */
void layer_lower(const struct layer *layer, char ret_path[LAYER_ID_SIZE + 4]);

/**
 * layer_write_tar() - The canonical tar of an unpacked layer (sorted, overlay whiteouts as .wh. files)
 * @clamp_s: SOURCE_DATE_EPOCH; later times become this one; negative: no clamp
 */
int layer_write_tar(int fs_fd, int64_t clamp_s, struct byte_sink sink, struct error **err);

/** layer_digest() - diffid and size of that tar, computed without storing it */
int layer_digest(int fs_fd, int64_t clamp_s, char ret_hex[SHA256_HEX_SIZE], uint64_t *ret_size,
		 struct error **err);

/**
 * layer_apply() - Unpack a tar stream into @fs_fd in overlay form
 * Whiteouts become char 0:0 and opaque directories the trusted.overlay.opaque xattr (in a user
 * namespace user.overlay.opaque: mount with userxattr there). Hostile input: nothing outside fs_fd is
 * touched whatever the archive says.
 * @diff_id: gets the hex digest of all bytes of the stream
 */
int layer_apply(int fs_fd, struct byte_source tar, char ret_diff_id[SHA256_HEX_SIZE],
		uint64_t *ret_size, struct error **err);

/**
 * store_release() - The collector may have what was found so far and is not referred to
 * For processes that live long, when they are idle, and for a fork that goes its own way: the lease
 * that it inherits is its parent's. The next find takes a new one.
 */
void store_release(const struct store *s);

/** store_sync() - One syncfs: everything written so far survives a power cut */
int store_sync(const struct store *s, struct error **err);

/** store_collect() - Remove blobs, layers and drafts that nothing refers to; @ret_freed bytes (may be NULL) */
int store_collect(const struct store *s, uint64_t *ret_freed, struct error **err);

#endif
