/* SPDX-License-Identifier: Apache-2.0 */
/* How much a directory tree holds. */
#include "layer_measure.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "layer_overlay.h"

struct measure {
	uint64_t files, bytes;
	bool wants_bytes;
};

static int measure_dir(struct measure *m, int dir_fd, const char *name, unsigned depth,
		       struct error **err);

static int measure_name(struct measure *m, int dir_fd, const struct dirent *e, unsigned depth,
			struct error **err)
{
	struct stat st;
	unsigned char type = e->d_type;

	m->files++;
	if (m->wants_bytes || type == DT_UNKNOWN) {
		if (fstatat(dir_fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return error_errno(err, "stat '%s'", e->d_name);
		type = S_ISDIR(st.st_mode) ? DT_DIR : DT_REG;
		/* A file with more names stays when these go, or is counted once per name: share
		 * it. */
		m->bytes += (uint64_t)st.st_blocks * 512 /
			    (type == DT_DIR || st.st_nlink == 0 ? 1 : st.st_nlink);
	}
	return type == DT_DIR ? measure_dir(m, dir_fd, e->d_name, depth + 1, err) : 0;
}

static int measure_dir(struct measure *m, int dir_fd, const char *name, unsigned depth,
		       struct error **err)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	int r = 0;

	if (!d) {
		r = error_errno(err, "read directory '%s'", name);
		close_fd(fd);
		return r;
	}
	if (depth > LAYER_DEPTH_MAX)
		r = error_new(err, ERR_LIMIT, "'%s' is deeper than %d levels", name,
			      LAYER_DEPTH_MAX);
	for (struct dirent *e; r == 0 && (e = readdir(d));) {
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			r = measure_name(m, dirfd(d), e, depth, err);
	}
	(void)closedir(d);
	return r;
}

int layer_measure(int dir_fd, uint64_t *ret_files, uint64_t *ret_bytes, struct error **err)
{
	struct measure m = {.wants_bytes = ret_bytes != NULL};
	int r = measure_dir(&m, dir_fd, ".", 0, err);

	if (r < 0)
		return r;
	if (ret_files)
		*ret_files = m.files;
	if (ret_bytes)
		*ret_bytes = m.bytes;
	return 0;
}
