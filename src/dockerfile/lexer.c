/* SPDX-License-Identifier: Apache-2.0 */
/* Physical lines to logical lines. */
#include "lexer.h"

#include <ctype.h>

str lexer_trim_left(str s)
{
	while (s.len && lexer_is_blank(s.ptr[0]))
		s = str_skip(s, 1);
	return s;
}

str lexer_trim(str s)
{
	s = lexer_trim_left(s);
	while (s.len && lexer_is_blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

str lexer_cut_word(str *rest)
{
	size_t end = 0;

	while (end < rest->len && !lexer_is_blank(rest->ptr[end]))
		end++;
	str word = str_head(*rest, end);

	*rest = lexer_trim_left(str_skip(*rest, end));
	return word;
}

str lexer_source_line(const struct dockerfile_source *source, unsigned line)
{
	if (line == 0 || line > source->line_count)
		return (str){source->text.ptr, 0};
	size_t start = source->line_starts[line - 1];
	str s = {source->text.ptr + start, source->line_starts[line] - start};

	while (s.len && (s.ptr[s.len - 1] == '\n' || s.ptr[s.len - 1] == '\r'))
		s.len--;
	return s;
}

struct error_position lexer_source_position(const struct dockerfile_source *source, unsigned line,
					    unsigned column)
{
	return (struct error_position){
		.file = source->file,
		.line = line,
		.column = column,
		.source_line = lexer_source_line(source, line),
	};
}

static void find_lines(struct arena *a, struct dockerfile_source *s)
{
	unsigned count = 0;

	for (size_t i = 0; i < s->text.len; i++)
		count += s->text.ptr[i] == '\n';
	if (s->text.len && s->text.ptr[s->text.len - 1] != '\n')
		count++;
	uint32_t *starts = arena_alloc(a, (count + 1) * sizeof(*starts));

	for (unsigned i = 1; i < count; i++) {
		const char *from = s->text.ptr + starts[i - 1];
		const char *end = memchr(from, '\n', s->text.len - starts[i - 1]);

		starts[i] = (uint32_t)(end + 1 - s->text.ptr);
	}
	starts[count] = (uint32_t)s->text.len;
	s->line_starts = starts;
	s->line_count = count;
}

static int check_lines(const struct dockerfile_source *s, struct error **err)
{
	for (unsigned line = 1; line <= s->line_count; line++) {
		str text = lexer_source_line(s, line);

		if (text.len > DOCKERFILE_LINE_MAX) {
			struct error_position pos = {.file = s->file, .line = line};
			int r = error_new(err, ERR_LIMIT, "line is longer than %d bytes",
					  DOCKERFILE_LINE_MAX);

			error_set_position(err, &pos);
			return r;
		}
		ptrdiff_t nul = str_find(text, '\0');

		if (nul >= 0) {
			struct error_position pos = {s->file, line, (unsigned)nul + 1, {0}};

			(void)error_at(err, &pos, "NUL byte: this is not plain text"); /* below */
			return error_hint(err, "save the file as UTF-8");
		}
	}
	return 0;
}

int lexer_source_new(struct arena *a, const char *file, str text,
		     const struct dockerfile_source **ret_source, struct error **err)
{
	if (text.len > DOCKERFILE_SIZE_MAX)
		return error_new(err, ERR_LIMIT, "%s: %zu bytes, a Dockerfile may have %d", file,
				 text.len, DOCKERFILE_SIZE_MAX);
	struct dockerfile_source *s = arena_alloc(a, sizeof(*s));

	if (str_has_prefix(text, "\xEF\xBB\xBF"))
		text = str_skip(text, 3);
	s->file = arena_strdup(a, str_from(file));
	s->text = arena_str(a, text);
	find_lines(a, s);
	int r = check_lines(s, err);

	if (r < 0)
		return r;
	*ret_source = s;
	return 0;
}

void lexer_init(struct lexer *l, struct arena *a, const struct dockerfile_source *source)
{
	*l = (struct lexer){.arena = a, .source = source, .escape = '\\'};
	l->joined = STRBUF_INIT(0);
}

void lexer_fini(struct lexer *l)
{
	strbuf_fini(&l->joined);
}

/* "# key = value" as key and value; false when the comment has another form. */
static bool split_directive(str comment, str *ret_key, str *ret_value)
{
	str s = lexer_trim_left(str_skip(comment, 1));
	size_t n = 0;

	while (n < s.len && isalnum((unsigned char)s.ptr[n]))
		n++;
	str value = lexer_trim_left(str_skip(s, n));

	if (n == 0 || !isalpha((unsigned char)s.ptr[0]) || value.len == 0 || value.ptr[0] != '=')
		return false;
	*ret_key = str_head(s, n);
	*ret_value = lexer_trim(str_skip(value, 1));
	return ret_value->len != 0;
}

static int set_escape(struct lexer *l, str value, const struct error_position *pos,
		      struct error **err)
{
	if (!str_is(value, "\\") && !str_is(value, "`"))
		return error_at(err, pos, "escape directive takes \\ or `, not '%.*s'",
				STR_ARG(str_head(value, 20)));
	l->escape = value.ptr[0];
	l->has_escape = true;
	return 0;
}

/*
 * Directives stand in the comments at the very top; anything else there ends them. Returns 1 when
 * the line is one.
 */
static int read_directive(struct lexer *l, str text, unsigned line, struct error **err)
{
	struct error_position pos = lexer_source_position(l->source, line, 1);
	str key, value;

	if (l->directives_over)
		return 0;
	if (line == 1 && str_has_prefix(text, "#!"))
		return 1; /* "#!/usr/bin/env ..." may stand above them */
	if (text.len == 0 || text.ptr[0] != '#' || !split_directive(text, &key, &value)) {
		l->directives_over = true;
		return 0;
	}
	str *slot = str_is_nocase(key, "syntax")  ? &l->syntax
		    : str_is_nocase(key, "check") ? &l->check
						  : NULL;

	if (!slot && !str_is_nocase(key, "escape")) {
		l->directives_over = true;
		return 0;
	}
	if (slot ? slot->len != 0 : l->has_escape)
		return error_at(err, &pos, "second '%.*s' directive", STR_ARG(key));
	if (!slot && set_escape(l, value, &pos, err) < 0)
		return -ERR_PARSE;
	if (slot)
		*slot = value;
	return 1;
}

/* An escape character that ends the line, unless the character before is one, too. */
static bool cut_continuation(str *text, char escape)
{
	size_t len = text->len;

	while (len && (text->ptr[len - 1] == ' ' || text->ptr[len - 1] == '\t'))
		len--;
	if (len == 0 || text->ptr[len - 1] != escape || (len > 1 && text->ptr[len - 2] == escape))
		return false;
	text->len = len - 1;
	return true;
}

static void add_piece(struct lexer *l, struct logical_line *line, str text, unsigned number,
		      unsigned column)
{
	line->pieces = arena_grow(l->arena, line->pieces, line->piece_count, sizeof(*line->pieces));
	line->pieces[line->piece_count++] = (struct logical_piece){l->joined.len, number, column};
	strbuf_add_str(&l->joined, text);
}

static void read_continuation(struct lexer *l, struct logical_line *line)
{
	bool more = true;

	while (more && l->next < l->source->line_count) {
		str text = lexer_source_line(l->source, ++l->next);
		str trimmed = lexer_trim_left(text);

		if (trimmed.len == 0)
			line->has_empty_continuation = true;
		if (trimmed.len == 0 || trimmed.ptr[0] == '#')
			continue;
		more = cut_continuation(&text, l->escape);
		add_piece(l, line, text, l->next, 1);
	}
}

/* The comment lines from l->comment_line to the one before @line. */
static str comment_block(const struct lexer *l, unsigned line)
{
	const uint32_t *starts = l->source->line_starts;

	if (l->comment_line == 0)
		return (str){NULL, 0};
	size_t start = starts[l->comment_line - 1];

	return str_make(l->source->text.ptr + start, starts[line - 1] - start);
}

int lexer_next(struct lexer *l, struct logical_line *ret_line, struct error **err)
{
	while (l->next < l->source->line_count) {
		str raw = lexer_source_line(l->source, ++l->next), text = lexer_trim_left(raw);
		unsigned number = l->next, column = (unsigned)(text.ptr - raw.ptr) + 1;
		struct logical_line line = {0};
		int r = read_directive(l, text, number, err);

		if (r < 0)
			return r;
		if (r > 0 || text.len == 0 || text.ptr[0] == '#') {
			bool comment = r == 0 && lexer_trim(str_skip(text, 1)).len != 0;

			if (!comment)
				l->comment_line = 0;
			else if (l->comment_line == 0)
				l->comment_line = number;
			continue;
		}
		bool more = cut_continuation(&text, l->escape);

		strbuf_clear(&l->joined);
		add_piece(l, &line, text, number, column);
		if (more)
			read_continuation(l, &line);
		line.joined =
			line.piece_count == 1 ? text : arena_str(l->arena, strbuf_str(&l->joined));
		line.text = lexer_trim(line.joined);
		line.comments = comment_block(l, number);
		line.end_line = l->next;
		l->comment_line = 0;
		if (line.text.len == 0)
			continue; /* nothing but an escape character */
		*ret_line = line;
		return 1;
	}
	return 0;
}

void lexer_locate(const struct logical_line *line, const char *at, unsigned *ret_line,
		  unsigned *ret_column)
{
	size_t offset = (size_t)(at - line->joined.ptr), low = 0, high = line->piece_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (line->pieces[middle].offset <= offset)
			low = middle;
		else
			high = middle;
	}
	*ret_line = line->pieces[low].line;
	*ret_column = line->pieces[low].column + (unsigned)(offset - line->pieces[low].offset);
}
