/* SPDX-License-Identifier: Apache-2.0 */
/* Walking a new layer and clamping what is later than the epoch. */
#include "clamp.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/fs.h"

static int clamp_one(int dir_fd, const char *name, const struct stat *st, int64_t epoch_s,
		     struct error **err)
{
	const struct timespec times[] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = (time_t)epoch_s } };

	if (st->st_mtim.tv_sec < epoch_s || (st->st_mtim.tv_sec == epoch_s && st->st_mtim.tv_nsec == 0))
		return 0;
	return utimensat(dir_fd, name, times, AT_SYMLINK_NOFOLLOW) < 0
		       ? error_errno(err, "set the time of '%s'", name)
		       : 0;
}

/* Takes @fd. A directory's own time is set by its parent, after its entries. */
static int clamp_entries(int fd, int64_t epoch_s, struct error **err)
{
	DIR *d = fdopendir(fd);
	int r = 0;

	if (!d) {
		close_fd(fd);
		return error_errno(err, "read directory");
	}
	for (struct dirent *e; r == 0 && (e = readdir(d));) {
		struct stat st;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
			r = error_errno(err, "stat '%s'", e->d_name);
			break;
		}
		if (S_ISDIR(st.st_mode)) {
			int child = openat(dirfd(d), e->d_name,
					   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

			r = child < 0 ? error_errno(err, "open '%s'", e->d_name)
				      : clamp_entries(child, epoch_s, err);
		}
		if (r == 0)
			r = clamp_one(dirfd(d), e->d_name, &st, epoch_s, err);
	}
	(void)closedir(d);
	return r;
}

int clamp_times(int fs_fd, int64_t epoch_s, struct error **err)
{
	struct stat st;
	int fd = fs_open_dir_at(fs_fd, ".", err);
	int r = fd < 0 ? fd : clamp_entries(fd, epoch_s, err);

	if (r == 0 && fstat(fs_fd, &st) < 0)
		return error_errno(err, "stat the layer");
	return r < 0 ? r : clamp_one(fs_fd, ".", &st, epoch_s, err);
}
