/* SPDX-License-Identifier: Apache-2.0 */
/* Paths as text: nothing here looks at the file system. */
#ifndef COMPOSE_PATH_H
#define COMPOSE_PATH_H

#include "base/arena.h"

/**
 * compose_path_clean() - Without ".", "..", double or final slashes; "/" stays
 * ".." at the beginning of a relative path is kept. "" becomes ".".
 */
const char *compose_path_clean(struct arena *a, str path);

/**
 * compose_path_absolute() - @path as seen from @directory, cleaned
 * @home: what "~" at the beginning stands for; NULL: "~" is an ordinary name
 */
const char *compose_path_absolute(struct arena *a, const char *directory, str path,
				  const char *home);

/** compose_path_parent() - Directory part of an absolute, cleaned path */
const char *compose_path_parent(struct arena *a, const char *path);

/** compose_path_name() - Last component of a cleaned path */
const char *compose_path_name(const char *path);

#endif
