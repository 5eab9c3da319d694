/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compressed streams. How the source cuts its bytes into pieces must make no difference: the first
 * byte chooses the cut of one pass, the other pass gets everything at once.
 */
#include <stdlib.h>

#include "codec/inflate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUTPUT_MAX = 1 << 20 };

struct pieces {
	str rest;
	size_t piece;
};

static ssize_t read_piece(void *ctx, void *buf, size_t len, struct error **err)
{
	struct pieces *p = ctx;
	size_t n = p->rest.len < p->piece ? p->rest.len : p->piece;

	(void)err;
	n = n < len ? n : len;
	memcpy(buf, p->rest.ptr, n);
	p->rest = str_skip(p->rest, n);
	return (ssize_t)n;
}

/* 0, or the error's code; *out overflows when there is more than OUTPUT_MAX. */
static int inflate_all(struct pieces p, size_t step, struct strbuf *out)
{
	static char buf[1 << 16];
	CLEANUP(error) struct error *err = NULL;
	CLEANUP(inflater) struct inflater *f = NULL;

	if (inflater_new((struct byte_source){read_piece, &p}, &f, &err) < 0)
		abort();
	struct byte_source plain = inflater_source(f);
	ssize_t n = 1;

	while (n > 0 && !out->overflow) {
		n = plain.read(plain.ctx, buf, step, &err);
		if (n > (ssize_t)step || (n < 0) != (err != NULL))
			abort();
		if (n > 0)
			strbuf_add(out, buf, (size_t)n);
	}
	return n < 0 ? (int)n : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_STRBUF struct strbuf whole = STRBUF_INIT(OUTPUT_MAX), cut = STRBUF_INIT(OUTPUT_MAX);

	if (size == 0)
		return 0;
	const str input = str_make((const char *)data + 1, size - 1);
	int r = inflate_all((struct pieces){input, SIZE_MAX}, 1 << 16, &whole);
	int s = inflate_all((struct pieces){input, 1 + data[0] % 16}, 1 + (data[0] >> 4) * 4096,
			    &cut);

	/* Bytes in front of a damaged place may or may not be delivered. */
	if (!whole.overflow && !cut.overflow &&
	    (r != s || (r == 0 && !str_is_equal(strbuf_str(&whole), strbuf_str(&cut)))))
		abort();
	return 0;
}
