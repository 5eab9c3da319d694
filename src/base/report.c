/* SPDX-License-Identifier: Apache-2.0 */
/* Formatting of warnings for their sink. */
#include "base/report.h"

#include <stdarg.h>
#include <stdio.h>

void report_warn(const struct report *r, const struct error_position *pos, const char *code,
		 const char *fmt, ...)
{
	CLEANUP_FREE char *text = NULL;
	va_list ap;

	if (!r || !r->warn)
		return;
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	r->warn(r->ctx, pos, code, text);
}
