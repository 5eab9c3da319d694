/* SPDX-License-Identifier: Apache-2.0 */
/* The store's directories, and making what was written survive a power cut. */
#include "image/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "base/strv.h"
#include "layer_record.h"
#include "lease.h"

/* Nobody but the owner may walk in: layers hold set-user-id files (CVE-2021-41091). */
enum { DIR_MODE = 0700 };

#define FORMAT_VERSION "1\n"

static const struct store_dir {
	const char *path;
	size_t fd_offset; /* of the descriptor in struct store, NO_FD: it is not kept open */
} dirs[] = {
	{"blobs/sha256", offsetof(struct store, blobs_fd)},
	{"images", offsetof(struct store, images_fd)},
	{"layers", offsetof(struct store, layers_fd)},
	{"cache", offsetof(struct store, cache_fd)},
	{"containers", offsetof(struct store, containers_fd)},
	{"volumes", offsetof(struct store, volumes_fd)},
	{"tmp", offsetof(struct store, tmp_fd)},
	{"locks", offsetof(struct store, locks_fd)},
};

static int *dir_fd(struct store *s, const struct store_dir *d)
{
	return (int *)(void *)((char *)s + d->fd_offset);
}

static int open_or_make(int at_fd, const char *path, struct error **err)
{
	int fd = openat(at_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 || errno != ENOENT)
		return fd >= 0 ? fd : error_errno(err, "open directory '%s'", path);
	int r = fs_mkdirs_at(at_fd, path, DIR_MODE, err);

	return r < 0 ? r : fs_open_dir_at(at_fd, path, err);
}

/* A newer engine's store is left alone. */
static int check_version(const struct store *s, struct error **err)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	int r = fs_read_at(s->root_fd, "version", 64, &text, err);

	if (r == -ERR_NOT_FOUND) {
		error_free(STEAL_PTR(err));
		return fs_write_atomic_at(s->root_fd, "version", STR(FORMAT_VERSION), 0600,
					  FS_DURABLE, err);
	}
	if (r < 0)
		return r;
	if (str_is_equal(strbuf_str(&text), STR(FORMAT_VERSION)))
		return 0;
	(void)error_new(err, ERR_UNSUPPORTED, "store has format %.*s, this program knows 1",
			STR_ARG(str_trim(strbuf_str(&text))));
	return error_hint(err, "use a newer program, or another directory (--root)");
}

static int open_parts(struct store *s, struct error **err)
{
	struct strbuf boot CLEANUP_STRBUF = STRBUF_INIT(0);
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(dirs); i++) {
		int fd = open_or_make(s->root_fd, dirs[i].path, err);

		if (fd < 0)
			r = fd;
		else
			*dir_fd(s, &dirs[i]) = fd;
	}
	if (r == 0)
		r = check_version(s, err);
	if (r == 0)
		r = fs_read_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &boot, err);
	if (r == 0)
		s->boot_id = str_dup(str_trim(strbuf_str(&boot)));
	return r;
}

int store_open(const char *path, struct store **ret_store, struct error **err)
{
	CLEANUP(store) struct store *s = x_alloc(sizeof(*s));

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		*dir_fd(s, &dirs[i]) = -1;
	s->lease = x_alloc(sizeof(*s->lease));
	s->lease->fd = -1;
	s->root_fd = open_or_make(AT_FDCWD, path, err);
	if (s->root_fd < 0)
		return error_context(err, "store");
	s->path = realpath(path, NULL);
	if (!s->path)
		return error_errno(err, "store '%s'", path);
	s->layers_path = x_asprintf("%s/layers", s->path);
	int r = open_parts(s, err);

	if (r < 0)
		return error_context(err, "store '%s'", s->path);
	*ret_store = STEAL_PTR(&s);
	return 0;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	store_lease_drop(s);
	free(s->lease);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		close_fd(*dir_fd(s, &dirs[i]));
	close_fd(s->root_fd);
	free(s->path);
	free(s->layers_path);
	free(s->boot_id);
	free(s);
}

/* Layers whose record is not yet known to be on the disk. */
static int list_unsynced(const struct store *s, struct strv *ids, struct error **err)
{
	CLEANUP_FD int synced_fd = open_or_make(s->layers_fd, "synced", err);

	if (synced_fd < 0)
		return synced_fd;
	int copy = openat(s->layers_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);

	if (!d) {
		int r = error_errno(err, "read layers");

		close_fd(copy);
		return r;
	}
	for (struct dirent *e; (e = readdir(d));) {
		if (layer_is_id(e->d_name) && faccessat(synced_fd, e->d_name, F_OK, 0) < 0 &&
		    layer_record_is_valid(s, e->d_name))
			strv_add(ids, e->d_name);
	}
	(void)closedir(d);
	return 0;
}

static int mark_synced(const struct store *s, const struct strv *ids, struct error **err)
{
	CLEANUP_FD int synced_fd = fs_open_dir_at(s->layers_fd, "synced", err);

	if (synced_fd < 0)
		return synced_fd;
	for (size_t i = 0; i < ids->count; i++) {
		CLEANUP_FD int fd = openat(synced_fd, ids->items[i],
					   O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

		if (fd < 0)
			return error_errno(err, "mark layer %s as synced", ids->items[i]);
	}
	/* A tag that survives must find its layers marked. */
	if (ids->count && fsync(synced_fd) < 0)
		return error_errno(err, "sync directory 'layers/synced'");
	return 0;
}

void store_release(const struct store *s)
{
	store_lease_drop(s);
}

int store_sync(const struct store *s, struct error **err)
{
	struct strv ids CLEANUP_STRV = STRV_INIT;
	int r = list_unsynced(s, &ids, err);

	if (r < 0)
		return r;
	if (syncfs(s->root_fd) < 0)
		return error_errno(err, "sync store '%s'", s->path);
	return mark_synced(s, &ids, err);
}
