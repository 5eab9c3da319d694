/* SPDX-License-Identifier: Apache-2.0 */
/* Lines: directives, comments, continuations, heredocs, limits. */
#include "dump.h"

static const struct parse_row behind_from[] = {
	/* comments and blank lines */
	{"", ""},
	{"\n\n", ""},
	{"# nothing\n", ""},
	{"   # indented\nUSER a\n", "USER [a]"},
	{"USER a # no comment here\n", "USER [a # no comment here]"},
	{"  USER a\n", "USER [a]"},
	{"\tUSER a\t\n", "USER [a]"},
	{"\v\fUSER a\n", "USER [a]"},
	{"USER a", "USER [a]"},
	{"user a\nUsEr b", "USER [a]\nUSER [b]"},
	/* line ends */
	{"USER a\r\nUSER b\r\n", "USER [a]\nUSER [b]"},
	{"RUN a \\\r\n  b\r\n", "RUN [a   b]"},
	{"RUN a\r", "RUN [a]"},
	/* continuations */
	{"RUN a \\\nb", "RUN [a b]"},
	{"RUN a\\\nb", "RUN [ab]"},
	{"RUN a \\\n   b", "RUN [a    b]"},
	{"RUN a \\ \t\nb", "RUN [a b]"},
	{"RUN a \\\\\nUSER b", "RUN [a \\\\]\nUSER [b]"},
	{"RUN a \\\\\\\nUSER b", "RUN [a \\\\\\]\nUSER [b]"},
	{"RUN a \\ b\nUSER c", "RUN [a \\ b]\nUSER [c]"},
	{"RUN \\\n a", "RUN [a]"},
	{"\\\nRUN a", "RUN [a]"},
	{"R\\\nUN a", "RUN [a]"},
	{"RUN a \\\n# comment\nb", "RUN [a b]"},
	{"RUN a \\\n   # comment \\\n b", "RUN [a  b]"},
	{"RUN a \\\n\n\n b", "RUN [a  b]"},
	{"RUN a \\\n \t\n b", "RUN [a  b]"},
	{"RUN a \\", "RUN [a]"},
	{"RUN a \\\n", "RUN [a]"},
	{"RUN a \\\n# end", "RUN [a]"},
	{"\\\n", ""},
	{"\\", ""},
	{"RUN a `\nUSER b", "RUN [a `]\nUSER [b]"},
	/* heredocs */
	{"RUN <<EOF\na\nb\nEOF\nUSER c", "RUN [<<EOF] <<EOF${a\nb\n}\nUSER [c]"},
	{"RUN <<EOF\nEOF", "RUN [<<EOF] <<EOF${}"},
	{"RUN <<EOF\n\nEOF", "RUN [<<EOF] <<EOF${\n}"},
	{"RUN <<'EOF'\n$a\nEOF\n", "RUN [<<'EOF'] <<EOF{$a\n}"},
	{"RUN <<\"EOF\"\n$a\nEOF\n", "RUN [<<\"EOF\"] <<EOF{$a\n}"},
	{"RUN <<E'O'F\na\nEOF\n", "RUN [<<E'O'F] <<EOF{a\n}"},
	{"RUN <<\\EOF\na\nEOF\n", "RUN [<<\\EOF] <<EOF${a\n}"},
	{"RUN <<'a b'\nx\na b\n", "RUN [<<'a b'] <<a b{x\n}"},
	{"RUN << EOF\na\nEOF\n", "RUN [<< EOF] <<EOF${a\n}"},
	{"RUN <<$EOF\na\n$EOF\n", "RUN [<<$EOF] <<$EOF${a\n}"},
	{"RUN <<-EOF\n\ta\n\t\tb\n c\n\tEOF\n", "RUN [<<-EOF] <<EOF${a\nb\n c\n}"},
	{"RUN <<-'EOF'\n\t$a\nEOF\n", "RUN [<<-'EOF'] <<EOF{$a\n}"},
	{"RUN <<EOF\n\tEOF\nEOF\n", "RUN [<<EOF] <<EOF${\tEOF\n}"},
	{"RUN <<EOF\n# kept\n\\\nEOF\n", "RUN [<<EOF] <<EOF${# kept\n\\\n}"},
	{"RUN <<EOF\r\na\r\nEOF\r\nUSER b", "RUN [<<EOF] <<EOF${a\r\n}\nUSER [b]"},
	{"RUN <<A <<B\na\nA\nb\nB\n", "RUN [<<A <<B] <<A${a\n} <<B${b\n}"},
	{"RUN cat <<A 3<<B\na\nA\nb\nB\n", "RUN [cat <<A 3<<B] <<A${a\n} <<B${b\n}"},
	{"RUN a <<EOF && b\nx\nEOF\n", "RUN [a <<EOF && b] <<EOF${x\n}"},
	{"RUN a \\\n <<EOF\nx\nEOF\n", "RUN [a  <<EOF] <<EOF${x\n}"},
	{"RUN --network=none <<EOF\nx\nEOF", "RUN --network=none [<<EOF] <<EOF${x\n}"},
	{"COPY <<a <<b /d/\n1\na\n2\nb\n", "COPY [<<a] [<<b] [/d/] <<a${1\n} <<b${2\n}"},
	{"COPY <<-'a' x /d/\n\t1\na", "COPY [<<-'a'] [x] [/d/] <<a{1\n}"},
	{"COPY <<'a b' /d/\n1\na b", "COPY [<<'a b'] [/d/] <<a b{1\n}"},
	{"ADD <<a /d\n1\na", "ADD [<<a] [/d] <<a${1\n}"},
	{"ONBUILD RUN <<EOF\nx\nEOF", "ONBUILD [RUN <<EOF\nx\nEOF] -> RUN [<<EOF] <<EOF${x\n}"},
	{"ONBUILD COPY <<-'a' /d\n\tx\n\ta\nUSER b",
	 "ONBUILD [COPY <<-'a' /d\n\tx\na] -> COPY [<<-'a'] [/d] <<a{x\n}\nUSER [b]"},
	/* no heredocs */
	{"RUN cat <<<EOF\nUSER a", "RUN [cat <<<EOF]\nUSER [a]"},
	{"RUN cat <<< EOF\nUSER a", "RUN [cat <<< EOF]\nUSER [a]"},
	{"RUN echo '<<EOF'\nUSER a", "RUN [echo '<<EOF']\nUSER [a]"},
	{"RUN echo \"<<EOF\"\nUSER a", "RUN [echo \"<<EOF\"]\nUSER [a]"},
	{"RUN echo \\<<EOF\nUSER a", "RUN [echo \\<<EOF]\nUSER [a]"},
	{"RUN cat<<EOF\nUSER a", "RUN [cat<<EOF]\nUSER [a]"},
	{"RUN echo don't <<EOF\nUSER a", "RUN [echo don't <<EOF]\nUSER [a]"},
	{"RUN echo $((1 << 2))\nUSER a", "RUN [echo $((1 << 2))]\nUSER [a]"},
	{"RUN echo $((1 <<2)) $(( 1<< 2 ))", "RUN [echo $((1 <<2)) $(( 1<< 2 ))]"},
	{"RUN a <<\nUSER b", "RUN [a <<]\nUSER [b]"},
	{"RUN a <<''\nUSER b", "RUN [a <<'']\nUSER [b]"},
	{"RUN [\"a\", \"<<EOF\"]\nUSER b", "RUN json [a] [<<EOF]\nUSER [b]"},
	{"COPY [\"<<a\", \"/d\"]\nUSER b", "COPY json [<<a] [/d]\nUSER [b]"},
	{"CMD cat <<EOF\nUSER b", "CMD [cat <<EOF]\nUSER [b]"},
	{"ENV a=<<EOF\nUSER b", "ENV a=(<<EOF)\nUSER [b]"},
};

START_TEST(test_behind_from)
{
	check_behind_from(&behind_from[_i]);
}
END_TEST

static const struct parse_row whole[] = {
	{"\xEF\xBB\xBF"
	 "FROM a\nUSER b",
	 "USER [b]"},
	{"# escape=`\nFROM a\nRUN a `\n b", "RUN [a  b]"},
	{"# escape=`\nFROM a\nRUN a \\\nUSER b", "RUN [a \\]\nUSER [b]"},
	{"#escape=`\r\nFROM a\r\nRUN a `\r\n b", "RUN [a  b]"},
	{"# Escape = `  \nFROM a\nRUN a `\n b", "RUN [a  b]"},
	{"#\tESCAPE=`\nFROM a\nRUN a `\n b", "RUN [a  b]"},
	{"  # escape=`\nFROM a\nRUN a `\n b", "RUN [a  b]"},
	{"# escape=\\\nFROM a\nRUN a \\\n b", "RUN [a  b]"},
	{"\xEF\xBB\xBF# escape=`\nFROM a\nRUN a `\n b", "RUN [a  b]"},
	{"# syntax=x\n# escape=`\nFROM a\nRUN a `\n b", "RUN [a  b]"},
	{"# escape=`\nFROM a\nENV a=b` c", "ENV a=(b` c)"},
	/* what ends the directives */
	{"# note\n# escape=`\nFROM a\nRUN a \\\n b", "RUN [a  b]"},
	{"\n# escape=`\nFROM a\nRUN a \\\n b", "RUN [a  b]"},
	{"# other=1\n# escape=`\nFROM a\nRUN a \\\n b", "RUN [a  b]"},
	{"#\n# escape=`\nFROM a\nRUN a \\\n b", "RUN [a  b]"},
	{"FROM a\n# escape=`\nRUN a \\\n b", "RUN [a  b]"},
	{"# escape=`\n# note\n# escape=\\\nFROM a\nRUN a `\n b", "RUN [a  b]"},
	{"# escape=\nFROM a\nRUN a \\\n b", "RUN [a  b]"},
	/* errors */
	{"", "no instructions in this file"},
	{"\n# a\n\n", "no instructions in this file"},
	{"\xEF\xBB\xBF", "no instructions in this file"},
	{"ARG a\n", "no FROM, so there is nothing to build; a Dockerfile begins with FROM image"},
	{"# escape=x\nFROM a", "1:1 escape directive takes \\ or `, not 'x'"},
	{"# escape=``\nFROM a", "1:1 escape directive takes \\ or `, not '``'"},
	{"# escape=`\n# escape=`\nFROM a", "2:1 second 'escape' directive"},
	{"# escape=\\\n# Escape=`\nFROM a", "2:1 second 'Escape' directive"},
	{"# syntax=a\n# syntax=b\nFROM a", "2:1 second 'syntax' directive"},
	{"# check=skip=a\n# check=skip=b\nFROM a", "2:1 second 'check' directive"},
	{"FROM a\nRUN <<EOF\nx\n",
	 "2:5 heredoc 'EOF' is never closed; close it with a line that holds only 'EOF'"},
	{"FROM a\nRUN a \\\n  b <<EOF\nx\n EOF\n",
	 "3:5 heredoc 'EOF' is never closed; line 5 has blanks around 'EOF': it must stand alone"},
	{"FROM a\nRUN <<A <<B\nA\nx\n",
	 "2:9 heredoc 'B' is never closed; close it with a line that holds only 'B'"},
	{"FROM a\nONBUILD COPY <<A /\nx\n",
	 "2:14 heredoc 'A' is never closed; close it with a line that holds only 'A'"},
	{"FROM a\nCOPY x <<A\nx\nA\n", "2:8 a heredoc cannot be the destination of COPY"},
};

START_TEST(test_whole)
{
	CLEANUP_STRBUF struct strbuf out = STRBUF_INIT(0);

	dump_parse(str_from(whole[_i].text), &out);
	ck_assert_msg(strcmp(strbuf_text(&out), whole[_i].expected) == 0,
		      "text:     %s\nexpected: %s\ngot:      %s", whole[_i].text,
		      whole[_i].expected, strbuf_text(&out));
}
END_TEST

static struct dockerfile *parse(const char *text)
{
	struct dockerfile *df = NULL;
	CLEANUP(error) struct error *err = NULL;

	ck_assert_int_eq(dockerfile_parse("f", str_from(text), NULL, &df, &err), 0);
	return df;
}

START_TEST(test_directives)
{
	CLEANUP(dockerfile)
	struct dockerfile *df = parse("#!/usr/bin/env x\n# syntax = docker/dockerfile:1 \n"
				      "# check=skip=A;error=true\n# escape=`\nFROM a\n");

	ck_assert(str_is(df->syntax, "docker/dockerfile:1"));
	ck_assert(str_is(df->check, "skip=A;error=true"));
	ck_assert_int_eq(df->escape, '`');
	ck_assert(dockerfile_is_check_skipped(df, NULL, "A"));
	ck_assert(dockerfile_is_check_skipped(df, NULL, "a"));
	ck_assert(!dockerfile_is_check_skipped(df, NULL, "B"));
}
END_TEST

START_TEST(test_comments)
{
	CLEANUP(dockerfile)
	struct dockerfile *df = parse(
		"# lost\n\n# one\n#  two\nFROM a\n# lost\n#\n# check=skip=X,Y\nUSER b\nUSER c\n");
	const struct dockerfile_stage *stage = &df->stages[0];

	ck_assert(str_is(stage->from->comments, "# one\n#  two\n"));
	ck_assert(str_is(stage->instructions[0]->comments, "# check=skip=X,Y\n"));
	ck_assert_uint_eq(stage->instructions[1]->comments.len, 0);
	ck_assert(dockerfile_is_check_skipped(df, stage->instructions[0], "Y"));
	ck_assert(!dockerfile_is_check_skipped(df, stage->instructions[1], "Y"));
}
END_TEST

START_TEST(test_positions)
{
	CLEANUP(dockerfile)
	struct dockerfile *df =
		parse("FROM a\n\n  RUN x \\\n# c\n\n y <<E\nz\nE\nONBUILD  USER u\r\n");
	const struct instruction *run = df->stages[0].instructions[0];
	const struct instruction *onbuild = df->stages[0].instructions[1];
	struct error_position pos = dockerfile_position(df, run);

	ck_assert_str_eq(pos.file, "f");
	ck_assert_uint_eq(pos.line, 3);
	ck_assert_uint_eq(pos.column, 3);
	ck_assert(str_is(pos.source_line, "  RUN x \\"));
	ck_assert_uint_eq(run->end_line, 8);
	ck_assert_uint_eq(run->empty_continuation, 6);
	ck_assert_uint_eq(run->heredocs[0].line, 7);
	ck_assert(str_is(run->original, "RUN x  y <<E"));
	ck_assert_uint_eq(onbuild->trigger->line, 9);
	ck_assert_uint_eq(onbuild->trigger->column, 10);
	pos = dockerfile_position_at(df, 9, 2);
	ck_assert(str_is(pos.source_line, "ONBUILD  USER u"));
	pos = dockerfile_position_at(df, 99, 1);
	ck_assert_uint_eq(pos.source_line.len, 0);
}
END_TEST

START_TEST(test_heredoc_of_argument)
{
	CLEANUP(dockerfile)
	struct dockerfile *df = parse("FROM a\nCOPY x <<A <<-\"B\" /d/\na\nA\n\tb\nB\n");
	const struct instruction *copy = df->stages[0].instructions[0];

	ck_assert_ptr_null(instruction_heredoc(copy, 0));
	ck_assert_ptr_eq(instruction_heredoc(copy, 1), &copy->heredocs[0]);
	ck_assert_ptr_eq(instruction_heredoc(copy, 2), &copy->heredocs[1]);
	ck_assert_ptr_null(instruction_heredoc(copy, 3));
	ck_assert_ptr_null(instruction_heredoc(copy, 4));
	ck_assert(str_is(copy->heredocs[1].raw, "\tb\n"));
	ck_assert(str_is(copy->heredocs[1].body, "b\n"));
	ck_assert(copy->heredocs[1].strip_tabs && !copy->heredocs[1].expand);
}
END_TEST

static int parse_code(str text, struct strbuf *message)
{
	CLEANUP(dockerfile) struct dockerfile *df = NULL;
	CLEANUP(error) struct error *err = NULL;
	int r = dockerfile_parse("f", text, NULL, &df, &err);

	if (r < 0)
		dump_error(err, message);
	return r;
}

static void fill(struct strbuf *b, const char *text, size_t times)
{
	for (size_t i = 0; i < times; i++)
		strbuf_add_text(b, text);
}

START_TEST(test_limits)
{
	CLEANUP_STRBUF struct strbuf text = STRBUF_INIT(0), message = STRBUF_INIT(0);

	strbuf_add_text(&text, "FROM a\nRUN ");
	fill(&text, "x", DOCKERFILE_LINE_MAX - 4);
	ck_assert_int_eq(parse_code(strbuf_str(&text), &message), 0);
	strbuf_add_char(&text, 'x');
	ck_assert_int_eq(parse_code(strbuf_str(&text), &message), -ERR_LIMIT);
	ck_assert_str_eq(strbuf_text(&message), "2:0 line is longer than 65535 bytes");

	strbuf_clear(&text);
	strbuf_add_text(&text, "FROM a\n");
	fill(&text, "USER a\n", DOCKERFILE_INSTRUCTIONS_MAX - 1);
	ck_assert_int_eq(parse_code(strbuf_str(&text), &message), 0);
	strbuf_add_text(&text, "USER b");
	ck_assert_int_eq(parse_code(strbuf_str(&text), &message), -ERR_LIMIT);

	strbuf_clear(&text);
	strbuf_add_text(&text, "FROM a\n");
	fill(&text, "\n", DOCKERFILE_SIZE_MAX - text.len);
	ck_assert_int_eq(parse_code(strbuf_str(&text), &message), 0);
	strbuf_add_char(&text, '\n');
	ck_assert_int_eq(parse_code(strbuf_str(&text), &message), -ERR_LIMIT);

	strbuf_clear(&message);
	ck_assert_int_eq(parse_code(STR("FROM a\nUSER a\0b\n"), &message), -ERR_PARSE);
	ck_assert_str_eq(strbuf_text(&message),
			 "2:7 NUL byte: this is not plain text; save the file as UTF-8");
}
END_TEST

/* Inputs that would be slow if anything were done per pair of parts. */
START_TEST(test_long_inputs)
{
	static const char *const parts[] = {"\\\n",	  "a \\\n", "\"$((\" ", "$((<<a ",
					    "--mount=x ", "a=b ",   "'",	"<<a ",
					    "[",	  "\\",	    "<",	"`"};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		CLEANUP_STRBUF struct strbuf text = STRBUF_INIT(0), message = STRBUF_INIT(0);

		strbuf_add_text(&text, "FROM a\nRUN ");
		fill(&text, parts[i], 60000 / strlen(parts[i]));
		(void)parse_code(strbuf_str(&text), &message); /* any result, but soon */
		strbuf_clear(&text);
		strbuf_add_text(&text, "FROM a\nENV ");
		fill(&text, parts[i], 60000 / strlen(parts[i]));
		(void)parse_code(strbuf_str(&text), &message);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lexer");
	TCase *tests = tcase_create("lexer");

	tcase_set_timeout(tests, 20);
	tcase_add_loop_test(tests, test_behind_from, 0, (int)ARRAY_SIZE(behind_from));
	tcase_add_loop_test(tests, test_whole, 0, (int)ARRAY_SIZE(whole));
	tcase_add_test(tests, test_directives);
	tcase_add_test(tests, test_comments);
	tcase_add_test(tests, test_positions);
	tcase_add_test(tests, test_heredoc_of_argument);
	tcase_add_test(tests, test_limits);
	tcase_add_test(tests, test_long_inputs);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
