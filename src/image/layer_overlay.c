/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a layer in overlay form: what an inode or an attribute means, what a directory holds. */
#include "layer_overlay.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/str.h"

enum {
	XATTR_NAMES_SIZE = 64 << 10, /* the kernel's own limits */
	XATTR_VALUE_SIZE = 64 << 10,
};

const char *layer_opaque_xattr(int fs_fd)
{
	/*
	 * Reading a trusted attribute without the privilege says "none"; only a change is refused.
	 * Removing one that never exists therefore tells the two apart and alters nothing.
	 */
	if (fremovexattr(fs_fd, "trusted.overlay.absent") < 0 && errno == EPERM)
		return "user.overlay.opaque";
	return "trusted.overlay.opaque";
}

bool layer_is_opaque(int dir_fd, const char *opaque_xattr)
{
	char value = '\0';

	return fgetxattr(dir_fd, opaque_xattr, &value, 1) == 1 && value == 'y';
}

bool layer_is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

bool layer_keeps_xattr(const char *name)
{
	str n = str_from(name);

	if (str_has_prefix(n, "security."))
		return str_is(n, "security.capability"); /* the others label this machine */
	return !str_has_prefix(n, "trusted.overlay.") && !str_has_prefix(n, "user.overlay.");
}

bool layer_is_redirect_xattr(const char *name)
{
	str n = str_from(name);

	if (!str_has_prefix(n, "trusted.overlay.") && !str_has_prefix(n, "user.overlay."))
		return false;
	return str_has_suffix(n, ".redirect") || str_has_suffix(n, ".metacopy");
}

void layer_children_fini(struct layer_children *c)
{
	for (size_t i = 0; i < c->count; i++)
		free(c->items[i].name);
	free(c->items);
}

static int compare_children(const void *a, const void *b)
{
	const struct layer_child *x = a, *y = b;

	if (x->is_whiteout != y->is_whiteout)
		return x->is_whiteout ? -1 : 1;
	return strcmp(x->name, y->name);
}

static unsigned char type_from_mode(mode_t mode)
{
	return (unsigned char)((mode & S_IFMT) >> 12); /* what DT_* are made of */
}

static int add_child(struct layer_children *c, int dir_fd, const struct dirent *e,
		     struct error **err)
{
	struct layer_child child = {.type = e->d_type};
	struct stat st;

	if (e->d_type == DT_UNKNOWN || e->d_type == DT_CHR) {
		if (fstatat(dir_fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return error_errno(err, "stat '%s'", e->d_name);
		child.type = type_from_mode(st.st_mode);
		child.is_whiteout = layer_is_whiteout(&st);
	}
	if (child.type == DT_SOCK)
		return 0; /* nobody listens to it where the image goes */
	if (str_has_prefix(str_from(e->d_name), ".wh."))
		return error_new(err, ERR_UNSUPPORTED,
				 "'%s': names that begin with .wh. mean removal "
				 "in an image and cannot be stored",
				 e->d_name);
	if (c->count == c->capacity) {
		c->capacity = c->capacity ? 2 * c->capacity : 32;
		c->items = x_realloc(c->items, c->capacity, sizeof(*c->items));
	}
	child.name = x_strdup(e->d_name);
	c->items[c->count++] = child;
	return 0;
}

int layer_list_children(int dir_fd, struct layer_children *c, struct error **err)
{
	int copy = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	int r = 0;

	if (!d) {
		r = error_errno(err, "read directory");
		close_fd(copy);
		return r;
	}
	errno = 0;
	for (struct dirent *e; r == 0 && (e = readdir(d)); errno = 0) {
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			r = add_child(c, dir_fd, e, err);
	}
	if (r == 0 && errno)
		r = error_errno(err, "read directory");
	(void)closedir(d);
	if (c->count)
		qsort(c->items, c->count, sizeof(*c->items), compare_children);
	return r;
}

void layer_xattrs_fini(struct layer_xattrs *x)
{
	for (size_t i = 0; i < x->count; i++) {
		free(x->items[i].name);
		free(x->items[i].value);
	}
	x->count = 0;
}

static int compare_xattrs(const void *a, const void *b)
{
	return strcmp(((const struct tar_xattr *)a)->name, ((const struct tar_xattr *)b)->name);
}

static int add_xattr(int fd, const char *name, struct layer_xattrs *x, struct error **err)
{
	if (layer_is_redirect_xattr(name))
		return error_new(err, ERR_UNSUPPORTED,
				 "overlay attribute %s: the content is not in "
				 "this layer; mount with redirect_dir=off,metacopy=off",
				 name);
	if (!layer_keeps_xattr(name))
		return 0;
	if (x->count == TAR_XATTRS_MAX)
		return error_new(err, ERR_LIMIT, "more than %d extended attributes",
				 TAR_XATTRS_MAX);
	char *value = x_alloc(XATTR_VALUE_SIZE);
	ssize_t size = fgetxattr(fd, name, value, XATTR_VALUE_SIZE);

	if (size < 0) {
		free(value);
		return error_errno(err, "read attribute %s", name);
	}
	x->items[x->count++] = (struct tar_xattr){.name = x_strdup(name),
						  .value = x_realloc(value, (size_t)size + 1, 1),
						  .size = (size_t)size};
	return 0;
}

int layer_read_xattrs(int fd, struct layer_xattrs *x, struct error **err)
{
	char few[1024];
	CLEANUP_FREE char *many = NULL;
	char *names = few;
	ssize_t len = flistxattr(fd, few, sizeof(few));

	if (len < 0 && errno == ERANGE) {
		names = many = x_alloc(XATTR_NAMES_SIZE);
		len = flistxattr(fd, many, XATTR_NAMES_SIZE);
	}
	if (len < 0)
		return errno == ENOTSUP ? 0 : error_errno(err, "list attributes");
	for (const char *name = names; name < names + len; name += strlen(name) + 1) {
		int r = add_xattr(fd, name, x, err);

		if (r < 0)
			return r;
	}
	if (x->count > 1)
		qsort(x->items, x->count, sizeof(*x->items), compare_xattrs);
	return 0;
}
