/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON form of arguments: an array of strings. */
#ifndef DOCKERFILE_JSON_WORDS_H
#define DOCKERFILE_JSON_WORDS_H

#include "base/arena.h"
#include "base/str.h"

enum json_words_result {
	JSON_WORDS_OK,
	JSON_WORDS_NOT_JSON,	/* not a well-formed array: something else, say a shell test */
	JSON_WORDS_NOT_STRINGS, /* a well-formed array with an element that is no string */
	JSON_WORDS_NUL,		/* a string with a NUL character, which no argument can hold */
};

/** json_words_read() - The whole of @text as an array; outputs are set only for JSON_WORDS_OK */
enum json_words_result json_words_read(struct arena *a, str text, str **ret_words,
				       size_t *ret_count);

#endif
