/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions to the host's resolvers: each with an id and a source port of its own, so that an
 * answer cannot be guessed.
 */
#ifndef NETWORK_DNS_FORWARD_H
#define NETWORK_DNS_FORWARD_H

#include "network/dns.h"

struct dns_forward; /* one question on its way */

/**
 * dns_forward_fn - Called once, never from within dns_forward_start(); the question is gone by then
 * @answer: with the client's id; @len 0: no server had an answer
 */
typedef void (*dns_forward_fn)(void *ctx, const uint8_t *answer, size_t len);

/**
 * dns_forward_start() - Ask one server after the other
 * @query: passed dns_query_parse()
 * @tcp: ask over TCP, as the client did
 * Return: NULL when DNS_IN_FLIGHT_MAX questions are on their way
 */
struct dns_forward *dns_forward_start(struct dns_forwarder *f, const uint8_t *query, size_t len,
				      bool tcp, dns_forward_fn fn, void *ctx);

/** dns_forward_cancel() - Forget it; NULL is ignored */
void dns_forward_cancel(struct dns_forward *q);

#endif
