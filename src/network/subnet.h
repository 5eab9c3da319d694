/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IPv4 subnets as values: text, overlap, and the choice of a free one. No system calls.
 *
 * Addresses are in host byte order here; they are turned at the kernel's border.
 */
#ifndef NETWORK_SUBNET_H
#define NETWORK_SUBNET_H

#include "base/error.h"

struct network_subnet {
	uint32_t address; /* without host bits */
	unsigned length;  /* prefix length, 0 to 32 */
};

enum { NETWORK_SUBNET_TEXT = 20 };

uint32_t network_subnet_mask(unsigned length);
bool network_subnet_is_overlapping(struct network_subnet a, struct network_subnet b);
bool network_subnet_has(struct network_subnet subnet, uint32_t address);

/** network_subnet_is_host() - An address in it that is neither the network's nor the broadcast's */
bool network_subnet_is_host(struct network_subnet subnet, uint32_t address);

/**
 * network_subnet_parse() - "172.20.3.0/24": prefix length 1 to 30, no bits behind it
 * Return: 0 or -ERR_USAGE
 */
int network_subnet_parse(const char *text, struct network_subnet *ret_subnet, struct error **err);

/** network_address_parse() - Dotted quad; 0 or -ERR_USAGE */
int network_address_parse(const char *text, uint32_t *ret_address, struct error **err);

void network_subnet_format(struct network_subnet subnet, char ret_text[NETWORK_SUBNET_TEXT]);
void network_address_format(uint32_t address, char ret_text[16]);

/**
 * network_subnet_choose() - First /24 of the pool that overlaps none of @used
 * The pool is 172.20.0.0 to 172.31.255.255, then 192.168.128.0 to 192.168.255.255.
 * @used: a default route (length 0) says nothing about addresses and is ignored
 * Return: false when all are taken
 */
bool network_subnet_choose(const struct network_subnet *used, size_t count,
			   struct network_subnet *ret_subnet);

#endif
