/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command given as one text, split into words like a shell does: quotes and backslashes only.
 *
 * There is no shell behind it, so operators outside quotes are errors: whoever writes "a && b" here
 * expects something that would not happen.
 */
#include "decode.h"

enum word_state { BETWEEN, UNQUOTED, SINGLE, DOUBLE };

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int fail_operator(struct decoder *d, const struct yaml_node *node, char c)
{
	(void)compose_error(node->place, d->err, "'%c' outside quotes: no shell runs this command",
			    c);
	return error_hint(d->err,
			  "write [\"sh\", \"-c\", \"...\"], or put the character in quotes");
}

static int split(struct decoder *d, const struct yaml_node *node, struct compose_list *list)
{
	CLEANUP_STRBUF struct strbuf word = STRBUF_INIT(0);
	enum word_state state = BETWEEN;

	for (size_t i = 0; i < node->text.len; i++) {
		char c = node->text.ptr[i];
		bool quoted = state == SINGLE || state == DOUBLE;

		if (c == '\\' && state != SINGLE && i + 1 < node->text.len) {
			strbuf_add_char(&word, node->text.ptr[++i]);
			state = state == BETWEEN ? UNQUOTED : state;
		} else if ((c == '\'' && state != DOUBLE) || (c == '"' && state != SINGLE)) {
			state = quoted ? UNQUOTED : c == '"' ? DOUBLE : SINGLE;
		} else if (!quoted && is_blank(c)) {
			if (state == UNQUOTED)
				compose_add_text(d->arena, list,
						 arena_strdup(d->arena, strbuf_str(&word)));
			strbuf_clear(&word);
			state = BETWEEN;
		} else if (!quoted && strchr(";&|<>()`", c)) {
			return fail_operator(d, node, c);
		} else {
			strbuf_add_char(&word, c);
			state = quoted ? state : UNQUOTED;
		}
	}
	if (state == SINGLE || state == DOUBLE)
		return compose_error(node->place, d->err, "a quote is never closed");
	if (state == UNQUOTED)
		compose_add_text(d->arena, list, arena_strdup(d->arena, strbuf_str(&word)));
	return 0;
}

int compose_decode_argv(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	struct compose_list *list = to;

	*list = (struct compose_list){ NULL, 0 };
	if (pair->value->kind == YAML_SEQUENCE)
		return compose_decode_list(d, pair, to);
	if (pair->value->kind != YAML_STRING)
		return compose_error(pair->value->place, d->err,
				     "must be a string or a list, not %s",
				     yaml_kind_name(pair->value->kind));
	return split(d, pair->value, list);
}
