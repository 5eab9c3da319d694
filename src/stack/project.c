/* SPDX-License-Identifier: Apache-2.0 */
/* The run state of projects: directories and locks. */
#include "project.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>

#include "codec/json.h"

enum { NETWORKS_FILE_MAX = 1 << 20 };

static bool is_name(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)name[i]) && (i == 0 || !strchr("_.-", name[i])))
			return false;
	}
	return len > 0 && len <= PROJECT_NAME_MAX;
}

/* Is the directory that we opened still the one that the name leads to? */
static bool is_current(const struct engine *e, const char *name, int dir_fd)
{
	struct stat ours, named;

	return fstat(dir_fd, &ours) == 0 && fstatat(e->projects_fd, name, &named, 0) == 0 &&
	       ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

int project_open(const struct engine *e, const char *name, int *ret_start_fd, struct error **err)
{
	if (!is_name(name))
		return error_new(err, ERR_USAGE, "'%s' is not a name for a project", name);
	for (;;) {
		if (mkdirat(e->projects_fd, name, 0700) < 0 && errno != EEXIST)
			return error_errno(err, "make the run directory of project '%s'", name);
		CLEANUP_FD int fd = project_open_existing(e, name);

		if (fd < 0)
			continue; /* removed at once by a supervisor that ends */
		CLEANUP_FD int start = fs_lock_at(fd, "start", FS_LOCK_EXCLUSIVE, true, err);

		if (start < 0 && error_code(*err) != ERR_NOT_FOUND)
			return error_context(err, "project '%s'", name);
		if (start >= 0 && is_current(e, name, fd)) {
			*ret_start_fd = STEAL_FD(&start);
			return STEAL_FD(&fd);
		}
		error_free(STEAL_PTR(err));
	}
}

int project_open_existing(const struct engine *e, const char *name)
{
	return openat(e->projects_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

bool project_is_supervised(const struct engine *e, const char *name)
{
	CLEANUP_FREE char *path = x_asprintf("%s/lock", name);
	CLEANUP_FD int fd = openat(e->projects_fd, path, O_RDWR | O_CLOEXEC);
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fd >= 0 && fcntl(fd, F_OFD_GETLK, &fl) == 0 && fl.l_type != F_UNLCK;
}

void project_close(const struct engine *e, const char *name, int dir_fd)
{
	CLEANUP(error) struct error *busy = NULL;
	CLEANUP_FD int start = fs_lock_at(dir_fd, "start", FS_LOCK_EXCLUSIVE, false, &busy);

	if (start < 0 || !is_current(e, name, dir_fd))
		return; /* somebody is about to use it */
	(void)unlinkat(dir_fd, "control", 0);
	if (faccessat(dir_fd, "networks.json", F_OK, 0) == 0)
		return; /* "down" wants to know */
	(void)unlinkat(dir_fd, "lock", 0);
	(void)unlinkat(dir_fd, "start", 0);
	(void)unlinkat(e->projects_fd, name, AT_REMOVEDIR); /* not empty: it stays */
}

int project_save_networks(int dir_fd, const struct strv *names, struct error **err)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);

	if (names->count == 0) {
		(void)unlinkat(dir_fd, "networks.json", 0); /* absent is as good */
		return 0;
	}
	CLEANUP_JSON json_t *list = json_from_strv(names);

	json_write(list, &text);
	return fs_write_atomic_at(dir_fd, "networks.json", strbuf_str(&text), 0600, FS_VOLATILE,
				  err);
}

int project_load_networks(int dir_fd, struct strv *out, struct error **err)
{
	CLEANUP_JSON json_t *list = NULL;
	int r = json_read_file_at(dir_fd, "networks.json", NETWORKS_FILE_MAX, &list, err);

	if (r == -ERR_NOT_FOUND) {
		error_free(STEAL_PTR(err));
		return 0;
	}
	for (size_t i = 0; r == 0 && i < json_array_size(list); i++)
		strv_add_str(out, str_from(json_string_value(json_array_get(list, i))));
	return r;
}
