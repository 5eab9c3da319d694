/* SPDX-License-Identifier: Apache-2.0 */
/* Finding a secret's value by its id. */
#include "secret.h"

#include <fcntl.h>

#include "base/fs.h"

struct description {
	str id, source, variable;
};

static int parse(const char *text, struct description *ret, struct error **err)
{
	str rest = str_from(text), option, key, value;

	*ret = (struct description){ { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };
	while (str_cut(&rest, ',', &option)) {
		if (!str_split_once(option, '=', &key, &value))
			break;
		if (str_is(key, "id"))
			ret->id = value;
		else if (str_is(key, "src") || str_is(key, "source"))
			ret->source = value;
		else if (str_is(key, "env"))
			ret->variable = value;
		else if (!str_is(key, "type"))
			break;
	}
	if (rest.ptr || ret->id.len == 0 || (ret->source.len && ret->variable.len)) {
		(void)error_new(err, ERR_USAGE, "--secret '%s' is not understood", text);
		return error_hint(err, "--secret id=NAME,src=FILE or --secret id=NAME,env=VARIABLE");
	}
	return 0;
}

static int read_value(const struct description *d, struct strbuf *out, struct error **err)
{
	CLEANUP_FREE char *variable = str_dup(d->variable.len ? d->variable : d->id);
	CLEANUP_FREE char *file = str_dup(d->source.len ? d->source : d->id);
	const char *value = d->source.len ? NULL : getenv(variable);

	if (value) {
		strbuf_add_text(out, value);
		return out->len <= SECRET_MAX ? 0 : error_new(err, ERR_LIMIT, "variable '%s' is too long", variable);
	}
	if (d->variable.len)
		return error_new(err, ERR_NOT_FOUND, "variable '%s' is not set", variable);
	return fs_read_at(AT_FDCWD, file, SECRET_MAX, out, err);
}

int secret_read(const struct strv *given, str id, struct strbuf *out, struct error **err)
{
	for (size_t i = 0; i < given->count; i++) {
		struct description d;
		int r = parse(given->items[i], &d, err);

		if (r == 0 && !str_is_equal(d.id, id))
			continue;
		if (r == 0)
			r = read_value(&d, out, err);
		return r < 0 ? error_context(err, "secret '%.*s'", STR_ARG(d.id)) : 0;
	}
	(void)error_new(err, ERR_NOT_FOUND, "secret '%.*s' was not given", STR_ARG(id));
	return error_hint(err, "give it with --secret id=%.*s,src=FILE", STR_ARG(id));
}
