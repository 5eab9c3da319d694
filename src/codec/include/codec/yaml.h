/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML text as a tree whose nodes and keys know where they stand. Pure: text in, tree or error out.
 *
 * Aliases are resolved: an aliased node is shared, so the "tree" is an acyclic graph and nobody may
 * change it in place. Merge keys ("<<") are resolved too. Every node fits the limits below *after*
 * expansion of its aliases, so that walking or copying it is always cheap.
 *
 * Plain scalars get their kind as in YAML 1.2, plus the leading-zero octal integers and digit
 * separators that Go programs accept. "yes", "no", "on", "off" and 22:22 are strings.
 */
#ifndef CODEC_YAML_H
#define CODEC_YAML_H

#include "base/arena.h"
#include "base/error.h"

enum {
	YAML_SIZE_MAX = 4 << 20,   /* bytes of one file */
	YAML_DEPTH_MAX = 100,	   /* collections inside each other */
	YAML_NODES_MAX = 100000,   /* of one document, aliases expanded */
	YAML_MAPPING_MAX = 4096,   /* keys of one mapping */
	YAML_ANCHORS_MAX = 1000,   /* of one document */
	YAML_DOCUMENTS_MAX = 100,  /* of one file */
};

enum yaml_kind {
	YAML_NULL,
	YAML_BOOL,
	YAML_INT,
	YAML_FLOAT,
	YAML_STRING,
	YAML_SEQUENCE,
	YAML_MAPPING,
	YAML_KIND_COUNT,
};

/** struct yaml_source - The file that a node came from */
struct yaml_source {
	const char *file; /* as the user named it */
	str text;
	const char *directory; /* for the caller: what relative paths in it start from; else NULL */
};

/** struct yaml_place - Position of a node or key; line and column count from 1 */
struct yaml_place {
	const struct yaml_source *source;
	unsigned line, column;
};

struct yaml_node;

/** struct yaml_pair - Entry of a mapping */
struct yaml_pair {
	str key;
	struct yaml_place place; /* of the key */
	struct yaml_node *value;
};

/**
 * struct yaml_node - A value
 * @tag:   own tag such as "!reset", empty when there is none (core "!!" tags only choose the kind)
 * @plain: scalar without quotes, not a block scalar
 * @size:  nodes in it, itself included, aliases counted each time they are used
 * @depth: collections inside each other; 0 for a scalar
 * @text:  scalar as written, unescaped, NUL-terminated
 * @count: elements of @items (sequence) or @pairs (mapping, in the order of the file)
 */
struct yaml_node {
	enum yaml_kind kind;
	bool plain;
	str tag;
	struct yaml_place place;
	unsigned size, depth;
	str text;
	size_t count;
	struct yaml_node **items;
	struct yaml_pair *pairs;
};

/** struct yaml_file - The documents of one file; an empty file has none */
struct yaml_file {
	struct yaml_source source;
	struct yaml_node **documents;
	size_t count;
};

/**
 * yaml_parse() - All documents of a text
 * @a:	  holds the tree and copies of @file and @text
 * @file: for messages
 * Return: 0, -ERR_PARSE with position, source line and a cause in words, or -ERR_LIMIT
 */
int yaml_parse(struct arena *a, const char *file, str text, struct yaml_file **ret_file,
	       struct error **err);

/** yaml_find() - Entry of a mapping by key; NULL when absent or when @node is not a mapping */
struct yaml_pair *yaml_find(const struct yaml_node *node, const char *key);
struct yaml_pair *yaml_find_str(const struct yaml_node *node, str key);

/** yaml_is_scalar() - Anything but a sequence or mapping; null is a scalar */
bool yaml_is_scalar(const struct yaml_node *node);

/** yaml_kind_name() - For messages: "null", "a boolean", "a list", ... */
const char *yaml_kind_name(enum yaml_kind kind);

/** yaml_position() - For error_at(); borrows from the place's source */
struct error_position yaml_position(struct yaml_place place);

/** yaml_source_line() - Text of one line (from 1) without its end; empty when there is none */
str yaml_source_line(const struct yaml_source *source, unsigned line);

/** yaml_resolve_plain() - Kind of an unquoted scalar */
enum yaml_kind yaml_resolve_plain(str text);

#endif
