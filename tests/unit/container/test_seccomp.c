/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The default filter: its tables, every call simulated and compared with what libseccomp compiles
 * from the same tables, and the real thing installed in a child.
 */
#include <check.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/memory.h"
#include "container/container.h"
#include "container/seccomp.h"
#include "seccomp_profile.h"
#include "seccomp_program.h"

#define DENIED (SECCOMP_RET_ERRNO | EPERM)
#define NO_SUCH_CALL (SECCOMP_RET_ERRNO | ENOSYS)
#define NEW_USER 0x10000000

enum { NAMES_END = 1024, X32 = 0x40000000 };

static bool holds(const struct sock_filter *f, uint32_t a)
{
	switch (BPF_OP(f->code)) {
	case BPF_JEQ:
		return a == f->k;
	case BPF_JGE:
		return a >= f->k;
	case BPF_JGT:
		return a > f->k;
	case BPF_JSET:
		return (a & f->k) != 0;
	default:
		ck_abort_msg("comparison %x", f->code);
	}
}

/* The part of classic BPF that filters are made of; anything else fails the test */
static uint32_t simulate(const struct sock_fprog *prog, const struct seccomp_data *data)
{
	const uint32_t *words = (const uint32_t *)data;
	uint32_t a = 0;

	for (size_t pc = 0; pc < prog->len; pc++) {
		const struct sock_filter *f = &prog->filter[pc];

		if (f->code == (BPF_LD | BPF_W | BPF_ABS))
			a = words[f->k / 4];
		else if (f->code == (BPF_ALU | BPF_AND | BPF_K))
			a &= f->k;
		else if (f->code == (BPF_RET | BPF_K))
			return f->k;
		else if (f->code == (BPF_JMP | BPF_JA))
			pc += f->k;
		else if (BPF_CLASS(f->code) == BPF_JMP)
			pc += holds(f, a) ? f->jt : f->jf;
		else
			ck_abort_msg("instruction %x", f->code);
	}
	ck_abort_msg("ran off the end");
}

static uint32_t ask(uint64_t capabilities, uint32_t arch, int nr, uint64_t arg)
{
	struct seccomp_data data = { .nr = nr, .arch = arch, .args = { arg } };
	struct sock_fprog prog = { 0 };

	seccomp_default_filter(capabilities, &prog);
	return simulate(&prog, &data);
}

/* ---- the tables ---- */

START_TEST(names_are_sorted_and_unique)
{
	for (size_t i = 1; i < ARRAY_SIZE(seccomp_allowed); i++)
		ck_assert_str_lt(seccomp_allowed[i - 1], seccomp_allowed[i]);
	for (size_t i = 1; i < ARRAY_SIZE(seccomp_allowed_by_family); i++)
		ck_assert_str_lt(seccomp_allowed_by_family[i - 1].name,
				 seccomp_allowed_by_family[i].name);
	for (size_t i = 0; i < ARRAY_SIZE(seccomp_groups); i++) {
		for (const char *const *n = seccomp_groups[i].names; n[1]; n++)
			ck_assert_str_lt(n[0], n[1]);
	}
	ck_assert_uint_eq(ARRAY_SIZE(seccomp_allowed),
			  SECCOMP_ALLOWED_BASE + SECCOMP_ALLOWED_SINCE_4_8);
}
END_TEST

static size_t count_name(const char *name)
{
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(seccomp_allowed); i++)
		count += strcmp(seccomp_allowed[i], name) == 0;
	for (size_t i = 0; i < ARRAY_SIZE(seccomp_allowed_by_family); i++)
		count += strcmp(seccomp_allowed_by_family[i].name, name) == 0;
	for (size_t i = 0; i < ARRAY_SIZE(seccomp_groups); i++) {
		for (const char *const *n = seccomp_groups[i].names; *n; n++)
			count += strcmp(*n, name) == 0;
	}
	return count;
}

START_TEST(a_name_stands_in_one_table)
{
	static const char *const decided_by_argument[] = { "clone", "clone3", "personality",
							   "socket" };

	for (size_t i = 0; i < ARRAY_SIZE(seccomp_allowed); i++)
		ck_assert_uint_eq(count_name(seccomp_allowed[i]), 1);
	for (size_t i = 0; i < ARRAY_SIZE(seccomp_groups); i++) {
		for (const char *const *n = seccomp_groups[i].names; *n; n++)
			ck_assert_uint_eq(count_name(*n), 1);
	}
	for (size_t i = 0; i < ARRAY_SIZE(decided_by_argument); i++)
		ck_assert_uint_eq(count_name(decided_by_argument[i]), 0);
}
END_TEST

START_TEST(numbers_are_those_of_the_library)
{
	for (size_t i = 0; i < ARRAY_SIZE(seccomp_numbers); i++) {
		int known = seccomp_syscall_resolve_name(seccomp_numbers[i].name);

		ck_assert_int_le(seccomp_numbers[i].number, SECCOMP_NEWEST);
		ck_assert_uint_eq(count_name(seccomp_numbers[i].name), 1);
		if (known >= 0)
			ck_assert_int_eq(known, seccomp_numbers[i].number);
	}
}
END_TEST

/* ---- against libseccomp ---- */

static void allow_name(scmp_filter_ctx ctx, const char *name)
{
	int nr = seccomp_syscall_resolve_name(name);

	if (nr != __NR_SCMP_ERROR)
		ck_assert_int_eq(seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 0), 0);
}

static void allow_argument(scmp_filter_ctx ctx, int nr, struct scmp_arg_cmp cmp)
{
	ck_assert_int_eq(seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 1, cmp), 0);
}

static void allow_by_argument(scmp_filter_ctx ctx, uint64_t capabilities)
{
	/* Three rules: two "not equal" in one do not mean what they say. */
	allow_argument(ctx, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_LT, 38));
	allow_argument(ctx, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, 39));
	allow_argument(ctx, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_GT, 40));
	for (size_t i = 0; i < ARRAY_SIZE(seccomp_allowed_personalities); i++)
		allow_argument(ctx, SCMP_SYS(personality),
			       SCMP_A0(SCMP_CMP_EQ, seccomp_allowed_personalities[i]));
	if (capabilities & CAP_BIT(CAP_SYS_ADMIN)) {
		allow_name(ctx, "clone");
		allow_name(ctx, "clone3");
		return;
	}
	allow_argument(ctx, SCMP_SYS(clone),
		       SCMP_A0(SCMP_CMP_MASKED_EQ, SECCOMP_CLONE_NAMESPACES, 0));
	ck_assert_int_eq(seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0), 0);
}

static unsigned host_family(void)
{
	return seccomp_arch_native() == SCMP_ARCH_X86_64 ? SECCOMP_FAMILY_X86 : SECCOMP_FAMILY_ARM;
}

/* One ABI after the other: a merged filter makes names of one that the other lacks harder to see */
static void compile_with_library(uint32_t arch, uint64_t capabilities, struct sock_fprog *ret)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));

	ck_assert_ptr_nonnull(ctx);
	if (arch != seccomp_arch_native()) {
		ck_assert_int_eq(seccomp_arch_add(ctx, arch), 0);
		ck_assert_int_eq(seccomp_arch_remove(ctx, SCMP_ARCH_NATIVE), 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(seccomp_allowed); i++)
		allow_name(ctx, seccomp_allowed[i]);
	for (size_t i = 0; i < ARRAY_SIZE(seccomp_allowed_by_family); i++) {
		if (seccomp_allowed_by_family[i].families & host_family())
			allow_name(ctx, seccomp_allowed_by_family[i].name);
	}
	for (size_t i = 0; i < ARRAY_SIZE(seccomp_groups); i++) {
		for (const char *const *n = seccomp_groups[i].names; *n; n++) {
			if (seccomp_groups[i].capabilities & capabilities)
				allow_name(ctx, *n);
		}
	}
	allow_by_argument(ctx, capabilities);

	CLEANUP_FD int fd = memfd_create("filter", MFD_CLOEXEC);
	struct stat st;

	ck_assert_int_eq(seccomp_export_bpf(ctx, fd), 0);
	seccomp_release(ctx);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ret->len = (unsigned short)((size_t)st.st_size / sizeof(struct sock_filter));
	ret->filter = x_alloc((size_t)st.st_size);
	ck_assert_int_eq(pread(fd, ret->filter, (size_t)st.st_size, 0), st.st_size);
}

static const struct {
	uint32_t library_arch, audit_arch;
	int base;
} abis[] = {
#ifdef __x86_64__
	{ SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64, 0 },
	{ SCMP_ARCH_X32, AUDIT_ARCH_X86_64, X32 },
	{ SCMP_ARCH_X86, AUDIT_ARCH_I386, 0 },
#else
	{ SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64, 0 },
	{ SCMP_ARCH_ARM, AUDIT_ARCH_ARM, 0 },
#endif
};

static const uint64_t capability_sets[] = {
	0,
	CONTAINER_CAPABILITIES_DEFAULT,
	CONTAINER_CAPABILITIES_DEFAULT | CAP_BIT(CAP_SYS_ADMIN),
	CONTAINER_CAPABILITIES_DEFAULT | CAP_BIT(CAP_SYS_TIME),
	CAP_BIT(CAP_BPF),
	CAP_BIT(CAP_PERFMON) | CAP_BIT(CAP_SYSLOG),
	UINT64_MAX,
};

static const uint64_t arguments[] = {
	0,	    1,	      2,	  8,	      16,	  37,	      38,	 39,
	40,	    41,	      45,	  0x20000,    0x20008,	  0x40000,    0x1200011, 0x3d0f00,
	0x02000000, NEW_USER, 0x40000000, 0x7e020000, 0x80000000, 0xffffffff,
};

static void compare_call(size_t abi, int nr, const struct sock_fprog *ours,
			 const struct sock_fprog *theirs)
{
	for (size_t i = 0; i < ARRAY_SIZE(arguments); i++) {
		struct seccomp_data data = { .nr = nr,
					     .arch = abis[abi].audit_arch,
					     .args = { arguments[i] } };
		uint32_t got = simulate(ours, &data), want = simulate(theirs, &data);

		ck_assert_msg(got == want, "abi %zu call %d argument %llx: %x instead of %x", abi,
			      nr & ~X32, (unsigned long long)arguments[i], got, want);
	}
}

START_TEST(same_answers_as_the_library)
{
	size_t compared = 0;

	for (size_t abi = 0; abi < ARRAY_SIZE(abis); abi++) {
		struct sock_fprog ours = { 0 }, theirs = { 0 };

		compile_with_library(abis[abi].library_arch, capability_sets[_i], &theirs);
		seccomp_default_filter(capability_sets[_i], &ours);
		for (int nr = 0; nr < NAMES_END; nr++) {
			int number = abis[abi].base | nr;
			char *name =
				seccomp_syscall_resolve_num_arch(abis[abi].library_arch, number);

			if (name)
				compare_call(abi, number, &ours, &theirs);
			compared += name != NULL;
			free(name);
		}
		free(theirs.filter);
	}
	ck_assert_uint_gt(compared, 700);
}
END_TEST

START_TEST(unknown_numbers)
{
	uint64_t capabilities = capability_sets[_i];

	for (size_t abi = 0; abi < ARRAY_SIZE(abis); abi++) {
		uint32_t arch = abis[abi].audit_arch;
		int base = abis[abi].base;

		for (int nr = 0; nr < NAMES_END; nr++) {
			char *name =
				seccomp_syscall_resolve_num_arch(abis[abi].library_arch, base | nr);

			if (!name && nr > SECCOMP_NEWEST)
				ck_assert_uint_eq(ask(capabilities, arch, base | nr, 0),
						  NO_SUCH_CALL);
			free(name);
		}
		ck_assert_uint_eq(ask(capabilities, arch, base | 0xf1000, 0), NO_SUCH_CALL);
		ck_assert_uint_eq(ask(capabilities, arch, base | SECCOMP_NEWEST, 0),
				  SECCOMP_RET_ALLOW);
		ck_assert_uint_eq(ask(capabilities, arch, -1, 0), NO_SUCH_CALL);
	}
	ck_assert_uint_eq(ask(capabilities, AUDIT_ARCH_S390X, 1, 0), SECCOMP_RET_KILL_PROCESS);
}
END_TEST

START_TEST(newer_calls_are_known_by_number)
{
	for (size_t i = 0; i < ARRAY_SIZE(seccomp_numbers); i++) {
		int nr = seccomp_numbers[i].number;
		bool grouped = nr == 450 || (nr >= 459 && nr <= 461);

		ck_assert_uint_eq(ask(0, abis[0].audit_arch, nr, 0),
				  grouped ? DENIED : SECCOMP_RET_ALLOW);
		ck_assert_uint_eq(ask(UINT64_MAX, abis[0].audit_arch, nr, 0), SECCOMP_RET_ALLOW);
	}
}
END_TEST

/* The kernel looks at 32 bits of these arguments, so junk above them must not matter. */
START_TEST(upper_half_of_arguments_hides_nothing)
{
	static const uint64_t junk[] = { 0, UINT64_C(1) << 32, UINT64_C(0xffffffff) << 32 };

	for (size_t i = 0; i < ARRAY_SIZE(junk); i++) {
		ck_assert_uint_eq(ask(0, abis[0].audit_arch, SYS_socket, junk[i] | 38), DENIED);
		ck_assert_uint_eq(ask(0, abis[0].audit_arch, SYS_socket, junk[i] | 40), DENIED);
		ck_assert_uint_eq(ask(0, abis[0].audit_arch, SYS_clone, junk[i] | NEW_USER),
				  DENIED);
		ck_assert_uint_eq(ask(0, abis[0].audit_arch, SYS_personality, junk[i] | 0x40000),
				  DENIED);
	}
}
END_TEST

START_TEST(cve_2026_31431_af_alg_is_closed)
{
	for (size_t abi = 0; abi < ARRAY_SIZE(abis); abi++) {
		int nr = seccomp_syscall_resolve_name_arch(abis[abi].library_arch, "socket");

		/* The library hides the 32-bit call behind socketcall(). */
		if (nr < 0)
			nr = 359;
		ck_assert_uint_eq(ask(capability_sets[_i], abis[abi].audit_arch, nr, AF_ALG),
				  DENIED);
		ck_assert_uint_eq(ask(capability_sets[_i], abis[abi].audit_arch, nr, AF_INET6),
				  SECCOMP_RET_ALLOW);
	}
}
END_TEST

START_TEST(a_second_request_forgets_the_first)
{
	ck_assert_uint_eq(ask(UINT64_MAX, abis[0].audit_arch, SYS_mount, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(ask(0, abis[0].audit_arch, SYS_mount, 0), DENIED);
}
END_TEST

/* ---- installed ---- */

#define WITH_ADMIN (CONTAINER_CAPABILITIES_DEFAULT | CAP_BIT(CAP_SYS_ADMIN))
#define DEFAULT CONTAINER_CAPABILITIES_DEFAULT

/* Calls that fail in the kernel too, with another errno, so that trying them changes nothing. */
static const struct {
	const char *what;
	uint64_t capabilities;
	long nr;
	uint64_t args[3];
	int want; /* errno, 0: success */
} calls[] = {
	{ "mount", DEFAULT, SYS_mount, { 0 }, EPERM },
	{ "umount2", DEFAULT, SYS_umount2, { 0 }, EPERM },
	{ "bpf", DEFAULT, SYS_bpf, { 9999 }, EPERM },
	{ "add_key", DEFAULT, SYS_add_key, { 0 }, EPERM },
	{ "keyctl", DEFAULT, SYS_keyctl, { 9999 }, EPERM },
	{ "perf_event_open", DEFAULT, SYS_perf_event_open, { 0 }, EPERM },
	{ "io_uring_setup", DEFAULT, SYS_io_uring_setup, { 0 }, EPERM },
	{ "userfaultfd", DEFAULT, SYS_userfaultfd, { 0x70000000 }, EPERM },
	{ "reboot", DEFAULT, SYS_reboot, { 0 }, EPERM },
	{ "kexec_load", DEFAULT, SYS_kexec_load, { 0 }, EPERM },
	{ "swapon", DEFAULT, SYS_swapon, { 0 }, EPERM },
	{ "setns", DEFAULT, SYS_setns, { (uint64_t)-1 }, EPERM },
	{ "setns with SYS_ADMIN", WITH_ADMIN, SYS_setns, { (uint64_t)-1 }, EBADF },
	{ "unshare", DEFAULT, SYS_unshare, { 1 }, EPERM },
	{ "unshare with SYS_ADMIN", WITH_ADMIN, SYS_unshare, { 1 }, EINVAL },
	{ "clone3", DEFAULT, SYS_clone3, { 0, 0 }, ENOSYS },
	{ "clone3 with SYS_ADMIN", WITH_ADMIN, SYS_clone3, { 0, 0 }, EINVAL },
	{ "clone of a user namespace", DEFAULT, SYS_clone, { NEW_USER | 0x200 }, EPERM },
	{ "the same with SYS_ADMIN", WITH_ADMIN, SYS_clone, { NEW_USER | 0x200 }, EINVAL },
	{ "clone of a thread without memory", DEFAULT, SYS_clone, { 0x10000 }, EINVAL },
	{ "chroot", DEFAULT, SYS_chroot, { 0 }, EFAULT },
	{ "chroot without SYS_CHROOT", 0, SYS_chroot, { 0 }, EPERM },
	{ "ptrace", DEFAULT, SYS_ptrace, { 16, (uint64_t)-1 }, ESRCH },
	{ "socket unix", DEFAULT, SYS_socket, { AF_UNIX, SOCK_STREAM, 0 }, 0 },
	{ "socket alg", DEFAULT, SYS_socket, { 38, SOCK_SEQPACKET, 0 }, EPERM },
	{ "socket alg with junk",
	  DEFAULT,
	  SYS_socket,
	  { (UINT64_C(1) << 32) | 38, SOCK_SEQPACKET, 0 },
	  EPERM },
	{ "socket vsock", DEFAULT, SYS_socket, { 40, SOCK_STREAM, 0 }, EPERM },
	{ "socket inet of no type", DEFAULT, SYS_socket, { AF_INET, 15, 0 }, EINVAL },
	{ "personality query", DEFAULT, SYS_personality, { 0xffffffff }, 0 },
	{ "personality Linux", DEFAULT, SYS_personality, { 0 }, 0 },
	{ "personality without randomisation", DEFAULT, SYS_personality, { 0x40000 }, EPERM },
	{ "a call to come", DEFAULT, 600, { 0 }, ENOSYS },
	{ "getpid", DEFAULT, SYS_getpid, { 0 }, 0 },
	{ "mseal", DEFAULT, 462, { 1, 0, 1 }, EINVAL },
};

static int call_under_filter(size_t i)
{
	struct sock_fprog prog = { 0 };

	seccomp_default_filter(calls[i].capabilities, &prog);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return 254;
	if (seccomp_install(&prog) < 0)
		return 255;
	errno = 0;
	long r =
		syscall(calls[i].nr, calls[i].args[0], calls[i].args[1], calls[i].args[2], 0, 0, 0);

	return r >= 0 ? 0 : errno;
}

START_TEST(call_in_a_child)
{
	int status = 0;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(call_under_filter((size_t)_i));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "%s: killed by signal %d", calls[_i].what,
		      WTERMSIG(status));
	/* A kernel older than the call: what the filter lets through does not exist there. */
	if (calls[_i].nr == 462 && WEXITSTATUS(status) == ENOSYS)
		return;
	ck_assert_msg(WEXITSTATUS(status) == calls[_i].want, "%s: errno %d instead of %d",
		      calls[_i].what, WEXITSTATUS(status), calls[_i].want);
}
END_TEST

START_TEST(install_without_the_right_fails)
{
	struct sock_fprog empty = { 0 };

	ck_assert_int_lt(seccomp_install(&empty), 0);
}
END_TEST

static Suite *seccomp_suite(void)
{
	Suite *s = suite_create("seccomp");
	TCase *tables = tcase_create("tables");
	TCase *program = tcase_create("program");
	TCase *installed = tcase_create("installed");

	tcase_add_test(tables, names_are_sorted_and_unique);
	tcase_add_test(tables, a_name_stands_in_one_table);
	tcase_add_test(tables, numbers_are_those_of_the_library);
	suite_add_tcase(s, tables);
	tcase_set_timeout(program, 30);
	tcase_add_loop_test(program, same_answers_as_the_library, 0, ARRAY_SIZE(capability_sets));
	tcase_add_loop_test(program, unknown_numbers, 0, ARRAY_SIZE(capability_sets));
	tcase_add_test(program, newer_calls_are_known_by_number);
	tcase_add_loop_test(program, cve_2026_31431_af_alg_is_closed, 0,
			    ARRAY_SIZE(capability_sets));
	tcase_add_test(program, upper_half_of_arguments_hides_nothing);
	tcase_add_test(program, a_second_request_forgets_the_first);
	suite_add_tcase(s, program);
	tcase_add_loop_test(installed, call_in_a_child, 0, ARRAY_SIZE(calls));
	tcase_add_test(installed, install_without_the_right_fails);
	suite_add_tcase(s, installed);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(seccomp_suite());

	srunner_run_all(sr, CK_NORMAL);
	int failed = srunner_ntests_failed(sr);

	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
