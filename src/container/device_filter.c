/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device rules, their BPF program and their v1 form.
 *
 * The kernel calls the program with what is about to happen (mknod or open of one device) and takes
 * 1 as yes, 0 as EPERM. Registers: R2 type, R3 access wanted, R4 major, R5 minor, R1 scratch once
 * the context was read.
 */
#include "device_filter.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "cgroup_tree.h"

#define MINOR(n) (1u << (n))

enum { MINOR_MASKED_MAX = 31 };

/*
 * Making any node is harmless as long as opening it is not allowed. Few rules with sets of minors
 * rather than one for each device: the verifier's time grows with the square of their number (11
 * rules 211 us, these 60 us).
 */
static const struct device_rule default_rules[] = {
	{ 'a', DEVICE_ANY, DEVICE_MINORS_ALL, DEVICE_MKNOD },
	/* null, zero, full, random, urandom */
	{ 'c', 1, MINOR(3) | MINOR(5) | MINOR(7) | MINOR(8) | MINOR(9), DEVICE_ALL },
	/* tty, console, ptmx */
	{ 'c', 5, MINOR(0) | MINOR(1) | MINOR(2), DEVICE_ALL },
	/* pts */
	{ 'c', 136, DEVICE_MINORS_ALL, DEVICE_ALL },
};

const struct device_rule *device_filter_rules(size_t *ret_count)
{
	*ret_count = ARRAY_SIZE(default_rules);
	return default_rules;
}

static struct bpf_insn load_context(uint8_t to, size_t offset)
{
	return (struct bpf_insn){ .code = BPF_LDX | BPF_MEM | BPF_W,
				  .dst_reg = to & 0xf,
				  .src_reg = BPF_REG_1,
				  .off = (int16_t)offset };
}

/* A 32-bit operation on register @to with the constant @value. */
static struct bpf_insn compute(uint8_t operation, uint8_t to, uint32_t value)
{
	return (struct bpf_insn){ .code = BPF_ALU | BPF_K | operation,
				  .dst_reg = to & 0xf,
				  .imm = (int32_t)value };
}

/* The same with the value of register @from. */
static struct bpf_insn compute_reg(uint8_t operation, uint8_t to, uint8_t from)
{
	return (struct bpf_insn){ .code = BPF_ALU | BPF_X | operation,
				  .dst_reg = to & 0xf,
				  .src_reg = from & 0xf };
}

/* When the comparison holds, to the next rule; add_rule() fills in how far that is. */
static struct bpf_insn skip_if(uint8_t comparison, uint8_t reg, uint32_t value)
{
	return (struct bpf_insn){ .code = BPF_JMP32 | BPF_K | comparison,
				  .dst_reg = reg & 0xf,
				  .imm = (int32_t)value };
}

static struct bpf_insn leave(void)
{
	return (struct bpf_insn){ .code = BPF_JMP | BPF_EXIT };
}

/* R0 is 1 while rules are tried, so a rule that holds just leaves. */
static size_t add_rule(const struct device_rule *rule, struct bpf_insn *ret)
{
	size_t n = 0;

	if (rule->type != 'a')
		ret[n++] = skip_if(BPF_JNE, BPF_REG_2,
				   rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	if (rule->access != DEVICE_ALL) {
		ret[n++] = compute_reg(BPF_MOV, BPF_REG_1, BPF_REG_3);
		ret[n++] = compute(BPF_AND, BPF_REG_1, DEVICE_ALL & ~rule->access);
		ret[n++] = skip_if(BPF_JNE, BPF_REG_1, 0);
	}
	if (rule->major != DEVICE_ANY)
		ret[n++] = skip_if(BPF_JNE, BPF_REG_4, rule->major);
	if (rule->minors != DEVICE_MINORS_ALL) {
		ret[n++] = skip_if(BPF_JGT, BPF_REG_5, MINOR_MASKED_MAX);
		ret[n++] = compute(BPF_MOV, BPF_REG_1, rule->minors);
		ret[n++] = compute_reg(BPF_RSH, BPF_REG_1, BPF_REG_5);
		ret[n++] = compute(BPF_AND, BPF_REG_1, 1);
		ret[n++] = skip_if(BPF_JNE, BPF_REG_1, 1);
	}
	ret[n++] = leave();
	for (size_t i = 0; i < n; i++) {
		if (BPF_CLASS(ret[i].code) == BPF_JMP32)
			ret[i].off = (int16_t)(n - i - 1);
	}
	return n;
}

size_t device_filter_build(const struct device_rule *rules, size_t count,
			   struct bpf_insn *ret_insns)
{
	size_t n = 0;

	ret_insns[n++] = load_context(BPF_REG_2, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	ret_insns[n++] = load_context(BPF_REG_4, offsetof(struct bpf_cgroup_dev_ctx, major));
	ret_insns[n++] = load_context(BPF_REG_5, offsetof(struct bpf_cgroup_dev_ctx, minor));
	/* access_type holds the access in its upper half and the type in its lower one. */
	ret_insns[n++] = compute_reg(BPF_MOV, BPF_REG_3, BPF_REG_2);
	ret_insns[n++] = compute(BPF_RSH, BPF_REG_3, 16);
	ret_insns[n++] = compute(BPF_AND, BPF_REG_2, 0xffff);
	ret_insns[n++] = compute(BPF_MOV, BPF_REG_0, 1);
	for (size_t i = 0; i < count; i++)
		n += add_rule(&rules[i], ret_insns + n);
	ret_insns[n++] = compute(BPF_MOV, BPF_REG_0, 0);
	ret_insns[n++] = leave();
	return n;
}

static int call_bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
	long r = syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	return r < 0 ? -errno : (int)r;
}

int device_filter_attach(int group_fd)
{
	struct bpf_insn
		insns[DEVICE_FILTER_FRAME + ARRAY_SIZE(default_rules) * DEVICE_FILTER_RULE_MAX];
	size_t count = device_filter_build(default_rules, ARRAY_SIZE(default_rules), insns);
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insns = (uintptr_t)insns,
		.insn_cnt = (uint32_t)count,
		.license = (uintptr_t) "Apache-2.0",
	};
	CLEANUP_FD int prog = call_bpf(BPF_PROG_LOAD, &load);

	if (prog < 0)
		return prog;
	union bpf_attr attach = {
		.target_fd = (uint32_t)group_fd,
		.attach_bpf_fd = (uint32_t)prog,
		.attach_type = BPF_CGROUP_DEVICE,
		/* Programs of the groups above (a service manager's) stay in force beside ours. */
		.attach_flags = BPF_F_ALLOW_MULTI,
	};

	return call_bpf(BPF_PROG_ATTACH, &attach);
}

static int allow_v1(int group_fd, const struct device_rule *rule, char type, const char *minor)
{
	const char *access = rule->access == DEVICE_MKNOD ? "m" : "rwm";
	char line[48];

	if (rule->major == DEVICE_ANY)
		(void)snprintf(line, sizeof(line), "%c *:%s %s", type, minor, access);
	else
		(void)snprintf(line, sizeof(line), "%c %u:%s %s", type, rule->major, minor, access);
	return cgroup_write(group_fd, "devices.allow", line);
}

static int allow_minors_v1(int group_fd, const struct device_rule *rule, char type)
{
	int r = 0;

	if (rule->minors == DEVICE_MINORS_ALL)
		return allow_v1(group_fd, rule, type, "*");
	for (unsigned i = 0; r == 0 && i <= MINOR_MASKED_MAX; i++) {
		char minor[12];

		(void)snprintf(minor, sizeof(minor), "%u", i);
		if (rule->minors & MINOR(i))
			r = allow_v1(group_fd, rule, type, minor);
	}
	return r;
}

int device_filter_write_v1(int group_fd, struct error **err)
{
	int r = cgroup_write(group_fd, "devices.deny", "a");

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(default_rules); i++) {
		const struct device_rule *rule = &default_rules[i];

		if (rule->type != 'b')
			r = allow_minors_v1(group_fd, rule, 'c');
		if (r == 0 && rule->type != 'c')
			r = allow_minors_v1(group_fd, rule, 'b');
	}
	if (r == 0)
		return 0;
	errno = -r;
	return error_errno(err, "set device rules");
}
