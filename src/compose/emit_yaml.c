/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JSON value as YAML, in the style of Go's encoder: two spaces, lists indented below their key,
 * quotes only where a text would read as something else, block texts for several lines.
 */
#include <stdio.h>

#include "canonical.h"
#include "codec/yaml.h"
#include "scalar.h"

enum style { STYLE_PLAIN, STYLE_SINGLE, STYLE_DOUBLE, STYLE_BLOCK };

/* "22:22", "1:30:00": numbers to base 60 in YAML 1.1. */
static bool is_sexagesimal(str s)
{
	str rest = s, piece = { NULL, 0 };
	uint64_t number = 0;
	size_t count = 0;

	while (str_cut(&rest, ':', &piece)) {
		if (!str_to_u64(piece, count ? 59 : UINT64_MAX, &number) ||
		    (count && piece.len > 2))
			return false;
		count++;
	}
	return count > 1;
}

static bool is_date(str s)
{
	uint64_t number = 0;

	return s.len >= 10 && s.ptr[4] == '-' && s.ptr[7] == '-' &&
	       str_to_u64(str_head(s, 4), 9999, &number) &&
	       str_to_u64(str_make(s.ptr + 5, 2), 12, &number);
}

/* Words, dates and numbers that older readers do not take for strings. */
static bool is_ambiguous(str s)
{
	static const char *const words[] = { "y", "n", "yes", "no", "on", "off", "<<", "=" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (str_is_nocase(s, words[i]))
			return true;
	}
	return is_sexagesimal(s) || is_date(s);
}

static bool needs_quotes(str s)
{
	char last = s.ptr[s.len - 1];

	if (strchr("[]{},#&*!|>'\"%@`", s.ptr[0]) || s.ptr[0] == ' ' || last == ' ' || last == ':')
		return true;
	if (strchr("-?:", s.ptr[0]) && (s.len == 1 || s.ptr[1] == ' '))
		return true;
	if (str_has_prefix(s, "---") || str_has_prefix(s, "..."))
		return true;
	for (size_t i = 0; i + 1 < s.len; i++) {
		if ((s.ptr[i] == ':' && s.ptr[i + 1] == ' ') ||
		    (s.ptr[i] == ' ' && s.ptr[i + 1] == '#'))
			return true;
	}
	return false;
}

static enum style choose_style(str s, bool is_key)
{
	bool lines = false;

	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if ((c < 0x20 && c != '\n') || c == 0x7f)
			return STYLE_DOUBLE;
		lines |= c == '\n';
	}
	if (lines)
		return is_key || s.ptr[0] == ' ' || s.ptr[0] == '\n' ? STYLE_DOUBLE : STYLE_BLOCK;
	if (s.len == 0 || yaml_resolve_plain(s) != YAML_STRING || is_ambiguous(s))
		return STYLE_DOUBLE;
	return needs_quotes(s) ? STYLE_SINGLE : STYLE_PLAIN;
}

static void add_double(struct strbuf *out, str s)
{
	strbuf_add_char(out, '"');
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (c == '"' || c == '\\')
			strbuf_addf(out, "\\%c", c);
		else if (c == '\n')
			strbuf_add_text(out, "\\n");
		else if (c == '\t')
			strbuf_add_text(out, "\\t");
		else if ((unsigned char)c < 0x20 || c == 0x7f)
			strbuf_addf(out, "\\x%02X", (unsigned)(unsigned char)c);
		else
			strbuf_add_char(out, c);
	}
	strbuf_add_char(out, '"');
}

static void add_single(struct strbuf *out, str s)
{
	strbuf_add_char(out, '\'');
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '\'')
			strbuf_add_char(out, '\'');
		strbuf_add_char(out, s.ptr[i]);
	}
	strbuf_add_char(out, '\'');
}

static void add_indent(struct strbuf *out, unsigned indent)
{
	for (unsigned i = 0; i < indent; i++)
		strbuf_add_char(out, ' ');
}

/* The last line end is part of the text or not; more than one is kept by "+". */
static void add_block(struct strbuf *out, str s, unsigned indent)
{
	bool ends = s.ptr[s.len - 1] == '\n', many = ends && s.len > 1 && s.ptr[s.len - 2] == '\n';
	str rest = ends ? str_head(s, s.len - 1) : s, line = { NULL, 0 };

	strbuf_add_text(out, many ? "|+" : ends ? "|" : "|-");
	while (str_cut(&rest, '\n', &line)) {
		strbuf_add_char(out, '\n');
		if (line.len)
			add_indent(out, indent);
		strbuf_add_str(out, line);
	}
}

static void add_text(struct strbuf *out, str s, unsigned indent, bool is_key)
{
	switch (choose_style(s, is_key)) {
	case STYLE_PLAIN:
		strbuf_add_str(out, s);
		break;
	case STYLE_SINGLE:
		add_single(out, s);
		break;
	case STYLE_DOUBLE:
		add_double(out, s);
		break;
	case STYLE_BLOCK:
		add_block(out, s, indent);
		break;
	}
}

static bool is_filled(const json_t *value)
{
	return json_array_size(value) > 0 || json_object_size(value) > 0;
}

static void add_scalar(struct strbuf *out, const json_t *value, unsigned indent)
{
	char number[32];

	switch (json_typeof(value)) {
	case JSON_OBJECT:
		strbuf_add_text(out, "{}");
		break;
	case JSON_ARRAY:
		strbuf_add_text(out, "[]");
		break;
	case JSON_STRING:
		add_text(out, str_make(json_string_value(value), json_string_length(value)), indent,
			 false);
		break;
	case JSON_INTEGER:
		strbuf_addf(out, "%lld", (long long)json_integer_value(value));
		break;
	case JSON_REAL:
		compose_format_number(json_real_value(value), number);
		strbuf_add_text(out, number);
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		strbuf_add_text(out, json_is_true(value) ? "true" : "false");
		break;
	case JSON_NULL:
		strbuf_add_text(out, "null");
		break;
	}
}

/*
 * Entries each end with a newline. @started: the first entry continues a line ("- " of a list).
 * Depth is bounded by that of the YAML the value came from.
 */
static void add_entries(struct strbuf *out, json_t *value, unsigned indent, bool started)
{
	const char *key;
	json_t *child;
	size_t i;

	json_array_foreach(value, i, child) {
		if (i > 0 || !started)
			add_indent(out, indent);
		strbuf_add_text(out, "- ");
		if (is_filled(child)) {
			add_entries(out, child, indent + 2, true);
			continue;
		}
		add_scalar(out, child, indent + 2);
		strbuf_add_char(out, '\n');
	}
	json_object_foreach(value, key, child) {
		if (!started)
			add_indent(out, indent);
		started = false;
		add_text(out, str_from(key), indent, true);
		if (is_filled(child)) {
			strbuf_add_text(out, ":\n");
			add_entries(out, child, indent + 2, false);
			continue;
		}
		strbuf_add_text(out, ": ");
		add_scalar(out, child, indent + 2);
		strbuf_add_char(out, '\n');
	}
}

void compose_emit_yaml(const json_t *value, struct strbuf *out)
{
	/* jansson's iteration takes no const value, though it changes nothing. */
	add_entries(out, (json_t *)(uintptr_t)value, 0, false);
}
