/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors: a code, a list of frames from the outermost context to the cause, and optionally a source
 * position with its line and a hint.
 *
 * A fallible function takes `struct error **err` last and returns 0 or a negative enum error_code.
 * It makes the error with error_new() or error_errno(); callers add what the callee could not know
 * with error_context(). Nobody below cli/ prints one. *err must be NULL on entry; err itself is
 * never NULL.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "base/memory.h"
#include "base/strbuf.h"

enum error_code {
	ERR_NONE = 0,
	ERR_USAGE, /* the command line is wrong */
	ERR_PARSE, /* an input file is wrong */
	ERR_NOT_FOUND,
	ERR_EXISTS,
	ERR_BUSY,     /* in use: name, port, lock, image */
	ERR_IO,	      /* the kernel said no */
	ERR_NO_SPACE, /* disk or quota full */
	ERR_PERMISSION,
	ERR_NETWORK,
	ERR_AUTH,
	ERR_DIGEST,	 /* content is not what its digest says */
	ERR_UNSUPPORTED, /* valid, but this engine or machine cannot do it */
	ERR_LIMIT,	 /* larger than a named maximum */
	ERR_TIMEOUT,
	ERR_CANCELLED,
	ERR_FAILED, /* a program that we ran failed; its status is in error_status() */
	ERR_INTERNAL,
	ERR_COUNT,
};

struct error;

/** struct error_position - Place in a file; line and column count from 1, 0: unknown */
struct error_position {
	const char *file;
	unsigned line;
	unsigned column;
	str source_line; /* for the caret; empty when unknown */
};

int error_new(struct error **err, enum error_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** error_errno() - From errno (read before anything else); ": strerror" is appended */
int error_errno(struct error **err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** error_at() - error_new(ERR_PARSE) with a position */
int error_at(struct error **err, const struct error_position *pos, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** error_context() - Add an outer frame; returns the code that the error already has, negative */
int error_context(struct error **err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** error_hint() - Say what to do next (replaces an earlier hint); returns the code, negative */
int error_hint(struct error **err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** error_set_position() - Attach a position (copied) unless there is one already */
void error_set_position(struct error **err, const struct error_position *pos);

/** error_set_status() - Attach the exit status of a failed program */
void error_set_status(struct error **err, int status);

/** error_move() - Move @from into an empty *@err; returns its code, negative */
int error_move(struct error **err, struct error **from);

enum error_code error_code(const struct error *err);
int error_status(const struct error *err);
size_t error_frame_count(const struct error *err);

/** error_frame() - Text of frame @i, 0 being the outermost; borrowed */
const char *error_frame(const struct error *err, size_t i);
const char *error_hint_text(const struct error *err);		      /* or NULL */
const struct error_position *error_position(const struct error *err); /* or NULL */

/** error_code_name() - Stable name for programs: "not-found", "no-space", ... */
const char *error_code_name(enum error_code code);

/**
 * error_format() - For people: "file:line:col: outer: inner", source line with caret, hint
 * Every line but the first is indented; ends with a newline. What could act on a terminal is
 * shown as '?'.
 */
void error_format(const struct error *err, struct strbuf *out);

void error_free(struct error *err);
DEFINE_CLEANUP(error, error_free);

#endif
