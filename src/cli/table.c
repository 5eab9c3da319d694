/* SPDX-License-Identifier: Apache-2.0 */
/* Aligned columns on standard output. */
#include "table.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/memory.h"

void table_add(struct table *t, const char *text)
{
	strv_add(&t->cells, text);
}

void table_addf(struct table *t, const char *fmt, ...)
{
	va_list ap;
	CLEANUP_FREE char *text = NULL;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	strv_add(&t->cells, text);
}

/* Columns on a terminal: characters, not bytes; continuation bytes of UTF-8 take no room. */
static size_t display_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static void print_row(char *const *cells, const size_t *widths, size_t columns)
{
	for (size_t c = 0; c < columns; c++) {
		if (c + 1 == columns)
			(void)printf("%s\n", cells[c]);
		else
			(void)printf("%s%*s   ", cells[c], (int)(widths[c] - display_width(cells[c])), "");
	}
}

void table_print(struct table *t)
{
	size_t widths[TABLE_COLUMNS_MAX] = { 0 }, columns = 0;
	char *titles[TABLE_COLUMNS_MAX] = { NULL };

	for (; t->titles[columns]; columns++) {
		titles[columns] = (char *)(uintptr_t)t->titles[columns];
		widths[columns] = strlen(t->titles[columns]);
	}
	for (size_t i = 0; i < t->cells.count; i++) {
		size_t len = display_width(t->cells.items[i]);

		if (len > widths[i % columns])
			widths[i % columns] = len;
	}
	print_row(titles, widths, columns);
	for (size_t i = 0; i + columns <= t->cells.count; i += columns)
		print_row(t->cells.items + i, widths, columns);
	strv_fini(&t->cells);
}
