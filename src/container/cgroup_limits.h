/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits as values of control files: which file of which controller gets which text (pure, in
 * cgroup_limits.c), and writing them (cgroup_apply.c). Internal to the cgroup part of this module.
 */
#ifndef CONTAINER_CGROUP_LIMITS_H
#define CONTAINER_CGROUP_LIMITS_H

#include "cgroup_tree.h"
#include "container/cgroup.h"

enum { CGROUP_SETTINGS_MAX = 6 };

/** struct cgroup_setting - One limit as it is written */
struct cgroup_setting {
	const char *limit;		  /* as people call it: "memory limit" */
	enum cgroup_hierarchy controller; /* CGROUP_MEMORY, CGROUP_CPU or CGROUP_PIDS */
	const char *file;
	char value[48];
	bool wanted;   /* false: this is the value that means "no limit" */
	bool optional; /* nobody asked for it in words: a kernel without the file is fine */
};

/** cgroup_check_limits() - Limits that contradict each other: -ERR_USAGE */
int cgroup_check_limits(const struct cgroup_limits *limits, struct error **err);

/**
 * cgroup_plan_limits() - Settings of the controllers in one kind of hierarchy
 * @unified: files of cgroup v2, else of v1
 * @ret_settings: all six, in the order of writing; those without `wanted` matter for updates
 */
void cgroup_plan_limits(const struct cgroup_limits *limits, bool unified,
			struct cgroup_setting ret_settings[CGROUP_SETTINGS_MAX]);

/**
 * cgroup_apply_limits() - Write limits, making the v1 groups that they need
 * @unified_fd: the container's v2 group, -1 without one
 * @update: processes are in it already: limits that are 0 are lifted, new v1 groups get filled
 * Return: 0, -ERR_UNSUPPORTED naming the limit and the missing controller, -ERR_*
 */
int cgroup_apply_limits(const char *id, int unified_fd, const struct cgroup_limits *limits,
			bool update, struct error **err);

/** cgroup_weight() - cpu.weight (1..10000) for Docker's shares (2..262144) */
uint64_t cgroup_weight(uint64_t shares);

#endif
