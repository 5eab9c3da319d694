/* SPDX-License-Identifier: Apache-2.0 */
/* From files to one merged tree: read, interpolate, include, extend, merge. */
#ifndef COMPOSE_LOADER_H
#define COMPOSE_LOADER_H

#include "decode.h"

enum {
	LOADER_FILES_MAX = 200, /* read in one load, by -f, include and extends */
	LOADER_DEPTH_MAX = 20,	/* includes inside includes, extends of extends */
	LOADER_NODES_MAX = 300000, /* values of all documents and extended services */
};

/** struct include_chain - Files being included, innermost first */
struct include_chain {
	const struct include_chain *outer;
	const char *path;
};

/** struct extended_file - A file that services were taken from, already interpolated */
struct extended_file {
	struct extended_file *next;
	const char *path;
	struct yaml_node *root;
};

/** struct loader - One load; paths are absolute and clean */
struct loader {
	struct arena *arena;
	const struct report *warnings;
	const struct compose_environment *env;
	bool interpolate;
	const char *home, *working_directory;
	struct compose_sources sources;
	struct compose_list files; /* given or included ones, in order */
	unsigned read_count, node_count, depth;
	const struct include_chain *chain;
	struct extended_file *extended;
	struct error **err;
};

/**
 * compose_loader_parse() - Read one file
 * @path: absolute, or "-" for standard input
 * @directory: what relative paths in it start from
 */
int compose_loader_parse(struct loader *l, const char *path, const char *directory,
			 struct yaml_file **ret_file);

/** compose_loader_interpolate() - Copy of one document (a mapping) with its variables replaced */
int compose_loader_interpolate(struct loader *l, const struct yaml_node *document,
			       struct yaml_node **ret_node);

/** compose_loader_count() - Account for a tree that is about to be copied; -ERR_LIMIT */
int compose_loader_count(struct loader *l, const struct yaml_node *node);

/** compose_loader_merge() - All documents of several files; NULL when they are all empty */
int compose_loader_merge(struct loader *l, struct yaml_file *const *files, size_t count,
			 struct yaml_node **ret_root);

/** compose_loader_extend() - Replace "extends" in the services of @root; @earlier: merged so far */
int compose_loader_extend(struct loader *l, struct yaml_node *root, struct yaml_node *earlier);

/** compose_loader_include() - Replace "include" of @root by what the files say; @root wins */
int compose_loader_include(struct loader *l, struct yaml_node *root, struct yaml_node **ret_root);

#endif
