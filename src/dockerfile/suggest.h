/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean": the nearest of a table of names. */
#ifndef DOCKERFILE_SUGGEST_H
#define DOCKERFILE_SUGGEST_H

#include "base/str.h"

/**
 * suggest_name() - The name nearest to a mistyped word, case ignored
 * @names: the `const char *name` that is the first member of the first element
 * @stride: size of an element
 * Return: the name, or NULL when none is near
 */
const char *suggest_name(str word, const void *names, size_t stride, size_t count);

#endif
