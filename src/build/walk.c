/* SPDX-License-Identifier: Apache-2.0 */
/* Walking a hostile tree by descriptor: one openat per directory, one fstatat per name. */
#include "walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "base/fs.h"
#include "context.h"

enum { DIRENT_BYTES = 32 << 10, OPEN_DIR = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

struct raw_dirent {
	uint64_t ino;
	int64_t off;
	unsigned short reclen;
	unsigned char type;
	char name[];
};

/** struct level - A directory that the walk is in */
struct level {
	struct level *up;
	struct walk_entry entry;
	bool entered;
};

struct walker {
	const struct ignore *ignore;
	const struct walk_visitor *visitor;
	struct listing *listings; /* one per depth, kept for the next directory of that depth */
	size_t depth;
	size_t path_len; /* of the current directory; 0: the root */
	char path[PATH_MAX];
};

static bool is_dot(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

static int compare_listed(const void *a, const void *b)
{
	return strcmp(((const struct listed *)a)->name, ((const struct listed *)b)->name);
}

/* The kernel's records keep their place in memory only after the last one was read. */
static void index_names(struct listing *l)
{
	l->count = 0;
	for (size_t at = 0; at < l->bytes.len;) {
		const struct raw_dirent *d = (const void *)(l->bytes.ptr + at);

		at += d->reclen;
		if (is_dot(d->name))
			continue;
		if (l->count == l->capacity) {
			l->capacity = l->capacity ? 2 * l->capacity : 64;
			l->items = x_realloc(l->items, l->capacity, sizeof(*l->items));
		}
		l->items[l->count++] = (struct listed){ d->name, d->type };
	}
	if (l->count)
		qsort(l->items, l->count, sizeof(*l->items), compare_listed);
}

int listing_read(struct listing *l, int dir_fd, struct error **err)
{
	strbuf_clear(&l->bytes);
	for (;;) {
		char *to = strbuf_reserve(&l->bytes, DIRENT_BYTES);
		long n = syscall(SYS_getdents64, dir_fd, to, DIRENT_BYTES);

		if (n < 0)
			return error_errno(err, "read directory");
		if (n == 0)
			break;
		l->bytes.len += (size_t)n;
		if (l->bytes.len > LISTING_BYTES_MAX)
			return error_new(err, ERR_LIMIT, "directory of more than %d bytes of names",
					 LISTING_BYTES_MAX);
	}
	index_names(l);
	return 0;
}

void listing_fini(struct listing *l)
{
	strbuf_fini(&l->bytes);
	free(l->items);
	*l = (struct listing){ 0 };
}

bool walk_is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

const char *walk_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int enter(struct walker *w, struct level *level, struct error **err)
{
	if (level->entered)
		return 0;
	int r = enter(w, level->up, err);

	if (r != 0)
		return r;
	level->entered = true;
	return w->visitor->enter(w->visitor->ctx, &level->entry, err);
}

static int walk_level(struct walker *w, struct level *level, struct error **err);

static int walk_directory(struct walker *w, struct level *up, struct walk_entry *e, bool ignored,
			  struct error **err)
{
	size_t path_len = w->path_len;

	if (ignored && !ignore_has_exceptions(w->ignore))
		return 0;
	if (w->depth == CONTEXT_DEPTH_MAX)
		return error_new(err, ERR_LIMIT, "'%.100s...' is deeper than %d directories",
				 e->path, CONTEXT_DEPTH_MAX);
	CLEANUP_FD int fd = openat(e->dir_fd, e->name, OPEN_DIR);
	struct level level = { .up = up, .entry = *e };

	if (fd < 0)
		return error_errno(err, "open directory '%s'", e->path);
	level.entry.fd = fd;
	int r = ignored ? 0 : enter(w, &level, err);

	if (r != 0)
		return r;
	w->path_len = strlen(w->path);
	r = walk_level(w, &level, err);
	w->path[w->path_len] = '\0';
	w->path_len = path_len;
	if (r == 0 && level.entered)
		r = w->visitor->leave(w->visitor->ctx, &level.entry, err);
	return r;
}

/* The path is only written behind that of the directory. */
static int set_path(struct walker *w, const char *name, struct error **err)
{
	size_t len = strlen(name), start = w->path_len ? w->path_len + 1 : 0;

	if (start + len >= sizeof(w->path))
		return error_new(err, ERR_LIMIT, "path of more than %d bytes", PATH_MAX);
	if (start)
		w->path[start - 1] = '/';
	memcpy(w->path + start, name, len + 1);
	return 0;
}

static int walk_name(struct walker *w, struct level *level, const struct listed *item,
		     struct error **err)
{
	struct walk_entry e = { .dir_fd = level->entry.fd, .fd = -1, .name = item->name,
				.path = w->path };
	int r = set_path(w, item->name, err);

	if (r < 0)
		return r;
	bool ignored = w->ignore && ignore_match(w->ignore, str_from(w->path), NULL);

	if (ignored && item->type != DT_DIR && item->type != DT_UNKNOWN)
		return 0;
	if (fstatat(e.dir_fd, e.name, &e.st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno == ENOENT) /* removed since the directory was read */
			return 0;
		return error_errno(err, "stat '%s'", e.path);
	}
	if (S_ISDIR(e.st.st_mode))
		return walk_directory(w, level, &e, ignored, err);
	if (ignored || walk_is_whiteout(&e.st))
		return 0;
	r = enter(w, level, err);
	return r != 0 ? r : w->visitor->file(w->visitor->ctx, &e, err);
}

static int walk_level(struct walker *w, struct level *level, struct error **err)
{
	struct listing *l = &w->listings[w->depth++];
	int r = listing_read(l, level->entry.fd, err);

	if (r < 0)
		r = error_context(err, "'%s'", w->path_len ? w->path : ".");
	for (size_t i = 0; r == 0 && i < l->count; i++)
		r = walk_name(w, level, &l->items[i], err);
	w->depth--;
	return r;
}

int walk_tree(int dir_fd, const char *path, const struct ignore *ignore,
	      const struct walk_visitor *visitor, struct error **err)
{
	CLEANUP_FREE struct walker *w = x_alloc(sizeof(*w));
	struct level top = { .entry = { .fd = dir_fd }, .entered = true };
	int r = 0;

	w->ignore = ignore;
	w->visitor = visitor;
	w->listings = x_alloc((CONTEXT_DEPTH_MAX + 1) * sizeof(*w->listings));
	if (strcmp(path, ".") != 0)
		r = set_path(w, path, err);
	w->path_len = strlen(w->path);
	if (r == 0)
		r = walk_level(w, &top, err);
	for (size_t i = 0; i <= CONTEXT_DEPTH_MAX; i++)
		listing_fini(&w->listings[i]);
	free(w->listings);
	return r;
}

/* Where a descriptor is in the mount namespace, as the kernel sees it. */
static int descriptor_path(int fd, char ret_path[PATH_MAX])
{
	char link[32];

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, ret_path, PATH_MAX - 1);

	if (len < 0)
		return -errno;
	ret_path[len] = '\0';
	return 0;
}

int walk_real_path(int root_fd, const char *path, char ret_path[PATH_MAX])
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS };
	char root[PATH_MAX], real[PATH_MAX];
	CLEANUP_FD int direct = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));

	if (strlen(path) >= PATH_MAX)
		return -ENAMETOOLONG;
	if (direct >= 0) { /* nearly always: no link on the way */
		memcpy(ret_path, path, strlen(path) + 1);
		return 0;
	}
	CLEANUP_FD int fd = fs_open_in_root(root_fd, path, O_PATH, 0);
	int r = fd < 0 ? fd : descriptor_path(root_fd, root);

	if (r == 0)
		r = descriptor_path(fd, real);
	if (r < 0)
		return r;
	size_t len = strcmp(root, "/") == 0 ? 0 : strlen(root);

	if (strncmp(real, root, len) != 0 || (real[len] && real[len] != '/'))
		return -EXDEV;
	const char *below = real[len] && real[len + 1] ? real + len + 1 : ".";

	memcpy(ret_path, below, strlen(below) + 1);
	return 0;
}
