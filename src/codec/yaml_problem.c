/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parser's complaints in words that help to correct the file.
 *
 * libyaml says what its grammar missed, which is rarely what the writer did wrong. The common
 * mistakes (tabs, indentation, a colon inside an unquoted value, quotes left open) are recognised
 * from the problem's text together with the line it points to.
 */
#include "yaml_problem.h"

#include <stdio.h>

struct complaint {
	const char *problem; /* part of libyaml's text */
	const char *context; /* part of its context, NULL: any */
	const char *message;
	const char *hint; /* or NULL */
	bool at_context;  /* the mistake is where the construct began */
};

static const struct complaint complaints[] = {
	{ "mapping values are not allowed", NULL, "a mapping value is not allowed here",
	  "indent the key like its neighbours; put a value that contains ': ' in quotes", false },
	{ "block sequence entries are not allowed", NULL, "a list item is not allowed here",
	  "start the list on the line after its key", false },
	{ "could not find expected ':'", NULL, "this line has no ':' after its key",
	  "write 'key: value'; a text over several lines needs quotes or '|'", true },
	{ "unexpected end of stream", "quoted scalar", "the quoted text is never closed", NULL,
	  true },
	{ "unexpected document indicator", "quoted scalar", "the quoted text is never closed", NULL,
	  true },
	{ "did not find expected ',' or ']'", NULL, "the list in '[ ]' is not closed",
	  "separate its items by ',' and end it with ']'", true },
	{ "did not find expected ',' or '}'", NULL, "the mapping in '{ }' is not closed",
	  "separate its entries by ',' and end it with '}'", true },
	{ "unknown escape character", NULL, "unknown escape in a double-quoted text",
	  "write a backslash as '\\\\', or use single quotes", false },
	{ "did not find expected node content", NULL, "a value is missing here", NULL, false },
	{ "<document start>", NULL, "this line does not belong to anything above it",
	  "indent it like the other top-level keys", false },
	{ "undefined tag handle", NULL, "unknown tag",
	  "put a text that starts with '!' in quotes", false },
	{ "control characters are not allowed", NULL, "the file holds a control character", NULL,
	  false },
	{ "UTF-8", NULL, "the file is not valid UTF-8", "save it with that encoding", false },
};

static str indentation(str line)
{
	size_t n = 0;

	while (n < line.len && (line.ptr[n] == ' ' || line.ptr[n] == '\t'))
		n++;
	return str_head(line, n);
}

/* Number of the nearest line above @line that holds more than blanks and comments; 0: none. */
static unsigned line_above(const struct yaml_source *source, unsigned line)
{
	while (--line > 0) {
		str text = str_trim(yaml_source_line(source, line));

		if (text.len && text.ptr[0] != '#')
			return line;
	}
	return 0;
}

static int fail(struct yaml_place place, const char *message, struct error **err)
{
	struct error_position pos = yaml_position(place);

	return error_at(err, &pos, "%s", message);
}

static bool explain_tab(struct yaml_place place, struct error **err)
{
	unsigned above = line_above(place.source, place.line);
	unsigned lines[] = { place.line, above };

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		str indent = lines[i] ? indentation(yaml_source_line(place.source, lines[i]))
				      : (str){ NULL, 0 };
		ptrdiff_t tab = str_find(indent, '\t');

		if (tab < 0)
			continue;
		place.line = lines[i];
		place.column = (unsigned)tab + 1;
		(void)fail(place, "a tab is used for indentation", err);
		(void)error_hint(err, "YAML is indented with spaces only");
		return true;
	}
	return false;
}

/*
 * "mapping values are not allowed": the line looked like a key, but continues a value that began
 * above, either because it is indented deeper ("image: x" then "  ports:") or because the line
 * above lacks its colon ("image x").
 */
static bool explain_key(struct yaml_place place, struct error **err)
{
	unsigned above = line_above(place.source, place.line);
	str text = above ? str_trim(yaml_source_line(place.source, above)) : (str){ NULL, 0 };

	if (text.len == 0 || text.ptr[text.len - 1] == ':')
		return false;
	size_t here = indentation(yaml_source_line(place.source, place.line)).len;
	size_t there = indentation(yaml_source_line(place.source, above)).len;

	if (here == there && str_find(text, ':') < 0) {
		(void)fail((struct yaml_place){ place.source, above, (unsigned)there + 1 },
			   "this line has no ':' after its key", err);
		(void)error_hint(err, "write 'key: value'");
		return true;
	}
	if (here <= there)
		return false;
	place.column = (unsigned)here + 1;
	(void)fail(place, "wrong indentation", err);
	(void)error_hint(err, "the line is indented by %zu spaces, but line %u above it (%zu "
			      "spaces) already has its value",
			 here, above, there);
	return true;
}

/* A line between two levels: the mapping or list that it should continue starts elsewhere. */
static bool explain_level(const yaml_parser_t *parser, struct yaml_place place, struct error **err)
{
	const char *what;

	if (strstr(parser->problem, "did not find expected key"))
		what = "keys";
	else if (strstr(parser->problem, "did not find expected '-' indicator"))
		what = "list items";
	else
		return false;
	str line = yaml_source_line(place.source, place.line);
	size_t here = indentation(line).len, there = parser->context_mark.column;

	if (place.column != here + 1 || here == there)
		return false;
	(void)fail(place, "wrong indentation", err);
	(void)error_hint(err, "the line is indented by %zu spaces; the %s that began in line %zu "
			      "are indented by %zu",
			 here, what, parser->context_mark.line + 1, there);
	return true;
}

static bool explain_from_table(const yaml_parser_t *parser, struct yaml_place place,
			       struct yaml_place began, struct error **err)
{
	for (size_t i = 0; i < ARRAY_SIZE(complaints); i++) {
		const struct complaint *c = &complaints[i];

		if (!strstr(parser->problem, c->problem))
			continue;
		if (c->context && (!parser->context || !strstr(parser->context, c->context)))
			continue;
		(void)fail(c->at_context && began.line ? began : place, c->message, err);
		if (c->hint)
			(void)error_hint(err, "%s", c->hint);
		return true;
	}
	return false;
}

/* '@' and '`' are reserved, '%' and the rest mean something else at the start of a value. */
static bool explain_character(const yaml_parser_t *parser, struct yaml_place place,
			      struct error **err)
{
	str line = yaml_source_line(place.source, place.line);

	if (!strstr(parser->problem, "cannot start any token") || place.column > line.len)
		return false;
	struct error_position pos = yaml_position(place);

	(void)error_at(err, &pos, "a value cannot start with '%c'", line.ptr[place.column - 1]);
	(void)error_hint(err, "put the value in quotes");
	return true;
}

/* The reader reports a byte offset instead of a mark. */
static struct yaml_place place_of_offset(const struct yaml_source *source, size_t offset)
{
	struct yaml_place place = { source, 1, 1 };

	for (size_t i = 0; i < offset && i < source->text.len; i++) {
		place.column++;
		if (source->text.ptr[i] == '\n') {
			place.line++;
			place.column = 1;
		}
	}
	return place;
}

static struct yaml_place place_of_mark(const struct yaml_source *source, yaml_mark_t mark)
{
	return (struct yaml_place){ source, (unsigned)mark.line + 1, (unsigned)mark.column + 1 };
}

int yaml_problem(const yaml_parser_t *parser, const struct yaml_source *source,
		 struct error **err)
{
	struct yaml_place place = place_of_mark(source, parser->problem_mark);
	struct yaml_place began = { source, 0, 0 };

	if (parser->error == YAML_MEMORY_ERROR || !parser->problem)
		return error_new(err, ERR_LIMIT, "%s: out of memory while parsing", source->file);
	if (parser->error == YAML_READER_ERROR)
		place = place_of_offset(source, parser->problem_offset);
	else if (parser->context)
		began = place_of_mark(source, parser->context_mark);
	if (parser->error != YAML_READER_ERROR && explain_tab(place, err))
		return -ERR_PARSE;
	if (strstr(parser->problem, "mapping values are not allowed") && explain_key(place, err))
		return -ERR_PARSE;
	if (explain_level(parser, place, err) || explain_character(parser, place, err) ||
	    explain_from_table(parser, place, began, err))
		return -ERR_PARSE;

	char text[256];

	(void)snprintf(text, sizeof(text), "%s%s%s", parser->context ? parser->context : "",
		       parser->context ? ": " : "", parser->problem); /* cut if longer */
	return fail(place, text, err);
}
