/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing byte buffer, always NUL-terminated, with a hard maximum.
 *
 * struct strbuf b = STRBUF_INIT(max); or STRBUF_INIT(0) for SIZE_MAX, when only our own data goes
 * in. Adding beyond the maximum sets `overflow` and drops the addition; callers that read hostile
 * data check it once at the end.
 */
#ifndef BASE_STRBUF_H
#define BASE_STRBUF_H

#include "base/memory.h"
#include "base/str.h"

struct strbuf {
	char *ptr; /* NUL-terminated once anything was added; NULL before */
	size_t len;
	size_t cap;
	size_t max; /* 0: none */
	bool overflow;
};

#define STRBUF_INIT(max_bytes) ((struct strbuf){.max = (max_bytes)})

void strbuf_fini(struct strbuf *b);
void strbuf_clear(struct strbuf *b);
void strbuf_add(struct strbuf *b, const void *data, size_t len);
void strbuf_add_str(struct strbuf *b, str s);
void strbuf_add_text(struct strbuf *b, const char *s);
void strbuf_add_char(struct strbuf *b, char c);
void strbuf_addf(struct strbuf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * strbuf_reserve() - Room for @extra more bytes and the NUL behind them; the maximum does not apply
 * Return: where they go; commit by raising len and writing the NUL
 */
char *strbuf_reserve(struct strbuf *b, size_t extra);

/** strbuf_steal() - The heap string (never NULL); the buffer is empty afterwards */
char *strbuf_steal(struct strbuf *b);

/** strbuf_text() - The content as C string, "" when empty; valid until the next change */
const char *strbuf_text(const struct strbuf *b);

static inline str strbuf_str(const struct strbuf *b)
{
	return (str){b->ptr ? b->ptr : "", b->len};
}

#define CLEANUP_STRBUF __attribute__((cleanup(strbuf_fini)))

#endif
