/* SPDX-License-Identifier: Apache-2.0 */
/* Extended attributes that belong to a file's content. */
#include "attribute.h"

#include <linux/limits.h>
#include <sys/xattr.h>

#include "base/strv.h"

bool attribute_is_kept(const char *name)
{
	str n = str_from(name);

	if (str_has_prefix(n, "user."))
		return !str_has_prefix(n, "user.overlay.");
	return str_is(n, "security.capability");
}

/* Kept names of a file, sorted. The usual file has no attribute at all: one call. */
static void list_names(int fd, struct strv *out)
{
	char names[XATTR_LIST_MAX]; /* also the kernel's limit */
	ssize_t len = flistxattr(fd, NULL, 0);

	len = len > 0 ? flistxattr(fd, names, sizeof(names)) : len;
	for (const char *name = names; len > 0 && name < names + len; name += strlen(name) + 1) {
		if (attribute_is_kept(name))
			strv_add(out, name);
	}
	strv_sort(out);
}

void attribute_list(int fd, struct strbuf *out)
{
	struct strv names CLEANUP_STRV = STRV_INIT;

	list_names(fd, &names);
	for (size_t i = 0; i < names.count; i++) {
		CLEANUP_FREE char *value = x_alloc(XATTR_SIZE_MAX);
		ssize_t size = fgetxattr(fd, names.items[i], value, XATTR_SIZE_MAX);
		uint32_t stored = size < 0 ? 0 : (uint32_t)size;

		if (size < 0) /* removed meanwhile */
			continue;
		strbuf_add(out, names.items[i], strlen(names.items[i]) + 1);
		strbuf_add(out, &stored, sizeof(stored));
		strbuf_add(out, value, stored);
	}
}

void attribute_copy(int from_fd, int to_fd)
{
	struct strv names CLEANUP_STRV = STRV_INIT;

	list_names(from_fd, &names);
	for (size_t i = 0; i < names.count; i++) {
		CLEANUP_FREE char *value = x_alloc(XATTR_SIZE_MAX);
		ssize_t size = fgetxattr(from_fd, names.items[i], value, XATTR_SIZE_MAX);

		/* Without the privilege or the file system for it, the file still counts. */
		if (size >= 0)
			(void)fsetxattr(to_fd, names.items[i], value, (size_t)size, 0);
	}
}
