/* SPDX-License-Identifier: Apache-2.0 */
/* Leases of a network: found, taken out, and the choice of an address. */
#include <poll.h>
#include <stdio.h>

#include "session.h"

bool network_owner_is_alive(struct network_owner owner)
{
	CLEANUP_FD int fd = owner.pid > 0 ? process_open(owner.pid, owner.start_time) : -1;
	struct pollfd ended = { .fd = fd, .events = POLLIN };

	/* One that has ended and waits to be reaped is there, but not alive. */
	return fd >= 0 && poll(&ended, 1, 0) == 0;
}

struct network_lease *network_lease_find(struct network_state *state, const char *container)
{
	for (size_t i = 0; i < state->lease_count; i++) {
		if (strcmp(state->leases[i].container, container) == 0)
			return &state->leases[i];
	}
	return NULL;
}

static void remember(struct network_state *state, const struct network_lease *lease)
{
	size_t n = 0;

	/* Out with what it overrides: an earlier address of this container, or of this address */
	for (size_t i = 0; i < state->recent_count; i++) {
		if (strcmp(state->recent[i].container, lease->container) != 0 &&
		    state->recent[i].ipv4 != lease->ipv4)
			state->recent[n++] = state->recent[i];
	}
	if (n == NETWORK_RECENT_MAX)
		memmove(state->recent, state->recent + 1, --n * sizeof(*state->recent));
	(void)snprintf(state->recent[n].container, sizeof(state->recent[n].container), "%s",
		       lease->container);
	state->recent[n].ipv4 = lease->ipv4;
	state->recent_count = n + 1;
}

void network_lease_take(struct network_state *state, size_t index, struct network_lease *ret_lease)
{
	*ret_lease = state->leases[index];
	remember(state, ret_lease);
	state->lease_count--;
	memmove(&state->leases[index], &state->leases[index + 1],
		(state->lease_count - index) * sizeof(*state->leases));
}

static const struct network_lease *holder_of(const struct network_state *state, uint32_t address)
{
	for (size_t i = 0; i < state->lease_count; i++) {
		if (state->leases[i].ipv4 == address)
			return &state->leases[i];
	}
	return NULL;
}

static bool is_free(const struct network_state *state, uint32_t address)
{
	return network_subnet_is_host(state->subnet, address) && address != state->gateway &&
	       !holder_of(state, address);
}

static int check_wanted(const struct network_state *state, uint32_t wanted, struct error **err)
{
	const struct network_lease *holder = holder_of(state, wanted);
	char text[NETWORK_ADDRESS_TEXT], subnet[NETWORK_SUBNET_TEXT];

	network_address_format(wanted, text);
	network_subnet_format(state->subnet, subnet);
	if (!network_subnet_is_host(state->subnet, wanted))
		return error_new(err, ERR_USAGE,
				 "address %s cannot be used in network '%s', which is %s", text,
				 state->name, subnet);
	if (wanted == state->gateway)
		return error_new(err, ERR_BUSY, "address %s is the gateway of network '%s'", text,
				 state->name);
	if (holder)
		return error_new(err, ERR_BUSY,
				 "address %s of network '%s' is in use by container %.12s", text,
				 state->name, holder->container);
	return 0;
}

int network_lease_choose_address(const struct network_state *state, const char *container,
				 uint32_t wanted, uint32_t *ret_address, struct error **err)
{
	uint32_t last = state->subnet.address | ~network_subnet_mask(state->subnet.length);
	char subnet[NETWORK_SUBNET_TEXT];

	if (wanted) {
		*ret_address = wanted;
		return check_wanted(state, wanted, err);
	}
	for (size_t i = 0; i < state->recent_count; i++) {
		if (strcmp(state->recent[i].container, container) == 0 &&
		    is_free(state, state->recent[i].ipv4)) {
			*ret_address = state->recent[i].ipv4;
			return 0;
		}
	}
	/* At most NETWORK_LEASES_MAX + 1 candidates can be taken. */
	for (uint32_t address = state->subnet.address + 1; address < last; address++) {
		if (is_free(state, address)) {
			*ret_address = address;
			return 0;
		}
	}
	network_subnet_format(state->subnet, subnet);
	return error_new(err, ERR_LIMIT, "network '%s' has no free address left in %s", state->name,
			 subnet);
}
