/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root file system: an overlay of layers, or one layer bound read-only.
 *
 * Where the kernel can (6.7), the layers are given one by one to an overlay that is mounted nowhere
 * yet: there is no limit but their number, and it can be done while the child does other things.
 * Elsewhere mount(2) takes one page of options, and layers are named relative to their directory.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>

#include "base/fs.h"
#include "launch.h"
#include "mount_call.h"

enum { OPTIONS_MAX = 4096, FSCONFIG_STRING_MAX = 255 };

/** struct options - One page of mount options under construction */
struct options {
	char text[OPTIONS_MAX];
	size_t len;
	bool overflow;
};

static void add_text(struct options *o, const char *text)
{
	size_t len = strlen(text);

	if (o->len + len >= sizeof(o->text)) {
		o->overflow = true;
		return;
	}
	memcpy(o->text + o->len, text, len + 1);
	o->len += len;
}

/* The kernel takes away one backslash before any byte. */
static void add_path(struct options *o, const char *path)
{
	char piece[3] = "";

	for (; *path; path++) {
		bool special = *path == ':' || *path == ',' || *path == '\\';

		piece[0] = special ? '\\' : *path;
		piece[1] = special ? *path : '\0';
		add_text(o, piece);
	}
}

/* The kernel refuses a layer that is there twice: the upper one hides the lower one anyway. */
static bool is_repeated(const struct strv *lowers, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (strcmp(lowers->items[k], lowers->items[i]) == 0)
			return true;
	}
	return false;
}

/* The kernel makes no overlay of one directory: that one is bound. */
static bool is_single(const struct container_root *root)
{
	for (size_t i = 1; i < root->lowers.count; i++) {
		if (!is_repeated(&root->lowers, i))
			return false;
	}
	return !root->upper;
}

static int fail_overlay(struct launch_failure *f, const struct container_root *root)
{
	(void)launch_fail(f, 0, "mount an overlay of %zu layers on '%s'", root->lowers.count,
			  root->mountpoint);
	if (errno == EINVAL)
		(void)snprintf(f->hint, sizeof(f->hint),
			       "the upper directory must not be on an overlay itself; "
			       "the kernel log has the details");
	return -1;
}

/* A volatile overlay leaves a mark so that nobody mounts its upper again; we know what we do. */
static void forget_volatile(const struct container_root *root)
{
	static const char *const parts[] = {"work/incompat/volatile/dirty",
					    "work/incompat/volatile", "work/incompat"};
	CLEANUP_FD int fd = open(root->work, O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (unlinkat(fd, parts[i], i ? AT_REMOVEDIR : 0) < 0)
			return;
	}
}

static int set(int fs_fd, const char *key, const char *value)
{
	if (strlen(value) > FSCONFIG_STRING_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return mount_call_fsconfig(fs_fd, FSCONFIG_SET_STRING, key, value, 0);
}

static int set_lower(int fs_fd, const char *dir, const char *name)
{
	char path[FSCONFIG_STRING_MAX + 2];

	(void)snprintf(path, sizeof(path), "%s/%s", dir,
		       name); /* cut: then it is refused by set() */
	return set(fs_fd, "lowerdir+", path);
}

static int set_upper(int fs_fd, const struct container_root *root)
{
	struct options upper = {.len = 0}, work = {.len = 0};

	add_path(&upper, root->upper);
	add_path(&work, root->work);
	if (set(fs_fd, "upperdir", upper.text) < 0 || set(fs_fd, "workdir", work.text) < 0)
		return -1;
	return root->volatile_ ? mount_call_fsconfig(fs_fd, FSCONFIG_SET_FLAG, "volatile", NULL, 0)
			       : 0;
}

int root_open(const struct container_root *root)
{
	if (is_single(root))
		return -1;
	if (root->upper && root->volatile_)
		forget_volatile(root);
	CLEANUP_FD int fs_fd = mount_call_fsopen("overlay");

	if (fs_fd < 0 || set(fs_fd, "source", "overlay") < 0 || set(fs_fd, "index", "off") < 0 ||
	    set(fs_fd, "redirect_dir", "off") < 0 || set(fs_fd, "metacopy", "off") < 0)
		return -1;
	for (size_t i = 0; i < root->lowers.count; i++) {
		if (!is_repeated(&root->lowers, i) &&
		    set_lower(fs_fd, root->layers_dir, root->lowers.items[i]) < 0)
			return -1;
	}
	if ((root->upper && set_upper(fs_fd, root) < 0) ||
	    mount_call_fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	return mount_call_fsmount(fs_fd, 0);
}

/* One page of options: every kernel takes it, and two hundred layers fit. */
static int mount_overlay(const struct container_root *root, struct launch_failure *f)
{
	struct options o = {.len = 0};
	const char *separator = "";

	add_text(&o, root->volatile_ && root->upper ? "index=off,redirect_dir=off,metacopy=off,volatile,lowerdir="
						    : "index=off,redirect_dir=off,metacopy=off,lowerdir=");
	for (size_t i = 0; i < root->lowers.count; i++) {
		if (is_repeated(&root->lowers, i))
			continue;
		add_text(&o, separator);
		add_path(&o, root->lowers.items[i]);
		separator = ":";
	}
	if (root->upper) {
		if (root->volatile_)
			forget_volatile(root);
		add_text(&o, ",upperdir=");
		add_path(&o, root->upper);
		add_text(&o, ",workdir=");
		add_path(&o, root->work);
	}
	if (o.overflow)
		return launch_fail(f, ERR_UNSUPPORTED,
				   "an image of %zu layers needs Linux 6.7 or short paths",
				   root->lowers.count);
	if (mount("overlay", root->mountpoint, "overlay", 0, o.text) < 0)
		return fail_overlay(f, root);
	return 0;
}

static int mount_single(const struct container_root *root, struct launch_failure *f)
{
	CLEANUP_FD int fd = mount_call_open_tree(AT_FDCWD, root->lowers.items[0], false);

	if (fd < 0 || mount_call_set(fd, MOUNT_ATTR_RDONLY, true, false) < 0 ||
	    mount_call_move(fd, AT_FDCWD, root->mountpoint) < 0)
		return launch_fail(f, 0, "mount layer '%s' on '%s'", root->lowers.items[0],
				   root->mountpoint);
	return 0;
}

int root_mount(const struct container_root *root, int opened_fd, struct launch_failure *failure)
{
	int r;

	if (opened_fd >= 0) {
		if (mount_call_move(opened_fd, AT_FDCWD, root->mountpoint) < 0)
			return launch_fail(failure, 0, "mount the root on '%s'", root->mountpoint);
	} else {
		if (chdir(root->layers_dir) < 0)
			return launch_fail(failure, 0, "enter the layers' directory '%s'",
					   root->layers_dir);
		r = is_single(root) ? mount_single(root, failure) : mount_overlay(root, failure);
		if (r < 0)
			return -1;
	}
	int fd = open(root->mountpoint, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? launch_fail(failure, 0, "open root '%s'", root->mountpoint) : fd;
}

int container_mount_root(const struct container_root *root, struct error **err)
{
	CLEANUP_FD int cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct launch_failure failure = {.code = 0};

	if (root->lowers.count == 0 || root->lowers.count > LAUNCH_LOWERS_MAX)
		return error_new(err, ERR_LIMIT, "an image of %zu layers (1 to %d are possible)",
				 root->lowers.count, LAUNCH_LOWERS_MAX);
	CLEANUP_FD int opened = root_open(root);
	CLEANUP_FD int fd = root_mount(root, opened, &failure);

	if (cwd >= 0 && fchdir(cwd) < 0 && fd >= 0)
		return error_errno(err, "return to the working directory");
	return fd < 0 ? launch_report(&failure, err) : STEAL_FD(&fd);
}
