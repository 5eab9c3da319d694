/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Progress on standard error: of a build's steps, of a stack's containers. Plain lines when it is not
 * a terminal, redrawn lines when it is.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "base/clock.h"
#include "build/build.h"
#include "stack/stack.h"

enum progress_mode { PROGRESS_AUTO, PROGRESS_PLAIN, PROGRESS_TTY, PROGRESS_QUIET, PROGRESS_RAWJSON };

enum { PROGRESS_ACTIVE_MAX = 32 };

/** struct progress_step - A step that is running */
struct progress_step {
	unsigned number;
	char *name;
	struct strbuf line; /* output of which the end of the line has not come yet */
	char *last;	    /* last complete line, for the terminal */
	usec_t started;
};

struct build_view {
	enum progress_mode mode;
	struct progress_step active[PROGRESS_ACTIVE_MAX];
	size_t active_count;
	unsigned drawn; /* lines of the terminal below the last finished step */
	unsigned cached, run;
	struct build_progress progress; /* give this to build_run() */
};

/** build_view_init() - AUTO becomes TTY or PLAIN */
void build_view_init(struct build_view *v, enum progress_mode mode);
void build_view_fini(struct build_view *v);

/** progress_mode_parse() - "auto", "plain", "tty", "quiet", "rawjson"; false on anything else */
bool progress_mode_parse(const char *text, enum progress_mode *ret);

struct stack_view {
	bool tty;
	struct strv names; /* "Container x", in order of appearance */
	struct strv states;
	struct strv done; /* "1" when finished */
	unsigned drawn;
	struct stack_progress progress; /* give this to stack_up() and its like */
};

void stack_view_init(struct stack_view *v);
void stack_view_fini(struct stack_view *v);

#endif
