/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Netlink: many messages in one send, one answer for all of them.
 *
 * The kernel carries out every message during the send itself, so the answers are there when it
 * returns: nothing here ever waits. Only the last message asks for an acknowledgement; the others
 * speak up when they fail.
 */
#ifndef NETWORK_NETLINK_H
#define NETWORK_NETLINK_H

#include <libmnl/libmnl.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/strbuf.h"

/* Largest single message, header included; sized for a full batch of map elements. */
enum { NETWORK_MESSAGE_MAX = 32768 };

struct network_batch_step {
	const char *what; /* "make the bridge": for the error message; not owned */
	int tolerated;	  /* errno that counts as success; 0: none */
};

/** struct network_batch - Messages under construction; zeroed by network_batch_init() */
struct network_batch {
	struct strbuf bytes;
	struct nlmsghdr *open; /* the last message, still growing */
	struct network_batch_step *steps;
	size_t count;
};

#define CLEANUP_BATCH __attribute__((cleanup(network_batch_fini)))

/** network_netlink_open() - Socket of @protocol in the calling thread's network namespace */
int network_netlink_open(int protocol, struct error **err);

void network_batch_init(struct network_batch *b);
void network_batch_fini(struct network_batch *b);

/**
 * network_batch_add() - Start a message; the one before it is complete from here on
 * @what: what it does, a literal
 * Return: header to put the rest behind with mnl_nlmsg_put_extra_header() and mnl_attr_put*(),
 *         NETWORK_MESSAGE_MAX bytes at most; valid until the next call
 */
struct nlmsghdr *network_batch_add(struct network_batch *b, uint16_t type, uint16_t flags,
				   const char *what);

/** network_batch_tolerate() - This errno is fine for the message added last */
void network_batch_tolerate(struct network_batch *b, int tolerated);

/**
 * network_batch_send() - Send all and read the answers; the batch is empty afterwards
 * Return: 0, or the first failure; what the messages after it did depends on the protocol:
 *         rtnetlink carries them out, nfnetlink none of the batch
 */
int network_batch_send(struct network_batch *b, int fd, struct error **err);

/**
 * network_netlink_query() - Send one request and hand each answer to @fn
 * @request: complete; sequence number and NLM_F_REQUEST are set here
 * Return: 0; -ERR_NOT_FOUND when the kernel knows no such thing
 */
int network_netlink_query(int fd, struct nlmsghdr *request, mnl_cb_t fn, void *ctx,
			  struct error **err);

#endif
