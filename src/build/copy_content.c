/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of a file: shared blocks where possible, else copied in the kernel, holes kept. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include "base/fs.h"
#include "copy_tree.h"

enum {
	BUFFER_SIZE = 256 << 10,
	KERNEL_MIN = 64 << 10, /* below, one read and one write are cheaper than asking */
	RANGE_SIZE = 1 << 30,
};

static int copy_by_hand(struct copy_means *m, int from_fd, int to_fd, off_t len)
{
	if (!m->buffer)
		m->buffer = x_alloc(BUFFER_SIZE);
	while (len > 0) {
		size_t want = len < BUFFER_SIZE ? (size_t)len : BUFFER_SIZE;
		ssize_t n = read(from_fd, m->buffer, want);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || (n > 0 && fs_write_all(to_fd, m->buffer, (size_t)n) < 0))
			return -1;
		if (n == 0) /* it became shorter meanwhile */
			return 0;
		len -= n;
	}
	return 0;
}

/* @len bytes from where both descriptors are. */
static int copy_range(struct copy_means *m, int from_fd, int to_fd, off_t len)
{
	while (len >= KERNEL_MIN && !m->no_range) {
		size_t want = len < RANGE_SIZE ? (size_t)len : RANGE_SIZE;
		ssize_t n = copy_file_range(from_fd, NULL, to_fd, NULL, want, 0);

		if (n == 0)
			break;
		if (n > 0) {
			len -= n;
			continue;
		}
		if (errno == ENOSPC || errno == EDQUOT || errno == EIO)
			return -1;
		m->no_range = errno != EINTR;
	}
	return copy_by_hand(m, from_fd, to_fd, len);
}

static int copy_sparse(struct copy_means *m, int from_fd, int to_fd, off_t size)
{
	off_t end;

	for (off_t data = lseek(from_fd, 0, SEEK_DATA); data >= 0 && data < size;
	     data = lseek(from_fd, end, SEEK_DATA)) {
		end = lseek(from_fd, data, SEEK_HOLE);
		if (end < 0 || lseek(from_fd, data, SEEK_SET) < 0 ||
		    lseek(to_fd, data, SEEK_SET) < 0)
			return -1;
		end = end < size ? end : size;
		if (copy_range(m, from_fd, to_fd, end - data) < 0)
			return -1;
	}
	return ftruncate(to_fd, size);
}

int copy_content(struct copy_means *m, int from_fd, int to_fd, const struct stat *st)
{
	if (st->st_size >= KERNEL_MIN && !m->no_clone) {
		if (ioctl(to_fd, FICLONE, from_fd) == 0)
			return 0;
		m->no_clone = true;
	}
	/* st_blocks counts 512 bytes. */
	if (st->st_size >= KERNEL_MIN && st->st_blocks < st->st_size / 512)
		return copy_sparse(m, from_fd, to_fd, st->st_size);
	return copy_range(m, from_fd, to_fd, st->st_size);
}
