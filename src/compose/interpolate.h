/* SPDX-License-Identifier: Apache-2.0 */
/* ${VARIABLE} in values (Compose specification, "Interpolation"). */
#ifndef COMPOSE_INTERPOLATE_H
#define COMPOSE_INTERPOLATE_H

#include "base/error.h"
#include "base/report.h"
#include "base/strv.h"
#include "codec/yaml.h"

enum {
	INTERPOLATE_DEPTH_MAX = 32,	 /* defaults inside defaults */
	INTERPOLATE_WARNINGS_MAX = 100,
	INTERPOLATE_SIZE_MAX = 1 << 20, /* bytes of one value afterwards */
	INTERPOLATE_TOTAL_MAX = 4 << 20, /* bytes of all replaced values of a tree */
};

/**
 * struct interpolation - Where values come from
 * @lookup: value of a variable or NULL when unset
 * @unset:  told about an unset variable that had no default and became ""; may be NULL
 */
struct interpolation {
	const char *(*lookup)(void *ctx, str name);
	void (*unset)(void *ctx, str name);
	void *ctx;
};

/**
 * compose_substitute() - Replace the variables of one text
 * @out: appended to
 * @ret_at: on error the offset in @text of the faulty variable; may be NULL
 * Return: 0, -ERR_PARSE (without a position) or -ERR_LIMIT
 */
int compose_substitute(const struct interpolation *in, str text, struct strbuf *out,
		       size_t *ret_at, struct error **err);

/**
 * compose_is_news() - Whether to warn about an unset variable: each name once, and only so many
 * @warned: names so far; the caller's to free
 */
bool compose_is_news(struct strv *warned, str name);

/**
 * compose_interpolate() - Copy of a tree with the variables of its values replaced
 * Replaced values are strings whatever they look like; keys are left alone.
 * @warnings: unset variables, with their position; each name once
 */
int compose_interpolate(struct arena *a, const struct interpolation *in,
			const struct report *warnings, const struct yaml_node *node,
			struct yaml_node **ret_node, struct error **err);

#endif
