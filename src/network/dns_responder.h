/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two halves of a responder: datagrams (dns_responder.c) and connections (dns_stream.c).
 */
#ifndef NETWORK_DNS_RESPONDER_H
#define NETWORK_DNS_RESPONDER_H

#include "dns_forward.h"

struct dns_datagram; /* a query that is being forwarded */
struct dns_stream;   /* a TCP client */

struct dns_responder {
	struct loop *loop;
	struct dns_forwarder *forwarder; /* borrowed */
	struct dns_zone zone;		 /* the caller's */
	struct dns_zone shuffled;	 /* around it */
	int udp_fd, tcp_fd;
	struct loop_source *udp_source, *tcp_source;
	struct dns_datagram *datagrams;
	size_t datagram_count;
	struct dns_stream *streams;
	size_t stream_count;
};

/** dns_stream_accept() - Loop callback for the listening socket; @ctx: the responder */
void dns_stream_accept(void *ctx, int fd, uint32_t events);

/** dns_stream_close_all() - Drop all clients and what they wait for */
void dns_stream_close_all(struct dns_responder *r);

#endif
