/* SPDX-License-Identifier: Apache-2.0 */
/* JSON: what was read and written again must read as the same value. */
#include <stdlib.h>

#include "codec/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_STRBUF struct strbuf once = STRBUF_INIT(0), twice = STRBUF_INIT(0);
	CLEANUP_JSON json_t *j = NULL, *again = NULL;
	CLEANUP_STRV struct strv list = STRV_INIT;
	int r = json_read(str_make((const char *)data, size), "input", &j, &err);

	if ((r < 0) != (err != NULL) || (r < 0) != (j == NULL))
		abort();
	if (r < 0) {
		error_format(err, &once);
		return 0;
	}
	json_write(j, &once);
	if (json_read(strbuf_str(&once), "output", &again, &err) < 0 || !json_equal(j, again))
		abort();
	json_write(again, &twice);
	if (!str_is_equal(strbuf_str(&once), strbuf_str(&twice)))
		abort();
	json_get_strv(j, "a", &list);
	json_set_strv(j, "a", &list);
	(void)json_get_text(j, "a");
	(void)json_get_int(j, "a", 0);
	return 0;
}
