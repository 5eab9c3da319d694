/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a word. The first byte chooses the options; the rest up to a line end is the value
 * of $v, what follows the word.
 */
#include <assert.h>

#include "dockerfile/expand.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool get(void *ctx, str name, str *ret_value)
{
	if (!str_is(name, "v"))
		return false;
	*ret_value = *(str *)ctx;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena) struct arena *a = arena_new();
	CLEANUP(error) struct error *err = NULL;
	CLEANUP(error) struct error *split_err = NULL;
	CLEANUP_STRV struct strv words = STRV_INIT;
	str value, word, result;

	if (size == 0 ||
	    !str_split_once(str_make((const char *)data + 1, size - 1), '\n', &value, &word) ||
	    str_find(word, '\0') >= 0)
		return 0;
	const struct expand_env env = {
		.get = get,
		.ctx = &value,
		.escape = data[0] & 1 ? '`' : '\\',
		.raw_quotes = data[0] & 2,
		.raw_escapes = data[0] & 4,
	};
	int r = expand_word(a, word, &env, &result, &err);

	assert(expand_words(a, word, &env, &words, &split_err) == r);
	if (r == 0)
		assert(result.len <= EXPAND_RESULT_MAX);
	for (size_t i = 0; i < words.count; i++)
		assert(r == 0 && (words.items[i][0] || value.len));
	return 0;
}
