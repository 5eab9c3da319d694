/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of owned strings. */
#include "base/strv.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/memory.h"

static char *const empty_argv[] = {NULL};

void strv_fini(struct strv *v)
{
	for (size_t i = 0; i < v->count; i++)
		free(v->items[i]);
	free(v->items);
	*v = STRV_INIT;
}

static void add_owned(struct strv *v, char *s)
{
	/* Capacity is the next power of two, so that no field is needed for it. */
	if ((v->count & (v->count + 1)) == 0)
		v->items = x_realloc(v->items, 2 * (v->count + 1), sizeof(char *));
	v->items[v->count++] = s;
	v->items[v->count] = NULL;
}

void strv_add(struct strv *v, const char *s)
{
	add_owned(v, x_strdup(s));
}

void strv_add_str(struct strv *v, str s)
{
	add_owned(v, str_dup(s));
}

void strv_addf(struct strv *v, const char *fmt, ...)
{
	va_list ap;
	char *text = NULL;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	add_owned(v, text);
}

void strv_add_all(struct strv *v, const struct strv *other)
{
	for (size_t i = 0; i < other->count; i++)
		strv_add(v, other->items[i]);
}

void strv_remove(struct strv *v, size_t index)
{
	/* Rebuilt rather than shifted: the capacity is derived from the count. */
	struct strv kept = STRV_INIT;

	for (size_t i = 0; i < v->count; i++) {
		if (i == index)
			free(v->items[i]);
		else
			add_owned(&kept, v->items[i]);
	}
	free(v->items);
	*v = kept;
}

bool strv_has(const struct strv *v, const char *s)
{
	for (size_t i = 0; i < v->count; i++) {
		if (strcmp(v->items[i], s) == 0)
			return true;
	}
	return false;
}

static int compare_items(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void strv_sort(struct strv *v)
{
	if (v->count > 1)
		qsort(v->items, v->count, sizeof(char *), compare_items);
}

char *const *strv_argv(const struct strv *v)
{
	return v->items ? v->items : empty_argv;
}

static bool is_variable(const char *item, str name)
{
	str found, value;

	return str_split_once(str_from(item), '=', &found, &value) && str_is_equal(found, name);
}

/* Index of the last one, which counts when a hostile list names a variable twice; or -1. */
static ptrdiff_t find_variable(const struct strv *env, str name)
{
	size_t i = env->count;

	while (i > 0 && !is_variable(env->items[i - 1], name))
		i--;
	return (ptrdiff_t)i - 1;
}

void strv_set_variable(struct strv *env, str name, str value)
{
	ptrdiff_t at = find_variable(env, name);
	char *item = x_asprintf("%.*s=%.*s", STR_ARG(name), STR_ARG(value));

	if (at < 0) {
		add_owned(env, item);
		return;
	}
	free(env->items[at]);
	env->items[at] = item;
	while (at-- > 0) {
		if (is_variable(env->items[at], name))
			strv_remove(env, (size_t)at);
	}
}

const char *strv_find_variable(const struct strv *env, str name)
{
	ptrdiff_t at = find_variable(env, name);

	return at < 0 ? NULL : env->items[at] + name.len + 1;
}

void strv_unset_variable(struct strv *env, str name)
{
	ptrdiff_t at;

	while ((at = find_variable(env, name)) >= 0)
		strv_remove(env, (size_t)at);
}
