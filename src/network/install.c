/* SPDX-License-Identifier: Apache-2.0 */
/* Bridge and firewall table of a network: made, repaired, removed. */
#include <netinet/in.h>
#include <stdio.h>

#include "link.h"
#include "namespace.h"
#include "session.h"

static void add_lease_mappings(struct network_batch *b, const struct network_state *state,
			       const struct network_lease *lease, bool is_removal)
{
	CLEANUP_FREE struct network_nft_mapping *mappings =
		x_alloc(lease->port_count * sizeof(*mappings));

	for (size_t i = 0; i < lease->port_count; i++) {
		const struct network_lease_port *port = &lease->ports[i];

		mappings[i] = (struct network_nft_mapping){
			.protocol = port->udp ? IPPROTO_UDP : IPPROTO_TCP,
			.host_address = port->host_address,
			.host_port = port->host_port,
			.address = lease->ipv4,
			.port = port->container_port,
		};
	}
	network_nft_add_mappings(b, state->bridge, mappings, lease->port_count, is_removal);
}

/* The whole table in one atomic batch, in the place of one that is there */
static int install_table(struct network_session *s, struct network_state *state,
			 struct error **err)
{
	struct network_batch b CLEANUP_BATCH;
	const struct network_nft_spec spec = { state->bridge, state->subnet, state->internal };
	bool is_there = false;
	int r = network_nft_has_table(s->nft_fd, state->bridge, &is_there, err);

	network_batch_init(&b);
	if (r < 0)
		return r;
	for (size_t i = 0; i < state->lease_count; i++)
		state->publishing = state->publishing || state->leases[i].port_count;
	s->nft_has_garbage = s->nft_has_garbage || is_there;
	network_nft_begin(&b);
	if (is_there)
		network_nft_add_table_removal(&b, state->bridge);
	network_nft_add_parts(&b, &spec,
			      NETWORK_NFT_BASE | (state->publishing ? NETWORK_NFT_PUBLISHING : 0));
	for (size_t i = 0; i < state->lease_count; i++)
		add_lease_mappings(&b, state, &state->leases[i], false);
	network_nft_end(&b);
	return network_batch_send(&b, s->nft_fd, err);
}

static int set_bridge_options(const struct network_state *state, struct error **err)
{
	char path[64];
	int r = network_sysctl_no_ipv6(state->bridge, err);

	if (r < 0 || !state->publishing)
		return r;
	/* Lets connections to 127.0.0.1 leave through the bridge; see nft_rules.c for the guard. */
	(void)snprintf(path, sizeof(path), "ipv4/conf/%s/route_localnet", state->bridge);
	return network_sysctl_set(path, "1", err);
}

static int make_bridge(struct network_session *s, const struct network_state *state,
		       struct error **err)
{
	struct network_batch b CLEANUP_BATCH;

	network_batch_init(&b);
	network_link_add_bridge(&b, &(struct network_bridge){ state->bridge,
							      network_state_group(state),
							      state->gateway, state->mtu });
	return network_batch_send(&b, s->rtnl_fd, err);
}

static int configure_bridge(struct network_session *s, const struct network_state *state,
			    struct error **err)
{
	struct network_batch b CLEANUP_BATCH;
	unsigned index = network_link_index(s->rtnl_fd, state->bridge);

	network_batch_init(&b);
	network_link_add_address(&b, index, state->gateway, state->subnet.length);
	network_link_add_up(&b, index);
	/* After a repair the interfaces of running containers are there and have no master. */
	for (size_t i = 0; i < state->lease_count; i++) {
		unsigned port = network_link_index(s->rtnl_fd, state->leases[i].interface);

		if (port)
			network_link_add_port(&b, port, index);
	}
	return network_batch_send(&b, s->rtnl_fd, err);
}

int network_install(struct network_session *s, struct network_state *state,
		    struct error **err)
{
	bool had_bridge = network_link_index(s->rtnl_fd, state->bridge) != 0;
	/* The firewall first: no packet may pass an interface that is not guarded yet. */
	int r = install_table(s, state, err);

	if (r == 0 && !had_bridge)
		r = make_bridge(s, state, err);
	if (r == 0)
		r = set_bridge_options(state, err);
	if (r == 0 && !had_bridge)
		r = configure_bridge(s, state, err);
	if (r == 0 && !state->internal)
		r = network_sysctl_enable_forwarding(err);
	return r < 0 ? error_context(err, "network '%s'", state->name) : 0;
}

int network_install_check(struct network_session *s, struct network_state *state,
			  struct error **err)
{
	bool has_table = false;
	int r = network_nft_has_table(s->nft_fd, state->bridge, &has_table, err);

	if (r < 0)
		return r;
	if (has_table && network_link_index(s->rtnl_fd, state->bridge) != 0)
		return 0;
	return network_install(s, state, err);
}

static int remove_table(struct network_session *s, const struct network_state *state,
			struct error **err)
{
	struct network_batch b CLEANUP_BATCH;
	bool is_there = false;
	int r = network_nft_has_table(s->nft_fd, state->bridge, &is_there, err);

	network_batch_init(&b);
	if (r < 0 || !is_there)
		return r;
	s->nft_has_garbage = true;
	network_nft_begin(&b);
	network_nft_add_table_removal(&b, state->bridge);
	network_nft_end(&b);
	return network_batch_send(&b, s->nft_fd, err);
}

int network_uninstall(struct network_session *s, const struct network_state *state,
		      struct error **err)
{
	struct network_batch b CLEANUP_BATCH;
	unsigned index = network_link_index(s->rtnl_fd, state->bridge);
	int r = 0;

	network_batch_init(&b);
	if (index) {
		/* At once, so that the subnet is free for the next network when we return. */
		network_link_add_address_removal(&b, index, state->gateway, state->subnet.length);
		r = network_batch_send(&b, s->rtnl_fd, err);
	}
	if (r == 0 && index)
		network_link_add_group_removal(&s->removals, network_state_group(state));
	/* Last, for the same reason as it is made first. */
	if (r == 0)
		r = remove_table(s, state, err);
	return r < 0 ? error_context(err, "remove network '%s'", state->name) : 0;
}

/* In the table that should be there; its second part is made with the first port. */
static int change_mappings(struct network_session *s, const struct network_state *state,
			   const struct network_lease *lease, bool is_removal, struct error **err)
{
	struct network_batch b CLEANUP_BATCH;
	const struct network_nft_spec spec = { state->bridge, state->subnet, state->internal };

	s->nft_has_garbage = s->nft_has_garbage || is_removal;
	network_batch_init(&b);
	network_nft_begin(&b);
	if (!state->publishing)
		network_nft_add_parts(&b, &spec, NETWORK_NFT_PUBLISHING);
	add_lease_mappings(&b, state, lease, is_removal);
	network_nft_end(&b);
	return network_batch_send(&b, s->nft_fd, err);
}

int network_publish(struct network_session *s, struct network_state *state,
		    const struct network_lease *lease, bool is_removal, struct error **err)
{
	CLEANUP(error) struct error *ignored = NULL;
	bool was_publishing = state->publishing;
	int r = 0;

	if (lease->port_count == 0)
		return 0;
	/* What the state says and the kernel has can differ (flushed ruleset): then all anew. */
	if (change_mappings(s, state, lease, is_removal, &ignored) < 0)
		r = install_table(s, state, err);
	if (r == 0 && !was_publishing && !is_removal) {
		state->publishing = true;
		r = set_bridge_options(state, err);
	}
	return r < 0 ? error_context(err, "network '%s'", state->name) : 0;
}
