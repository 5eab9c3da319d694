/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compile the default system call policy to BPF and print it as C source (seccomp_default.c).
 *
 *	gen-seccomp [x86_64|aarch64] > seccomp_default.c
 *
 * How it works: for each ABI every number gets an action by its name (libseccomp knows the names);
 * neighbours with the same action become one range; the ranges become a binary tree of comparisons
 * whose leaves return. One program serves all containers: where a capability decides, the leaf
 * refuses and the table of patches says which capabilities make it "return ALLOW".
 *
 * Why not libseccomp's own compiler: the kernel takes up to four times as long to install what it
 * makes, its releases before 2.6.1 merge 64-bit comparisons wrongly, and they cannot be given
 * numbers that they have no name for. The unit test compares both, call by call.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seccomp_profile.h"
#include "seccomp_program.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* All numbers that can have names: the common ones, then those that arm keeps for itself. */
enum { COMMON_END = 1024, ARM_START = 0xf0000, ARM_END = 0xf0100 };
enum { RANGES_MAX = 1024, PATCHES_MAX = 256, ABIS_MAX = 3, JUMP_MAX = 255 };

#define RET_ERRNO(n) (SECCOMP_RET_ERRNO | (n))

enum action_kind {
	ACTION_DENY,
	ACTION_NO_SUCH_CALL,
	ACTION_ALLOW,
	ACTION_CAPABILITIES,
	ACTION_CLONE,
	ACTION_CLONE3,
	ACTION_PERSONALITY,
	ACTION_SOCKET,
};

struct action {
	enum action_kind kind;
	uint64_t capabilities; /* any of them allows */
};

/* Numbers from @start to the next range's start */
struct range {
	uint32_t start;
	struct action action;
};

struct ranges {
	struct range items[RANGES_MAX];
	size_t count;
};

struct output {
	struct sock_filter insns[BPF_MAXINSNS];
	size_t count;
	struct seccomp_patch patches[PATCHES_MAX];
	size_t patch_count;
};

/* One way of calling the kernel; ABIs of one audit architecture differ in the number's base. */
struct abi {
	uint32_t library_arch, audit_arch, base;
	unsigned family;
};

static const struct machine {
	const char *name;
	struct abi abis[ABIS_MAX];
	size_t abi_count;
} machines[] = {
	{ "x86_64",
	  { { SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64, 0, SECCOMP_FAMILY_X86 },
	    { SCMP_ARCH_X32, AUDIT_ARCH_X86_64, 0x40000000, SECCOMP_FAMILY_X86 },
	    { SCMP_ARCH_X86, AUDIT_ARCH_I386, 0, SECCOMP_FAMILY_X86 } },
	  3 },
	{ "aarch64",
	  { { SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64, 0, SECCOMP_FAMILY_ARM },
	    { SCMP_ARCH_ARM, AUDIT_ARCH_ARM, 0, SECCOMP_FAMILY_ARM } },
	  2 },
};

static _Noreturn void die(const char *what)
{
	(void)fprintf(stderr, "gen-seccomp: %s\n", what);
	exit(EXIT_FAILURE);
}

static struct action find_conditional(const char *name)
{
	static const struct {
		const char *name;
		struct action action;
	} special[] = {
		{ "clone", { ACTION_CLONE, CAP_BIT(CAP_SYS_ADMIN) } },
		{ "clone3", { ACTION_CLONE3, CAP_BIT(CAP_SYS_ADMIN) } },
		{ "personality", { ACTION_PERSONALITY, 0 } },
		{ "socket", { ACTION_SOCKET, 0 } },
	};

	for (size_t i = 0; i < COUNT(special); i++) {
		if (strcmp(special[i].name, name) == 0)
			return special[i].action;
	}
	for (size_t i = 0; i < COUNT(seccomp_groups); i++) {
		for (const char *const *n = seccomp_groups[i].names; *n; n++) {
			if (strcmp(*n, name) == 0)
				return (struct action){ ACTION_CAPABILITIES,
							seccomp_groups[i].capabilities };
		}
	}
	return (struct action){ ACTION_DENY, 0 };
}

static struct action find_action(const char *name, unsigned family)
{
	for (size_t i = 0; i < COUNT(seccomp_allowed); i++) {
		if (strcmp(seccomp_allowed[i], name) == 0)
			return (struct action){ ACTION_ALLOW, 0 };
	}
	for (size_t i = 0; i < COUNT(seccomp_allowed_by_family); i++) {
		if ((seccomp_allowed_by_family[i].families & family) &&
		    strcmp(seccomp_allowed_by_family[i].name, name) == 0)
			return (struct action){ ACTION_ALLOW, 0 };
	}
	return find_conditional(name);
}

/* Names newer than the library; NULL when the number has none */
static const char *find_newer_name(const struct abi *abi, uint32_t number)
{
	for (size_t i = 0; i < COUNT(seccomp_numbers); i++) {
		if ((uint32_t)seccomp_numbers[i].number == number)
			return seccomp_numbers[i].name;
	}
	if (abi->library_arch == SCMP_ARCH_X86_64 && number == SECCOMP_URETPROBE_X86_64)
		return "uretprobe";
	return NULL;
}

static struct action decide(const struct abi *abi, uint32_t number)
{
	char *known =
		seccomp_syscall_resolve_num_arch(abi->library_arch, (int)(abi->base | number));
	const char *name = known ? known : find_newer_name(abi, number);
	struct action action = { number > SECCOMP_NEWEST ? ACTION_NO_SUCH_CALL : ACTION_DENY, 0 };

	if (name)
		action = find_action(name, abi->family);
	free(known);
	return action;
}

static void add_number(struct ranges *r, uint32_t number, struct action action)
{
	const struct range *last = r->count ? &r->items[r->count - 1] : NULL;

	if (last && last->action.kind == action.kind &&
	    last->action.capabilities == action.capabilities)
		return;
	if (r->count == RANGES_MAX)
		die("more ranges than expected");
	r->items[r->count++] = (struct range){ number, action };
}

static void collect_ranges(const struct abi *abi, struct ranges *r)
{
	r->count = 0;
	for (uint32_t n = 0; n < COMMON_END; n++)
		add_number(r, abi->base | n, decide(abi, n));
	for (uint32_t n = ARM_START; n < ARM_END; n++)
		add_number(r, abi->base | n, decide(abi, n));
	add_number(r, abi->base | ARM_END, (struct action){ ACTION_NO_SUCH_CALL, 0 });
}

static void emit(struct output *out, struct sock_filter insn)
{
	if (out->count == BPF_MAXINSNS)
		die("the program is larger than the kernel takes");
	out->insns[out->count++] = insn;
}

static void emit_return(struct output *out, uint32_t value)
{
	emit(out, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, value));
}

static void emit_load(struct output *out, size_t offset)
{
	emit(out, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void emit_jump(struct output *out, uint16_t test, uint32_t value, size_t if_true,
		      size_t if_false)
{
	emit(out, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_K | test, value, (uint8_t)if_true,
					       (uint8_t)if_false));
}

/* The instruction that comes next becomes "return ALLOW" with any of @capabilities */
static void add_patch(struct output *out, uint64_t capabilities)
{
	if (out->patch_count == PATCHES_MAX)
		die("more patches than expected");
	out->patches[out->patch_count++] =
		(struct seccomp_patch){ (uint16_t)out->count, capabilities };
}

/* Lower half of the first argument (both machines are little-endian) against a list of values */
static void emit_list(struct output *out, const uint32_t *values, size_t count, uint32_t if_found,
		      uint32_t otherwise)
{
	emit_load(out, offsetof(struct seccomp_data, args[0]));
	for (size_t i = 0; i < count; i++)
		emit_jump(out, BPF_JEQ, values[i], count - i, 0);
	emit_return(out, otherwise);
	emit_return(out, if_found);
}

static size_t leaf_size(struct action action)
{
	switch (action.kind) {
	case ACTION_CLONE:
		return 4;
	case ACTION_PERSONALITY:
		return 3 + COUNT(seccomp_allowed_personalities);
	case ACTION_SOCKET:
		return 3 + COUNT(seccomp_denied_socket_families);
	case ACTION_DENY:
	case ACTION_NO_SUCH_CALL:
	case ACTION_ALLOW:
	case ACTION_CAPABILITIES:
	case ACTION_CLONE3:
		return 1;
	}
	die("unknown action");
}

static void emit_leaf(struct output *out, struct action action)
{
	if (action.capabilities)
		add_patch(out, action.capabilities);
	switch (action.kind) {
	case ACTION_DENY:
	case ACTION_CAPABILITIES:
		emit_return(out, RET_ERRNO(EPERM));
		break;
	case ACTION_NO_SUCH_CALL:
	case ACTION_CLONE3:
		emit_return(out, RET_ERRNO(ENOSYS));
		break;
	case ACTION_ALLOW:
		emit_return(out, SECCOMP_RET_ALLOW);
		break;
	case ACTION_CLONE:
		emit_load(out, offsetof(struct seccomp_data, args[0]));
		emit_jump(out, BPF_JSET, SECCOMP_CLONE_NAMESPACES, 1, 0);
		emit_return(out, SECCOMP_RET_ALLOW);
		emit_return(out, RET_ERRNO(EPERM));
		break;
	case ACTION_PERSONALITY:
		emit_list(out, seccomp_allowed_personalities, COUNT(seccomp_allowed_personalities),
			  SECCOMP_RET_ALLOW, RET_ERRNO(EPERM));
		break;
	case ACTION_SOCKET:
		emit_list(out, seccomp_denied_socket_families,
			  COUNT(seccomp_denied_socket_families), RET_ERRNO(EPERM),
			  SECCOMP_RET_ALLOW);
		break;
	}
}

/* Instructions of the tree over @count ranges; a jump over much needs an instruction of its own */
static size_t tree_size(const struct range *ranges, size_t count)
{
	if (count == 1)
		return leaf_size(ranges[0].action);
	size_t below = tree_size(ranges, count / 2);

	return 1 + (below > JUMP_MAX) + below + tree_size(ranges + count / 2, count - count / 2);
}

static void emit_tree(struct output *out, const struct range *ranges, size_t count)
{
	if (count == 1) {
		emit_leaf(out, ranges[0].action);
		return;
	}
	const struct range *above = ranges + count / 2;
	size_t below = tree_size(ranges, count / 2);

	if (below <= JUMP_MAX) {
		emit_jump(out, BPF_JGE, above->start, below, 0);
	} else {
		emit_jump(out, BPF_JGE, above->start, 0, 1);
		emit(out, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, (uint32_t)below));
	}
	emit_tree(out, ranges, count / 2);
	emit_tree(out, above, count - count / 2);
}

/* ABIs of one audit architecture are neighbours in number space: one tree over all of their ranges
 */
static void compile(const struct machine *m, struct output *out)
{
	emit_load(out, offsetof(struct seccomp_data, arch));
	for (size_t i = 0; i < m->abi_count;) {
		static struct ranges all, one;
		uint32_t audit_arch = m->abis[i].audit_arch;

		all.count = 0;
		for (; i < m->abi_count && m->abis[i].audit_arch == audit_arch; i++) {
			collect_ranges(&m->abis[i], &one);
			for (size_t n = 0; n < one.count; n++)
				add_number(&all, one.items[n].start, one.items[n].action);
		}
		emit_jump(out, BPF_JEQ, audit_arch, 1, 0);
		emit(out,
		     (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA,
						  (uint32_t)(1 + tree_size(all.items, all.count))));
		emit_load(out, offsetof(struct seccomp_data, nr));
		emit_tree(out, all.items, all.count);
	}
	/* A way into the kernel that this machine does not have. */
	emit_return(out, SECCOMP_RET_KILL_PROCESS);
}

static void print(const struct machine *m, const struct output *out)
{
	(void)printf("/* Generated by gen-seccomp for %s. */\n#include \"seccomp_program.h\"\n\n",
		     m->name);
	(void)printf("static const struct sock_filter insns[] = {");
	for (size_t i = 0; i < out->count; i++) {
		const struct sock_filter *f = &out->insns[i];

		(void)printf("%s{ 0x%02x, %u, %u, 0x%08x },", i % 4 ? " " : "\n\t", f->code, f->jt,
			     f->jf, f->k);
	}
	(void)printf("\n};\n\nstatic const struct seccomp_patch patches[] = {\n");
	for (size_t i = 0; i < out->patch_count; i++)
		(void)printf("\t{ %u, 0x%llxu },\n", out->patches[i].index,
			     (unsigned long long)out->patches[i].capabilities);
	(void)printf("};\n\nconst struct seccomp_program seccomp_default_program = {\n"
		     "\tinsns, %zu, patches, %zu,\n};\n",
		     out->count, out->patch_count);
}

static const struct machine *find_machine(const char *name)
{
	for (size_t i = 0; i < COUNT(machines); i++) {
		if (name ? strcmp(machines[i].name, name) == 0
			 : machines[i].abis[0].library_arch == seccomp_arch_native())
			return &machines[i];
	}
	die("usage: gen-seccomp [x86_64|aarch64]");
}

int main(int argc, char **argv)
{
	static struct output out;
	const struct machine *m = find_machine(argc > 1 ? argv[1] : NULL);

	compile(m, &out);
	print(m, &out);
	return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
}
