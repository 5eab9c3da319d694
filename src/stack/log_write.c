/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a container's log: lines, pieces of long lines, rotation. */
#include <errno.h>
#include <fcntl.h>

#include "log.h"

/** struct pending - A line whose end has not come yet */
struct pending {
	struct strbuf text;
	struct timespec at;
	bool is_split; /* pieces of this line were written already: they share @at */
};

struct log_writer {
	int dir_fd, fd;
	char *name;
	uint64_t max_bytes, size;
	unsigned max_files;
	struct pending streams[2];
	struct strbuf out; /* messages of one log_write(), written together */
};

struct log_writer *log_writer_new(int dir_fd, const char *name, uint64_t max_bytes,
				  unsigned max_files)
{
	struct log_writer *w = x_alloc(sizeof(*w));

	w->dir_fd = dir_fd;
	w->fd = -1;
	w->name = x_strdup(name);
	w->max_bytes = max_bytes;
	w->max_files = max_files ? max_files : 1;
	return w;
}

void log_writer_free(struct log_writer *w)
{
	if (!w)
		return;
	close_fd(w->fd);
	strbuf_fini(&w->streams[LOG_STDOUT].text);
	strbuf_fini(&w->streams[LOG_STDERR].text);
	strbuf_fini(&w->out);
	free(w->name);
	free(w);
}

static int open_file(struct log_writer *w, struct error **err)
{
	struct stat st;

	w->fd = openat(w->dir_fd, w->name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
		       0640);
	if (w->fd < 0 || fstat(w->fd, &st) < 0)
		return error_errno(err, "open log '%s'", w->name);
	w->size = (uint64_t)st.st_size;
	return 0;
}

static int shift(const struct log_writer *w, unsigned from, struct error **err)
{
	CLEANUP_FREE char *old = from ? x_asprintf("%s.%u", w->name, from) : x_strdup(w->name);
	CLEANUP_FREE char *new = x_asprintf("%s.%u", w->name, from + 1);

	if (renameat(w->dir_fd, old, w->dir_fd, new) < 0 && errno != ENOENT)
		return error_errno(err, "rotate log '%s'", old);
	return 0;
}

static int rotate(struct log_writer *w, struct error **err)
{
	int r = 0;

	for (unsigned i = w->max_files - 1; r == 0 && i-- > 0;)
		r = shift(w, i, err);
	if (r == 0 && w->max_files == 1 && unlinkat(w->dir_fd, w->name, 0) < 0 && errno != ENOENT)
		r = error_errno(err, "rotate log '%s'", w->name);
	if (r < 0)
		return r;
	close_fd(STEAL_FD(&w->fd));
	return open_file(w, err);
}

static int flush(struct log_writer *w, struct error **err)
{
	int r = 0;

	if (w->out.len == 0)
		return 0;
	if (w->fd < 0)
		r = open_file(w, err);
	if (r == 0 && w->max_bytes && w->size >= w->max_bytes)
		r = rotate(w, err);
	if (r == 0 && fs_write_all(w->fd, w->out.ptr, w->out.len) < 0)
		r = error_errno(err, "write log '%s'", w->name);
	w->size += w->out.len;
	strbuf_clear(&w->out);
	return r;
}

/* Messages are gathered only as long as no rotation would have come between them. */
static int add_message(struct log_writer *w, enum log_stream stream, str text, struct timespec at,
		       struct error **err)
{
	log_format(stream, text, at, &w->out);
	return w->max_bytes && w->size + w->out.len >= w->max_bytes ? flush(w, err) : 0;
}

/* The pending text and @more together are a whole line, or a piece of the largest size. */
static int end_piece(struct log_writer *w, enum log_stream stream, str more, bool is_line,
		     struct timespec now, struct error **err)
{
	struct pending *p = &w->streams[stream];
	struct timespec at = p->text.len || p->is_split ? p->at : now;
	int r;

	if (p->text.len) {
		strbuf_add_str(&p->text, more);
		r = add_message(w, stream, strbuf_str(&p->text), at, err);
		strbuf_clear(&p->text);
	} else {
		r = add_message(w, stream, more, at, err);
	}
	p->at = at;
	p->is_split = !is_line;
	return r;
}

int log_write(struct log_writer *w, enum log_stream stream, str data, struct timespec now,
	      struct error **err)
{
	struct pending *p = &w->streams[stream];
	int r = 0;

	while (r == 0 && data.len) {
		size_t room = LOG_MESSAGE_MAX - p->text.len;
		ptrdiff_t newline = str_find(str_head(data, room), '\n');

		if (newline < 0 && data.len < room) {
			if (!p->text.len && !p->is_split)
				p->at = now;
			strbuf_add_str(&p->text, data);
			break;
		}
		size_t take = newline < 0 ? room : (size_t)newline + 1;

		r = end_piece(w, stream, str_head(data, take), newline >= 0, now, err);
		data = str_skip(data, take);
	}
	int flushed = *err ? r : flush(w, err);

	return r < 0 ? r : flushed;
}

int log_end(struct log_writer *w, struct timespec now, struct error **err)
{
	int r = 0;

	for (int i = 0; r == 0 && i < 2; i++) {
		if (w->streams[i].text.len)
			r = end_piece(w, (enum log_stream)i, (str){ "", 0 }, true, now, err);
		w->streams[i].is_split = false;
	}
	return r < 0 ? r : flush(w, err);
}
