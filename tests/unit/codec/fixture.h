/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of codecs share: bytes in memory as sources and sinks, a scratch directory. */
#ifndef TESTS_CODEC_FIXTURE_H
#define TESTS_CODEC_FIXTURE_H

#include <check.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/fs.h"
#include "codec/tar.h"

static char scratch_path[64];
static int scratch_fd = -1;

/* Unchecked fixtures: they run in the parent, so that a test that dies leaves nothing behind. */
static inline void scratch_setup(void)
{
	(void)snprintf(scratch_path, sizeof(scratch_path), "/tmp/firkin-codec-XXXXXX");
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

static inline const char *error_text(const struct error *err)
{
	static char text[4096];
	CLEANUP_STRBUF struct strbuf b = STRBUF_INIT(sizeof(text) - 1);

	if (err)
		error_format(err, &b);
	(void)snprintf(text, sizeof(text), "%s", strbuf_text(&b));
	return text;
}

/* struct pieces - Bytes, handed out at most @piece at a time; fails when @fails at the end */
struct pieces {
	str rest;
	size_t piece;
	bool fails;
};

static inline ssize_t read_piece(void *ctx, void *buf, size_t len, struct error **err)
{
	struct pieces *p = ctx;
	size_t n = p->rest.len < p->piece ? p->rest.len : p->piece;

	if (n == 0 && p->fails)
		return error_new(err, ERR_NETWORK, "connection lost");
	n = n < len ? n : len;
	if (n)
		memcpy(buf, p->rest.ptr, n);
	p->rest = str_skip(p->rest, n);
	return (ssize_t)n;
}

static inline struct byte_source source_of(struct pieces *p)
{
	return (struct byte_source){read_piece, p};
}

static inline int write_to_strbuf(void *ctx, const void *data, size_t len, struct error **err)
{
	struct strbuf *out = ctx;

	strbuf_add(out, data, len);
	return out->overflow ? error_new(err, ERR_NO_SPACE, "full") : 0;
}

static inline struct byte_sink sink_to(struct strbuf *out)
{
	return (struct byte_sink){write_to_strbuf, out};
}

static inline int run_suite(Suite *suite)
{
	SRunner *runner = srunner_create(suite);

	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
