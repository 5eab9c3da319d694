/* SPDX-License-Identifier: Apache-2.0 */
/* Aliases: a reference that is replaced by another before it is looked up. */
#include "codec/json.h"
#include "image/image.h"
#include "tags.h"

enum { ALIASES_MAX = 1 << 20 };

/* Those of the command line: from, to, from, to; kept for this process. */
static struct strv given;

int image_add_alias(const char *from, const char *to, struct error **err)
{
	CLEANUP_FREE char *canonical_from = NULL, *canonical_to = NULL;
	int r = image_canonical_reference(from, &canonical_from, err);

	if (r == 0)
		r = image_canonical_reference(to, &canonical_to, err);
	if (r < 0)
		return error_context(err, "image alias");
	strv_add(&given, canonical_from);
	strv_add(&given, canonical_to);
	return 0;
}

static bool find_given(const char *canonical, char **ret)
{
	/* The last one given wins. */
	for (size_t i = given.count; i >= 2; i -= 2) {
		if (strcmp(given.items[i - 2], canonical) == 0) {
			*ret = x_strdup(given.items[i - 1]);
			return true;
		}
	}
	return false;
}

static int parse_line(str line, char **ret_from, char **ret_to, struct error **err)
{
	size_t blank = 0;

	while (blank < line.len && line.ptr[blank] != ' ' && line.ptr[blank] != '\t')
		blank++;
	CLEANUP_FREE char *from = str_dup(str_head(line, blank));
	CLEANUP_FREE char *to = str_dup(str_trim(str_skip(line, blank)));
	int r = *to ? image_canonical_reference(from, ret_from, err)
		    : error_new(err, ERR_PARSE, "expected two references, FROM TO");

	return r < 0 ? r : image_canonical_reference(to, ret_to, err);
}

/* The file `aliases` in the store's root: "FROM TO" per line, # comments. */
static int find_in_file(const struct store *s, const char *canonical, char **ret,
			struct error **err)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	int r = fs_read_at(s->root_fd, "aliases", ALIASES_MAX, &text, err);
	str rest = strbuf_str(&text), line;

	if (r == -ERR_NOT_FOUND) {
		error_free(STEAL_PTR(err));
		return 0;
	}
	if (r < 0)
		return r;
	for (unsigned number = 1; !*ret && str_cut(&rest, '\n', &line); number++) {
		CLEANUP_FREE char *from = NULL, *to = NULL;
		const struct error_position pos = {
			.file = "aliases", .line = number, .source_line = line};

		line = str_trim(line);
		if (!line.len || line.ptr[0] == '#')
			continue;
		r = parse_line(line, &from, &to, err);
		if (r < 0) {
			error_set_position(err, &pos);
			return r;
		}
		if (strcmp(from, canonical) == 0)
			*ret = STEAL_PTR(&to);
	}
	return 0;
}

int image_resolve_alias(const struct store *s, const char *text, char **ret_canonical,
			struct error **err)
{
	CLEANUP_FREE char *canonical = NULL, *alias = NULL;
	int r = image_canonical_reference(text, &canonical, err);

	if (r == 0 && !find_given(canonical, &alias))
		r = find_in_file(s, canonical, &alias, err);
	if (r < 0)
		return r;
	*ret_canonical = alias ? STEAL_PTR(&alias) : STEAL_PTR(&canonical);
	return 0;
}
