/* SPDX-License-Identifier: Apache-2.0 */
/* Leases: how a process keeps the collector away from what it has found but not yet referenced. */
#include "lease.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>

/*
 * A time of our own, at most a millisecond ago: what is made from now on is later, and what bears
 * exactly this time was found by us.
 */
static int set_start(int fd, struct stat *st)
{
	uint16_t back = 0;

	if (getrandom(&back, sizeof(back), 0) < 0 || fstat(fd, st) < 0)
		return -1;
	struct timespec start = {.tv_sec = st->st_mtim.tv_sec,
				 .tv_nsec = st->st_mtim.tv_nsec - 1 - back * 15};

	if (start.tv_nsec < 0)
		start = (struct timespec){.tv_sec = start.tv_sec - 1,
					  .tv_nsec = start.tv_nsec + 1000000000};
	const struct timespec times[2] = {start, start};

	return futimens(fd, times) < 0 ? -1 : fstat(fd, st); /* as the file system rounds it */
}

int store_lease_take(const struct store *s, struct error **err)
{
	struct store_lease *lease = s->lease;
	char random[17];
	struct stat st;

	if (lease->fd >= 0)
		return 0;
	/* A collector between our creating and locking the file would take it for a dead one. */
	CLEANUP_FD int lock = fs_lock_at(s->locks_fd, "store", FS_LOCK_SHARED, true, err);

	if (lock < 0)
		return lock;
	fs_random_name(random);
	CLEANUP_FREE char *name = x_asprintf("lease-%s", random);
	CLEANUP_FD int fd = fs_lock_at(s->locks_fd, name, FS_LOCK_EXCLUSIVE, false, err);

	if (fd < 0)
		return fd;
	if (set_start(fd, &st) < 0)
		return error_errno(err, "set time of lease");
	lease->name = STEAL_PTR(&name);
	lease->start = st.st_mtim;
	lease->owner = getpid();
	lease->fd = STEAL_FD(&fd);
	return 0;
}

void store_lease_drop(const struct store *s)
{
	struct store_lease *lease = s->lease;

	if (lease->fd < 0)
		return;
	/* A forked child has the same lock; the file is its parent's to remove. */
	if (lease->owner == getpid())
		(void)unlinkat(s->locks_fd, lease->name, 0); /* else the collector does it */
	close_fd(STEAL_FD(&lease->fd));
	free(STEAL_PTR(&lease->name));
}

int store_touch(const struct store *s, int dir_fd, const char *path, struct error **err)
{
	struct stat st;
	int r = store_lease_take(s, err);

	if (r < 0)
		return r;
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, s->lease->start};

	if (fstatat(dir_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !store_is_before(st.st_mtim, s->lease->start))
		return 0;
	/* Between the collector's look at the time and its removal nobody may change the time. */
	CLEANUP_FD int lock = fs_lock_at(s->locks_fd, "store", FS_LOCK_SHARED, true, err);

	if (lock < 0)
		return lock;
	if (utimensat(dir_fd, path, times, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	return errno == ENOENT ? -ERR_NOT_FOUND : error_errno(err, "keep '%s'", path);
}
