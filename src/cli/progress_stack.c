/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The view of a stack that comes up or goes down: one line per network, volume, container.
 */
#include <stdio.h>

#include "progress.h"

static void redraw(struct stack_view *v)
{
	if (v->drawn)
		(void)fprintf(stderr, "\033[%uA", v->drawn);
	for (size_t i = 0; i < v->names.count; i++) {
		bool done = v->done.items[i][0] == '1';

		(void)fprintf(stderr, "\033[2K %s %-40s %s%s\033[0m\n", done ? "\033[32m✔\033[0m" : "·",
			      v->names.items[i], done ? "\033[32m" : "\033[33m",
			      v->states.items[i]);
	}
	v->drawn = (unsigned)v->names.count;
}

static size_t row_of(struct stack_view *v, const char *name)
{
	for (size_t i = 0; i < v->names.count; i++) {
		if (strcmp(v->names.items[i], name) == 0)
			return i;
	}
	strv_add(&v->names, name);
	strv_add(&v->states, "");
	strv_add(&v->done, "0");
	return v->names.count - 1;
}

static void on_event(void *ctx, const char *kind, const char *name, const char *what, bool done)
{
	struct stack_view *v = ctx;
	CLEANUP_FREE char *label = x_asprintf("%s %s", kind, name);

	if (!v->tty) {
		(void)fprintf(stderr, " %s  %s\n", label, what);
		return;
	}
	size_t row = row_of(v, label);

	free(v->states.items[row]);
	v->states.items[row] = x_strdup(what);
	v->done.items[row][0] = done ? '1' : '0';
	redraw(v);
	(void)fflush(stderr);
}

void stack_view_init(struct stack_view *v)
{
	*v = (struct stack_view){ .tty = isatty(STDERR_FILENO) == 1 };
	v->progress = (struct stack_progress){ on_event, v };
}

void stack_view_fini(struct stack_view *v)
{
	strv_fini(&v->names);
	strv_fini(&v->states);
	strv_fini(&v->done);
}
