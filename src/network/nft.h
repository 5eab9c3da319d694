/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nftables over nfnetlink: messages and expressions (nft_message.c), and the table of one network
 * made of them (nft_rules.c).
 *
 * A batch is atomic: all of it is in force or none.
 */
#ifndef NETWORK_NFT_H
#define NETWORK_NFT_H

#include "netlink.h"
#include "subnet.h"

enum { NETWORK_NFT_TABLE_TEXT = 32 };

/** struct network_nft_mapping - One published port: an element of a map */
struct network_nft_mapping {
	uint8_t protocol;	/* IPPROTO_TCP or IPPROTO_UDP */
	uint32_t host_address;	/* 0: all addresses of the host */
	uint16_t host_port;
	uint32_t address;	/* the container's */
	uint16_t port;
};

/** struct network_nft_spec - What the table of a network depends on */
struct network_nft_spec {
	const char *bridge;
	struct network_subnet subnet;
	bool internal;
};

/* The two parts of a table; the second can come later. */
enum {
	NETWORK_NFT_BASE = 1,
	NETWORK_NFT_PUBLISHING = 2, /* maps of published ports and the rules around them */
};

/* ---- messages ---- */

void network_nft_begin(struct network_batch *b);
void network_nft_end(struct network_batch *b);

void network_nft_add_table(struct network_batch *b, const char *table, bool is_removal);

/** struct network_nft_chain - A base chain; @type is "nat" or "filter", @hook one of NF_INET_* */
struct network_nft_chain {
	const char *name, *type;
	uint32_t hook;
	int32_t priority;
};

void network_nft_add_chain(struct network_batch *b, const char *table,
			   const struct network_nft_chain *chain);

/** struct network_nft_map - Types as nft(8) numbers them, so that it can print what we made */
struct network_nft_map {
	const char *name;
	uint32_t id;
	uint32_t key_type, key_size;
	uint32_t value_type, value_size;
};

void network_nft_add_map(struct network_batch *b, const char *table,
			 const struct network_nft_map *map);

/** struct network_nft_element - Key and value as the kernel keeps them: fields of 4 bytes each */
struct network_nft_element {
	uint8_t key[12], value[8];
};

/** network_nft_add_elements() - @is_removal: take them out instead; values do not matter then */
void network_nft_add_elements(struct network_batch *b, const char *table,
			      const struct network_nft_map *map,
			      const struct network_nft_element *elements, size_t count,
			      bool is_removal);

/** struct network_nft_rule - A rule under construction between begin and end */
struct network_nft_rule {
	struct nlmsghdr *nlh;
	struct nlattr *expressions;
};

void network_nft_rule_begin(struct network_batch *b, const char *table, const char *chain,
			    struct network_nft_rule *ret_rule);
void network_nft_rule_end(struct network_nft_rule *rule);

/* Expressions; registers are those of 4 bytes, NFT_REG32_00 + n, written n. */
void network_nft_meta(struct network_nft_rule *rule, uint32_t key, unsigned reg);
void network_nft_payload(struct network_nft_rule *rule, uint32_t base, uint32_t offset,
			 uint32_t size, unsigned reg);
void network_nft_ct(struct network_nft_rule *rule, uint32_t key, unsigned reg);
void network_nft_fib_daddr_type(struct network_nft_rule *rule, unsigned reg);
void network_nft_mask(struct network_nft_rule *rule, unsigned reg, uint32_t mask);
void network_nft_compare(struct network_nft_rule *rule, uint32_t op, unsigned reg,
			 const void *data, size_t size);
void network_nft_lookup(struct network_nft_rule *rule, const struct network_nft_map *map,
			unsigned reg);
void network_nft_dnat(struct network_nft_rule *rule, unsigned address_reg, unsigned port_reg);
void network_nft_masquerade(struct network_nft_rule *rule);
void network_nft_verdict(struct network_nft_rule *rule, uint32_t verdict);

/* ---- the table of a network ---- */

/** network_nft_table_name() - "firkin-" and the bridge's name */
void network_nft_table_name(const char *bridge, char ret_text[NETWORK_NFT_TABLE_TEXT]);

/** network_nft_add_parts() - Make the table, or its second part, or both at once */
void network_nft_add_parts(struct network_batch *b, const struct network_nft_spec *spec,
			   unsigned parts);

/** network_nft_add_table_removal() - The whole table; it has to be there */
void network_nft_add_table_removal(struct network_batch *b, const char *bridge);

/** network_nft_add_mappings() - Publish more ports, or (@is_removal) fewer */
void network_nft_add_mappings(struct network_batch *b, const char *bridge,
			      const struct network_nft_mapping *mappings, size_t count,
			      bool is_removal);

/** network_nft_has_table() - Is it still there? Others can flush the ruleset; @fd: nfnetlink */
int network_nft_has_table(int fd, const char *bridge, bool *ret_has, struct error **err);

#endif
