/* SPDX-License-Identifier: Apache-2.0 */
/* Limits to control files, by table. */
#include "cgroup_limits.h"

#include <inttypes.h>
#include <stdio.h>

#define SHARES_MAX UINT64_C(262144)
#define CPU_PERIOD_US 100000

/*
 * Weights of 2^0, 2^1 ... 2^18 shares. The curve through them is the one that the low-level
 * runtimes agreed on: with l = log2(shares), weight = 10^((l * l + 125 * l) / 612 - 7 / 34), so
 * that 2 gives 1, the default 1024 gives the default 100, and 262144 gives 10000.
 */
static const uint16_t weights[] = {
	1, 1, 2, 3, 5, 8, 12, 21, 35, 59, 100, 174, 303, 532, 942, 1681, 3023, 5478, 10000,
};

uint64_t cgroup_weight(uint64_t shares)
{
	unsigned l = 0;

	if (shares >= SHARES_MAX)
		return weights[ARRAY_SIZE(weights) - 1];
	while ((UINT64_C(2) << l) <= shares)
		l++;
	/* Straight lines between the powers of two: off by one, or two percent; and no libm. */
	uint64_t low = UINT64_C(1) << l, step = weights[l + 1] - weights[l];

	return weights[l] + (step * (shares - low) + low / 2) / low;
}

static void format_value(char value[48], uint64_t n, const char *unlimited)
{
	if (n == 0 || n == UINT64_MAX)
		(void)snprintf(value, 48, "%s", unlimited);
	else
		(void)snprintf(value, 48, "%" PRIu64, n);
}

static bool format_memory(const struct cgroup_limits *l, bool unified, char value[48])
{
	format_value(value, l->memory_max_bytes, unified ? "max" : "-1");
	return l->memory_max_bytes != 0;
}

/* v1 counts memory and swap together, v2 swap alone; a limit of nothing is a limit there. */
static bool format_swap(const struct cgroup_limits *l, bool unified, char value[48])
{
	uint64_t memory = l->memory_max_bytes, both = l->memory_swap_bytes;

	if (both == 0)
		both = memory > UINT64_MAX / 2 ? UINT64_MAX : 2 * memory;
	if (unified && memory != 0 && both == memory)
		(void)snprintf(value, 48, "0");
	else
		format_value(value, unified && both != UINT64_MAX ? both - memory : both,
			     unified ? "max" : "-1");
	return memory != 0;
}

static bool format_reservation(const struct cgroup_limits *l, bool unified, char value[48])
{
	format_value(value, l->memory_low_bytes, unified ? "0" : "-1");
	return l->memory_low_bytes != 0;
}

static bool format_quota(const struct cgroup_limits *l, bool unified, char value[48])
{
	format_value(value, l->cpu_quota_us_per_100ms, unified ? "max" : "-1");
	if (unified) {
		size_t len = strlen(value);

		(void)snprintf(value + len, 48 - len, " %d", CPU_PERIOD_US);
	}
	return l->cpu_quota_us_per_100ms != 0;
}

static bool format_shares(const struct cgroup_limits *l, bool unified, char value[48])
{
	uint64_t shares = l->cpu_shares ? l->cpu_shares : 1024;

	format_value(value, unified ? cgroup_weight(shares) : shares, "");
	return l->cpu_shares != 0;
}

static bool format_pids(const struct cgroup_limits *l, bool unified, char value[48])
{
	(void)unified; /* the same file and words in both */
	format_value(value, l->pids_max > 0 ? (uint64_t)l->pids_max : 0, "max");
	return l->pids_max > 0;
}

static const struct limit {
	const char *name;
	enum cgroup_hierarchy controller;
	const char *v1_file, *v2_file;
	/* The text for the file; false when it means "no limit". */
	bool (*format)(const struct cgroup_limits *l, bool unified, char value[48]);
} limits_table[] = {
	{ "memory limit", CGROUP_MEMORY, "memory.limit_in_bytes", "memory.max", format_memory },
	{ "memory and swap limit", CGROUP_MEMORY, "memory.memsw.limit_in_bytes", "memory.swap.max",
	  format_swap },
	{ "memory reservation", CGROUP_MEMORY, "memory.soft_limit_in_bytes", "memory.low",
	  format_reservation },
	{ "cpu limit", CGROUP_CPU, "cpu.cfs_quota_us", "cpu.max", format_quota },
	{ "cpu shares", CGROUP_CPU, "cpu.shares", "cpu.weight", format_shares },
	{ "pids limit", CGROUP_PIDS, "pids.max", "pids.max", format_pids },
};
_Static_assert(ARRAY_SIZE(limits_table) == CGROUP_SETTINGS_MAX, "one setting for each limit");

int cgroup_check_limits(const struct cgroup_limits *limits, struct error **err)
{
	uint64_t both = limits->memory_swap_bytes;

	if (both != 0 && both != UINT64_MAX && limits->memory_max_bytes == 0)
		return error_new(err, ERR_USAGE, "a memory and swap limit needs a memory limit");
	if (both != 0 && both < limits->memory_max_bytes)
		return error_new(err, ERR_USAGE,
				 "the memory and swap limit (%" PRIu64
				 " bytes) is below the memory limit (%" PRIu64 " bytes)",
				 both, limits->memory_max_bytes);
	return 0;
}

void cgroup_plan_limits(const struct cgroup_limits *limits, bool unified,
			struct cgroup_setting ret_settings[CGROUP_SETTINGS_MAX])
{
	for (size_t i = 0; i < CGROUP_SETTINGS_MAX; i++) {
		const struct limit *limit = &limits_table[i];
		struct cgroup_setting *s = &ret_settings[i];

		s->limit = limit->name;
		s->controller = limit->controller;
		s->file = unified ? limit->v2_file : limit->v1_file;
		s->wanted = limit->format(limits, unified, s->value);
		s->optional = limit->format == format_swap && limits->memory_swap_bytes == 0;
	}
}
