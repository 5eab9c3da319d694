/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an env file, in both formats. */
#include <stdlib.h>

#include "envfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *lookup(void *ctx, str name)
{
	(void)ctx;
	return str_is(name, "HOME") ? "/root" : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct interpolation in = { lookup, NULL, NULL };

	for (int raw = 0; raw < 2; raw++) {
		CLEANUP(error) struct error *err = NULL;
		CLEANUP_STRV struct strv variables = STRV_INIT;
		const struct envfile file = { "fuzz.env", str_make((const char *)data, size), raw,
					      &in };
		int r = compose_envfile_parse(&file, &variables, &err);

		if ((r < 0) != (err != NULL))
			abort();
		for (size_t i = 0; i < variables.count; i++) {
			if (!strchr(variables.items[i], '='))
				abort();
		}
	}
	return 0;
}
