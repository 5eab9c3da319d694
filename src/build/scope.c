/* SPDX-License-Identifier: Apache-2.0 */
/* Variables of stages and where ARGs get their values. */
#include "scope.h"

#include <sys/utsname.h>

static const char *const proxy_names[] = { "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy",
					   "FTP_PROXY",	 "ftp_proxy",  "NO_PROXY",    "no_proxy",
					   "ALL_PROXY",	 "all_proxy" };

void scope_fini(struct scope *s)
{
	strv_fini(&s->variables);
	strv_fini(&s->args);
	strv_fini(&s->proxies);
}

void scope_copy(struct scope *to, const struct scope *from)
{
	*to = (struct scope){ 0 };
	strv_add_all(&to->variables, &from->variables);
	strv_add_all(&to->args, &from->args);
	strv_add_all(&to->proxies, &from->proxies);
}

void scope_set_env(struct scope *s, str name, str value)
{
	strv_set_variable(&s->variables, name, value);
}

void scope_set_arg(struct scope *s, str name, str value)
{
	CLEANUP_FREE char *text = str_dup(name);

	if (!strv_has(&s->args, text))
		strv_add(&s->args, text);
	strv_set_variable(&s->variables, name, value);
}

static bool get_variable(void *ctx, str name, str *ret_value)
{
	const struct scope *s = ctx;
	const char *value = strv_find_variable(&s->variables, name);

	if (!value)
		return false;
	*ret_value = str_from(value);
	return true;
}

struct expand_env scope_expand_env(const struct scope *s, char escape)
{
	return (struct expand_env){ .get = get_variable, .ctx = (void *)(uintptr_t)s, .escape = escape };
}

int scope_expand(const struct scope *s, struct dockerfile *df, const struct instruction *in, str word,
		 str *ret, struct error **err)
{
	struct expand_env env = scope_expand_env(s, df->escape);
	int r = expand_word(df->arena, word, &env, ret, err);

	if (r < 0) {
		struct error_position pos = dockerfile_position(df, in);

		error_set_position(err, &pos);
	}
	return r;
}

void scope_arg_prefix(const struct scope *s, struct strbuf *out)
{
	if (s->args.count)
		strbuf_addf(out, "|%zu ", s->args.count);
	for (size_t i = 0; i < s->args.count; i++) {
		const char *value = strv_find_variable(&s->variables, str_from(s->args.items[i]));

		strbuf_addf(out, "%s=%s ", s->args.items[i], value ? value : "");
	}
}

void build_values_fini(struct build_values *v)
{
	strv_fini(&v->given);
	strv_fini(&v->global);
	strv_fini(&v->platform);
	strv_fini(&v->used);
}

static const char *go_architecture(const char *machine)
{
	static const char *const names[][2] = {
		{ "x86_64", "amd64" }, { "aarch64", "arm64" }, { "armv7l", "arm" },
		{ "riscv64", "riscv64" }, { "ppc64le", "ppc64le" }, { "s390x", "s390x" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(machine, names[i][0]) == 0)
			return names[i][1];
	}
	return machine;
}

static void add_platform(struct build_values *v, const char *target)
{
	static const char *const sides[] = { "TARGET", "BUILD" };
	struct utsname u;

	(void)uname(&u); /* fails only for a bad pointer */
	const char *arch = go_architecture(u.machine);

	for (size_t i = 0; i < ARRAY_SIZE(sides); i++) {
		strv_addf(&v->platform, "%sPLATFORM=linux/%s", sides[i], arch);
		strv_addf(&v->platform, "%sOS=linux", sides[i]);
		strv_addf(&v->platform, "%sARCH=%s", sides[i], arch);
		strv_addf(&v->platform, "%sVARIANT=", sides[i]);
		strv_addf(&v->platform, "%sOSVERSION=", sides[i]);
	}
	strv_addf(&v->platform, "TARGETSTAGE=%s", target ? target : "default");
}

/* The value that beats a declaration's default: --build-arg. */
static const char *given_value(struct build_values *v, str name)
{
	const char *value = strv_find_variable(&v->given, name);
	CLEANUP_FREE char *text = str_dup(name);

	if (value && !strv_has(&v->used, text))
		strv_add(&v->used, text);
	return value;
}

/* Global ARGs see the platform and the global ARGs before them. */
static int add_globals(struct build_values *v, struct dockerfile *df, struct error **err)
{
	struct scope scope = { 0 };
	int r = 0;

	strv_add_all(&scope.variables, &v->platform);
	for (size_t i = 0; r == 0 && i < df->global_arg_count; i++) {
		const struct instruction *in = df->global_args[i];

		for (size_t k = 0; r == 0 && k < in->pair_count; k++) {
			const struct key_value *pair = &in->pairs[k];
			const char *given = given_value(v, pair->key);
			str value = str_from(given ? given : "");

			if (!given && !pair->has_value)
				continue;
			if (!given)
				r = scope_expand(&scope, df, in, pair->value, &value, err);
			if (r == 0) {
				strv_set_variable(&v->global, pair->key, value);
				scope_set_arg(&scope, pair->key, value);
			}
		}
	}
	scope_fini(&scope);
	return r;
}

int build_values_init(struct build_values *v, struct dockerfile *df, const struct strv *build_args,
		      const char *target, struct error **err)
{
	*v = (struct build_values){ 0 };
	for (size_t i = 0; i < build_args->count; i++) {
		str name = str_from(build_args->items[i]), value = { NULL, 0 };

		if (str_split_once(name, '=', &name, &value))
			strv_set_variable(&v->given, name, value);
		else if (getenv(build_args->items[i]))
			strv_set_variable(&v->given, name, str_from(getenv(build_args->items[i])));
	}
	add_platform(v, target);
	/* --build-arg TARGETARCH=... overrides what the machine says. */
	for (size_t i = 0; i < v->platform.count; i++) {
		str name, ignored;

		(void)str_split_once(str_from(v->platform.items[i]), '=', &name, &ignored); /* ours */
		CLEANUP_FREE char *text = str_dup(name);
		const char *given = given_value(v, str_from(text));

		if (given)
			strv_set_variable(&v->platform, str_from(text), str_from(given));
	}
	return add_globals(v, df, err);
}

int build_values_declare(struct build_values *v, struct scope *s, struct dockerfile *df,
			 const struct instruction *in, struct error **err)
{
	for (size_t i = 0; i < in->pair_count; i++) {
		const struct key_value *pair = &in->pairs[i];
		const char *text = given_value(v, pair->key);
		str value = str_from(text ? text : "");
		int r;

		if (!text && !pair->has_value) {
			text = strv_find_variable(&v->global, pair->key);
			if (!text)
				text = strv_find_variable(&v->platform, pair->key);
			if (!text)
				continue; /* declared, without a value: ENV of that name stays visible */
			value = str_from(text);
		} else if (!text) {
			r = scope_expand(s, df, in, pair->value, &value, err);
			if (r < 0)
				return r;
		}
		scope_set_arg(s, pair->key, value);
	}
	return 0;
}

void build_values_proxies(const struct build_values *v, struct scope *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(proxy_names); i++) {
		const char *value = strv_find_variable(&v->given, str_from(proxy_names[i]));

		if (value)
			strv_set_variable(&s->proxies, str_from(proxy_names[i]), str_from(value));
	}
}
