/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where warnings go: modules never print, they tell the sink that they were given.
 */
#ifndef BASE_REPORT_H
#define BASE_REPORT_H

#include "base/error.h"

struct report {
	/** @warn: called for each finding; @pos may be NULL; @code is a stable id or NULL */
	void (*warn)(void *ctx, const struct error_position *pos, const char *code,
		     const char *text);
	void *ctx;
};

/** report_warn() - Format and hand over; a NULL sink drops it */
void report_warn(const struct report *r, const struct error_position *pos, const char *code,
		 const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
