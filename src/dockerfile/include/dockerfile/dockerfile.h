/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Dockerfile as a tree with positions. Pure: text in, tree or error out, no files, no execution.
 *
 * Source of the semantics: BuildKit's Dockerfile frontend. The parser checks everything that can be
 * known without a base image: instruction names, flags and their values' syntax, number of
 * arguments, JSON forms, heredocs, stage names. Variables are not expanded here; see expand.h.
 */
#ifndef DOCKERFILE_DOCKERFILE_H
#define DOCKERFILE_DOCKERFILE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/report.h"

enum instruction_kind {
	INSTRUCTION_ADD,
	INSTRUCTION_ARG,
	INSTRUCTION_CMD,
	INSTRUCTION_COPY,
	INSTRUCTION_ENTRYPOINT,
	INSTRUCTION_ENV,
	INSTRUCTION_EXPOSE,
	INSTRUCTION_FROM,
	INSTRUCTION_HEALTHCHECK,
	INSTRUCTION_LABEL,
	INSTRUCTION_MAINTAINER,
	INSTRUCTION_ONBUILD,
	INSTRUCTION_RUN,
	INSTRUCTION_SHELL,
	INSTRUCTION_STOPSIGNAL,
	INSTRUCTION_USER,
	INSTRUCTION_VOLUME,
	INSTRUCTION_WORKDIR,
	INSTRUCTION_COUNT,
};

/** struct instruction_flag - "--name=value" before the arguments; unexpanded */
struct instruction_flag {
	str name; /* without the dashes */
	str value;
	bool has_value; /* false for a bare "--link" */
	unsigned line, column;
};

/** struct heredoc - One "<<NAME" document of an instruction */
struct heredoc {
	str word; /* as written: "<<-'EOF'" */
	str name;
	str body;    /* tabs already stripped for "<<-" */
	str raw;     /* the body as written, without the line of the delimiter */
	bool expand; /* false when the delimiter was quoted */
	bool strip_tabs;
	unsigned line; /* of the first line of the body */
};

/** struct key_value - One pair of ENV, LABEL, ARG; value unexpanded, quotes still in place */
struct key_value {
	str key;
	str value;
	bool has_value; /* ARG without "=" has none */
};

/* The text that lines and columns refer to: the file, or a trigger of a base image. */
struct dockerfile_source;

/** struct healthcheck - HEALTHCHECK; durations in nanoseconds, 0: inherit the default */
struct healthcheck {
	bool none;
	bool is_shell; /* CMD-SHELL (args[0] is the command line), else CMD (args is the argv) */
	int64_t interval_ns, timeout_ns, start_period_ns, start_interval_ns;
	unsigned retries;
};

/**
 * struct instruction - One instruction
 * @args: RUN CMD ENTRYPOINT HEALTHCHECK(CMD): argv when @json, else one element, the shell text
 *        (heredoc bodies not included); SHELL VOLUME: the list; COPY ADD: sources then destination
 *        (a heredoc source is its "<<NAME" word); EXPOSE: words; FROM: reference [, "AS", name];
 *        WORKDIR USER STOPSIGNAL MAINTAINER: the rest of the line; ONBUILD: the trigger's text
 */
struct instruction {
	enum instruction_kind kind;
	const struct dockerfile_source *source;
	unsigned line, end_line, column; /* of the first word; from 1 */
	unsigned empty_continuation;	 /* last line of a text that skips empty lines, else 0 */
	str comments;			 /* the comment lines right above, as written */
	str word;			 /* the instruction word as it was written */
	str original; /* as written, continuations joined, comments dropped; for messages */
	struct instruction_flag *flags;
	size_t flag_count;
	bool json;
	str *args;
	size_t arg_count;
	struct key_value *pairs; /* ENV, LABEL, ARG */
	size_t pair_count;
	bool legacy_pair;	  /* ENV, LABEL: "key value" without "=" */
	struct heredoc *heredocs; /* of a trigger: in @trigger, and verbatim in args[0] */
	size_t heredoc_count;
	struct healthcheck healthcheck;
	struct instruction *trigger; /* ONBUILD: the parsed trigger */
};

/** struct dockerfile_stage - FROM and what follows it */
struct dockerfile_stage {
	const struct instruction *from;
	str name;				 /* lower case, empty when unnamed */
	const struct instruction **instructions; /* without FROM */
	size_t instruction_count;
};

struct dockerfile {
	struct arena *arena;
	const char *file; /* as given, for messages */
	str text;	  /* without byte order mark */
	const struct dockerfile_source *source;
	char escape;				/* '\\' or '`' */
	str syntax;				/* value of "# syntax=", accepted and not fetched */
	str check;				/* value of "# check=" */
	const struct instruction **global_args; /* ARG before the first FROM */
	size_t global_arg_count;
	struct dockerfile_stage *stages;
	size_t stage_count;
};

/* Larger files fail with ERR_LIMIT. */
enum {
	DOCKERFILE_SIZE_MAX = 1 << 20,
	DOCKERFILE_LINE_MAX = 65535,
	DOCKERFILE_INSTRUCTIONS_MAX = 10000,
};

/**
 * dockerfile_parse() - Text to tree
 * @file: name for messages, copied
 * @warnings: sink for lint findings that parsing sees (BuildKit's names as codes); may be NULL
 * Return: 0 and a tree to dockerfile_free(), or -ERR_PARSE (with position, source line, caret and,
 *         where there is a near word, a "did you mean" hint), -ERR_LIMIT
 */
int dockerfile_parse(const char *file, str text, const struct report *warnings,
		     struct dockerfile **ret_df, struct error **err);
void dockerfile_free(struct dockerfile *df);
DEFINE_CLEANUP(dockerfile, dockerfile_free);

/**
 * dockerfile_parse_trigger() - One ONBUILD trigger out of an image's config
 * @origin: the image; positions name "ONBUILD of <origin>"
 * Allocated in @df's arena. The escape character is '\', whatever the image's own file said.
 * Return: 0, -ERR_PARSE (also when it is not exactly one instruction), -ERR_LIMIT
 */
int dockerfile_parse_trigger(struct dockerfile *df, const char *origin, str text,
			     const struct instruction **ret_instruction, struct error **err);

/** dockerfile_position() - Position of an instruction, with its source line */
struct error_position dockerfile_position(const struct dockerfile *df,
					  const struct instruction *in);

/** dockerfile_position_at() - Position of a line and column */
struct error_position dockerfile_position_at(const struct dockerfile *df, unsigned line,
					     unsigned column);

/** instruction_flag() - The last flag of that name, or NULL */
const struct instruction_flag *instruction_flag(const struct instruction *in, const char *name);

/**
 * instruction_heredoc() - The heredoc that argument @arg of COPY or ADD stands for
 * Return: NULL when it is a path
 */
const struct heredoc *instruction_heredoc(const struct instruction *in, size_t arg);

/** instruction_name() - "COPY" ... */
const char *instruction_name(enum instruction_kind kind);

/**
 * dockerfile_find_stage() - Stage of that name (no case, the last one wins) or number
 * @limit: only the first so many stages count
 * Return: index or -1
 */
ptrdiff_t dockerfile_find_stage(const struct dockerfile *df, str name, size_t limit);

/**
 * dockerfile_is_signal() - Is it a signal for STOPSIGNAL: a number, or a name with or without SIG?
 * Parsing checks only values without variables; the builder checks the expanded ones.
 */
bool dockerfile_is_signal(str text);

/**
 * dockerfile_is_check_skipped() - Does "# check=skip=..." name @rule, on top or right above @in?
 * @in: may be NULL for findings about the whole file
 */
bool dockerfile_is_check_skipped(const struct dockerfile *df, const struct instruction *in,
				 const char *rule);

#endif
