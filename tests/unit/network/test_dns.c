/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of the responder's pure core, byte by byte where it matters. */
#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>

#include "dns_message.h"
#include "network/dns.h"

enum { A = 1, PTR = 12, MX = 15, AAAA = 28, ANY = 255, IN = 1, CHAOS = 3 };

static int lookup(void *ctx, const char *name, struct in_addr *ret, size_t max)
{
	size_t many = max < 40 ? max : 40;

	(void)ctx;
	if (strcmp(name, "db") == 0 || strcmp(name, "db.shop_default") == 0) {
		ret[0].s_addr = htonl(0xac140002);
		return 1;
	}
	if (strcmp(name, "stopped") == 0)
		return 0;
	for (size_t i = 0; i < many && strcmp(name, "many") == 0; i++)
		ret[i].s_addr = htonl(0xac140002 + (uint32_t)i);
	return strcmp(name, "many") == 0 ? (int)many : -1;
}

static bool reverse(void *ctx, struct in_addr addr, char *ret_name, size_t size)
{
	(void)ctx;
	return addr.s_addr == htonl(0xac140002) &&
	       snprintf(ret_name, size, "db.shop_default") < (int)size;
}

static const struct dns_zone internal = { lookup, reverse, NULL, false };
static const struct dns_zone external = { lookup, reverse, NULL, true };

/* A query with id 0x1234, RD set; @edns_size 0: without OPT */
static size_t make_query(uint8_t *to, const char *name, uint16_t type, uint16_t class,
			 uint16_t edns_size)
{
	const uint8_t header[12] = { 0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, edns_size ? 1 : 0 };
	str rest = str_from(name), label;
	size_t n = sizeof(header);

	memcpy(to, header, sizeof(header));
	while (str_cut(&rest, '.', &label) && label.len) {
		to[n++] = (uint8_t)label.len;
		memcpy(to + n, label.ptr, label.len);
		n += label.len;
	}
	const uint8_t end[] = { 0, (uint8_t)(type >> 8), (uint8_t)type, (uint8_t)(class >> 8),
				(uint8_t)class };

	memcpy(to + n, end, sizeof(end));
	n += sizeof(end);
	const uint8_t opt[11] = { 0, 0, 41, (uint8_t)(edns_size >> 8), (uint8_t)edns_size };

	if (edns_size)
		memcpy(to + n, opt, sizeof(opt));
	return n + (edns_size ? sizeof(opt) : 0);
}

static const struct {
	const char *name;
	uint16_t type, class;
	const struct dns_zone *zone;
	enum dns_verdict verdict;
	int rcode, answers;
} cases[] = {
	{ "db", A, IN, &internal, DNS_ANSWERED, DNS_RCODE_NOERROR, 1 },
	{ "DB.Shop_Default", A, IN, &internal, DNS_ANSWERED, DNS_RCODE_NOERROR, 1 },
	{ "db", ANY, IN, &internal, DNS_ANSWERED, DNS_RCODE_NOERROR, 1 },
	{ "db", AAAA, IN, &external, DNS_ANSWERED, DNS_RCODE_NOERROR, 0 },
	{ "db", MX, IN, &external, DNS_ANSWERED, DNS_RCODE_NOERROR, 0 },
	{ "stopped", A, IN, &external, DNS_ANSWERED, DNS_RCODE_NOERROR, 0 },
	{ "nobody", A, IN, &internal, DNS_ANSWERED, DNS_RCODE_NXDOMAIN, 0 },
	{ "nobody", A, IN, &external, DNS_FORWARD, 0, 0 },
	{ "example.com", AAAA, IN, &external, DNS_FORWARD, 0, 0 },
	{ "", 2, IN, &external, DNS_FORWARD, 0, 0 },
	{ "", 2, IN, &internal, DNS_ANSWERED, DNS_RCODE_NXDOMAIN, 0 },
	{ "db", A, CHAOS, &internal, DNS_ANSWERED, DNS_RCODE_REFUSED, 0 },
	{ "2.0.20.172.in-addr.arpa", PTR, IN, &internal, DNS_ANSWERED, DNS_RCODE_NOERROR, 1 },
	{ "2.0.20.172.in-addr.arpa", A, IN, &external, DNS_ANSWERED, DNS_RCODE_NOERROR, 0 },
	{ "3.0.20.172.in-addr.arpa", PTR, IN, &internal, DNS_ANSWERED, DNS_RCODE_NXDOMAIN, 0 },
	{ "3.0.20.172.in-addr.arpa", PTR, IN, &external, DNS_FORWARD, 0, 0 },
	{ "1.2.0.20.172.in-addr.arpa", PTR, IN, &external, DNS_FORWARD, 0, 0 },
	{ "d b", A, IN, &external, DNS_FORWARD, 0, 0 },
};

START_TEST(test_answer)
{
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT(0);
	uint8_t query[512];

	for (uint16_t edns = 0; edns <= 1232; edns += 1232) {
		size_t len = make_query(query, cases[_i].name, cases[_i].type, cases[_i].class,
					edns);

		strbuf_clear(&out);
		ck_assert_int_eq(dns_answer(cases[_i].zone, query, len, 512, &out),
				 cases[_i].verdict);
		if (cases[_i].verdict != DNS_ANSWERED) {
			ck_assert_uint_eq(out.len, 0);
			continue;
		}
		const uint8_t *m = (const uint8_t *)out.ptr;

		ck_assert_uint_eq(dns_u16(m), 0x1234);
		ck_assert_uint_eq(dns_u16(m + 2), 0x8180 | cases[_i].rcode);
		ck_assert_uint_eq(dns_u16(m + 6), cases[_i].answers);
		ck_assert_uint_eq(dns_u16(m + 10), edns ? 1 : 0);
		ck_assert(dns_is_answer_to(m, out.len, query, len));
	}
}
END_TEST

START_TEST(test_bytes)
{
	static const uint8_t expected[] = { 0x12, 0x34, 0x81, 0x80, 0, 1,    0, 1, 0, 0, 0,  0,
					    2,	  'd',	'b',  0,    0, 1,    0, 1, /* answer: */
					    0xc0, 12,	0,    1,    0, 1,    0, 0, 2, 88, 0, 4,
					    172,  20,	0,    2 };
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT(0);
	uint8_t query[512];
	size_t len = make_query(query, "db", A, IN, 0);

	ck_assert_int_eq(dns_answer(&internal, query, len, 512, &out), DNS_ANSWERED);
	ck_assert_uint_eq(out.len, sizeof(expected));
	ck_assert_mem_eq(out.ptr, expected, sizeof(expected));
}
END_TEST

START_TEST(test_truncation)
{
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT(0);
	uint8_t query[512];
	size_t len = make_query(query, "many", A, IN, 0);

	ck_assert_int_eq(dns_answer(&internal, query, len, 512, &out), DNS_ANSWERED);
	ck_assert_uint_le(out.len, 512);
	ck_assert_uint_eq(dns_u16((uint8_t *)out.ptr + 2), 0x8380);
	ck_assert_uint_eq(dns_u16((uint8_t *)out.ptr + 6), (512 - 22) / 16);
	strbuf_clear(&out);
	ck_assert_int_eq(dns_answer(&internal, query, len, 65535, &out), DNS_ANSWERED);
	ck_assert_uint_eq(dns_u16((uint8_t *)out.ptr + 2), 0x8180);
	ck_assert_uint_eq(dns_u16((uint8_t *)out.ptr + 6), 40);
}
END_TEST

/* What is wrong with a query, and the rcode, -1: no answer at all */
static const struct {
	const char *what;
	size_t at;
	uint8_t value;
	int rcode;
} damages[] = {
	{ "is a response", 2, 0x81, -1 },
	{ "opcode 2", 2, 0x11, DNS_RCODE_NOTIMP },
	{ "no question", 5, 0, DNS_RCODE_FORMERR },
	{ "two questions", 5, 2, DNS_RCODE_FORMERR },
	{ "pointer in the question", 12, 0xc0, DNS_RCODE_FORMERR },
	{ "reserved label type", 12, 0x40, DNS_RCODE_FORMERR },
	{ "label behind the end", 12, 63, DNS_RCODE_FORMERR },
	{ "record that is not there", 11, 2, DNS_RCODE_FORMERR },
	{ "very many records", 8, 0xff, DNS_RCODE_FORMERR },
	{ "EDNS version 1", 26, 1, DNS_RCODE_BADVERS },
	{ "OPT of another name", 20, 1, DNS_RCODE_FORMERR },
	{ "OPT data behind the end", 30, 1, DNS_RCODE_FORMERR },
};

START_TEST(test_damage)
{
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT(0);
	uint8_t query[512];
	size_t len = make_query(query, "db", A, IN, 1232);

	ck_assert_uint_eq(len, 31);
	query[damages[_i].at] = damages[_i].value;
	enum dns_verdict verdict = dns_answer(&external, query, len, 512, &out);

	if (damages[_i].rcode < 0) {
		ck_assert_int_eq(verdict, DNS_DROP);
		return;
	}
	ck_assert_msg(verdict == DNS_ANSWERED, "%s", damages[_i].what);
	ck_assert_msg((out.ptr[3] & 15) == (damages[_i].rcode & 15), "%s", damages[_i].what);
	if (damages[_i].rcode == DNS_RCODE_BADVERS)
		ck_assert_int_eq(out.ptr[out.len - 6], 1);
}
END_TEST

START_TEST(test_cuts)
{
	uint8_t query[512];
	size_t len = make_query(query, "db.shop_default", A, IN, 1232);

	for (size_t i = 0; i < len; i++) {
		struct strbuf out CLEANUP_STRBUF = STRBUF_INIT(0);
		/* On the heap, so that a read behind the end is seen */
		CLEANUP_FREE uint8_t *cut = x_alloc(i);

		memcpy(cut, query, i);
		ck_assert_int_eq(dns_answer(&external, cut, i, 512, &out),
				 i < DNS_HEADER_SIZE ? DNS_DROP : DNS_ANSWERED);
	}
}
END_TEST

START_TEST(test_name_limits)
{
	struct strbuf name CLEANUP_STRBUF = STRBUF_INIT(0);
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT(0);
	uint8_t query[512];

	/* 3 x 64 + 62 = 254 bytes and the root: the longest there is */
	for (int i = 0; i < 4; i++) {
		for (int k = 0; k < (i < 3 ? 63 : 61); k++)
			strbuf_add_char(&name, 'a');
		if (i < 3)
			strbuf_add_char(&name, '.');
	}
	size_t len = make_query(query, name.ptr, A, IN, 0);

	ck_assert_int_eq(dns_answer(&external, query, len, 512, &out), DNS_FORWARD);
	strbuf_add_char(&name, 'a');
	len = make_query(query, name.ptr, A, IN, 0);
	ck_assert_int_eq(dns_answer(&external, query, len, 512, &out), DNS_ANSWERED);
	ck_assert_int_eq(out.ptr[3] & 15, DNS_RCODE_FORMERR);
}
END_TEST

static const struct {
	const char *host, *container;
} confs[] = {
	{ "nameserver 10.0.0.1\n", "nameserver 127.0.0.11\noptions ndots:0\n" },
	{ "", "nameserver 127.0.0.11\noptions ndots:0\n" },
	{ "search a.example b.example\nnameserver 1.1.1.1",
	  "nameserver 127.0.0.11\nsearch a.example b.example\noptions ndots:0\n" },
	{ "domain x.example\r\n# search no\noptions ndots:5\n",
	  "nameserver 127.0.0.11\nsearch x.example\noptions ndots:0\n" },
	{ "search first\n\tsearch\tlast  \nsearchy no\n",
	  "nameserver 127.0.0.11\nsearch last\noptions ndots:0\n" },
};

START_TEST(test_resolv_conf)
{
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT(0);

	dns_resolv_conf(str_from(confs[_i].host), &out);
	ck_assert_str_eq(out.ptr, confs[_i].container);
}
END_TEST

static Suite *dns_suite(void)
{
	Suite *suite = suite_create("network/dns");
	TCase *tcase = tcase_create("dns");

	tcase_add_loop_test(tcase, test_answer, 0, ARRAY_SIZE(cases));
	tcase_add_test(tcase, test_bytes);
	tcase_add_test(tcase, test_truncation);
	tcase_add_loop_test(tcase, test_damage, 0, ARRAY_SIZE(damages));
	tcase_add_test(tcase, test_cuts);
	tcase_add_test(tcase, test_name_limits);
	tcase_add_loop_test(tcase, test_resolv_conf, 0, ARRAY_SIZE(confs));
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(dns_suite());

	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? 1 : 0;
}
