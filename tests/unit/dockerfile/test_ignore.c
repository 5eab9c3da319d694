/* SPDX-License-Identifier: Apache-2.0 */
/* .dockerignore: parsing, matching, precedence. */
#include "dump.h"

#include "dockerfile/ignore.h"

static const struct {
	const char *file, *path;
	unsigned line; /* of the deciding pattern */
	bool excluded;
} rows[] = {
	/* plain */
	{"", "a", 0, false},
	{"a", "a", 1, true},
	{"a", "b", 0, false},
	{"a", "ab", 0, false},
	{"a", "b/a", 0, false},
	{"a", "A", 0, false},
	{"a", "a/b", 1, true},
	{"a", "a/b/c", 1, true},
	{"a/b", "a", 0, false},
	{"a/b", "a/b", 1, true},
	{"a/b", "a/b/c", 1, true},
	{"a/b", "a/bc", 0, false},
	{"a/b", "x/a/b", 0, false},
	/* form of the lines */
	{"/a", "a", 1, true},
	{"a/", "a", 1, true},
	{"./a", "a", 1, true},
	{"a//b", "a/b", 1, true},
	{"a/../b", "b", 1, true},
	{"../a", "a", 0, false},
	{"/../a", "a", 1, true},
	{"/", "a", 0, false},
	{".", "a", 0, false},
	{".", ".", 0, false},
	{"*", ".", 0, false},
	{"  a  ", "a", 1, true},
	{"\ta\t", "a", 1, true},
	{"a\r\nb\r\n", "b", 2, true},
	{"\xEF\xBB\xBF"
	 "a",
	 "a", 1, true},
	{"# a\na", "a", 2, true},
	{"#a", "#a", 0, false},
	{" #a", "#a", 1, true},
	{"\\#a", "#a", 1, true},
	{"\n\n a\n", "a", 3, true},
	{"a b", "a b", 1, true},
	{"a # b", "a", 0, false},
	/* star, question mark, classes, escapes */
	{"*", "a", 1, true},
	{"*", "a/b", 1, true},
	{"*", ".a", 1, true},
	{"*.md", "a.md", 1, true},
	{"*.md", "a.mdx", 0, false},
	{"*.md", "b/a.md", 0, false},
	{"*.md", "a.md/b", 1, true},
	{"a*", "abc/d", 1, true},
	{"*/b", "a/b", 1, true},
	{"*/b", "b", 0, false},
	{"*/b", "x/a/b", 0, false},
	{"*/b*", "a/bc/d", 1, true},
	{"*/*/c", "a/b/c", 1, true},
	{"a?", "ab", 1, true},
	{"a?", "a", 0, false},
	{"a?", "a/", 0, false},
	{"a?c", "a/c", 0, false},
	{"a?", "a\xC3\xA4", 1, true},
	{"a*b*c", "aXbYc", 1, true},
	{"a*b*c", "aXbY/c", 0, false},
	{"[ab]c", "bc", 1, true},
	{"[^ab]c", "bc", 0, false},
	{"[^ab]c", "xc", 1, true},
	{"[a-c]", "b/x", 1, true},
	{"a[[]b", "a[b", 1, true},
	{"a\\*b", "a*b", 1, true},
	{"a\\*b", "axb", 0, false},
	{"\\!a", "!a", 1, true},
	{"a.b", "axb", 0, false},
	{"a+(b)|{c}$", "a+(b)|{c}$", 1, true},
	{"a^*", "a^b", 1, true},
	/* double star */
	{"**", "a", 1, true},
	{"**", "a/b/c", 1, true},
	{"**/", "a/b", 1, true},
	{"**/a", "a", 1, true},
	{"**/a", "b/a", 1, true},
	{"**/a", "b/c/a", 1, true},
	{"**/a", "b/a/c", 1, true},
	{"**/a", "ba", 0, false},
	{"**/a", "b/ab", 0, false},
	{"**/a/b", "a/b", 1, true},
	{"**/a/b", "x/a/b/y", 1, true},
	{"**/a/b", "a/x/b", 0, false},
	{"**/*.js", "a.js", 1, true},
	{"**/*.js", "b/c/a.js", 1, true},
	{"**/*.js", "b/a.jsx", 0, false},
	{"**/**/a", "x/a", 1, true},
	{"**/**/a", "a", 1, true},
	{"**a", "xa", 1, true},
	{"**a", "x/ya", 1, true},
	{"**a", "ab", 0, false},
	{"**a*", "xa", 0, false},
	{"**a*", "x/ab", 1, true},
	{"a/**", "a", 0, false},
	{"a/**", "a/b", 1, true},
	{"a/**", "a/b/c", 1, true},
	{"a/**", "ab/c", 0, false},
	{"a**", "a", 1, true},
	{"a**", "abc", 1, true},
	{"a**", "ab/c", 1, true},
	{"a**", "b/a", 0, false},
	{"a/**/b", "a/b", 1, true},
	{"a/**/b", "a/x/b", 1, true},
	{"a/**/b", "a/x/y/b", 1, true},
	{"a/**/b", "a/xb", 0, false},
	{"a/**/b", "ab", 0, false},
	{"a**b", "ab", 1, true},
	{"a**b", "ax/b", 1, true},
	{"a**b", "axb", 0, false},
	{"**/a**", "x/abc", 1, true},
	{"a/**/**", "a/b", 1, true},
	{"***", "a/b", 1, true},
	{"a/***", "a/b/c", 1, true},
	{"a/**/*.txt", "a/x.txt", 1, true},
	{"a/**/*.txt", "a/b/c/x.txt", 1, true},
	{"a/**/*.txt", "a/b/c/x.md", 0, false},
	{"**/[ab]/c", "x/a/c", 1, true},
	{"**/a\\*", "x/a*", 1, true},
	/* exceptions: the last match decides */
	{"!a", "a", 1, false},
	{"a\n!a", "a", 2, false},
	{"!a\na", "a", 2, true},
	{"*\n!a", "a", 2, false},
	{"*\n!a", "b", 1, true},
	{"*\n!a", "a/b", 2, false},
	{"*\n!a/b", "a", 1, true},
	{"*\n!a/b", "a/b", 2, false},
	{"*\n!a/b", "a/c", 1, true},
	{"*\n!a\na/b", "a/b", 3, true},
	{"*\n!a\na/b", "a/c", 2, false},
	{"a\n!a/b\na/b/c", "a/b/c/d", 3, true},
	{"*.md\n!NOTES*.md\nNOTES-old.md", "NOTES.md", 2, false},
	{"*.md\n!NOTES*.md\nNOTES-old.md", "NOTES-old.md", 3, true},
	{"*.md\nNOTES-old.md\n!NOTES*.md", "NOTES-old.md", 3, false},
	{"**/node_modules\n!**/node_modules/keep", "a/node_modules/keep/x", 2, false},
	{"**/node_modules\n!**/node_modules/keep", "a/node_modules/drop", 1, true},
	{"a\n! b", "b", 2, false},
	{"a\n!/a", "a", 2, false},
	{"a\n!./a/", "a", 2, false},
	{"*\n!!a", "!a", 2, false},
	{"*\n!!a", "a", 1, true},
};

START_TEST(test_match)
{
	CLEANUP(ignore) struct ignore *ig = NULL;
	CLEANUP(error) struct error *err = NULL;
	unsigned line = 99;

	ck_assert_int_eq(ignore_parse("f", str_from(rows[_i].file), &ig, &err), 0);
	bool excluded = ignore_match(ig, str_from(rows[_i].path), &line);

	ck_assert_msg(excluded == rows[_i].excluded && line == rows[_i].line,
		      "%s in '%s': %d, line %u", rows[_i].path, rows[_i].file, excluded, line);
}
END_TEST

static const struct parse_row malformed[] = {
	{"!", "1:1 '!' without a pattern; !path takes a path back in"},
	{"a\n ! \n", "2:1 '!' without a pattern; !path takes a path back in"},
	{"a\n[\n", "2:1 malformed pattern '['; '[' needs a ']' with something between, '\\' a "
		   "character"},
	{"a[]", "1:1 malformed pattern 'a[]'; '[' needs a ']' with something between, '\\' a "
		"character"},
	{"![a-]", "1:1 malformed pattern '[a-]'; '[' needs a ']' with something between, '\\' a "
		  "character"},
	{"a\\", "1:1 malformed pattern 'a\\'; '[' needs a ']' with something between, '\\' a "
		"character"},
};

START_TEST(test_malformed)
{
	CLEANUP(ignore) struct ignore *ig = NULL;
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_STRBUF struct strbuf out = STRBUF_INIT(0);

	ck_assert_int_eq(ignore_parse("f", str_from(malformed[_i].text), &ig, &err), -ERR_PARSE);
	dump_error(err, &out);
	ck_assert_str_eq(strbuf_text(&out), malformed[_i].expected);
	ck_assert_ptr_null(ig);
}
END_TEST

START_TEST(test_accessors)
{
	CLEANUP(ignore) struct ignore *plain = NULL, *with = NULL;
	CLEANUP(error) struct error *err = NULL;

	ck_assert_int_eq(ignore_parse("x/.dockerignore", STR("a\n"), &plain, &err), 0);
	ck_assert_int_eq(ignore_parse("f", STR("a\n!b\n"), &with, &err), 0);
	ck_assert(!ignore_has_exceptions(plain));
	ck_assert(ignore_has_exceptions(with));
	ck_assert_str_eq(ignore_file(plain), "x/.dockerignore");
	ck_assert(ignore_match(plain, STR("a"), NULL));
}
END_TEST

static int parse_code(const struct strbuf *text)
{
	CLEANUP(ignore) struct ignore *ig = NULL;
	CLEANUP(error) struct error *err = NULL;

	return ignore_parse("f", strbuf_str(text), &ig, &err);
}

START_TEST(test_limits)
{
	CLEANUP_STRBUF struct strbuf text = STRBUF_INIT(0);

	for (int i = 0; i < IGNORE_PATTERNS_MAX; i++)
		strbuf_add_text(&text, "a\n");
	ck_assert_int_eq(parse_code(&text), 0);
	strbuf_add_text(&text, "a\n");
	ck_assert_int_eq(parse_code(&text), -ERR_LIMIT);
	strbuf_clear(&text);
	for (int i = 0; i < IGNORE_PATTERN_MAX; i++)
		strbuf_add_char(&text, '*');
	ck_assert_int_eq(parse_code(&text), 0);
	strbuf_add_char(&text, '*');
	ck_assert_int_eq(parse_code(&text), -ERR_LIMIT);
	strbuf_clear(&text);
	for (int i = 0; i <= IGNORE_FILE_MAX; i++)
		strbuf_add_char(&text, '\n');
	ck_assert_int_eq(parse_code(&text), -ERR_LIMIT);
	strbuf_clear(&text);
	strbuf_add(&text, "a\0b", 3);
	ck_assert_int_eq(parse_code(&text), -ERR_PARSE);
}
END_TEST

/* The longest pattern of stars against the longest path. */
START_TEST(test_hard_pattern)
{
	static const char *const parts[] = {"*a", "**/", "**", "?", "*/"};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		CLEANUP(ignore) struct ignore *ig = NULL;
		CLEANUP(error) struct error *err = NULL;
		CLEANUP_STRBUF struct strbuf text = STRBUF_INIT(0), path = STRBUF_INIT(0);

		while (text.len + strlen(parts[i]) < IGNORE_PATTERN_MAX)
			strbuf_add_text(&text, parts[i]);
		strbuf_add_char(&text, 'b');
		while (path.len < 4096)
			strbuf_add_text(&path, i % 2 ? "a/" : "aa");
		ck_assert_int_eq(ignore_parse("f", strbuf_str(&text), &ig, &err), 0);
		ck_assert(!ignore_match(ig, strbuf_str(&path), NULL));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ignore");
	TCase *tests = tcase_create("ignore");

	tcase_set_timeout(tests, 20);
	tcase_add_loop_test(tests, test_match, 0, (int)ARRAY_SIZE(rows));
	tcase_add_loop_test(tests, test_malformed, 0, (int)ARRAY_SIZE(malformed));
	tcase_add_test(tests, test_accessors);
	tcase_add_test(tests, test_limits);
	tcase_add_test(tests, test_hard_pattern);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
