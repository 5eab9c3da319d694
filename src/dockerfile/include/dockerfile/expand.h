/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words: quotes, escapes and variables, as BuildKit's shell lexer treats them.
 *
 * Operators: $v ${v} ${v:-w} ${v-w} ${v:+w} ${v+w} ${v:?e} ${v?e} ${v#p} ${v##p} ${v%p} ${v%%p}
 * ${v/p/r} ${v//p/r}; nesting is allowed in w.
 */
#ifndef DOCKERFILE_EXPAND_H
#define DOCKERFILE_EXPAND_H

#include "base/arena.h"
#include "base/error.h"
#include "base/strv.h"

/** struct expand_env - Where variables come from */
struct expand_env {
	/** @get: value of @name, or false when unset */
	bool (*get)(void *ctx, str name, str *ret_value);
	/** @unset: told of every plain use of an unset variable (UndefinedVar); may be NULL */
	void (*unset)(void *ctx, str name);
	void *ctx;
	char escape;
	bool raw_quotes;  /* heredoc bodies: quotes are text, only variables and escapes act */
	bool raw_escapes; /* keep the escape character in the result */
};

enum {
	EXPAND_RESULT_MAX = 1 << 20,
	EXPAND_DEPTH_MAX = 64,
	EXPAND_PATTERN_MAX = 1024, /* characters of a pattern after # % / */
};

/** expand_word() - One word without splitting (ENV value, COPY path, --chown ...) */
int expand_word(struct arena *a, str word, const struct expand_env *env, str *ret_text,
		struct error **err);

/** expand_words() - Expansion, then splitting at unquoted blanks, also those out of variables */
int expand_words(struct arena *a, str word, const struct expand_env *env, struct strv *ret_words,
		 struct error **err);

#endif
