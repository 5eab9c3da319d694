/* SPDX-License-Identifier: Apache-2.0 */
/* Cleaning and matching of paths by Go's rules. */
#include "path.h"

#include "dockerfile/ignore.h"
#include "rune.h"

/* Drop the last element of the path that was built behind @floor bytes. */
static size_t drop_element(const char *to, size_t len, size_t floor)
{
	while (len > floor && to[len - 1] != '/')
		len--;
	return len > floor ? len - 1 : len;
}

str path_simplify(struct arena *a, str path)
{
	char *to = arena_alloc(a, path.len + 2);
	bool rooted = path.len && path.ptr[0] == '/';
	size_t len = rooted, floor = rooted; /* before @floor stand "/" or "../.." */
	str rest = path, element;

	if (rooted)
		to[0] = '/';
	while (str_cut(&rest, '/', &element)) {
		bool parent = str_is(element, "..");

		if (element.len == 0 || str_is(element, "."))
			continue;
		if (parent && len > floor) {
			len = drop_element(to, len, floor);
			continue;
		}
		if (parent && rooted)
			continue;
		if (len > rooted)
			to[len++] = '/';
		memcpy(to + len, element.ptr, element.len);
		len += element.len;
		if (parent)
			floor = len;
	}
	if (len == 0)
		to[len++] = '.';
	return str_make(to, len);
}

str path_clean(struct arena *a, str path)
{
	char *rooted = arena_alloc(a, path.len + 1);

	rooted[0] = '/';
	if (path.len)
		memcpy(rooted + 1, path.ptr, path.len);
	str clean = str_skip(path_simplify(a, str_make(rooted, path.len + 1)), 1);

	return clean.len ? clean : STR(".");
}

bool path_is_pattern(str path)
{
	for (size_t i = 0; i < path.len; i++) {
		if (path.ptr[i] == '\\')
			i++;
		else if (memchr("*?[", path.ptr[i], 3))
			return true;
	}
	return false;
}

/* One end of a range in a class. */
static bool take_class_rune(str *rest, uint32_t *ret_rune)
{
	size_t len;

	if (rest->len && rest->ptr[0] == '\\')
		*rest = str_skip(*rest, 1);
	else if (rest->len && (rest->ptr[0] == '-' || rest->ptr[0] == ']'))
		return false;
	if (rest->len == 0)
		return false;
	*ret_rune = rune_decode(*rest, &len);
	*rest = str_skip(*rest, len);
	return true;
}

ptrdiff_t path_class_match(str pattern, uint32_t rune, bool *ret_match)
{
	str rest = str_skip(pattern, 1);
	bool negated = rest.len && rest.ptr[0] == '^', found = false;

	if (negated)
		rest = str_skip(rest, 1);
	for (size_t ranges = 0; ranges == 0 || rest.len == 0 || rest.ptr[0] != ']'; ranges++) {
		uint32_t low, high;

		if (!take_class_rune(&rest, &low))
			return -1;
		high = low;
		if (rest.len && rest.ptr[0] == '-') {
			rest = str_skip(rest, 1);
			if (!take_class_rune(&rest, &high))
				return -1;
		}
		found = found || (low <= rune && rune <= high);
	}
	*ret_match = found != negated;
	return rest.ptr + 1 - pattern.ptr;
}

bool path_is_well_formed(str pattern)
{
	while (pattern.len) {
		ptrdiff_t len = 1;
		bool match;

		if (pattern.ptr[0] == '[')
			len = path_class_match(pattern, 0, &match);
		else if (pattern.ptr[0] == '\\')
			len = pattern.len > 1 ? 2 : -1;
		if (len < 0)
			return false;
		pattern = str_skip(pattern, (size_t)len);
	}
	return true;
}

/* One element of a pattern (no '*') against the first character; both advance on a match. */
static bool match_one(str *pattern, str *path)
{
	size_t len, pattern_len = 1;
	bool match;

	if (pattern->len == 0 || path->len == 0)
		return false;
	uint32_t rune = rune_decode(*path, &len);

	if (pattern->ptr[0] == '[') {
		pattern_len = (size_t)path_class_match(*pattern, rune, &match);
	} else if (pattern->ptr[0] == '?') {
		match = rune != '/';
	} else {
		str literal = str_skip(*pattern, pattern->ptr[0] == '\\');
		size_t literal_len;

		match = rune_decode(literal, &literal_len) == rune;
		pattern_len = literal_len + (pattern->ptr[0] == '\\');
	}
	if (!match)
		return false;
	*pattern = str_skip(*pattern, pattern_len);
	*path = str_skip(*path, len);
	return true;
}

int path_match(str pattern, str path)
{
	str after_star = {NULL, 0}, retry = path;
	size_t len;

	if (!path_is_well_formed(pattern))
		return -1;
	for (;;) {
		if (pattern.len && pattern.ptr[0] == '*') {
			pattern = str_skip(pattern, 1);
			after_star = pattern;
			retry = path;
			continue;
		}
		if (pattern.len == 0 && path.len == 0)
			return 1;
		if (match_one(&pattern, &path))
			continue;
		/* Only the last star can help: none of them crosses a '/'. */
		if (!after_star.ptr || retry.len == 0 || retry.ptr[0] == '/')
			return 0;
		(void)rune_decode(retry, &len); /* for its length */
		retry = str_skip(retry, len);
		path = retry;
		pattern = after_star;
	}
}
