/* SPDX-License-Identifier: Apache-2.0 */
/* JSON: strict reading, stable writing, members with defaults. */
#include "fixture.h"

#include "codec/json.h"

static const struct {
	const char *text, *written; /* NULL: as @text */
} values[] = {
	{"{}", NULL},
	{"[]", NULL},
	{" \t\r\n[ 1 , 2 ] \n", "[1,2]"},
	{"{\"b\":1,\"a\":2,\"c\":{\"z\":1,\"y\":[]}}", NULL}, /* in the order of insertion */
	{"[null,true,false,0,-1,1.5,\"\"]", NULL},
	{"[9223372036854775807,-9223372036854775808]", NULL},
	{"[\"\\u00e4\\ud83d\\ude00\\n\\\"\\\\\\/\"]", "[\"\xc3\xa4\xf0\x9f\x98\x80\\n\\\"\\\\/\"]"},
	{"{\"\":{\"\":[]}}", NULL},
};

START_TEST(test_round_trip)
{
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_STRBUF struct strbuf out = STRBUF_INIT(0), pretty = STRBUF_INIT(0);
	CLEANUP_JSON json_t *j = NULL, *again = NULL;

	ck_assert_msg(json_read(str_from(values[_i].text), "f", &j, &err) == 0, "%s",
		      error_text(err));
	json_write(j, &out);
	ck_assert_str_eq(strbuf_text(&out),
			 values[_i].written ? values[_i].written : values[_i].text);
	json_write_pretty(j, &pretty);
	ck_assert_int_eq(pretty.ptr[pretty.len - 1], '\n');
	ck_assert_int_eq(json_read(strbuf_str(&pretty), "f", &again, &err), 0);
	ck_assert(json_equal(j, again));
}
END_TEST

static const struct {
	const char *text;
	size_t len; /* 0: strlen */
	const char *message;
} bad[] = {
	{"", 0, "f:"},
	{" ", 0, "f:"},
	{"{", 0, "f:1:1: invalid JSON"},
	{"{\"a\":1,}", 0, "invalid JSON"},
	{"[1,]", 0, "invalid JSON"},
	{"{\"a\":1}x", 0, "end of file expected"},
	{"{}{}", 0, "end of file expected"},
	{"{\"a\":1,\n\"a\":2}", 0, "f:2:3: invalid JSON: duplicate object key near '\"a\"'"},
	{"{\"a\":1,\"\\u0061\":2}", 0, "duplicate"},
	{"{a:1}", 0, "invalid JSON"},
	{"{'a':1}", 0, "invalid JSON"},
	{"[01]", 0, "invalid JSON"},
	{"[1.]", 0, "invalid JSON"},
	{"[+1]", 0, "invalid JSON"},
	{"[0x1]", 0, "invalid JSON"},
	{"[NaN]", 0, "invalid JSON"},
	{"[1e999]", 0, "overflow"},
	{"[9223372036854775808]", 0, "too big integer"},
	{"[\"\xff\"]", 0, "f:1:2: invalid JSON: unable to decode byte 0xff"},
	{"[\"\xed\xa0\x80\"]", 0, "invalid JSON"},
	{"[\"\\ud800\"]", 0, "invalid JSON"},
	{"[\"\\u0000\"]", 0, "invalid JSON"},
	{"[\"a\nb\"]", 0, "invalid JSON"},
	{"[\"a\0b\"]", 7, "invalid JSON"},
	{"{}\0", 3, "invalid JSON"},
	{"1", 0, "'[' or '{' expected"},
	{"\"text\"", 0, "'[' or '{' expected"},
	{"// c\n{}", 0, "invalid JSON"},
	{"\xef\xbb\xbf{}", 0, "invalid JSON"},
	{"[\033[31m]", 0, "invalid JSON: invalid token near '?'"},
};

START_TEST(test_bad)
{
	CLEANUP(error) struct error *err = NULL;
	json_t *j = NULL;
	str text = str_from(bad[_i].text);

	if (bad[_i].len)
		text = str_make(bad[_i].text, bad[_i].len);
	ck_assert_int_eq(json_read(text, "f", &j, &err), -ERR_PARSE);
	ck_assert_ptr_null(j);
	ck_assert_msg(strstr(error_text(err), bad[_i].message), "%s", error_text(err));
}
END_TEST

START_TEST(test_nothing)
{
	CLEANUP(error) struct error *err = NULL;
	json_t *j = NULL;

	ck_assert_int_eq(json_read((str){NULL, 0}, "f", &j, &err), -ERR_PARSE);
}
END_TEST

START_TEST(test_depth)
{
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_STRBUF struct strbuf text = STRBUF_INIT(0), out = STRBUF_INIT(0);
	CLEANUP_JSON json_t *j = NULL;

	for (int i = 0; i < 1000; i++)
		strbuf_add_char(&text, '[');
	for (int i = 0; i < 1000; i++)
		strbuf_add_char(&text, ']');
	ck_assert_int_eq(json_read(strbuf_str(&text), "f", &j, &err), 0);
	json_write(j, &out);
	ck_assert(str_is_equal(strbuf_str(&text), strbuf_str(&out)));
	strbuf_clear(&text);
	for (int i = 0; i < 1000000; i++)
		strbuf_add_text(&text, "{\"a\":");
	json_t *deep = NULL;

	ck_assert_int_eq(json_read(strbuf_str(&text), "f", &deep, &err), -ERR_PARSE);
	ck_assert_ptr_nonnull(strstr(error_text(err), "depth"));
}
END_TEST

START_TEST(test_file)
{
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_JSON json_t *j = NULL;

	ck_assert_int_eq(fs_write_atomic_at(scratch_fd, "f.json", STR("{\"a\": 1}"), 0600,
					    FS_VOLATILE, &err),
			 0);
	ck_assert_int_eq(json_read_file_at(scratch_fd, "f.json", 8, &j, &err), 0);
	ck_assert_int_eq(json_get_int(j, "a", 0), 1);
	json_t *none = NULL;

	ck_assert_int_eq(json_read_file_at(scratch_fd, "f.json", 7, &none, &err), -ERR_LIMIT);
	error_free(STEAL_PTR(&err));
	ck_assert_int_eq(json_read_file_at(scratch_fd, "none", 7, &none, &err), -ERR_NOT_FOUND);
	error_free(STEAL_PTR(&err));
	ck_assert_int_eq(
		fs_write_atomic_at(scratch_fd, "f.json", STR("{"), 0600, FS_VOLATILE, &err), 0);
	ck_assert_int_eq(json_read_file_at(scratch_fd, "f.json", 7, &none, &err), -ERR_PARSE);
	ck_assert_ptr_nonnull(strstr(error_text(err), "f.json:1:1: "));
	ck_assert_ptr_null(none);
}
END_TEST

START_TEST(test_members)
{
	static const char text[] =
		"{\"text\":\"t\",\"int\":-5,\"real\":1.5,\"true\":true,\"false\":false,"
		"\"null\":null,\"list\":[\"a\",1,null,[\"x\"],\"b\"],\"object\":{}}";
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_JSON json_t *j = NULL;
	CLEANUP_STRV struct strv list = STRV_INIT;

	ck_assert_int_eq(json_read(STR(text), "f", &j, &err), 0);
	ck_assert_str_eq(json_get_text(j, "text"), "t");
	ck_assert_int_eq(json_get_int(j, "int", 7), -5);
	ck_assert(json_get_bool(j, "true"));
	strv_add(&list, "before");
	json_get_strv(j, "list", &list);
	ck_assert_uint_eq(list.count, 3);
	ck_assert_str_eq(list.items[1], "a");
	ck_assert_str_eq(list.items[2], "b");
	static const char *const others[] = {"real", "false", "null", "object", "none"};

	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		ck_assert_ptr_null(json_get_text(j, others[i]));
		ck_assert_int_eq(json_get_int(j, others[i], 7), 7);
		ck_assert(!json_get_bool(j, others[i]));
		json_get_strv(j, others[i], &list);
	}
	json_get_strv(j, "text", &list);
	ck_assert_uint_eq(list.count, 3);
	/* Of what is no object too. */
	ck_assert_ptr_null(json_get_text(NULL, "text"));
	ck_assert_int_eq(json_get_int(json_object_get(j, "list"), "int", 7), 7);
	ck_assert(!json_get_bool(json_object_get(j, "null"), "true"));
	json_get_strv(NULL, "list", &list);
	ck_assert_uint_eq(list.count, 3);
}
END_TEST

START_TEST(test_writers)
{
	CLEANUP_JSON json_t *j = json_object();
	CLEANUP_STRV struct strv list = STRV_INIT;
	CLEANUP_STRBUF struct strbuf out = STRBUF_INIT(0);

	strv_add(&list, "x");
	strv_add(&list, "\xff");
	json_set_text(j, "z", "text");
	json_set_text(j, "left out", NULL);
	json_set_int(j, "int", INT64_MIN);
	json_set_true(j, "true", true);
	json_set_true(j, "false", false);
	json_set_strv(j, "list", &list);
	json_set_strv(j, "empty", &STRV_INIT);
	json_set_text(j, "z", "again"); /* keeps its place */
	/* Keys are hostile too. */
	json_set_text(j, "k\xff", "v");
	json_set_int(j, "\xed\xa0\x80", 1);
	json_write(j, &out);
	ck_assert_str_eq(strbuf_text(&out),
			 "{\"z\":\"again\",\"int\":-9223372036854775808,\"true\":true,"
			 "\"list\":[\"x\",\"\xef\xbf\xbd\"],\"empty\":[],\"k\xef\xbf\xbd\":\"v\","
			 "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\":1}");
}
END_TEST

static const struct {
	const char *text, *clean; /* NULL: as @text */
} texts[] = {
	{"", NULL},
	{"plain", NULL},
	{"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", NULL},
	{"a\xff"
	 "b",
	 "a\xef\xbf\xbd"
	 "b"},
	{"\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd"},
	{"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"},
	{"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	{"\xf4\x90\x80\x80x", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx"},
	{"\xe2\x82\xac\xe2", "\xe2\x82\xac\xef\xbf\xbd"},
};

START_TEST(test_text)
{
	CLEANUP_JSON json_t *j = json_text(str_from(texts[_i].text));
	CLEANUP_JSON json_t *nothing = json_text((str){NULL, 0});

	ck_assert_str_eq(json_string_value(j), texts[_i].clean ? texts[_i].clean : texts[_i].text);
	ck_assert_str_eq(json_string_value(nothing), "");
}
END_TEST

/* Any byte in any member: what we write we can read. */
START_TEST(test_written_is_readable)
{
	for (int c = 1; c < 256; c++) {
		char text[] = {'a', (char)c, 'b', '\0'};
		CLEANUP(error) struct error *err = NULL;
		CLEANUP_JSON json_t *j = json_object(), *again = NULL;
		CLEANUP_STRBUF struct strbuf out = STRBUF_INIT(0);

		json_set_text(j, text, text);
		json_write(j, &out);
		ck_assert_int_eq(json_read(strbuf_str(&out), "f", &again, &err), 0);
		ck_assert(json_equal(j, again));
		ck_assert_uint_eq(json_object_size(again), 1);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("json");
	TCase *tests = tcase_create("json");

	tcase_set_timeout(tests, 30);
	tcase_add_unchecked_fixture(tests, scratch_setup, scratch_teardown);
	tcase_add_loop_test(tests, test_round_trip, 0, (int)ARRAY_SIZE(values));
	tcase_add_loop_test(tests, test_bad, 0, (int)ARRAY_SIZE(bad));
	tcase_add_test(tests, test_nothing);
	tcase_add_test(tests, test_depth);
	tcase_add_test(tests, test_file);
	tcase_add_test(tests, test_members);
	tcase_add_test(tests, test_writers);
	tcase_add_loop_test(tests, test_text, 0, (int)ARRAY_SIZE(texts));
	tcase_add_test(tests, test_written_is_readable);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
