/* SPDX-License-Identifier: Apache-2.0 */
/* argv against a command's option table; help from the same table. */
#include "command.h"

#include <assert.h>

static bool is_end(const struct option *o)
{
	return !o->long_name;
}

static ptrdiff_t find_long(const struct option *options, str name)
{
	for (size_t i = 0; options && !is_end(&options[i]); i++) {
		if (str_is(name, options[i].long_name))
			return (ptrdiff_t)i;
	}
	return -1;
}

static ptrdiff_t find_short(const struct option *options, char c)
{
	for (size_t i = 0; options && !is_end(&options[i]); i++) {
		if (options[i].short_name == c)
			return (ptrdiff_t)i;
	}
	return -1;
}

static int unknown_option(const struct command *command, str name, struct error **err)
{
	const char *near = NULL;
	size_t best = 3;

	for (size_t i = 0; command->options && !is_end(&command->options[i]); i++) {
		size_t d = str_distance(name, str_from(command->options[i].long_name));

		if (d < best) {
			best = d;
			near = command->options[i].long_name;
		}
	}
	(void)error_new(err, ERR_USAGE, "unknown option '--%.*s'", STR_ARG(name));
	if (near)
		return error_hint(err, "did you mean '--%s'?", near);
	return error_hint(err, "'firkin %s --help' lists the options", command->name);
}

static int set_value(struct arguments *args, size_t index, str value, struct error **err)
{
	const struct option *o = &args->options[index];

	if (!o->value && !str_is(value, "true") && !str_is(value, "false"))
		return error_new(err, ERR_USAGE, "option '--%s' takes no value but true or false",
				 o->long_name);
	if (!o->repeats)
		strv_fini(&args->values[index]);
	strv_add_str(&args->values[index], value);
	return 0;
}

/* "--name", "--name=value", "--name value"; returns how many words of argv were used. */
static int take_long(const struct command *command, char *const *argv, struct arguments *args,
		     struct error **err)
{
	str name = str_from(argv[0] + 2), value = { NULL, 0 };
	bool has_value = str_split_once(name, '=', &name, &value);
	ptrdiff_t i = find_long(args->options, name);
	int used = 1;

	if (i < 0)
		return unknown_option(command, name, err);
	if (!has_value && args->options[i].value) {
		if (!argv[1])
			return error_new(err, ERR_USAGE, "option '--%.*s' needs a value (%s)",
					 STR_ARG(name), args->options[i].value);
		value = str_from(argv[1]);
		used = 2;
	} else if (!has_value) {
		value = STR("true");
	}
	int r = set_value(args, (size_t)i, value, err);

	return r < 0 ? r : used;
}

/* "-d", "-it", "-p8080:80", "-p 8080:80", "-e=K=V" as Docker takes it. */
static int take_short(const struct command *command, char *const *argv, struct arguments *args,
		      struct error **err)
{
	for (const char *c = argv[0] + 1; *c; c++) {
		ptrdiff_t i = find_short(args->options, *c);
		str value = STR("true");
		int r;

		if (i < 0) {
			(void)error_new(err, ERR_USAGE, "unknown option '-%c' in '%s'", *c, argv[0]);
			return error_hint(err, "'firkin %s --help' lists the options",
					  command->name);
		}
		if (!args->options[i].value) {
			r = set_value(args, (size_t)i, value, err);
			if (r < 0)
				return r;
			continue;
		}
		if (c[1]) {
			r = set_value(args, (size_t)i, str_from(c + 1 + (c[1] == '=')), err);
			return r < 0 ? r : 1;
		}
		if (!argv[1])
			return error_new(err, ERR_USAGE, "option '-%c' needs a value (%s)", *c,
					 args->options[i].value);
		r = set_value(args, (size_t)i, str_from(argv[1]), err);
		return r < 0 ? r : 2;
	}
	return 1;
}

static int check_count(const struct command *command, const struct arguments *args,
		       struct error **err)
{
	int count = (int)args->positional.count;

	if (count >= command->min_args && (command->max_args < 0 || count <= command->max_args))
		return 0;
	(void)error_new(err, ERR_USAGE,
			count < command->min_args ? "'firkin %s' needs at least %d argument%s"
						  : "'firkin %s' takes at most %d argument%s",
			command->name,
			count < command->min_args ? command->min_args : command->max_args,
			(count < command->min_args ? command->min_args : command->max_args) == 1 ? "" : "s");
	return error_hint(err, "usage: firkin %s %s", command->name, command->usage);
}

int arguments_parse(const struct command *command, char *const *argv, struct arguments *ret,
		    struct error **err)
{
	bool only_positional = false;

	*ret = (struct arguments){ .options = command->options };
	while (*argv) {
		int used = 1;

		if (!only_positional && strcmp(*argv, "--") == 0) {
			only_positional = true;
		} else if (!only_positional && (strcmp(*argv, "--help") == 0)) {
			return 1;
		} else if (!only_positional && strcmp(*argv, "-h") == 0 &&
			   find_short(command->options, 'h') < 0) {
			return 1;
		} else if (only_positional || (*argv)[0] != '-' || (*argv)[1] == '\0') {
			strv_add(&ret->positional, *argv);
			only_positional |= command->stop_at_positional;
		} else {
			used = (*argv)[1] == '-' ? take_long(command, argv, ret, err)
						 : take_short(command, argv, ret, err);
			if (used < 0)
				return used;
		}
		argv += used;
	}
	return check_count(command, ret, err);
}

void arguments_fini(struct arguments *args)
{
	for (size_t i = 0; i < OPTIONS_MAX; i++)
		strv_fini(&args->values[i]);
	strv_fini(&args->positional);
}

const struct strv *args_values(const struct arguments *args, const char *long_name)
{
	ptrdiff_t i = find_long(args->options, str_from(long_name));

	assert(i >= 0); /* a misspelt name is our own mistake */
	return &args->values[i];
}

bool args_has(const struct arguments *args, const char *long_name)
{
	return args_values(args, long_name)->count > 0;
}

const char *args_value(const struct arguments *args, const char *long_name)
{
	const struct strv *v = args_values(args, long_name);

	return v->count ? v->items[v->count - 1] : NULL;
}

bool args_switch(const struct arguments *args, const char *long_name)
{
	const char *value = args_value(args, long_name);

	return value && strcmp(value, "true") == 0;
}

static void add_option_line(const struct option *o, struct strbuf *out)
{
	struct strbuf left CLEANUP_STRBUF = STRBUF_INIT(0);

	if (o->short_name)
		strbuf_addf(&left, "  -%c, ", o->short_name);
	else
		strbuf_add_text(&left, "      ");
	strbuf_addf(&left, "--%s", o->long_name);
	if (o->value)
		strbuf_addf(&left, " %s", o->value);
	strbuf_addf(out, "%-34s %s%s\n", strbuf_text(&left), o->help,
		    o->repeats ? " (may be given several times)" : "");
}

void command_help(const struct command *command, struct strbuf *out)
{
	strbuf_addf(out, "Usage: firkin %s %s\n\n%s\n", command->name, command->usage,
		    command->summary);
	if (command->options && !is_end(command->options)) {
		strbuf_add_text(out, "\nOptions:\n");
		for (const struct option *o = command->options; !is_end(o); o++)
			add_option_line(o, out);
	}
}
