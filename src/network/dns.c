/* SPDX-License-Identifier: Apache-2.0 */
/* Answers from a zone, without any input or output; and the text of resolv.conf. */
#include "network/dns.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "dns_message.h"

enum { TYPE_A = 1, TYPE_PTR = 12, TYPE_OPT = 41, TYPE_ANY = 255, CLASS_IN = 1, CLASS_ANY = 255 };

enum { FLAG_TRUNCATED_BYTE = 0x02, POINTER_TO_QUESTION = 0xc000 | DNS_HEADER_SIZE };

enum { OPT_SIZE = 11, SEARCH_BYTES_MAX = 1024 };

#define REVERSE_SUFFIX ".in-addr.arpa"

struct answer {
	struct strbuf *out;
	size_t start; /* of the message in @out */
	size_t max;   /* of the message, without the OPT record */
	uint16_t count;
	bool truncated;
};

static void add_u16(struct strbuf *out, uint16_t value)
{
	const uint8_t bytes[2] = { (uint8_t)(value >> 8), (uint8_t)value };

	strbuf_add(out, bytes, sizeof(bytes));
}

static void add_record(struct answer *a, uint16_t type, const void *data, size_t size)
{
	if (a->truncated || a->out->len - a->start + 12 + size > a->max) {
		a->truncated = true;
		return;
	}
	add_u16(a->out, POINTER_TO_QUESTION);
	add_u16(a->out, type);
	add_u16(a->out, CLASS_IN);
	add_u16(a->out, 0);
	add_u16(a->out, DNS_TTL_S);
	add_u16(a->out, (uint16_t)size);
	strbuf_add(a->out, data, size);
	a->count++;
}

/* "4.3.2.1.in-addr.arpa" */
static bool parse_reverse(const char *name, struct in_addr *ret_addr)
{
	str quad = str_from(name), piece;
	uint32_t address = 0;
	int count = 0;

	if (!str_has_suffix(quad, REVERSE_SUFFIX))
		return false;
	quad = str_head(quad, quad.len - (sizeof(REVERSE_SUFFIX) - 1));
	while (str_cut(&quad, '.', &piece)) {
		uint64_t byte;

		if (count == 4 || !str_to_u64(piece, 255, &byte))
			return false;
		address |= (uint32_t)byte << (8 * count++);
	}
	ret_addr->s_addr = htonl(address);
	return count == 4;
}

/* Text to labels; 0: not a name */
static size_t encode_name(const char *name, uint8_t ret_bytes[DNS_NAME_MAX])
{
	str rest = str_from(name), label;
	size_t n = 0;

	while (str_cut(&rest, '.', &label)) {
		if (label.len == 0 || label.len > DNS_LABEL_MAX || n + label.len + 2 > DNS_NAME_MAX)
			return 0;
		ret_bytes[n++] = (uint8_t)label.len;
		memcpy(ret_bytes + n, label.ptr, label.len);
		n += label.len;
	}
	ret_bytes[n++] = 0;
	return n;
}

/* True: the zone knows the name, and what it has of the type is in the answer. */
static bool answer_name(const struct dns_zone *zone, const struct dns_query *q, struct answer *a)
{
	struct in_addr addresses[DNS_ADDRESSES_MAX];
	int count = zone->lookup(zone->ctx, q->name, addresses, DNS_ADDRESSES_MAX);

	if (count < 0)
		return false;
	for (int i = 0; i < count && (q->type == TYPE_A || q->type == TYPE_ANY); i++)
		add_record(a, TYPE_A, &addresses[i].s_addr, sizeof(addresses[i].s_addr));
	return true;
}

static bool answer_reverse(const struct dns_zone *zone, const struct dns_query *q,
			   struct answer *a)
{
	char name[DNS_NAME_MAX + 1];
	uint8_t bytes[DNS_NAME_MAX];
	struct in_addr addr;

	if (!zone->reverse || !parse_reverse(q->name, &addr) ||
	    !zone->reverse(zone->ctx, addr, name, sizeof(name)))
		return false;
	size_t size = encode_name(name, bytes);

	if (size && (q->type == TYPE_PTR || q->type == TYPE_ANY))
		add_record(a, TYPE_PTR, bytes, size);
	return true;
}

static void add_opt(struct strbuf *out, int rcode)
{
	const uint8_t root_and_type[3] = { 0, 0, TYPE_OPT };

	strbuf_add(out, root_and_type, sizeof(root_and_type));
	add_u16(out, DNS_MESSAGE_MAX);
	add_u16(out, (uint16_t)(rcode >> 4 << 8)); /* upper bits of the rcode; version 0 */
	add_u16(out, 0);
	add_u16(out, 0);
}

/* What is only known at the end: the number of records, and whether all went in */
static void finish(struct answer *a, const struct dns_query *q, int rcode)
{
	char *header = a->out->ptr + a->start;

	if (a->truncated)
		header[2] = (char)(header[2] | FLAG_TRUNCATED_BYTE);
	header[6] = (char)(a->count >> 8);
	header[7] = (char)a->count;
	if (q->has_edns) {
		header[11] = 1;
		add_opt(a->out, rcode);
	}
}

enum dns_verdict dns_answer(const struct dns_zone *zone, const uint8_t *query, size_t len,
			    size_t max, struct strbuf *out)
{
	struct dns_query q = { 0 };
	int rcode = dns_query_parse(query, len, &q);

	if (rcode < 0)
		return DNS_DROP;
	struct answer a = { .out = out, .start = out->len,
			    .max = max - (q.has_edns ? OPT_SIZE : 0) };

	if (rcode != DNS_RCODE_NOERROR) {
		q.has_edns = rcode == DNS_RCODE_BADVERS;
		dns_error_answer(query, len, rcode, out);
		finish(&a, &q, rcode);
		return DNS_ANSWERED;
	}
	dns_error_answer(query, len, DNS_RCODE_NOERROR, out);
	bool in_class = q.class == CLASS_IN || q.class == CLASS_ANY;

	if (!in_class || !q.name_is_text || q.name[0] == '\0' ||
	    (!answer_name(zone, &q, &a) && !answer_reverse(zone, &q, &a))) {
		out->len = a.start;
		if (zone->forward)
			return DNS_FORWARD;
		/* CVE-2024-29018: what an internal network does not know, nobody is asked. */
		rcode = in_class ? DNS_RCODE_NXDOMAIN : DNS_RCODE_REFUSED;
		dns_error_answer(query, len, rcode, out);
	}
	finish(&a, &q, rcode);
	return DNS_ANSWERED;
}

void dns_resolv_conf(str host_resolv_conf, struct strbuf *out)
{
	str search = { 0 }, line;

	while (str_cut(&host_resolv_conf, '\n', &line)) {
		line = str_trim(line);
		/* The last one counts, "domain" being a list of one: resolv.conf(5) */
		if (str_has_prefix(line, "search ") || str_has_prefix(line, "search\t") ||
		    str_has_prefix(line, "domain ") || str_has_prefix(line, "domain\t"))
			search = str_trim(str_skip(line, 6));
	}
	strbuf_add_text(out, "nameserver 127.0.0.11\n");
	if (search.len && search.len <= SEARCH_BYTES_MAX)
		strbuf_addf(out, "search %.*s\n", STR_ARG(search));
	strbuf_add_text(out, "options ndots:0\n");
}
