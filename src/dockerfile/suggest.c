/* SPDX-License-Identifier: Apache-2.0 */
/* The nearest of a table of names. */
#include "suggest.h"

#include <ctype.h>

enum { WORD_MAX = 32 };

static str lower(str s, char buffer[WORD_MAX])
{
	for (size_t i = 0; i < s.len; i++)
		buffer[i] = (char)tolower((unsigned char)s.ptr[i]);
	return str_make(buffer, s.len);
}

const char *suggest_name(str word, const void *names, size_t stride, size_t count)
{
	char word_buffer[WORD_MAX], name_buffer[WORD_MAX];
	const char *best = NULL;
	size_t best_distance = word.len < 4 ? 2 : 3; /* the first distance that is too far */

	if (word.len == 0 || word.len > WORD_MAX)
		return NULL;
	str wanted = lower(word, word_buffer);

	for (size_t i = 0; i < count; i++) {
		const char *name = *(const char *const *)((const char *)names + i * stride);
		str candidate = str_from(name);

		if (candidate.len > WORD_MAX)
			continue;
		size_t distance = str_distance(wanted, lower(candidate, name_buffer));

		if (distance < best_distance && distance < word.len) {
			best_distance = distance;
			best = name;
		}
	}
	return best;
}
