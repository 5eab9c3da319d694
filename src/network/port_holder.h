/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who listens on a port: the kernel's socket tables and the descriptors of all processes.
 */
#ifndef NETWORK_PORT_HOLDER_H
#define NETWORK_PORT_HOLDER_H

#include <netinet/in.h>

#include "base/str.h"

/** struct network_host_address - A host's address, as written before a port; none: all of them */
struct network_host_address {
	int family; /* AF_INET, AF_INET6, AF_UNSPEC: all addresses of both */
	struct in_addr ipv4;
	struct in6_addr ipv6;
};

/** network_host_address_parse() - NULL: all; brackets around IPv6 are taken off; false: neither */
bool network_host_address_parse(const char *text, struct network_host_address *ret_address);

/**
 * network_socket_matches() - One line of /proc/net/{tcp,tcp6,udp,udp6}: does it hold the port?
 * @ret_inode: of the socket
 */
bool network_socket_matches(str line, const struct network_host_address *address, uint16_t port,
			    bool udp, uint64_t *ret_inode);

/** network_port_is_ours() - The port is held by a descriptor of this process */
bool network_port_is_ours(const struct network_host_address *address, uint16_t port, bool udp);

#endif
