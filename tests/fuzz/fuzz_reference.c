/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a reference. What is accepted must be read back the same from both printed forms. */
#include <stdlib.h>

#include "image/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_form(char *text, const char *canonical)
{
	CLEANUP_FREE char *owned = text;
	CLEANUP(error) struct error *err = NULL;
	struct reference ref = {0};

	if (reference_parse(str_from(owned), &ref, &err) < 0)
		abort();
	CLEANUP_FREE char *again = reference_canonical(&ref);

	if (strcmp(again, canonical) != 0)
		abort();
	reference_fini(&ref);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(error) struct error *err = NULL;
	struct reference ref = {0};
	int r = reference_parse(str_make((const char *)data, size), &ref, &err);

	if ((r < 0) != (err != NULL))
		abort();
	if (r < 0)
		return 0;
	CLEANUP_FREE char *canonical = reference_canonical(&ref);

	/* The canonical form becomes a file name: nothing in it may climb. */
	if (strstr(canonical, "/.") || strchr(canonical, '%'))
		abort();
	check_form(x_strdup(canonical), canonical);
	check_form(reference_familiar(&ref), canonical);
	reference_fini(&ref);
	return 0;
}
