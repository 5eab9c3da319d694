/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions that make no layer, one function each, in a table by kind.
 *
 * The texts of the history are BuildKit's, since tools read them (docker history, scanners).
 */
#include "stage_state.h"

#include "base/clock.h"

#define COMMENT "buildkit.dockerfile.v0"

typedef int (*apply_fn)(struct stage_state *s, struct build_values *values, struct dockerfile *df,
			const struct instruction *in, struct error **err);

void stage_state_init_scratch(struct stage_state *s)
{
	*s = (struct stage_state){ 0 };
	strv_add(&s->config.env, "PATH=" STATE_DEFAULT_PATH);
	s->config.working_dir = x_strdup("/");
	s->config.os = x_strdup("linux");
	scope_set_env(&s->scope, STR("PATH"), STR(STATE_DEFAULT_PATH));
}

void stage_state_init_image(struct stage_state *s, const struct image_config *config)
{
	*s = (struct stage_state){ 0 };
	image_config_copy(&s->config, config);
	free(s->config.created);
	s->config.created = NULL;
	strv_fini(&s->config.on_build);
	strv_fini(&s->config.diff_ids); /* set again from the layers when the image is written */
	if (!strv_find_variable(&s->config.env, STR("PATH")))
		strv_add(&s->config.env, "PATH=" STATE_DEFAULT_PATH);
	strv_add_all(&s->scope.variables, &s->config.env);
}

void stage_state_init_stage(struct stage_state *s, const struct stage_state *parent)
{
	*s = (struct stage_state){ 0 };
	image_config_copy(&s->config, &parent->config);
	strv_fini(&s->config.on_build);
	scope_copy(&s->scope, &parent->scope);
}

void stage_state_fini(struct stage_state *s)
{
	image_config_fini(&s->config);
	scope_fini(&s->scope);
}

bool stage_state_makes_layer(const struct instruction *in)
{
	return in->kind == INSTRUCTION_RUN || in->kind == INSTRUCTION_COPY ||
	       in->kind == INSTRUCTION_ADD || in->kind == INSTRUCTION_WORKDIR;
}

void stage_state_add_history(struct stage_state *s, const char *created_by)
{
	image_config_add_history(&s->config, s->created, created_by, COMMENT, false);
}

static void add_empty(struct stage_state *s, const struct strbuf *created_by)
{
	image_config_add_history(&s->config, s->created, strbuf_text(created_by), COMMENT, true);
}

void stage_state_shell(const struct stage_state *s, struct strv *out)
{
	if (s->config.shell.count) {
		strv_add_all(out, &s->config.shell);
	} else {
		strv_add(out, "/bin/sh");
		strv_add(out, "-c");
	}
}

char *stage_state_join_path(const struct stage_state *s, str path)
{
	const char *dir = s->config.working_dir && *s->config.working_dir ? s->config.working_dir : "/";
	CLEANUP_FREE char *joined = path.len && path.ptr[0] == '/'
					    ? str_dup(path)
					    : x_asprintf("%s/%.*s", dir, STR_ARG(path));
	struct strbuf clean CLEANUP_STRBUF = STRBUF_INIT(0);
	str rest = str_from(joined), part;

	while (str_cut(&rest, '/', &part)) {
		if (part.len == 0 || str_is(part, "."))
			continue;
		if (str_is(part, "..")) {
			ptrdiff_t slash = str_find_last(strbuf_str(&clean), '/');

			clean.len = slash > 0 ? (size_t)slash : 0;
			if (clean.ptr)
				clean.ptr[clean.len] = '\0';
			continue;
		}
		strbuf_addf(&clean, "/%.*s", STR_ARG(part));
	}
	return clean.len ? strbuf_steal(&clean) : x_strdup("/");
}

static void replace(char **field, str value)
{
	free(*field);
	*field = str_dup(value);
}

static int apply_arg(struct stage_state *s, struct build_values *values, struct dockerfile *df,
		     const struct instruction *in, struct error **err)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	int r = build_values_declare(values, &s->scope, df, in, err);

	strbuf_add_text(&text, "ARG");
	for (size_t i = 0; i < in->pair_count; i++) {
		const char *value = strv_find_variable(&s->scope.variables, in->pairs[i].key);

		strbuf_addf(&text, " %.*s", STR_ARG(in->pairs[i].key));
		if (value)
			strbuf_addf(&text, "=%s", value);
	}
	add_empty(s, &text);
	return r;
}

/* Values of all pairs are expanded before the first is set: ENV a=1 b=$a uses the old a. */
static int expand_pairs(struct stage_state *s, struct dockerfile *df, const struct instruction *in,
			struct strv *ret, const char *word, struct error **err)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);

	strbuf_add_text(&text, word);
	for (size_t i = 0; i < in->pair_count; i++) {
		str key = in->pairs[i].key, value;
		int r = in->kind == INSTRUCTION_LABEL ? scope_expand(&s->scope, df, in, key, &key, err) : 0;

		if (r == 0)
			r = scope_expand(&s->scope, df, in, in->pairs[i].value, &value, err);
		if (r < 0)
			return r;
		strv_addf(ret, "%.*s=%.*s", STR_ARG(key), STR_ARG(value));
		strbuf_addf(&text, " %.*s=%.*s", STR_ARG(key), STR_ARG(value));
	}
	add_empty(s, &text);
	return 0;
}

static void set_pairs(struct strv *to, const struct strv *pairs)
{
	for (size_t i = 0; i < pairs->count; i++) {
		str key, value;

		if (str_split_once(str_from(pairs->items[i]), '=', &key, &value))
			strv_set_variable(to, key, value);
	}
}

static int apply_env(struct stage_state *s, struct build_values *values, struct dockerfile *df,
		     const struct instruction *in, struct error **err)
{
	struct strv pairs CLEANUP_STRV = STRV_INIT;
	int r = expand_pairs(s, df, in, &pairs, "ENV", err);

	(void)values;
	if (r == 0) {
		set_pairs(&s->config.env, &pairs);
		set_pairs(&s->scope.variables, &pairs);
	}
	return r;
}

static int apply_label(struct stage_state *s, struct build_values *values, struct dockerfile *df,
		       const struct instruction *in, struct error **err)
{
	struct strv pairs CLEANUP_STRV = STRV_INIT;
	int r = expand_pairs(s, df, in, &pairs, "LABEL", err);

	(void)values;
	if (r == 0)
		set_pairs(&s->config.labels, &pairs);
	return r;
}

/* One value that is the rest of the line: USER, STOPSIGNAL, MAINTAINER. */
static int apply_text(struct stage_state *s, struct dockerfile *df, const struct instruction *in,
		      char **field, struct error **err)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	str value = in->args[0];
	int r = in->kind == INSTRUCTION_MAINTAINER ? 0
						   : scope_expand(&s->scope, df, in, value, &value, err);

	if (r < 0)
		return r;
	replace(field, value);
	strbuf_addf(&text, "%s %.*s", instruction_name(in->kind), STR_ARG(value));
	add_empty(s, &text);
	return 0;
}

static int apply_user(struct stage_state *s, struct build_values *values, struct dockerfile *df,
		      const struct instruction *in, struct error **err)
{
	(void)values;
	return apply_text(s, df, in, &s->config.user, err);
}

static int apply_maintainer(struct stage_state *s, struct build_values *values, struct dockerfile *df,
			    const struct instruction *in, struct error **err)
{
	(void)values;
	return apply_text(s, df, in, &s->config.author, err);
}

static int apply_stopsignal(struct stage_state *s, struct build_values *values, struct dockerfile *df,
			    const struct instruction *in, struct error **err)
{
	(void)values;
	int r = apply_text(s, df, in, &s->config.stop_signal, err);

	if (r == 0 && !dockerfile_is_signal(str_from(s->config.stop_signal))) {
		struct error_position pos = dockerfile_position(df, in);

		return error_at(err, &pos, "'%s' is not a signal", s->config.stop_signal);
	}
	return r;
}

static int apply_workdir(struct stage_state *s, struct build_values *values, struct dockerfile *df,
			 const struct instruction *in, struct error **err)
{
	str value;
	int r = scope_expand(&s->scope, df, in, in->args[0], &value, err);

	(void)values;
	if (r < 0)
		return r;
	char *joined = stage_state_join_path(s, value);

	free(s->config.working_dir);
	s->config.working_dir = joined;
	return 0;
}

/* argv of CMD and ENTRYPOINT: the shell form goes through the stage's shell. */
static void set_program(const struct stage_state *s, const struct instruction *in, struct strv *to)
{
	strv_fini(to);
	if (!in->json)
		stage_state_shell(s, to);
	for (size_t i = 0; i < in->arg_count; i++)
		strv_add_str(to, in->args[i]);
}

/* Go's %q of a list: ["a" "b"]. */
static void add_quoted_list(struct strbuf *out, const struct strv *list)
{
	strbuf_add_char(out, '[');
	for (size_t i = 0; i < list->count; i++) {
		strbuf_add_text(out, i ? " \"" : "\"");
		for (const char *c = list->items[i]; *c; c++) {
			if (*c == '"' || *c == '\\')
				strbuf_addf(out, "\\%c", *c);
			else if (*c == '\n')
				strbuf_add_text(out, "\\n");
			else if (*c == '\t')
				strbuf_add_text(out, "\\t");
			else
				strbuf_add_char(out, *c);
		}
		strbuf_add_char(out, '"');
	}
	strbuf_add_char(out, ']');
}

static int apply_cmd(struct stage_state *s, struct build_values *values, struct dockerfile *df,
		     const struct instruction *in, struct error **err)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);

	(void)values, (void)df, (void)err;
	set_program(s, in, &s->config.cmd);
	s->config.has_cmd = true;
	s->config.args_escaped = true;
	s->cmd_is_set = true;
	strbuf_add_text(&text, "CMD ");
	add_quoted_list(&text, &s->config.cmd);
	add_empty(s, &text);
	return 0;
}

static int apply_entrypoint(struct stage_state *s, struct build_values *values, struct dockerfile *df,
			    const struct instruction *in, struct error **err)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);

	(void)values, (void)df, (void)err;
	set_program(s, in, &s->config.entrypoint);
	s->config.has_entrypoint = true;
	if (!s->cmd_is_set) { /* an inherited CMD belonged to the inherited ENTRYPOINT */
		strv_fini(&s->config.cmd);
		s->config.has_cmd = false;
	}
	strbuf_add_text(&text, "ENTRYPOINT ");
	add_quoted_list(&text, &s->config.entrypoint);
	add_empty(s, &text);
	return 0;
}

static int apply_shell(struct stage_state *s, struct build_values *values, struct dockerfile *df,
		       const struct instruction *in, struct error **err)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);

	(void)values, (void)df, (void)err;
	strv_fini(&s->config.shell);
	strbuf_add_text(&text, "SHELL [");
	for (size_t i = 0; i < in->arg_count; i++) {
		strv_add_str(&s->config.shell, in->args[i]);
		strbuf_addf(&text, "%s%.*s", i ? " " : "", STR_ARG(in->args[i]));
	}
	strbuf_add_char(&text, ']');
	add_empty(s, &text);
	return 0;
}

static int apply_volume(struct stage_state *s, struct build_values *values, struct dockerfile *df,
			const struct instruction *in, struct error **err)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);

	(void)values;
	strbuf_add_text(&text, "VOLUME [");
	for (size_t i = 0; i < in->arg_count; i++) {
		str value;
		int r = scope_expand(&s->scope, df, in, in->args[i], &value, err);

		if (r < 0)
			return r;
		CLEANUP_FREE char *path = str_dup(value);

		if (!strv_has(&s->config.volumes, path))
			strv_add(&s->config.volumes, path);
		strbuf_addf(&text, "%s%s", i ? " " : "", path);
	}
	strv_sort(&s->config.volumes);
	strbuf_add_char(&text, ']');
	add_empty(s, &text);
	return 0;
}

/* "80", "80/udp", "8000-8005/tcp"; an address or host port in front is dropped. */
static int add_ports(struct stage_state *s, struct dockerfile *df, const struct instruction *in,
		     const char *word, struct strv *shown, struct error **err)
{
	str port = str_from(word), proto = STR("tcp"), first, last;
	uint64_t from, to;

	(void)str_split_once(port, '/', &port, &proto); /* tcp unless it says otherwise */
	ptrdiff_t colon = str_find_last(port, ':');

	if (colon >= 0)
		port = str_skip(port, (size_t)colon + 1);
	first = last = port;
	(void)str_split_once(port, '-', &first, &last); /* a single port is a range of one */
	if (!str_to_u64(first, 65535, &from) || !str_to_u64(last, 65535, &to) || from == 0 || to < from ||
	    !(str_is_nocase(proto, "tcp") || str_is_nocase(proto, "udp") || str_is_nocase(proto, "sctp"))) {
		struct error_position pos = dockerfile_position(df, in);

		return error_at(err, &pos, "EXPOSE: '%s' is not a port like 80, 53/udp or 8000-8010", word);
	}
	for (uint64_t p = from; p <= to; p++) {
		CLEANUP_FREE char *text = x_asprintf("%llu/%.*s", (unsigned long long)p, STR_ARG(proto));

		for (char *c = text; *c; c++)
			*c = *c >= 'A' && *c <= 'Z' ? (char)(*c | 0x20) : *c;
		if (!strv_has(&s->config.exposed_ports, text))
			strv_add(&s->config.exposed_ports, text);
		strv_add(shown, text);
	}
	return 0;
}

static int apply_expose(struct stage_state *s, struct build_values *values, struct dockerfile *df,
			const struct instruction *in, struct error **err)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	struct strv words CLEANUP_STRV = STRV_INIT, shown CLEANUP_STRV = STRV_INIT;
	struct expand_env env = scope_expand_env(&s->scope, df->escape);
	int r = 0;

	(void)values;
	for (size_t i = 0; r == 0 && i < in->arg_count; i++)
		r = expand_words(df->arena, in->args[i], &env, &words, err);
	for (size_t i = 0; r == 0 && i < words.count; i++)
		r = add_ports(s, df, in, words.items[i], &shown, err);
	strv_sort(&s->config.exposed_ports);
	strv_sort(&shown);
	strbuf_add_text(&text, "EXPOSE [");
	for (size_t i = 0; i < shown.count; i++)
		strbuf_addf(&text, "%s%s", i ? " " : "", shown.items[i]);
	strbuf_add_char(&text, ']');
	add_empty(s, &text);
	return r;
}

static int apply_healthcheck(struct stage_state *s, struct build_values *values, struct dockerfile *df,
			     const struct instruction *in, struct error **err)
{
	struct healthcheck_config *to = &s->config.healthcheck;
	const struct healthcheck *from = &in->healthcheck;
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);

	(void)values, (void)df, (void)err;
	strv_fini(&to->test);
	*to = (struct healthcheck_config){ .given = true,
					   .interval_ns = from->interval_ns,
					   .timeout_ns = from->timeout_ns,
					   .start_period_ns = from->start_period_ns,
					   .start_interval_ns = from->start_interval_ns,
					   .retries = (int)from->retries };
	strv_add(&to->test, from->none ? "NONE" : from->is_shell ? "CMD-SHELL" : "CMD");
	for (size_t i = 0; i < in->arg_count && !from->none; i++)
		strv_add_str(&to->test, in->args[i]);
	strbuf_add_text(&text, "HEALTHCHECK &{");
	add_quoted_list(&text, &to->test);
	const int64_t times[] = { to->interval_ns, to->timeout_ns, to->start_period_ns,
				  to->start_interval_ns };

	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		char duration[40];

		duration_format(times[i], duration);
		strbuf_addf(&text, " \"%s\"", duration);
	}
	strbuf_addf(&text, " '\\x%02x'}", from->retries & 0xff);
	add_empty(s, &text);
	return 0;
}

static int apply_onbuild(struct stage_state *s, struct build_values *values, struct dockerfile *df,
			 const struct instruction *in, struct error **err)
{
	(void)values, (void)df, (void)err;
	strv_add_str(&s->config.on_build, in->args[0]);
	return 0;
}

static const apply_fn table[] = {
	[INSTRUCTION_ARG] = apply_arg,
	[INSTRUCTION_CMD] = apply_cmd,
	[INSTRUCTION_ENTRYPOINT] = apply_entrypoint,
	[INSTRUCTION_ENV] = apply_env,
	[INSTRUCTION_EXPOSE] = apply_expose,
	[INSTRUCTION_HEALTHCHECK] = apply_healthcheck,
	[INSTRUCTION_LABEL] = apply_label,
	[INSTRUCTION_MAINTAINER] = apply_maintainer,
	[INSTRUCTION_ONBUILD] = apply_onbuild,
	[INSTRUCTION_SHELL] = apply_shell,
	[INSTRUCTION_STOPSIGNAL] = apply_stopsignal,
	[INSTRUCTION_USER] = apply_user,
	[INSTRUCTION_VOLUME] = apply_volume,
	[INSTRUCTION_WORKDIR] = apply_workdir,
	[INSTRUCTION_COUNT] = NULL,
};

int stage_state_apply(struct stage_state *s, struct build_values *values, struct dockerfile *df,
		const struct instruction *in, struct error **err)
{
	int r = table[in->kind](s, values, df, in, err);

	if (r < 0) {
		struct error_position pos = dockerfile_position(df, in);

		error_set_position(err, &pos);
	}
	return r;
}
