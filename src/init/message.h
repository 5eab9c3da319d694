/* SPDX-License-Identifier: Apache-2.0 */
/* What firkin-init says: one line on stderr per message, and the cause of a failed try. */
#ifndef INIT_MESSAGE_H
#define INIT_MESSAGE_H

#include <stdarg.h>

#define MESSAGE_LENGTH_MAX	1024	/* bytes of one line, the newline included */
#define CAUSE_LENGTH_MAX	256	/* bytes of a cause, the NUL included */

/* tini's levels: an error is always shown, the others from that verbosity on */
enum message_level {
	MESSAGE_ERROR = 0,
	MESSAGE_NOTICE = 1,
	MESSAGE_INFO = 2,
	MESSAGE_DEBUG = 3,
};

/* Why a try failed, without the name of what was tried: "Connection refused" */
struct cause {
	char text[CAUSE_LENGTH_MAX];
};

/** init_message_set_verbosity() - Show the messages up to this level; MESSAGE_NOTICE at start */
void init_message_set_verbosity(int verbosity);

/**
 * init_message() - Write "firkin-init: <text>\n" to stderr
 *
 * One write(2) per line, so that lines of several processes never mix. Bytes that could drive a
 * terminal come out as '?'. Too long a text is cut.
 */
void init_message(enum message_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * init_message_format() - The line that init_message() would write
 * @line: MESSAGE_LENGTH_MAX bytes
 * Return: its length in bytes, newline included; there is no NUL
 */
int init_message_format(char *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** init_cause_set() - Note why a try failed, in place of what was noted before */
void init_cause_set(struct cause *cause, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
