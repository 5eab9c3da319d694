/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control groups, v1, hybrid and v2 behind one interface.
 *
 * Every container has a group `firkin/<id>` in the unified hierarchy where one is mounted (for
 * clone3 into it, killing, the device filter) and in each v1 hierarchy that its limits need.
 */
#ifndef CONTAINER_CGROUP_H
#define CONTAINER_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/** struct cgroup_limits - 0 means no limit everywhere */
struct cgroup_limits {
	uint64_t memory_max_bytes;
	uint64_t memory_swap_bytes; /* memory + swap; 0: twice memory_max_bytes; UINT64_MAX: any */
	uint64_t memory_low_bytes;
	uint64_t cpu_quota_us_per_100ms; /* 50000 is half a CPU */
	uint64_t cpu_shares;		 /* Docker's 2..262144 */
	int64_t pids_max;		 /* -1: unlimited */
};

/** struct cgroup_stats - Sums since the group was made */
struct cgroup_stats {
	uint64_t memory_bytes; /* without inactive page cache, as people expect of "stats" */
	uint64_t memory_peak_bytes, memory_limit_bytes; /* limit 0: none */
	uint64_t cpu_usec;
	uint64_t pids;
	uint64_t io_read_bytes, io_write_bytes;
	uint64_t oom_kills;
	bool has_memory, has_cpu, has_pids, has_io;
};

/**
 * cgroup_create() - Make the group of container @id and set limits
 * @allow_devices: false installs Docker's device rules (null, zero, full, random, urandom, tty, ptmx,
 *                 pts, console; mknod of anything) as a BPF device program on the unified group or,
 *                 without one, through the v1 devices controller
 * @ret_fd: directory of the unified group for CLONE_INTO_CGROUP, -1 when there is none
 * Return: 0, -ERR_UNSUPPORTED when a limit cannot be applied on this machine (names the limit),
 *         -ERR_USAGE for limits that contradict each other, -ERR_EXISTS; on failure nothing is left
 */
int cgroup_create(const char *id, const struct cgroup_limits *limits, bool allow_devices,
		  int *ret_fd, struct error **err);

/**
 * cgroup_join() - Move @pid into all groups of @id that exist
 * That is the v1 hierarchies; v2 when it was not cloned into. -ERR_NOT_FOUND: the process is gone.
 */
int cgroup_join(const char *id, pid_t pid, struct error **err);

/** cgroup_kill() - SIGKILL everything in the group, forks included; 0 also when it is not there */
int cgroup_kill(const char *id, struct error **err);

/** cgroup_remove() - Kill, wait until empty (at most 5 s), remove its directories; 0 when not there */
int cgroup_remove(const char *id, struct error **err);

/** cgroup_remove_all() - cgroup_remove() for every group whose id begins with @prefix */
int cgroup_remove_all(const char *prefix, struct error **err);

/** cgroup_freeze() - Stop or thaw all processes (pause, unpause) */
int cgroup_freeze(const char *id, bool frozen, struct error **err);

/** cgroup_read_stats() - What can be read; the has_ flags tell */
int cgroup_read_stats(const char *id, struct cgroup_stats *ret_stats, struct error **err);

/** cgroup_update() - Change the limits of a running container to exactly @limits: 0 lifts one */
int cgroup_update(const char *id, const struct cgroup_limits *limits, struct error **err);

#endif
