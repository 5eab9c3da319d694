/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of one network: chains, maps and rules as data, and their encoding.
 *
 * As nft(8) would print it, for bridge fk-1, not internal, publishing:
 *
 *   table ip firkin-fk-1 {
 *     map ports     { type inet_proto . ipv4_addr . inet_service : ipv4_addr . inet_service }
 *     map ports_any { type inet_proto . inet_service : ipv4_addr . inet_service }
 *     chain guard       { type filter hook prerouting priority raw
 *       iifname fk-1 ip daddr 127.0.0.0/8 drop }
 *     chain prerouting  { type nat hook prerouting priority dstnat
 *       ip daddr 127.0.0.0/8 accept
 *       fib daddr type local dnat ip to meta l4proto . ip daddr . th dport map @ports
 *       fib daddr type local dnat ip to meta l4proto . th dport map @ports_any }
 *     chain output      { type nat hook output priority dstnat, the two dnat rules again }
 *     chain postrouting { type nat hook postrouting priority srcnat
 *       ip saddr 172.20.0.0/24 oifname != fk-1 masquerade
 *       ip saddr 172.20.0.0/24 oifname fk-1 ct status dnat masquerade
 *       ip saddr 127.0.0.0/8 oifname fk-1 masquerade }
 *     chain forward     { type filter hook forward priority filter
 *       oifname fk-1 ct state established,related accept
 *       oifname fk-1 iifname != fk-1 ct status & dnat == 0 drop }
 *   }
 *
 * Loopback: route_localnet on the bridge lets the host's own 127.0.0.1 reach published ports. It
 * would also let a container reach what listens on the host's loopback (hence guard). A neighbour
 * of the host would reach ports published on 127.0.0.1 only, since translation comes before the
 * kernel's check for such addresses (hence the first rule of prerouting).
 */
#include "nft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <stdio.h>

/* nft(8)'s numbers of the types, six bits each in a concatenation */
enum { TYPE_ADDRESS = 7, TYPE_PROTOCOL = 12, TYPE_SERVICE = 13, TYPE_BITS = 6 };

enum { MAP_PORTS, MAP_PORTS_ANY };

static const struct network_nft_map maps[] = {
	[MAP_PORTS] = { "ports", 1,
			(TYPE_PROTOCOL << TYPE_BITS | TYPE_ADDRESS) << TYPE_BITS | TYPE_SERVICE, 12,
			TYPE_ADDRESS << TYPE_BITS | TYPE_SERVICE, 8 },
	[MAP_PORTS_ANY] = { "ports_any", 2, TYPE_PROTOCOL << TYPE_BITS | TYPE_SERVICE, 8,
			    TYPE_ADDRESS << TYPE_BITS | TYPE_SERVICE, 8 },
};

/* Which networks have a chain or rule */
enum { ON_EXTERNAL = 1, ON_INTERNAL = 2, ON_PUBLISHING = 4 };

/* Priorities as nft(8) names them: raw, dstnat, srcnat, filter */
enum { PRIORITY_RAW = -300, PRIORITY_DSTNAT = -100, PRIORITY_SRCNAT = 100, PRIORITY_FILTER = 0 };

static const struct {
	unsigned on;
	struct network_nft_chain chain;
} chains[] = {
	{ ON_PUBLISHING, { "guard", "filter", NF_INET_PRE_ROUTING, PRIORITY_RAW } },
	{ ON_PUBLISHING, { "prerouting", "nat", NF_INET_PRE_ROUTING, PRIORITY_DSTNAT } },
	{ ON_PUBLISHING, { "output", "nat", NF_INET_LOCAL_OUT, PRIORITY_DSTNAT } },
	{ ON_EXTERNAL, { "postrouting", "nat", NF_INET_POST_ROUTING, PRIORITY_SRCNAT } },
	{ ON_EXTERNAL | ON_INTERNAL, { "forward", "filter", NF_INET_FORWARD, PRIORITY_FILTER } },
};

enum match {
	MATCH_NONE,
	MATCH_IN_BRIDGE,
	MATCH_NOT_IN_BRIDGE,
	MATCH_OUT_BRIDGE,
	MATCH_NOT_OUT_BRIDGE,
	MATCH_FROM_SUBNET,
	MATCH_FROM_LOOPBACK,
	MATCH_TO_LOOPBACK,
	MATCH_TO_LOCAL,
	MATCH_DNAT,
	MATCH_NOT_DNAT,
	MATCH_ESTABLISHED,
};

enum action { ACTION_ACCEPT, ACTION_DROP, ACTION_MASQUERADE, ACTION_DNAT, ACTION_DNAT_ANY };

enum { MATCHES_MAX = 3 };

static const struct rule {
	unsigned on;
	const char *chain;
	enum match matches[MATCHES_MAX];
	enum action action;
} rules[] = {
	{ ON_PUBLISHING, "guard", { MATCH_IN_BRIDGE, MATCH_TO_LOOPBACK }, ACTION_DROP },
	{ ON_PUBLISHING, "prerouting", { MATCH_TO_LOOPBACK }, ACTION_ACCEPT },
	{ ON_PUBLISHING, "prerouting", { MATCH_TO_LOCAL }, ACTION_DNAT },
	{ ON_PUBLISHING, "prerouting", { MATCH_TO_LOCAL }, ACTION_DNAT_ANY },
	{ ON_PUBLISHING, "output", { MATCH_TO_LOCAL }, ACTION_DNAT },
	{ ON_PUBLISHING, "output", { MATCH_TO_LOCAL }, ACTION_DNAT_ANY },
	{ ON_EXTERNAL, "postrouting", { MATCH_FROM_SUBNET, MATCH_NOT_OUT_BRIDGE },
	  ACTION_MASQUERADE },
	/* A container that calls a port published by its own network: the answer must come back
	   through us, or its address would not be the one that was called. */
	{ ON_PUBLISHING, "postrouting", { MATCH_FROM_SUBNET, MATCH_OUT_BRIDGE, MATCH_DNAT },
	  ACTION_MASQUERADE },
	{ ON_PUBLISHING, "postrouting", { MATCH_FROM_LOOPBACK, MATCH_OUT_BRIDGE },
	  ACTION_MASQUERADE },
	{ ON_EXTERNAL, "forward", { MATCH_OUT_BRIDGE, MATCH_ESTABLISHED }, ACTION_ACCEPT },
	/* Isolation from other networks and from hosts that route to the subnet */
	{ ON_EXTERNAL, "forward", { MATCH_OUT_BRIDGE, MATCH_NOT_IN_BRIDGE, MATCH_NOT_DNAT },
	  ACTION_DROP },
	{ ON_INTERNAL, "forward", { MATCH_OUT_BRIDGE, MATCH_NOT_IN_BRIDGE }, ACTION_DROP },
	{ ON_INTERNAL, "forward", { MATCH_IN_BRIDGE, MATCH_NOT_OUT_BRIDGE }, ACTION_DROP },
};

void network_nft_table_name(const char *bridge, char ret_text[NETWORK_NFT_TABLE_TEXT])
{
	(void)snprintf(ret_text, NETWORK_NFT_TABLE_TEXT, "firkin-%.15s", bridge);
}

static void match_interface(struct network_nft_rule *rule, uint32_t key, uint32_t op,
			    const char *bridge)
{
	char name[IFNAMSIZ] = { 0 };

	(void)snprintf(name, sizeof(name), "%s", bridge);
	network_nft_meta(rule, key, 0);
	network_nft_compare(rule, op, 0, name, sizeof(name));
}

static void match_address(struct network_nft_rule *rule, size_t offset,
			  struct network_subnet subnet)
{
	const uint32_t address = htonl(subnet.address);

	network_nft_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, (uint32_t)offset, sizeof(address), 0);
	network_nft_mask(rule, 0, htonl(network_subnet_mask(subnet.length)));
	network_nft_compare(rule, NFT_CMP_EQ, 0, &address, sizeof(address));
}

static void match_ct(struct network_nft_rule *rule, uint32_t key, uint32_t op, uint32_t bits)
{
	const uint32_t none = 0;

	network_nft_ct(rule, key, 0);
	network_nft_mask(rule, 0, bits);
	network_nft_compare(rule, op, 0, &none, sizeof(none));
}

static void put_match(struct network_nft_rule *rule, enum match match,
		      const struct network_nft_spec *spec)
{
	static const struct network_subnet loopback = { 0x7f000000, 8 };
	/* Bits as nft_ct loads them: one per state, 1 being "invalid" */
	const uint32_t established = 1U << (IP_CT_ESTABLISHED + 1) | 1U << (IP_CT_RELATED + 1);
	const uint32_t local = RTN_LOCAL;

	switch (match) {
	case MATCH_NONE:
		break;
	case MATCH_IN_BRIDGE:
		match_interface(rule, NFT_META_IIFNAME, NFT_CMP_EQ, spec->bridge);
		break;
	case MATCH_NOT_IN_BRIDGE:
		match_interface(rule, NFT_META_IIFNAME, NFT_CMP_NEQ, spec->bridge);
		break;
	case MATCH_OUT_BRIDGE:
		match_interface(rule, NFT_META_OIFNAME, NFT_CMP_EQ, spec->bridge);
		break;
	case MATCH_NOT_OUT_BRIDGE:
		match_interface(rule, NFT_META_OIFNAME, NFT_CMP_NEQ, spec->bridge);
		break;
	case MATCH_FROM_SUBNET:
		match_address(rule, offsetof(struct iphdr, saddr), spec->subnet);
		break;
	case MATCH_FROM_LOOPBACK:
		match_address(rule, offsetof(struct iphdr, saddr), loopback);
		break;
	case MATCH_TO_LOOPBACK:
		match_address(rule, offsetof(struct iphdr, daddr), loopback);
		break;
	case MATCH_TO_LOCAL:
		network_nft_fib_daddr_type(rule, 0);
		network_nft_compare(rule, NFT_CMP_EQ, 0, &local, sizeof(local));
		break;
	case MATCH_DNAT:
		match_ct(rule, NFT_CT_STATUS, NFT_CMP_NEQ, IPS_DST_NAT);
		break;
	case MATCH_NOT_DNAT:
		match_ct(rule, NFT_CT_STATUS, NFT_CMP_EQ, IPS_DST_NAT);
		break;
	case MATCH_ESTABLISHED:
		match_ct(rule, NFT_CT_STATE, NFT_CMP_NEQ, established);
		break;
	}
}

/* Key in registers 0 to 2 (without the address: 0 and 1); the value found takes their place. */
static void put_dnat(struct network_nft_rule *rule, bool any)
{
	unsigned reg = 0;

	network_nft_meta(rule, NFT_META_L4PROTO, reg++);
	if (!any)
		network_nft_payload(rule, NFT_PAYLOAD_NETWORK_HEADER,
				    offsetof(struct iphdr, daddr), 4, reg++);
	/* The destination port has the same place in TCP and UDP. */
	network_nft_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, reg);
	network_nft_lookup(rule, &maps[any ? MAP_PORTS_ANY : MAP_PORTS], 0);
	network_nft_dnat(rule, 0, 1);
}

static void put_action(struct network_nft_rule *rule, enum action action)
{
	switch (action) {
	case ACTION_ACCEPT:
		network_nft_verdict(rule, NF_ACCEPT);
		break;
	case ACTION_DROP:
		network_nft_verdict(rule, NF_DROP);
		break;
	case ACTION_MASQUERADE:
		network_nft_masquerade(rule);
		break;
	case ACTION_DNAT:
		put_dnat(rule, false);
		break;
	case ACTION_DNAT_ANY:
		put_dnat(rule, true);
		break;
	}
}

/* The elements that belong into one of the maps: by whether a host address was given */
static void add_map_elements(struct network_batch *b, const char *table, bool any,
			     const struct network_nft_mapping *mappings, size_t count,
			     bool is_removal)
{
	CLEANUP_FREE struct network_nft_element *elements = x_alloc(count * sizeof(*elements));
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		const struct network_nft_mapping *m = &mappings[i];
		const uint32_t host_address = htonl(m->host_address), address = htonl(m->address);
		const uint16_t host_port = htons(m->host_port), port = htons(m->port);
		struct network_nft_element *e = &elements[n];

		if ((m->host_address == 0) != any)
			continue;
		e->key[0] = m->protocol;
		if (!any)
			memcpy(e->key + 4, &host_address, sizeof(host_address));
		memcpy(e->key + (any ? 4 : 8), &host_port, sizeof(host_port));
		memcpy(e->value, &address, sizeof(address));
		memcpy(e->value + 4, &port, sizeof(port));
		n++;
	}
	network_nft_add_elements(b, table, &maps[any ? MAP_PORTS_ANY : MAP_PORTS], elements, n,
				 is_removal);
}

void network_nft_add_mappings(struct network_batch *b, const char *bridge,
			      const struct network_nft_mapping *mappings, size_t count,
			      bool is_removal)
{
	char table[NETWORK_NFT_TABLE_TEXT];

	network_nft_table_name(bridge, table);
	add_map_elements(b, table, false, mappings, count, is_removal);
	add_map_elements(b, table, true, mappings, count, is_removal);
}

static void add_rule(struct network_batch *b, const char *table, const struct rule *r,
		     const struct network_nft_spec *spec)
{
	struct network_nft_rule rule;

	network_nft_rule_begin(b, table, r->chain, &rule);
	for (size_t i = 0; i < MATCHES_MAX; i++)
		put_match(&rule, r->matches[i], spec);
	put_action(&rule, r->action);
	network_nft_rule_end(&rule);
}

void network_nft_add_parts(struct network_batch *b, const struct network_nft_spec *spec,
			   unsigned parts)
{
	unsigned on = parts & NETWORK_NFT_BASE ? (spec->internal ? ON_INTERNAL : ON_EXTERNAL) : 0;
	char table[NETWORK_NFT_TABLE_TEXT];

	on |= parts & NETWORK_NFT_PUBLISHING ? ON_PUBLISHING : 0;
	network_nft_table_name(spec->bridge, table);
	if (parts & NETWORK_NFT_BASE)
		network_nft_add_table(b, table, false);
	for (size_t i = 0; i < ARRAY_SIZE(chains); i++) {
		if (chains[i].on & on)
			network_nft_add_chain(b, table, &chains[i].chain);
	}
	for (size_t i = 0; i < ARRAY_SIZE(maps) && (on & ON_PUBLISHING); i++)
		network_nft_add_map(b, table, &maps[i]);
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		if (rules[i].on & on)
			add_rule(b, table, &rules[i], spec);
	}
}

void network_nft_add_table_removal(struct network_batch *b, const char *bridge)
{
	char table[NETWORK_NFT_TABLE_TEXT];

	network_nft_table_name(bridge, table);
	network_nft_add_table(b, table, true);
}

static int ignore_answer(const struct nlmsghdr *nlh, void *ctx)
{
	(void)nlh;
	(void)ctx;
	return MNL_CB_OK;
}

int network_nft_has_table(int fd, const char *bridge, bool *ret_has, struct error **err)
{
	char buffer[256], table[NETWORK_NFT_TABLE_TEXT];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));

	network_nft_table_name(bridge, table);
	nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE;
	info->nfgen_family = NFPROTO_IPV4;
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, table);
	int r = network_netlink_query(fd, nlh, ignore_answer, NULL, err);

	if (r < 0 && r != -ERR_NOT_FOUND)
		return r;
	error_free(STEAL_PTR(err));
	*ret_has = r == 0;
	return 0;
}
