/* SPDX-License-Identifier: Apache-2.0 */
/* Opening the store and the run state together. */
#include <errno.h>
#include <fcntl.h>

#include "stack/stack.h"

/* An absolute path without needing the directory to exist. */
static char *absolute(const char *path)
{
	if (path[0] == '/')
		return x_strdup(path);
	CLEANUP_FREE char *cwd = getcwd(NULL, 0);

	return x_asprintf("%s/%s", cwd ? cwd : "", path);
}

static int open_run(struct engine *e, struct error **err)
{
	/* 0700: sockets and configuration are nobody else's business (CVE-2021-41091). */
	int r = fs_mkdirs_at(AT_FDCWD, e->run_path, 0700, err);

	if (r < 0)
		return r;
	e->run_fd = fs_open_dir_at(AT_FDCWD, e->run_path, err);
	if (e->run_fd < 0)
		return e->run_fd;
	r = fs_mkdirs_at(e->run_fd, "networks", 0700, err);
	if (r == 0)
		r = fs_mkdirs_at(e->run_fd, "projects", 0700, err);
	if (r < 0)
		return r;
	e->networks_fd = fs_open_dir_at(e->run_fd, "networks", err);
	e->projects_fd = e->networks_fd < 0 ? -1 : fs_open_dir_at(e->run_fd, "projects", err);
	return e->projects_fd < 0 ? -(int)error_code(*err) : 0;
}

int engine_open(const char *store_path, const char *run_path, struct engine **ret, struct error **err)
{
	CLEANUP(engine) struct engine *e = x_alloc(sizeof(*e));
	CLEANUP_FREE char *store = absolute(store_path);
	int r;

	e->run_fd = e->networks_fd = e->projects_fd = -1;
	e->run_path = absolute(run_path);
	r = store_open(store, &e->store, err);
	if (r == 0)
		r = open_run(e, err);
	if (r < 0)
		return r;
	*ret = STEAL_PTR(&e);
	return 0;
}

void engine_close(struct engine *e)
{
	if (!e)
		return;
	store_close(e->store);
	close_fd(e->run_fd);
	close_fd(e->networks_fd);
	close_fd(e->projects_fd);
	free(e->run_path);
	free(e);
}
