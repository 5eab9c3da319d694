/* SPDX-License-Identifier: Apache-2.0 */
/* YAML text to tree: kinds, structure, aliases, merge keys, limits, and errors that help. */
#include <check.h>
#include <stdlib.h>

#include "codec/yaml.h"

static struct arena *arena;
static struct error *err;

static void set_up(void)
{
	arena = arena_new();
	err = NULL;
}

static void tear_down(void)
{
	error_free(err);
	arena_free(arena);
}

static struct yaml_file *parse(const char *text)
{
	struct yaml_file *file = NULL;

	if (yaml_parse(arena, "t.yml", str_from(text), &file, &err) < 0)
		ck_abort_msg("%s", error_frame(err, 0));
	return file;
}

START_TEST(plain_scalars_have_their_kind)
{
	static const struct {
		const char *text;
		enum yaml_kind kind;
	} rows[] = {
		{ "", YAML_NULL },	 { "~", YAML_NULL },	  { "null", YAML_NULL },
		{ "nULL", YAML_STRING }, { "true", YAML_BOOL },	  { "False", YAML_BOOL },
		{ "yes", YAML_STRING },	 { "off", YAML_STRING },  { "0", YAML_INT },
		{ "-12", YAML_INT },	 { "+1_000", YAML_INT },  { "0440", YAML_INT },
		{ "0o440", YAML_INT },	 { "0x1F", YAML_INT },	  { "0b101", YAML_INT },
		{ "08", YAML_FLOAT },	 { "0x", YAML_STRING },	  { "1.5", YAML_FLOAT },
		{ ".5", YAML_FLOAT },	 { "1e3", YAML_FLOAT },	  { "1.", YAML_FLOAT },
		{ ".", YAML_STRING },	 { "1e", YAML_STRING },	  { "-.inf", YAML_FLOAT },
		{ ".nan", YAML_FLOAT },	 { "22:22", YAML_STRING }, { "1.2.3", YAML_STRING },
		{ "_1", YAML_STRING },	 { "-", YAML_STRING },	  { "12a", YAML_STRING },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		ck_assert_msg(yaml_resolve_plain(str_from(rows[i].text)) == rows[i].kind,
			      "'%s' is %s", rows[i].text,
			      yaml_kind_name(yaml_resolve_plain(str_from(rows[i].text))));
}
END_TEST

START_TEST(quotes_and_tags_choose_the_kind)
{
	struct yaml_node *root =
		parse("[\"1\", '1', !!str 1, !!int \"1\", !reset 1, \"1\n\"]")->documents[0];
	static const enum yaml_kind kinds[] = { YAML_STRING, YAML_STRING, YAML_STRING,
						YAML_INT,    YAML_INT,	  YAML_STRING };

	ck_assert_uint_eq(root->count, ARRAY_SIZE(kinds));
	for (size_t i = 0; i < root->count; i++)
		ck_assert_int_eq(root->items[i]->kind, kinds[i]);
	ck_assert(str_is(root->items[4]->tag, "!reset"));
	ck_assert(root->items[3]->tag.len == 0);
	ck_assert(root->items[4]->plain && !root->items[0]->plain);
}
END_TEST

START_TEST(nodes_and_keys_know_their_place)
{
	struct yaml_node *root = parse("a:\n  - x\n  - k: v\n")->documents[0];
	struct yaml_node *list = yaml_find(root, "a")->value;
	struct yaml_pair *pair = yaml_find(list->items[1], "k");

	ck_assert_uint_eq(list->items[0]->place.line, 2);
	ck_assert_uint_eq(list->items[0]->place.column, 5);
	ck_assert_uint_eq(pair->place.line, 3);
	ck_assert_uint_eq(pair->place.column, 5);
	ck_assert_uint_eq(pair->value->place.column, 8);
	ck_assert(str_is(yaml_source_line(pair->place.source, 3), "  - k: v"));
	ck_assert_ptr_null(yaml_find(root, "b"));
	ck_assert_ptr_null(yaml_find(list, "a"));
	ck_assert_uint_eq(root->size, 5);
	ck_assert_uint_eq(root->depth, 3);
}
END_TEST

START_TEST(a_file_holds_several_documents)
{
	ck_assert_uint_eq(parse("")->count, 0);
	ck_assert_uint_eq(parse("# nothing\n")->count, 0);
	ck_assert_uint_eq(parse("a: 1\n---\nb: 2\n---\n")->count, 3);
}
END_TEST

START_TEST(anchors_belong_to_one_document)
{
	struct yaml_file *file = NULL;

	ck_assert_int_eq(yaml_parse(arena, "t.yml", STR("a: &x 1\n---\nb: *x\n"), &file, &err),
			 -ERR_PARSE);
}
END_TEST

START_TEST(merge_keys_add_what_is_missing)
{
	struct yaml_node *root =
		parse("one: &one {a: 1, b: 1}\ntwo: &two {b: 2, c: 2}\nlist: &list [*one, *two]\n"
		      "x: {<<: *one, b: 9}\ny: {<<: [*two, *one]}\nz: {<<: *list, \"<<\": text}\n")
			->documents[0];
	static const struct {
		const char *map, *key, *value;
	} rows[] = {
		{ "x", "a", "1" }, { "x", "b", "9" }, { "y", "a", "1" },     { "y", "b", "2" },
		{ "y", "c", "2" }, { "z", "b", "1" }, { "z", "<<", "text" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct yaml_pair *pair =
			yaml_find(yaml_find(root, rows[i].map)->value, rows[i].key);

		ck_assert_ptr_nonnull(pair);
		ck_assert_str_eq(pair->value->text.ptr, rows[i].value);
	}
}
END_TEST

START_TEST(errors_say_what_is_wrong_and_where)
{
	static const struct {
		const char *text;
		unsigned line, column;
		const char *message, *hint;
	} rows[] = {
		{ "a:\n  b: 1\n c: 2\n", 3, 2, "wrong indentation",
		  "the line is indented by 1 spaces; the keys that began in line 1 are indented "
		  "by 0" },
		{ "a:\n  b: 1\n    c: 2\n", 3, 5, "wrong indentation",
		  "the line is indented by 4 spaces, but line 2 above it (2 spaces) already has "
		  "its value" },
		{ "a:\n  - b\n - c\n", 3, 2, "wrong indentation",
		  "the line is indented by 1 spaces; the keys that began in line 1 are indented "
		  "by 0" },
		{ "a:\n\tb: 1\n", 2, 1, "a tab is used for indentation",
		  "YAML is indented with spaces only" },
		{ "a: b: c\n", 1, 5, "a mapping value is not allowed here",
		  "indent the key like its neighbours; put a value that contains ': ' in quotes" },
		{ "a:\n  b 1\n  c: 2\n", 2, 3, "this line has no ':' after its key",
		  "write 'key: value'" },
		{ "a: \"b\nc: d\n", 1, 4, "the quoted text is never closed", NULL },
		{ "a: [b, c\nd: e\n", 1, 4, "the list in '[ ]' is not closed",
		  "separate its items by ',' and end it with ']'" },
		{ "a: {b: c\n", 1, 4, "the mapping in '{ }' is not closed",
		  "separate its entries by ',' and end it with '}'" },
		{ "a: @b\n", 1, 4, "a value cannot start with '@'", "put the value in quotes" },
		{ "a: \"\\q\"\n", 1, 5, "unknown escape in a double-quoted text",
		  "write a backslash as '\\\\', or use single quotes" },
		{ "a: 1\nb: 2\na: 3\n", 3, 1, "duplicate key 'a'",
		  "it was already given in line 1" },
		{ "a: *b\n", 1, 4, "there is no anchor before this alias 'b'", NULL },
		{ "a: &a [*a]\n", 1, 8, "a value contains itself through alias 'a'", NULL },
		{ "a: {<<: [1]}\n", 1, 9, "only mappings can be merged with '<<', not 'a list'",
		  NULL },
		{ "? [a]\n: b\n", 1, 3, "a key must be a text, not 'a list'", NULL },
		{ "a: \"\\0\"\n", 1, 4, "NUL character in ''", NULL },
		{ "a: \x80\n", 1, 4, "the file is not valid UTF-8", "save it with that encoding" },
		{ "a: \x01\n", 1, 4, "the file holds a control character", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(error) struct error *e = NULL;
		struct yaml_file *file = NULL;

		ck_assert_msg(yaml_parse(arena, "t.yml", str_from(rows[i].text), &file, &e) ==
				      -ERR_PARSE,
			      "%s parses", rows[i].text);
		ck_assert_str_eq(error_frame(e, 0), rows[i].message);
		ck_assert_msg(error_position(e)->line == rows[i].line &&
				      error_position(e)->column == rows[i].column,
			      "'%s' at %u:%u", rows[i].text, error_position(e)->line,
			      error_position(e)->column);
		ck_assert_pstr_eq(error_hint_text(e), rows[i].hint);
	}
}
END_TEST

static int parse_strbuf(const struct strbuf *b)
{
	struct yaml_file *file = NULL;

	error_free(STEAL_PTR(&err));
	return yaml_parse(arena, "t.yml", strbuf_str(b), &file, &err);
}

START_TEST(sizes_are_bounded)
{
	CLEANUP_STRBUF struct strbuf b = STRBUF_INIT(0);

	/* Nine levels of eight aliases. */
	strbuf_add_text(&b, "a0: &a0 x\n");
	for (int i = 1; i < 10; i++) {
		strbuf_addf(&b, "a%d: &a%d [", i, i);
		for (int j = 0; j < 8; j++)
			strbuf_addf(&b, "*a%d,", i - 1);
		strbuf_add_text(&b, "]\n");
	}
	ck_assert_int_eq(parse_strbuf(&b), -ERR_LIMIT);
	ck_assert_uint_eq(error_position(err)->line, 7);

	strbuf_clear(&b);
	for (int i = 0; i <= YAML_DEPTH_MAX; i++)
		strbuf_add_char(&b, '[');
	ck_assert_int_eq(parse_strbuf(&b), -ERR_LIMIT);

	strbuf_clear(&b);
	for (int i = 0; i <= YAML_MAPPING_MAX; i++)
		strbuf_addf(&b, "k%d: 1\n", i);
	ck_assert_int_eq(parse_strbuf(&b), -ERR_LIMIT);

	strbuf_clear(&b);
	for (int i = 0; i <= YAML_ANCHORS_MAX; i++)
		strbuf_addf(&b, "- &a%d 1\n", i);
	ck_assert_int_eq(parse_strbuf(&b), -ERR_LIMIT);

	strbuf_clear(&b);
	for (int i = 0; i <= YAML_DOCUMENTS_MAX; i++)
		strbuf_add_text(&b, "--- 1\n");
	ck_assert_int_eq(parse_strbuf(&b), -ERR_LIMIT);

	strbuf_clear(&b);
	for (int i = 0; i <= YAML_SIZE_MAX; i++)
		strbuf_add_char(&b, '#');
	ck_assert_int_eq(parse_strbuf(&b), -ERR_LIMIT);
}
END_TEST

START_TEST(depth_counts_through_aliases)
{
	CLEANUP_STRBUF struct strbuf b = STRBUF_INIT(0);

	strbuf_add_text(&b, "a0: &a0 [x]\n");
	for (int i = 1; i <= YAML_DEPTH_MAX; i++)
		strbuf_addf(&b, "a%d: &a%d [*a%d]\n", i, i, i - 1);
	ck_assert_int_eq(parse_strbuf(&b), -ERR_LIMIT);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("codec/yaml");
	TCase *tests = tcase_create("yaml");
	SRunner *runner = srunner_create(suite);

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, plain_scalars_have_their_kind);
	tcase_add_test(tests, quotes_and_tags_choose_the_kind);
	tcase_add_test(tests, nodes_and_keys_know_their_place);
	tcase_add_test(tests, a_file_holds_several_documents);
	tcase_add_test(tests, anchors_belong_to_one_document);
	tcase_add_test(tests, merge_keys_add_what_is_missing);
	tcase_add_test(tests, errors_say_what_is_wrong_and_where);
	tcase_add_test(tests, sizes_are_bounded);
	tcase_add_test(tests, depth_counts_through_aliases);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
