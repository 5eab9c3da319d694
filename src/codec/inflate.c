/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streaming decompression: one table of formats, one loop.
 *
 * Each format has a step that consumes some input and produces some output; `refill` keeps input
 * coming. Output is bounded by the caller's buffer, so that a bomb costs time but never memory.
 */
#include "codec/inflate.h"

#include <bzlib.h>
#include <errno.h>
#include <isa-l/igzip_lib.h>
#include <lzma.h>
#include <zstd.h>
#include <zstd_errors.h>

enum { INPUT_SIZE = 1 << 17, XZ_MEMORY_MAX = 128 << 20, ZSTD_WINDOW_LOG_MAX = 27 };

struct inflater {
	struct byte_source source;
	enum compression kind;
	unsigned char *input;
	size_t start, end;
	bool input_ended, finished;
	struct inflate_state *gzip;
	ZSTD_DCtx *zstd;
	size_t zstd_hint; /* 0: at the end of a frame */
	lzma_stream xz;
	bz_stream bzip2;
	bool bzip2_open;
};

enum compression compression_detect(str head)
{
	static const struct {
		const char *magic;
		size_t len;
		enum compression kind;
	} magics[] = {
		{"\x1f\x8b", 2, COMPRESSION_GZIP},
		{"\x28\xb5\x2f\xfd", 4, COMPRESSION_ZSTD},
		{"\xfd"
		 "7zXZ\0",
		 6, COMPRESSION_XZ},
		{"BZh", 3, COMPRESSION_BZIP2},
	};

	for (size_t i = 0; i < ARRAY_SIZE(magics); i++) {
		if (head.len >= magics[i].len &&
		    memcmp(head.ptr, magics[i].magic, magics[i].len) == 0)
			return magics[i].kind;
	}
	return COMPRESSION_NONE;
}

/* More input behind what is left; sets input_ended. */
static int refill(struct inflater *f, struct error **err)
{
	if (f->start == f->end)
		f->start = f->end = 0;
	if (f->end == INPUT_SIZE) {
		memmove(f->input, f->input + f->start, f->end - f->start);
		f->end -= f->start;
		f->start = 0;
	}
	ssize_t n = f->source.read(f->source.ctx, f->input + f->end, INPUT_SIZE - f->end, err);

	if (n < 0)
		return (int)n;
	f->end += (size_t)n;
	f->input_ended = n == 0;
	return 0;
}

static void start_gzip(struct inflater *f)
{
	isal_inflate_init(f->gzip);
	f->gzip->crc_flag = ISAL_GZIP;
}

static int step_gzip(struct inflater *f, void *buf, size_t len, size_t *ret, struct error **err)
{
	struct inflate_state *s = f->gzip;

	s->next_in = f->input + f->start;
	s->avail_in = (uint32_t)(f->end - f->start);
	s->next_out = buf;
	s->avail_out = (uint32_t)(len < UINT32_MAX ? len : UINT32_MAX);
	uint32_t room = s->avail_out;
	int r = isal_inflate(s);

	f->start = f->end - s->avail_in;
	*ret = room - s->avail_out;
	if (r != ISAL_DECOMP_OK)
		return error_new(err, ERR_PARSE, "damaged gzip data (%d)", r);
	if (s->block_state == ISAL_BLOCK_FINISH) {
		/* Another member may follow; padding with zeros after the last is tolerated. */
		if (f->start == f->end && !f->input_ended && refill(f, err) < 0)
			return -(int)error_code(*err);
		if (f->end - f->start >= 1 && f->input[f->start] == 0x1f)
			start_gzip(f);
		else
			f->finished = true;
	}
	return 0;
}

static int step_zstd(struct inflater *f, void *buf, size_t len, size_t *ret, struct error **err)
{
	ZSTD_inBuffer in = {f->input + f->start, f->end - f->start, 0};
	ZSTD_outBuffer out = {buf, len, 0};

	/* Between frames and without input, zstd would ask for the next frame. */
	f->finished = f->zstd_hint == 0 && in.size == 0 && f->input_ended;
	if (f->finished)
		return 0;
	size_t r = ZSTD_decompressStream(f->zstd, &out, &in);

	f->start += in.pos;
	*ret = out.pos;
	if (ZSTD_getErrorCode(r) == ZSTD_error_frameParameter_windowTooLarge)
		return error_new(err, ERR_LIMIT, "zstd data needs a window of more than %d MiB",
				 1 << (ZSTD_WINDOW_LOG_MAX - 20));
	if (ZSTD_isError(r))
		return error_new(err, ERR_PARSE, "damaged zstd data: %s", ZSTD_getErrorName(r));
	f->zstd_hint = r;
	return 0;
}

static int step_xz(struct inflater *f, void *buf, size_t len, size_t *ret, struct error **err)
{
	f->xz.next_in = f->input + f->start;
	f->xz.avail_in = f->end - f->start;
	f->xz.next_out = buf;
	f->xz.avail_out = len;
	lzma_ret r = lzma_code(&f->xz, f->input_ended ? LZMA_FINISH : LZMA_RUN);

	f->start = f->end - f->xz.avail_in;
	*ret = len - f->xz.avail_out;
	if (r == LZMA_STREAM_END)
		f->finished = true;
	else if (r == LZMA_MEMLIMIT_ERROR)
		return error_new(err, ERR_LIMIT, "xz data needs more than %d MiB of memory",
				 XZ_MEMORY_MAX >> 20);
	else if (r != LZMA_OK && r != LZMA_BUF_ERROR)
		return error_new(err, ERR_PARSE, "damaged xz data (%d)", (int)r);
	return 0;
}

static int step_bzip2(struct inflater *f, void *buf, size_t len, size_t *ret, struct error **err)
{
	f->bzip2.next_in = (char *)f->input + f->start;
	f->bzip2.avail_in = (unsigned)(f->end - f->start);
	f->bzip2.next_out = buf;
	f->bzip2.avail_out = (unsigned)(len < UINT32_MAX ? len : UINT32_MAX);
	unsigned room = f->bzip2.avail_out;
	int r = BZ2_bzDecompress(&f->bzip2);

	f->start = f->end - f->bzip2.avail_in;
	*ret = room - f->bzip2.avail_out;
	if (r != BZ_OK && r != BZ_STREAM_END)
		return error_new(err, ERR_PARSE, "damaged bzip2 data (%d)", r);
	if (r == BZ_STREAM_END) {
		(void)BZ2_bzDecompressEnd(&f->bzip2); /* its memory only */
		f->bzip2_open = false;
		if (f->start == f->end && !f->input_ended && refill(f, err) < 0)
			return -(int)error_code(*err);
		f->bzip2 = (bz_stream){0};
		f->finished = f->start == f->end;
		if (!f->finished && BZ2_bzDecompressInit(&f->bzip2, 0, 0) != BZ_OK)
			return error_new(err, ERR_INTERNAL, "start decompressor");
		f->bzip2_open = !f->finished;
	}
	return 0;
}

static int step_none(struct inflater *f, void *buf, size_t len, size_t *ret, struct error **err)
{
	size_t n = f->end - f->start < len ? f->end - f->start : len;

	(void)err;
	memcpy(buf, f->input + f->start, n);
	f->start += n;
	*ret = n;
	f->finished = f->input_ended && f->start == f->end;
	return 0;
}

static int (*const steps[])(struct inflater *, void *, size_t, size_t *, struct error **) = {
	[COMPRESSION_NONE] = step_none,	  [COMPRESSION_GZIP] = step_gzip,
	[COMPRESSION_ZSTD] = step_zstd,	  [COMPRESSION_XZ] = step_xz,
	[COMPRESSION_BZIP2] = step_bzip2,
};

static ssize_t read_plain(void *ctx, void *buf, size_t len, struct error **err)
{
	struct inflater *f = ctx;

	if (len == 0)
		return 0;
	if (f->kind == COMPRESSION_NONE && f->start == f->end)
		return f->source.read(f->source.ctx, buf, len, err); /* no copy */
	while (!f->finished) {
		size_t before = f->start, got = 0;

		if (f->start == f->end && !f->input_ended) {
			int r = refill(f, err);

			if (r < 0)
				return r;
		}
		bool was_ended = f->input_ended;
		int r = steps[f->kind](f, buf, len, &got, err);

		if (r < 0)
			return r;
		if (got)
			return (ssize_t)got;
		if (!f->finished && f->start == before) {
			if (was_ended)
				return error_new(err, ERR_PARSE,
						 "compressed data ends in the middle");
			r = refill(f, err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int open_format(struct inflater *f, struct error **err)
{
	bool ok = true;

	if (f->kind == COMPRESSION_GZIP) {
		f->gzip = x_alloc(sizeof(*f->gzip));
		start_gzip(f);
	} else if (f->kind == COMPRESSION_ZSTD) {
		f->zstd = ZSTD_createDCtx();
		ok = f->zstd && !ZSTD_isError(ZSTD_DCtx_setParameter(f->zstd, ZSTD_d_windowLogMax,
								     ZSTD_WINDOW_LOG_MAX));
	} else if (f->kind == COMPRESSION_XZ) {
		ok = lzma_stream_decoder(&f->xz, XZ_MEMORY_MAX, LZMA_CONCATENATED) == LZMA_OK;
	} else if (f->kind == COMPRESSION_BZIP2) {
		f->bzip2_open = ok = BZ2_bzDecompressInit(&f->bzip2, 0, 0) == BZ_OK;
	}
	return ok ? 0 : error_new(err, ERR_INTERNAL, "start decompressor");
}

int inflater_new(struct byte_source source, struct inflater **ret, struct error **err)
{
	CLEANUP(inflater) struct inflater *f = x_alloc(sizeof(*f));
	int r = 0;

	f->source = source;
	f->input = x_alloc(INPUT_SIZE);
	while (r == 0 && f->end < 6 && !f->input_ended)
		r = refill(f, err);
	if (r < 0)
		return r;
	f->kind = compression_detect(str_make((const char *)f->input, f->end));
	r = open_format(f, err);
	if (r < 0)
		return r;
	*ret = STEAL_PTR(&f);
	return 0;
}

struct byte_source inflater_source(struct inflater *f)
{
	return (struct byte_source){read_plain, f};
}

enum compression inflater_compression(const struct inflater *f)
{
	return f->kind;
}

void inflater_free(struct inflater *f)
{
	if (!f)
		return;
	free(f->input);
	free(f->gzip);
	(void)ZSTD_freeDCtx(f->zstd); /* accepts NULL, cannot fail otherwise */
	if (f->kind == COMPRESSION_XZ)
		lzma_end(&f->xz);
	if (f->bzip2_open)
		(void)BZ2_bzDecompressEnd(&f->bzip2); /* its memory only */
	free(f);
}

static ssize_t read_fd(void *ctx, void *buf, size_t len, struct error **err)
{
	ssize_t n;

	do
		n = read(*(const int *)ctx, buf, len);
	while (n < 0 && errno == EINTR);
	return n < 0 ? error_errno(err, "read") : n;
}

struct byte_source fd_source(const int *fd)
{
	return (struct byte_source){read_fd, (void *)(uintptr_t)fd};
}
