/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which devices a container may open and make: one table, as a BPF program on a cgroup v2 group or
 * as lines for the v1 devices controller.
 */
#ifndef CONTAINER_DEVICE_FILTER_H
#define CONTAINER_DEVICE_FILTER_H

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Stands for every major number. */
#define DEVICE_ANY UINT32_MAX

/* Stands for every minor number; otherwise there is a bit for each of 0 to 31. */
#define DEVICE_MINORS_ALL 0u

/* Bits of what a rule allows: the kernel's BPF_DEVCG_ACC_*. */
enum {
	DEVICE_MKNOD = BPF_DEVCG_ACC_MKNOD,
	DEVICE_READ = BPF_DEVCG_ACC_READ,
	DEVICE_WRITE = BPF_DEVCG_ACC_WRITE,
	DEVICE_ALL = DEVICE_MKNOD | DEVICE_READ | DEVICE_WRITE,
};

/** struct device_rule - Allows; what no rule allows is denied */
struct device_rule {
	char type; /* 'b', 'c'; 'a' is both */
	uint32_t major, minors;
	uint32_t access;
};

/* Instructions that one rule takes at most, and those around all rules. */
#define DEVICE_FILTER_RULE_MAX 11
#define DEVICE_FILTER_FRAME 9

/** device_filter_rules() - Docker's default rules; @ret_count of them, static */
const struct device_rule *device_filter_rules(size_t *ret_count);

/**
 * device_filter_build() - The program for @rules
 * @ret_insns: room for DEVICE_FILTER_FRAME + count * DEVICE_FILTER_RULE_MAX
 * Return: how many instructions it has
 */
size_t device_filter_build(const struct device_rule *rules, size_t count,
			   struct bpf_insn *ret_insns);

/** device_filter_attach() - The default rules for a v2 group; 0 or negative errno */
int device_filter_attach(int group_fd);

/** device_filter_write_v1() - The default rules for a group of the v1 devices controller */
int device_filter_write_v1(int group_fd, struct error **err);

#endif
