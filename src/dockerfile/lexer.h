/* SPDX-License-Identifier: Apache-2.0 */
/* Physical lines to logical lines: directives, comments, continuations, heredoc bodies. */
#ifndef DOCKERFILE_LEXER_H
#define DOCKERFILE_LEXER_H

#include "dockerfile/dockerfile.h"

/** struct dockerfile_source - A text and where its lines begin */
struct dockerfile_source {
	const char *file;
	str text;
	const uint32_t *line_starts; /* line_count + 1 of them, the last is the end of the text */
	unsigned line_count;
};

/** struct lexer - Reads a source line by line; free with lexer_fini() */
struct lexer {
	struct arena *arena;
	const struct dockerfile_source *source;
	unsigned next; /* physical line to read, from 0 */
	char escape;
	bool directives_over;
	bool has_escape;
	str syntax, check;
	unsigned comment_line; /* first line of the comment block that is being read, 0: none */
	struct strbuf joined;
};

/** struct logical_piece - Where a part of a logical line stands in the file */
struct logical_piece {
	size_t offset; /* in logical_line.joined */
	unsigned line, column;
};

/** struct logical_line - One instruction's text, continuations joined */
struct logical_line {
	str joined;
	str text; /* @joined without blanks at its ends, never empty */
	str comments;
	unsigned end_line;
	bool has_empty_continuation;
	struct logical_piece *pieces;
	size_t piece_count;
};

static inline bool lexer_is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

str lexer_trim_left(str s);
str lexer_trim(str s);

/** lexer_cut_word() - Take the part before the first blank off @rest; @rest loses its blanks */
str lexer_cut_word(str *rest);

/** lexer_source_new() - Copy @text into the arena and find its lines; 0, -ERR_LIMIT or -ERR_PARSE
 */
int lexer_source_new(struct arena *a, const char *file, str text,
		     const struct dockerfile_source **ret_source, struct error **err);

/** lexer_source_line() - Line number @line (from 1) without its end; empty when there is none */
str lexer_source_line(const struct dockerfile_source *source, unsigned line);

struct error_position lexer_source_position(const struct dockerfile_source *source, unsigned line,
					    unsigned column);

void lexer_init(struct lexer *l, struct arena *a, const struct dockerfile_source *source);
void lexer_fini(struct lexer *l);

/** lexer_next() - 1 and the next logical line, 0 at the end, or -ERR_PARSE */
int lexer_next(struct lexer *l, struct logical_line *ret_line, struct error **err);

/**
 * lexer_locate() - Line and column of a byte of a logical line
 * @at: inside @line->joined or at its end
 */
void lexer_locate(const struct logical_line *line, const char *at, unsigned *ret_line,
		  unsigned *ret_column);

/**
 * lexer_take_heredocs() - Find "<<NAME" words in @text (part of @line) and read their bodies
 * The bodies are the physical lines that follow; the lexer goes on behind them.
 */
int lexer_take_heredocs(struct lexer *l, const struct logical_line *line, str text,
			struct instruction *in, struct error **err);

#endif
