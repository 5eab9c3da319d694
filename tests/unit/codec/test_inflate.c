/* SPDX-License-Identifier: Apache-2.0 */
/* Decompression: every format whole, in pieces, in several members, cut short, damaged, as a bomb.
 */
#include "fixture.h"

#include <bzlib.h>
#include <isa-l/igzip_lib.h>
#include <lzma.h>
#include <zstd.h>

#include "codec/inflate.h"

enum { PACKED_MAX = 1 << 20 };

/* Adds one compressed member of @plain to @out. */
static void pack_gzip(str plain, struct strbuf *out)
{
	static struct isal_zstream s; /* larger than a stack frame should be */

	isal_deflate_stateless_init(&s);
	s.gzip_flag = IGZIP_GZIP;
	s.end_of_stream = 1;
	s.next_in = (uint8_t *)(uintptr_t)plain.ptr;
	s.avail_in = (uint32_t)plain.len;
	s.next_out = (uint8_t *)strbuf_reserve(out, PACKED_MAX);
	s.avail_out = PACKED_MAX;
	ck_assert_int_eq(isal_deflate_stateless(&s), COMP_OK);
	out->len += s.total_out;
}

static void pack_zstd(str plain, struct strbuf *out)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();

	(void)ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1); /* a valid parameter */
	size_t n = ZSTD_compress2(c, strbuf_reserve(out, PACKED_MAX), PACKED_MAX, plain.ptr,
				  plain.len);

	ck_assert(!ZSTD_isError(n));
	ZSTD_freeCCtx(c);
	out->len += n;
}

static void pack_xz(str plain, struct strbuf *out)
{
	size_t n = 0;

	ck_assert_int_eq(lzma_easy_buffer_encode(
				 0, LZMA_CHECK_CRC64, NULL, (const uint8_t *)plain.ptr, plain.len,
				 (uint8_t *)strbuf_reserve(out, PACKED_MAX), &n, PACKED_MAX),
			 LZMA_OK);
	out->len += n;
}

static void pack_bzip2(str plain, struct strbuf *out)
{
	unsigned n = PACKED_MAX;

	ck_assert_int_eq(BZ2_bzBuffToBuffCompress(strbuf_reserve(out, PACKED_MAX), &n,
						  (char *)(uintptr_t)plain.ptr, (unsigned)plain.len,
						  1, 0, 0),
			 BZ_OK);
	out->len += n;
}

static void pack_none(str plain, struct strbuf *out)
{
	strbuf_add_str(out, plain);
}

static const struct {
	enum compression kind;
	void (*pack)(str plain, struct strbuf *out);
	size_t magic; /* bytes that tell it from plain */
} formats[] = {
	{COMPRESSION_GZIP, pack_gzip, 2}, {COMPRESSION_ZSTD, pack_zstd, 4},
	{COMPRESSION_XZ, pack_xz, 6},	  {COMPRESSION_BZIP2, pack_bzip2, 3},
	{COMPRESSION_NONE, pack_none, 0},
};
enum { FORMATS = ARRAY_SIZE(formats), PACKED_FORMATS = FORMATS - 1 };

/* 0 or the error's code; reads @step bytes at a time. */
static int unpack(struct pieces *p, size_t step, enum compression kind, struct strbuf *out,
		  struct error **err)
{
	CLEANUP(inflater) struct inflater *f = NULL;
	int r = inflater_new(source_of(p), &f, err);

	if (r < 0) {
		ck_assert_ptr_null(f);
		return r;
	}
	ck_assert_int_eq(inflater_compression(f), kind);
	struct byte_source plain = inflater_source(f);
	CLEANUP_FREE char *buf = x_alloc(step);
	ssize_t n;

	while ((n = plain.read(plain.ctx, buf, step, err)) > 0) {
		ck_assert_uint_le((size_t)n, step);
		strbuf_add(out, buf, (size_t)n);
	}
	/* The end stays the end, and reading nothing is nothing. */
	if (n == 0) {
		ck_assert_int_eq(plain.read(plain.ctx, buf, step, err), 0);
		ck_assert_int_eq(plain.read(plain.ctx, buf, 0, err), 0);
	}
	return (int)n;
}

static const struct {
	const char *head;
	size_t len;
	enum compression kind;
} heads[] = {
	{"", 0, COMPRESSION_NONE},
	{"\x1f", 1, COMPRESSION_NONE},
	{"\x1f\x8b", 2, COMPRESSION_GZIP},
	{"\x1f\x8b\x08\0\0\0\0\0", 8, COMPRESSION_GZIP},
	{"\x1f\x9d", 2, COMPRESSION_NONE},
	{"\x28\xb5\x2f", 3, COMPRESSION_NONE},
	{"\x28\xb5\x2f\xfd", 4, COMPRESSION_ZSTD},
	{"\xfd"
	 "7zXZ",
	 5, COMPRESSION_NONE},
	{"\xfd"
	 "7zXZ\0",
	 6, COMPRESSION_XZ},
	{"BZ", 2, COMPRESSION_NONE},
	{"BZh9", 4, COMPRESSION_BZIP2},
	{"BZ0", 3, COMPRESSION_NONE},
	{"PK\3\4", 4, COMPRESSION_NONE},
	{"etc/passwd", 10, COMPRESSION_NONE},
};

START_TEST(test_detect)
{
	ck_assert_int_eq(compression_detect(str_make(heads[_i].head, heads[_i].len)),
			 heads[_i].kind);
}
END_TEST

/* Half of it repeats, half of it does not. */
static void make_plain(struct strbuf *out, size_t len)
{
	uint32_t state = 12345;

	while (out->len < len) {
		state = state * 1664525 + 1013904223;
		strbuf_add_char(out, out->len % 2000 < 1000 ? 'a' : (char)(state >> 24));
	}
}

static const struct {
	size_t piece, step;
} cuts[] = {{SIZE_MAX, 65536}, {1, 65536}, {7, 13}, {SIZE_MAX, 1}, {1, 1}, {4096, 100000}};

static void check_members(int format, size_t size, int members, size_t piece, size_t step)
{
	CLEANUP_STRBUF struct strbuf plain = STRBUF_INIT(0), packed = STRBUF_INIT(0);
	CLEANUP_STRBUF struct strbuf expected = STRBUF_INIT(0), out = STRBUF_INIT(0);
	CLEANUP(error) struct error *err = NULL;

	make_plain(&plain, size);
	for (int i = 0; i < members; i++) {
		formats[format].pack(strbuf_str(&plain), &packed);
		strbuf_add_str(&expected, strbuf_str(&plain));
	}
	struct pieces p = {strbuf_str(&packed), piece, false};
	int r = unpack(&p, step, formats[format].kind, &out, &err);

	ck_assert_msg(r == 0, "format %d, %d x %zu, %zu/%zu: %s", format, members, size, piece,
		      step, error_text(err));
	ck_assert(str_is_equal(strbuf_str(&out), strbuf_str(&expected)));
}

START_TEST(test_members)
{
	static const size_t sizes[] = {0, 1, 5, 600, 70000, 200000};

	for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
		for (int members = 1; members <= 3; members++) {
			for (size_t c = 0; c < ARRAY_SIZE(cuts); c++) {
				if (sizes[s] <= 600 || (cuts[c].piece > 100 && cuts[c].step > 100))
					check_members(_i, sizes[s], members, cuts[c].piece,
						      cuts[c].step);
			}
		}
	}
}
END_TEST

/* Cut anywhere: an error, never a short success. */
START_TEST(test_truncated)
{
	CLEANUP_STRBUF struct strbuf plain = STRBUF_INIT(0), packed = STRBUF_INIT(0);

	make_plain(&plain, 3000);
	formats[_i].pack(strbuf_str(&plain), &packed);
	for (size_t len = formats[_i].magic; len < packed.len; len++) {
		CLEANUP_STRBUF struct strbuf out = STRBUF_INIT(0);
		CLEANUP(error) struct error *err = NULL;
		struct pieces p = {str_head(strbuf_str(&packed), len), len % 2 ? SIZE_MAX : 100,
				   false};

		ck_assert_msg(unpack(&p, 4096, formats[_i].kind, &out, &err) == -ERR_PARSE, "%zu",
			      len);
		ck_assert_msg(strstr(error_text(err), "ends in the middle") ||
				      strstr(error_text(err), "damaged"),
			      "%zu: %s", len, error_text(err));
	}
}
END_TEST

/* Any byte changed: an error or the same content (a time in a header), never another one. */
START_TEST(test_damaged)
{
	CLEANUP_STRBUF struct strbuf plain = STRBUF_INIT(0), packed = STRBUF_INIT(0);
	size_t refused = 0;

	make_plain(&plain, 600);
	formats[_i].pack(strbuf_str(&plain), &packed);
	for (size_t i = formats[_i].magic; i < packed.len; i++) {
		for (int bit = 0; bit < 8; bit++) {
			CLEANUP_STRBUF struct strbuf out = STRBUF_INIT(1 << 20);
			CLEANUP(error) struct error *err = NULL;
			struct pieces p = {strbuf_str(&packed), SIZE_MAX, false};

			packed.ptr[i] ^= (char)(1 << bit);
			int r = unpack(&p, 4096, formats[_i].kind, &out, &err);

			packed.ptr[i] ^= (char)(1 << bit);
			ck_assert(!out.overflow);
			ck_assert_msg(r < 0 || str_is_equal(strbuf_str(&out), strbuf_str(&plain)),
				      "byte %zu bit %d", i, bit);
			refused += r < 0;
		}
	}
	ck_assert_uint_gt(refused, (packed.len - formats[_i].magic) * 8 - 100);
}
END_TEST

static const struct {
	int format;
	const char *tail;
	size_t len;
	bool is_taken;
} tails[] = {
	{0, "\0\0\0\0\0\0\0", 7, true}, /* from tapes */
	{0, "garbage", 7, true},	/* as gzip itself */
	{0, "\x1f\x8b", 2, false},
	{0, "\x1f\x8bgarbage", 9, false},
	{1, "garbage", 7, false},
	{1, "\0", 1, false},
	{1, "\x50\x2a\x4d\x18\4\0\0\0skip", 12, true}, /* a frame to be skipped */
	{1, "\x50\x2a\x4d\x18\4\0\0\0ski", 11, false},
	{2, "\0\0\0\0", 4, true}, /* padding is a multiple of four */
	{2, "\0\0\0", 3, false},
	{2, "garbage!", 8, false},
	{3, "garbage", 7, false},
	{3, "\0", 1, false},
};

START_TEST(test_tails)
{
	int format = tails[_i].format;

	for (size_t c = 0; c < ARRAY_SIZE(cuts); c++) {
		CLEANUP_STRBUF struct strbuf packed = STRBUF_INIT(0), out = STRBUF_INIT(0);
		CLEANUP(error) struct error *err = NULL;

		formats[format].pack(STR("content"), &packed);
		strbuf_add(&packed, tails[_i].tail, tails[_i].len);
		struct pieces p = {strbuf_str(&packed), cuts[c].piece, false};
		int r = unpack(&p, cuts[c].step, formats[format].kind, &out, &err);

		ck_assert_int_eq(r, tails[_i].is_taken ? 0 : -ERR_PARSE);
		ck_assert_str_eq(strbuf_text(&out), "content");
	}
}
END_TEST

/* A header with every optional field, which programs other than ours write. */
START_TEST(test_gzip_header_fields)
{
	static const char header[] = "\x1f\x8b\x08\x1c\0\0\0\0\0\3\4\0ABCDname\0comment";
	CLEANUP_STRBUF struct strbuf packed = STRBUF_INIT(0), whole = STRBUF_INIT(0);

	pack_gzip(STR("content"), &packed);
	strbuf_add(&whole, header, sizeof(header));
	strbuf_add_str(&whole, str_skip(strbuf_str(&packed), 10));
	for (size_t c = 0; c < ARRAY_SIZE(cuts); c++) {
		CLEANUP_STRBUF struct strbuf out = STRBUF_INIT(0);
		CLEANUP(error) struct error *err = NULL;
		struct pieces p = {strbuf_str(&whole), cuts[c].piece, false};

		ck_assert_int_eq(unpack(&p, cuts[c].step, COMPRESSION_GZIP, &out, &err), 0);
		ck_assert_str_eq(strbuf_text(&out), "content");
	}
}
END_TEST

/* Output is asked for piece by piece: what is not asked for is not made. */
START_TEST(test_bomb)
{
	enum { BOMB_SIZE = 16 << 20 };
	CLEANUP_FREE char *zeros = x_alloc(BOMB_SIZE);
	CLEANUP_STRBUF struct strbuf packed = STRBUF_INIT(0);
	CLEANUP(error) struct error *err = NULL;
	CLEANUP(inflater) struct inflater *f = NULL;
	static char buf[1 << 16];
	uint64_t total = 0;
	ssize_t n;

	formats[_i].pack(str_make(zeros, BOMB_SIZE), &packed);
	struct pieces p = {strbuf_str(&packed), SIZE_MAX, false};

	ck_assert_int_eq(inflater_new(source_of(&p), &f, &err), 0);
	struct byte_source plain = inflater_source(f);

	while ((n = plain.read(plain.ctx, buf, sizeof(buf), &err)) > 0)
		total += (uint64_t)n;
	ck_assert_int_eq(n, 0);
	ck_assert_uint_eq(total, BOMB_SIZE);
}
END_TEST

/* Members without content cost no more than their bytes. */
START_TEST(test_many_empty_members)
{
	CLEANUP_STRBUF struct strbuf packed = STRBUF_INIT(0), out = STRBUF_INIT(0);
	CLEANUP(error) struct error *err = NULL;

	formats[_i].pack(STR(""), &packed);
	size_t len = packed.len;

	for (int i = 1; i < 1000; i++) {
		(void)strbuf_reserve(&packed, len);
		strbuf_add(&packed, packed.ptr, len);
	}
	struct pieces p = {strbuf_str(&packed), SIZE_MAX, false};

	ck_assert_int_eq(unpack(&p, 4096, formats[_i].kind, &out, &err), 0);
	ck_assert_uint_eq(out.len, 0);
}
END_TEST

/* A header may ask for gigabytes of memory. */
START_TEST(test_zstd_window)
{
	static const struct {
		unsigned char log;
		int result;
	} windows[] = {{20, 0}, {27, 0}, {28, -ERR_LIMIT}, {31, -ERR_LIMIT}, {41, -ERR_LIMIT}};

	for (size_t i = 0; i < ARRAY_SIZE(windows); i++) {
		CLEANUP_STRBUF struct strbuf out = STRBUF_INIT(0);
		CLEANUP(error) struct error *err = NULL;
		char frame[] = "\x28\xb5\x2f\xfd\0?\x19\0\0abc"; /* one raw block, the last */

		frame[5] = (char)((windows[i].log - 10) << 3);
		struct pieces p = {str_make(frame, sizeof(frame) - 1), SIZE_MAX, false};

		ck_assert_msg(unpack(&p, 4096, COMPRESSION_ZSTD, &out, &err) == windows[i].result,
			      "%u: %s", windows[i].log, error_text(err));
	}
}
END_TEST

START_TEST(test_xz_dictionary)
{
	static const struct {
		char size; /* as LZMA2 codes it */
		int result;
	} dictionaries[] = {{18, 0}, {28, 0}, {30, -ERR_LIMIT}, {40, -ERR_LIMIT}};

	for (size_t i = 0; i < ARRAY_SIZE(dictionaries); i++) {
		CLEANUP_STRBUF struct strbuf packed = STRBUF_INIT(0), out = STRBUF_INIT(0);
		CLEANUP(error) struct error *err = NULL;

		pack_xz(STR("content"), &packed);
		/* Behind the stream header of 12 bytes: the block header, ended by its CRC. */
		uint8_t *block = (uint8_t *)packed.ptr + 12;
		size_t size = (block[0] + 1U) * 4;
		uint8_t *property = memchr(block, 0x21, size);

		ck_assert(property && property[1] == 1);
		property[2] = (uint8_t)dictionaries[i].size;
		uint32_t crc = lzma_crc32(block, size - 4, 0);

		for (size_t b = 0; b < 4; b++)
			block[size - 4 + b] = (uint8_t)(crc >> (8 * b));
		struct pieces p = {strbuf_str(&packed), SIZE_MAX, false};

		ck_assert_msg(unpack(&p, 4096, COMPRESSION_XZ, &out, &err) ==
				      dictionaries[i].result,
			      "%d: %s", dictionaries[i].size, error_text(err));
	}
}
END_TEST

/* What the source says comes through, wherever it stops. */
START_TEST(test_failing_source)
{
	CLEANUP_STRBUF struct strbuf plain = STRBUF_INIT(0), packed = STRBUF_INIT(0);

	make_plain(&plain, 3000);
	formats[_i].pack(strbuf_str(&plain), &packed);
	for (size_t len = 0; len < packed.len; len += 1 + len / 4) {
		CLEANUP_STRBUF struct strbuf out = STRBUF_INIT(0);
		CLEANUP(error) struct error *err = NULL;
		struct pieces p = {str_head(strbuf_str(&packed), len), 64, true};

		ck_assert_int_eq(unpack(&p, 100, formats[_i].kind, &out, &err), -ERR_NETWORK);
		ck_assert_str_eq(error_text(err), "connection lost\n");
		ck_assert_uint_le(out.len, plain.len);
	}
}
END_TEST

START_TEST(test_fd_source)
{
	CLEANUP(error) struct error *err = NULL;
	int fds[2], none = -1;
	char buf[10];

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	ck_assert_int_eq(fs_write_all(fds[1], "abc", 3), 0);
	close_fd(fds[1]);
	struct byte_source source = fd_source(&fds[0]), bad = fd_source(&none);

	ck_assert_int_eq(source.read(source.ctx, buf, 2, &err), 2);
	ck_assert_int_eq(source.read(source.ctx, buf, sizeof(buf), &err), 1);
	ck_assert_int_eq(source.read(source.ctx, buf, sizeof(buf), &err), 0);
	ck_assert_int_eq(bad.read(bad.ctx, buf, sizeof(buf), &err), -ERR_IO);
	close_fd(fds[0]);
	inflater_free(NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("inflate");
	TCase *tests = tcase_create("inflate");

	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, test_detect, 0, (int)ARRAY_SIZE(heads));
	tcase_add_loop_test(tests, test_members, 0, FORMATS);
	tcase_add_loop_test(tests, test_truncated, 0, PACKED_FORMATS);
	tcase_add_loop_test(tests, test_damaged, 0, PACKED_FORMATS);
	tcase_add_loop_test(tests, test_tails, 0, (int)ARRAY_SIZE(tails));
	tcase_add_test(tests, test_gzip_header_fields);
	tcase_add_loop_test(tests, test_bomb, 0, PACKED_FORMATS);
	tcase_add_loop_test(tests, test_many_empty_members, 0, PACKED_FORMATS);
	tcase_add_test(tests, test_zstd_window);
	tcase_add_test(tests, test_xz_dictionary);
	tcase_add_loop_test(tests, test_failing_source, 0, FORMATS);
	tcase_add_test(tests, test_fd_source);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
