/* SPDX-License-Identifier: Apache-2.0 */
/* Tar archives: what we write, what GNU tar writes in all its formats, what nobody should write. */
#include "fixture.h"

#include <errno.h>
#include <fts.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/process.h"
#include "codec/sha256.h"

/* Tables give the leading members of a row and leave the rest zero. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

enum { BLOCK = 512, CONTENT_MAX = 4 << 20 };

/* One line for an entry: everything that an archive says about it. */
static void describe(const struct tar_entry *e, const char *content, struct strbuf *out)
{
	strbuf_addf(out, "%c %s%s%s %04o %llu:%llu %llu %lld.%09ld", "fhlcbdp"[e->type], e -> path,
		    e -> link ? " > " : "", e->link ? e->link : "", e->mode,
		    (unsigned long long)e->uid, (unsigned long long)e->gid,
		    (unsigned long long)e->size, (long long)e->mtime.tv_sec, e->mtime.tv_nsec);
	if (e->type == TAR_CHAR || e->type == TAR_BLOCK)
		strbuf_addf(out, " %u,%u", e->major, e->minor);
	for (size_t i = 0; i < e->xattr_count; i++) {
		strbuf_addf(out, " %s=", e->xattrs[i].name);
		strbuf_add(out, e->xattrs[i].value, e->xattrs[i].size);
	}
	strbuf_addf(out, " %s\n", content);
}

/* Content that is short text as it is, otherwise its hash. */
static const char *content_text(str content)
{
	static char text[SHA256_HEX_SIZE];

	if (content.len < 20 && str_find(content, '\0') < 0)
		(void)snprintf(text, sizeof(text), "[%.*s]", STR_ARG(content));
	else
		sha256_hex(content, text);
	return text;
}

static int list(str archive, size_t piece, struct strbuf *out, struct error **err)
{
	struct pieces p = {archive, piece, false};
	CLEANUP(tar_reader) struct tar_reader *r = tar_reader_new(source_of(&p));
	const struct tar_entry *e = NULL;
	static char buf[7000];
	int result;

	while ((result = tar_next(r, &e, err)) > 0) {
		CLEANUP_STRBUF struct strbuf content = STRBUF_INIT(CONTENT_MAX);
		ssize_t n;

		while ((n = tar_read(r, buf, sizeof(buf), err)) > 0)
			strbuf_add(&content, buf, (size_t)n);
		if (n < 0)
			return (int)n;
		ck_assert_uint_eq(content.len, e->size);
		describe(e, content_text(strbuf_str(&content)), out);
	}
	if (result == 0) {
		ck_assert_int_eq(tar_next(r, &e, err), 0); /* the end stays the end */
		ck_assert_int_eq(tar_drain(r, err), 0);
		ck_assert_uint_eq(p.rest.len, 0);
	}
	return result;
}

/* ---- what we write reads as it was --------------------------------------------------------------
 */

#define LETTERS_50 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwx"
#define LETTERS_100 LETTERS_50 LETTERS_50

static const struct row {
	struct {
		enum tar_type type;
		const char *path, *link;
		unsigned mode;
		uint64_t uid, gid;
		struct timespec mtime;
		unsigned major, minor;
	} e;
	const char *content;
	const char *xattrs[3]; /* name=value */
	size_t blocks;	       /* that it takes, content included */
} written[] = {
	{{TAR_FILE, "file", NULL, 0644, 0, 0, {1000000000, 0}}, "content", {NULL}, 2},
	{{TAR_FILE, "empty", NULL, 07777, 1000, 1001, {0, 0}}, "", {NULL}, 1},
	{{TAR_DIR, "dir", NULL, 0755, 0, 0, {1, 0}}, "", {NULL}, 1},
	{{TAR_DIR, ".", NULL, 0700, 0, 0, {1, 0}}, "", {NULL}, 1},
	{{TAR_SYMLINK, "soft", "../target", 0777, 0, 0, {1, 0}}, "", {NULL}, 1},
	{{TAR_SYMLINK, "nowhere", "", 0777, 0, 0, {1, 0}}, "", {NULL}, 1},
	{{TAR_HARDLINK, "hard", "file", 0644, 0, 0, {1, 0}}, "", {NULL}, 1},
	{{TAR_CHAR, "null", NULL, 0666, 0, 0, {1, 0}, 1, 3}, "", {NULL}, 1},
	{{TAR_CHAR, "large", NULL, 0666, 0, 0, {1, 0}, 4095, 1048575}, "", {NULL}, 1},
	{{TAR_BLOCK, "sda", NULL, 0660, 0, 6, {1, 0}, 8, 0}, "", {NULL}, 1},
	{{TAR_FIFO, "fifo", NULL, 0600, 0, 0, {1, 0}}, "", {NULL}, 1},
	/* what fits and what just does not */
	{{TAR_FILE, LETTERS_100, NULL, 0644, 0, 0, {1, 0}}, "", {NULL}, 1},
	{{TAR_FILE, LETTERS_100 "y", NULL, 0644, 0, 0, {1, 0}}, "", {NULL}, 3},
	{{TAR_DIR, LETTERS_50 "/" LETTERS_50, NULL, 0755, 0, 0, {1, 0}}, "", {NULL}, 3},
	{{TAR_SYMLINK, "s", LETTERS_100, 0777, 0, 0, {1, 0}}, "", {NULL}, 1},
	{{TAR_SYMLINK, "s", LETTERS_100 "y", 0777, 0, 0, {1, 0}}, "", {NULL}, 3},
	{{TAR_HARDLINK, "h", LETTERS_100 LETTERS_100, 0644, 0, 0, {1, 0}}, "", {NULL}, 3},
	{{TAR_FILE, "owner", NULL, 0644, 2097151, 2097151, {1, 0}}, "", {NULL}, 1},
	{{TAR_FILE, "owner", NULL, 0644, 2097152, 4294967294, {1, 0}}, "", {NULL}, 3},
	{{TAR_FILE, "time", NULL, 0644, 0, 0, {8589934591, 0}}, "", {NULL}, 1},
	{{TAR_FILE, "time", NULL, 0644, 0, 0, {8589934592, 0}}, "", {NULL}, 3},
	{{TAR_FILE, "time", NULL, 0644, 0, 0, {-1, 0}}, "", {NULL}, 3},
	{{TAR_FILE, "time", NULL, 0644, 0, 0, {0, 1}}, "", {NULL}, 3},
	{{TAR_FILE, "time", NULL, 0644, 0, 0, {-1, 500000000}}, "", {NULL}, 3},
	{{TAR_FILE, "time", NULL, 0644, 0, 0, {-2, 999999999}}, "", {NULL}, 3},
	{{TAR_FILE, "time", NULL, 0644, 0, 0, {7, 120000000}}, "", {NULL}, 3},
	{{TAR_FILE, "x", NULL, 0644, 0, 0, {1, 0}}, "c", {"user.a=1"}, 4},
	{{TAR_DIR, "x", NULL, 0755, 0, 0, {1, 0}},
	 "",
	 {"security.capability=\1\2\n=", "user.b="},
	 3},
	{{TAR_FILE, "with\nnewline \xff", NULL, 0644, 0, 0, {1, 0}}, "", {NULL}, 1},
	{{TAR_FILE, LETTERS_100 "\n9 path=x\n", NULL, 0644, 0, 0, {1, 0}}, "", {NULL}, 3},
};

static size_t write_row(const struct row *row, struct strbuf *archive, struct strbuf *expected)
{
	CLEANUP_STRBUF struct strbuf own = STRBUF_INIT(0);
	CLEANUP(tar_writer) struct tar_writer *w = tar_writer_new(sink_to(&own));
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_FREE char *path = x_strdup(row->e.path);
	CLEANUP_FREE char *link = row->e.link ? x_strdup(row->e.link) : NULL;
	struct tar_xattr xattrs[ARRAY_SIZE(row->xattrs)];
	struct tar_entry e = {row->e.type,	    path,	  link,
			      row->e.mode,	    row->e.uid,	  row->e.gid,
			      strlen(row->content), row->e.mtime, row->e.major,
			      row->e.minor,	    xattrs};

	for (; row->xattrs[e.xattr_count]; e.xattr_count++) {
		str name, value;

		ck_assert(str_split_once(str_from(row->xattrs[e.xattr_count]), '=', &name, &value));
		xattrs[e.xattr_count] =
			(struct tar_xattr){str_dup(name), str_dup(value), value.len};
	}
	ck_assert_int_eq(tar_write_entry(w, &e, &err), 0);
	/* In pieces; nothing more is nothing more. */
	for (const char *c = row->content; *c; c++)
		ck_assert_int_eq(tar_write(w, c, 1, &err), 0);
	ck_assert_int_eq(tar_write(w, "", 0, &err), 0);
	size_t len = own.len;

	ck_assert_int_eq(tar_finish(w, &err), 0);
	ck_assert_uint_eq(own.len, len + 2 * BLOCK);
	strbuf_add(archive, own.ptr, len);
	describe(&e, content_text(str_from(row->content)), expected);
	for (size_t i = 0; i < e.xattr_count; i++) {
		free(xattrs[i].name);
		free(xattrs[i].value);
	}
	return len;
}

START_TEST(test_round_trip)
{
	CLEANUP_STRBUF struct strbuf archive = STRBUF_INIT(0), again = STRBUF_INIT(0);
	CLEANUP_STRBUF struct strbuf expected = STRBUF_INIT(0), got = STRBUF_INIT(0);
	CLEANUP(error) struct error *err = NULL;

	ck_assert_uint_eq(write_row(&written[_i], &archive, &expected), written[_i].blocks * BLOCK);
	(void)write_row(&written[_i], &again, &got); /* its size is the same when its bytes are */
	ck_assert(str_is_equal(strbuf_str(&archive), strbuf_str(&again)));
	strbuf_clear(&got);
	ck_assert_msg(list(strbuf_str(&archive), SIZE_MAX, &got, &err) == 0, "%s", error_text(err));
	ck_assert_str_eq(strbuf_text(&got), strbuf_text(&expected));
}
END_TEST

START_TEST(test_round_trip_of_all)
{
	static const size_t pieces[] = {1, 511, 513, 100000};
	CLEANUP_STRBUF struct strbuf archive = STRBUF_INIT(0), expected = STRBUF_INIT(0);

	for (size_t i = 0; i < ARRAY_SIZE(written); i++)
		(void)write_row(&written[i], &archive, &expected); /* sizes are tested above */
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		CLEANUP_STRBUF struct strbuf got = STRBUF_INIT(0);
		CLEANUP(error) struct error *err = NULL;

		ck_assert_int_eq(list(strbuf_str(&archive), pieces[i], &got, &err), 0);
		ck_assert_str_eq(strbuf_text(&got), strbuf_text(&expected));
	}
}
END_TEST

/* A record's length counts its own digits: around 10, 100 and 1000. */
START_TEST(test_record_lengths)
{
	char path[1100];

	memset(path, 'p', sizeof(path));
	for (size_t len = 85; len < 1020; len += len == 115 ? 860 : 1) {
		CLEANUP_STRBUF struct strbuf archive = STRBUF_INIT(0), expected = STRBUF_INIT(0);
		CLEANUP_STRBUF struct strbuf got = STRBUF_INIT(0);
		CLEANUP(error) struct error *err = NULL;
		struct row row = {{TAR_FILE, path, NULL, 0644, 0, 0, {1, 0}}, "", {NULL}, 0};

		path[len] = '\0';
		(void)write_row(&row, &archive, &expected); /* its size is not of interest here */
		path[len] = 'p';
		ck_assert_int_eq(list(strbuf_str(&archive), SIZE_MAX, &got, &err), 0);
		ck_assert_str_eq(strbuf_text(&got), strbuf_text(&expected));
	}
}
END_TEST

/* The header, byte for byte: other machines must come to the same digest. */
START_TEST(test_canonical_bytes)
{
	CLEANUP_STRBUF struct strbuf archive = STRBUF_INIT(0), expected = STRBUF_INIT(0);
	struct row row = {{TAR_DIR, "d", NULL, 0755, 1, 2, {1000000000, 0}}, "", {NULL}, 0};
	static const struct {
		size_t at;
		str bytes;
	} fields[] = {
		{0, STR("d/\0")},	 {100, STR("0000755\0")},     {108, STR("0000001\0")},
		{116, STR("0000002\0")}, {124, STR("00000000000\0")}, {136, STR("07346545000\0")},
		{148, STR("007475\0 ")}, {156, STR("5\0")},	      {257, STR("ustar\00000\0")},
		{329, STR("0000000\0")}, {337, STR("0000000\0\0")},
	};

	(void)write_row(&row, &archive, &expected); /* one block */
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		ck_assert_msg(memcmp(archive.ptr + fields[i].at, fields[i].bytes.ptr,
				     fields[i].bytes.len) == 0,
			      "at %zu: %.12s", fields[i].at, archive.ptr + fields[i].at);
}
END_TEST

/* 8 GiB and more do not fit into the header's field. */
START_TEST(test_large_sizes)
{
	static const uint64_t sizes[] = {8589934591, 8589934592, INT64_MAX};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		CLEANUP_STRBUF struct strbuf archive = STRBUF_INIT(0);
		CLEANUP(tar_writer) struct tar_writer *w = tar_writer_new(sink_to(&archive));
		CLEANUP(error) struct error *err = NULL;
		char path[] = "large";
		struct tar_entry e = {.type = TAR_FILE, .path = path, .size = sizes[i]};
		const struct tar_entry *got = NULL;

		ck_assert_int_eq(tar_write_entry(w, &e, &err), 0);
		struct pieces p = {strbuf_str(&archive), SIZE_MAX, false};
		CLEANUP(tar_reader) struct tar_reader *r = tar_reader_new(source_of(&p));

		ck_assert_int_eq(tar_next(r, &got, &err), 1);
		ck_assert_uint_eq(got->size, sizes[i]);
		ck_assert_int_eq(tar_next(r, &got, &err), -ERR_PARSE);
	}
}
END_TEST

START_TEST(test_writer_mistakes)
{
	CLEANUP_STRBUF struct strbuf archive = STRBUF_INIT(BLOCK);
	CLEANUP(tar_writer) struct tar_writer *w = tar_writer_new(sink_to(&archive));
	CLEANUP(error) struct error *err = NULL;
	char path[] = "f", name[] = "user.a=b", value[] = "";
	struct tar_xattr xattr = {name, value, 0};
	struct tar_entry e = {.type = TAR_FILE, .path = path, .size = 3};
	struct tar_entry with_equals = {.path = path, .xattrs = &xattr, .xattr_count = 1};

	ck_assert_int_eq(tar_write_entry(w, &with_equals, &err), -ERR_UNSUPPORTED);
	ck_assert_uint_eq(archive.len, 0);
	ck_assert_int_eq(tar_write(w, "x", 1, &err), -ERR_INTERNAL);
	ck_assert_int_eq(tar_write_entry(w, &e, &err), 0);
	ck_assert_int_eq(tar_write(w, "xxxx", 4, &err), -ERR_INTERNAL);
	ck_assert_int_eq(tar_write_entry(w, &e, &err), -ERR_INTERNAL);
	ck_assert_int_eq(tar_finish(w, &err), -ERR_INTERNAL);
	/* The sink is full after one block. */
	ck_assert_int_eq(tar_write(w, "xxx", 3, &err), -ERR_NO_SPACE);
	tar_writer_free(NULL);
	tar_reader_free(NULL);
}
END_TEST

/* What is not read is skipped; a source's error comes through. */
START_TEST(test_partial_reading)
{
	CLEANUP_STRBUF struct strbuf archive = STRBUF_INIT(0), expected = STRBUF_INIT(0);
	CLEANUP(error) struct error *err = NULL;
	const struct tar_entry *e = NULL;
	char buf[4];

	for (size_t i = 0; i < 3; i++)
		(void)write_row(&written[i], &archive, &expected); /* sizes are tested above */
	struct pieces p = {strbuf_str(&archive), 100, true};
	CLEANUP(tar_reader) struct tar_reader *r = tar_reader_new(source_of(&p));

	ck_assert_int_eq(tar_read(r, buf, 4, &err), 0); /* there is no entry yet */
	ck_assert_int_eq(tar_next(r, &e, &err), 1);
	ck_assert_int_eq(tar_read(r, buf, 0, &err), 0);
	ck_assert_int_eq(tar_read(r, buf, 4, &err), 4);
	ck_assert_int_eq(memcmp(buf, "cont", 4), 0);
	ck_assert_int_eq(tar_next(r, &e, &err), 1);
	ck_assert_str_eq(e->path, "empty");
	ck_assert_int_eq(tar_read(r, buf, 4, &err), 0);
	ck_assert_int_eq(tar_next(r, &e, &err), 1);
	ck_assert_int_eq(e->type, TAR_DIR);
	ck_assert_int_eq(tar_read(r, buf, 4, &err), 0);
	ck_assert_int_eq(tar_next(r, &e, &err), -ERR_NETWORK);
	ck_assert_str_eq(error_text(err), "connection lost\n");
}
END_TEST

/* ---- what GNU tar writes ------------------------------------------------------------------------
 */

/* Names begin with the letter of what a format needs: see `needs` below. */
static void make_tree(int dir)
{
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_FREE char *deep = x_asprintf("L%s/%s/%s", LETTERS_100, LETTERS_100, LETTERS_50);
	CLEANUP_FREE char *medium = x_asprintf("P%s/%s", LETTERS_50, LETTERS_50);
	const struct timespec old[2] = {{-1000, 0}, {-1000, 0}};

	umask(022);
	ck_assert_int_eq(fs_mkdirs_at(dir, "dir/sub", 0755, &err), 0);
	ck_assert_int_eq(fs_mkdirs_at(dir, medium, 0755, &err), 0);
	ck_assert_int_eq(fs_mkdirs_at(dir, deep, 0755, &err), 0);
	static const struct {
		const char *name;
		unsigned pieces, step;
		off_t size;
	} files[] = {{"file", 1, 0, 8},
		     {"empty", 0, 0, 0},
		     {"dir/block", 1, 0, 512},
		     {"Lowner", 1, 0, 8},
		     {"Ltime", 1, 0, 8},
		     {"xattr", 1, 0, 8},
		     {"sparse-few", 2, 524288, 1 << 20},
		     {"sparse-hole", 0, 0, 1 << 18},
		     {"sparse-many", 60, 16384, 1 << 20},
		     {"sparse-tail", 1, 0, 100000}};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		CLEANUP_FD int fd =
			openat(dir, files[i].name, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);

		for (unsigned n = 0; n < files[i].pieces; n++)
			ck_assert_int_eq(pwrite(fd, "content", 7, (off_t)n * files[i].step), 7);
		ck_assert_int_eq(ftruncate(fd, files[i].size), 0);
	}
	ck_assert_int_eq(linkat(dir, "file", dir, "hard", 0), 0);
	ck_assert_int_eq(symlinkat("file", dir, "soft"), 0);
	ck_assert_int_eq(symlinkat(deep, dir, "Lsoft"), 0);
	ck_assert_int_eq(mkfifoat(dir, "Nfifo", 0600), 0);
	ck_assert_int_eq(mknodat(dir, "Nnull", S_IFCHR | 0666, makedev(1, 3)), 0);
	ck_assert_int_eq(mknodat(dir, "Nloop", S_IFBLK | 0660, makedev(7, 200)), 0);
	ck_assert_int_eq(fchmodat(dir, "dir/sub", 01777, 0), 0);
	ck_assert_int_eq(fchownat(dir, "file", 1000, 1001, 0), 0);
	ck_assert_int_eq(fchownat(dir, "Lowner", 3000000, 4294967294, 0), 0);
	ck_assert_int_eq(utimensat(dir, "Ltime", old, 0), 0);
	CLEANUP_FD int fd = openat(dir, "xattr", O_RDONLY | O_CLOEXEC);

	ck_assert(fsetxattr(fd, "user.test", "value", 5, 0) == 0 || errno == ENOTSUP);
}

static const struct {
	const char *options;
	const char *cannot; /* first letters of names that the format cannot hold */
	bool has_fractions, has_xattrs;
} gnu_formats[] = {
	{"--format=v7", "LPN", false, false},
	{"--format=ustar", "L", false, false},
	{"--format=oldgnu", "", false, false},
	{"--format=gnu", "", false, false},
	{"--format=gnu -S", "", false, false},
	{"--format=oldgnu -S", "", false, false},
	{"--format=pax", "", true, false},
	{"--format=pax --xattrs", "", true, true},
	{"--format=pax -S --sparse-version=0.0", "", true, false},
	{"--format=pax -S --sparse-version=0.1", "", true, false},
	{"--format=pax -S --sparse-version=1.0 --xattrs", "", true, true},
};

static int compare_names(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void describe_file(const FTSENT *f, int dir, size_t format, struct strbuf *out)
{
	static const struct {
		mode_t kind;
		enum tar_type type;
	} kinds[] = {{S_IFREG, TAR_FILE}, {S_IFDIR, TAR_DIR},  {S_IFLNK, TAR_SYMLINK},
		     {S_IFIFO, TAR_FIFO}, {S_IFCHR, TAR_CHAR}, {S_IFBLK, TAR_BLOCK}};
	CLEANUP_STRBUF struct strbuf content = STRBUF_INIT(0);
	CLEANUP(error) struct error *err = NULL;
	const struct stat *st = f->fts_statp;
	char link[1000] = "./file", value[10], name[] = "user.test";
	struct tar_xattr xattr = {name, value, 0};
	struct tar_entry e = {.path = f->fts_path,
			      .mode = st->st_mode & 07777,
			      .uid = st->st_uid,
			      .gid = st->st_gid,
			      .mtime = st->st_mtim,
			      .major = major(st->st_rdev),
			      .minor = minor(st->st_rdev),
			      .xattrs = &xattr};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if ((st->st_mode & S_IFMT) == kinds[i].kind)
			e.type = kinds[i].type;
	}
	if (strcmp(f->fts_name, "hard") == 0)
		e.type = TAR_HARDLINK;
	if (e.type == TAR_SYMLINK)
		link[readlinkat(dir, f->fts_path, link, sizeof(link) - 1)] = '\0';
	if (e.type == TAR_SYMLINK || e.type == TAR_HARDLINK)
		e.link = link;
	if (e.type == TAR_FILE)
		ck_assert_int_eq(fs_read_at(dir, f->fts_path, CONTENT_MAX, &content, &err), 0);
	e.size = content.len;
	if (!gnu_formats[format].has_fractions)
		e.mtime.tv_nsec = 0;
	ssize_t len = lgetxattr(f->fts_path, name, value, sizeof(value));

	if (gnu_formats[format].has_xattrs && len >= 0) {
		xattr.size = (size_t)len;
		e.xattr_count = 1;
	}
	describe(&e, content_text(strbuf_str(&content)), out);
}

/* The tree as the archive should have it; the working directory is its top. */
static void describe_tree(int dir, size_t format, struct strbuf *out)
{
	char top[] = ".";
	char *const tops[] = {top, NULL};
	FTS *walk = fts_open(tops, FTS_PHYSICAL | FTS_NOCHDIR, compare_names);
	FTSENT *f;

	ck_assert_ptr_nonnull(walk);
	while ((f = fts_read(walk))) {
		if (f->fts_info == FTS_DP)
			continue;
		if (*f->fts_name && strchr(gnu_formats[format].cannot, f->fts_name[0]))
			fts_set(walk, f, FTS_SKIP);
		else
			describe_file(f, dir, format, out);
	}
	fts_close(walk);
}

START_TEST(test_gnu_tar)
{
	CLEANUP_STRBUF struct strbuf archive = STRBUF_INIT(0), expected = STRBUF_INIT(0);
	CLEANUP_STRBUF struct strbuf got = STRBUF_INIT(0);
	CLEANUP_STRV struct strv argv = STRV_INIT;
	CLEANUP(error) struct error *err = NULL;
	str options = str_from(gnu_formats[_i].options), option;
	char name[17];

	fs_random_name(name);
	ck_assert_int_eq(mkdirat(scratch_fd, name, 0755), 0);
	CLEANUP_FD int dir = openat(scratch_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP_FD int out = openat(scratch_fd, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);

	make_tree(dir);
	ck_assert_int_eq(fchdir(dir), 0);
	strv_add(&argv, "tar");
	strv_add(&argv, "-cf-");
	strv_add(&argv, "--sort=name");
	if (strstr(gnu_formats[_i].options, "-S"))
		strv_add(&argv, "--hole-detection=raw"); /* whatever the file system knows */
	while (str_cut(&options, ' ', &option))
		strv_add_str(&argv, option);
	for (const char *c = gnu_formats[_i].cannot; *c; c++)
		strv_addf(&argv, "--exclude=./%c*", *c);
	strv_add(&argv, ".");
	ck_assert_msg(process_run(&argv, out, &err) == 0, "%s", error_text(err));
	ck_assert_int_eq(lseek(out, 0, SEEK_SET), 0);
	ck_assert_int_eq(fs_read_fd(out, 64 << 20, &archive, &err), 0);
	describe_tree(dir, (size_t)_i, &expected);
	ck_assert_uint_gt(expected.len, 1000);
	ck_assert_msg(list(strbuf_str(&archive), 10000, &got, &err) == 0, "%s", error_text(err));
	ck_assert_str_eq(strbuf_text(&got), strbuf_text(&expected));
	ck_assert_int_eq(fchdir(scratch_fd), 0);
}
END_TEST

/* GNU tar reads what we write. */
START_TEST(test_for_gnu_tar)
{
	CLEANUP_STRBUF struct strbuf archive = STRBUF_INIT(0), expected = STRBUF_INIT(0);
	CLEANUP_STRBUF struct strbuf got = STRBUF_INIT(0);
	CLEANUP_STRV struct strv argv = STRV_INIT;
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_FD int out = openat(scratch_fd, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	const char *const args[] = {"tar", "--list", "--quoting-style=escape", "-f", "ours.tar"};

	for (size_t i = 0; i < ARRAY_SIZE(written); i++) {
		bool is_dir = written[i].e.type == TAR_DIR;

		(void)write_row(&written[i], &archive, &got); /* sizes are tested above */
		if (strchr(written[i].e.path, '\n'))
			continue;
		strbuf_addf(&expected, "%s%s\n", written[i].e.path, is_dir ? "/" : "");
	}
	char zeros[2 * BLOCK] = "";

	strbuf_add(&archive, zeros, sizeof(zeros));
	ck_assert_int_eq(fs_write_atomic_at(scratch_fd, "ours.tar", strbuf_str(&archive), 0600,
					    FS_VOLATILE, &err),
			 0);
	ck_assert_int_eq(fchdir(scratch_fd), 0);
	for (size_t i = 0; i < ARRAY_SIZE(args); i++)
		strv_add(&argv, args[i]);
	strv_add(&argv, "--exclude=*\n*");
	ck_assert_msg(process_run(&argv, out, &err) == 0, "%s", error_text(err));
	ck_assert_int_eq(lseek(out, 0, SEEK_SET), 0);
	strbuf_clear(&got);
	ck_assert_int_eq(fs_read_fd(out, 1 << 20, &got, &err), 0);
	ck_assert_str_eq(strbuf_text(&got), strbuf_text(&expected));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tar");
	TCase *tests = tcase_create("tar");

	tcase_set_timeout(tests, 60);
	tcase_add_unchecked_fixture(tests, scratch_setup, scratch_teardown);
	tcase_add_loop_test(tests, test_round_trip, 0, (int)ARRAY_SIZE(written));
	tcase_add_test(tests, test_round_trip_of_all);
	tcase_add_test(tests, test_record_lengths);
	tcase_add_test(tests, test_canonical_bytes);
	tcase_add_test(tests, test_large_sizes);
	tcase_add_test(tests, test_writer_mistakes);
	tcase_add_test(tests, test_partial_reading);
	tcase_add_loop_test(tests, test_gnu_tar, 0, (int)ARRAY_SIZE(gnu_formats));
	tcase_add_test(tests, test_for_gnu_tar);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
