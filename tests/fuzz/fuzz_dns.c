/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer: queries to the responder's core, and answers to the forwarder's check. */
#include <arpa/inet.h>
#include <stdio.h>

#include "dns_message.h"
#include "network/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int lookup(void *ctx, const char *name, struct in_addr *ret, size_t max)
{
	size_t len = strlen(name);

	(void)ctx;
	if (len > DNS_NAME_MAX)
		abort();
	for (size_t i = 0; i < len && i < max; i++)
		ret[i].s_addr = (in_addr_t)i;
	return len % 3 == 0 ? -1 : (int)(len < max ? len : max);
}

static bool reverse(void *ctx, struct in_addr addr, char *ret_name, size_t size)
{
	(void)ctx;
	return addr.s_addr & 1 && snprintf(ret_name, size, "a..%08x.b", addr.s_addr) > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct dns_zone zone = { lookup, reverse, NULL, size & 1 };
	static const size_t limits[] = { 512, DNS_MESSAGE_MAX, 65535 };

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		struct strbuf out CLEANUP_STRBUF = STRBUF_INIT(0);
		enum dns_verdict verdict = dns_answer(&zone, data, size, limits[i], &out);

		if ((verdict == DNS_ANSWERED) != (out.len > 0) || out.len > limits[i])
			abort();
		/* What we say must be an answer to what was asked, when that was a question. */
		if (verdict == DNS_ANSWERED && dns_question_size(data, size) &&
		    !(data[2] & 0x78) &&
		    !dns_is_answer_to((const uint8_t *)out.ptr, out.len, data, size))
			abort();
	}
	(void)dns_is_answer_to(data, size, data, size);
	if (size > 40)
		(void)dns_is_answer_to(data + 40, size - 40, data, 40);
	return 0;
}
