/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State of one layer_apply(): the directories that the archive touched and the one it is in.
 *
 * Directories are known by inode, not by path, because an archive may reach the same one through
 * symbolic links. Their times are set at the end, when nothing is added to them any more.
 */
#ifndef IMAGE_LAYER_APPLY_H
#define IMAGE_LAYER_APPLY_H

#include "codec/tar.h"
#include "image/store.h"
#include "inode_map.h"

/* Bounds of one layer (CVE-2017-14992): tar bytes, unpacked bytes, entries, remembered names. */
#define LAYER_TAR_MAX ((uint64_t)64 << 30)
#define LAYER_CONTENT_MAX ((uint64_t)64 << 30)
enum { LAYER_ENTRIES_MAX = 4 << 20, LAYER_NAMES_MAX = 64 << 20 };

/** struct layer_dir - A directory of the layer */
struct layer_dir {
	char *path; /* as it was first reached */
	ino_t ino;
	struct timespec mtime; /* what it shall have in the end */
	bool implicit;	       /* made because something in it needed it, not by an entry */
	bool opaque;
	bool has_whiteouts;
};

struct layer_unpack {
	int root_fd;
	const char *opaque_xattr;
	struct tar_reader *tar;
	struct layer_dir *dirs;
	size_t dir_count, dir_capacity, name_bytes;
	struct inode_map dirs_by_inode;

	/* The directory of the last entry: in a sorted archive the next one is in it too. */
	int parent_fd;	   /* -1: none */
	char *parent_path; /* normalised; "" is the root */
	size_t parent_dir; /* index in dirs */

	uint64_t entries, content_bytes;
	char *buffer;
	int has_single_id; /* -1: not asked yet */
};

/** struct member - Where an entry belongs */
struct member {
	char path[TAR_PATH_MAX + 1]; /* normalised */
	char *name;		     /* last component, in path; "" for the root */
	char parent[TAR_PATH_MAX + 1];
};

/** layer_unpack_fini() - Free what the state holds; root_fd and tar stay the caller's */
void layer_unpack_fini(struct layer_unpack *u);

/**
 * layer_enter_parent() - Make @path the current directory, with missing components made
 * @path: normalised, no "." or ".."; symbolic links in it resolve inside the layer
 * @for_whiteout: stop at a whiteout instead of making a directory of it
 * Return: 0; 1: @path lies below a whiteout, so that there is nothing to remove; -ERR_*
 */
int layer_enter_parent(struct layer_unpack *u, const char *path, bool for_whiteout,
		       struct error **err);

/** layer_leave_parent() - Forget the current directory */
void layer_leave_parent(struct layer_unpack *u);

/** layer_enter_made() - Make the directory just made the current one; takes @fd and @path */
void layer_enter_made(struct layer_unpack *u, int fd, char *path, size_t dir);

/**
 * layer_add_dir() - Know a directory
 * @made: it was just made: forget what its inode number stood for before
 * @ret_dir: its index
 */
int layer_add_dir(struct layer_unpack *u, int fd, const char *path, bool made, size_t *ret_dir,
		  struct error **err);

/** layer_find_dir() - What is known about the directory @fd, or NULL */
struct layer_dir *layer_find_dir(const struct layer_unpack *u, int fd);

/** layer_hide_lower() - Make a directory opaque and drop the whiteouts in it, which say the same */
int layer_hide_lower(struct layer_unpack *u, int fd, struct layer_dir *dir, struct error **err);

/** layer_set_dir_times() - At the end: the directories' mtimes */
int layer_set_dir_times(struct layer_unpack *u, struct error **err);

/** layer_locate() - Normalise a path of the archive; leaving the root is -ERR_PARSE */
int layer_locate(const char *path, struct member *ret_member, struct error **err);

/** layer_clear_name() - Remove what is called @name in the current directory, if anything is */
int layer_clear_name(struct layer_unpack *u, const char *name, struct error **err);

/** layer_apply_root() - The entry of the root directory itself */
int layer_apply_root(struct layer_unpack *u, const struct tar_entry *e, struct error **err);

/** layer_apply_member() - An entry in the current directory */
int layer_apply_member(struct layer_unpack *u, const struct member *m, const struct tar_entry *e,
		       struct error **err);

/** layer_apply_if_whiteout() - 0: it was one and is done; 1: it is an ordinary entry; -ERR_* */
int layer_apply_if_whiteout(struct layer_unpack *u, const struct member *m, struct error **err);

#endif
