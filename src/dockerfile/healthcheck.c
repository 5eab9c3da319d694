/* SPDX-License-Identifier: Apache-2.0 */
/* The arguments and flags of HEALTHCHECK. */
#include "parser.h"

#include "base/clock.h"

enum { RETRIES_MAX = 0x7FFFFFFF, INTERVAL_MIN_NS = 1000000 };

static struct error_position flag_position(const struct instruction *in,
					   const struct instruction_flag *flag)
{
	return lexer_source_position(in->source, flag->line, flag->column);
}

/* 0 and an absent flag both mean the default. */
static int read_interval(const struct instruction *in, const char *name, int64_t *ret_ns,
			 struct error **err)
{
	const struct instruction_flag *flag = instruction_flag(in, name);
	int64_t ns = 0;

	if (!flag || flag->value.len == 0)
		return 0;
	struct error_position pos = flag_position(in, flag);
	str shown = str_head(flag->value, PARSER_SHOWN_MAX);

	if (!duration_parse(flag->value, &ns)) {
		(void)error_at(err, &pos, "--%s: '%.*s' is not a duration", name, STR_ARG(shown));
		return error_hint(err, "write it like 30s, 1m30s or 500ms");
	}
	if (ns != 0 && ns < INTERVAL_MIN_NS)
		return error_at(err, &pos, "--%s: '%.*s' is shorter than 1ms", name,
				STR_ARG(shown));
	*ret_ns = ns;
	return 0;
}

static int read_retries(const struct instruction *in, unsigned *ret_retries, struct error **err)
{
	const struct instruction_flag *flag = instruction_flag(in, "retries");
	uint64_t retries;

	if (!flag || flag->value.len == 0)
		return 0;
	struct error_position pos = flag_position(in, flag);

	if (!str_to_u64(flag->value, RETRIES_MAX, &retries))
		return error_at(err, &pos, "--retries: '%.*s' is not a count",
				STR_ARG(str_head(flag->value, PARSER_SHOWN_MAX)));
	*ret_retries = (unsigned)retries;
	return 0;
}

static int read_flags(struct instruction *in, struct error **err)
{
	struct healthcheck *h = &in->healthcheck;
	struct {
		const char *name;
		int64_t *to_ns;
	} intervals[] = {
		{"interval", &h->interval_ns},
		{"timeout", &h->timeout_ns},
		{"start-period", &h->start_period_ns},
		{"start-interval", &h->start_interval_ns},
	};

	for (size_t i = 0; i < ARRAY_SIZE(intervals); i++) {
		int r = read_interval(in, intervals[i].name, intervals[i].to_ns, err);

		if (r < 0)
			return r;
	}
	return read_retries(in, &h->retries, err);
}

int parser_read_healthcheck(struct parse *p, str rest, struct instruction *in, struct error **err)
{
	str type = lexer_cut_word(&rest);

	if (type.len == 0) {
		struct error_position none = parser_position(p, in->word.ptr);

		return error_at(err, &none, "HEALTHCHECK needs NONE, or CMD and a command");
	}
	struct error_position pos = parser_position(p, type.ptr);

	if (str_is_nocase(type, "NONE")) {
		in->healthcheck.none = true;
		return rest.len ? error_at(err, &pos, "HEALTHCHECK NONE takes no arguments") : 0;
	}
	if (!str_is_nocase(type, "CMD")) {
		(void)error_at(err, &pos, "HEALTHCHECK takes NONE or CMD, not '%.*s'",
			       STR_ARG(str_head(type, PARSER_SHOWN_MAX)));
		return error_hint(err, "HEALTHCHECK CMD command");
	}
	int r = parser_read_command(p, rest, in, err);

	if (r < 0)
		return r;
	if (in->arg_count == 0)
		return error_at(err, &pos, "HEALTHCHECK CMD needs a command");
	in->healthcheck.is_shell = !in->json;
	return read_flags(in, err);
}
