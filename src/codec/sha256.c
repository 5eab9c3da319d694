/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 through nettle. */
#include "codec/sha256.h"

#include <stdio.h>

void sha256_start(struct sha256 *h)
{
	sha256_init(&h->ctx);
}

void sha256_add(struct sha256 *h, const void *data, size_t len)
{
	if (len)
		sha256_update(&h->ctx, len, data);
}

void sha256_add_framed(struct sha256 *h, str data)
{
	uint8_t frame[8];

	for (size_t i = 0; i < sizeof(frame); i++)
		frame[i] = (uint8_t)((uint64_t)data.len >> (8 * i));
	sha256_add(h, frame, sizeof(frame));
	sha256_add(h, data.ptr, data.len);
}

void sha256_finish(struct sha256 *h, char ret_hex[SHA256_HEX_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t raw[SHA256_DIGEST_SIZE];

	sha256_digest(&h->ctx, sizeof(raw), raw);
	for (size_t i = 0; i < sizeof(raw); i++) {
		ret_hex[2 * i] = digits[raw[i] >> 4];
		ret_hex[2 * i + 1] = digits[raw[i] & 15];
	}
	ret_hex[SHA256_HEX_SIZE - 1] = '\0';
}

void sha256_hex(str data, char ret_hex[SHA256_HEX_SIZE])
{
	struct sha256 h;

	sha256_start(&h);
	sha256_add(&h, data.ptr, data.len);
	sha256_finish(&h, ret_hex);
}

bool sha256_is_hex(str text)
{
	if (text.len != SHA256_HEX_SIZE - 1)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return false;
	}
	return true;
}
