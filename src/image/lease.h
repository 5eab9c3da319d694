/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leases: how a process keeps the collector away from what it has found but not yet referenced.
 *
 * The first object that a process finds or makes opens its lease: a locked file locks/lease-<hex>.
 * Found objects get the lease's time as mtime. The collector spares everything that is not older
 * than the oldest lease whose lock is held; a lease dies with its holder and needs no expiry.
 */
#ifndef IMAGE_LEASE_H
#define IMAGE_LEASE_H

#include <time.h>

#include "image/store.h"

struct store_lease {
	int fd; /* -1: not taken yet */
	pid_t owner;
	char *name; /* in locks/ */
	struct timespec start;
};

/** store_lease_take() - Have a lease from now on; before an object is made */
int store_lease_take(const struct store *s, struct error **err);

/** store_lease_drop() - End it */
void store_lease_drop(const struct store *s);

/**
 * store_touch() - Keep an object that is about to be used
 * Return: 0, -ERR_NOT_FOUND (without an error object: callers decide), other -ERR_*
 */
int store_touch(const struct store *s, int dir_fd, const char *path, struct error **err);

/** store_is_before() - Whether @a is earlier than @b */
static inline bool store_is_before(struct timespec a, struct timespec b)
{
	return a.tv_sec < b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec < b.tv_nsec);
}

#endif
