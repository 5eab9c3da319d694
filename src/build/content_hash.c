/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hash of a selected tree: one record per name in walking order, so that equal trees give equal
 * bytes and different ones cannot.
 *
 *   record of a name:  length of the name (4), name, type ('d', 'f', 'l', 'p', 's', 'c', 'b'),
 *                      mode & 07777 (4), uid (4), gid (4), size or device (8),
 *                      length of the content (4), content
 *   end of directory:  length 0 (4), 'e'
 *
 * All numbers are little endian. Content: of a file the digest of its attributes and bytes, of a
 * link its target, of a directory its attributes. Times are left out, and owners are zero, unless
 * the tree is another stage's or an image's.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>

#include "attribute.h"
#include "base/fs.h"
#include "context_impl.h"
#include "stat_cache.h"
#include "walk.h"

enum { READ_SIZE = 128 << 10 };

struct hasher {
	struct sha256 hash;
	struct stat_cache *cache; /* NULL: none, and owners count */
	struct strbuf record;
	char *buffer;
};

static void add_u32(struct strbuf *out, uint64_t value)
{
	uint32_t le = htole32((uint32_t)value);

	strbuf_add(out, &le, sizeof(le));
}

static void add_u64(struct strbuf *out, uint64_t value)
{
	uint64_t le = htole64(value);

	strbuf_add(out, &le, sizeof(le));
}

static char type_letter(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return 'd';
	case S_IFLNK:
		return 'l';
	case S_IFIFO:
		return 'p';
	case S_IFSOCK:
		return 's';
	case S_IFCHR:
		return 'c';
	case S_IFBLK:
		return 'b';
	default:
		return 'f';
	}
}

static void add_record(struct hasher *h, const char *name, const struct stat *st, str content)
{
	bool is_device = S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode);
	bool is_sized = S_ISREG(st->st_mode);
	char type = type_letter(st->st_mode);

	strbuf_clear(&h->record);
	add_u32(&h->record, strlen(name));
	strbuf_add_text(&h->record, name);
	strbuf_add_char(&h->record, type);
	add_u32(&h->record, S_ISLNK(st->st_mode) ? 0777 : st->st_mode & 07777);
	add_u32(&h->record, h->cache ? 0 : st->st_uid);
	add_u32(&h->record, h->cache ? 0 : st->st_gid);
	add_u64(&h->record, is_sized ? (uint64_t)st->st_size : is_device ? st->st_rdev : 0);
	add_u32(&h->record, content.len);
	strbuf_add_str(&h->record, content);
	sha256_add(&h->hash, h->record.ptr, h->record.len);
}

static int digest_bytes(struct hasher *h, int fd, struct sha256 *digest, struct error **err)
{
	if (!h->buffer)
		h->buffer = x_alloc(READ_SIZE);
	for (;;) {
		ssize_t n = read(fd, h->buffer, READ_SIZE);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, "read");
		if (n == 0)
			return 0;
		sha256_add(digest, h->buffer, (size_t)n);
	}
}

/* Attributes change the ctime, so the stat cache covers them too. */
static int digest_file(struct hasher *h, int fd, uint8_t ret_digest[STAT_DIGEST_SIZE],
		       struct error **err)
{
	struct strbuf attributes CLEANUP_STRBUF = STRBUF_INIT(0);
	struct sha256 digest;

	sha256_start(&digest);
	attribute_list(fd, &attributes);
	sha256_add_framed(&digest, strbuf_str(&attributes));
	int r = digest_bytes(h, fd, &digest, err);

	if (r == 0)
		sha256_digest(&digest.ctx, STAT_DIGEST_SIZE, ret_digest);
	return r;
}

/* @fd is consumed; *st becomes what was read. */
static int hash_opened(struct hasher *h, const char *name, int opened, struct stat *st,
		       struct error **err)
{
	CLEANUP_FD int fd = opened;
	uint8_t digest[STAT_DIGEST_SIZE];

	if (fd < 0 || fstat(fd, st) < 0)
		return error_errno(err, "open");
	if (!S_ISREG(st->st_mode))
		return error_new(err, ERR_IO, "replaced while it was read");
	int r = digest_file(h, fd, digest, err);

	if (r < 0)
		return r;
	if (h->cache)
		stat_cache_add(h->cache, st, digest);
	add_record(h, name, st, str_make((const char *)digest, sizeof(digest)));
	return 0;
}

static bool hash_known(struct hasher *h, const char *name, const struct stat *st)
{
	uint8_t digest[STAT_DIGEST_SIZE];

	if (!h->cache || !stat_cache_find(h->cache, st, digest))
		return false;
	add_record(h, name, st, str_make((const char *)digest, sizeof(digest)));
	return true;
}

static int hash_link(struct hasher *h, const struct walk_entry *e, struct error **err)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(e->dir_fd, e->name, target, sizeof(target));

	if (len < 0)
		return error_errno(err, "read link '%s'", e->path);
	add_record(h, e->name, &e->st, str_make(target, (size_t)len));
	return 0;
}

static int visit_file(void *ctx, const struct walk_entry *e, struct error **err)
{
	struct hasher *h = ctx;
	struct stat st;

	if (S_ISLNK(e->st.st_mode))
		return hash_link(h, e, err);
	if (!S_ISREG(e->st.st_mode)) {
		add_record(h, e->name, &e->st, STR(""));
		return 0;
	}
	if (hash_known(h, e->name, &e->st))
		return 0;
	int fd = openat(e->dir_fd, e->name,
			O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (hash_opened(h, e->name, fd, &st, err) < 0)
		return error_context(err, "'%s'", e->path);
	return 0;
}

static void hash_directory(struct hasher *h, const char *name, const struct stat *st, int fd)
{
	struct strbuf attributes CLEANUP_STRBUF = STRBUF_INIT(0);

	attribute_list(fd, &attributes);
	add_record(h, name, st, strbuf_str(&attributes));
}

static int visit_enter(void *ctx, const struct walk_entry *e, struct error **err)
{
	(void)err;
	hash_directory(ctx, e->name, &e->st, e->fd);
	return 0;
}

static int visit_leave(void *ctx, const struct walk_entry *e, struct error **err)
{
	static const char end[] = { 0, 0, 0, 0, 'e' };
	struct hasher *h = ctx;

	(void)e;
	(void)err;
	sha256_add(&h->hash, end, sizeof(end));
	return 0;
}

static int hash_tree(struct hasher *h, int root_fd, const struct ignore *ignore, const char *path,
		     struct error **err)
{
	const struct walk_visitor visitor = { visit_enter, visit_leave, visit_file, h };
	CLEANUP_FD int fd = fs_open_in_root(root_fd, path, O_RDONLY | O_DIRECTORY, 0);
	char real[PATH_MAX];
	struct stat st;
	int r = fd < 0 ? fd : walk_real_path(root_fd, path, real);

	if (r == 0 && fstat(fd, &st) < 0)
		r = -errno;
	if (r < 0) {
		errno = -r;
		return error_errno(err, "open directory '%s'", path);
	}
	hash_directory(h, ".", &st, fd);
	return walk_tree(fd, real, ignore, &visitor, err);
}

static int hash_single(struct hasher *h, int root_fd, const char *path, struct error **err)
{
	CLEANUP_FD int fd = fs_open_in_root(root_fd, path, O_PATH, 0);
	const char *name = walk_base_name(path);
	struct stat st;

	if (fd < 0) {
		errno = -fd;
		return error_errno(err, "open '%s'", path);
	}
	if (fstat(fd, &st) < 0)
		return error_errno(err, "stat '%s'", path);
	if (!S_ISREG(st.st_mode)) {
		add_record(h, name, &st, STR(""));
		return 0;
	}
	if (hash_known(h, name, &st))
		return 0;
	int opened = fs_open_in_root(root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);

	if (opened < 0)
		errno = -opened;
	if (hash_opened(h, name, opened, &st, err) < 0)
		return error_context(err, "'%s'", path);
	return 0;
}

int content_hash(struct context *ctx, int root_fd, const struct ignore *ignore,
		 const struct selection *sel, size_t entry, char ret_hex[SHA256_HEX_SIZE],
		 struct error **err)
{
	const struct selected *e = &sel->entries[entry];
	struct hasher h = { .cache = ctx ? context_stat_cache(ctx) : NULL };

	sha256_start(&h.hash);
	int r = e->is_dir ? hash_tree(&h, root_fd, ignore, e->path, err)
			  : hash_single(&h, root_fd, e->path, err);

	strbuf_fini(&h.record);
	free(h.buffer);
	if (r == 0)
		sha256_finish(&h.hash, ret_hex);
	return r;
}
