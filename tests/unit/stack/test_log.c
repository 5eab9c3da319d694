/* SPDX-License-Identifier: Apache-2.0 */
/* Logs: Docker's lines, pieces of long ones, rotation, and readers that follow across it. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>

#include "log.h"

static const struct timespec when = { 1700000000, 120000000 };

static const struct format_case {
	enum log_stream stream;
	const char *text;
	size_t len; /* 0: of the string */
	const char *line;
} formats[] = {
	{ LOG_STDOUT, "hello\n", 0,
	  "{\"log\":\"hello\\n\",\"stream\":\"stdout\",\"time\":\"2023-11-14T22:13:20.12Z\"}\n" },
	{ LOG_STDERR, "<a>&\"b\"\\\t\r\n", 0,
	  "{\"log\":\"\\u003ca\\u003e\\u0026\\\"b\\\"\\\\\\u0009\\r\\n\",\"stream\":\"stderr\","
	  "\"time\":\"2023-11-14T22:13:20.12Z\"}\n" },
	{ LOG_STDOUT, "\x01\x1b[0m\x7f", 0,
	  "{\"log\":\"\\u0001\\u001b[0m\x7f\",\"stream\":\"stdout\",\"time\":\"2023-11-14T22:13:20."
	  "12Z\"}\n" },
	{ LOG_STDOUT, "\xc3\xa4\xff\xe2\x80\xa8\xf0\x9f\x8d\xba\xed\xa0\x80\xc3", 0,
	  "{\"log\":\"\xc3\xa4\\ufffd\\u2028\xf0\x9f\x8d\xba\\ufffd\\ufffd\\ufffd\\ufffd\","
	  "\"stream\":\"stdout\",\"time\":\"2023-11-14T22:13:20.12Z\"}\n" },
	{ LOG_STDOUT, "a\0b", 3,
	  "{\"log\":\"a\\u0000b\",\"stream\":\"stdout\",\"time\":\"2023-11-14T22:13:20.12Z\"}\n" },
};

START_TEST(lines_are_dockers)
{
	const struct format_case *c = &formats[_i];
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT(0);

	log_format(c->stream, str_make(c->text, c->len ? c->len : strlen(c->text)), when, &out);
	ck_assert_str_eq(strbuf_text(&out), c->line);
}
END_TEST

static const char *const bad_lines[] = { "",
					 "{",
					 "{}",
					 "{\"log\":7,\"time\":\"2023-11-14T22:13:20Z\"}",
					 "{\"log\":\"a\"}",
					 "{\"log\":\"a\",\"time\":\"now\"}",
					 "plain" };

START_TEST(half_lines_are_no_messages)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	struct log_message m;

	ck_assert(!log_parse(str_from(bad_lines[_i]), &m, &text));
}
END_TEST

/* Each test has a directory of its own below one that goes also when a test fails. */
static char base_path[64];
static int dir_fd;

static void set_up(void)
{
	CLEANUP_FREE char *path = x_asprintf("%s/XXXXXX", base_path);

	ck_assert_ptr_nonnull(mkdtemp(path));
	dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir_fd, 0);
}

static void tear_down(void)
{
	close_fd(dir_fd);
}

static void put(struct log_writer *w, enum log_stream stream, const char *text)
{
	CLEANUP(error) struct error *err = NULL;

	ck_assert_int_eq(log_write(w, stream, str_from(text), when, &err), 0);
}

static struct log_reader *open_reader(void)
{
	CLEANUP(error) struct error *err = NULL;
	struct log_reader *r = NULL;

	ck_assert_int_eq(log_reader_open(dir_fd, "log", &r, &err), 0);
	return r;
}

/* The next message's text, "" when there is none. */
static char *get(struct log_reader *r)
{
	CLEANUP(error) struct error *err = NULL;
	struct log_message m;
	int n = log_reader_next(r, &m, &err);

	ck_assert_int_ge(n, 0);
	return n ? str_dup(m.text) : x_strdup("");
}

static void expect(struct log_reader *r, const char *text)
{
	CLEANUP_FREE char *got = get(r);

	ck_assert_str_eq(got, text);
}

START_TEST(streams_do_not_mix)
{
	CLEANUP(log_writer) struct log_writer *w = log_writer_new(dir_fd, "log", 0, 1);
	CLEANUP(error) struct error *err = NULL;

	put(w, LOG_STDOUT, "half ");
	put(w, LOG_STDERR, "error\nmore");
	put(w, LOG_STDOUT, "line\n\nthird");
	CLEANUP(log_reader) struct log_reader *r = open_reader();

	expect(r, "error\n");
	expect(r, "half line\n");
	expect(r, "\n");
	expect(r, "");
	ck_assert_int_eq(log_end(w, when, &err), 0);
	expect(r, "third");
	expect(r, "more");
	expect(r, "");
}
END_TEST

START_TEST(long_lines_are_split)
{
	CLEANUP(log_writer) struct log_writer *w = log_writer_new(dir_fd, "log", 0, 1);
	CLEANUP_FREE char *text = x_alloc(40001);
	struct timespec later = { when.tv_sec + 9, 0 };
	CLEANUP(error) struct error *err = NULL;
	struct log_message m;

	memset(text, 'x', 39999);
	text[39999] = '\n';
	ck_assert_int_eq(log_write(w, LOG_STDOUT, str_make(text, 20000), when, &err), 0);
	ck_assert_int_eq(log_write(w, LOG_STDOUT, str_make(text + 20000, 20000), later, &err), 0);
	CLEANUP(log_reader) struct log_reader *r = open_reader();
	static const size_t sizes[] = { 16384, 16384, 7232 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		ck_assert_int_eq(log_reader_next(r, &m, &err), 1);
		ck_assert_uint_eq(m.text.len, sizes[i]);
		ck_assert_int_eq(m.at.tv_sec, when.tv_sec); /* of the first piece */
		ck_assert_int_eq(m.text.ptr[m.text.len - 1], i == 2 ? '\n' : 'x');
	}
	ck_assert_int_eq(log_reader_next(r, &m, &err), 0);
	ck_assert_int_eq(log_write(w, LOG_STDOUT, STR("next\n"), later, &err), 0);
	ck_assert_int_eq(log_reader_next(r, &m, &err), 1);
	ck_assert_int_eq(m.at.tv_sec, later.tv_sec);
}
END_TEST

static bool exists(const char *name)
{
	return faccessat(dir_fd, name, F_OK, 0) == 0;
}

static off_t size_of(const char *name)
{
	struct stat st;

	return fstatat(dir_fd, name, &st, 0) == 0 ? st.st_size : -1;
}

START_TEST(rotation_keeps_so_many_files)
{
	unsigned files = (unsigned)_i;
	CLEANUP(log_writer) struct log_writer *w = log_writer_new(dir_fd, "log", 1000, files);

	for (int i = 0; i < 200; i++)
		put(w, LOG_STDOUT, "a line of some length\n");
	ck_assert(exists("log"));
	ck_assert_int_eq(exists("log.1"), files > 1);
	ck_assert_int_eq(exists("log.2"), files > 2);
	ck_assert(!exists("log.3"));
	ck_assert_int_lt(size_of("log"), 1100);
	ck_assert_int_lt(size_of("log.1"), 1100);
	if (files > 1)
		ck_assert_int_ge(size_of("log.1"), 1000);
}
END_TEST

/* A piece that is much larger than a file is spread over files like any other. */
START_TEST(one_piece_rotates_inside)
{
	CLEANUP(log_writer) struct log_writer *w = log_writer_new(dir_fd, "log", 500, 50);
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);

	for (int i = 0; i < 100; i++)
		strbuf_addf(&text, "number %d\n", i);
	put(w, LOG_STDOUT, strbuf_text(&text));
	ck_assert_int_lt(size_of("log.1"), 600);
	CLEANUP(log_reader) struct log_reader *r = open_reader();

	for (int i = 0; i < 100; i++) {
		char want[32];

		(void)snprintf(want, sizeof(want), "number %d\n", i);
		expect(r, want);
	}
	expect(r, "");
}
END_TEST

START_TEST(follower_loses_and_repeats_nothing)
{
	CLEANUP(log_writer) struct log_writer *w = log_writer_new(dir_fd, "log", 300, 3);
	CLEANUP(log_reader) struct log_reader *r = open_reader();
	CLEANUP(error) struct error *err = NULL;
	int read = 0;

	for (int i = 0; i < 1000; i++) {
		char line[32], want[32];

		(void)snprintf(line, sizeof(line), "number %d\n", i);
		put(w, LOG_STDOUT, line);
		/* It looks when a file was made, and reads only now and then. */
		ck_assert_int_eq(log_reader_refresh(r, &err), 0);
		if (i % 17 != 0)
			continue;
		while (read <= i) {
			(void)snprintf(want, sizeof(want), "number %d\n", read++);
			expect(r, want);
		}
		expect(r, "");
	}
}
END_TEST

START_TEST(tail_counts_across_files)
{
	CLEANUP(log_writer) struct log_writer *w = log_writer_new(dir_fd, "log", 1000, 5);
	CLEANUP(error) struct error *err = NULL;

	for (int i = 0; i < 30; i++) {
		char line[32];

		(void)snprintf(line, sizeof(line), "number %d\n", i);
		put(w, LOG_STDOUT, line);
	}
	ck_assert(exists("log.2"));
	static const int tails[] = { 0, 1, 5, 12, 29, 30, 31, 1000 };

	for (size_t i = 0; i < ARRAY_SIZE(tails); i++) {
		CLEANUP(log_reader) struct log_reader *r = open_reader();

		ck_assert_int_eq(log_reader_skip_to_last(r, (uint64_t)tails[i], &err), 0);
		for (int n = tails[i] > 30 ? 0 : 30 - tails[i]; n < 30; n++) {
			char want[32];

			(void)snprintf(want, sizeof(want), "number %d\n", n);
			expect(r, want);
		}
		expect(r, "");
	}
}
END_TEST

START_TEST(empty_log_is_followed)
{
	CLEANUP(log_reader) struct log_reader *r = open_reader();
	CLEANUP(log_writer) struct log_writer *w = log_writer_new(dir_fd, "log", 0, 1);
	CLEANUP(error) struct error *err = NULL;

	expect(r, "");
	ck_assert_int_eq(log_reader_skip_to_last(r, 7, &err), 0);
	put(w, LOG_STDOUT, "first\n");
	ck_assert_int_eq(log_reader_refresh(r, &err), 0);
	expect(r, "first\n");
}
END_TEST

START_TEST(writer_goes_on_where_another_ended)
{
	struct log_writer *w = log_writer_new(dir_fd, "log", 0, 1);

	put(w, LOG_STDOUT, "one\n");
	log_writer_free(w);
	w = log_writer_new(dir_fd, "log", 0, 1);
	put(w, LOG_STDOUT, "two\n");
	log_writer_free(w);
	CLEANUP(log_reader) struct log_reader *r = open_reader();

	expect(r, "one\n");
	expect(r, "two\n");
	expect(r, "");
}
END_TEST

int main(void)
{
	CLEANUP(error) struct error *err = NULL;
	Suite *s = suite_create("log");
	TCase *c = tcase_create("log");

	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_loop_test(c, lines_are_dockers, 0, (int)ARRAY_SIZE(formats));
	tcase_add_loop_test(c, half_lines_are_no_messages, 0, (int)ARRAY_SIZE(bad_lines));
	tcase_add_test(c, streams_do_not_mix);
	tcase_add_test(c, long_lines_are_split);
	tcase_add_loop_test(c, rotation_keeps_so_many_files, 1, 4);
	tcase_add_test(c, one_piece_rotates_inside);
	tcase_add_test(c, follower_loses_and_repeats_nothing);
	tcase_add_test(c, tail_counts_across_files);
	tcase_add_test(c, empty_log_is_followed);
	tcase_add_test(c, writer_goes_on_where_another_ended);
	suite_add_tcase(s, c);
	(void)snprintf(base_path, sizeof(base_path), "/tmp/stack-log-XXXXXX");
	if (!mkdtemp(base_path))
		return 1;
	SRunner *r = srunner_create(s);

	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);

	srunner_free(r);
	(void)fs_remove_tree_at(AT_FDCWD, base_path, &err); /* nothing to do about it */
	return failed != 0;
}
