/* SPDX-License-Identifier: Apache-2.0 */
/* One logical line to one instruction. */
#ifndef DOCKERFILE_PARSER_H
#define DOCKERFILE_PARSER_H

#include "lexer.h"

/** struct parse - What the readers of one instruction need */
struct parse {
	struct arena *arena;
	struct lexer *lexer;
	const struct logical_line *line;
};

enum flag_type { FLAG_BOOL, FLAG_VALUE, FLAG_LIST };

struct flag_rule {
	const char *name;
	enum flag_type type;
};

enum { INSTRUCTION_FLAGS_MAX = 8 };

/**
 * struct instruction_rule - What is known about an instruction before reading it
 * @read: arguments to fields of @in; @rest is the line behind the flags, without outer blanks
 * @min_args: counted in args, or in pairs
 */
struct instruction_rule {
	const char *name;
	int (*read)(struct parse *p, str rest, struct instruction *in, struct error **err);
	size_t min_args;
	bool heredocs;
	struct flag_rule flags[INSTRUCTION_FLAGS_MAX];
};

/* In the order of enum instruction_kind. */
extern const struct instruction_rule instruction_rules[INSTRUCTION_COUNT];

/** parser_position() - Of a byte of the current logical line */
struct error_position parser_position(const struct parse *p, const char *at);

/**
 * parser_read() - Parse @text, the current line or the trigger inside it
 * @in: zeroed
 * Return: 0 or -ERR_PARSE
 */
int parser_read(struct parse *p, str text, struct instruction *in, struct error **err);

/** parser_read_command() - A JSON array as argv, else one argument, the shell's text */
int parser_read_command(struct parse *p, str rest, struct instruction *in, struct error **err);

int parser_read_healthcheck(struct parse *p, str rest, struct instruction *in, struct error **err);

/** parser_read_pairs() - ENV and LABEL: "name=value ..." or the legacy "name the rest" */
int parser_read_pairs(struct parse *p, str rest, struct instruction *in, struct error **err);

/** parser_read_args() - ARG: "name" or "name=value", several */
int parser_read_args(struct parse *p, str rest, struct instruction *in, struct error **err);

enum { PARSER_SHOWN_MAX = 64 }; /* bytes of a word that a message repeats */

#endif
