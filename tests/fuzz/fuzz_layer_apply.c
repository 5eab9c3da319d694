/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Archives as layers. The first byte chooses between the bytes as they are and a list of entries
 * made of them, because random bytes rarely have a checksum. What holds for every archive: nothing
 * beside the layer changes, and a layer that was accepted has a canonical tar that unpacks to
 * itself.
 *
 * Works in a scratch directory below /tmp; run it where a mistake does no harm.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "image/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char outside_content[] = "untouched";
static char scratch[64];
static int scratch_fd = -1, outside_fd = -1;

/* Words of paths and links; those with a meaning are many, so that they meet. */
static const char *const words[] = {
	"a",  "b", "c", "..",	".",	   ".wh.a",  ".wh.b", ".wh..wh..opq",
	"",   "a", "b", "a/b",	"outside", "f",	     "..",    "../outside",
	"/a", "l", "m", ".wh.", ".wh..",   ".wh.a/", "b/c",   "../../outside"};

static void remove_scratch(void)
{
	CLEANUP(error) struct error *err = NULL; /* at exit nobody listens */

	(void)fs_remove_tree_at(AT_FDCWD, scratch, &err);
}

static void set_up(void)
{
	CLEANUP(error) struct error *err = NULL;

	(void)snprintf(scratch, sizeof(scratch), "/tmp/firkin-fuzz-XXXXXX");
	if (!mkdtemp(scratch) || atexit(remove_scratch) != 0)
		abort();
	scratch_fd = fs_open_dir_at(AT_FDCWD, scratch, &err);
	if (scratch_fd < 0 || mkdirat(scratch_fd, "outside", 0700) < 0)
		abort();
	outside_fd = fs_open_dir_at(scratch_fd, "outside", &err);
	if (outside_fd < 0 ||
	    fs_write_atomic_at(outside_fd, "f", STR(outside_content), 0600, FS_VOLATILE, &err) < 0)
		abort();
}

static void check_outside(void)
{
	CLEANUP(error) struct error *err = NULL;
	struct strbuf content CLEANUP_STRBUF = STRBUF_INIT(0);
	struct stat dir, file;

	if (fs_read_at(outside_fd, "f", 100, &content, &err) < 0 ||
	    !str_is_equal(strbuf_str(&content), STR(outside_content)) ||
	    fstat(outside_fd, &dir) < 0 || fstatat(outside_fd, "f", &file, 0) < 0 ||
	    (dir.st_mode & 07777) != 0700 || dir.st_nlink != 2 || (file.st_mode & 07777) != 0600 ||
	    file.st_nlink != 1 || file.st_uid != geteuid())
		abort();
	/* The scratch directory holds the outside and the layers, which end in ".layer". */
	for (const char *const *w = words; w < words + ARRAY_SIZE(words); w++) {
		if (strlen(*w) == 1 && **w != '.' && faccessat(scratch_fd, *w, F_OK, 0) == 0)
			abort();
	}
}

struct memory_source {
	str rest;
};

static ssize_t from_memory(void *ctx, void *buf, size_t len, struct error **err)
{
	struct memory_source *m = ctx;
	size_t n = len < m->rest.len ? len : m->rest.len;

	(void)err;
	memcpy(buf, m->rest.ptr, n);
	m->rest = str_skip(m->rest, n);
	return (ssize_t)n;
}

static int to_strbuf(void *ctx, const void *data, size_t len, struct error **err)
{
	(void)err;
	strbuf_add(ctx, data, len);
	return 0;
}

static void add_words(struct strbuf *out, uint8_t selector, uint8_t second)
{
	strbuf_add_text(out, words[selector % ARRAY_SIZE(words)]);
	if (selector & 0x80)
		strbuf_addf(out, "/%s", words[second % ARRAY_SIZE(words)]);
}

/* Four bytes per entry: type, two words of the path, one of the link. */
static void make_archive(const uint8_t *data, size_t size, struct strbuf *out)
{
	CLEANUP(error) struct error *err = NULL;
	struct tar_writer *w = tar_writer_new((struct byte_sink){to_strbuf, out});

	for (; size >= 4; data += 4, size -= 4) {
		struct strbuf path CLEANUP_STRBUF = STRBUF_INIT(0),
				   link CLEANUP_STRBUF = STRBUF_INIT(0);

		add_words(&path, data[1], data[2]);
		add_words(&link, data[3], data[2] >> 4);
		strbuf_add(&path, "", 0);
		struct tar_entry e = {.type = (enum tar_type)(data[0] % (TAR_FIFO + 1)),
				      .path = path.ptr,
				      .mode = data[2],
				      .major = 1,
				      .minor = data[3]};

		if (e.type == TAR_HARDLINK || e.type == TAR_SYMLINK)
			e.link = link.ptr;
		if (e.type == TAR_FILE)
			e.size = data[3] % 4;
		if (tar_write_entry(w, &e, &err) < 0 || tar_write(w, "xxxx", e.size, &err) < 0)
			abort();
	}
	if (tar_finish(w, &err) < 0)
		abort();
	tar_writer_free(w);
}

/* Unpack into a fresh layer; its canonical tar goes to @out. false: the archive was refused. */
static bool unpack(const char *name, str archive, struct strbuf *out)
{
	CLEANUP(error) struct error *err = NULL;
	struct memory_source m = {archive};
	char hex[SHA256_HEX_SIZE];

	if (mkdirat(scratch_fd, name, 0755) < 0)
		abort();
	CLEANUP_FD int fd = fs_open_dir_at(scratch_fd, name, &err);
	int r = layer_apply(fd, (struct byte_source){from_memory, &m}, hex, NULL, &err);

	if (fd < 0 || (r < 0) != (err != NULL))
		abort();
	bool accepted = r == 0;

	error_free(STEAL_PTR(&err));
	if (accepted && layer_write_tar(fd, -1, (struct byte_sink){to_strbuf, out}, &err) < 0)
		abort();
	if (fs_remove_tree_at(scratch_fd, name, &err) < 0)
		abort();
	return accepted;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct strbuf archive CLEANUP_STRBUF = STRBUF_INIT(0);
	struct strbuf first CLEANUP_STRBUF = STRBUF_INIT(0), second CLEANUP_STRBUF = STRBUF_INIT(0);

	if (scratch_fd < 0)
		set_up();
	if (size == 0)
		return 0;
	if (data[0] & 1)
		strbuf_add(&archive, data + 1, size - 1);
	else
		make_archive(data + 1, size - 1, &archive);
	bool accepted = unpack("one.layer", strbuf_str(&archive), &first);

	check_outside();
	if (!accepted)
		return 0;
	if (!unpack("two.layer", strbuf_str(&first), &second) ||
	    !str_is_equal(strbuf_str(&first), strbuf_str(&second)))
		abort();
	return 0;
}
