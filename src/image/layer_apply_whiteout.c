/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whiteouts: OCI image-spec layer.md "Whiteouts". They concern the layers below only, wherever they
 * stand in the archive.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/sysmacros.h>

#include "layer_apply.h"
#include "layer_overlay.h"

/* Whether a directory holds anything but whiteouts; unreadable counts as yes. */
static bool has_content(int fd)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	bool found = !d;
	struct stat st;

	if (!d) {
		close_fd(copy);
		return true;
	}
	for (struct dirent *e; !found && (e = readdir(d));) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		found = fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
			!layer_is_whiteout(&st);
	}
	(void)closedir(d);
	return found;
}

/*
 * Remove @name of the lower layers, while this layer has something of that name: a file hides the
 * lower one anyway, a directory must be made opaque. 1: a whiteout is still needed.
 */
static int hide_existing(struct layer_unpack *u, const char *name, struct error **err)
{
	CLEANUP_FD int fd =
		openat(u->parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOTDIR || errno == ELOOP ? 0 : error_errno(err, "open");
	struct layer_dir *dir = layer_find_dir(u, fd);

	if (!dir)
		return error_new(err, ERR_INTERNAL, "unknown directory");
	if (!dir->implicit || has_content(fd))
		return layer_hide_lower(u, fd, dir, err);
	/* It stands there only because of whiteouts below it. */
	int r = layer_clear_name(u, name, err);

	return r < 0 ? r : 1;
}

static int apply_whiteout(struct layer_unpack *u, const char *name, struct error **err)
{
	struct layer_dir *dir = &u->dirs[u->parent_dir];
	struct stat st;

	if (fstatat(u->parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		int r = hide_existing(u, name, err);

		if (r <= 0)
			return r;
	} else if (errno != ENOENT) {
		return error_errno(err, "stat");
	}
	/* In an opaque directory it says nothing, and overlay would show it to readdir(). */
	if (dir->opaque)
		return 0;
	if (mknodat(u->parent_fd, name, S_IFCHR, makedev(0, 0)) < 0)
		return error_errno(err, "make whiteout");
	dir->has_whiteouts = true;
	return 0;
}

/* A component of @path that begins like a whiteout, or NULL. */
static const char *find_marker(const char *path)
{
	const char *marker = strncmp(path, ".wh.", 4) == 0 ? path : strstr(path, "/.wh.");

	return marker && *marker == '/' ? marker + 1 : marker;
}

int layer_apply_if_whiteout(struct layer_unpack *u, const struct member *m, struct error **err)
{
	const char *marker = find_marker(m->parent);

	if (marker && strncmp(marker, ".wh..wh.", 8) == 0)
		return 0; /* AUFS's own bookkeeping */
	if (marker)
		return error_new(err, ERR_PARSE, "a whiteout is used as a directory");
	if (!str_has_prefix(str_from(m->name), ".wh."))
		return 1;
	const char *name = m->name + strlen(".wh.");
	const bool is_opaque = strcmp(name, ".wh..opq") == 0;

	if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return error_new(err, ERR_PARSE, "whiteout without a name");
	if (!is_opaque && str_has_prefix(str_from(name), ".wh."))
		return 0; /* AUFS's own bookkeeping */
	int r = layer_enter_parent(u, m->parent, !is_opaque, err);

	if (r != 0)
		return r < 0 ? r : 0;
	if (!is_opaque)
		return apply_whiteout(u, name, err);
	if (*m->parent == '\0')
		return error_new(err, ERR_UNSUPPORTED,
				 "an opaque root hides all layers below; "
				 "overlay file systems cannot express that");
	return layer_hide_lower(u, u->parent_fd, &u->dirs[u->parent_dir], err);
}
