/* SPDX-License-Identifier: Apache-2.0 */
/* rtnetlink messages for bridges, veth pairs, addresses and routes. */
#include "link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <stdio.h>
#include <sys/ioctl.h>

struct network_mac network_mac_from_address(uint32_t ipv4)
{
	/* 'f', 'k': the bits for "locally administered" and "one receiver" are right by luck. */
	return (struct network_mac){ { 'f', 'k', (uint8_t)(ipv4 >> 24), (uint8_t)(ipv4 >> 16),
				       (uint8_t)(ipv4 >> 8), (uint8_t)ipv4 } };
}

void network_mac_format(struct network_mac mac, char ret_text[NETWORK_MAC_TEXT])
{
	const uint8_t *b = mac.bytes;

	(void)snprintf(ret_text, NETWORK_MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1],
		       b[2], b[3], b[4], b[5]);
}

static struct ifinfomsg *add_link(struct network_batch *b, uint16_t type, uint16_t flags,
				  const char *what, struct nlmsghdr **ret_nlh)
{
	*ret_nlh = network_batch_add(b, type, flags, what);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(*ret_nlh, sizeof(*info));

	info->ifi_family = AF_UNSPEC;
	return info;
}

void network_link_add_bridge(struct network_batch *b, const struct network_bridge *bridge)
{
	struct network_mac mac = network_mac_from_address(bridge->gateway);
	struct nlmsghdr *nlh;

	(void)add_link(b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, "make the bridge", &nlh);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, bridge->name);
	mnl_attr_put_u32(nlh, IFLA_GROUP, bridge->group);
	mnl_attr_put_u32(nlh, IFLA_MTU, bridge->mtu);
	/* Fixed, or it would follow the ports as they come and go, and break neighbours' caches. */
	mnl_attr_put(nlh, IFLA_ADDRESS, sizeof(mac.bytes), mac.bytes);
	struct nlattr *link_info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);

	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "bridge");
	struct nlattr *data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);

	/* One flat segment of containers: nothing to snoop for, and one timer less. */
	mnl_attr_put_u8(nlh, IFLA_BR_MCAST_SNOOPING, 0);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, link_info);
}

void network_link_add_veth(struct network_batch *b, const struct network_veth *veth)
{
	struct network_mac mac = network_mac_from_address(veth->peer_ipv4);
	struct nlmsghdr *nlh;

	(void)add_link(b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, "make the interface pair", &nlh);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, veth->host_name);
	mnl_attr_put_u32(nlh, IFLA_GROUP, veth->group);
	mnl_attr_put_u32(nlh, IFLA_MTU, veth->mtu);
	struct nlattr *link_info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);

	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "veth");
	struct nlattr *data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	struct nlattr *peer = mnl_attr_nest_start(nlh, VETH_INFO_PEER);
	const struct ifinfomsg peer_info = { .ifi_family = AF_UNSPEC };

	/* The nest begins with a bare header, then attributes as for the interface itself. */
	memcpy(mnl_nlmsg_get_payload_tail(nlh), &peer_info, sizeof(peer_info));
	nlh->nlmsg_len += MNL_ALIGN(sizeof(peer_info));
	mnl_attr_put_strz(nlh, IFLA_IFNAME, veth->peer_name);
	mnl_attr_put_u32(nlh, IFLA_MTU, veth->mtu);
	mnl_attr_put(nlh, IFLA_ADDRESS, sizeof(mac.bytes), mac.bytes);
	mnl_attr_put_u32(nlh, IFLA_NET_NS_FD, (uint32_t)veth->peer_netns_fd);
	mnl_attr_nest_end(nlh, peer);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, link_info);
}

static struct nlmsghdr *add_up(struct network_batch *b, unsigned index)
{
	struct nlmsghdr *nlh;
	struct ifinfomsg *info = add_link(b, RTM_NEWLINK, 0, "bring the interface up", &nlh);

	info->ifi_index = (int)index;
	info->ifi_flags = IFF_UP;
	info->ifi_change = IFF_UP;
	return nlh;
}

void network_link_add_up(struct network_batch *b, unsigned index)
{
	(void)add_up(b, index);
}

void network_link_add_port(struct network_batch *b, unsigned index, unsigned bridge_index)
{
	struct nlmsghdr *nlh = add_up(b, index);

	mnl_attr_put_u32(nlh, IFLA_MASTER, bridge_index);
	/*
	 * Hairpin: where bridged packets pass the IP hooks (bridge-nf-call-iptables), a container
	 * that calls its own published port is sent back on the port it came from.
	 */
	struct ifinfomsg *info =
		add_link(b, RTM_SETLINK, 0, "configure the port of the bridge", &nlh);

	info->ifi_family = AF_BRIDGE;
	info->ifi_index = (int)index;
	struct nlattr *port = mnl_attr_nest_start(nlh, IFLA_PROTINFO);

	mnl_attr_put_u8(nlh, IFLA_BRPORT_MODE, 1);
	mnl_attr_nest_end(nlh, port);
}

static struct nlmsghdr *add_address(struct network_batch *b, uint16_t type, uint16_t flags,
				    unsigned index, struct network_subnet address)
{
	struct nlmsghdr *nlh = network_batch_add(b, type, flags, "change the interface's address");
	struct ifaddrmsg *info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));

	info->ifa_family = AF_INET;
	info->ifa_prefixlen = (uint8_t)address.length;
	info->ifa_index = index;
	mnl_attr_put_u32(nlh, IFA_LOCAL, htonl(address.address));
	mnl_attr_put_u32(nlh, IFA_ADDRESS, htonl(address.address));
	return nlh;
}

void network_link_add_address(struct network_batch *b, unsigned index, uint32_t address,
			      unsigned length)
{
	struct nlmsghdr *nlh = add_address(b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, index,
					   (struct network_subnet){ address, length });

	mnl_attr_put_u32(nlh, IFA_BROADCAST, htonl(address | ~network_subnet_mask(length)));
}

void network_link_add_address_removal(struct network_batch *b, unsigned index, uint32_t address,
				      unsigned length)
{
	(void)add_address(b, RTM_DELADDR, 0, index, (struct network_subnet){ address, length });
	network_batch_tolerate(b, EADDRNOTAVAIL);
}

void network_link_add_default_route(struct network_batch *b, unsigned index, uint32_t gateway)
{
	struct nlmsghdr *nlh = network_batch_add(b, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL,
						 "add the default route");
	struct rtmsg *info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));

	info->rtm_family = AF_INET;
	info->rtm_table = RT_TABLE_MAIN;
	info->rtm_protocol = RTPROT_STATIC;
	info->rtm_scope = RT_SCOPE_UNIVERSE;
	info->rtm_type = RTN_UNICAST;
	mnl_attr_put_u32(nlh, RTA_GATEWAY, htonl(gateway));
	mnl_attr_put_u32(nlh, RTA_OIF, index);
}

void network_link_add_down(struct network_batch *b, const char *name)
{
	struct nlmsghdr *nlh;
	struct ifinfomsg *info = add_link(b, RTM_SETLINK, 0, "bring the interface down", &nlh);

	info->ifi_change = IFF_UP;
	network_batch_tolerate(b, ENODEV);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
}

void network_link_add_removal(struct network_batch *b, const char *name)
{
	struct nlmsghdr *nlh;

	(void)add_link(b, RTM_DELLINK, 0, "remove the interface", &nlh);
	network_batch_tolerate(b, ENODEV);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
}

void network_link_add_group_removal(struct network_batch *b, uint32_t group)
{
	struct nlmsghdr *nlh;

	if (group == 0)
		abort(); /* group 0 is that of all other interfaces of the host */
	(void)add_link(b, RTM_DELLINK, 0, "remove the bridge", &nlh);
	network_batch_tolerate(b, ENODEV);
	mnl_attr_put_u32(nlh, IFLA_GROUP, group);
}

unsigned network_link_index(int fd, const char *name)
{
	struct ifreq request = { 0 };

	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	return ioctl(fd, SIOCGIFINDEX, &request) < 0 ? 0 : (unsigned)request.ifr_ifindex;
}
