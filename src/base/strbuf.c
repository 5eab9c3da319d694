/* SPDX-License-Identifier: Apache-2.0 */
/* The growing byte buffer. */
#include "base/strbuf.h"

#include <stdarg.h>
#include <stdio.h>

void strbuf_fini(struct strbuf *b)
{
	free(b->ptr);
	*b = (struct strbuf){.max = b->max};
}

void strbuf_clear(struct strbuf *b)
{
	b->len = 0;
	b->overflow = false;
	if (b->ptr)
		b->ptr[0] = '\0';
}

char *strbuf_reserve(struct strbuf *b, size_t extra)
{
	if (extra >= SIZE_MAX / 2 - b->len)
		abort(); /* more than any address space has: our own mistake */
	size_t need = b->len + extra + 1;

	if (need > b->cap) {
		size_t cap = b->cap ? b->cap : 64;

		while (cap < need)
			cap += cap / 2 + 32;
		b->ptr = x_realloc(b->ptr, cap, 1);
		b->ptr[b->len] = '\0';
		b->cap = cap;
	}
	return b->ptr + b->len;
}

void strbuf_add(struct strbuf *b, const void *data, size_t len)
{
	if (b->max && (len > b->max || b->len > b->max - len)) {
		b->overflow = true;
		return;
	}
	char *to = strbuf_reserve(b, len);

	if (len)
		memcpy(to, data, len);
	b->len += len;
	b->ptr[b->len] = '\0';
}

void strbuf_add_str(struct strbuf *b, str s)
{
	strbuf_add(b, s.ptr, s.len);
}

void strbuf_add_text(struct strbuf *b, const char *s)
{
	strbuf_add(b, s, strlen(s));
}

void strbuf_add_char(struct strbuf *b, char c)
{
	strbuf_add(b, &c, 1);
}

void strbuf_addf(struct strbuf *b, const char *fmt, ...)
{
	char stack[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(stack, sizeof(stack), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n < sizeof(stack)) {
		strbuf_add(b, stack, (size_t)n);
		return;
	}
	CLEANUP_FREE char *heap = x_alloc((size_t)n + 1);

	va_start(ap, fmt);
	(void)vsnprintf(heap, (size_t)n + 1, fmt, ap); /* measured above */
	va_end(ap);
	strbuf_add(b, heap, (size_t)n);
}

char *strbuf_steal(struct strbuf *b)
{
	char *text = b->ptr ? b->ptr : x_strdup("");

	*b = (struct strbuf){.max = b->max};
	return text;
}

const char *strbuf_text(const struct strbuf *b)
{
	return b->ptr ? b->ptr : "";
}
