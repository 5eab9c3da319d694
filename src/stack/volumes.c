/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Volumes: volumes/<name>/_data in the store. volumes/<name>/project names the project that made
 * it, for "down --volumes".
 */
#include "volumes.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

enum { VOLUME_NAME_MAX = 200, PROJECT_FILE_MAX = 1024 };

static int check_name(const char *name, struct error **err)
{
	size_t len = strlen(name);
	bool good = len > 0 && len <= VOLUME_NAME_MAX;

	for (size_t i = 0; good && i < len; i++)
		good = isalnum((unsigned char)name[i]) || (i > 0 && strchr("_.-", name[i]));
	return good ? 0
		    : error_new(err, ERR_USAGE,
				"'%.210s' is not a name for a volume (letters, digits, '_', '.', "
				"'-')",
				name);
}

int stack_volume_path(const struct engine *e, const char *name, bool create, char **ret_path,
		      struct error **err)
{
	CLEANUP_FREE char *relative = x_asprintf("%s/_data", name);
	int r = check_name(name, err);

	if (r < 0)
		return r;
	if (create && mkdirat(e->store->volumes_fd, name, 0700) < 0 && errno != EEXIST)
		return error_errno(err, "make volume '%s'", name);
	/* What is in it belongs to the container's users: they must be able to get there. */
	if (create && mkdirat(e->store->volumes_fd, relative, 0755) < 0 && errno != EEXIST)
		return error_errno(err, "make volume '%s'", name);
	if (faccessat(e->store->volumes_fd, relative, F_OK, 0) < 0)
		return error_new(err, ERR_NOT_FOUND, "no volume '%s'", name);
	*ret_path = x_asprintf("%s/volumes/%s", e->store->path, relative);
	return 0;
}

int stack_volume_remove(const struct engine *e, const char *name, struct error **err)
{
	int r = check_name(name, err);

	if (r == 0)
		r = fs_remove_tree_at(e->store->volumes_fd, name, err);
	return r < 0 ? error_context(err, "remove volume '%s'", name) : 0;
}

int volumes_make(const struct engine *e, const char *name, const char *project, bool *ret_made,
		 struct error **err)
{
	CLEANUP_FREE char *path = NULL, *record = x_asprintf("%s/project", name);
	int r = check_name(name, err);

	*ret_made = r == 0 && faccessat(e->store->volumes_fd, name, F_OK, 0) < 0;
	if (r == 0)
		r = stack_volume_path(e, name, true, &path, err);
	if (r == 0 && *ret_made)
		r = fs_write_atomic_at(e->store->volumes_fd, record, str_from(project), 0600,
				       FS_VOLATILE, err);
	return r;
}

static bool is_of_project(const struct engine *e, const char *name, const char *project)
{
	CLEANUP_FREE char *record = x_asprintf("%s/project", name);
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP(error) struct error *none = NULL; /* made by "run" */

	return fs_read_at(e->store->volumes_fd, record, PROJECT_FILE_MAX, &text, &none) == 0 &&
	       str_is(strbuf_str(&text), project);
}

int volumes_list(const struct engine *e, const char *project, struct strv *out, struct error **err)
{
	int fd = fs_open_dir_at(e->store->volumes_fd, ".", err);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d) {
		close_fd(fd);
		return fd < 0 ? fd : error_errno(err, "read the list of volumes");
	}
	for (struct dirent *entry; (entry = readdir(d));) {
		if (entry->d_name[0] != '.' && is_of_project(e, entry->d_name, project))
			strv_add(out, entry->d_name);
	}
	(void)closedir(d);
	strv_sort(out);
	return 0;
}
