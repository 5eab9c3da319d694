/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names inside containers: a small responder at 127.0.0.11 in each container's network namespace.
 *
 * The sockets are made inside the namespace and served by the supervisor's event loop. Known names
 * are answered from the zone; the rest goes to the host's own resolvers, from the host's namespace,
 * unless forwarding is off (internal networks, CVE-2024-29018).
 */
#ifndef NETWORK_DNS_H
#define NETWORK_DNS_H

#include <netinet/in.h>

#include "base/error.h"
#include "base/loop.h"
#include "base/strbuf.h"

enum { DNS_MESSAGE_MAX = 4096, DNS_ADDRESSES_MAX = 64, DNS_TTL_S = 600, DNS_IN_FLIGHT_MAX = 1024 };

/** struct dns_zone - What one client may see */
struct dns_zone {
	/**
	 * @lookup: addresses of @name (lower case, no trailing dot) for this client
	 * Return: number of addresses written (the responder shuffles them), 0: known without
	 *         address, -1: unknown
	 */
	int (*lookup)(void *ctx, const char *name, struct in_addr *ret, size_t max);
	/** @reverse: name of an address, or false */
	bool (*reverse)(void *ctx, struct in_addr addr, char *ret_name, size_t size);
	void *ctx;
	bool forward; /* ask the host's resolvers for unknown names */
};

struct dns_forwarder; /* shared by all responders of a supervisor */
struct dns_responder;

/** dns_forwarder_new() - @resolv_conf: text of the host's /etc/resolv.conf; 3 servers are used */
struct dns_forwarder *dns_forwarder_new(struct loop *loop, str resolv_conf);
void dns_forwarder_free(struct dns_forwarder *f);

/** dns_responder_open() - UDP and TCP sockets at 127.0.0.11:53 in @netns_fd; @zone is copied */
int dns_responder_open(struct loop *loop, struct dns_forwarder *forwarder, int netns_fd,
		       const struct dns_zone *zone, struct dns_responder **ret, struct error **err);
void dns_responder_close(struct dns_responder *r);

/** enum dns_verdict - What dns_answer() decided */
enum dns_verdict { DNS_ANSWERED, DNS_FORWARD, DNS_DROP };

/**
 * dns_answer() - Pure core: one query to one response
 * @max: largest response (512, EDNS size, or 65535 over TCP); longer ones are truncated with TC
 * A and AAAA, PTR, MX; known name without the type asked: empty NOERROR.
 */
enum dns_verdict dns_answer(const struct dns_zone *zone, const uint8_t *query, size_t len,
			    size_t max, struct strbuf *out);

/** dns_resolv_conf() - Text of a container's /etc/resolv.conf, with the host's search domains */
void dns_resolv_conf(str host_resolv_conf, struct strbuf *out);

#endif
