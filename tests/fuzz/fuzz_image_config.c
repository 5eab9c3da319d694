/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an image config. What is accepted keeps its bytes once we have written them. */
#include <stdlib.h>

#include "image/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(error) struct error *err = NULL;
	struct image_config c = {0}, again = {0};
	struct strbuf first CLEANUP_STRBUF = STRBUF_INIT(0), second CLEANUP_STRBUF = STRBUF_INIT(0);
	int r = image_config_parse(str_make((const char *)data, size), &c, &err);

	if ((r < 0) != (err != NULL))
		abort();
	if (r < 0)
		return 0;
	image_config_format(&c, &first);
	image_config_copy(&again, &c);
	image_config_fini(&c);
	image_config_fini(&again);
	if (image_config_parse(strbuf_str(&first), &again, &err) < 0)
		abort();
	image_config_format(&again, &second);
	image_config_fini(&again);
	if (!str_is_equal(strbuf_str(&first), strbuf_str(&second)))
		abort();
	return 0;
}
