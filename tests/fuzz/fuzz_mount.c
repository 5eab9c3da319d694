/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the options of a mount. */
#include <assert.h>

#include "dockerfile/mount.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool get(void *ctx, str name, str *ret_value)
{
	(void)ctx;
	*ret_value = name;
	return name.len % 2;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena) struct arena *a = arena_new();
	CLEANUP(error) struct error *err = NULL;
	CLEANUP(error) struct error *expand_err = NULL;
	const struct expand_env env = {.get = get, .escape = '\\'};
	str text = str_make((const char *)data, size);
	struct run_mount mount;

	if (run_mount_parse(a, text, &mount, &err) == 0) {
		assert(mount.type <= RUN_MOUNT_SSH && mount.sharing <= SHARING_LOCKED);
		assert(mount.target.len || mount.type >= RUN_MOUNT_SECRET);
		assert(mount.type != RUN_MOUNT_SECRET || mount.id.len);
		assert(!mount.has_mode || mount.mode <= 07777);
	}
	(void)run_mount_expand(a, text, &env, &mount, &expand_err); /* must return */
	return 0;
}
