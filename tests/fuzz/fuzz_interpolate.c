/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a value with variables. */
#include <stdlib.h>

#include "interpolate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *lookup(void *ctx, str name)
{
	(void)ctx;
	return str_is(name, "A") ? "value" : str_is(name, "E") ? "" : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_STRBUF struct strbuf out = STRBUF_INIT(INTERPOLATE_SIZE_MAX);
	const struct interpolation in = { lookup, NULL, NULL };
	size_t at = 0;
	int r = compose_substitute(&in, str_make((const char *)data, size), &out, &at, &err);

	if ((r < 0) != (err != NULL) || at > size)
		abort();
	return 0;
}
