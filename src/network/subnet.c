/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 subnets as values. */
#include "subnet.h"

#include <arpa/inet.h>
#include <stdio.h>

enum { POOL_LENGTH = 24, POOL_STEP = 1 << (32 - POOL_LENGTH) };

static const struct {
	uint32_t first;
	unsigned count;
} pool[] = {
	{ 0xac140000, 12 * 256 }, /* 172.20.0.0 */
	{ 0xc0a88000, 128 },	  /* 192.168.128.0 */
};

enum { POOL_COUNT = 12 * 256 + 128 };

uint32_t network_subnet_mask(unsigned length)
{
	return length == 0 ? 0 : UINT32_MAX << (32 - length);
}

bool network_subnet_has(struct network_subnet subnet, uint32_t address)
{
	return ((address ^ subnet.address) & network_subnet_mask(subnet.length)) == 0;
}

bool network_subnet_is_overlapping(struct network_subnet a, struct network_subnet b)
{
	return a.length < b.length ? network_subnet_has(a, b.address) :
				     network_subnet_has(b, a.address);
}

bool network_subnet_is_host(struct network_subnet subnet, uint32_t address)
{
	uint32_t host_bits = ~network_subnet_mask(subnet.length);

	return network_subnet_has(subnet, address) && (address & host_bits) != 0 &&
	       (address & host_bits) != host_bits;
}

int network_address_parse(const char *text, uint32_t *ret_address, struct error **err)
{
	struct in_addr addr;

	if (inet_pton(AF_INET, text, &addr) != 1)
		return error_new(err, ERR_USAGE, "'%s' is not an IPv4 address", text);
	*ret_address = ntohl(addr.s_addr);
	return 0;
}

int network_subnet_parse(const char *text, struct network_subnet *ret_subnet, struct error **err)
{
	str address, length;
	uint64_t bits;
	struct network_subnet subnet;

	if (!str_split_once(str_from(text), '/', &address, &length) ||
	    !str_to_u64(length, 30, &bits) || bits == 0)
		return error_new(err, ERR_USAGE,
				 "'%s' is not a subnet such as 172.20.3.0/24 (length 1 to 30)",
				 text);
	CLEANUP_FREE char *quad = str_dup(address);
	int r = network_address_parse(quad, &subnet.address, err);

	if (r < 0)
		return error_context(err, "subnet '%s'", text);
	subnet.length = (unsigned)bits;
	if (subnet.address & ~network_subnet_mask(subnet.length))
		return error_new(err, ERR_USAGE, "subnet '%s' has bits set behind its prefix",
				 text);
	*ret_subnet = subnet;
	return 0;
}

void network_address_format(uint32_t address, char ret_text[16])
{
	/* The masks say what is true of a byte, so that the compiler sees that 16 bytes suffice. */
	(void)snprintf(ret_text, 16, "%u.%u.%u.%u", address >> 24 & 255, address >> 16 & 255,
		       address >> 8 & 255, address & 255);
}

void network_subnet_format(struct network_subnet subnet, char ret_text[NETWORK_SUBNET_TEXT])
{
	char address[16];

	network_address_format(subnet.address, address);
	(void)snprintf(ret_text, NETWORK_SUBNET_TEXT, "%s/%u", address, subnet.length % 100);
}

/* Mark the candidates of one range that overlap @used. */
static void mark_taken(bool *taken, uint32_t first, unsigned count, struct network_subnet used)
{
	uint32_t start = used.address & network_subnet_mask(used.length);
	uint32_t end = start | ~network_subnet_mask(used.length);
	uint32_t last = first + count * POOL_STEP - 1;

	if (end < first || start > last)
		return;
	start = start < first ? first : start;
	end = end > last ? last : end;
	for (uint32_t i = (start - first) / POOL_STEP; i <= (end - first) / POOL_STEP; i++)
		taken[i] = true;
}

bool network_subnet_choose(const struct network_subnet *used, size_t count,
			   struct network_subnet *ret_subnet)
{
	bool taken[POOL_COUNT] = { false };
	size_t offset = 0;

	for (size_t range = 0; range < ARRAY_SIZE(pool); offset += pool[range++].count) {
		for (size_t i = 0; i < count; i++) {
			if (used[i].length > 0)
				mark_taken(taken + offset, pool[range].first, pool[range].count,
					   used[i]);
		}
		for (unsigned i = 0; i < pool[range].count; i++) {
			if (taken[offset + i])
				continue;
			ret_subnet->address = pool[range].first + i * POOL_STEP;
			ret_subnet->length = POOL_LENGTH;
			return true;
		}
	}
	return false;
}
