/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a container's log across rotations.
 *
 * How it works: the reader holds the files from the one it reads to the newest one it knows open,
 * in order. A file that is held cannot vanish, and its inode cannot be reused, so that a scan of
 * the names from the newest on can stop at the newest one known: whatever comes before it is new. A
 * file is left only when it is read to its end and a newer one is known.
 */
#include <errno.h>
#include <fcntl.h>

#include "log.h"

enum { READ_SIZE = 65536, TAIL_BLOCK = 65536 };

struct log_file {
	int fd;
	ino_t inode;
};

struct log_reader {
	int dir_fd;
	char *name;
	struct log_file *files; /* files[0] is being read */
	size_t count;
	struct strbuf pending; /* read, not yet returned; [used, len) */
	size_t used;
	struct strbuf text; /* of the message returned last */
};

static bool is_held(const struct log_reader *r, ino_t inode)
{
	for (size_t i = 0; i < r->count; i++) {
		if (r->files[i].inode == inode)
			return true;
	}
	return false;
}

/* 1: opened, 0: no such file. */
static int open_file(const struct log_reader *r, unsigned number, struct log_file *ret,
		     struct error **err)
{
	CLEANUP_FREE char *name = number ? x_asprintf("%s.%u", r->name, number) : x_strdup(r->name);
	CLEANUP_FD int fd = openat(r->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno(err, "open log '%s'", name);
	*ret = (struct log_file){ STEAL_FD(&fd), st.st_ino };
	return 1;
}

int log_reader_refresh(struct log_reader *r, struct error **err)
{
	struct log_file *fresh = NULL; /* newest first */
	size_t count = 0;
	int result = 0;

	/* While we look, a rotation may move names on: then we meet a file twice, but miss none. */
	for (unsigned n = 0; n < LOG_FILES_MAX; n++) {
		struct log_file f;
		int found = open_file(r, n, &f, err);

		if (found < 0)
			result = found;
		if (found < 0 || (found == 0 && n > 1))
			break;
		if (found == 0)
			continue; /* between the rename and the new file there is no current one */
		bool known = is_held(r, f.inode);

		if (known || (count && fresh[count - 1].inode == f.inode)) {
			close_fd(f.fd);
			if (known)
				break;
			continue;
		}
		fresh = x_realloc(fresh, count + 1, sizeof(*fresh));
		fresh[count++] = f;
	}
	r->files = x_realloc(r->files, r->count + count + 1, sizeof(*r->files));
	while (count)
		r->files[r->count++] = fresh[--count];
	free(fresh);
	return result;
}

int log_reader_open(int dir_fd, const char *name, struct log_reader **ret, struct error **err)
{
	CLEANUP(log_reader) struct log_reader *r = x_alloc(sizeof(*r));

	r->dir_fd = -1;
	r->name = x_strdup(name);
	/* A descriptor of our own: the caller's may go while we still read. */
	r->dir_fd = fs_open_dir_at(dir_fd, ".", err);
	if (r->dir_fd < 0)
		return r->dir_fd;
	int result = log_reader_refresh(r, err);

	if (result < 0)
		return result;
	*ret = STEAL_PTR(&r);
	return 0;
}

void log_reader_close(struct log_reader *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->count; i++)
		close_fd(r->files[i].fd);
	close_fd(r->dir_fd);
	free(r->files);
	free(r->name);
	strbuf_fini(&r->pending);
	strbuf_fini(&r->text);
	free(r);
}

static void leave_first_file(struct log_reader *r)
{
	close_fd(r->files[0].fd);
	r->count--;
	memmove(&r->files[0], &r->files[1], r->count * sizeof(r->files[0]));
	strbuf_clear(&r->pending); /* at most half a line that a power cut left */
	r->used = 0;
}

/* Bytes read from the first file; 0 at its end. */
static int fill(struct log_reader *r, struct error **err)
{
	if (r->used) {
		memmove(r->pending.ptr, r->pending.ptr + r->used, r->pending.len - r->used);
		r->pending.len -= r->used;
		r->used = 0;
	}
	ssize_t n = read(r->files[0].fd, strbuf_reserve(&r->pending, READ_SIZE), READ_SIZE);

	if (n < 0)
		return error_errno(err, "read log '%s'", r->name);
	r->pending.len += (size_t)n;
	return (int)n;
}

/* A whole line from what was read; a line that nobody of us wrote is not kept for ever. */
static bool take_line(struct log_reader *r, str *ret_line)
{
	str rest = str_make(r->pending.ptr + r->used, r->pending.len - r->used);
	ptrdiff_t end = rest.len ? str_find(rest, '\n') : -1;

	if (end < 0 && rest.len > LOG_LINE_MAX)
		r->used = r->pending.len;
	if (end < 0)
		return false;
	*ret_line = str_head(rest, (size_t)end);
	r->used += (size_t)end + 1;
	return true;
}

int log_reader_next(struct log_reader *r, struct log_message *ret_message, struct error **err)
{
	for (;;) {
		str line;

		while (take_line(r, &line)) {
			if (log_parse(line, ret_message, &r->text))
				return 1;
		}
		if (r->count == 0)
			return 0;
		int n = fill(r, err);

		if (n < 0)
			return n;
		if (n > 0)
			continue;
		/* Between the end that we saw and a newer file, the writer may have added to this
		 * one. */
		if (r->count == 1)
			return 0;
		n = fill(r, err);
		if (n == 0)
			leave_first_file(r);
		else if (n < 0)
			return n;
	}
}

/* Where the last @wanted lines of a file begin; @wanted is lowered by those that it has. */
static int find_tail(const struct log_file *f, uint64_t *wanted, off_t *ret_at, struct error **err)
{
	CLEANUP_FREE char *block = x_alloc(TAIL_BLOCK);
	off_t end = lseek(f->fd, 0, SEEK_END);

	for (off_t at = end; at > 0;) {
		size_t len = at < TAIL_BLOCK ? (size_t)at : TAIL_BLOCK;
		ssize_t n = pread(f->fd, block, len, at - (off_t)len);

		if (n != (ssize_t)len)
			return error_errno(err, "read log");
		for (size_t i = len; i-- > 0;) {
			off_t next = at - (off_t)len + (off_t)i + 1;

			if (block[i] != '\n' || next == end)
				continue;
			if (--*wanted == 0) {
				*ret_at = next;
				return 0;
			}
		}
		at -= (off_t)len;
	}
	if (end > 0)
		--*wanted; /* the line at the beginning has no newline before it */
	*ret_at = 0;
	return 0;
}

int log_reader_skip_to_last(struct log_reader *r, uint64_t count, struct error **err)
{
	size_t first = r->count;
	off_t at = 0;

	if (r->count == 0)
		return 0;
	if (count == 0) {
		while (r->count > 1)
			leave_first_file(r);
		return lseek(r->files[0].fd, 0, SEEK_END) < 0 ? error_errno(err, "read log") : 0;
	}
	while (count && first > 0) {
		int result = find_tail(&r->files[--first], &count, &at, err);

		if (result < 0)
			return result;
		if (lseek(r->files[first].fd, at, SEEK_SET) < 0)
			return error_errno(err, "read log");
	}
	while (first-- > 0)
		leave_first_file(r);
	return 0;
}
