/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a killed build leaves behind: its directories in tmp/ (their leases are free), and, named
 * after its scratch directory, the groups of its RUN steps and its place on the default network. The
 * next build removes them.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "network/network.h"
#include "schedule.h"

/* A draft is dead when nobody holds its lease; the store's lock keeps new ones from appearing. */
static bool is_dead(int dir_fd)
{
	CLEANUP(error) struct error *held = NULL;
	CLEANUP_FD int lease = -1;

	if (faccessat(dir_fd, "lease", F_OK, 0) < 0)
		return false;
	lease = fs_lock_at(dir_fd, "lease", FS_LOCK_EXCLUSIVE, false, &held);
	return lease >= 0;
}

/* Secrets of a step that was killed in the middle. */
static void remove_secrets(const char *run_path, const char *prefix)
{
	DIR *d = run_path ? opendir(run_path) : NULL;

	if (!d)
		return;
	for (struct dirent *e; (e = readdir(d));) {
		if (strncmp(e->d_name, prefix, strlen(prefix)) == 0)
			(void)unlinkat(dirfd(d), e->d_name, 0); /* the next build tries again */
	}
	(void)closedir(d);
}

static void remove_draft(const struct build_options *opt, const char *name)
{
	const struct store *s = opt->store;
	CLEANUP(error) struct error *ignored = NULL; /* the collector tries again */
	CLEANUP_FREE char *id = x_asprintf("build-%s", name);
	CLEANUP_FREE char *groups = x_asprintf("%s-", id);
	CLEANUP_FD int dir_fd = openat(s->tmp_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir_fd < 0 || !is_dead(dir_fd))
		return;
	(void)cgroup_remove_all(groups, &ignored);
	remove_secrets(opt->run_path, groups);
	(void)network_detach(opt->networks_fd, "bridge", id, &ignored);
	(void)fs_remove_tree_at(s->tmp_fd, name, &ignored);
}

void sweep_dead_builds(const struct build_options *opt)
{
	const struct store *s = opt->store;
	CLEANUP(error) struct error *busy = NULL;
	int fd = openat(s->tmp_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	CLEANUP_FD int lock = -1;

	if (!d) {
		close_fd(fd);
		return;
	}
	for (struct dirent *e; (e = readdir(d));) {
		if (e->d_name[0] == '.')
			continue;
		if (lock < 0) /* taken only when there is something to look at */
			lock = fs_lock_at(s->locks_fd, "store", FS_LOCK_EXCLUSIVE, false, &busy);
		if (lock < 0)
			break; /* another build is beginning: the one after us looks */
		remove_draft(opt, e->d_name);
	}
	(void)closedir(d);
}
