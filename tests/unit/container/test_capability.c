/* SPDX-License-Identifier: Apache-2.0 */
/* Capability names, inits, and the sealed copy of the init program. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/mman.h>

#include "container/container.h"

static const struct {
	const char *name;
	int bit;
} names[] = {
	{"CAP_CHOWN", CAP_CHOWN},
	{"chown", CAP_CHOWN},
	{"NET_ADMIN", CAP_NET_ADMIN},
	{"cap_net_bind_service", CAP_NET_BIND_SERVICE},
	{"Sys_Admin", CAP_SYS_ADMIN},
	{"SETFCAP", CAP_SETFCAP},
	{"MAC_OVERRIDE", CAP_MAC_OVERRIDE},
	{"SYSLOG", CAP_SYSLOG},
	{"AUDIT_READ", CAP_AUDIT_READ},
	{"PERFMON", CAP_PERFMON},
	{"BPF", CAP_BPF},
	{"CHECKPOINT_RESTORE", CAP_CHECKPOINT_RESTORE},
	{"ALL", -1},
	{"CAP_", -1},
	{"", -1},
	{"CAP_CAP_CHOWN", -1},
	{"NET_ADMIN ", -1},
	{"12", -1},
};

START_TEST(names_give_the_kernels_bits)
{
	ck_assert_msg(container_capability(str_from(names[_i].name)) == names[_i].bit, "'%s'",
		      names[_i].name);
}
END_TEST

START_TEST(the_default_set_is_the_documented_one)
{
	static const char *const set[] = {
		"CHOWN",   "DAC_OVERRIDE", "FSETID",	       "FOWNER",
		"MKNOD",   "NET_RAW",	   "SETGID",	       "SETUID",
		"SETFCAP", "SETPCAP",	   "NET_BIND_SERVICE", "SYS_CHROOT",
		"KILL",	   "AUDIT_WRITE",
	};
	uint64_t bits = 0;

	for (size_t i = 0; i < ARRAY_SIZE(set); i++)
		bits |= UINT64_C(1) << container_capability(str_from(set[i]));
	ck_assert(bits == CONTAINER_CAPABILITIES_DEFAULT);
}
END_TEST

static const struct {
	const char *program;
	bool is_init;
} programs[] = {
	{"/usr/bin/tini", true},      {"tini", true},	   {"/usr/bin/dumb-init", true},
	{"/package/s6-svscan", true}, {"catatonit", true}, {"/lib/systemd/systemd", true},
	{"/sbin/init", true},	      {"/init", true},	   {"/sbin/firkin-init", true},
	{"/app/init", false},	      {"node", false},	   {"/usr/bin/tini/x", false},
	{"minitini", false},	      {"", false},
};

START_TEST(inits_are_known_by_name)
{
	struct strv argv CLEANUP_STRV = STRV_INIT;

	strv_add(&argv, programs[_i].program);
	ck_assert_msg(container_is_init(&argv) == programs[_i].is_init, "'%s'",
		      programs[_i].program);
}
END_TEST

START_TEST(the_init_copy_cannot_be_written_CVE_2019_5736)
{
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_FD int fd = container_init_fd("content", 7, &err);
	char text[8] = "";
	char path[40];

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fcntl(fd, F_GET_SEALS),
			 F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(pread(fd, text, sizeof(text), 0), 7);
	ck_assert_str_eq(text, "content");
	ck_assert(pwrite(fd, "x", 1, 0) < 0 && errno == EPERM);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CLEANUP_FD int again = open(path, O_RDWR | O_CLOEXEC);

	ck_assert(again < 0 || (write(again, "x", 1) < 0 && errno == EPERM));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("container/capability");
	TCase *tc = tcase_create("names");

	tcase_add_loop_test(tc, names_give_the_kernels_bits, 0, ARRAY_SIZE(names));
	tcase_add_test(tc, the_default_set_is_the_documented_one);
	tcase_add_loop_test(tc, inits_are_known_by_name, 0, ARRAY_SIZE(programs));
	tcase_add_test(tc, the_init_copy_cannot_be_written_CVE_2019_5736);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);

	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed != 0;
}
