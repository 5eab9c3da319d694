/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list of owned C strings, NULL-terminated at items[count] so that it can serve as argv or
 * environ.
 */
#ifndef BASE_STRV_H
#define BASE_STRV_H

#include "base/str.h"

struct strv {
	char **items; /* NULL when empty */
	size_t count;
};

#define STRV_INIT ((struct strv){NULL, 0})

void strv_fini(struct strv *v);
void strv_add(struct strv *v, const char *s);
void strv_add_str(struct strv *v, str s);
void strv_addf(struct strv *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strv_add_all(struct strv *v, const struct strv *other);
void strv_remove(struct strv *v, size_t index);
bool strv_has(const struct strv *v, const char *s);
void strv_sort(struct strv *v);

/** strv_argv() - The NULL-terminated array, valid also when empty; borrowed */
char *const *strv_argv(const struct strv *v);

/**
 * strv_set_variable() - Set KEY=VALUE in an environment list
 * A variable that is there keeps its place, as in an image's config; otherwise it is appended.
 * Of several with the same name the last one stays.
 */
void strv_set_variable(struct strv *env, str name, str value);

/**
 * strv_find_variable() - Value of NAME in a list of KEY=VALUE, or NULL; borrowed
 * The last one counts, as in Docker; entries without '=' are not variables.
 */
const char *strv_find_variable(const struct strv *env, str name);

/** strv_unset_variable() - Remove every NAME from a list of KEY=VALUE */
void strv_unset_variable(struct strv *env, str name);

#define CLEANUP_STRV __attribute__((cleanup(strv_fini)))

#endif
