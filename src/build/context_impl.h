/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the context share: its stat cache, opened when it is first asked for. */
#ifndef BUILD_CONTEXT_IMPL_H
#define BUILD_CONTEXT_IMPL_H

#include "context.h"

struct stat_cache;

struct stat_cache *context_stat_cache(struct context *ctx);

#endif
