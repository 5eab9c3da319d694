/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS messages as RFC 1035 and 6891 lay them out; everything read is bounds-checked, and
 * compression pointers are never followed.
 */
#ifndef NETWORK_DNS_MESSAGE_H
#define NETWORK_DNS_MESSAGE_H

#include "base/strbuf.h"

enum {
	DNS_HEADER_SIZE = 12,
	DNS_LABEL_MAX = 63,
	DNS_NAME_MAX = 255,	/* encoded; as text it is shorter */
	DNS_UDP_SIZE = 512,	/* without EDNS */
	DNS_TCP_SIZE = 65535,
};

enum dns_rcode {
	DNS_RCODE_NOERROR = 0,
	DNS_RCODE_FORMERR = 1,
	DNS_RCODE_SERVFAIL = 2,
	DNS_RCODE_NXDOMAIN = 3,
	DNS_RCODE_NOTIMP = 4,
	DNS_RCODE_REFUSED = 5,
	DNS_RCODE_BADVERS = 16, /* its upper bits are in the OPT record */
};

/** struct dns_query - A parsed query; positions are offsets in the message */
struct dns_query {
	uint16_t id, flags;
	uint16_t type, class;
	char name[DNS_NAME_MAX + 1]; /* lower case, no trailing dot; "" is the root */
	bool name_is_text;	     /* false: a label holds a dot, a NUL or the like */
	size_t question_size;	     /* name, type and class, from DNS_HEADER_SIZE on */
	bool has_edns;
	uint8_t edns_version;
	uint16_t udp_size;	     /* what the client can take: 512 to DNS_MESSAGE_MAX */
};

uint16_t dns_u16(const uint8_t *p);

/**
 * dns_query_parse() - One question, perhaps an OPT record
 * Return: DNS_RCODE_NOERROR, the rcode to refuse with, or -1: not worth an answer
 */
int dns_query_parse(const uint8_t *message, size_t len, struct dns_query *ret_query);

/** dns_error_answer() - Header with @rcode, and the question when @message has one */
void dns_error_answer(const uint8_t *message, size_t len, int rcode, struct strbuf *out);

/** dns_question_size() - Bytes of the question of any message with exactly one, 0: malformed */
size_t dns_question_size(const uint8_t *message, size_t len);

/** dns_is_answer_to() - Is @answer (with its own id) a response to the question of @query? */
bool dns_is_answer_to(const uint8_t *answer, size_t answer_len, const uint8_t *query,
		      size_t query_len);

#endif
