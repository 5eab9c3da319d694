/* SPDX-License-Identifier: Apache-2.0 */
/* Unpacking layers: hostile archives, and the meaning of whiteouts. */
#include "fixture.h"

#include <sys/sysmacros.h>

struct apply_case {
	const char *name;
	struct spec members[8];
	const char *expected; /* the tree, or, after "!", a part of the error */
};

static const struct apply_case cases[] = {
	{"a plain tree",
	 {{TAR_DIR, "etc"}, {TAR_FILE, "etc/a", "one"}, {TAR_SYMLINK, "l", "etc/a"}},
	 "etc/ 755\netc/a 644 one\nl -> etc/a\n"},
	{"parents that have no entry are made",
	 {{TAR_FILE, "a/b/c", "x"}},
	 "a/ 755\na/b/ 755\na/b/c 644 x\n"},
	{"paths are normalised",
	 {{TAR_FILE, "./a//b/../c", "x"}, {TAR_FILE, "/d", "y"}},
	 "a/ 755\na/c 644 x\nd 644 y\n"},
	{"a later entry replaces an earlier one",
	 {{TAR_FILE, "a", "1"}, {TAR_FILE, "a", "2"}, {TAR_SYMLINK, "a", "b"}},
	 "a -> b\n"},
	{"a directory entry updates a directory",
	 {{TAR_DIR, "a", NULL, 0700}, {TAR_FILE, "a/f", "x"}, {TAR_DIR, "a", NULL, 01777}},
	 "a/ 1777\na/f 644 x\n"},
	{"a file replaces a directory with all in it",
	 {{TAR_FILE, "a/b/c", "x"}, {TAR_FILE, "a", "y"}},
	 "a 644 y\n"},
	{"set-user-id bits survive the owner", {{TAR_FILE, "su", "x", 04755, 1000}}, "su 4755 x\n"},
	{"nodes and FIFOs",
	 {{TAR_CHAR, "null", NULL, 0666, 0, 1, 3}, {TAR_FIFO, "p"}},
	 "null char\np fifo\n"},
	{"hard links within the layer",
	 {{TAR_FILE, "a", "x"}, {TAR_HARDLINK, "d/b", "./a"}},
	 "a 644 x x2\nd/ 755\nd/b 644 x x2\n"},
	{"a hard link to itself changes nothing",
	 {{TAR_FILE, "a", "x"}, {TAR_HARDLINK, "a", "a"}},
	 "a 644 x\n"},
	{"a hard link to a symbolic link is one too",
	 {{TAR_SYMLINK, "l", "/etc/passwd"}, {TAR_HARDLINK, "m", "l"}},
	 "l -> /etc/passwd\nm -> /etc/passwd\n"},
	{"a hard link may not invent a file",
	 {{TAR_HARDLINK, "a", "etc/shadow"}},
	 "!not in this layer"},

	{"CVE-2016-5418: a hard link's target is looked for in the layer alone",
	 {{TAR_SYMLINK, "l", "/etc"}, {TAR_HARDLINK, "a", "l/passwd"}},
	 "!not in this layer"},
	{"CVE-2026-28406: .. above the root", {{TAR_FILE, "../escape", "x"}}, "!leaves the layer"},
	{"CVE-2026-28406: .. further in", {{TAR_FILE, "a/../../escape", "x"}}, "!leaves the layer"},
	{"CVE-2026-28406: .. in a hard link's target",
	 {{TAR_HARDLINK, "a", "../../../../etc/passwd"}},
	 "!leaves the layer"},
	{"CVE-2019-18837: an absolute link as parent stays inside",
	 {{TAR_DIR, "etc"}, {TAR_SYMLINK, "l", "/etc"}, {TAR_FILE, "l/x", "in"}},
	 "etc/ 755\netc/x 644 in\nl -> /etc\n"},
	{"CVE-2019-18837: a climbing link as parent stays inside",
	 {{TAR_DIR, "etc"}, {TAR_SYMLINK, "l", "../../../../../../etc"}, {TAR_FILE, "l/x", "in"}},
	 "etc/ 755\netc/x 644 in\nl -> ../../../../../../etc\n"},
	{"CVE-2019-18837: a link to what only the host has",
	 {{TAR_SYMLINK, "l", "/root"}, {TAR_FILE, "l/x", "out"}},
	 "!symbolic link"},
	{"CVE-2019-18837: a chain of links",
	 {{TAR_DIR, "d"},
	  {TAR_SYMLINK, "a", "/b"},
	  {TAR_SYMLINK, "b", "../../d"},
	  {TAR_FILE, "a/x", "in"}},
	 "a -> /b\nb -> ../../d\nd/ 755\nd/x 644 in\n"},
	{"CVE-2019-18837: a loop of links",
	 {{TAR_SYMLINK, "a", "b"}, {TAR_SYMLINK, "b", "a"}, {TAR_FILE, "a/x", ""}},
	 "!Too many levels"},
	{"CVE-2020-10696: a file entry never writes through a link",
	 {{TAR_SYMLINK, "l", "/etc/passwd"}, {TAR_FILE, "l", "mine"}},
	 "l 644 mine\n"},
	{"CVE-2021-29136: the root as a symbolic link",
	 {{TAR_SYMLINK, ".", "/etc"}, {TAR_FILE, "x", ""}},
	 "!must be a directory"},
	{"CVE-2021-29136: the root as a file", {{TAR_FILE, "/", ""}}, ""},
	{"CVE-2021-29136: the root as a hard link",
	 {{TAR_FILE, "f", ""}, {TAR_HARDLINK, "./.", "f"}},
	 "!must be a directory"},
	{"CVE-2021-32760: modes do not pass through links",
	 {{TAR_FILE, "f", "x", 0600},
	  {TAR_SYMLINK, "l", "f", 0777},
	  {TAR_HARDLINK, "m", "l", 0777}},
	 "f 600 x\nl -> f\nm -> f\n"},
	{"a device that is overlay's whiteout",
	 {{TAR_CHAR, "etc", NULL, 0600, 0, 0, 0}},
	 "!device 0:0"},
	{"a device number that no kernel has",
	 {{TAR_BLOCK, "b", NULL, 0600, 0, 4096, 0}},
	 "!does not exist"},
	{"a link through the root to itself",
	 {{TAR_SYMLINK, "x", "."}, {TAR_FILE, "x/x", "f"}, {TAR_FILE, "x/y", ""}},
	 "!'x' is a file"},
	{"an empty link target", {{TAR_SYMLINK, "l", ""}}, "!symbolic link to ''"},

	{"whiteout", {{TAR_FILE, "a/.wh.b", ""}}, "a/ 755\na/b whiteout\n"},
	{"opaque directory", {{TAR_FILE, "a/.wh..wh..opq", ""}}, "a/ 755 opaque\n"},
	{"opaque mark after the content",
	 {{TAR_DIR, "a"}, {TAR_FILE, "a/f", "x"}, {TAR_FILE, "a/.wh..wh..opq", ""}},
	 "a/ 755 opaque\na/f 644 x\n"},
	{"opaque mark after whiteouts drops them",
	 {{TAR_FILE, "a/.wh.b", ""}, {TAR_FILE, "a/.wh..wh..opq", ""}},
	 "a/ 755 opaque\n"},
	{"whiteouts in an opaque directory are dropped (umoci)",
	 {{TAR_FILE, "a/.wh..wh..opq", ""}, {TAR_FILE, "a/.wh.b", ""}},
	 "a/ 755 opaque\n"},
	{"a whiteout below a whiteout says nothing (umoci)",
	 {{TAR_FILE, ".wh.a", ""}, {TAR_FILE, "a/.wh.b", ""}, {TAR_FILE, "a/c/.wh.d", ""}},
	 "a whiteout\n"},
	{"whiteout and directory in one layer (umoci)",
	 {{TAR_FILE, ".wh.a", ""}, {TAR_DIR, "a"}, {TAR_FILE, "a/f", "x"}},
	 "a/ 755 opaque\na/f 644 x\n"},
	{"whiteout and a file in the implied directory",
	 {{TAR_FILE, ".wh.a", ""}, {TAR_FILE, "a/f", "x"}},
	 "a/ 755 opaque\na/f 644 x\n"},
	{"directory, then its whiteout: the lower one goes, this one stays",
	 {{TAR_DIR, "a"}, {TAR_FILE, "a/f", "x"}, {TAR_FILE, ".wh.a", ""}},
	 "a/ 755 opaque\na/f 644 x\n"},
	{"whiteout of a directory that only whiteouts implied",
	 {{TAR_FILE, "a/.wh.b", ""}, {TAR_FILE, ".wh.a", ""}},
	 "a whiteout\n"},
	{"file, then its whiteout", {{TAR_FILE, "a", "x"}, {TAR_FILE, ".wh.a", ""}}, "a 644 x\n"},
	{"file, then directory: the lower directory is hidden",
	 {{TAR_FILE, "a", "x"}, {TAR_DIR, "a"}},
	 "a/ 755 opaque\n"},
	{"AUFS's own files are skipped",
	 {{TAR_FILE, ".wh..wh.aufs", ""},
	  {TAR_DIR, ".wh..wh.plnk"},
	  {TAR_FILE, ".wh..wh.plnk/1", ""}},
	 ""},
	{"whiteout of nothing", {{TAR_FILE, "a/.wh.", ""}}, "!without a name"},
	{"whiteout of .", {{TAR_FILE, "a/.wh..", ""}}, "!without a name"},
	{"whiteout of ..", {{TAR_FILE, "a/.wh...", ""}}, "!without a name"},
	{"whiteout as directory", {{TAR_FILE, ".wh.a/b", ""}}, "!used as a directory"},
	{"opaque root", {{TAR_FILE, ".wh..wh..opq", ""}}, "!opaque root"},
	{"hard link to a whiteout",
	 {{TAR_FILE, ".wh.a", ""}, {TAR_HARDLINK, "b", "a"}},
	 "!not a file"},
};

START_TEST(test_case)
{
	const struct apply_case *c = &cases[_i];
	CLEANUP_FD int fd = scratch_dir();
	CLEANUP(error) struct error *err = NULL;
	struct strbuf tree CLEANUP_STRBUF = STRBUF_INIT(0);
	int r = apply_members(fd, c->members, &err);

	if (c->expected[0] == '!') {
		ck_assert_msg(r < 0 && strstr(error_text(err), c->expected + 1), "%s: %d %s",
			      c->name, r, error_text(err));
		return;
	}
	ck_assert_msg(r == 0, "%s: %s", c->name, error_text(err));
	describe_tree(fd, "", &tree);
	ck_assert_msg(strcmp(strbuf_text(&tree), c->expected) == 0, "%s:\n%s", c->name,
		      strbuf_text(&tree));
}
END_TEST

START_TEST(test_attributes)
{
	static const struct spec members[] = {
		{TAR_DIR, ".", NULL, 0711, 5},
		{TAR_DIR, "d", NULL, 02775, 7, 0, 0, "user.d", "yes"},
		{TAR_FILE, "d/f", "x", 0640, 8, 0, 0, "user.f", "value"},
		{TAR_FILE, "d/g", "x", 0600, 0, 0, 0, "trusted.overlay.opaque", "y"},
		{TAR_FILE, "d/h", "x", 0600, 0, 0, 0, "security.selinux", "label"},
		{TAR_FILE, "d/i", "x", 0600, 0, 0, 0, "user.overlay.whiteout", "y"},
		{0},
	};
	CLEANUP_FD int fd = scratch_dir();
	CLEANUP(error) struct error *err = NULL;
	struct stat st;
	char value[16];

	ck_assert_msg(apply_members(fd, members, &err) == 0, "%s", error_text(err));
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0711);
	ck_assert_uint_eq(st.st_uid, 5);
	ck_assert_int_eq(st.st_mtim.tv_sec, 1000000000);
	ck_assert_int_eq(fstatat(fd, "d", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 02775);
	ck_assert_int_eq(st.st_mtim.tv_sec, 1000000000); /* although files were made in it */
	ck_assert_int_eq(fstatat(fd, "d/f", &st, 0), 0);
	ck_assert_uint_eq(st.st_uid, 8);
	ck_assert_uint_eq(st.st_gid, 8); /* not the set-group-id directory's */
	ck_assert_int_eq(st.st_mtim.tv_sec, 1000000000);
	CLEANUP_FD int d = openat(fd, "d", O_RDONLY | O_CLOEXEC);
	CLEANUP_FD int f = openat(fd, "d/f", O_RDONLY | O_CLOEXEC);
	CLEANUP_FD int g = openat(fd, "d/g", O_RDONLY | O_CLOEXEC);
	CLEANUP_FD int h = openat(fd, "d/h", O_RDONLY | O_CLOEXEC);
	CLEANUP_FD int i = openat(fd, "d/i", O_RDONLY | O_CLOEXEC);

	ck_assert_int_eq(fgetxattr(d, "user.d", value, sizeof(value)), 3);
	ck_assert_int_eq(fgetxattr(f, "user.f", value, sizeof(value)), 5);
	ck_assert_int_lt(fgetxattr(g, "trusted.overlay.opaque", value, sizeof(value)), 0);
	ck_assert_int_lt(fgetxattr(h, "security.selinux", value, sizeof(value)), 0);
	ck_assert_int_lt(fgetxattr(i, "user.overlay.whiteout", value, sizeof(value)), 0);
}
END_TEST

/* A hard link entry that brings content of its own: what it links to keeps what it has. */
START_TEST(test_cve_2016_5418_hardlink_with_data)
{
	static const struct spec members[] = {
		{TAR_FILE, "a", "original"}, {TAR_FILE, "b", "intruder"}, {0}};
	struct strbuf archive CLEANUP_STRBUF = STRBUF_INIT(0);
	struct strbuf tree CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP_FD int fd = scratch_dir();
	CLEANUP(error) struct error *err = NULL;
	unsigned sum = 0;

	make_archive(members, &archive);
	/* The second header, after one header and one block of content, becomes a link to "a". */
	char *h = archive.ptr + 1024;

	h[156] = '1';
	h[157] = 'a';
	memset(h + 148, ' ', 8);
	for (size_t i = 0; i < 512; i++)
		sum += (unsigned char)h[i];
	(void)snprintf(h + 148, 8, "%06o", sum);
	ck_assert_msg(apply_bytes(fd, strbuf_str(&archive), &err) == 0, "%s", error_text(err));
	describe_tree(fd, "", &tree);
	ck_assert_str_eq(strbuf_text(&tree), "a 644 original x2\nb 644 original x2\n");
}
END_TEST

/* Announces an endless file; nothing but a limit may end it. */
START_TEST(test_cve_2017_14992_bomb)
{
	struct strbuf archive CLEANUP_STRBUF = STRBUF_INIT(0);
	struct tar_writer *w = tar_writer_new((struct byte_sink){to_strbuf, &archive});
	CLEANUP_FD int fd = scratch_dir();
	CLEANUP(error) struct error *err = NULL;
	char path[] = "bomb";
	struct tar_entry e = {
		.type = TAR_FILE, .path = path, .mode = 0600, .size = (uint64_t)1 << 40};

	ck_assert_int_eq(tar_write_entry(w, &e, &err), 0);
	tar_writer_free(w);
	ck_assert_int_eq(apply_bytes(fd, strbuf_str(&archive), &err), -ERR_LIMIT);
}
END_TEST

START_TEST(test_cve_2017_14992_depth)
{
	struct strbuf path CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP_FD int fd = scratch_dir();
	CLEANUP(error) struct error *err = NULL;

	for (int i = 0; i < LAYER_DEPTH_MAX + 1; i++)
		strbuf_add_text(&path, "a/");
	strbuf_add_text(&path, "f");
	const struct spec members[] = {{TAR_FILE, path.ptr, "x"}, {0}};

	ck_assert_int_eq(apply_members(fd, members, &err), -ERR_LIMIT);
}
END_TEST

START_TEST(test_digest_covers_all_bytes)
{
	static const struct spec members[] = {{TAR_FILE, "a", "x"}, {0}};
	struct strbuf archive CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP_FD int fd = scratch_dir();
	CLEANUP(error) struct error *err = NULL;
	char expected[SHA256_HEX_SIZE], actual[SHA256_HEX_SIZE];
	uint64_t size = 0;

	make_archive(members, &archive);
	for (int i = 0; i < 100; i++) /* padding after the end, as tar's blocking factor makes it */
		strbuf_add(&archive, "padding", 8);
	sha256_hex(strbuf_str(&archive), expected);
	struct memory_source m = {strbuf_str(&archive)};

	ck_assert_int_eq(
		layer_apply(fd, (struct byte_source){from_memory, &m}, actual, &size, &err), 0);
	ck_assert_str_eq(actual, expected);
	ck_assert_uint_eq(size, archive.len);
}
END_TEST

static Suite *layer_apply_suite(void)
{
	Suite *s = suite_create("layer_apply");
	TCase *t = tcase_create("apply");

	tcase_add_unchecked_fixture(t, scratch_setup, scratch_teardown);
	tcase_add_loop_test(t, test_case, 0, (int)ARRAY_SIZE(cases));
	tcase_add_test(t, test_attributes);
	tcase_add_test(t, test_cve_2016_5418_hardlink_with_data);
	tcase_add_test(t, test_cve_2017_14992_bomb);
	tcase_add_test(t, test_cve_2017_14992_depth);
	tcase_add_test(t, test_digest_covers_all_bytes);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return run_suite(layer_apply_suite());
}
