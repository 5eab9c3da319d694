/* SPDX-License-Identifier: Apache-2.0 */
/* Paths as text. */
#include "path.h"

/* Drop the last component of what was written so far, unless it is "..". */
static bool drop_last(char *out, size_t *len, bool absolute)
{
	size_t start = *len;

	while (start > 0 && out[start - 1] != '/')
		start--;
	if (*len == start || (*len - start == 2 && memcmp(out + start, "..", 2) == 0))
		return absolute;
	*len = start > (absolute ? 1 : 0) ? start - 1 : start;
	return true;
}

const char *compose_path_clean(struct arena *a, str path)
{
	char *out = arena_alloc(a, path.len + 3);
	bool absolute = path.len && path.ptr[0] == '/';
	str rest = path, piece = { NULL, 0 };
	size_t len = 0;

	if (absolute)
		out[len++] = '/';
	while (str_cut(&rest, '/', &piece)) {
		if (piece.len == 0 || str_is(piece, "."))
			continue;
		if (str_is(piece, "..") && drop_last(out, &len, absolute))
			continue;
		if (len && out[len - 1] != '/')
			out[len++] = '/';
		memcpy(out + len, piece.ptr, piece.len);
		len += piece.len;
	}
	if (len == 0)
		out[len++] = '.';
	out[len] = '\0';
	return out;
}

const char *compose_path_absolute(struct arena *a, const char *directory, str path,
				  const char *home)
{
	if (home && path.len && path.ptr[0] == '~' && (path.len == 1 || path.ptr[1] == '/')) {
		directory = home;
		path = str_skip(path, 1);
		while (path.len && path.ptr[0] == '/')
			path = str_skip(path, 1);
	}
	if (path.len && path.ptr[0] == '/')
		return compose_path_clean(a, path);
	return compose_path_clean(
		a, str_from(arena_printf(a, "%s/%.*s", directory, STR_ARG(path))));
}

const char *compose_path_parent(struct arena *a, const char *path)
{
	str whole = str_from(path);
	ptrdiff_t slash = str_find_last(whole, '/');

	if (slash < 0)
		return ".";
	return slash == 0 ? "/" : arena_strdup(a, str_head(whole, (size_t)slash));
}

const char *compose_path_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
