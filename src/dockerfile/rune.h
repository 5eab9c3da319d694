/* SPDX-License-Identifier: Apache-2.0 */
/* One character of UTF-8 text. */
#ifndef DOCKERFILE_RUNE_H
#define DOCKERFILE_RUNE_H

#include "base/str.h"

enum {
	RUNE_MAX = 0x10FFFF,
	RUNE_BAD_BYTE = 0x110000, /* plus the byte: invalid text matches itself only */
};

/** rune_decode() - The first character of @s, which is not empty */
uint32_t rune_decode(str s, size_t *ret_len);

#endif
