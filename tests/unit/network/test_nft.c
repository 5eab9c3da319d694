/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The firewall table: given to the kernel in a network namespace of the test's own, and read back
 * with nft(8) where it is installed.
 */
#include <check.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>

#include "base/fs.h"
#include "base/process.h"
#include "base/strv.h"
#include "nft.h"

static const struct network_nft_mapping mappings[] = {
	{ IPPROTO_TCP, 0, 8080, 0xac140002, 80 },
	{ IPPROTO_UDP, 0x7f000001, 5353, 0xac140003, 53 },
	{ IPPROTO_TCP, 0x7f000001, 3000, 0xac140003, 3001 },
};

static struct network_nft_spec spec_of(bool internal)
{
	return (struct network_nft_spec){ "fk-8c0ffee1", { 0xac140000, 24 }, internal };
}

static void check_sent(int r, struct error *err)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);

	if (err)
		error_format(err, &text);
	ck_assert_msg(r == 0, "%s", strbuf_text(&text));
}

static void enter(int *ret_fd)
{
	CLEANUP(error) struct error *err = NULL;

	ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
	*ret_fd = network_netlink_open(NETLINK_NETFILTER, &err);
	ck_assert_int_ge(*ret_fd, 0);
}

static void send_parts(int fd, bool internal, unsigned parts, size_t count)
{
	CLEANUP(error) struct error *err = NULL;
	struct network_batch b CLEANUP_BATCH;
	const struct network_nft_spec spec = spec_of(internal);

	network_batch_init(&b);
	network_nft_begin(&b);
	network_nft_add_parts(&b, &spec, parts);
	network_nft_add_mappings(&b, spec.bridge, mappings, count, false);
	network_nft_end(&b);
	check_sent(network_batch_send(&b, fd, &err), err);
}

static char *listing(void)
{
	struct strv argv CLEANUP_STRV = STRV_INIT;
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_FD int out = memfd_create("nft", MFD_CLOEXEC);

	strv_add(&argv, "nft");
	strv_add(&argv, "-s");
	strv_add(&argv, "list");
	strv_add(&argv, "ruleset");
	int r = process_run(&argv, out, &err);

	if (r == -ERR_NOT_FOUND)
		return NULL;
	check_sent(r, err);
	(void)lseek(out, 0, SEEK_SET);
	check_sent(fs_read_fd(out, 65536, &text, &err), err);
	return strbuf_steal(&text);
}

static const char *const external_rules[] = {
	"iifname \"fk-8c0ffee1\" ip daddr 127.0.0.0/8 drop",
	"type nat hook prerouting priority dstnat; policy accept;\n\t\tip daddr 127.0.0.0/8 accept",
	"fib daddr type local dnat ip to meta l4proto . ip daddr . th dport map @ports",
	"fib daddr type local dnat ip to meta l4proto . th dport map @ports_any",
	"ip saddr 172.20.0.0/24 oifname != \"fk-8c0ffee1\" masquerade",
	"ip saddr 172.20.0.0/24 oifname \"fk-8c0ffee1\" ct status dnat masquerade",
	"ip saddr 127.0.0.0/8 oifname \"fk-8c0ffee1\" masquerade",
	"oifname \"fk-8c0ffee1\" ct state established,related accept",
	"oifname \"fk-8c0ffee1\" iifname != \"fk-8c0ffee1\" ct status ! dnat drop",
	"elements = { tcp . 8080 : 172.20.0.2 . 80 }",
	"udp . 127.0.0.1 . 5353 : 172.20.0.3 . 53",
	"tcp . 127.0.0.1 . 3000 : 172.20.0.3 . 3001",
};

START_TEST(test_external)
{
	CLEANUP_FD int fd = -1;

	enter(&fd);
	/* In two steps, as when the first port is published later */
	send_parts(fd, false, NETWORK_NFT_BASE, 0);
	send_parts(fd, false, NETWORK_NFT_PUBLISHING, ARRAY_SIZE(mappings));
	CLEANUP_FREE char *text = listing();

	for (size_t i = 0; text && i < ARRAY_SIZE(external_rules); i++)
		ck_assert_msg(strstr(text, external_rules[i]) != NULL, "no '%s' in\n%s",
			      external_rules[i], text);
}
END_TEST

START_TEST(test_internal)
{
	CLEANUP_FD int fd = -1;

	enter(&fd);
	send_parts(fd, true, NETWORK_NFT_BASE, 0);
	CLEANUP_FREE char *text = listing();

	if (!text)
		return;
	ck_assert_ptr_nonnull(
		strstr(text, "iifname \"fk-8c0ffee1\" oifname != \"fk-8c0ffee1\" drop"));
	ck_assert_ptr_nonnull(
		strstr(text, "oifname \"fk-8c0ffee1\" iifname != \"fk-8c0ffee1\" drop"));
	ck_assert_ptr_null(strstr(text, "masquerade"));
	ck_assert_ptr_null(strstr(text, "dnat"));
}
END_TEST

static int change(int fd, const struct network_nft_mapping *m, size_t count, bool is_removal)
{
	CLEANUP(error) struct error *err = NULL;
	struct network_batch b CLEANUP_BATCH;

	network_batch_init(&b);
	network_nft_begin(&b);
	network_nft_add_mappings(&b, "fk-8c0ffee1", m, count, is_removal);
	network_nft_end(&b);
	return network_batch_send(&b, fd, &err);
}

START_TEST(test_changes)
{
	CLEANUP_FD int fd = -1;
	enum { MANY = 4096 };
	CLEANUP_FREE struct network_nft_mapping *many = x_alloc(MANY * sizeof(*many));
	CLEANUP(error) struct error *err = NULL;
	bool has = true;

	enter(&fd);
	check_sent(network_nft_has_table(fd, "fk-8c0ffee1", &has, &err), err);
	ck_assert(!has);
	/* CVE-2023-28842: what the firewall refuses is an error, never a warning */
	ck_assert_int_eq(change(fd, mappings, 1, false), -ERR_NOT_FOUND);
	send_parts(fd, false, NETWORK_NFT_BASE | NETWORK_NFT_PUBLISHING, 1);
	check_sent(network_nft_has_table(fd, "fk-8c0ffee1", &has, &err), err);
	ck_assert(has);
	/* All or nothing: the second is new, the first is there */
	ck_assert_int_eq(change(fd, mappings, 2, false), -ERR_EXISTS);
	ck_assert_int_eq(change(fd, mappings + 1, 2, false), 0);
	ck_assert_int_eq(change(fd, mappings, 3, true), 0);
	ck_assert_int_eq(change(fd, mappings, 1, true), -ERR_NOT_FOUND);
	for (uint16_t i = 0; i < MANY; i++)
		many[i] = (struct network_nft_mapping){ IPPROTO_TCP, i & 1 ? 0x7f000001 : 0,
							(uint16_t)(10000 + i), 0xac140002, 80 };
	ck_assert_int_eq(change(fd, many, MANY, false), 0);
	ck_assert_int_eq(change(fd, many, MANY, true), 0);
}
END_TEST

static Suite *nft_suite(void)
{
	Suite *suite = suite_create("network/nft");
	TCase *tcase = tcase_create("nft");

	tcase_set_timeout(tcase, 30);
	if (geteuid() == 0) { /* needs CAP_NET_ADMIN and a namespace */
		tcase_add_test(tcase, test_external);
		tcase_add_test(tcase, test_internal);
		tcase_add_test(tcase, test_changes);
	}
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(nft_suite());

	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? 1 : 0;
}
