/* SPDX-License-Identifier: Apache-2.0 */
/* The canonical tar: order, dialect, round trips, agreement with GNU tar. */
#include "fixture.h"

#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "base/process.h"

static void put_file(int fd, const char *path, const char *content, mode_t mode, time_t mtime)
{
	const struct timespec times[2] = {{.tv_sec = mtime}, {.tv_sec = mtime, .tv_nsec = 5}};
	CLEANUP_FD int f = openat(fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(f, 0);
	ck_assert_int_eq(fs_write_all(f, content, strlen(content)), 0);
	ck_assert_int_eq(fchmod(f, mode), 0);
	ck_assert_int_eq(futimens(f, times), 0);
}

static void put_dir(int fd, const char *path, bool opaque)
{
	ck_assert_int_eq(mkdirat(fd, path, 0755), 0);
	CLEANUP_FD int d = openat(fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (opaque)
		ck_assert_int_eq(fsetxattr(d, "trusted.overlay.opaque", "y", 1, 0), 0);
}

static void set_time(int fd, const char *path, time_t mtime)
{
	const struct timespec times[2] = {{.tv_sec = mtime}, {.tv_sec = mtime}};

	ck_assert_int_eq(utimensat(fd, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

static void put_whiteout(int fd, const char *path)
{
	ck_assert_int_eq(mknodat(fd, path, S_IFCHR, makedev(0, 0)), 0);
}

/* The same tree in one of two orders of creation. */
static int sample_tree(bool backwards)
{
	int fd = scratch_dir();
	static const char *const names[] = {"b", "a.b", "a", "Z", "\xc3\xa4"};

	put_dir(fd, "d", false);
	put_dir(fd, "o", true);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		size_t k = backwards ? ARRAY_SIZE(names) - 1 - i : i;
		CLEANUP_FREE char *path = x_asprintf("d/%s", names[k]);

		put_file(fd, path, names[k], 0644, 1000);
	}
	if (backwards)
		put_whiteout(fd, "d/zz");
	put_file(fd, "o/x", "x", 04755, 2000);
	put_whiteout(fd, "o/hidden");
	if (!backwards)
		put_whiteout(fd, "d/zz");
	ck_assert_int_eq(symlinkat("d/a", fd, "link"), 0);
	ck_assert_int_eq(linkat(fd, "d/a", fd, "hard", 0), 0);
	CLEANUP_FD int f = openat(fd, "d/b", O_RDONLY | O_CLOEXEC);
	const char *const attributes[] = {"user.b", "user.a"};

	for (size_t i = 0; i < 2; i++)
		ck_assert_int_eq(fsetxattr(f, attributes[backwards ? 1 - i : i], "v", 1, 0), 0);
	for (const char *const *p = (const char *const[]){"d", "o", "link", NULL}; *p; p++)
		set_time(fd, *p, 3000);
	return fd;
}

static void tar_of(int fd, int64_t clamp_s, struct strbuf *out)
{
	CLEANUP(error) struct error *err = NULL;

	ck_assert_msg(layer_write_tar(fd, clamp_s, (struct byte_sink){to_strbuf, out}, &err) == 0,
		      "%s", error_text(err));
}

/* Entries of an archive as lines. */
static void describe_tar(str archive, struct strbuf *out)
{
	struct memory_source m = {archive};
	CLEANUP(tar_reader)
	struct tar_reader *r = tar_reader_new((struct byte_source){from_memory, &m});
	CLEANUP(error) struct error *err = NULL;
	const struct tar_entry *e;

	while (tar_next(r, &e, &err) > 0) {
		strbuf_addf(out, "%s %d %o %lld", e->path, e->type, (unsigned)e->mode,
			    (long long)e->mtime.tv_sec);
		if (e->link)
			strbuf_addf(out, " -> %s", e->link);
		for (size_t i = 0; i < e->xattr_count; i++)
			strbuf_addf(out, " %s", e->xattrs[i].name);
		strbuf_add_char(out, '\n');
	}
	ck_assert_ptr_null(err);
}

START_TEST(test_canonical_order)
{
	CLEANUP_FD int fd = sample_tree(false);
	struct strbuf tar CLEANUP_STRBUF = STRBUF_INIT(0), text CLEANUP_STRBUF = STRBUF_INIT(0);

	tar_of(fd, -1, &tar);
	describe_tar(strbuf_str(&tar), &text);
	ck_assert_str_eq(strbuf_text(&text), "d 5 755 3000\n"
					     "d/.wh.zz 0 0 0\n"
					     "d/Z 0 644 1000\n"
					     "d/a 0 644 1000\n"
					     "d/a.b 0 644 1000\n"
					     "d/b 0 644 1000 user.a user.b\n"
					     "d/\xc3\xa4 0 644 1000\n"
					     "hard 1 644 1000 -> d/a\n"
					     "link 2 777 3000 -> d/a\n"
					     "o 5 755 3000\n"
					     "o/.wh..wh..opq 0 0 0\n"
					     "o/x 0 4755 2000\n");
}
END_TEST

START_TEST(test_same_tree_same_bytes)
{
	CLEANUP_FD int one = sample_tree(false);
	CLEANUP_FD int two = sample_tree(true);
	CLEANUP(error) struct error *err = NULL;
	char hex[2][SHA256_HEX_SIZE], expected[SHA256_HEX_SIZE];
	uint64_t size[2];
	struct strbuf tar CLEANUP_STRBUF = STRBUF_INIT(0);

	ck_assert_int_eq(layer_digest(one, -1, hex[0], &size[0], &err), 0);
	ck_assert_int_eq(layer_digest(two, -1, hex[1], &size[1], &err), 0);
	ck_assert_str_eq(hex[0], hex[1]);
	tar_of(one, -1, &tar);
	sha256_hex(strbuf_str(&tar), expected);
	ck_assert_str_eq(hex[0], expected);
	ck_assert_uint_eq(size[0], tar.len);
}
END_TEST

START_TEST(test_clamp)
{
	CLEANUP_FD int fd = sample_tree(false);
	struct strbuf tar CLEANUP_STRBUF = STRBUF_INIT(0), text CLEANUP_STRBUF = STRBUF_INIT(0);

	tar_of(fd, 1500, &tar);
	describe_tar(strbuf_str(&tar), &text);
	ck_assert_ptr_nonnull(strstr(strbuf_text(&text), "d/a 0 644 1000\n"));
	ck_assert_ptr_nonnull(strstr(strbuf_text(&text), "o/x 0 4755 1500\n"));
	ck_assert_ptr_nonnull(strstr(strbuf_text(&text), "d 5 755 1500\n"));
}
END_TEST

START_TEST(test_round_trip)
{
	CLEANUP_FD int from = sample_tree(false);
	CLEANUP_FD int to = scratch_dir();
	CLEANUP(error) struct error *err = NULL;
	struct strbuf first CLEANUP_STRBUF = STRBUF_INIT(0), second CLEANUP_STRBUF = STRBUF_INIT(0);
	struct strbuf tree CLEANUP_STRBUF = STRBUF_INIT(0);

	tar_of(from, -1, &first);
	ck_assert_msg(apply_bytes(to, strbuf_str(&first), &err) == 0, "%s", error_text(err));
	tar_of(to, -1, &second);
	ck_assert(str_is_equal(strbuf_str(&first), strbuf_str(&second)));
	describe_tree(to, "", &tree);
	ck_assert_ptr_nonnull(strstr(strbuf_text(&tree), "d/zz whiteout\n"));
	ck_assert_ptr_nonnull(strstr(strbuf_text(&tree), "o/ 755 opaque\n"));
	ck_assert_ptr_null(strstr(strbuf_text(&tree), "hidden"));
}
END_TEST

START_TEST(test_root_entry)
{
	CLEANUP_FD int fd = scratch_dir();
	struct strbuf tar CLEANUP_STRBUF = STRBUF_INIT(0), text CLEANUP_STRBUF = STRBUF_INIT(0);

	tar_of(fd, -1, &tar);
	ck_assert_uint_eq(tar.len, 1024); /* an ordinary root is not mentioned */
	strbuf_clear(&tar);
	ck_assert_int_eq(fchmod(fd, 0711), 0);
	tar_of(fd, 42, &tar);
	describe_tar(strbuf_str(&tar), &text);
	ck_assert_str_eq(strbuf_text(&text), ". 5 711 42\n");
}
END_TEST

START_TEST(test_left_out)
{
	CLEANUP_FD int fd = scratch_dir();
	CLEANUP_FD int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct strbuf tar CLEANUP_STRBUF = STRBUF_INIT(0), text CLEANUP_STRBUF = STRBUF_INIT(0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/socket", fd);
	ck_assert_int_eq(bind(sock, (struct sockaddr *)&address, sizeof(address)), 0);
	put_file(fd, "f", "", 0644, 1);
	CLEANUP_FD int f = openat(fd, "f", O_RDONLY | O_CLOEXEC);

	ck_assert_int_eq(fsetxattr(f, "trusted.overlay.origin", "o", 1, 0), 0);
	ck_assert_int_eq(fsetxattr(f, "user.overlay.opaque", "y", 1, 0), 0);
	tar_of(fd, -1, &tar);
	describe_tar(strbuf_str(&tar), &text);
	ck_assert_str_eq(strbuf_text(&text), "f 0 644 1\n");
}
END_TEST

START_TEST(test_refused)
{
	CLEANUP_FD int redirect = scratch_dir();
	CLEANUP_FD int name = scratch_dir();
	CLEANUP(error) struct error *err = NULL, *err2 = NULL;
	char hex[SHA256_HEX_SIZE];

	put_dir(redirect, "d", false);
	CLEANUP_FD int d = openat(redirect, "d", O_RDONLY | O_CLOEXEC);

	ck_assert_int_eq(fsetxattr(d, "trusted.overlay.redirect", "/x", 2, 0), 0);
	ck_assert_int_eq(layer_digest(redirect, -1, hex, NULL, &err), -ERR_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(error_text(err), "layer file 'd'"));
	put_file(name, ".wh.x", "", 0644, 1);
	ck_assert_int_eq(layer_digest(name, -1, hex, NULL, &err2), -ERR_UNSUPPORTED);
}
END_TEST

START_TEST(test_long_names)
{
	CLEANUP_FD int fd = scratch_dir();
	CLEANUP_FD int to = scratch_dir();
	CLEANUP(error) struct error *err = NULL;
	struct strbuf first CLEANUP_STRBUF = STRBUF_INIT(0), second CLEANUP_STRBUF = STRBUF_INIT(0);
	char name[256];

	memset(name, 'n', 255);
	name[255] = '\0';
	CLEANUP_FREE char *deep = x_asprintf("%s/%s", name, name);

	put_dir(fd, name, false);
	put_file(fd, deep, "x", 0644, 1);
	ck_assert_int_eq(symlinkat(deep, fd, "l"), 0);
	tar_of(fd, 7, &first);
	ck_assert_msg(apply_bytes(to, strbuf_str(&first), &err) == 0, "%s", error_text(err));
	tar_of(to, 7, &second);
	ck_assert(str_is_equal(strbuf_str(&first), strbuf_str(&second)));
}
END_TEST

/* GNU tar must list what we wrote, and we must unpack what it writes. */
START_TEST(test_gnu_tar_agrees)
{
	CLEANUP_FD int fd = sample_tree(false);
	CLEANUP_FD int to = scratch_dir();
	CLEANUP_FD int out = openat(scratch_fd, "ours.tar", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CLEANUP_FD int listing = openat(scratch_fd, "list", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CLEANUP_FD int theirs =
		openat(scratch_fd, "theirs.tar", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CLEANUP_FREE char *ours = x_asprintf("%s/ours.tar", scratch_path);
	CLEANUP_FREE char *dir = x_asprintf("/proc/%d/fd/%d", (int)getpid(), fd);
	CLEANUP(error) struct error *err = NULL;
	struct strbuf tar CLEANUP_STRBUF = STRBUF_INIT(0), text CLEANUP_STRBUF = STRBUF_INIT(0);
	struct strbuf packed CLEANUP_STRBUF = STRBUF_INIT(0), again CLEANUP_STRBUF = STRBUF_INIT(0);
	const char *const list[] = {"tar", "--quoting-style=literal", "-tf", ours};
	const char *const pack[] = {"tar",
				    "-C",
				    dir,
				    "--xattrs",
				    "--format=pax",
				    "--exclude=./d/zz",
				    "--exclude=./o/hidden",
				    "-cf",
				    "-",
				    "d",
				    "hard",
				    "link",
				    "o"};
	struct strv argv CLEANUP_STRV = STRV_INIT, argv2 CLEANUP_STRV = STRV_INIT;

	tar_of(fd, -1, &tar);
	ck_assert_int_eq(fs_write_all(out, tar.ptr, tar.len), 0);
	for (size_t i = 0; i < ARRAY_SIZE(list); i++)
		strv_add(&argv, list[i]);
	ck_assert_msg(process_run(&argv, listing, &err) == 0, "%s", error_text(err));
	ck_assert_int_eq(lseek(listing, 0, SEEK_SET), 0);
	ck_assert_int_eq(fs_read_fd(listing, 65536, &text, &err), 0);
	ck_assert_str_eq(strbuf_text(&text),
			 "d/\nd/.wh.zz\nd/Z\nd/a\nd/a.b\nd/b\nd/\xc3\xa4\nhard\n"
			 "link\no/\no/.wh..wh..opq\no/x\n");

	ck_assert_int_eq(unlinkat(fd, "d/zz", 0), 0); /* ours would be the only one to know it */
	ck_assert_int_eq(unlinkat(fd, "o/hidden", 0), 0);
	set_time(fd, "d", 3000);
	set_time(fd, "o", 3000);
	for (size_t i = 0; i < ARRAY_SIZE(pack); i++)
		strv_add(&argv2, pack[i]);
	ck_assert_msg(process_run(&argv2, theirs, &err) == 0, "%s", error_text(err));
	ck_assert_int_eq(lseek(theirs, 0, SEEK_SET), 0);
	ck_assert_int_eq(fs_read_fd(theirs, 1 << 20, &packed, &err), 0);
	ck_assert_msg(apply_bytes(to, strbuf_str(&packed), &err) == 0, "%s", error_text(err));
	CLEANUP_FD int o = openat(to, "o", O_RDONLY | O_CLOEXEC);

	ck_assert_int_eq(fsetxattr(o, "trusted.overlay.opaque", "y", 1, 0), 0);
	strbuf_clear(&tar);
	tar_of(fd, -1, &tar);
	tar_of(to, -1, &again);
	ck_assert(str_is_equal(strbuf_str(&tar), strbuf_str(&again)));
}
END_TEST

static Suite *layer_tar_suite(void)
{
	Suite *s = suite_create("layer_tar");
	TCase *t = tcase_create("tar");

	tcase_add_unchecked_fixture(t, scratch_setup, scratch_teardown);
	tcase_add_test(t, test_canonical_order);
	tcase_add_test(t, test_same_tree_same_bytes);
	tcase_add_test(t, test_clamp);
	tcase_add_test(t, test_round_trip);
	tcase_add_test(t, test_root_entry);
	tcase_add_test(t, test_left_out);
	tcase_add_test(t, test_refused);
	tcase_add_test(t, test_long_names);
	tcase_add_test(t, test_gnu_tar_agrees);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return run_suite(layer_tar_suite());
}
