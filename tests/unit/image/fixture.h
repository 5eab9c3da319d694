/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of images share: a scratch directory, archives from tables, trees as text. */
#ifndef TEST_IMAGE_FIXTURE_H
#define TEST_IMAGE_FIXTURE_H

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/xattr.h>

#include "base/strv.h"
#include "codec/tar.h"
#include "image/store.h"
#include "layer_overlay.h"

static char scratch_path[64];
static int scratch_fd = -1;

/* Unchecked fixtures: they run in the parent, so that a test that dies leaves nothing behind. */
static inline void scratch_setup(void)
{
	(void)snprintf(scratch_path, sizeof(scratch_path), "/tmp/firkin-image-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(scratch_path));
	scratch_fd = open(scratch_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(scratch_fd, 0);
}

static inline void scratch_teardown(void)
{
	struct error *err = NULL;

	close_fd(scratch_fd);
	ck_assert_int_eq(fs_remove_tree_at(AT_FDCWD, scratch_path, &err), 0);
}

/* A new directory in the scratch directory; its descriptor. */
static inline int scratch_dir(void)
{
	char name[17];

	fs_random_name(name);
	ck_assert_int_eq(mkdirat(scratch_fd, name, 0755), 0);
	int fd = openat(scratch_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static inline struct store *scratch_store(void)
{
	char name[17];
	struct error *err = NULL;
	struct store *s = NULL;

	fs_random_name(name);
	CLEANUP_FREE char *path = x_asprintf("%s/%s", scratch_path, name);

	ck_assert_int_eq(store_open(path, &s, &err), 0);
	return s;
}

static inline const char *error_text(const struct error *err)
{
	static char text[2048];
	struct strbuf b = STRBUF_INIT(sizeof(text) - 1);

	if (err)
		error_format(err, &b);
	(void)snprintf(text, sizeof(text), "%s", strbuf_text(&b));
	strbuf_fini(&b);
	return text;
}

static inline int to_strbuf(void *ctx, const void *data, size_t len, struct error **err)
{
	(void)err;
	strbuf_add(ctx, data, len);
	return 0;
}

struct memory_source {
	str rest;
};

static inline ssize_t from_memory(void *ctx, void *buf, size_t len, struct error **err)
{
	struct memory_source *m = ctx;
	size_t n = len < m->rest.len ? len : m->rest.len;

	(void)err;
	memcpy(buf, m->rest.ptr, n);
	m->rest = str_skip(m->rest, n);
	return (ssize_t)n;
}

/* Tables give the leading members of an entry and leave the rest zero. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

/* One member of an archive; an empty table entry ends the table. */
struct spec {
	enum tar_type type;
	const char *path;
	const char *link_or_content;
	unsigned mode; /* 0: 0755 for directories, 0644 otherwise */
	unsigned uid;
	unsigned major, minor;
	const char *xattr, *xattr_value;
};

static inline void add_member(struct tar_writer *w, const struct spec *m)
{
	struct error *err = NULL;
	const char *text = m->link_or_content ? m->link_or_content : "";
	CLEANUP_FREE char *path = x_strdup(m->path), *link = x_strdup(text);
	CLEANUP_FREE char *name = x_strdup(m->xattr ? m->xattr : "");
	CLEANUP_FREE char *value = x_strdup(m->xattr_value ? m->xattr_value : "");
	struct tar_xattr xattr = {.name = name, .value = value, .size = strlen(value)};
	struct tar_entry e = {.type = m->type,
			      .path = path,
			      .mode = m->mode		   ? m->mode
				      : m->type == TAR_DIR ? 0755
							   : 0644,
			      .uid = m->uid,
			      .gid = m->uid,
			      .mtime = {.tv_sec = 1000000000},
			      .major = m->major,
			      .minor = m->minor,
			      .xattrs = m->xattr ? &xattr : NULL,
			      .xattr_count = m->xattr ? 1 : 0};

	if (m->type == TAR_HARDLINK || m->type == TAR_SYMLINK)
		e.link = link;
	else if (m->type == TAR_FILE)
		e.size = strlen(text);
	ck_assert_int_eq(tar_write_entry(w, &e, &err), 0);
	if (e.size)
		ck_assert_int_eq(tar_write(w, text, e.size, &err), 0);
}

static inline void make_archive(const struct spec *members, struct strbuf *out)
{
	struct tar_writer *w = tar_writer_new((struct byte_sink){to_strbuf, out});
	struct error *err = NULL;

	for (; members->path; members++)
		add_member(w, members);
	ck_assert_int_eq(tar_finish(w, &err), 0);
	tar_writer_free(w);
}

static inline int apply_bytes(int fs_fd, str archive, struct error **err)
{
	struct memory_source m = {archive};
	char hex[SHA256_HEX_SIZE];

	return layer_apply(fs_fd, (struct byte_source){from_memory, &m}, hex, NULL, err);
}

static inline int apply_members(int fs_fd, const struct spec *members, struct error **err)
{
	struct strbuf archive CLEANUP_STRBUF = STRBUF_INIT(0);

	make_archive(members, &archive);
	return apply_bytes(fs_fd, strbuf_str(&archive), err);
}

static inline void describe_file(int dir_fd, const char *name, const struct stat *st,
				 struct strbuf *out)
{
	struct strbuf content CLEANUP_STRBUF = STRBUF_INIT(0);
	struct error *err = NULL;
	char link[4097];
	ssize_t n;

	if (layer_is_whiteout(st)) {
		strbuf_add_text(out, " whiteout");
	} else if (S_ISLNK(st->st_mode)) {
		n = readlinkat(dir_fd, name, link, sizeof(link));
		ck_assert_int_ge(n, 0);
		strbuf_addf(out, " -> %.*s", (int)n, link);
	} else if (S_ISREG(st->st_mode)) {
		ck_assert_int_eq(fs_read_at(dir_fd, name, 4096, &content, &err), 0);
		strbuf_addf(out, " %o %s", (unsigned)st->st_mode & 07777, strbuf_text(&content));
	} else {
		strbuf_addf(out, " %s",
			    S_ISFIFO(st->st_mode)  ? "fifo"
			    : S_ISCHR(st->st_mode) ? "char"
						   : "block");
	}
	if (S_ISREG(st->st_mode) && st->st_nlink > 1)
		strbuf_addf(out, " x%u", (unsigned)st->st_nlink);
}

/* A tree as lines, sorted: "a/ 755 opaque", "a/f 644 content", "l -> target", "w whiteout". */
static inline void describe_tree(int dir_fd, const char *prefix, struct strbuf *out)
{
	struct strv names CLEANUP_STRV = STRV_INIT;
	int copy = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fdopendir(copy);

	ck_assert_ptr_nonnull(d);
	for (struct dirent *e; (e = readdir(d));) {
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			strv_add(&names, e->d_name);
	}
	(void)closedir(d);
	strv_sort(&names);
	for (size_t i = 0; i < names.count; i++) {
		const char *name = names.items[i];
		struct stat st;

		ck_assert_int_eq(fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
		strbuf_addf(out, "%s%s", prefix, name);
		if (!S_ISDIR(st.st_mode)) {
			describe_file(dir_fd, name, &st, out);
			strbuf_add_char(out, '\n');
			continue;
		}
		CLEANUP_FD int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		CLEANUP_FREE char *below = x_asprintf("%s%s/", prefix, name);

		strbuf_addf(out, "/ %o%s\n", (unsigned)st.st_mode & 07777,
			    layer_is_opaque(fd, layer_opaque_xattr(fd)) ? " opaque" : "");
		describe_tree(fd, below, out);
	}
}

static inline int run_suite(Suite *suite)
{
	if (geteuid() != 0) {
		(void)fprintf(stderr, "skipped: owners of files can be set by root only\n");
		return 77;
	}
	SRunner *runner = srunner_create(suite);

	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
