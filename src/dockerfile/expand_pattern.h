/* SPDX-License-Identifier: Apache-2.0 */
/* The patterns of ${v#p} ${v%p} ${v/p/r}: '*', '?' and '\' before '*', '?' and '\'. */
#ifndef DOCKERFILE_EXPAND_PATTERN_H
#define DOCKERFILE_EXPAND_PATTERN_H

#include "base/error.h"

enum pattern_trim { PATTERN_SHORTEST = 0, PATTERN_LONGEST = 1, PATTERN_SUFFIX = 2 };

/**
 * expand_pattern_trim() - Cut the shortest or longest match off an end of @value
 * @how: flags of enum pattern_trim
 * @ret_rest: a part of @value
 */
int expand_pattern_trim(str pattern, str value, unsigned how, str *ret_rest, struct error **err);

/**
 * expand_pattern_replace() - Replace the first or all longest matches
 * @out: the result is added; its maximum applies
 */
int expand_pattern_replace(str pattern, str value, str replacement, bool all, struct strbuf *out,
			   struct error **err);

#endif
