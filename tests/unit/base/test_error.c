/* SPDX-License-Identifier: Apache-2.0 */
/* Errors: codes, frames, positions, how they look; and warnings on their way to a sink. */
#include "fixture.h"

#include <errno.h>

#include "base/report.h"

static const struct {
	enum error_code code;
	const char *name;
} codes[] = {
	{ERR_NONE, "none"},
	{ERR_USAGE, "usage"},
	{ERR_PARSE, "parse"},
	{ERR_NOT_FOUND, "not-found"},
	{ERR_EXISTS, "exists"},
	{ERR_BUSY, "busy"},
	{ERR_IO, "io"},
	{ERR_NO_SPACE, "no-space"},
	{ERR_PERMISSION, "permission"},
	{ERR_NETWORK, "network"},
	{ERR_AUTH, "auth"},
	{ERR_DIGEST, "digest"},
	{ERR_UNSUPPORTED, "unsupported"},
	{ERR_LIMIT, "limit"},
	{ERR_TIMEOUT, "timeout"},
	{ERR_CANCELLED, "cancelled"},
	{ERR_FAILED, "failed"},
	{ERR_INTERNAL, "internal"},
};
_Static_assert(ARRAY_SIZE(codes) == ERR_COUNT, "every code is tested");

START_TEST(test_codes)
{
	CLEANUP(error) struct error *err = NULL;

	ck_assert_str_eq(error_code_name(codes[_i].code), codes[_i].name);
	ck_assert_int_eq(error_new(&err, codes[_i].code, "%s", "x"), -(int)codes[_i].code);
	ck_assert_int_eq(error_code(err), codes[_i].code);
}
END_TEST

static const struct {
	int number;
	enum error_code code;
} numbers[] = {
	{ENOENT, ERR_NOT_FOUND}, {EEXIST, ERR_EXISTS},	   {ENOSPC, ERR_NO_SPACE},
	{EDQUOT, ERR_NO_SPACE},	 {EACCES, ERR_PERMISSION}, {EPERM, ERR_PERMISSION},
	{EADDRINUSE, ERR_BUSY},	 {EBUSY, ERR_BUSY},	   {EIO, ERR_IO},
	{EINVAL, ERR_IO},
};

START_TEST(test_errno)
{
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_FREE char *expected = x_asprintf("open 'f': %s", strerror(numbers[_i].number));

	errno = numbers[_i].number;
	ck_assert_int_eq(error_errno(&err, "open '%s'", "f"), -(int)numbers[_i].code);
	ck_assert_int_eq(errno, numbers[_i].number);
	ck_assert_str_eq(error_frame(err, 0), expected);
}
END_TEST

START_TEST(test_frames)
{
	CLEANUP(error) struct error *err = NULL;

	ck_assert_int_eq(error_new(&err, ERR_LIMIT, "%d is too much", 3), -ERR_LIMIT);
	ck_assert_int_eq(error_context(&err, "layer %d", 1), -ERR_LIMIT);
	ck_assert_int_eq(error_context(&err, "image '%s'", "i"), -ERR_LIMIT);
	ck_assert_uint_eq(error_frame_count(err), 3);
	ck_assert_str_eq(error_frame(err, 0), "image 'i'");
	ck_assert_str_eq(error_frame(err, 1), "layer 1");
	ck_assert_str_eq(error_frame(err, 2), "3 is too much");
	ck_assert_str_eq(error_text(err), "image 'i': layer 1: 3 is too much\n");
	ck_assert_ptr_null(error_hint_text(err));
	ck_assert_ptr_null(error_position(err));
	ck_assert_int_eq(error_hint(&err, "first %d", 1), -ERR_LIMIT);
	ck_assert_int_eq(error_hint(&err, "second"), -ERR_LIMIT);
	ck_assert_str_eq(error_hint_text(err), "second");
	ck_assert_int_eq(error_status(err), 0);
	error_set_status(&err, 137);
	ck_assert_int_eq(error_status(err), 137);
	/* A new error replaces the old one. */
	ck_assert_int_eq(error_new(&err, ERR_IO, "other"), -ERR_IO);
	ck_assert_str_eq(error_text(err), "other\n");
}
END_TEST

START_TEST(test_none)
{
	CLEANUP(error) struct error *err = NULL;

	ck_assert_int_eq(error_code(NULL), ERR_NONE);
	ck_assert_int_eq(error_status(NULL), 0);
	error_free(NULL);
	/* Something failed and made no error: our own mistake, but the context is still of use. */
	ck_assert_int_eq(error_context(&err, "build '%s'", "x"), -ERR_INTERNAL);
	ck_assert_str_eq(error_text(err), "build 'x': failed without saying why\n");
}
END_TEST

START_TEST(test_move)
{
	CLEANUP(error) struct error *err = NULL;
	CLEANUP(error) struct error *from = NULL;

	(void)error_new(&from, ERR_AUTH, "no"); /* the code is tested above */
	ck_assert_int_eq(error_move(&err, &from), -ERR_AUTH);
	ck_assert_ptr_null(from);
	ck_assert_str_eq(error_text(err), "no\n");
}
END_TEST

START_TEST(test_position)
{
	CLEANUP(error) struct error *err = NULL;
	char file[] = "compose.yml", line[] = "  image: x";
	struct error_position pos = {file, 3, 10, str_from(line)};
	const struct error_position second = {"other", 1, 1, {NULL, 0}};

	ck_assert_int_eq(error_at(&err, &pos, "bad %s", "image"), -ERR_PARSE);
	file[0] = line[0] = 'X'; /* it was copied */
	error_set_position(&err, &second);
	ck_assert_str_eq(error_position(err)->file, "compose.yml");
	ck_assert_uint_eq(error_position(err)->line, 3);
	ck_assert_uint_eq(error_position(err)->column, 10);
	ck_assert(str_is(error_position(err)->source_line, "  image: x"));
}
END_TEST

static const struct {
	struct error_position pos;
	const char *text, *hint, *expected;
} formats[] = {
	{{"f", 0, 0, {NULL, 0}}, "m", NULL, "f: m\n"},
	{{"f", 7, 0, {NULL, 0}}, "m", NULL, "f:7: m\n"},
	{{"f", 7, 2, {NULL, 0}}, "m", "h", "f:7:2: m\n  hint: h\n"},
	{{"f", 0, 2, {NULL, 0}}, "m", NULL, "f: m\n"},
	{{"f", 1, 1, {"abc", 3}}, "m", NULL, "f:1:1: m\n     1 | abc\n       | ^\n"},
	{{"f", 1, 3, {"abc", 3}}, "m", "h", "f:1:3: m\n     1 | abc\n       |   ^\n  hint: h\n"},
	/* one behind the end is a place (something is missing), more is not */
	{{"f", 1, 4, {"abc", 3}}, "m", NULL, "f:1:4: m\n     1 | abc\n       |    ^\n"},
	{{"f", 1, 5, {"abc", 3}}, "m", NULL, "f:1:5: m\n     1 | abc\n"},
	{{"f", 1, 4294967295U, {"abc", 3}}, "m", NULL, "f:1:4294967295: m\n     1 | abc\n"},
	/* tabs stay, so that the caret stands right */
	{{"f", 10, 3, {"\ta\tb", 4}}, "m", NULL, "f:10:3: m\n    10 | \ta\tb\n       | \t ^\n"},
	/* the line's end is none of the line */
	{{"f", 1, 1, {"a\r\n", 3}}, "m", NULL, "f:1:1: m\n     1 | a\n       | ^\n"},
	/* every line but the first is indented */
	{{"f", 1, 0, {NULL, 0}}, "a\nb", "c\nd", "f:1: a\n  b\n  hint: c\n  d\n"},
	/* nothing acts on the terminal: C0, DEL, C1, what is not UTF-8; letters stay */
	{{"f\033[2J", 1, 0, {NULL, 0}}, "m", NULL, "f?[2J:1: m\n"},
	{{"a\nb", 1, 0, {NULL, 0}}, "m", NULL, "a?b:1: m\n"},
	{{"f", 0, 0, {NULL, 0}}, "a\033]0;x\ab\177c\rd\be", NULL, "f: a?]0;x?b?c?d?e\n"},
	{{"f", 0, 0, {NULL, 0}},
	 "\xc2\x9b"
	 "31m \xc2\xa0 \x9b"
	 "31m",
	 NULL,
	 "f: ?31m \xc2\xa0 ?31m\n"},
	{{"f", 0, 0, {NULL, 0}},
	 "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80 \xe2\x82",
	 NULL,
	 "f: \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80 ??\n"},
	{{"f", 0, 0, {NULL, 0}}, "m", "\033[31m", "f: m\n  hint: ?[31m\n"},
	{{"f", 1, 1, {"\033[31m\n\b", 7}}, "m", NULL, "f:1:1: m\n     1 | ?[31m??\n       | ^\n"},
	{{"f", 1, 0, {"a\0b", 3}}, "m", NULL, "f:1: m\n     1 | a\n"},
	{{"f", 0, 0, {NULL, 0}}, "%s%n", "%s%n", "f: %s%n\n  hint: %s%n\n"},
};

START_TEST(test_format)
{
	CLEANUP(error) struct error *err = NULL;

	(void)error_at(&err, &formats[_i].pos, "%s", formats[_i].text); /* its text counts here */
	if (formats[_i].hint)
		(void)error_hint(&err, "%s", formats[_i].hint);
	ck_assert_str_eq(error_text(err), formats[_i].expected);
}
END_TEST

START_TEST(test_long_source_line)
{
	CLEANUP(error) struct error *err = NULL;
	char line[400];

	memset(line, 'x', sizeof(line));
	struct error_position pos = {"f", 1, 350, str_make(line, sizeof(line))};

	(void)error_at(&err, &pos, "m"); /* its text counts here */
	ck_assert_uint_eq(strlen(error_text(err)), strlen("f:1:350: m\n     1 | \n") + 300);
}
END_TEST

/* Every byte in every place: one line for each of the parts, and no control character. */
START_TEST(test_format_is_safe)
{
	for (int c = 1; c < 256; c++) {
		CLEANUP(error) struct error *err = NULL;
		char text[] = {'a', (char)c, 'b', '\0'};
		struct error_position pos = {text, 1, 2, str_from(text)};

		(void)error_at(&err, &pos, "%s", text); /* its text counts here */
		(void)error_context(&err, "%s", text);
		(void)error_hint(&err, "%s", text);
		for (const char *p = error_text(err); *p; p++)
			ck_assert_msg((unsigned char)*p >= 0x20 || *p == '\n' || *p == '\t', "%d",
				      c);
		if (c != '\n')
			ck_assert_msg(strstr(error_text(err), "b: a"), "%d", c);
	}
}
END_TEST

static void note(void *ctx, const struct error_position *pos, const char *code, const char *text)
{
	strbuf_addf(ctx, "%u %s %s;", pos ? pos->line : 0, code ? code : "-", text);
}

START_TEST(test_report)
{
	CLEANUP_STRBUF struct strbuf got = STRBUF_INIT(0);
	const struct report sink = {note, &got}, deaf = {NULL, NULL};
	const struct error_position pos = {"f", 3, 1, {NULL, 0}};

	report_warn(&sink, &pos, "L1", "%s %d", "a", 1);
	report_warn(&sink, NULL, NULL, "b");
	report_warn(&deaf, &pos, "L1", "c");
	report_warn(NULL, &pos, "L1", "d");
	ck_assert_str_eq(strbuf_text(&got), "3 L1 a 1;0 - b;");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("error");
	TCase *tests = tcase_create("error");

	tcase_add_loop_test(tests, test_codes, 0, (int)ARRAY_SIZE(codes));
	tcase_add_loop_test(tests, test_errno, 0, (int)ARRAY_SIZE(numbers));
	tcase_add_test(tests, test_frames);
	tcase_add_test(tests, test_none);
	tcase_add_test(tests, test_move);
	tcase_add_test(tests, test_position);
	tcase_add_loop_test(tests, test_format, 0, (int)ARRAY_SIZE(formats));
	tcase_add_test(tests, test_long_source_line);
	tcase_add_test(tests, test_format_is_safe);
	tcase_add_test(tests, test_report);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
