/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SOURCE_DATE_EPOCH: times in a new layer are never later.
 */
#ifndef BUILD_CLAMP_H
#define BUILD_CLAMP_H

#include "base/error.h"

/**
 * clamp_times() - Set later mtimes below @fs_fd, the directory itself included, to @epoch_s
 * On disk, so that a tar made again from the layer, at a push or a save, is the same.
 */
int clamp_times(int fs_fd, int64_t epoch_s, struct error **err);

#endif
