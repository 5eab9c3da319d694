/* SPDX-License-Identifier: Apache-2.0 */
/* DNS messages: parsing of queries, and the checks on answers of other servers. */
#include "dns_message.h"

#include <ctype.h>

#include "network/dns.h"

enum {
	FLAG_RESPONSE = 0x8000,
	OPCODE_MASK = 0x7800,
	FLAG_RECURSION_DESIRED = 0x0100,
	FLAG_RECURSION_AVAILABLE = 0x0080,
	RCODE_MASK = 0x000f,
};

enum { TYPE_OPT = 41, RECORDS_MAX = 16 };

uint16_t dns_u16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/*
 * Encoded size of a name at @at, 0: malformed or compressed. @text (may be NULL) gets the name in
 * lower case; a byte that text cannot show makes *is_text false.
 */
static size_t read_name(const uint8_t *message, size_t len, size_t at, char *text, bool *is_text)
{
	size_t start = at, n = 0;

	for (;;) {
		if (at >= len)
			return 0;
		size_t label = message[at++];

		if (label == 0)
			break;
		if (label > DNS_LABEL_MAX || label >= len - at ||
		    at + label - start >= DNS_NAME_MAX)
			return 0;
		if (text && n)
			text[n++] = '.';
		for (size_t i = 0; i < label; i++, at++) {
			if (!text)
				continue;
			*is_text = *is_text && message[at] > ' ' && message[at] < 0x7f &&
				   message[at] != '.';
			text[n++] = (char)tolower(message[at]);
		}
	}
	if (text)
		text[n] = '\0';
	return at - start;
}

/* As above, but the name may end in a pointer, which is only stepped over */
static size_t skip_name(const uint8_t *message, size_t len, size_t at)
{
	size_t start = at;

	while (at < len) {
		size_t label = message[at];

		if (label == 0)
			return at + 1 - start;
		if (label >= 0xc0)
			return len - at >= 2 ? at + 2 - start : 0;
		if (label > DNS_LABEL_MAX || at + label - start >= DNS_NAME_MAX)
			return 0;
		at += label + 1;
	}
	return 0;
}

/* The OPT record among those behind the question; false: the message is malformed */
static bool read_records(const uint8_t *message, size_t len, size_t at, struct dns_query *q)
{
	size_t count = (size_t)dns_u16(message + 6) + dns_u16(message + 8) + dns_u16(message + 10);

	if (count > RECORDS_MAX)
		return false;
	for (size_t i = 0; i < count; i++) {
		size_t name = skip_name(message, len, at);

		if (name == 0 || len - at - name < 10)
			return false;
		const uint8_t *fields = message + at + name; /* type, class, TTL, length */
		size_t data = dns_u16(fields + 8);

		at += name + 10;
		if (data > len - at)
			return false;
		at += data;
		if (dns_u16(fields) != TYPE_OPT)
			continue;
		if (q->has_edns || name != 1)
			return false; /* one at most, of the root: RFC 6891 6.1.1 */
		uint16_t size = dns_u16(fields + 2);

		q->has_edns = true;
		q->edns_version = fields[5];
		q->udp_size = size < DNS_UDP_SIZE    ? DNS_UDP_SIZE :
			      size > DNS_MESSAGE_MAX ? DNS_MESSAGE_MAX :
						       size;
	}
	return true;
}

size_t dns_question_size(const uint8_t *message, size_t len)
{
	if (len < DNS_HEADER_SIZE || dns_u16(message + 4) != 1)
		return 0;
	size_t name = read_name(message, len, DNS_HEADER_SIZE, NULL, NULL);

	return name && len - DNS_HEADER_SIZE - name >= 4 ? name + 4 : 0;
}

int dns_query_parse(const uint8_t *message, size_t len, struct dns_query *ret_query)
{
	struct dns_query q = { .udp_size = DNS_UDP_SIZE, .name_is_text = true };

	/* Answering answers would let two responders talk to each other for ever. */
	if (len < DNS_HEADER_SIZE || dns_u16(message + 2) & FLAG_RESPONSE)
		return -1;
	q.id = dns_u16(message);
	q.flags = dns_u16(message + 2);
	if (q.flags & OPCODE_MASK)
		return DNS_RCODE_NOTIMP;
	q.question_size = dns_question_size(message, len);
	if (q.question_size == 0)
		return DNS_RCODE_FORMERR;
	(void)read_name(message, len, DNS_HEADER_SIZE, q.name, &q.name_is_text); /* sized above */
	q.type = dns_u16(message + DNS_HEADER_SIZE + q.question_size - 4);
	q.class = dns_u16(message + DNS_HEADER_SIZE + q.question_size - 2);
	if (!read_records(message, len, DNS_HEADER_SIZE + q.question_size, &q))
		return DNS_RCODE_FORMERR;
	*ret_query = q;
	return q.has_edns && q.edns_version != 0 ? DNS_RCODE_BADVERS : DNS_RCODE_NOERROR;
}

void dns_error_answer(const uint8_t *message, size_t len, int rcode, struct strbuf *out)
{
	size_t question = dns_question_size(message, len);
	uint16_t flags = dns_u16(message + 2) & (OPCODE_MASK | FLAG_RECURSION_DESIRED);

	flags |= FLAG_RESPONSE | FLAG_RECURSION_AVAILABLE | (uint16_t)(rcode & RCODE_MASK);
	const uint8_t header[DNS_HEADER_SIZE] = { message[0], message[1], (uint8_t)(flags >> 8),
						  (uint8_t)flags, 0, question ? 1 : 0 };

	strbuf_add(out, header, sizeof(header));
	strbuf_add(out, message + DNS_HEADER_SIZE, question);
}

bool dns_is_answer_to(const uint8_t *answer, size_t answer_len, const uint8_t *query,
		      size_t query_len)
{
	size_t question = dns_question_size(query, query_len);

	if (question == 0 || answer_len < DNS_HEADER_SIZE + question ||
	    dns_question_size(answer, answer_len) != question ||
	    memcmp(answer, query, 2) != 0 || !(dns_u16(answer + 2) & FLAG_RESPONSE) ||
	    dns_u16(answer + 2) & OPCODE_MASK)
		return false;
	for (size_t i = DNS_HEADER_SIZE; i < DNS_HEADER_SIZE + question; i++) {
		/* Names compare without case (lengths of labels are no letters) */
		if (tolower(answer[i]) != tolower(query[i]))
			return false;
	}
	return true;
}
