/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of steps and the comparison that explains a miss. */
#include "key.h"

#include "base/memory.h"
#include "codec/json.h"

/* Longer values are kept as digests: the record explains, it is no second copy of the content. */
enum { VALUE_SHOWN_MAX = 100 };

static void remember(struct step_key *k, const char *name, str value)
{
	json_t *pair = json_array();
	char hex[SHA256_HEX_SIZE];

	(void)json_array_append_new(pair, json_text(str_from(name))); /* OOM only */
	if (value.len <= VALUE_SHOWN_MAX) {
		CLEANUP_FREE char *shown = x_alloc(value.len);

		/* Lists are joined by NUL, which JSON readers refuse; the hash has seen the real bytes. */
		for (size_t i = 0; i < value.len; i++)
			shown[i] = value.ptr[i] ? value.ptr[i] : ' ';
		(void)json_array_append_new(pair, json_text(str_make(shown, value.len))); /* OOM only */
	} else {
		sha256_hex(value, hex);
		CLEANUP_FREE char *text = x_asprintf("sha256:%s", hex);

		(void)json_array_append_new(pair, json_text(str_from(text))); /* OOM only */
	}
	(void)json_array_append_new(k->components, pair); /* OOM only */
}

void step_key_start(struct step_key *k, const char *kind, const char *parent)
{
	*k = (struct step_key){ .components = json_array() };
	sha256_start(&k->hash);
	sha256_add_framed(&k->hash, STR("firkin step 1"));
	step_key_add(k, "kind", str_from(kind));
	step_key_add(k, "parent", str_from(parent));
}

void step_key_add(struct step_key *k, const char *name, str value)
{
	sha256_add_framed(&k->hash, str_from(name));
	sha256_add_framed(&k->hash, value);
	remember(k, name, value);
}

void step_key_finish(struct step_key *k)
{
	sha256_finish(&k->hash, k->hex);
}

void step_key_fini(struct step_key *k)
{
	json_decref(k->components);
	k->components = NULL;
}

static const char *name_at(const json_t *components, size_t i)
{
	return json_string_value(json_array_get(json_array_get(components, i), 0));
}

/* Value of the @nth component of that name, from 0; several mounts or sources share one. */
static const char *find_value(const json_t *components, const char *name, size_t nth)
{
	for (size_t i = 0; i < json_array_size(components); i++) {
		const char *other = name_at(components, i);

		if (other && strcmp(other, name) == 0 && nth-- == 0)
			return json_string_value(json_array_get(json_array_get(components, i), 1));
	}
	return NULL;
}

/* How many components before @i have the name of component @i. */
static size_t ordinal(const json_t *components, size_t i)
{
	size_t n = 0;

	for (size_t k = 0; k < i; k++)
		n += strcmp(name_at(components, k), name_at(components, i)) == 0;
	return n;
}

/* Digests and secrets say nothing to a person; only plain values are shown. */
static char *describe(const char *name, const char *before, const char *now)
{
	bool plain = strncmp(name, "ARG ", 4) == 0 || strncmp(name, "ENV ", 4) == 0 ||
		     strcmp(name, "user") == 0 || strcmp(name, "working directory") == 0 ||
		     strcmp(name, "network") == 0 || strcmp(name, "destination") == 0;

	if (strcmp(name, "parent") == 0)
		return x_strdup("the step before it changed");
	if (!before)
		return x_asprintf("%s is new", name);
	if (!now)
		return x_asprintf("%s is gone", name);
	if (plain && strncmp(before, "sha256:", 7) != 0 && strncmp(now, "sha256:", 7) != 0)
		return x_asprintf("%s was '%s', is '%s'", name, before, now);
	return x_asprintf("%s changed", name);
}

char *step_key_explain(const struct step_key *k, const json_t *before)
{
	char *parent_changed = NULL;

	if (!before)
		return NULL;
	for (size_t i = 0; i < json_array_size(k->components); i++) {
		size_t nth = ordinal(k->components, i);
		const char *name = name_at(k->components, i);
		const char *now = find_value(k->components, name, nth);
		const char *then = find_value(before, name, nth);

		if (then && now && strcmp(then, now) == 0)
			continue;
		/* What changed in the step itself says more than what changed below it. */
		if (strcmp(name, "parent") == 0)
			parent_changed = describe(name, then, now);
		else {
			free(parent_changed);
			return describe(name, then, now);
		}
	}
	if (parent_changed)
		return parent_changed;
	for (size_t i = 0; i < json_array_size(before); i++) {
		const char *name = name_at(before, i);

		if (name && !find_value(k->components, name, 0))
			return describe(name, "", NULL);
	}
	return x_strdup("its layer is no longer in the store");
}
