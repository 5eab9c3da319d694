/* SPDX-License-Identifier: Apache-2.0 */
/* How much a directory tree holds. */
#ifndef IMAGE_LAYER_MEASURE_H
#define IMAGE_LAYER_MEASURE_H

#include <stdint.h>

#include "base/error.h"

/**
 * layer_measure() - Count what is below a directory
 * @ret_files: names, the directory itself not counted; may be NULL
 * @ret_bytes: bytes on the disk; may be NULL, which saves a stat() per name
 * Return: 0, -ERR_IO, -ERR_LIMIT (deeper than LAYER_DEPTH_MAX)
 */
int layer_measure(int dir_fd, uint64_t *ret_files, uint64_t *ret_bytes, struct error **err);

#endif
