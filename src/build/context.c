/* SPDX-License-Identifier: Apache-2.0 */
/* The build context: its directory, its ignore file, its stat cache. */
#include "context.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#include "context_impl.h"
#include "stat_cache.h"

struct context {
	const struct store *store;
	char *path; /* absolute, without links */
	int fd;
	struct ignore *ignore;
	struct stat_cache *cache; /* NULL: not asked for yet */
};

int context_fd(const struct context *ctx)
{
	return ctx->fd;
}

const struct ignore *context_ignore(const struct context *ctx)
{
	return ctx->ignore;
}

struct stat_cache *context_stat_cache(struct context *ctx)
{
	if (!ctx->cache)
		ctx->cache = stat_cache_open(ctx->store, ctx->path);
	return ctx->cache;
}

/* 1: there is none. @fd is consumed. */
static int read_ignore(struct context *ctx, int opened, const char *name, struct error **err)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP_FD int fd = opened;
	struct stat st;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 1;
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno(err, "open ignore file '%s'", name);
	if (!S_ISREG(st.st_mode))
		return error_new(err, ERR_IO, "ignore file '%s' is not a regular file", name);
	if (fs_read_fd(fd, IGNORE_FILE_MAX, &text, err) < 0)
		return error_context(err, "ignore file '%s'", name);
	return ignore_parse(name, strbuf_str(&text), &ctx->ignore, err);
}

static int find_ignore(struct context *ctx, const char *dockerfile_path, struct error **err)
{
	const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY; /* a FIFO must not hang us */
	int r = 1;

	if (dockerfile_path) {
		CLEANUP_FREE char *name = x_asprintf("%s.dockerignore", dockerfile_path);

		r = read_ignore(ctx, open(name, flags | O_CLOEXEC), name, err);
	}
	if (r != 1)
		return r;
	int fd = fs_open_in_root(ctx->fd, ".dockerignore", flags, 0);

	errno = fd < 0 ? -fd : 0;
	r = read_ignore(ctx, fd, ".dockerignore", err);
	return r == 1 ? 0 : r;
}

int context_open(const struct store *store, const char *dir, const char *dockerfile_path,
		 struct context **ret, struct error **err)
{
	char path[PATH_MAX];

	if (!realpath(dir, path)) {
		int r = error_errno(err, "build context '%s'", dir);

		return r == -ERR_NOT_FOUND ? error_hint(err, "the last argument of build is the "
							     "directory that COPY reads from") : r;
	}
	CLEANUP(context) struct context *ctx = x_alloc(sizeof(*ctx));

	*ctx = (struct context){ .store = store, .path = x_strdup(path), .fd = -1 };
	ctx->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ctx->fd < 0)
		return error_errno(err, "open build context '%s'", dir);
	int r = find_ignore(ctx, dockerfile_path, err);

	if (r == 0)
		*ret = STEAL_PTR(&ctx);
	return r;
}

void context_close(struct context *ctx)
{
	if (!ctx)
		return;
	stat_cache_close(ctx->cache);
	ignore_free(ctx->ignore);
	close_fd(ctx->fd);
	free(ctx->path);
	free(ctx);
}
