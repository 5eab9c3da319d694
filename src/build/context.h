/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The build context: a directory of the host, its ignore file, and which of its paths the sources
 * of a COPY, ADD or bind mount mean. Contexts are hostile: links never leave the root they are in.
 */
#ifndef BUILD_CONTEXT_H
#define BUILD_CONTEXT_H

#include <stdbool.h>

#include "base/strv.h"
#include "codec/sha256.h"
#include "dockerfile/ignore.h"
#include "image/store.h"

struct context;

/**
 * context_open() - Open a context directory and read its ignore file
 * @store:	     borrowed; holds the stat cache of this directory
 * @dockerfile_path: "<this>.dockerignore" wins over ".dockerignore" in @dir; NULL: no file
 * Return: 0; -ERR_IO, -ERR_NOT_FOUND; -ERR_PARSE with a position in the ignore file
 */
int context_open(const struct store *store, const char *dir, const char *dockerfile_path,
		 struct context **ret, struct error **err);

/** context_close() - Write the stat cache back when it changed; NULL is ignored */
void context_close(struct context *ctx);
DEFINE_CLEANUP(context, context_close);

int context_fd(const struct context *ctx);

/** context_ignore() - NULL when there is no ignore file */
const struct ignore *context_ignore(const struct context *ctx);

enum {
	SELECTION_ENTRIES_MAX = 1 << 20, /* what the wildcards of one instruction may match */
	CONTEXT_DEPTH_MAX = 256,	 /* directories inside each other */
};

/** struct selected - One source after its wildcards were matched */
struct selected {
	char *path;	 /* from the root, cleaned; "." is the root itself */
	bool is_dir;	 /* also a symlink to a directory: sources are followed */
	bool is_pattern; /* came out of a wildcard */
};

struct selection {
	struct selected *entries; /* in the order of the sources; those of a wildcard sorted */
	size_t count;
};

#define SELECTION_INIT ((struct selection){ NULL, 0 })

void selection_fini(struct selection *sel);

/**
 * select_paths() - The sources of one instruction in a tree
 * @root_fd: the context
 * @ignore:  NULL: none
 * @sources: expanded words; a leading "/" and ".." are clamped to the root
 * Return: 0, also when a wildcard matches nothing; -ERR_NOT_FOUND: a literal source is not there,
 *         is ignored (naming file and line), or lies outside the context; -ERR_PARSE: malformed
 *         pattern; -ERR_LIMIT. The caller adds the position. *ret needs selection_fini() always.
 */
int select_paths(int root_fd, const struct ignore *ignore, const struct strv *sources,
		 struct selection *ret, struct error **err);

/** select_paths_in_image() - The same for the root of another stage or image, as messages say */
int select_paths_in_image(int root_fd, const struct strv *sources, struct selection *ret,
			  struct error **err);

/**
 * content_hash() - What copying one entry of a selection would give, without times
 * @ctx:     its stat cache saves reading unchanged files, and owners do not count; NULL: no cache,
 *	     owners count
 * @root_fd: what @sel was selected from
 * @entry:   index in @sel
 * Covers names, types, modes, link targets, attributes and bytes; of a file also its own name.
 */
int content_hash(struct context *ctx, int root_fd, const struct ignore *ignore,
		 const struct selection *sel, size_t entry, char ret_hex[SHA256_HEX_SIZE],
		 struct error **err);

#endif
