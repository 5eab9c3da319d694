/* SPDX-License-Identifier: Apache-2.0 */
/* What went wrong in the child, in a form that crosses a socket. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "launch.h"

int launch_fail(struct launch_failure *f, int code, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	*f = (struct launch_failure){.code = code, .errnum = code ? 0 : saved};
	va_start(ap, fmt);
	(void)vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	errno = saved;
	return -1;
}

int launch_report(const struct launch_failure *f, struct error **err)
{
	int r;

	if (f->code == 0) {
		errno = f->errnum;
		r = error_errno(err, "%s", f->text);
	} else {
		r = error_new(err, (enum error_code)f->code, "%s", f->text);
	}
	if (f->status)
		error_set_status(err, f->status);
	if (f->hint[0])
		(void)error_hint(err, "%s", f->hint);
	return r;
}
