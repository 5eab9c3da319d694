/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log files of containers: Docker's json-file format, bounded, rotated; and a reader that follows
 * across rotations without losing or repeating a message.
 *
 * One line per message: {"log":"text\n","stream":"stdout","time":"2026-11-20T10:11:12.1234Z"}.
 * A line of the program longer than LOG_MESSAGE_MAX becomes several messages, of which only the
 * last ends in \n. Rotation renames name -> name.1 -> name.2 ... before the next message is
 * written.
 */
#ifndef STACK_LOG_H
#define STACK_LOG_H

#include "stack/stack.h"

enum { LOG_MESSAGE_MAX = 16384, LOG_FILES_MAX = 1000, LOG_LINE_MAX = 1 << 20 };

enum log_stream { LOG_STDOUT, LOG_STDERR };

struct log_writer;

/**
 * log_writer_new() - Nothing is opened before the first message
 * @dir_fd: borrowed, must outlive the writer
 * @max_bytes: rotate when a file has that size; 0: never. @max_files: how many to keep, at least 1
 */
struct log_writer *log_writer_new(int dir_fd, const char *name, uint64_t max_bytes,
				  unsigned max_files);

/** log_write() - A piece of a stream as it came; the rest of a line waits for its end */
int log_write(struct log_writer *w, enum log_stream stream, str data, struct timespec now,
	      struct error **err);

/** log_end() - The streams ended: write what has no newline */
int log_end(struct log_writer *w, struct timespec now, struct error **err);
void log_writer_free(struct log_writer *w);
DEFINE_CLEANUP(log_writer, log_writer_free);

/** log_format() - One message as a line of the file */
void log_format(enum log_stream stream, str text, struct timespec at, struct strbuf *out);

/** struct log_message - Borrowed from the reader until its next call */
struct log_message {
	struct timespec at;
	enum log_stream stream;
	str text;
};

/** log_parse() - One line of the file; false: not a message (half of one, after a power cut) */
bool log_parse(str line, struct log_message *ret_message, struct strbuf *text);

struct log_reader;

/** log_reader_open() - At the oldest message; a log without file yet is empty */
int log_reader_open(int dir_fd, const char *name, struct log_reader **ret, struct error **err);
void log_reader_close(struct log_reader *r);
DEFINE_CLEANUP(log_reader, log_reader_close);

/** log_reader_skip_to_last() - Go to the last @count messages */
int log_reader_skip_to_last(struct log_reader *r, uint64_t count, struct error **err);

/**
 * log_reader_next() - The next message that is complete
 * Looks for newer files by itself. Return: 1, 0: nothing more at the moment, -ERR_*
 */
int log_reader_next(struct log_reader *r, struct log_message *ret_message, struct error **err);

/** log_reader_refresh() - Open files that a rotation made; call it when the directory has changed
 */
int log_reader_refresh(struct log_reader *r, struct error **err);

#endif
