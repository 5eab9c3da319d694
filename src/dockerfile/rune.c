/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding of UTF-8. */
#include "rune.h"

uint32_t rune_decode(str s, size_t *ret_len)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char lead = (unsigned char)s.ptr[0];
	size_t len = lead < 0x80 ? 1 : lead < 0xC0 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
	uint32_t rune = len < 2 ? lead : lead & (0x7FU >> len);
	bool valid = len != 0 && len <= s.len && lead < 0xF8;

	for (size_t i = 1; valid && i < len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		valid = (c & 0xC0) == 0x80;
		rune = rune << 6 | (c & 0x3F);
	}
	if (!valid || rune < least[len] || rune > RUNE_MAX || (rune >= 0xD800 && rune < 0xE000)) {
		*ret_len = 1;
		return RUNE_BAD_BYTE + lead;
	}
	*ret_len = len;
	return rune;
}
