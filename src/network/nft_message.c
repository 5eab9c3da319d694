/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nftables messages and expressions, encoded as linux/netfilter/nf_tables.h describes them.
 *
 * Numbers are big-endian on this interface, except inside registers, where they are as the
 * expression that loads them leaves them: packet bytes in network order, metadata in the host's.
 */
#include "nft.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

/* Elements per message: the list must stay below the 65535 bytes that an attribute can hold. */
enum { ELEMENTS_PER_MESSAGE = 256 };

static struct nlmsghdr *add(struct network_batch *b, uint16_t type, uint16_t flags,
			    const char *what)
{
	struct nlmsghdr *nlh = network_batch_add(b, type, flags, what);
	struct nfgenmsg *info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));

	info->nfgen_family = NFPROTO_IPV4;
	info->version = NFNETLINK_V0;
	return nlh;
}

static struct nlmsghdr *add_nft(struct network_batch *b, unsigned type, uint16_t flags,
				const char *what)
{
	return add(b, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, what);
}

static void put_u32(struct nlmsghdr *nlh, uint16_t type, uint32_t value)
{
	mnl_attr_put_u32(nlh, type, htonl(value));
}

static void add_bracket(struct network_batch *b, uint16_t type)
{
	struct nlmsghdr *nlh = add(b, type, 0, "change the firewall");
	struct nfgenmsg *info = mnl_nlmsg_get_payload(nlh);

	info->nfgen_family = AF_UNSPEC;
	info->res_id = htons(NFNL_SUBSYS_NFTABLES);
}

void network_nft_begin(struct network_batch *b)
{
	add_bracket(b, NFNL_MSG_BATCH_BEGIN);
}

void network_nft_end(struct network_batch *b)
{
	add_bracket(b, NFNL_MSG_BATCH_END);
}

void network_nft_add_table(struct network_batch *b, const char *table, bool is_removal)
{
	struct nlmsghdr *nlh =
		is_removal ? add_nft(b, NFT_MSG_DELTABLE, 0, "remove the firewall table") :
			     add_nft(b, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL,
				     "make the firewall table");

	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, table);
}

void network_nft_add_chain(struct network_batch *b, const char *table,
			   const struct network_nft_chain *chain)
{
	struct nlmsghdr *nlh =
		add_nft(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE, "make a firewall chain");

	mnl_attr_put_strz(nlh, NFTA_CHAIN_TABLE, table);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, chain->name);
	struct nlattr *hook = mnl_attr_nest_start(nlh, NFTA_CHAIN_HOOK);

	put_u32(nlh, NFTA_HOOK_HOOKNUM, chain->hook);
	put_u32(nlh, NFTA_HOOK_PRIORITY, (uint32_t)chain->priority);
	mnl_attr_nest_end(nlh, hook);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_TYPE, chain->type);
}

void network_nft_add_map(struct network_batch *b, const char *table,
			 const struct network_nft_map *map)
{
	struct nlmsghdr *nlh = add_nft(b, NFT_MSG_NEWSET, NLM_F_CREATE, "make a map of ports");

	mnl_attr_put_strz(nlh, NFTA_SET_TABLE, table);
	mnl_attr_put_strz(nlh, NFTA_SET_NAME, map->name);
	put_u32(nlh, NFTA_SET_FLAGS, NFT_SET_MAP);
	put_u32(nlh, NFTA_SET_KEY_TYPE, map->key_type);
	put_u32(nlh, NFTA_SET_KEY_LEN, map->key_size);
	put_u32(nlh, NFTA_SET_DATA_TYPE, map->value_type);
	put_u32(nlh, NFTA_SET_DATA_LEN, map->value_size);
	put_u32(nlh, NFTA_SET_ID, map->id);
}

static void put_data(struct nlmsghdr *nlh, uint16_t type, const void *data, size_t size)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, type);

	mnl_attr_put(nlh, NFTA_DATA_VALUE, size, data);
	mnl_attr_nest_end(nlh, nest);
}

static void add_some_elements(struct network_batch *b, const char *table,
			      const struct network_nft_map *map,
			      const struct network_nft_element *elements, size_t count,
			      bool is_removal)
{
	/* Exclusive: an element that is there already belongs to somebody else. */
	struct nlmsghdr *nlh =
		is_removal ? add_nft(b, NFT_MSG_DELSETELEM, 0, "unpublish the ports") :
			     add_nft(b, NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL,
				     "publish the ports");

	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, table);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, map->name);
	put_u32(nlh, NFTA_SET_ELEM_LIST_SET_ID, map->id);
	struct nlattr *list = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);

	for (size_t i = 0; i < count; i++) {
		struct nlattr *element = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);

		put_data(nlh, NFTA_SET_ELEM_KEY, elements[i].key, map->key_size);
		if (!is_removal)
			put_data(nlh, NFTA_SET_ELEM_DATA, elements[i].value, map->value_size);
		mnl_attr_nest_end(nlh, element);
	}
	mnl_attr_nest_end(nlh, list);
}

void network_nft_add_elements(struct network_batch *b, const char *table,
			      const struct network_nft_map *map,
			      const struct network_nft_element *elements, size_t count,
			      bool is_removal)
{
	for (size_t i = 0; i < count; i += ELEMENTS_PER_MESSAGE) {
		size_t n = count - i < ELEMENTS_PER_MESSAGE ? count - i : ELEMENTS_PER_MESSAGE;

		add_some_elements(b, table, map, elements + i, n, is_removal);
	}
}

void network_nft_rule_begin(struct network_batch *b, const char *table, const char *chain,
			    struct network_nft_rule *ret_rule)
{
	struct nlmsghdr *nlh = add_nft(b, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND,
				       "make a firewall rule");

	mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, table);
	mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN, chain);
	ret_rule->nlh = nlh;
	ret_rule->expressions = mnl_attr_nest_start(nlh, NFTA_RULE_EXPRESSIONS);
}

void network_nft_rule_end(struct network_nft_rule *rule)
{
	mnl_attr_nest_end(rule->nlh, rule->expressions);
}

/* The two nests around every expression's own attributes */
struct frame {
	struct nlattr *element, *data;
};

static struct frame begin(struct network_nft_rule *rule, const char *name)
{
	struct nlattr *element = mnl_attr_nest_start(rule->nlh, NFTA_LIST_ELEM);

	mnl_attr_put_strz(rule->nlh, NFTA_EXPR_NAME, name);
	return (struct frame){ element, mnl_attr_nest_start(rule->nlh, NFTA_EXPR_DATA) };
}

static void end(struct network_nft_rule *rule, struct frame frame)
{
	mnl_attr_nest_end(rule->nlh, frame.data);
	mnl_attr_nest_end(rule->nlh, frame.element);
}

static void put_reg(struct network_nft_rule *rule, uint16_t type, unsigned reg)
{
	put_u32(rule->nlh, type, NFT_REG32_00 + reg);
}

void network_nft_meta(struct network_nft_rule *rule, uint32_t key, unsigned reg)
{
	struct frame frame = begin(rule, "meta");

	put_u32(rule->nlh, NFTA_META_KEY, key);
	put_reg(rule, NFTA_META_DREG, reg);
	end(rule, frame);
}

void network_nft_payload(struct network_nft_rule *rule, uint32_t base, uint32_t offset,
			 uint32_t size, unsigned reg)
{
	struct frame frame = begin(rule, "payload");

	put_reg(rule, NFTA_PAYLOAD_DREG, reg);
	put_u32(rule->nlh, NFTA_PAYLOAD_BASE, base);
	put_u32(rule->nlh, NFTA_PAYLOAD_OFFSET, offset);
	put_u32(rule->nlh, NFTA_PAYLOAD_LEN, size);
	end(rule, frame);
}

void network_nft_ct(struct network_nft_rule *rule, uint32_t key, unsigned reg)
{
	struct frame frame = begin(rule, "ct");

	put_u32(rule->nlh, NFTA_CT_KEY, key);
	put_reg(rule, NFTA_CT_DREG, reg);
	end(rule, frame);
}

void network_nft_fib_daddr_type(struct network_nft_rule *rule, unsigned reg)
{
	struct frame frame = begin(rule, "fib");

	put_reg(rule, NFTA_FIB_DREG, reg);
	put_u32(rule->nlh, NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	put_u32(rule->nlh, NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR);
	end(rule, frame);
}

void network_nft_mask(struct network_nft_rule *rule, unsigned reg, uint32_t mask)
{
	const uint32_t none = 0;
	struct frame frame = begin(rule, "bitwise");

	put_reg(rule, NFTA_BITWISE_SREG, reg);
	put_reg(rule, NFTA_BITWISE_DREG, reg);
	put_u32(rule->nlh, NFTA_BITWISE_LEN, sizeof(mask));
	put_data(rule->nlh, NFTA_BITWISE_MASK, &mask, sizeof(mask));
	put_data(rule->nlh, NFTA_BITWISE_XOR, &none, sizeof(none));
	end(rule, frame);
}

void network_nft_compare(struct network_nft_rule *rule, uint32_t op, unsigned reg,
			 const void *data, size_t size)
{
	struct frame frame = begin(rule, "cmp");

	put_reg(rule, NFTA_CMP_SREG, reg);
	put_u32(rule->nlh, NFTA_CMP_OP, op);
	put_data(rule->nlh, NFTA_CMP_DATA, data, size);
	end(rule, frame);
}

void network_nft_lookup(struct network_nft_rule *rule, const struct network_nft_map *map,
			unsigned reg)
{
	struct frame frame = begin(rule, "lookup");

	mnl_attr_put_strz(rule->nlh, NFTA_LOOKUP_SET, map->name);
	put_u32(rule->nlh, NFTA_LOOKUP_SET_ID, map->id);
	put_reg(rule, NFTA_LOOKUP_SREG, reg);
	put_reg(rule, NFTA_LOOKUP_DREG, reg);
	end(rule, frame);
}

void network_nft_dnat(struct network_nft_rule *rule, unsigned address_reg, unsigned port_reg)
{
	struct frame frame = begin(rule, "nat");

	put_u32(rule->nlh, NFTA_NAT_TYPE, NFT_NAT_DNAT);
	put_u32(rule->nlh, NFTA_NAT_FAMILY, NFPROTO_IPV4);
	put_reg(rule, NFTA_NAT_REG_ADDR_MIN, address_reg);
	put_reg(rule, NFTA_NAT_REG_PROTO_MIN, port_reg);
	end(rule, frame);
}

void network_nft_masquerade(struct network_nft_rule *rule)
{
	struct frame frame = begin(rule, "masq");

	end(rule, frame);
}

void network_nft_verdict(struct network_nft_rule *rule, uint32_t verdict)
{
	struct frame frame = begin(rule, "immediate");

	put_u32(rule->nlh, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	struct nlattr *data = mnl_attr_nest_start(rule->nlh, NFTA_IMMEDIATE_DATA);
	struct nlattr *nest = mnl_attr_nest_start(rule->nlh, NFTA_DATA_VERDICT);

	put_u32(rule->nlh, NFTA_VERDICT_CODE, verdict);
	mnl_attr_nest_end(rule->nlh, nest);
	mnl_attr_nest_end(rule->nlh, data);
	end(rule, frame);
}
