/* SPDX-License-Identifier: Apache-2.0 */
/* Lines on stderr, each in one write, with nothing in them that a terminal would obey. */
#include "message.h"

#include <stdio.h>
#include <unistd.h>

#include "init/constants.h"

static int message_verbosity = MESSAGE_NOTICE;

void init_message_set_verbosity(int verbosity)
{
	message_verbosity = verbosity;
}

/* Parts of a message come from servers and from the container's configuration */
static void disarm(char *text)
{
	for (unsigned char *p = (unsigned char *)text; *p; p++)
		if (*p < 0x20 || *p == 0x7f)
			*p = '?';
}

static int format_line(char *line, const char *format, va_list args)
{
	int prefix = snprintf(line, MESSAGE_LENGTH_MAX, INIT_PROGRAM ": ");
	int room = MESSAGE_LENGTH_MAX - prefix;	/* the NUL's byte becomes the newline */
	int length = vsnprintf(line + prefix, (size_t)room, format, args);
	if (length < 0)
		length = 0;
	if (length >= room)
		length = room - 1;
	line[prefix + length] = '\0';
	disarm(line);
	line[prefix + length] = '\n';
	return prefix + length + 1;
}

int init_message_format(char *line, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int length = format_line(line, format, args);
	va_end(args);
	return length;
}

void init_message(enum message_level level, const char *format, ...)
{
	if ((int)level > message_verbosity && level != MESSAGE_ERROR)
		return;
	char line[MESSAGE_LENGTH_MAX];
	va_list args;
	va_start(args, format);
	int length = format_line(line, format, args);
	va_end(args);
	/* Nobody is left to be told that stderr is gone */
	ssize_t written = write(STDERR_FILENO, line, (size_t)length);
	(void)written;
}

void init_cause_set(struct cause *cause, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int length = vsnprintf(cause->text, sizeof(cause->text), format, args);
	va_end(args);
	if (length < 0)
		cause->text[0] = '\0';
	disarm(cause->text);
}
