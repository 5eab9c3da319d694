/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shape of the generated default filter (gen-seccomp): one program, and where a capability
 * turns a refusal into a permission.
 */
#ifndef CONTAINER_SECCOMP_PROGRAM_H
#define CONTAINER_SECCOMP_PROGRAM_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

/** struct seccomp_patch - With any of @capabilities the instruction becomes "return ALLOW" */
struct seccomp_patch {
	uint16_t index;
	uint64_t capabilities;
};

/** struct seccomp_program - The filter for a container without capabilities, and its patches */
struct seccomp_program {
	const struct sock_filter *insns;
	size_t count;
	const struct seccomp_patch *patches;
	size_t patch_count;
};

/* Defined in the generated seccomp_default.c */
extern const struct seccomp_program seccomp_default_program;

#endif
