/* SPDX-License-Identifier: Apache-2.0 */
/* Tar archives block by block: what each field and extension means, and what is refused. */
#include "fixture.h"

/* Tables give the leading members of a row and leave the rest zero. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

enum { BLOCK = 512, CHECKSUM_AT = 148, MAGIC_AT = 257, CONTENT_MAX = 1 << 20 };

/* A piece of text with NULs in it. */
#define BYTES(text) text, sizeof(text) - 1

/* struct block - A header and its content; "name" is 'f', mode 644, owner 1:2, time 3 unless
 * patched */
struct block {
	/* '\1': no header, only content; 'X' and 'G': as 'x' and 'g', with lengths put in front of
	 * the records; '\0' after the last */
	char type;
	const char *name;
	const char *body;
	size_t body_len; /* 0: strlen(body) */
	struct {
		unsigned at;
		const char *bytes;
		size_t len;
	} patch[2];
	bool is_damaged; /* the checksum is wrong */
};

static void add_block(const struct block *b, struct strbuf *out);

/* Lengths in front of records that are lines. */
static void add_records(const struct block *b, struct strbuf *out)
{
	CLEANUP_STRBUF struct strbuf records = STRBUF_INIT(0);
	struct block lower = *b;
	str rest = str_from(b->body), line;

	while (str_cut(&rest, '\n', &line) && rest.ptr) {
		size_t len = line.len + 3;

		len += len + 1 > 99 ? 2 : len > 9 ? 1 : 0;
		strbuf_addf(&records, "%zu %.*s\n", len, STR_ARG(line));
	}
	lower.type = b->type == 'X' ? 'x' : 'g';
	lower.body = strbuf_text(&records);
	add_block(&lower, out);
}

static void add_block(const struct block *b, struct strbuf *out)
{
	if (b->type == 'X' || b->type == 'G') {
		add_records(b, out);
		return;
	}
	const char *body = b->body ? b->body : "";
	size_t len = b->body_len ? b->body_len : strlen(body),
	       padding = (BLOCK - len % BLOCK) % BLOCK;
	char h[BLOCK] = "", zeros[BLOCK] = "";
	unsigned sum = 0;

	if (b->type != '\1') {
		(void)snprintf(h, 100, "%s", b->name ? b->name : "f");
		(void)snprintf(h + 100, 24, "0000644%c0000001%c0000002", 0, 0);
		(void)snprintf(h + 124, 24, "%011zo%c%011o", len, 0, 3);
		h[156] = b->type;
		memcpy(h + MAGIC_AT, "ustar\00000", 8);
		for (size_t i = 0; i < ARRAY_SIZE(b->patch); i++) {
			if (b->patch[i].len)
				memcpy(h + b->patch[i].at, b->patch[i].bytes, b->patch[i].len);
		}
		memset(h + CHECKSUM_AT, ' ', 8);
		for (size_t i = 0; i < BLOCK; i++)
			sum += (unsigned char)h[i];
		(void)snprintf(h + CHECKSUM_AT, 7, "%06o", (sum + b->is_damaged) & 0777777);
		strbuf_add(out, h, BLOCK);
	}
	strbuf_add(out, body, len);
	strbuf_add(out, zeros, padding);
}

static void make_archive(const struct block *blocks, size_t max, struct strbuf *out)
{
	char zeros[2 * BLOCK] = "";

	for (size_t i = 0; i < max && blocks[i].type; i++)
		add_block(&blocks[i], out);
	strbuf_add(out, zeros, sizeof(zeros));
}

/* "type path>link mode uid:gid time [content] xattr=value;" for what is not as the block's defaults
 */
static void describe(const struct tar_entry *e, str content, struct strbuf *out)
{
	strbuf_addf(out, "%c %s%s%s", "fhlcbdp"[e->type], e -> path, e -> link ? ">" : "",
		    e->link ? e->link : "");
	if (e->mode != 0644)
		strbuf_addf(out, " %o", e->mode);
	if (e->uid != 1 || e->gid != 2)
		strbuf_addf(out, " %llu:%llu", (unsigned long long)e->uid,
			    (unsigned long long)e->gid);
	if (e->mtime.tv_sec != 3 || e->mtime.tv_nsec)
		strbuf_addf(out, " @%lld.%09ld", (long long)e->mtime.tv_sec, e->mtime.tv_nsec);
	if (e->type == TAR_CHAR || e->type == TAR_BLOCK)
		strbuf_addf(out, " %u,%u", e->major, e->minor);
	if (content.len)
		strbuf_add_char(out, ' ');
	for (size_t i = 0; i < content.len; i++)
		strbuf_add_char(out, content.ptr[i] ? content.ptr[i] : '0');
	for (size_t i = 0; i < e->xattr_count; i++)
		strbuf_addf(out, " %s=%.*s", e->xattrs[i].name, (int)e->xattrs[i].size,
			    e->xattrs[i].value);
	strbuf_add_char(out, ';');
}

static int list(str archive, size_t piece, struct strbuf *out, struct error **err)
{
	struct pieces p = {archive, piece, false};
	CLEANUP(tar_reader) struct tar_reader *r = tar_reader_new(source_of(&p));
	const struct tar_entry *e = NULL;
	int result;

	while ((result = tar_next(r, &e, err)) > 0) {
		CLEANUP_STRBUF struct strbuf content = STRBUF_INIT(CONTENT_MAX);
		char buf[1000];
		ssize_t n;

		while ((n = tar_read(r, buf, sizeof(buf), err)) > 0)
			strbuf_add(&content, buf, (size_t)n);
		if (n < 0)
			return (int)n;
		ck_assert_uint_eq(content.len, e->size);
		describe(e, strbuf_str(&content), out);
	}
	return result < 0 ? result : tar_drain(r, err);
}

#define P10 "pppppppppp"
#define P100 P10 P10 P10 P10 P10 P10 P10 P10 P10 P10

static const struct good {
	struct block blocks[4];
	const char *expected;
} good[] = {
	{{{0}}, ""},
	{{{'0', "a", "text"}, {'0', "b"}}, "f a text;f b;"},
	/* types */
	{{{'7', "a", "text"}}, "f a text;"},
	{{{'0', "old/"}}, "d old;"},
	{{{'5', "d//"}, {'5', "/"}, {'5', "./"}}, "d d;d /;d .;"},
	{{{'5', "d", NULL, 0, {{124, BYTES("00000001000")}}}, {'0', "a"}}, "d d;f a;"},
	{{{'2', "l", NULL, 0, {{157, BYTES("target")}}}}, "l l>target;"},
	{{{'2', "l", NULL, 0, {{157, BYTES(P100)}}}}, "l l>" P100 ";"},
	{{{'1', "h", NULL, 0, {{157, BYTES("target")}}}}, "h h>target;"},
	{{{'3', "c", NULL, 0, {{329, BYTES("0000001\0000000003")}}}}, "c c 1,3;"},
	{{{'6', "p"}}, "p p;"},
	{{{'V', "label"}, {'0', "a"}}, "f a;"},
	/* names without a NUL, prefix of ustar only */
	{{{'0', P100, NULL, 0, {{0, BYTES(P100)}}}}, "f " P100 ";"},
	{{{'0', "a", NULL, 0, {{345, BYTES("prefix")}}}}, "f prefix/a;"},
	{{{'0', "a", NULL, 0, {{345, BYTES("time")}, {MAGIC_AT, BYTES("ustar  \0")}}}}, "f a;"},
	{{{'0', "a", NULL, 0, {{345, BYTES("x")}, {MAGIC_AT, BYTES("\0\0\0\0\0\0\0\0")}}}}, "f a;"},
	/* numbers: blanks, no end mark, base 256 */
	{{{'0', "a", NULL, 0, {{100, BYTES("  777 \0")}}}}, "f a 777;"},
	{{{'0', "a", NULL, 0, {{100, BYTES("00107777")}}}}, "f a 7777;"},
	{{{'0', "a", NULL, 0, {{108, BYTES("\0\0\0\0\0\0\0\0")}}}}, "f a 0:2;"},
	{{{'0', "a", NULL, 0, {{108, BYTES("\x80\0\0\0\xff\xff\xff\xfe")}}}}, "f a 4294967294:2;"},
	{{{'0', "a", NULL, 0, {{136, BYTES("\x80\0\0\0\0\0\0\2\0\0\0\0")}}}},
	 "f a @8589934592.000000000;"},
	{{{'0', "a", NULL, 0, {{136, BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")}}}},
	 "f a @-1.000000000;"},
	{{{'0', "a", "text", 0, {{124, BYTES("\x80\0\0\0\0\0\0\0\0\0\0\4")}}}}, "f a text;"},
	/* GNU long names; the end of the name is its NUL */
	{{{'L', "x", BYTES("long\0rest")}, {'0', "a"}}, "f long;"},
	{{{'K', "x", BYTES("target\0")}, {'L', "x", BYTES("long\0")}, {'2', "a"}},
	 "l long>target;"},
	{{{'L', "x", "one"}, {'L', "x", "two"}, {'0', "a"}, {'0', "b"}}, "f two;f b;"},
	/* PAX: for one entry, later records count, empty ones take back */
	{{{'X', "x", "path=abc\n"}, {'0', "a", "text"}, {'0', "b"}}, "f abc text;f b;"},
	{{{'X', "x", "linkpath=abc\n"}, {'2', "a"}}, "l a>abc;"},
	{{{'X', "x", "uid=1000\ngid=\n"}, {'0', "a"}}, "f a 1000:2;"},
	{{{'X', "x", "uid=12\nuid=\n"}, {'0', "a"}}, "f a;"},
	{{{'X', "x", "path=abc\npath=\n"}, {'0', "a"}}, "f a;"},
	{{{'X', "x", "path=ab\n"}, {'L', "x", "long"}, {'0', "a"}}, "f long;"},
	{{{'X', "x", "mtime=1.5\n"}, {'0', "a"}}, "f a @1.500000000;"},
	{{{'X', "x", "mtime=-1.25\n"}, {'0', "a"}}, "f a @-2.750000000;"},
	{{{'X', "x", "mtime=5.1234567899\n"}, {'0', "a"}}, "f a @5.123456789;"},
	{{{'X', "x", "mtime=-7\n"}, {'0', "a"}}, "f a @-7.000000000;"},
	{{{'X', "x", "size=4\n"}, {'0', "a", "text", 0, {{124, BYTES("00000000000")}}}, {'0', "b"}},
	 "f a text;f b;"},
	{{{'X', "x", "size=4\n"}, {'5', "d"}, {'0', "b"}}, "d d;f b;"},
	{{{'X', "x", "ctime=xy\ncomment=a=b\n"}, {'0', "a"}}, "f a;"},
	{{{'X', "x", ""}, {'0', "a"}}, "f a;"},
	{{{'X', "x", "SCHILY.xattr.user.b=2\nSCHILY.xattr.user.a=1\nSCHILY.xattr.user.b=3\n"},
	  {'0', "a"}},
	 "f a user.a=1 user.b=3;"},
	{{{'x', "x", "27 SCHILY.xattr.user.a=b=\n\n"}, {'0', "a"}}, "f a user.a=b=\n;"},
	/* PAX for all that follow: owners and times; never names or content */
	{{{'G', "x", "uid=12\npath=xx\nsize=9\n"}, {'0', "a"}, {'0', "b"}}, "f a 12:2;f b 12:2;"},
	{{{'G', "x", "gid=12\n"}, {'X', "x", "gid=13\n"}, {'0', "a"}, {'0', "b"}},
	 "f a 1:13;f b 1:12;"},
	{{{'G', "x", "mtime=9\n"}, {'0', "a"}}, "f a @9.000000000;"},
	/* hard links bring content only where POSIX says so */
	{{{'1', "h", "text", 0, {{157, BYTES("t")}}}, {'0', "a"}}, "h h>t;f a;"},
	{{{'1', "h", NULL, 0, {{124, BYTES("00000000004")}, {MAGIC_AT, BYTES("ustar  \0")}}},
	  {'0', "a"}},
	 "h h>;f a;"},
	/* sparse: old GNU, 0.0, 0.1, 1.0 */
	{{{'S',
	   "s",
	   "abcd",
	   0,
	   {{386, BYTES("00000000002\00000000000002\00000000000006\00000000000002\0")},
	    {483, BYTES("00000000011\0")}}}},
	 "f s 00ab00cd0;"},
	{{{'X', "x", "GNU.sparse.size=6\nGNU.sparse.offset=1\nGNU.sparse.numbytes=2\n"},
	  {'0', "s", "ab"}},
	 "f s 0ab000;"},
	{{{'X', "x", "GNU.sparse.size=6\nGNU.sparse.map=0,1,4,2,6,0\nGNU.sparse.name=real\n"},
	  {'0', "GNUSparseFile.1/s", "abc"}},
	 "f real a000bc;"},
	{{{'X', "x", "GNU.sparse.major=1\nGNU.sparse.minor=0\nGNU.sparse.realsize=5\n"},
	  {'0', "s", NULL, 0, {{124, BYTES("00000001002")}}},
	  {'\1', NULL, "1\n1\n2\n"},
	  {'\1', NULL, "ab"}},
	 "f s 0ab00;"},
	{{{'X', "x", "GNU.sparse.size=3\nGNU.sparse.map=3,0\n"}, {'0', "s"}, {'0', "b"}},
	 "f s 000;f b;"},
	/* a zero block is the end; what follows is for nobody */
	{{{'0', "a"}, {'\1', NULL, BYTES("\0")}, {'0', "b"}}, "f a;"},
	{{{'\1', NULL, BYTES("\0")}, {'\1', NULL, "garbage"}}, ""},
};

START_TEST(test_good)
{
	static const size_t pieces[] = {SIZE_MAX, 1, 500, 512};
	CLEANUP_STRBUF struct strbuf archive = STRBUF_INIT(0);

	make_archive(good[_i].blocks, ARRAY_SIZE(good[_i].blocks), &archive);
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		CLEANUP_STRBUF struct strbuf got = STRBUF_INIT(0);
		CLEANUP(error) struct error *err = NULL;

		ck_assert_msg(list(strbuf_str(&archive), pieces[i], &got, &err) == 0, "%s: %s",
			      good[_i].expected, error_text(err));
		ck_assert_str_eq(strbuf_text(&got), good[_i].expected);
	}
}
END_TEST

#define BAD_PAX(records, text)                                                                     \
	{                                                                                          \
		{{'x', "x", records}, {'0', "a"}}, -ERR_PARSE, text                                \
	}
#define BAD_VALUE(record, text)                                                                    \
	{                                                                                          \
		{{'X', "x", record}, {'0', "a"}}, -ERR_PARSE, text                                 \
	}
#define BAD_FIELD(at, bytes, text)                                                                 \
	{                                                                                          \
		{{'0', "a", NULL, 0, {{at, BYTES(bytes)}}}}, -ERR_PARSE, text                      \
	}
#define BAD_SPARSE(records, body)                                                                  \
	{                                                                                          \
		{{'X', "x", records}, {'0', "s", body}}, -ERR_PARSE, "sparse"                      \
	}

static const struct bad {
	struct block blocks[4];
	int result;
	const char *message;
} bad[] = {
	{{{'0', "a", NULL, 0, {{0}}, true}}, -ERR_PARSE, "header checksum"},
	{{{'\1', NULL, "no tar at all"}}, -ERR_PARSE, "not a tar archive"},
	{{{'0', "a"}, {'\1', NULL, "garbage"}}, -ERR_PARSE, "header checksum"},
	{{{'Z', "a"}}, -ERR_UNSUPPORTED, "'a' has unknown type 'Z'"},
	{{{'M', "a"}}, -ERR_UNSUPPORTED, "type 'M'"},
	{{{'D', "a"}}, -ERR_UNSUPPORTED, "type 'D'"},
	{{{'\033', "a"}}, -ERR_UNSUPPORTED, "type '?'"},
	/* numbers */
	BAD_FIELD(124, "0000000000x", "bad size"),
	BAD_FIELD(124, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "bad size"),
	BAD_FIELD(124, "\x80\0\0\0\x80\0\0\0\0\0\0\0", "bad size"),
	BAD_FIELD(124, "\x80\1\0\0\0\0\0\0\0\0\0\0", "bad size"),
	BAD_FIELD(124, "00000000009", "bad size"),
	BAD_FIELD(124, "-0000000001", "bad size"),
	BAD_FIELD(100, "x", "bad number in the header of 'a'"),
	BAD_FIELD(108, "\xff\xff\xff\xff\xff\xff\xff\xff", "bad number"),
	BAD_FIELD(108, "\x80\0\0\0\xff\xff\xff\xff", "bad number"),
	BAD_FIELD(116, "\x80\0\0\1\0\0\0\0", "bad number"),
	BAD_FIELD(136, "\xff\1\0\0\0\0\0\0\0\0\0\0", "bad number"),
	{{{'3', "a", NULL, 0, {{329, BYTES("x")}}}}, -ERR_PARSE, "bad number"},
	/* PAX records */
	BAD_PAX("garbage", "malformed PAX"),
	BAD_PAX("8path=a\n", "malformed PAX"),
	BAD_PAX(" 9 path=a\n", "malformed PAX"),
	BAD_PAX("0 path=a\n", "malformed PAX"),
	BAD_PAX("2 path=a\n", "malformed PAX"),
	BAD_PAX("8 path=a\n", "malformed PAX"),
	BAD_PAX("11 path=a\n", "malformed PAX"),
	BAD_PAX("99999999999999999999 path=a\n", "malformed PAX"),
	BAD_PAX("-9 path=a\n", "malformed PAX"),
	BAD_PAX("8 pathab\n", "malformed PAX"),
	BAD_PAX("9 path=a\nx", "malformed PAX"),
	BAD_VALUE("size=-1\n", "bad value '-1' of 'size'"),
	BAD_VALUE("size=4x\n", "bad value '4x' of 'size'"),
	BAD_VALUE("size=9223372036854775808\n", "of 'size'"),
	BAD_VALUE("uid=-1\n", "of 'uid'"),
	BAD_VALUE("uid=4294967295\n", "of 'uid'"),
	BAD_VALUE("gid=0x\n", "of 'gid'"),
	BAD_VALUE("mtime=x\n", "of 'mtime'"),
	BAD_VALUE("mtime=1.x\n", "of 'mtime'"),
	BAD_VALUE("mtime=1.1234567890x\n", "of 'mtime'"),
	BAD_VALUE("mtime=.5\n", "of 'mtime'"),
	BAD_VALUE("mtime=--1\n", "of 'mtime'"),
	BAD_VALUE("mtime=9223372036854775807\n", "of 'mtime'"),
	{{{'g', "x", "garbage"}, {'0', "a"}}, -ERR_PARSE, "malformed PAX"},
	/* CVE-2025-62518 and its kin: what a name hides behind a NUL others would see */
	{{{'x', "x", BYTES("12 path=a\0b\n")}, {'0', "a"}}, -ERR_PARSE, "malformed PAX"},
	{{{'x', "x", BYTES("16 linkpath=a\0b\n")}, {'2', "a"}}, -ERR_PARSE, "malformed PAX"},
	{{{'x', "x", BYTES("27 SCHILY.xattr.user.a\0b=1\n")}, {'0', "a"}},
	 -ERR_PARSE,
	 "malformed PAX"},
	/* sparse maps */
	BAD_SPARSE("GNU.sparse.size=6\nGNU.sparse.map=0,3\n", "ab"),
	BAD_SPARSE("GNU.sparse.size=6\nGNU.sparse.map=0,1\n", "ab"),
	BAD_SPARSE("GNU.sparse.size=1\nGNU.sparse.map=0,2\n", "ab"),
	BAD_SPARSE("GNU.sparse.size=6\nGNU.sparse.map=4,1,0,1\n", "ab"),
	BAD_SPARSE("GNU.sparse.size=6\nGNU.sparse.map=0,2,1,2\n", "abcd"),
	BAD_SPARSE("GNU.sparse.size=6\nGNU.sparse.map=0\n", "ab"),
	BAD_SPARSE("GNU.sparse.size=6\nGNU.sparse.map=\n", "ab"),
	BAD_SPARSE("GNU.sparse.size=6\nGNU.sparse.map=0,2,\n", "ab"),
	BAD_SPARSE("GNU.sparse.size=6\nGNU.sparse.map=-1,2\n", "ab"),
	BAD_SPARSE("GNU.sparse.size=x\nGNU.sparse.map=0,2\n", "ab"),
	BAD_SPARSE("GNU.sparse.map=9223372036854775807,9223372036854775807\n", "ab"),
	BAD_SPARSE("GNU.sparse.offset=0\nGNU.sparse.numbytes=9223372036854775807\n", "ab"),
	BAD_SPARSE("GNU.sparse.name=real\n", "ab"),
	BAD_SPARSE("GNU.sparse.major=1\n", ""),
	BAD_SPARSE("GNU.sparse.major=1\n", "1\n0\n2\nab"),
	BAD_SPARSE("GNU.sparse.major=1\nGNU.sparse.realsize=9\n", "x"),
	{{{'S',
	   "s",
	   "ab",
	   0,
	   {{386, BYTES("00000000000\00000000000003\0")}, {483, BYTES("00000000011")}}}},
	 -ERR_PARSE,
	 "sparse map and stored size"},
	{{{'S',
	   "s",
	   "ab",
	   0,
	   {{386, BYTES("0000000000x\00000000000002\0")}, {483, BYTES("00000000011")}}}},
	 -ERR_PARSE,
	 "bad sparse map"},
	{{{'S', "s", "ab", 0, {{483, BYTES("\xff")}}}}, -ERR_PARSE, "bad size of a sparse file"},
};

START_TEST(test_bad)
{
	CLEANUP_STRBUF struct strbuf archive = STRBUF_INIT(0), got = STRBUF_INIT(0);
	CLEANUP(error) struct error *err = NULL;

	make_archive(bad[_i].blocks, ARRAY_SIZE(bad[_i].blocks), &archive);
	ck_assert_msg(list(strbuf_str(&archive), SIZE_MAX, &got, &err) == bad[_i].result, "%s | %s",
		      strbuf_text(&got), error_text(err));
	ck_assert_msg(strstr(error_text(err), bad[_i].message), "%s", error_text(err));
}
END_TEST

/* Cut anywhere: at the edge of an entry it is an archive without end mark, elsewhere an error. */
START_TEST(test_truncated)
{
	static const struct block blocks[] = {{'x', "x", "12 path=abc\n"},
					      {'0', "a", "text"},
					      {'L', "x", "long"},
					      {'0', "b"},
					      {'0', "c"}};
	CLEANUP_STRBUF struct strbuf archive = STRBUF_INIT(0);

	make_archive(blocks, ARRAY_SIZE(blocks), &archive);
	for (size_t len = 0; len < archive.len; len++) {
		CLEANUP_STRBUF struct strbuf got = STRBUF_INIT(0);
		CLEANUP(error) struct error *err = NULL;
		int r = list(str_head(strbuf_str(&archive), len), 700, &got, &err);
		/* Blocks: x and its records, a and its text, L and its name, b, c, two of zeros. */
		bool is_edge =
			len % BLOCK == 0 && len != BLOCK && len != 3 * BLOCK && len != 5 * BLOCK;

		if (len > 8 * BLOCK)
			is_edge = len >= 9 * BLOCK;
		ck_assert_msg(r == (is_edge ? 0 : -ERR_PARSE), "%zu: %d %s", len, r,
			      error_text(err));
	}
}
END_TEST

/* Old writers summed signed bytes. */
START_TEST(test_signed_checksum)
{
	CLEANUP_STRBUF struct strbuf archive = STRBUF_INIT(0), got = STRBUF_INIT(0);
	CLEANUP(error) struct error *err = NULL;
	const struct block block = {'0', "\xe4"};
	int sum = 0;

	add_block(&block, &archive);
	memset(archive.ptr + CHECKSUM_AT, ' ', 8);
	for (size_t i = 0; i < BLOCK; i++)
		sum += (signed char)archive.ptr[i];
	(void)snprintf(archive.ptr + CHECKSUM_AT, 7, "%06o", (unsigned)sum);
	ck_assert_int_eq(list(strbuf_str(&archive), SIZE_MAX, &got, &err), 0);
	ck_assert_str_eq(strbuf_text(&got), "f \xe4;");
}
END_TEST

static char *repeat(char c, size_t len)
{
	char *text = x_alloc(len + 1);

	memset(text, c, len);
	return text;
}

static const struct {
	char type;
	size_t len;
	int result;
} lengths[] = {
	{'L', 4096, 0},
	{'L', 4097, -ERR_LIMIT},
	{'K', 4096, 0},
	{'K', 4097, -ERR_LIMIT},
	{'L', TAR_EXTENSION_MAX, -ERR_LIMIT},
	{'L', TAR_EXTENSION_MAX + 1, -ERR_LIMIT},
	{'x', TAR_EXTENSION_MAX + 1, -ERR_LIMIT},
	{'g', TAR_EXTENSION_MAX + 1, -ERR_LIMIT},
	{'V', TAR_EXTENSION_MAX + 1, -ERR_LIMIT},
};

START_TEST(test_lengths)
{
	CLEANUP_FREE char *text = repeat('n', lengths[_i].len);
	const struct block blocks[] = {{lengths[_i].type, "x", text}, {'2', "a"}};
	CLEANUP_STRBUF struct strbuf archive = STRBUF_INIT(0), got = STRBUF_INIT(0);
	CLEANUP(error) struct error *err = NULL;

	make_archive(blocks, 2, &archive);
	ck_assert_int_eq(list(strbuf_str(&archive), SIZE_MAX, &got, &err), lengths[_i].result);
}
END_TEST

START_TEST(test_many_xattrs)
{
	for (int count = TAR_XATTRS_MAX; count <= TAR_XATTRS_MAX + 1; count++) {
		CLEANUP_STRBUF struct strbuf records = STRBUF_INIT(0), archive = STRBUF_INIT(0),
					     got = STRBUF_INIT(0);
		CLEANUP(error) struct error *err = NULL;

		for (int i = 0; i < count; i++)
			strbuf_addf(&records, "SCHILY.xattr.user.%03d=x\n", i);
		for (int i = 0; i < TAR_XATTRS_MAX; i++) /* again, which adds none */
			strbuf_addf(&records, "SCHILY.xattr.user.%03d=y\n", i);
		const struct block blocks[] = {{'X', "x", strbuf_text(&records)}, {'0', "a"}};

		make_archive(blocks, 2, &archive);
		ck_assert_msg(list(strbuf_str(&archive), SIZE_MAX, &got, &err) ==
				      (count <= TAR_XATTRS_MAX ? 0 : -ERR_LIMIT),
			      "%s", error_text(err));
		ck_assert((strstr(strbuf_text(&got), "user.063=y") != NULL) ==
			  (count <= TAR_XATTRS_MAX));
	}
}
END_TEST

/* Maps of sparse files in each place where they can be long. */
START_TEST(test_many_sparse_pieces)
{
	CLEANUP_STRBUF struct strbuf map = STRBUF_INIT(0), archive = STRBUF_INIT(0),
				     got = STRBUF_INIT(0);
	CLEANUP(error) struct error *err = NULL;
	const struct block blocks[] = {{'X', "x", "GNU.sparse.major=1\n"}, {'0', "s"}};
	const struct block *header = &blocks[0];

	/* 1.0: more pieces than anybody may have, of no size; the count alone is refused. */
	strbuf_addf(&map, "%d\n", 100001);
	for (int i = 0; i < 1000; i++)
		strbuf_add_text(&map, "0\n0\n");
	struct block with_map = {'0', "s", strbuf_text(&map)};

	add_block(header, &archive);
	add_block(&with_map, &archive);
	ck_assert_int_eq(list(strbuf_str(&archive), SIZE_MAX, &got, &err), -ERR_LIMIT);
	error_free(STEAL_PTR(&err));
	/* Old GNU: blocks that announce another one, until the archive ends. */
	static const struct block old = {
		'S', "s", NULL, 0, {{482, BYTES("\1")}, {483, BYTES("00000000001")}}};
	char more[BLOCK] = "";

	more[504] = 1;
	strbuf_clear(&archive);
	add_block(&old, &archive);
	for (int i = 0; i < 10000; i++)
		strbuf_add(&archive, more, BLOCK);
	ck_assert_int_eq(list(strbuf_str(&archive), SIZE_MAX, &got, &err), -ERR_PARSE);
	/* A piece in each of 200000 entries of such blocks. */
	for (size_t at = 0; at < 21 * 24UL; at += 24)
		memcpy(more + at, "00000000000\00000000000000", 24);
	strbuf_clear(&archive);
	add_block(&old, &archive);
	for (int i = 0; i < 10000; i++)
		strbuf_add(&archive, more, BLOCK);
	error_free(STEAL_PTR(&err));
	ck_assert_int_eq(list(strbuf_str(&archive), SIZE_MAX, &got, &err), -ERR_LIMIT);
}
END_TEST

/* A hole costs nothing to claim: its zeros come only as they are asked for. */
START_TEST(test_sparse_bomb)
{
	static const struct block blocks[] = {
		{'X', "x", "GNU.sparse.size=9223372036854775807\nGNU.sparse.map=0,2\n"},
		{'0', "s", "ab"},
		{'0', "b"}};
	CLEANUP_STRBUF struct strbuf archive = STRBUF_INIT(0);
	CLEANUP(error) struct error *err = NULL;
	const struct tar_entry *e = NULL;
	char buf[5];

	make_archive(blocks, 3, &archive);
	struct pieces p = {strbuf_str(&archive), SIZE_MAX, false};
	CLEANUP(tar_reader) struct tar_reader *r = tar_reader_new(source_of(&p));

	ck_assert_int_eq(tar_next(r, &e, &err), 1);
	ck_assert_uint_eq(e->size, INT64_MAX);
	ck_assert(e->sparse);
	ck_assert_int_eq(tar_read(r, buf, sizeof(buf), &err), 2);
	ck_assert_int_eq(tar_read(r, buf, sizeof(buf), &err), sizeof(buf));
	ck_assert_int_eq(memcmp(buf, "\0\0\0\0\0", 5), 0);
	ck_assert_int_eq(tar_next(r, &e, &err), 1);
	ck_assert_str_eq(e->path, "b");
	ck_assert_int_eq(tar_next(r, &e, &err), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tar_read");
	TCase *tests = tcase_create("tar_read");

	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, test_good, 0, (int)ARRAY_SIZE(good));
	tcase_add_loop_test(tests, test_bad, 0, (int)ARRAY_SIZE(bad));
	tcase_add_test(tests, test_truncated);
	tcase_add_test(tests, test_signed_checksum);
	tcase_add_loop_test(tests, test_lengths, 0, (int)ARRAY_SIZE(lengths));
	tcase_add_test(tests, test_many_xattrs);
	tcase_add_test(tests, test_many_sparse_pieces);
	tcase_add_test(tests, test_sparse_bomb);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
