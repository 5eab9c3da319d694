/* SPDX-License-Identifier: Apache-2.0 */
/*
 * .dockerignore and the path patterns of COPY. Pure.
 */
#ifndef DOCKERFILE_IGNORE_H
#define DOCKERFILE_IGNORE_H

#include "base/arena.h"
#include "base/error.h"

struct ignore;

enum { IGNORE_FILE_MAX = 1 << 20, IGNORE_PATTERNS_MAX = 10000, IGNORE_PATTERN_MAX = 4096 };

/**
 * ignore_parse() - Text to list
 * @file: name for messages, copied
 * Return: 0 and a list to ignore_free(), or -ERR_PARSE, -ERR_LIMIT
 */
int ignore_parse(const char *file, str text, struct ignore **ret_ignore, struct error **err);
void ignore_free(struct ignore *ig);
DEFINE_CLEANUP(ignore, ignore_free);

/**
 * ignore_match() - Is @path (relative, "a/b", no leading slash) excluded?
 * A pattern also matches when a parent directory of the path matches; the last match wins.
 * @ret_line: line of the deciding pattern, 0 when none; may be NULL
 */
bool ignore_match(const struct ignore *ig, str path, unsigned *ret_line);

/** ignore_has_exceptions() - Any "!" rule? Only without one may an excluded directory be pruned */
bool ignore_has_exceptions(const struct ignore *ig);

/** ignore_file() - The name given to ignore_parse(); borrowed */
const char *ignore_file(const struct ignore *ig);

/**
 * path_match() - Go's filepath.Match: '*' and '?' stop at '/', [a-z] classes, '\\' escapes
 * Return: 1 match, 0 no match, -1 the pattern is malformed
 */
int path_match(str pattern, str path);

/** path_is_pattern() - Does it contain an unescaped '*', '?' or '['? */
bool path_is_pattern(str path);

/** path_clean() - Go's path.Clean without leading '/' and "..": never leaves the root; "" is "." */
str path_clean(struct arena *a, str path);

#endif
