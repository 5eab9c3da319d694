/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation that never fails. */
#include "base/memory.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static void *checked(void *p)
{
	if (!p) {
		static const char msg[] = "firkin: out of memory\n";

		(void)!write(STDERR_FILENO, msg, sizeof(msg) - 1); /* nothing left to do */
		abort();
	}
	return p;
}

void *x_alloc(size_t size)
{
	return checked(calloc(1, size ? size : 1));
}

void *x_realloc(void *p, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total))
		return checked(NULL);
	return checked(realloc(p, total ? total : 1));
}

char *x_strdup(const char *s)
{
	return checked(strdup(s));
}

char *x_strndup(const char *s, size_t len)
{
	return checked(strndup(s, len));
}

char *x_asprintf(const char *fmt, ...)
{
	va_list ap;
	char *text = NULL;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	return checked(text);
}

void close_fd(int fd)
{
	if (fd >= 0) {
		int saved = errno;

		(void)close(fd); /* the descriptor is gone whatever it says */
		errno = saved;
	}
}
