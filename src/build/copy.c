/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COPY and ADD as BuildKit does them: what the sources are, where each one goes, as whom.
 */
#include "copy.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include "base/clock.h"
#include "base/fs.h"
#include "context.h"
#include "copy_tree.h"

/** struct copying - One instruction while it is executed */
struct copying {
	const struct copy_spec *spec;
	struct copy_rules rules;
	int root_fd, source_fd;
};

/* Mounts made from here on are seen by this process only and go with it. */
static int hide_mounts(struct error **err)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return error_errno(err, "make a mount namespace");
	return 0;
}

static int mount_root(const struct container_root *root, struct error **err)
{
	int r = hide_mounts(err);

	return r < 0 ? r : container_mount_root(root, err);
}

/*
 * "--chown": a number needs no entry in passwd or group, and without a group it stands for both; a
 * name brings its own group.
 */
static int resolve_owner(int root_fd, const char *text, struct copy_rules *rules,
			 struct error **err)
{
	str user = str_from(text), group = { NULL, 0 };
	bool has_group = str_split_once(user, ':', &user, &group);
	uint64_t uid = 0, gid = 0;
	bool numeric = user.len == 0 || str_to_u64(user, UINT32_MAX - 1, &uid);
	struct container_user resolved;

	if (!has_group || group.len == 0) {
		gid = uid;
		has_group = false;
	}
	if (numeric && (!has_group || str_to_u64(group, UINT32_MAX - 1, &gid))) {
		rules->uid = (uid_t)uid;
		rules->gid = (gid_t)gid;
		return 0;
	}
	CLEANUP_FREE char *full = user.len ? x_strdup(text) : x_asprintf("0%s", text);
	int r = container_resolve_user(root_fd, full, NULL, &resolved, err);

	if (r < 0)
		return error_context(err, "--chown=%s", text);
	rules->uid = resolved.uid;
	rules->gid = resolved.gid;
	return 0;
}

static int set_rules(struct copying *c, struct error **err)
{
	const struct copy_spec *spec = c->spec;

	c->rules = (struct copy_rules){ .keep_owner = !spec->chown && spec->context_fd < 0,
					.has_chmod = spec->has_chmod,
					.chmod = spec->chmod,
					.clamp_s = spec->clamp_s };
	return spec->chown ? resolve_owner(c->root_fd, spec->chown, &c->rules, err) : 0;
}

static bool is_slashed(const char *dest)
{
	return str_has_suffix(str_from(dest), "/");
}

static int copy_directory(struct copying *c, const struct selected *e, struct error **err)
{
	char real[PATH_MAX];
	CLEANUP_FD int from = fs_open_in_root(c->source_fd, e->path, O_RDONLY | O_DIRECTORY, 0);
	int r = from < 0 ? from : walk_real_path(c->source_fd, e->path, real);

	if (r < 0) {
		errno = -r;
		return error_errno(err, "open directory '%s'", e->path);
	}
	CLEANUP_FD int to = copy_target_directory(c->root_fd, c->spec->dest, &c->rules, err);

	if (to < 0)
		return error_context(err, "copy directory '%s'", e->path);
	return copy_tree(from, real, c->spec->ignore, to, &c->rules, err);
}

/* 1: it was an archive. */
static int try_unpack(struct copying *c, int fd, struct error **err)
{
	int r = archive_is_there(fd, err);

	if (r <= 0)
		return r;
	struct copy_rules rules = c->rules;

	rules.keep_owner = !c->spec->chown;
	CLEANUP_FD int to = copy_target_directory(c->root_fd, c->spec->dest, &rules, err);

	r = to < 0 ? to : archive_extract(fd, to, &rules, err);
	return r < 0 ? r : 1;
}

/* The name in the destination: its own last part, or the source's when that is a directory. */
static int find_target(struct copying *c, const char *source_name, struct copy_target *target,
		       struct error **err)
{
	int r = copy_target_find(c->root_fd, c->spec->dest, &c->rules, target, err);

	if (r == 0 && !target->name)
		target->name = x_strdup(source_name);
	return r;
}

static int copy_one(struct copying *c, const char *path, int fd, const struct stat *st,
		    struct error **err)
{
	struct copy_target t;
	int r = find_target(c, walk_base_name(path), &t, err);

	if (r == 0)
		r = S_ISREG(st->st_mode) ? copy_file(fd, st, t.dir_fd, t.name, &c->rules, err)
					 : copy_special(st, t.dir_fd, t.name, &c->rules, err);
	copy_target_fini(&t);
	return r;
}

static int copy_single(struct copying *c, const struct selected *e, struct error **err)
{
	CLEANUP_FD int fd = fs_open_in_root(c->source_fd, e->path, O_PATH, 0);
	struct stat st;
	int r = 0;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		close_fd(fd);
		fd = fs_open_in_root(c->source_fd, e->path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	}
	if (fd < 0) {
		errno = -fd;
		return error_errno(err, "open");
	}
	if (fstat(fd, &st) < 0)
		return error_errno(err, "stat");
	if (S_ISREG(st.st_mode) && c->spec->unpack)
		r = try_unpack(c, fd, err);
	if (r != 0)
		return r < 0 ? r : 0;
	return copy_one(c, e->path, fd, &st, err);
}

static int copy_selection(struct copying *c, const struct selection *sel, struct error **err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < sel->count; i++) {
		const struct selected *e = &sel->entries[i];

		r = e->is_dir ? copy_directory(c, e, err) : copy_single(c, e, err);
		if (r < 0 && !e->is_dir)
			r = error_context(err, "copy '%s' to '%s'", e->path, c->spec->dest);
	}
	return r;
}

static int write_inline(struct copying *c, const struct copy_inline *in, struct error **err)
{
	CLEANUP_FREE char *name = str_dup(in->name);
	struct copy_target target;
	int r = find_target(c, name, &target, err);
	CLEANUP_FD int fd = r < 0 ? -1 : copy_create(target.dir_fd, target.name, err);
	const struct timespec now = copy_clamp(&c->rules, clock_wall());
	const struct timespec times[2] = { now, now };

	copy_target_fini(&target);
	if (fd < 0)
		return r < 0 ? r : fd;
	if (fs_write_all(fd, in->body.ptr, in->body.len) < 0 ||
	    fchown(fd, c->rules.uid, c->rules.gid) < 0 ||
	    fchmod(fd, c->rules.has_chmod ? c->rules.chmod : 0644) < 0 || futimens(fd, times) < 0)
		return error_errno(err, "write '%s'", name);
	return 0;
}

static int write_inlines(struct copying *c, struct error **err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->spec->inline_count; i++) {
		r = write_inline(c, &c->spec->inlines[i], err);
		if (r < 0)
			r = error_context(err, "heredoc '%.*s'", STR_ARG(c->spec->inlines[i].name));
	}
	return r;
}

static int check_words(const struct copy_spec *spec, struct error **err)
{
	if (spec->sources.count + spec->inline_count <= 1 || is_slashed(spec->dest))
		return 0;
	(void)error_new(err, ERR_USAGE, "several sources, and the destination '%s' is no directory",
			spec->dest); /* the hint returns it */
	return error_hint(err, "end it with a slash: '%s/'", spec->dest);
}

/* A wildcard that matches several files would leave only the last of them under one name. */
static int check_matches(const struct copying *c, const struct selection *sel, struct error **err)
{
	size_t files = 0;

	for (size_t i = 0; i < sel->count; i++)
		files += !sel->entries[i].is_dir;
	if (sel->count <= 1 || files == 0 || is_slashed(c->spec->dest))
		return 0;
	CLEANUP_FD int fd = fs_open_in_root(c->root_fd, c->spec->dest, O_PATH | O_DIRECTORY, 0);

	if (fd >= 0)
		return 0;
	(void)error_new(err, ERR_USAGE, "'%s' matches %zu paths, and the destination '%s' is no "
			"directory", c->spec->sources.items[0], sel->count, c->spec->dest);
	return error_hint(err, "end it with a slash: '%s/'", c->spec->dest);
}

static int copy_mounted(struct copying *c, struct error **err)
{
	const struct copy_spec *spec = c->spec;
	struct selection sel = SELECTION_INIT;
	int r = set_rules(c, err);

	if (r == 0 && spec->sources.count)
		r = spec->context_fd >= 0
			    ? select_paths(c->source_fd, spec->ignore, &spec->sources, &sel, err)
			    : select_paths_in_image(c->source_fd, &spec->sources, &sel, err);
	if (r == 0)
		r = check_matches(c, &sel, err);
	if (r == 0)
		r = copy_selection(c, &sel, err);
	selection_fini(&sel);
	return r < 0 ? r : write_inlines(c, err);
}

int copy_run(const struct copy_spec *spec, struct error **err)
{
	int r = check_words(spec, err);

	if (r < 0)
		return r;
	CLEANUP_FD int root_fd = mount_root(&spec->root, err);

	if (root_fd < 0)
		return root_fd;
	CLEANUP_FD int image_fd = -1;
	struct copying c = { .spec = spec, .root_fd = root_fd, .source_fd = spec->context_fd };

	if (spec->context_fd < 0 && spec->sources.count) {
		image_fd = container_mount_root(&spec->source_root, err);
		if (image_fd < 0)
			return image_fd;
		c.source_fd = image_fd;
	}
	return copy_mounted(&c, err);
}

int copy_make_workdir(const struct container_root *root, const char *path, const char *user,
		      struct error **err)
{
	CLEANUP_FD int root_fd = mount_root(root, err);
	struct container_user resolved;

	if (root_fd < 0)
		return root_fd;
	int r = container_resolve_user(root_fd, user, NULL, &resolved, err);

	if (r < 0)
		return r;
	const struct copy_rules rules = { .uid = resolved.uid, .gid = resolved.gid, .clamp_s = -1 };
	CLEANUP_FD int fd = copy_target_directory(root_fd, path, &rules, err);

	return fd < 0 ? error_context(err, "make working directory") : 0;
}

int copy_hash_source(const struct container_root *source_root, const struct strv *sources,
		     char ret_hex[SHA256_HEX_SIZE], struct error **err)
{
	CLEANUP_FD int root_fd = mount_root(source_root, err);
	struct selection sel = SELECTION_INIT;
	char hex[SHA256_HEX_SIZE];
	struct sha256 hash;

	if (root_fd < 0)
		return root_fd;
	int r = select_paths_in_image(root_fd, sources, &sel, err);

	sha256_start(&hash);
	for (size_t i = 0; r == 0 && i < sel.count; i++) {
		r = content_hash(NULL, root_fd, NULL, &sel, i, hex, err);
		if (r == 0)
			sha256_add_framed(&hash, STR(hex));
	}
	selection_fini(&sel);
	if (r == 0)
		sha256_finish(&hash, ret_hex);
	return r;
}
