/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which paths the sources of an instruction mean.
 *
 * A literal source must be there. The three ways in which it can be missing (not there, ignored,
 * outside) call for three different remedies, so they are told apart.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "base/fs.h"
#include "context.h"
#include "walk.h"

enum { NEAR_DISTANCE_MAX = 3 };

struct selecting {
	struct arena *arena;
	int root_fd;
	const struct ignore *ignore;
	bool is_context; /* else another stage or image */
	struct selection *sel;
	size_t capacity;
};

void selection_fini(struct selection *sel)
{
	for (size_t i = 0; i < sel->count; i++)
		free(sel->entries[i].path);
	free(sel->entries);
	*sel = SELECTION_INIT;
}

static int add_entry(struct selecting *s, const char *path, bool is_dir, bool is_pattern,
		     struct error **err)
{
	if (s->sel->count == SELECTION_ENTRIES_MAX)
		return error_new(err, ERR_LIMIT, "more than %d sources", SELECTION_ENTRIES_MAX);
	if (s->sel->count == s->capacity) {
		s->capacity = s->capacity ? 2 * s->capacity : 8;
		s->sel->entries = x_realloc(s->sel->entries, s->capacity, sizeof(*s->sel->entries));
	}
	s->sel->entries[s->sel->count++] = (struct selected){ x_strdup(path), is_dir, is_pattern };
	return 0;
}

static int stop_at_once(void *ctx, const struct walk_entry *e, struct error **err)
{
	(void)ctx;
	(void)e;
	(void)err;
	return 1;
}

/* An ignored directory still counts when an exception takes something in it back in. */
static int has_exception_below(const struct selecting *s, const char *path, const char *real,
			       struct error **err)
{
	const struct walk_visitor visitor = { stop_at_once, stop_at_once, stop_at_once, NULL };

	if (!ignore_has_exceptions(s->ignore))
		return 0;
	CLEANUP_FD int fd = fs_open_in_root(s->root_fd, path, O_RDONLY | O_DIRECTORY, 0);

	return fd < 0 ? 0 : walk_tree(fd, real, s->ignore, &visitor, err);
}

/* 1: yes, by the line *ret_line. */
static int is_ignored(const struct selecting *s, const char *path, bool is_dir, unsigned *ret_line,
		      struct error **err)
{
	char real[PATH_MAX];
	int r = 0;

	if (!s->ignore)
		return 0;
	if (walk_real_path(s->root_fd, path, real) < 0)
		return 0; /* gone meanwhile: whoever opens it next will say so */
	if (!ignore_match(s->ignore, str_from(real), ret_line))
		return 0;
	if (is_dir)
		r = has_exception_below(s, path, real, err);
	return r < 0 ? r : r == 0;
}

/* Does the word, taken as it stands, lead above the root? */
static bool climbs_out(str word)
{
	str rest = word, part;
	int depth = 0;

	while (str_cut(&rest, '/', &part)) {
		if (part.len == 0 || str_is(part, "."))
			continue;
		depth += str_is(part, "..") ? -1 : 1;
		if (depth < 0)
			return true;
	}
	return false;
}

static bool is_on_host(str word)
{
	CLEANUP_FREE char *path = str_dup(word);

	return path[0] == '/' && faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The name in the deepest existing directory that looks most like the one that is missing. */
static char *find_near_name(const struct selecting *s, const char *path)
{
	CLEANUP_FREE char *parent = x_strdup(path);
	CLEANUP(error) struct error *ignored = NULL; /* a hint fewer */
	struct listing l = { .count = 0 };
	size_t best = NEAR_DISTANCE_MAX + 1;
	char *near = NULL;
	CLEANUP_FD int fd = -1;

	while (fd < 0 && *parent) {
		char *cut = strrchr(parent, '/');

		*(cut ? cut : parent) = '\0';
		fd = fs_open_in_root(s->root_fd, parent, O_RDONLY | O_DIRECTORY, 0);
	}
	str missing = str_skip(str_from(path), strlen(parent) + (*parent != '\0'));
	ptrdiff_t slash = str_find(missing, '/');

	missing = slash < 0 ? missing : str_head(missing, (size_t)slash);
	if (fd >= 0 && missing.len <= 64 && listing_read(&l, fd, &ignored) == 0) {
		for (size_t i = 0; i < l.count; i++) {
			str name = str_from(l.items[i].name);
			size_t distance = name.len <= 64 ? str_distance(name, missing) : best;

			if (distance < best && distance < missing.len) {
				best = distance;
				free(near);
				near = x_asprintf("%s%s%s", parent, *parent ? "/" : "", name.ptr);
			}
		}
	}
	listing_fini(&l);
	return near;
}

static int fail_missing(const struct selecting *s, str word, const char *path, struct error **err)
{
	CLEANUP_FREE char *near = NULL;
	int r;

	if (s->is_context && (climbs_out(word) || is_on_host(word))) {
		(void)error_new(err, ERR_NOT_FOUND, "'%.*s' is outside the build context",
				STR_ARG(word)); /* the hint returns it */
		return error_hint(err, "COPY and ADD cannot reach outside the build context: copy "
				       "it there, or build with a directory that holds it");
	}
	r = error_new(err, ERR_NOT_FOUND, "'%.*s' is not in the %s", STR_ARG(word),
		      s->is_context ? "build context" : "stage or image that it is copied from");
	near = find_near_name(s, path);
	return near ? error_hint(err, "did you mean '%s%s'?", str_has_prefix(word, "/") ? "/" : "", near) : r;
}

static int fail_ignored(const struct selecting *s, str word, unsigned line, struct error **err)
{
	(void)error_new(err, ERR_NOT_FOUND, "'%.*s' is ignored by %s:%u", STR_ARG(word),
			ignore_file(s->ignore), line); /* the hint returns it */
	return error_hint(err, "remove that line, or add '!%.*s' below it", STR_ARG(word));
}

static int select_literal(struct selecting *s, str word, const char *path, struct error **err)
{
	CLEANUP_FD int fd = fs_open_in_root(s->root_fd, path, O_PATH, 0);
	unsigned line = 0;
	struct stat st;

	if (fd == -ENOENT || fd == -ENOTDIR)
		return fail_missing(s, word, path, err);
	if (fd < 0) {
		errno = -fd;
		return error_errno(err, "open '%.*s'", STR_ARG(word));
	}
	if (fstat(fd, &st) < 0)
		return error_errno(err, "stat '%.*s'", STR_ARG(word));
	if (walk_is_whiteout(&st))
		return fail_missing(s, word, path, err);
	int r = is_ignored(s, path, S_ISDIR(st.st_mode), &line, err);

	if (r != 0)
		return r < 0 ? r : fail_ignored(s, word, line, err);
	return add_entry(s, path, S_ISDIR(st.st_mode), false, err);
}

/* One match of the whole pattern; also a link to nowhere matches and is left out. */
static int add_match(struct selecting *s, const char *path, struct error **err)
{
	CLEANUP_FD int fd = fs_open_in_root(s->root_fd, path, O_PATH, 0);
	unsigned line;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || walk_is_whiteout(&st))
		return 0;
	int r = is_ignored(s, path, S_ISDIR(st.st_mode), &line, err);

	if (r != 0)
		return r < 0 ? r : 0;
	return add_entry(s, path, S_ISDIR(st.st_mode), true, err);
}

static bool is_literal(str part)
{
	return !path_is_pattern(part) && str_find(part, '\\') < 0;
}

static int match_below(struct selecting *s, const char *prefix, str rest, struct error **err);

/* The descriptor is not kept: a pattern may be deeper than there are descriptors. */
static int read_names(const struct selecting *s, const char *path, struct listing *l,
		      struct error **err)
{
	CLEANUP_FD int fd = fs_open_in_root(s->root_fd, path, O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0 && fd != -ENOENT && fd != -ENOTDIR && fd != -ELOOP) {
		errno = -fd;
		return error_errno(err, "open directory '%s'", path);
	}
	return fd < 0 ? 0 : listing_read(l, fd, err);
}

static int match_names(struct selecting *s, const char *prefix, str pattern, str rest,
		       struct error **err)
{
	struct listing l = { .count = 0 };
	int r = read_names(s, prefix, &l, err);

	for (size_t i = 0; r == 0 && i < l.count; i++) {
		const struct listed *item = &l.items[i];

		if (path_match(pattern, str_from(item->name)) != 1)
			continue;
		/* Only real directories on the way: a link would give the same files again. */
		if (rest.ptr && item->type != DT_DIR && item->type != DT_UNKNOWN)
			continue;
		CLEANUP_FREE char *path = x_asprintf("%s%s%s", prefix, *prefix ? "/" : "",
						     item->name);

		r = rest.ptr ? match_below(s, path, rest, err) : add_match(s, path, err);
	}
	listing_fini(&l);
	return r;
}

/* @prefix matches so far; @rest is what is left of the pattern, at least one component. */
static int match_below(struct selecting *s, const char *prefix, str rest, struct error **err)
{
	str part;

	(void)str_cut(&rest, '/', &part); /* there is one */
	if (!is_literal(part))
		return match_names(s, prefix, part, rest, err);
	CLEANUP_FREE char *path = x_asprintf("%s%s%.*s", prefix, *prefix ? "/" : "", STR_ARG(part));

	return rest.ptr ? match_below(s, path, rest, err) : add_match(s, path, err);
}

static int select_word(struct selecting *s, str word, struct error **err)
{
	str clean = path_clean(s->arena, word);

	if (clean.len >= PATH_MAX)
		return error_new(err, ERR_LIMIT, "source of more than %d bytes", PATH_MAX);
	if (!path_is_pattern(clean)) {
		CLEANUP_FREE char *path = str_dup(clean);

		return select_literal(s, word, path, err);
	}
	if (path_match(clean, STR("")) < 0) {
		(void)error_new(err, ERR_PARSE, "malformed pattern '%.*s'", STR_ARG(word));
		return error_hint(err, "'[' needs a ']'; a name that holds '[' is written '[[]'");
	}
	return match_below(s, "", clean, err);
}

static int select_all(struct selecting *s, const struct strv *sources, struct error **err)
{
	int r = 0;

	*s->sel = SELECTION_INIT;
	s->arena = arena_new();
	for (size_t i = 0; r == 0 && i < sources->count; i++)
		r = select_word(s, str_from(sources->items[i]), err);
	arena_free(s->arena);
	return r;
}

int select_paths(int root_fd, const struct ignore *ignore, const struct strv *sources,
		 struct selection *ret, struct error **err)
{
	struct selecting s = { .root_fd = root_fd, .ignore = ignore, .is_context = true,
			       .sel = ret };

	return select_all(&s, sources, err);
}

int select_paths_in_image(int root_fd, const struct strv *sources, struct selection *ret,
			  struct error **err)
{
	struct selecting s = { .root_fd = root_fd, .sel = ret };

	return select_all(&s, sources, err);
}
