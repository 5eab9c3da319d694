/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rtnetlink: the messages that make, configure and remove interfaces, and what the host has.
 *
 * The add functions put messages into a batch; nothing happens before it is sent.
 */
#ifndef NETWORK_LINK_H
#define NETWORK_LINK_H

#include <net/if.h>

#include "netlink.h"
#include "subnet.h"

enum { NETWORK_MTU_DEFAULT = 1500, NETWORK_MAC_TEXT = 18 };

/** struct network_mac - Hardware address; made from the IPv4 address, it comes back with it */
struct network_mac {
	uint8_t bytes[6];
};

struct network_mac network_mac_from_address(uint32_t ipv4);
void network_mac_format(struct network_mac mac, char ret_text[NETWORK_MAC_TEXT]);

/** struct network_bridge - A bridge to be made; @group is that of all interfaces of the network */
struct network_bridge {
	const char *name;
	uint32_t group;
	uint32_t gateway;
	unsigned mtu;
};

/** struct network_veth - A pair to be made, the peer at once inside another namespace */
struct network_veth {
	const char *host_name;
	const char *peer_name;
	uint32_t group;
	uint32_t peer_ipv4; /* for its hardware address */
	unsigned mtu;
	int peer_netns_fd;
};

void network_link_add_bridge(struct network_batch *b, const struct network_bridge *bridge);
void network_link_add_veth(struct network_batch *b, const struct network_veth *veth);

void network_link_add_up(struct network_batch *b, unsigned index);

/** network_link_add_port() - Enslave an interface to a bridge and bring it up */
void network_link_add_port(struct network_batch *b, unsigned index, unsigned bridge_index);
void network_link_add_address(struct network_batch *b, unsigned index, uint32_t address,
			      unsigned length);
/** network_link_add_address_removal() - Absent is success */
void network_link_add_address_removal(struct network_batch *b, unsigned index, uint32_t address,
				      unsigned length);
void network_link_add_default_route(struct network_batch *b, unsigned index, uint32_t gateway);

/** network_link_add_down() - Absent is success */
void network_link_add_down(struct network_batch *b, const char *name);

/** network_link_add_removal() - Absent is success */
void network_link_add_removal(struct network_batch *b, const char *name);

/** network_link_add_group_removal() - All interfaces of a network together; no such is success */
void network_link_add_group_removal(struct network_batch *b, uint32_t group);

/** network_link_index() - Index in the namespace of the socket @fd, 0: no such interface */
unsigned network_link_index(int fd, const char *name);

/** struct network_host - What the host's own interfaces and routes take */
struct network_host {
	struct network_subnet *used; /* owned */
	size_t used_count;
	unsigned mtu; /* of the interface of the default route */
};

void network_host_fini(struct network_host *h);

/**
 * network_host_load() - Addresses, routes and MTU of the namespace of the socket @fd
 * @host: what is in it already stays; caller: network_host_fini(), also on failure
 */
int network_host_load(int fd, struct network_host *host, struct error **err);

#endif
