/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The canonical tar of an unpacked layer: docs/formats/layer-tar.md.
 *
 * Depth first; in a directory the opaque mark comes first, then the whiteouts, then the rest, each
 * sorted by bytes: the same tree gives the same archive wherever and however it was made.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/sysmacros.h>

#include "base/strv.h"
#include "image/store.h"
#include "inode_map.h"
#include "layer_overlay.h"

enum {
	BUFFER_SIZE = 128 << 10,  /* larger ones fall out of the second-level cache */
	READAHEAD_SIZE = 1 << 20, /* larger files are announced to the kernel */
	LINK_NAMES_MAX = 64 << 20,
};

struct layer_walk {
	struct tar_writer *tar;
	int64_t clamp_s;
	const char *opaque_xattr;
	struct strbuf path;	      /* of the current entry */
	struct inode_map first_names; /* inode -> index in names */
	struct strv names;
	size_t name_bytes;
	char *buffer;
};

/* Whole seconds, as other builders write them: a fraction would cost a header of 1 kB per file. */
static struct timespec entry_time(const struct layer_walk *w, const struct stat *st)
{
	bool is_later = w->clamp_s >= 0 && st->st_mtim.tv_sec > w->clamp_s;

	return (struct timespec){.tv_sec = is_later ? w->clamp_s : st->st_mtim.tv_sec};
}

static struct tar_entry entry_from_stat(const struct layer_walk *w, enum tar_type type,
					const struct stat *st)
{
	return (struct tar_entry){.type = type,
				  .path = w->path.ptr,
				  .mode = st->st_mode & 07777,
				  .uid = st->st_uid,
				  .gid = st->st_gid,
				  .mtime = entry_time(w, st)};
}

static void cut_path(struct layer_walk *w, size_t len)
{
	w->path.len = len;
	w->path.ptr[len] = '\0';
}

/* A marker file: nothing in it varies. */
static int write_marker(struct layer_walk *w, const char *name, struct error **err)
{
	const size_t len = w->path.len;

	strbuf_addf(&w->path, "%s.wh.%s", len ? "/" : "", name);
	struct tar_entry e = {.type = TAR_FILE, .path = w->path.ptr};
	int r = w->path.overflow ? error_new(err, ERR_LIMIT, "path of '%s' is too long", name)
				 : tar_write_entry(w->tar, &e, err);

	cut_path(w, len);
	return r;
}

/*
 * Second and later names of an inode become hard links to the first.
 * Return: 1: written as a link; 0: this is the first name; -ERR_*
 */
static int write_if_link(struct layer_walk *w, const struct stat *st, struct error **err)
{
	size_t first;

	if (st->st_nlink < 2)
		return 0;
	if (!inode_map_find(&w->first_names, st->st_dev, st->st_ino, &first)) {
		w->name_bytes += w->path.len;
		if (w->name_bytes > LINK_NAMES_MAX)
			return error_new(err, ERR_LIMIT,
					 "more than %d bytes of names of hard-linked "
					 "files",
					 LINK_NAMES_MAX);
		inode_map_set(&w->first_names, st->st_dev, st->st_ino, w->names.count);
		strv_add(&w->names, w->path.ptr);
		return 0;
	}
	struct tar_entry e = entry_from_stat(w, TAR_HARDLINK, st);

	e.link = w->names.items[first];
	int r = tar_write_entry(w->tar, &e, err);

	return r < 0 ? r : 1;
}

static int write_content(struct layer_walk *w, int fd, uint64_t size, struct error **err)
{
	while (size) {
		ssize_t n = read(fd, w->buffer, size < BUFFER_SIZE ? (size_t)size : BUFFER_SIZE);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, "read");
		if (n == 0)
			return error_new(err, ERR_IO, "got shorter while it was read");
		int r = tar_write(w->tar, w->buffer, (size_t)n, err);

		if (r < 0)
			return r;
		size -= (uint64_t)n;
	}
	return 0;
}

static int write_file(struct layer_walk *w, int dir_fd, const char *name, struct error **err)
{
	struct layer_xattrs x __attribute__((cleanup(layer_xattrs_fini))) = {.count = 0};
	CLEANUP_FD int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return error_errno(err, "open");
	if (fstat(fd, &st) < 0)
		return error_errno(err, "stat");
	if (!S_ISREG(st.st_mode))
		return error_new(err, ERR_IO, "changed while it was read");
	int r = write_if_link(w, &st, err);

	if (r != 0)
		return r < 0 ? r : 0;
	r = layer_read_xattrs(fd, &x, err);
	if (r < 0)
		return r;
	struct tar_entry e = entry_from_stat(w, TAR_FILE, &st);

	e.size = (uint64_t)st.st_size;
	e.xattrs = x.items;
	e.xattr_count = x.count;
	if (e.size >= READAHEAD_SIZE)
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* advice only */
	r = tar_write_entry(w->tar, &e, err);
	return r < 0 ? r : write_content(w, fd, e.size, err);
}

static int write_symlink_or_node(struct layer_walk *w, int dir_fd, const char *name,
				 struct error **err)
{
	char link[TAR_PATH_MAX + 1];
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(err, "stat");
	int r = write_if_link(w, &st, err);

	if (r != 0)
		return r < 0 ? r : 0;
	struct tar_entry e = entry_from_stat(w, TAR_FIFO, &st);

	if (S_ISLNK(st.st_mode)) {
		ssize_t len = readlinkat(dir_fd, name, link, sizeof(link));

		if (len < 0)
			return error_errno(err, "read link");
		if (len > TAR_PATH_MAX)
			return error_new(err, ERR_LIMIT, "link target is too long");
		link[len] = '\0';
		e.type = TAR_SYMLINK;
		e.mode = 0777; /* means nothing, and file systems differ */
		e.link = link;
	} else if (!S_ISFIFO(st.st_mode)) {
		e.type = S_ISCHR(st.st_mode) ? TAR_CHAR : TAR_BLOCK;
		e.major = major(st.st_rdev);
		e.minor = minor(st.st_rdev);
	}
	return tar_write_entry(w->tar, &e, err);
}

static int write_children(struct layer_walk *w, int fd, unsigned depth, bool hidden,
			  struct error **err);

/* @hidden: a directory above is opaque, so that this one has no lower layers any more */
static int write_dir(struct layer_walk *w, int dir_fd, const char *name, unsigned depth,
		     bool hidden, struct error **err)
{
	struct layer_xattrs x __attribute__((cleanup(layer_xattrs_fini))) = {.count = 0};
	CLEANUP_FD int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return error_errno(err, "open");
	if (fstat(fd, &st) < 0)
		return error_errno(err, "stat");
	int r = layer_read_xattrs(fd, &x, err);

	if (r < 0)
		return r;
	struct tar_entry e = entry_from_stat(w, TAR_DIR, &st);

	e.xattrs = x.items;
	e.xattr_count = x.count;
	r = tar_write_entry(w->tar, &e, err);
	if (r == 0 && !hidden && layer_is_opaque(fd, w->opaque_xattr)) {
		hidden = true;
		r = write_marker(w, ".wh..opq", err);
	}
	return r < 0 ? r : write_children(w, fd, depth, hidden, err);
}

static int write_child(struct layer_walk *w, int dir_fd, const struct layer_child *c,
		       unsigned depth, bool hidden, struct error **err)
{
	if (c->type == DT_DIR)
		return write_dir(w, dir_fd, c->name, depth + 1, hidden, err);
	if (c->type == DT_REG)
		return write_file(w, dir_fd, c->name, err);
	return write_symlink_or_node(w, dir_fd, c->name, err);
}

static int write_children(struct layer_walk *w, int fd, unsigned depth, bool hidden,
			  struct error **err)
{
	struct layer_children c __attribute__((cleanup(layer_children_fini))) = {0};
	const size_t len = w->path.len;

	if (depth > LAYER_DEPTH_MAX)
		return error_new(err, ERR_LIMIT, "deeper than %d levels", LAYER_DEPTH_MAX);
	int r = layer_list_children(fd, &c, err);

	for (size_t i = 0; r == 0 && i < c.count; i++) {
		if (c.items[i].is_whiteout) {
			/* Nothing is below an opaque directory that could be removed. */
			r = hidden ? 0 : write_marker(w, c.items[i].name, err);
			continue;
		}
		strbuf_addf(&w->path, "%s%s", len ? "/" : "", c.items[i].name);
		if (w->path.overflow)
			return error_new(err, ERR_LIMIT, "path is longer than %d bytes",
					 TAR_PATH_MAX);
		r = write_child(w, fd, &c.items[i], depth, hidden, err);
		if (r == 0) /* else the path stays for the error message */
			cut_path(w, len);
	}
	return r;
}

/* The root has an entry only when it differs from what every unpacker makes by itself. */
static int write_root(struct layer_walk *w, int fs_fd, struct error **err)
{
	struct layer_xattrs x __attribute__((cleanup(layer_xattrs_fini))) = {.count = 0};
	struct stat st;

	if (fstat(fs_fd, &st) < 0)
		return error_errno(err, "stat");
	int r = layer_read_xattrs(fs_fd, &x, err);

	if (r < 0 || ((st.st_mode & 07777) == 0755 && st.st_uid == 0 && st.st_gid == 0 && !x.count))
		return r;
	struct tar_entry e = entry_from_stat(w, TAR_DIR, &st);
	char dot[] = ".";

	e.path = dot;
	e.xattrs = x.items;
	e.xattr_count = x.count;
	return tar_write_entry(w->tar, &e, err);
}

int layer_write_tar(int fs_fd, int64_t clamp_s, struct byte_sink sink, struct error **err)
{
	CLEANUP(tar_writer) struct tar_writer *tar = tar_writer_new(sink);
	CLEANUP_FREE char *buffer = x_alloc(BUFFER_SIZE);
	struct layer_walk w = {.tar = tar,
			       .clamp_s = clamp_s,
			       .opaque_xattr = layer_opaque_xattr(fs_fd),
			       .path = STRBUF_INIT(TAR_PATH_MAX),
			       .buffer = buffer};
	int r = write_root(&w, fs_fd, err);

	if (r == 0)
		r = write_children(&w, fs_fd, 0, false, err);
	if (r == 0)
		r = tar_finish(tar, err);
	else
		(void)error_context(err, "layer file '%.*s'", STR_ARG(strbuf_str(&w.path)));
	strbuf_fini(&w.path);
	strv_fini(&w.names);
	inode_map_fini(&w.first_names);
	return r;
}

/** struct digesting_sink - Hashes and counts */
struct digesting_sink {
	struct sha256 hash;
	uint64_t size;
};

static int digest_bytes(void *ctx, const void *data, size_t len, struct error **err)
{
	struct digesting_sink *d = ctx;

	(void)err; /* hashing does not fail */
	sha256_add(&d->hash, data, len);
	d->size += len;
	return 0;
}

int layer_digest(int fs_fd, int64_t clamp_s, char ret_hex[SHA256_HEX_SIZE], uint64_t *ret_size,
		 struct error **err)
{
	struct digesting_sink d = {.size = 0};

	sha256_start(&d.hash);
	int r = layer_write_tar(fs_fd, clamp_s, (struct byte_sink){digest_bytes, &d}, err);

	if (r < 0)
		return r;
	sha256_finish(&d.hash, ret_hex);
	if (ret_size)
		*ret_size = d.size;
	return 0;
}
