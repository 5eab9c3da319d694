/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where groups live: hierarchies, the directory `firkin` in each of them, the groups below it.
 * Internal to the cgroup part of this module.
 *
 * Nothing is cached: a hierarchy is found with two system calls, and who holds no state cannot hold
 * a stale one.
 */
#ifndef CONTAINER_CGROUP_TREE_H
#define CONTAINER_CGROUP_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/strbuf.h"

/* The unified hierarchy first: killing through it empties the v1 groups too. */
enum cgroup_hierarchy {
	CGROUP_UNIFIED,
	CGROUP_FREEZER,
	CGROUP_MEMORY,
	CGROUP_CPU,
	CGROUP_CPUACCT,
	CGROUP_PIDS,
	CGROUP_DEVICES,
	CGROUP_HIERARCHY_COUNT,
};

/* How long removal and freezing may take; a killed process needs milliseconds. */
#define CGROUP_WAIT_MAX (5 * USEC_PER_SEC)

/* Largest control file that is read; cgroup.procs with half a million processes fits. */
#define CGROUP_FILE_MAX ((size_t)4 << 20)

/* How deep groups made inside a container are followed. */
#define CGROUP_DEPTH_MAX 32

/** cgroup_hierarchy_name() - "memory", ...; the unified one is "cgroup v2" */
const char *cgroup_hierarchy_name(enum cgroup_hierarchy h);

/**
 * cgroup_open_base() - The directory that holds, or may hold, `firkin`
 * The root that is visible to us when it is writable, otherwise (rootless) the topmost group above
 * our own that is: every process of one user finds the same one.
 * Return: descriptor, or -1 when the hierarchy is not mounted or nothing in it is writable
 */
int cgroup_open_base(enum cgroup_hierarchy h);

/** cgroup_open_group() - Group firkin/@id; -1 when there is none */
int cgroup_open_group(enum cgroup_hierarchy h, const char *id);

/** cgroup_make_group() - Make firkin/@id below @base_fd; descriptor or -ERR_* */
int cgroup_make_group(int base_fd, const char *id, struct error **err);

/**
 * cgroup_remove_group() - Remove firkin/@id with the groups in it, and `firkin` when it is empty
 * Return: 0 (also when it is not there), -EBUSY while processes are in it, negative errno
 */
int cgroup_remove_group(enum cgroup_hierarchy h, const char *id);

/** cgroup_write() - One control file; 0 or negative errno */
int cgroup_write(int group_fd, const char *file, const char *value);

/** cgroup_read() - One control file into an empty @out; 0 or negative errno */
int cgroup_read(int group_fd, const char *file, struct strbuf *out);

/** cgroup_has_word() - Is @word among the words of @text, the content of cgroup.controllers? */
bool cgroup_has_word(str text, const char *word);

/** cgroup_wait_event() - Until "@key @value" stands in cgroup.events; 0, -ETIMEDOUT, -errno */
int cgroup_wait_event(int group_fd, const char *key, const char *value, usec_t deadline);

/** cgroup_each_process() - Call @fn for every process in the group and those below it */
int cgroup_each_process(int group_fd, void (*fn)(void *ctx, pid_t pid), void *ctx);

#endif
