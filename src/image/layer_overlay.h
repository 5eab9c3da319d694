/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a layer in overlay form: what an inode or an attribute means, what a directory holds. */
#ifndef IMAGE_LAYER_OVERLAY_H
#define IMAGE_LAYER_OVERLAY_H

#include <stdbool.h>
#include <sys/stat.h>

#include "codec/tar.h"

/* A tar path of 4095 bytes could nest 2048 deep; walking needs a descriptor per level. */
enum { LAYER_DEPTH_MAX = 512 };

/** layer_opaque_xattr() - "trusted.overlay.opaque", or the user. form inside a user namespace */
const char *layer_opaque_xattr(int fs_fd);

/** layer_is_opaque() - Whether the directory hides what lower layers have in it */
bool layer_is_opaque(int dir_fd, const char *opaque_xattr);

/** layer_is_whiteout() - Whether this is overlay's mark of a removed file */
bool layer_is_whiteout(const struct stat *st);

/** layer_keeps_xattr() - Whether an attribute belongs to the image and not to this machine */
bool layer_keeps_xattr(const char *name);

/** layer_is_redirect_xattr() - Of redirect_dir or metacopy: the content is elsewhere */
bool layer_is_redirect_xattr(const char *name);

/** struct layer_child - One name in a directory */
struct layer_child {
	char *name;
	unsigned char type; /* DT_* */
	bool is_whiteout;
};

struct layer_children {
	struct layer_child *items;
	size_t count, capacity;
};

/**
 * layer_list_children() - Whiteouts first, then the rest, each sorted by bytes; without sockets
 * Return: 0, -ERR_IO, -ERR_UNSUPPORTED (a name that an image cannot hold)
 */
int layer_list_children(int dir_fd, struct layer_children *ret_children, struct error **err);
void layer_children_fini(struct layer_children *c);

/* Attributes of one entry, in the form of the tar writer. */
struct layer_xattrs {
	struct tar_xattr items[TAR_XATTRS_MAX];
	size_t count;
};

/**
 * layer_read_xattrs() - Those that belong to the image, sorted by name
 * Return: 0, -ERR_IO, -ERR_LIMIT, -ERR_UNSUPPORTED (overlay keeps the content elsewhere)
 */
int layer_read_xattrs(int fd, struct layer_xattrs *ret_xattrs, struct error **err);
void layer_xattrs_fini(struct layer_xattrs *x);

#endif
