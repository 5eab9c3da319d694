/* SPDX-License-Identifier: Apache-2.0 */
/* The device program: interpreted here for every case, then in force in a real group. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "cgroup_tree.h"
#include "container/cgroup.h"
#include "device_filter.h"

enum { INSNS_MAX = 128, STEPS_MAX = 1000 };

static struct bpf_insn program[INSNS_MAX];
static size_t program_len;
static pid_t runner;

static void build_program(void)
{
	size_t count = 0;
	const struct device_rule *rules = device_filter_rules(&count);

	ck_assert_uint_le(DEVICE_FILTER_FRAME + count * DEVICE_FILTER_RULE_MAX, INSNS_MAX);
	program_len = device_filter_build(rules, count, program);
}

static uint32_t compute(uint8_t operation, uint32_t a, uint32_t b)
{
	switch (operation) {
	case BPF_MOV:
		return b;
	case BPF_AND:
		return a & b;
	case BPF_RSH:
		ck_assert_uint_lt(b, 32);
		return a >> b;
	default:
		ck_abort_msg("operation %x", operation);
	}
}

/* Just the instructions that the builder uses; anything else fails the test. */
static uint32_t run_program(const struct bpf_cgroup_dev_ctx *ctx)
{
	const uint32_t *context = (const uint32_t *)ctx;
	uint32_t r[11] = { 0 };
	size_t pc = 0;

	for (int steps = 0; steps < STEPS_MAX; steps++) {
		ck_assert_uint_lt(pc, program_len);
		const struct bpf_insn *i = &program[pc++];
		uint32_t operand = BPF_SRC(i->code) == BPF_X ? r[i->src_reg] : (uint32_t)i->imm;

		switch (BPF_CLASS(i->code)) {
		case BPF_LDX:
			ck_assert_int_eq(i->src_reg, BPF_REG_1);
			r[i->dst_reg] = context[i->off / 4];
			break;
		case BPF_ALU:
			r[i->dst_reg] = compute(BPF_OP(i->code), r[i->dst_reg], operand);
			break;
		case BPF_JMP32:
			if (BPF_OP(i->code) == BPF_JNE ? r[i->dst_reg] != operand
						       : r[i->dst_reg] > operand)
				pc += (size_t)i->off;
			break;
		default:
			ck_assert_uint_eq(i->code, BPF_JMP | BPF_EXIT);
			return r[0];
		}
	}
	ck_abort_msg("the program does not end");
}

static bool is_allowed(char type, uint32_t major_number, uint32_t minor_number, uint32_t access)
{
	struct bpf_cgroup_dev_ctx ctx = {
		.access_type =
			access << 16 | (type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR),
		.major = major_number,
		.minor = minor_number,
	};

	return run_program(&ctx) == 1;
}

static const struct {
	char type;
	uint32_t major, minor;
	bool can_open;
} devices[] = {
	{ 'c', 1, 3, true },	  /* null */
	{ 'c', 1, 5, true },	  /* zero */
	{ 'c', 1, 7, true },	  /* full */
	{ 'c', 1, 8, true },	  /* random */
	{ 'c', 1, 9, true },	  /* urandom */
	{ 'c', 5, 0, true },	  /* tty */
	{ 'c', 5, 1, true },	  /* console */
	{ 'c', 5, 2, true },	  /* ptmx */
	{ 'c', 136, 0, true },	  /* pts/0 */
	{ 'c', 136, 4000, true }, /* pts/4000 */
	{ 'c', 1, 1, false },	  /* mem */
	{ 'c', 1, 2, false },	  /* kmem */
	{ 'c', 1, 4, false },	  /* port */
	{ 'c', 1, 11, false },	  /* kmsg */
	{ 'c', 1, 35, false },	  /* 3 and the width of the set */
	{ 'c', 1, 259, false },	  { 'c', 5, 3, false },	  { 'c', 5, 32, false },
	{ 'c', 4, 0, false },	 /* tty0 */
	{ 'c', 10, 200, false }, /* net/tun */
	{ 'c', 10, 229, false }, /* fuse */
	{ 'c', 10, 237, false }, /* loop-control */
	{ 'c', 135, 0, false },	  { 'c', 137, 0, false }, { 'c', 0, 0, false },
	{ 'b', 0, 0, false },	  { 'b', 1, 3, false }, /* ram3 */
	{ 'b', 5, 0, false },	  { 'b', 7, 0, false }, /* loop0 */
	{ 'b', 8, 0, false },				/* sda */
	{ 'b', 136, 0, false },	  { 'b', 254, 0, false },
};

START_TEST(each_device_is_open_or_closed)
{
	build_program();
	for (uint32_t access = 1; access <= DEVICE_ALL; access++) {
		/* mknod alone is for everybody; reading or writing needs the device. */
		bool want = devices[_i].can_open || access == DEVICE_MKNOD;

		ck_assert_int_eq(
			is_allowed(devices[_i].type, devices[_i].major, devices[_i].minor, access),
			want);
	}
}
END_TEST

START_TEST(only_the_listed_minors_are_open)
{
	build_program();
	for (uint32_t minor_number = 0; minor_number < 1024; minor_number++) {
		ck_assert_int_eq(is_allowed('c', 1, minor_number, DEVICE_READ),
				 minor_number == 3 || minor_number == 5 ||
					 (minor_number >= 7 && minor_number <= 9));
		ck_assert_int_eq(is_allowed('c', 5, minor_number, DEVICE_WRITE), minor_number <= 2);
	}
}
END_TEST

START_TEST(a_rule_takes_no_more_than_announced)
{
	static const struct device_rule longest = { 'b', 1, 2, DEVICE_READ };
	struct bpf_insn insns[DEVICE_FILTER_FRAME + DEVICE_FILTER_RULE_MAX];

	ck_assert_uint_eq(device_filter_build(&longest, 1, insns), ARRAY_SIZE(insns));
	ck_assert_uint_eq(device_filter_build(NULL, 0, insns), DEVICE_FILTER_FRAME);
}
END_TEST

static void group_id(char id[40])
{
	(void)snprintf(id, 40, "test-%d-devices", (int)runner);
}

static void remove_group(void)
{
	CLEANUP(error) struct error *err = NULL;
	char id[40];

	group_id(id);
	(void)cgroup_remove(id, &err);
}

/* 0, or the errno of making or opening a node */
static int try_node(mode_t type, unsigned major_number, unsigned minor_number, bool only_make)
{
	int r = 0;

	if (mknod("/tmp/node", type | 0600, makedev(major_number, minor_number)) < 0)
		return errno;
	if (!only_make) {
		CLEANUP_FD int fd = open("/tmp/node", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

		r = fd < 0 ? errno : 0;
	}
	(void)unlink("/tmp/node");
	return r;
}

/* Each result that is not as wanted has its own exit status. */
static int try_devices(void)
{
	/* Nodes on a tmpfs of our own: nothing is left on the machine. */
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/tmp", "tmpfs", 0, NULL) < 0)
		return 10;
	if (try_node(S_IFCHR, 1, 3, false) != 0)
		return 11;
	if (try_node(S_IFCHR, 1, 9, false) != 0)
		return 12;
	if (try_node(S_IFCHR, 1, 1, false) != EPERM)
		return 13;
	if (try_node(S_IFBLK, 8, 0, true) != 0)
		return 14;
	if (try_node(S_IFBLK, 7, 0, false) != EPERM)
		return 15;
	if (try_node(S_IFCHR, 10, 229, false) != EPERM)
		return 16;
	return 0;
}

static int status_in_group(bool allow_devices)
{
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_FD int fd = -1;
	char id[40];
	int gate[2], status = 0;

	group_id(id);
	ck_assert_int_eq(cgroup_create(id, &(struct cgroup_limits){ 0 }, allow_devices, &fd, &err),
			 0);
	ck_assert_int_eq(pipe2(gate, O_CLOEXEC), 0);
	pid_t pid = fork();

	if (pid == 0) {
		char c;

		_exit(read(gate[0], &c, 1) == 1 ? try_devices() : 9);
	}
	ck_assert_int_eq(cgroup_join(id, pid, &err), 0);
	ck_assert_int_eq(write(gate[1], "", 1), 1);
	close_fd(gate[0]);
	close_fd(gate[1]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	remove_group();
	return WEXITSTATUS(status);
}

START_TEST(group_keeps_devices_closed)
{
	ck_assert_int_eq(status_in_group(false), 0);
}
END_TEST

START_TEST(group_without_filter_opens_them)
{
	ck_assert_int_eq(status_in_group(true), 13);
}
END_TEST

static Suite *device_filter_suite(void)
{
	Suite *s = suite_create("device filter");
	TCase *pure = tcase_create("program");

	tcase_add_loop_test(pure, each_device_is_open_or_closed, 0, ARRAY_SIZE(devices));
	tcase_add_test(pure, only_the_listed_minors_are_open);
	tcase_add_test(pure, a_rule_takes_no_more_than_announced);
	suite_add_tcase(s, pure);

	CLEANUP_FD int v2 = cgroup_open_base(CGROUP_UNIFIED);
	CLEANUP_FD int v1 = cgroup_open_base(CGROUP_DEVICES);

	if (geteuid() != 0 || (v2 < 0 && v1 < 0))
		return s;
	TCase *real = tcase_create("group");

	suite_add_tcase(s, real);
	tcase_add_unchecked_fixture(real, NULL, remove_group);
	tcase_add_checked_fixture(real, remove_group, NULL);
	tcase_add_test(real, group_keeps_devices_closed);
	tcase_add_test(real, group_without_filter_opens_them);
	return s;
}

int main(void)
{
	runner = getpid();

	SRunner *sr = srunner_create(device_filter_suite());

	srunner_run_all(sr, CK_NORMAL);
	int failed = srunner_ntests_failed(sr);

	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
