/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 (nettle, which uses the CPU's SHA instructions).
 */
#ifndef CODEC_SHA256_H
#define CODEC_SHA256_H

#include <nettle/sha2.h>

#include "base/str.h"

enum { SHA256_HEX_SIZE = 65 };

struct sha256 {
	struct sha256_ctx ctx;
};

void sha256_start(struct sha256 *h);
void sha256_add(struct sha256 *h, const void *data, size_t len);

/** sha256_add_framed() - Length (8 bytes, little endian), then the bytes: lists cannot collide */
void sha256_add_framed(struct sha256 *h, str data);

/** sha256_finish() - 64 lower-case hex digits plus NUL; the state is reset */
void sha256_finish(struct sha256 *h, char ret_hex[SHA256_HEX_SIZE]);

/** sha256_hex() - Of one piece of data */
void sha256_hex(str data, char ret_hex[SHA256_HEX_SIZE]);

/** sha256_is_hex() - Exactly 64 lower-case hex digits */
bool sha256_is_hex(str text);

#endif
