/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listings: aligned columns for people, JSON lines for programs, from the same rows.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include "base/strv.h"

enum { TABLE_COLUMNS_MAX = 12 };

struct table {
	const char *const *titles; /* "CONTAINER ID", ... ended by NULL */
	struct strv cells;	   /* row by row */
};

/** table_add() - One more cell of the current row */
void table_add(struct table *t, const char *text);

/** table_addf() - Formatted */
void table_addf(struct table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** table_print() - Columns padded to their widest cell, two spaces between; frees the cells */
void table_print(struct table *t);

#endif
