/* SPDX-License-Identifier: Apache-2.0 */
/* Error objects and their rendering. */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/strv.h"

struct error {
	enum error_code code;
	int status;
	struct strv frames; /* innermost first: adding context is appending */
	char *hint;
	bool has_position;
	struct error_position pos; /* file and source_line are owned */
};

static const char *const code_names[] = {
	[ERR_NONE] = "none",
	[ERR_USAGE] = "usage",
	[ERR_PARSE] = "parse",
	[ERR_NOT_FOUND] = "not-found",
	[ERR_EXISTS] = "exists",
	[ERR_BUSY] = "busy",
	[ERR_IO] = "io",
	[ERR_NO_SPACE] = "no-space",
	[ERR_PERMISSION] = "permission",
	[ERR_NETWORK] = "network",
	[ERR_AUTH] = "auth",
	[ERR_DIGEST] = "digest",
	[ERR_UNSUPPORTED] = "unsupported",
	[ERR_LIMIT] = "limit",
	[ERR_TIMEOUT] = "timeout",
	[ERR_CANCELLED] = "cancelled",
	[ERR_FAILED] = "failed",
	[ERR_INTERNAL] = "internal",
};
_Static_assert(ARRAY_SIZE(code_names) == ERR_COUNT, "a name for every code");

const char *error_code_name(enum error_code code)
{
	return code_names[code];
}

static enum error_code code_from_errno(int e)
{
	switch (e) {
	case ENOENT:
		return ERR_NOT_FOUND;
	case EEXIST:
		return ERR_EXISTS;
	case ENOSPC:
	case EDQUOT:
		return ERR_NO_SPACE;
	case EACCES:
	case EPERM:
		return ERR_PERMISSION;
	case EADDRINUSE:
	case EBUSY:
		return ERR_BUSY;
	default:
		return ERR_IO;
	}
}

static int make(struct error **err, enum error_code code, const char *fmt, va_list ap,
		const char *suffix)
{
	struct error *e = x_alloc(sizeof(*e));
	char *text = NULL;

	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	e->code = code;
	if (suffix)
		strv_addf(&e->frames, "%s: %s", text, suffix);
	else
		strv_add(&e->frames, text);
	free(text);
	error_free(*err);
	*err = e;
	return -(int)code;
}

int error_new(struct error **err, enum error_code code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int r = make(err, code, fmt, ap, NULL);

	va_end(ap);
	return r;
}

int error_errno(struct error **err, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	va_start(ap, fmt);
	int r = make(err, code_from_errno(saved), fmt, ap, strerror(saved));

	va_end(ap);
	errno = saved;
	return r;
}

int error_at(struct error **err, const struct error_position *pos, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int r = make(err, ERR_PARSE, fmt, ap, NULL);

	va_end(ap);
	error_set_position(err, pos);
	return r;
}

int error_context(struct error **err, const char *fmt, ...)
{
	va_list ap;
	char *text = NULL;

	if (!*err)
		(void)error_new(err, ERR_INTERNAL, "failed without saying why");
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	strv_add(&(*err)->frames, text);
	free(text);
	return -(int)(*err)->code;
}

int error_hint(struct error **err, const char *fmt, ...)
{
	va_list ap;
	char *text = NULL;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	free((*err)->hint);
	(*err)->hint = text;
	return -(int)(*err)->code;
}

void error_set_position(struct error **err, const struct error_position *pos)
{
	struct error *e = *err;

	if (e->has_position)
		return;
	e->has_position = true;
	e->pos = *pos;
	e->pos.file = x_strdup(pos->file ? pos->file : "");
	e->pos.source_line = str_from(str_dup(pos->source_line));
}

void error_set_status(struct error **err, int status)
{
	(*err)->status = status;
}

int error_move(struct error **err, struct error **from)
{
	error_free(*err);
	*err = STEAL_PTR(from);
	return -(int)(*err)->code;
}

enum error_code error_code(const struct error *err)
{
	return err ? err->code : ERR_NONE;
}

int error_status(const struct error *err)
{
	return err ? err->status : 0;
}

size_t error_frame_count(const struct error *err)
{
	return err->frames.count;
}

const char *error_frame(const struct error *err, size_t i)
{
	return err->frames.items[err->frames.count - 1 - i];
}

const char *error_hint_text(const struct error *err)
{
	return err->hint;
}

const struct error_position *error_position(const struct error *err)
{
	return err->has_position ? &err->pos : NULL;
}

/*
 * Hostile text must not act on the terminal: control characters (C0 but tab, DEL, C1) and what is
 * not UTF-8 become '?', a line's end becomes @line_end.
 */
static void add_safe(struct strbuf *out, str text, const char *line_end)
{
	while (text.len) {
		size_t n = str_utf8_length(text);
		unsigned char c = (unsigned char)text.ptr[0];
		bool is_control = (n == 1 && ((c < 0x20 && c != '\t') || c == 0x7f)) ||
				  (n == 2 && c == 0xc2 && (unsigned char)text.ptr[1] < 0xa0);

		if (c == '\n')
			strbuf_add_text(out, line_end);
		else if (n == 0 || is_control)
			strbuf_add_char(out, '?');
		else
			strbuf_add(out, text.ptr, n);
		text = str_skip(text, n ? n : 1);
	}
}

/* The source line with a caret below; tabs are kept so that the caret stands right. */
static void format_source(const struct error_position *pos, struct strbuf *out)
{
	str line = str_trim_right(str_head(pos->source_line, 300));

	strbuf_addf(out, "  %4u | ", pos->line);
	add_safe(out, line, "?");
	strbuf_add_char(out, '\n');
	if (pos->column == 0 || pos->column > line.len + 1)
		return;
	strbuf_add_text(out, "       | ");
	for (unsigned i = 0; i + 1 < pos->column; i++)
		strbuf_add_char(out, line.ptr[i] == '\t' ? '\t' : ' ');
	strbuf_add_text(out, "^\n");
}

void error_format(const struct error *err, struct strbuf *out)
{
	const struct error_position *pos = error_position(err);

	if (pos) {
		add_safe(out, str_from(pos->file), "?");
		if (pos->line)
			strbuf_addf(out, ":%u", pos->line);
		if (pos->line && pos->column)
			strbuf_addf(out, ":%u", pos->column);
		strbuf_add_text(out, ": ");
	}
	for (size_t i = 0; i < error_frame_count(err); i++) {
		strbuf_add_text(out, i ? ": " : "");
		add_safe(out, str_from(error_frame(err, i)), "\n  ");
	}
	strbuf_add_char(out, '\n');
	if (pos && pos->source_line.len)
		format_source(pos, out);
	if (err->hint) {
		strbuf_add_text(out, "  hint: ");
		add_safe(out, str_from(err->hint), "\n  ");
		strbuf_add_char(out, '\n');
	}
}

void error_free(struct error *err)
{
	if (!err)
		return;
	strv_fini(&err->frames);
	free(err->hint);
	if (err->has_position) {
		free((void *)(uintptr_t)err->pos.file); /* owned copies behind const views */
		free((void *)(uintptr_t)err->pos.source_line.ptr);
	}
	free(err);
}
