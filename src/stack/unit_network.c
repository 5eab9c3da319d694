/* SPDX-License-Identifier: Apache-2.0 */
/* A container's networks: ports reserved on the host, interfaces, names. */
#include <stdio.h>

#include "state.h"
#include "supervisor.h"

enum { INTERFACE_NAME_SIZE = 16, ATTACHMENTS_MAX = 100 };

/* The message of a port that another supervisor of this engine holds names its container. */
static int name_publisher(struct unit *u, const struct network_port *port, struct error **err)
{
	CLEANUP_FREE char *publisher =
		error_code(*err) == ERR_BUSY
			? network_port_publisher(u->supervisor->engine->networks_fd, port)
			: NULL;

	if (!publisher)
		return -(int)error_code(*err);
	error_free(STEAL_PTR(err));
	(void)error_new(err, ERR_BUSY, "host port %s:%u is already published by %s",
			port->host_ip ? port->host_ip : "0.0.0.0", port->host_port, publisher);
	return error_hint(err, "stop that container, or publish on another host port");
}

static int reserve(struct unit *u, const struct stack_port *p, struct error **err)
{
	struct unit_network *n = &u->network;
	struct network_port *port = &n->ports[n->port_count];
	int fds[2] = { -1, -1 };

	*port = (struct network_port){ .host_ip = p->host_ip,
				       .host_port = (uint16_t)p->host_port,
				       .container_port = (uint16_t)p->container_port,
				       .udp = p->udp };
	int r = network_reserve_port(port, fds, err);

	if (r < 0)
		return name_publisher(u, port, err);
	n->port_count++;
	for (size_t i = 0; i < 2; i++) {
		if (fds[i] >= 0)
			n->port_fds[n->port_fd_count++] = fds[i];
	}
	return 0;
}

int unit_network_reserve(struct unit *u, struct error **err)
{
	const struct stack_service *s = &u->info->service;
	struct unit_network *n = &u->network;
	int r = 0;

	if (s->port_count == 0 || !s->attachment_count || s->network_mode)
		return 0;
	n->ports = x_alloc(s->port_count * sizeof(*n->ports));
	n->port_fds = x_alloc(2 * s->port_count * sizeof(*n->port_fds));
	n->proxies = x_alloc(2 * s->port_count * sizeof(*n->proxies));
	for (size_t i = 0; r == 0 && i < s->port_count; i++)
		r = reserve(u, &s->ports[i], err);
	return r;
}

/* How the network is, or shall be when it has to be made. */
static int find_network(struct unit *u, const char *name, struct network_spec *ret,
			struct error **err)
{
	const struct stack_network *known = supervisor_find_network(u->supervisor, name);
	struct network_info info;

	*ret = (struct network_spec){ .name = name };
	if (known && !known->external) {
		ret->subnet = known->subnet;
		ret->gateway = known->gateway;
		ret->internal = known->internal;
		ret->persistent = true;
		return 0;
	}
	if (strcmp(name, "bridge") == 0)
		return 0;
	int r = network_find(u->supervisor->engine->networks_fd, name, &info, err);

	if (r == -ERR_NOT_FOUND)
		return error_hint(err, "it is made by 'compose up' of the project that has it");
	ret->internal = r == 0 && info.internal;
	ret->persistent = r == 0 && info.persistent;
	return r;
}

static void add_address(struct container_state *s, const char *network,
			const struct network_endpoint *e)
{
	s->addresses = x_realloc(s->addresses, s->address_count + 1, sizeof(*s->addresses));
	s->addresses[s->address_count++] = (struct container_address){
		.network = x_strdup(network),
		.ipv4 = x_strdup(e->ipv4),
		.gateway = x_strdup(e->gateway),
		.mac = x_strdup(e->mac),
		.prefix_length = e->prefix_length,
	};
}

static void add_ports(struct container_state *s, const struct unit_network *n)
{
	s->ports = x_realloc(s->ports, n->port_count, sizeof(*s->ports));
	for (size_t i = 0; i < n->port_count; i++)
		s->ports[s->port_count++] = (struct stack_port){
			.host_ip = n->ports[i].host_ip ? x_strdup(n->ports[i].host_ip) : NULL,
			.host_port = n->ports[i].host_port,
			.container_port = n->ports[i].container_port,
			.udp = n->ports[i].udp,
		};
}

/* The first network that leads out gets the default route and the ports. */
static int attach(struct unit *u, size_t index, const struct container_running *running,
		  int netns_fd, bool *has_way_out, struct error **err)
{
	const struct stack_attachment *a = &u->info->service.attachments[index];
	struct unit_network *n = &u->network;
	char interface[INTERFACE_NAME_SIZE];
	struct network_endpoint endpoint;
	struct network_spec network;
	int r = find_network(u, a->network, &network, err);

	if (r < 0)
		return r;
	bool is_way_out = !network.internal && !*has_way_out;
	struct network_attach_spec spec = {
		.network = &network,
		.container = u->info->id,
		.pid = running->pid,
		.pid_start_time = running->start_time,
		.netns_fd = netns_fd,
		.interface = interface,
		.ipv4 = a->ipv4,
		.default_route = is_way_out,
		.ports = is_way_out ? n->ports : NULL,
		.port_count = is_way_out ? n->port_count : 0,
	};

	(void)snprintf(interface, sizeof(interface), "eth%u", (unsigned)index % ATTACHMENTS_MAX);
	r = network_attach(u->supervisor->engine->networks_fd, &spec, &endpoint, err);
	if (r < 0)
		return r;
	add_address(&u->info->state, a->network, &endpoint);
	if (is_way_out && n->port_count)
		add_ports(&u->info->state, n);
	*has_way_out |= is_way_out;
	return 0;
}

/* Docker's rule: the default network has no names, only what the host resolves. */
static bool has_names(const struct unit *u)
{
	const struct stack_service *s = &u->info->service;

	for (size_t i = 0; i < s->attachment_count; i++) {
		if (strcmp(s->attachments[i].network, "bridge") != 0)
			return true;
	}
	return false;
}

/* A resolver on the host's loopback cannot be reached from inside: then ours is needed. */
static bool has_loopback_resolver(const struct supervisor *s)
{
	str rest = strbuf_str(&s->resolv_conf), line;

	while (str_cut(&rest, '\n', &line)) {
		line = str_trim(line);
		if (!str_has_prefix(line, "nameserver"))
			continue;
		line = str_trim(str_skip(line, strlen("nameserver")));
		if (str_has_prefix(line, "127.") || str_is(line, "::1"))
			return true;
	}
	return false;
}

static bool needs_responder(const struct unit *u)
{
	return u->info->service.attachment_count && !u->info->service.network_mode &&
	       (has_names(u) || has_loopback_resolver(u->supervisor));
}

static void format_servers(const struct stack_service *s, struct strbuf *out)
{
	for (size_t i = 0; i < s->dns.count; i++)
		strbuf_addf(out, "nameserver %s\n", s->dns.items[i]);
}

void unit_network_resolv_conf(const struct unit *u, struct strbuf *out)
{
	if (needs_responder(u))
		dns_resolv_conf(strbuf_str(&u->supervisor->resolv_conf), out);
	else if (u->info->service.dns.count)
		format_servers(&u->info->service, out);
	else
		strbuf_add_str(out, strbuf_str(&u->supervisor->resolv_conf));
}

static int open_responder(struct unit *u, int netns_fd, struct error **err)
{
	struct supervisor *s = u->supervisor;
	struct dns_zone zone = unit_dns_zone(u);
	struct dns_forwarder *forwarder;

	if (u->info->service.dns.count) {
		struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);

		format_servers(&u->info->service, &text);
		u->network.own_forwarder = dns_forwarder_new(s->loop, strbuf_str(&text));
	} else if (!s->forwarder) {
		s->forwarder = dns_forwarder_new(s->loop, strbuf_str(&s->resolv_conf));
	}
	forwarder = u->network.own_forwarder ? u->network.own_forwarder : s->forwarder;
	return dns_responder_open(s->loop, forwarder, netns_fd, &zone, &u->network.responder, err);
}

/* What arrives over IPv6 at a published port is carried over by us; IPv4 goes through the kernel.
 */
static void open_proxies(struct unit *u)
{
	const struct container_state *s = &u->info->state;
	struct unit_network *n = &u->network;

	for (size_t i = 0; s->address_count && i < n->port_fd_count; i++)
		n->proxies[i] = proxy_open(u->supervisor->loop, n->port_fds[i], s);
}

int unit_network_connect(struct unit *u, const struct container_running *running, int netns_fd,
			 struct error **err)
{
	const struct stack_service *s = &u->info->service;
	const struct container_state *state = &u->info->state;
	bool has_way_out = false;
	int r = 0;

	if (!u->runtime->has_own_network)
		return runtime_add_hosts(u->runtime, s, NULL, NULL, err);
	if (s->attachment_count > ATTACHMENTS_MAX)
		r = error_new(err, ERR_LIMIT, "more than %d networks", ATTACHMENTS_MAX);
	for (size_t i = 0; r == 0 && i < s->attachment_count; i++)
		r = attach(u, i, running, netns_fd, &has_way_out, err);
	if (r == 0 && u->network.port_count && !has_way_out)
		r = error_new(err, ERR_USAGE,
			      "its networks are all internal: no port can be published");
	if (r == 0)
		r = runtime_add_hosts(u->runtime, s, state->addresses[0].ipv4,
				      state->addresses[0].gateway, err);
	if (r == 0 && needs_responder(u))
		r = open_responder(u, netns_fd, err);
	if (r == 0)
		open_proxies(u);
	return r;
}

void unit_network_release(struct unit *u)
{
	CLEANUP(error) struct error *ignored = NULL; /* it is swept by whoever comes next */
	struct unit_network *n = &u->network;

	if (n->responder)
		dns_responder_close(n->responder);
	if (n->own_forwarder)
		dns_forwarder_free(n->own_forwarder);
	for (size_t i = 0; i < n->port_fd_count; i++) {
		proxy_close(n->proxies[i]);
		close_fd(n->port_fds[i]);
	}
	free(n->ports);
	free(n->port_fds);
	free(n->proxies);
	*n = (struct unit_network){ 0 };
	if (u->info->state.address_count)
		(void)network_detach(u->supervisor->engine->networks_fd, NULL, u->info->id,
				     &ignored);
}
