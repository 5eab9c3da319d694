/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heredocs: "<<NAME" words in an instruction and the lines that belong to them.
 *
 * Words are split as a shell would, with '\' as escape whatever the escape directive says. A
 * heredoc is a word that begins with optional digits and "<<"; blanks may stand before the name.
 * "<<<" (a here-string) and "<<" inside "$((...))" are none.
 */
#include "lexer.h"

/* Behind the quote that closes the one at @at, or 0 when it is never closed. */
static size_t skip_quoted(str text, size_t at)
{
	char quote = text.ptr[at];

	for (size_t i = at + 1; i < text.len; i++) {
		if (text.ptr[i] == quote)
			return i + 1;
		if (text.ptr[i] == '\\' && quote == '"')
			i++;
	}
	return 0;
}

/* Behind the "))" of the "$((" at @at; a "$((" that is never closed is only a character. */
static size_t skip_arithmetic(str text, size_t at)
{
	const char *end = memmem(text.ptr + at, text.len - at, "))", 2);

	return end ? (size_t)(end - text.ptr) + 2 : at + 1;
}

/* Behind a run of '<' at @at; exactly two take the blanks before the name into the word. */
static size_t skip_angles(str text, size_t at)
{
	size_t end = at;

	while (end < text.len && text.ptr[end] == '<')
		end++;
	if (end - at != 2)
		return end;
	if (end < text.len && text.ptr[end] == '-')
		end++;
	while (end < text.len && lexer_is_blank(text.ptr[end]))
		end++;
	return end;
}

/* The word that begins at @start (not a blank): its end, or 0 at an unclosed quote. */
static size_t word_end(str text, size_t start, bool *has_arithmetic)
{
	size_t i = start;

	while (i < text.len && !lexer_is_blank(text.ptr[i])) {
		char c = text.ptr[i];

		if (c == '\\') {
			i += i + 1 < text.len ? 2 : 1;
		} else if (c == '\'' || c == '"') {
			i = skip_quoted(text, i);
			if (i == 0)
				return 0;
		} else if (c == '<') {
			i = skip_angles(text, i);
		} else if (*has_arithmetic && str_has_prefix(str_skip(text, i), "$((")) {
			size_t end = skip_arithmetic(text, i);

			/* Without "))" from here on, looking again would be quadratic. */
			*has_arithmetic = end > i + 1;
			i = end;
		} else {
			i++;
		}
	}
	return i;
}

/* A delimiter without its quotes and escapes. */
static str unquote(struct arena *a, str word, bool *ret_quoted)
{
	CLEANUP_STRBUF struct strbuf out = STRBUF_INIT(0);
	char quote = '\0';

	*ret_quoted = false;
	for (size_t i = 0; i < word.len; i++) {
		char c = word.ptr[i], next = i + 1 < word.len ? word.ptr[i + 1] : '\0';
		bool escapes = quote == '\0' || next == '"' || next == '$' || next == '\\';

		if (quote ? c == quote : c == '\'' || c == '"') {
			quote = quote ? '\0' : c;
			*ret_quoted = true;
		} else if (c == '\\' && quote != '\'' && next && escapes) {
			strbuf_add_char(&out, next);
			i++;
		} else if (c != '\\' || quote || next) {
			strbuf_add_char(&out, c);
		}
	}
	return arena_str(a, strbuf_str(&out));
}

static bool parse_word(struct arena *a, str word, struct heredoc *ret_doc)
{
	size_t i = 0;
	bool quoted;

	while (i < word.len && word.ptr[i] >= '0' && word.ptr[i] <= '9')
		i++;
	str rest = str_skip(word, i);

	if (!str_has_prefix(rest, "<<"))
		return false;
	bool strip_tabs = str_has_prefix(rest, "<<-");

	rest = lexer_trim_left(str_skip(rest, strip_tabs ? 3 : 2));
	if (rest.len == 0 || str_find(rest, '<') >= 0)
		return false;
	*ret_doc = (struct heredoc){.word = word, .strip_tabs = strip_tabs};
	ret_doc->name = unquote(a, rest, &quoted);
	ret_doc->expand = !quoted;
	return ret_doc->name.len != 0;
}

static str strip_leading_tabs(str s)
{
	while (s.len && s.ptr[0] == '\t')
		s = str_skip(s, 1);
	return s;
}

static str strip_body(struct arena *a, str raw)
{
	CLEANUP_STRBUF struct strbuf out = STRBUF_INIT(0);
	str rest = raw, line;

	while (str_cut(&rest, '\n', &line)) {
		strbuf_add_str(&out, strip_leading_tabs(line));
		if (rest.ptr)
			strbuf_add_char(&out, '\n');
	}
	return arena_str(a, strbuf_str(&out));
}

static int unterminated(const struct lexer *l, const struct logical_line *line,
			const struct heredoc *doc, unsigned near_line, struct error **err)
{
	unsigned number, column;

	lexer_locate(line, doc->word.ptr, &number, &column);
	struct error_position pos = lexer_source_position(l->source, number, column);
	str name = str_head(doc->name, 64);

	(void)error_at(err, &pos, "heredoc '%.*s' is never closed", STR_ARG(name)); /* as below */
	if (near_line)
		return error_hint(err, "line %u has blanks around '%.*s': it must stand alone",
				  near_line, STR_ARG(name));
	return error_hint(err, "close it with a line that holds only '%.*s'", STR_ARG(name));
}

static int read_body(struct lexer *l, const struct logical_line *line, struct heredoc *doc,
		     struct error **err)
{
	const uint32_t *starts = l->source->line_starts;
	unsigned near_line = 0;
	size_t start = starts[l->next];

	doc->line = l->next + 1;
	while (l->next < l->source->line_count) {
		str text = lexer_source_line(l->source, ++l->next);

		if (str_is_equal(doc->strip_tabs ? strip_leading_tabs(text) : text, doc->name)) {
			doc->raw =
				str_make(l->source->text.ptr + start, starts[l->next - 1] - start);
			doc->body = doc->strip_tabs ? strip_body(l->arena, doc->raw) : doc->raw;
			return 0;
		}
		if (near_line == 0 && str_is_equal(lexer_trim(text), doc->name))
			near_line = l->next;
	}
	return unterminated(l, line, doc, near_line, err);
}

static void add_heredoc(struct arena *a, struct instruction *in, const struct heredoc *doc)
{
	in->heredocs = arena_grow(a, in->heredocs, in->heredoc_count, sizeof(*doc));
	in->heredocs[in->heredoc_count++] = *doc;
}

int lexer_take_heredocs(struct lexer *l, const struct logical_line *line, str text,
			struct instruction *in, struct error **err)
{
	bool has_arithmetic = true;
	size_t end;

	if (!memmem(text.ptr, text.len, "<<", 2))
		return 0;
	for (size_t i = 0; i < text.len; i = end) {
		struct heredoc doc;

		end = i + 1;
		if (lexer_is_blank(text.ptr[i]))
			continue;
		end = word_end(text, i, &has_arithmetic);
		if (end == 0) {
			in->heredoc_count = 0; /* a shell would not see heredocs either */
			return 0;
		}
		if (parse_word(l->arena, str_make(text.ptr + i, end - i), &doc))
			add_heredoc(l->arena, in, &doc);
	}
	for (size_t i = 0; i < in->heredoc_count; i++) {
		int r = read_body(l, line, &in->heredocs[i], err);

		if (r < 0)
			return r;
	}
	return 0;
}
