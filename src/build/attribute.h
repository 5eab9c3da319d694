/* SPDX-License-Identifier: Apache-2.0 */
/* Extended attributes that belong to a file's content and not to the machine it lies on. */
#ifndef BUILD_ATTRIBUTE_H
#define BUILD_ATTRIBUTE_H

#include "base/strbuf.h"

/** attribute_is_kept() - user.* but overlay's own, and file capabilities */
bool attribute_is_kept(const char *name);

/**
 * attribute_list() - Names and values of a file's kept attributes, sorted by name
 * @out: appended for each: name, NUL, 4 bytes of size (host order), value
 * A file system without attributes has none.
 */
void attribute_list(int fd, struct strbuf *out);

/** attribute_copy() - Copy what is kept; what the target cannot hold is left out */
void attribute_copy(int from_fd, int to_fd);

#endif
