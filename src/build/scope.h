/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Variables of one stage: ENV and ARG in the order of their declaration. Pure.
 *
 * The last declaration wins for what RUN and later instructions see, be it ARG or ENV; the image's
 * config keeps ENV only (that is kept apart, in the stage's config). Proxy variables given with
 * --build-arg need no ARG, reach RUN, and stay out of history and cache keys.
 */
#ifndef BUILD_SCOPE_H
#define BUILD_SCOPE_H

#include "base/arena.h"
#include "base/strv.h"
#include "dockerfile/dockerfile.h"
#include "dockerfile/expand.h"

struct scope {
	struct strv variables; /* NAME=VALUE: what expands, and RUN's environment */
	struct strv args;      /* names of the ARGs that have a value, in order */
	struct strv proxies;   /* NAME=VALUE of predefined proxy arguments */
};

void scope_fini(struct scope *s);

/** scope_copy() - Deep copy: "FROM stage" sees its parent's ARGs */
void scope_copy(struct scope *to, const struct scope *from);
void scope_set_env(struct scope *s, str name, str value);
void scope_set_arg(struct scope *s, str name, str value);

/** scope_expand() - One word with this scope's variables; errors get the position of @in */
int scope_expand(const struct scope *s, struct dockerfile *df, const struct instruction *in, str word,
		 str *ret, struct error **err);

/** scope_expand_env() - The lookup that scope_expand() uses, for other callers of expand.h */
struct expand_env scope_expand_env(const struct scope *s, char escape);

/** scope_arg_prefix() - "|2 A=1 B=x " in front of RUN's history, nothing without ARGs */
void scope_arg_prefix(const struct scope *s, struct strbuf *out);

/** struct build_values - Where ARGs get values from: --build-arg, platform, global ARGs */
struct build_values {
	struct strv given;  /* --build-arg NAME=VALUE */
	struct strv global; /* NAME=VALUE of ARGs before the first FROM, after expansion */
	struct strv platform; /* TARGETPLATFORM=..., BUILDOS=... */
	struct strv used;   /* names of @given that some ARG declared */
};

void build_values_fini(struct build_values *v);

/**
 * build_values_init() - Platform arguments of this machine and the global ARGs, expanded in order
 * @build_args: "K=V", or "K" for the value of our own environment
 */
int build_values_init(struct build_values *v, struct dockerfile *df, const struct strv *build_args,
		      const char *target, struct error **err);

/** build_values_declare() - ARG in a stage: sets what it has a value for */
int build_values_declare(struct build_values *v, struct scope *s, struct dockerfile *df,
			 const struct instruction *in, struct error **err);

/** build_values_proxies() - Proxy arguments into a new scope */
void build_values_proxies(const struct build_values *v, struct scope *s);

#endif
