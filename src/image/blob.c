/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs: files named by the SHA-256 of their content. */
#include "blob.h"

#include <errno.h>
#include <fcntl.h>

#include "lease.h"

/* Content is compared, not only the name: after a power cut an empty file may bear it. */
static bool is_intact(const struct store *s, const char *hex, str data)
{
	CLEANUP(error) struct error *ignored = NULL; /* whatever is wrong, it is written anew */
	struct strbuf content CLEANUP_STRBUF = STRBUF_INIT(0);

	return fs_read_at(s->blobs_fd, hex, data.len, &content, &ignored) == 0 &&
	       str_is_equal(strbuf_str(&content), data);
}

/* Somebody else may have written it without syncing. */
static int sync_existing(const struct store *s, const char *hex, struct error **err)
{
	CLEANUP_FD int fd = openat(s->blobs_fd, hex, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0 || fsync(s->blobs_fd) < 0)
		return error_errno(err, "sync blob sha256:%s", hex);
	return 0;
}

int blob_write_as(const struct store *s, str data, enum fs_durability durability,
		  char ret_hex[SHA256_HEX_SIZE], struct error **err)
{
	char hex[SHA256_HEX_SIZE];

	sha256_hex(data, hex);
	int r = store_touch(s, s->blobs_fd, hex, err);

	if (r < 0 && r != -ERR_NOT_FOUND)
		return r;
	if (r == 0 && is_intact(s, hex, data))
		r = durability == FS_DURABLE ? sync_existing(s, hex, err) : 0;
	else
		r = fs_write_atomic_at(s->blobs_fd, hex, data, 0444, durability, err);
	if (r == 0)
		memcpy(ret_hex, hex, sizeof(hex));
	return r < 0 ? error_context(err, "blob sha256:%s", hex) : 0;
}

int blob_write(const struct store *s, str data, char ret_hex[SHA256_HEX_SIZE], struct error **err)
{
	return blob_write_as(s, data, FS_DURABLE, ret_hex, err);
}

int blob_read(const struct store *s, const char *hex, size_t max, struct strbuf *out,
	      struct error **err)
{
	struct strbuf content CLEANUP_STRBUF = STRBUF_INIT(0);
	char actual[SHA256_HEX_SIZE];

	/* The name becomes a path: nothing but a digest gets there (CVE-2024-3727). */
	if (!sha256_is_hex(str_from(hex)))
		return error_new(err, ERR_PARSE, "'%.80s' is not a SHA-256 digest", hex);
	int r = fs_read_at(s->blobs_fd, hex, max, &content, err);

	if (r == 0) {
		sha256_hex(strbuf_str(&content), actual);
		if (strcmp(actual, hex) != 0)
			r = error_new(err, ERR_DIGEST, "content has digest sha256:%s", actual);
	}
	if (r == -ERR_DIGEST)
		(void)error_hint(err, "the store is damaged; pull or build the image again");
	if (r < 0)
		return error_context(err, "blob sha256:%s", hex);
	strbuf_add_str(out, strbuf_str(&content));
	return 0;
}

bool blob_exists(const struct store *s, const char *hex, uint64_t *ret_size)
{
	CLEANUP(error)
	struct error *ignored = NULL; /* what cannot be kept does not count as there */
	struct stat st;

	if (!sha256_is_hex(str_from(hex)) || store_touch(s, s->blobs_fd, hex, &ignored) < 0 ||
	    fstatat(s->blobs_fd, hex, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return false;
	if (ret_size)
		*ret_size = (uint64_t)st.st_size;
	return true;
}
