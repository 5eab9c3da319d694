/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of path patterns, shared by path_match() and the ignore list. */
#ifndef DOCKERFILE_PATH_H
#define DOCKERFILE_PATH_H

#include "base/arena.h"

/**
 * path_class_match() - Is @rune in the "[...]" at the start of @pattern?
 * Return: length of the class with its brackets, -1 when it is malformed
 */
ptrdiff_t path_class_match(str pattern, uint32_t rune, bool *ret_match);

/** path_is_well_formed() - Classes closed and not empty, no lone escape at the end */
bool path_is_well_formed(str pattern);

/** path_simplify() - Go's path.Clean: "a//b/../c/" is "a/c", "" is "." */
str path_simplify(struct arena *a, str path);

#endif
