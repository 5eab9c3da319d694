/* SPDX-License-Identifier: Apache-2.0 */
/* Messages as lines of JSON, escaped as Docker does, and back. */
#include "codec/json.h"
#include "log.h"

static const char *const stream_names[] = { [LOG_STDOUT] = "stdout", [LOG_STDERR] = "stderr" };

/* Length of the UTF-8 sequence at the front of @s; 0: not valid. */
static size_t sequence_length(str s)
{
	const unsigned char *p = (const unsigned char *)s.ptr;
	size_t n = p[0] < 0x80	 ? 1
		   : p[0] < 0xc2 ? 0
		   : p[0] < 0xe0 ? 2
		   : p[0] < 0xf0 ? 3
		   : p[0] < 0xf5 ? 4
				 : 0;

	if (n == 0 || n > s.len)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	/* Overlong forms, surrogates, beyond U+10FFFF. */
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

static bool is_line_separator(str s)
{
	return s.len >= 3 && memcmp(s.ptr, "\xe2\x80", 2) == 0 &&
	       (s.ptr[2] == '\xa8' || s.ptr[2] == '\xa9');
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
}

static void escape_byte(unsigned char c, struct strbuf *out)
{
	switch (c) {
	case '"':
		strbuf_add_text(out, "\\\"");
		break;
	case '\\':
		strbuf_add_text(out, "\\\\");
		break;
	case '\n':
		strbuf_add_text(out, "\\n");
		break;
	case '\r':
		strbuf_add_text(out, "\\r");
		break;
	default:
		strbuf_addf(out, "\\u%04x", c);
		break;
	}
}

static void escape(str text, struct strbuf *out)
{
	while (text.len) {
		size_t plain = 0;

		while (plain < text.len && is_plain((unsigned char)text.ptr[plain]))
			plain++;
		strbuf_add(out, text.ptr, plain);
		text = str_skip(text, plain);
		if (!text.len)
			return;
		size_t n = sequence_length(text);

		if (n == 0)
			strbuf_add_text(out, "\\ufffd");
		else if (n == 1)
			escape_byte((unsigned char)text.ptr[0], out);
		else if (is_line_separator(text))
			strbuf_add_text(out, text.ptr[2] == '\xa8' ? "\\u2028" : "\\u2029");
		else
			strbuf_add(out, text.ptr, n);
		text = str_skip(text, n ? n : 1);
	}
}

/* Docker's form of a time has no zeros at the end of the fraction. */
static void format_time(struct timespec at, char when[36])
{
	clock_format_rfc3339(at, when);
	if (!strchr(when, '.'))
		return;
	char *end = when + strlen(when) - 1; /* at the 'Z' */

	while (end[-1] == '0')
		end--;
	memcpy(end, "Z", 2);
}

void log_format(enum log_stream stream, str text, struct timespec at, struct strbuf *out)
{
	char when[36];

	format_time(at, when);
	strbuf_add_text(out, "{\"log\":\"");
	escape(text, out);
	strbuf_addf(out, "\",\"stream\":\"%s\",\"time\":\"%s\"}\n", stream_names[stream], when);
}

bool log_parse(str line, struct log_message *m, struct strbuf *text)
{
	CLEANUP(error) struct error *ignored = NULL;
	CLEANUP_JSON json_t *j = NULL;

	if (json_read(line, "log", &j, &ignored) < 0)
		return false;
	const json_t *log = json_object_get(j, "log");
	const char *stream = json_get_text(j, "stream");

	if (!json_is_string(log) ||
	    !clock_parse_rfc3339(str_from(json_get_text(j, "time")), &m->at))
		return false;
	strbuf_clear(text);
	strbuf_add(text, json_string_value(log), json_string_length(log));
	m->text = strbuf_str(text);
	m->stream = stream && strcmp(stream, "stderr") == 0 ? LOG_STDERR : LOG_STDOUT;
	return true;
}
