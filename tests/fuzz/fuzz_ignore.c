/* SPDX-License-Identifier: Apache-2.0 */
/* The first line as a path, the rest as an ignore file; and the first line as a pattern. */
#include <assert.h>

#include "dockerfile/ignore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* "." or elements without "." and "..", and cleaning again changes nothing. */
static void check_clean(struct arena *a, str path)
{
	str clean = path_clean(a, path), rest = clean, element;

	assert(clean.len && clean.len <= path.len + 1);
	assert(str_is_equal(path_clean(a, clean), clean));
	while (!str_is(clean, ".") && str_cut(&rest, '/', &element))
		assert(element.len && !str_is(element, ".") && !str_is(element, ".."));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena) struct arena *a = arena_new();
	CLEANUP(ignore) struct ignore *ig = NULL;
	CLEANUP(error) struct error *err = NULL;
	unsigned line = 0;
	str path, text;

	if (!str_split_once(str_make((const char *)data, size), '\n', &path, &text))
		return 0;
	check_clean(a, path);
	(void)path_match(path, text); /* must return */
	if (path_is_pattern(path) == 0 && str_find(path, '\\') < 0)
		assert(path_match(path, path) == 1);
	if (ignore_parse("fuzz", text, &ig, &err) < 0)
		return 0;
	path = path_clean(a, path);
	bool excluded = ignore_match(ig, path, &line);

	assert(!excluded || line);
	/* Without exceptions, everything below an excluded directory is excluded. */
	if (excluded && !ignore_has_exceptions(ig)) {
		const char *below = arena_printf(a, "%.*s/x", STR_ARG(path));

		if (str_find(path, '\0') < 0)
			assert(ignore_match(ig, str_from(below), NULL));
	}
	return 0;
}
