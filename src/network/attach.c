/* SPDX-License-Identifier: Apache-2.0 */
/* One end of a network in a network namespace: lease, interface pair, addresses, ports. */
#include <ctype.h>
#include <linux/netlink.h>
#include <stdio.h>

#include "base/fs.h"
#include "link.h"
#include "namespace.h"
#include "session.h"

static bool is_plain(const char *text, size_t max)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x80 || !(isalnum(c) || strchr("_.-", c)))
			return false;
	}
	return len > 0 && len <= max && text[0] != '.';
}

static int check_spec(const struct network_attach_spec *spec, struct error **err)
{
	if (!is_plain(spec->container, NETWORK_CONTAINER_MAX))
		return error_new(err, ERR_USAGE, "'%.64s' is not the id of a container",
				 spec->container);
	if (!is_plain(spec->interface, IFNAMSIZ - 1))
		return error_new(err, ERR_USAGE, "'%.64s' is not the name of an interface",
				 spec->interface);
	if (spec->port_count > NETWORK_PORTS_MAX)
		return error_new(err, ERR_LIMIT, "container %.12s publishes more than %d ports",
				 spec->container, NETWORK_PORTS_MAX);
	if (spec->network->internal && spec->port_count)
		return error_new(err, ERR_USAGE,
				 "network '%s' is internal: container %.12s cannot publish ports",
				 spec->network->name, spec->container);
	return 0;
}

/* The lease as it will be, in *@lease; nothing is changed yet */
static int plan_lease(struct network_session *s, struct network_state *state,
		      const struct network_attach_spec *spec, struct network_lease *lease,
		      struct error **err)
{
	uint32_t wanted = 0;
	char random[17];
	int r = spec->ipv4 ? network_address_parse(spec->ipv4, &wanted, err) : 0;

	if (r < 0)
		return r;
	if (network_lease_find(state, spec->container))
		return error_new(err, ERR_EXISTS, "container %.12s is in network '%s' already",
				 spec->container, state->name);
	if (state->lease_count == NETWORK_LEASES_MAX)
		return error_new(err, ERR_LIMIT, "network '%s' has %d containers already",
				 state->name, NETWORK_LEASES_MAX);
	r = network_lease_choose_address(state, spec->container, wanted, &lease->ipv4, err);
	if (r < 0)
		return r;
	(void)snprintf(lease->container, sizeof(lease->container), "%s", spec->container);
	lease->owner = (struct network_owner){ spec->pid, spec->pid_start_time };
	fs_random_name(random);
	(void)snprintf(lease->interface, sizeof(lease->interface), "fkv%.8s", random);
	return network_claim_ports(s->networks_fd, spec->ports, spec->port_count, lease, err);
}

static struct network_lease *add_lease(struct network_state *state, struct network_lease *lease)
{
	state->leases =
		x_realloc(state->leases, state->lease_count + 1, sizeof(*state->leases));
	struct network_lease *added = &state->leases[state->lease_count++];

	*added = *lease;
	*lease = (struct network_lease){ 0 };
	return added;
}

/* The host's side: make the pair, no IPv6, into the bridge, up */
static int make_pair(struct network_session *s, const struct network_state *state,
		     const struct network_lease *lease, const struct network_attach_spec *spec,
		     struct error **err)
{
	struct network_batch b CLEANUP_BATCH;

	network_batch_init(&b);
	network_link_add_veth(&b, &(struct network_veth){
					  .host_name = lease->interface,
					  .peer_name = spec->interface,
					  .group = network_state_group(state),
					  .peer_ipv4 = lease->ipv4,
					  .mtu = state->mtu,
					  .peer_netns_fd = spec->netns_fd,
				  });
	int r = network_batch_send(&b, s->rtnl_fd, err);

	if (r == 0)
		r = network_sysctl_no_ipv6(lease->interface, err);
	if (r < 0)
		return r;
	network_link_add_port(&b, network_link_index(s->rtnl_fd, lease->interface),
			      network_link_index(s->rtnl_fd, state->bridge));
	return network_batch_send(&b, s->rtnl_fd, err);
}

/* A netlink socket in the namespace; @interface there (NULL: none) loses its IPv6 on the way */
static int open_inside(int home_fd, int netns_fd, const char *interface, struct error **err)
{
	int r = network_namespace_enter(netns_fd, err);

	if (r < 0)
		return r;
	if (interface)
		r = network_sysctl_no_ipv6(interface, err);
	int fd = r < 0 ? r : network_netlink_open(NETLINK_ROUTE, err);

	network_namespace_leave(home_fd);
	return fd;
}

/* The container's side: loopback up, address, interface up, route */
static int configure_inside(struct network_session *s, const struct network_state *state,
			    const struct network_lease *lease,
			    const struct network_attach_spec *spec, struct error **err)
{
	struct network_batch b CLEANUP_BATCH;
	CLEANUP_FD int fd = open_inside(s->home_fd, spec->netns_fd, spec->interface, err);

	network_batch_init(&b);
	if (fd < 0)
		return fd;
	unsigned index = network_link_index(fd, spec->interface);

	network_link_add_up(&b, network_link_index(fd, "lo"));
	network_link_add_address(&b, index, lease->ipv4, state->subnet.length);
	network_link_add_up(&b, index);
	if (spec->default_route && !state->internal)
		network_link_add_default_route(&b, index, state->gateway);
	return network_batch_send(&b, fd, err);
}

static int connect_lease(struct network_session *s, struct network_state *state,
			 const struct network_lease *lease, const struct network_attach_spec *spec,
			 struct error **err)
{
	int r = make_pair(s, state, lease, spec, err);

	if (r == 0)
		r = configure_inside(s, state, lease, spec, err);
	if (r == 0)
		r = network_publish(s, state, lease, false, err);
	return r;
}

/* All or nothing: back to what was there before, as well as it goes */
static void undo(struct network_session *s, struct network_state *state,
		 const char *container, bool is_new)
{
	CLEANUP(error) struct error *ignored = NULL;
	bool is_gone = false;

	if (container)
		(void)network_drop_leases(s, state, container, &is_gone, &ignored);
	error_free(STEAL_PTR(&ignored));
	if (is_new && !is_gone)
		(void)network_discard(s, state, &ignored);
}

static void describe(const struct network_state *state, const struct network_lease *lease,
		     struct network_endpoint *ret_endpoint)
{
	struct network_endpoint endpoint = { .prefix_length = state->subnet.length };

	network_address_format(lease->ipv4, endpoint.ipv4);
	if (!state->internal)
		network_address_format(state->gateway, endpoint.gateway);
	network_mac_format(network_mac_from_address(lease->ipv4), endpoint.mac);
	(void)snprintf(endpoint.host_interface, sizeof(endpoint.host_interface), "%s",
		       lease->interface);
	*ret_endpoint = endpoint;
}

static int attach(struct network_session *s, struct network_state *state, bool is_new,
		  const struct network_attach_spec *spec, struct network_endpoint *ret_endpoint,
		  struct error **err)
{
	struct network_lease planned = { 0 }, *lease = NULL;
	bool was_publishing = state->publishing;
	int r = plan_lease(s, state, spec, &planned, err);

	if (r == 0) {
		lease = add_lease(state, &planned);
		r = network_state_save(s->networks_fd, state, err);
	}
	if (r == 0)
		r = connect_lease(s, state, lease, spec, err);
	if (r == 0 && state->publishing != was_publishing)
		r = network_state_save(s->networks_fd, state, err);
	if (r == 0)
		describe(state, lease, ret_endpoint);
	else
		undo(s, state, lease ? spec->container : NULL, is_new);
	network_lease_fini(&planned);
	return r;
}

int network_attach(int networks_fd, const struct network_attach_spec *spec,
		   struct network_endpoint *ret_endpoint, struct error **err)
{
	struct network_session s CLEANUP_SESSION = NETWORK_SESSION_NONE;
	CLEANUP(network_state) struct network_state *state = NULL;
	bool is_new = false;
	int r = check_spec(spec, err);

	if (r == 0)
		r = network_session_begin(networks_fd, &s, err);
	if (r == 0)
		r = network_obtain(&s, spec->network, &state, &is_new, err);
	if (r < 0)
		return r;
	r = attach(&s, state, is_new, spec, ret_endpoint, err);
	return r < 0 ? error_context(err, "connect container %.12s to network '%s'",
				     spec->container, spec->network->name) :
		       0;
}

int network_loopback_up(int netns_fd, struct error **err)
{
	struct network_batch b CLEANUP_BATCH;
	CLEANUP_FD int home_fd = network_namespace_open(err);
	CLEANUP_FD int fd = home_fd < 0 ? home_fd : open_inside(home_fd, netns_fd, NULL, err);

	network_batch_init(&b);
	if (fd < 0)
		return fd;
	network_link_add_up(&b, network_link_index(fd, "lo"));
	return network_batch_send(&b, fd, err);
}
