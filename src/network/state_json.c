/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State of a network to JSON and back.
 *
 * The directory is ours alone, still everything read is checked: the file may be from a newer
 * engine or edited by hand, and its strings become names of interfaces.
 */
#include <jansson.h>
#include <stdio.h>

#include "state.h"

enum { STATE_VERSION = 1 };

static json_t *address_json(uint32_t address)
{
	char text[NETWORK_ADDRESS_TEXT];

	network_address_format(address, text);
	return json_string(text);
}

static json_t *port_json(const struct network_lease_port *port)
{
	return json_pack("{s:o, s:i, s:i, s:s}", "host_ip", address_json(port->host_address),
			 "host_port", port->host_port, "container_port", port->container_port,
			 "protocol", port->udp ? "udp" : "tcp");
}

static json_t *lease_json(const struct network_lease *lease)
{
	json_t *ports = json_array();

	for (size_t i = 0; i < lease->port_count; i++)
		(void)json_array_append_new(ports, port_json(&lease->ports[i]));
	return json_pack("{s:s, s:i, s:I, s:o, s:s, s:o}", "container", lease->container, "pid",
			 (int)lease->owner.pid, "start_time", (json_int_t)lease->owner.start_time,
			 "ipv4", address_json(lease->ipv4), "interface", lease->interface, "ports",
			 ports);
}

char *network_state_format(const struct network_state *state)
{
	char subnet[NETWORK_SUBNET_TEXT];
	json_t *leases = json_array(), *recent = json_array();

	for (size_t i = 0; i < state->lease_count; i++)
		(void)json_array_append_new(leases, lease_json(&state->leases[i]));
	for (size_t i = 0; i < state->recent_count; i++)
		(void)json_array_append_new(
			recent, json_pack("{s:s, s:o}", "container", state->recent[i].container,
					  "ipv4", address_json(state->recent[i].ipv4)));
	network_subnet_format(state->subnet, subnet);
	json_t *root = json_pack(
		"{s:i, s:s, s:s, s:s, s:o, s:i, s:b, s:b, s:b, s:b, s:{s:i, s:I}, s:o, s:o}",
		"version",
		STATE_VERSION, "name", state->name, "bridge", state->bridge, "subnet", subnet,
		"gateway", address_json(state->gateway), "mtu", (int)state->mtu, "internal",
		state->internal, "persistent", state->persistent, "publishing", state->publishing,
		"kept", state->kept, "owner", "pid", (int)state->owner.pid, "start_time",
		(json_int_t)state->owner.start_time, "leases", leases, "recent", recent);
	char *text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;

	json_decref(root);
	if (!text)
		abort(); /* out of memory, or a name that is not UTF-8: both excluded before */
	return text;
}

static bool copy_text(const char *text, char *to, size_t size)
{
	return text[0] && (size_t)snprintf(to, size, "%s", text) < size;
}

static bool take_interface(const char *text, const char *prefix, char to[16])
{
	str digits = str_from(text);

	if (!str_has_prefix(digits, prefix))
		return false;
	digits = str_skip(digits, strlen(prefix));
	return digits.len == 8 && strspn(digits.ptr, "0123456789abcdef") == 8 &&
	       copy_text(text, to, 16);
}

static bool take_address(const char *text, uint32_t *ret_address)
{
	CLEANUP(error) struct error *ignored = NULL;

	return network_address_parse(text, ret_address, &ignored) == 0;
}

static bool take_port(json_t *json, struct network_lease_port *ret_port)
{
	const char *host_ip, *protocol;
	int host_port, container_port;

	if (json_unpack(json, "{s:s, s:i, s:i, s:s}", "host_ip", &host_ip, "host_port", &host_port,
			"container_port", &container_port, "protocol", &protocol) < 0 ||
	    host_port < 1 || host_port > UINT16_MAX || container_port < 1 ||
	    container_port > UINT16_MAX || !take_address(host_ip, &ret_port->host_address))
		return false;
	ret_port->host_port = (uint16_t)host_port;
	ret_port->container_port = (uint16_t)container_port;
	ret_port->udp = strcmp(protocol, "udp") == 0;
	return true;
}

static bool take_owner(int pid, json_int_t start_time, struct network_owner *ret_owner)
{
	*ret_owner = (struct network_owner){ pid, (uint64_t)start_time };
	return pid > 0 && start_time >= 0;
}

static bool take_lease(json_t *json, struct network_lease *lease)
{
	const char *container, *ipv4, *interface;
	json_t *ports;
	json_int_t start_time;
	int pid;

	if (json_unpack(json, "{s:s, s:i, s:I, s:s, s:s, s:o}", "container", &container, "pid",
			&pid, "start_time", &start_time, "ipv4", &ipv4, "interface", &interface,
			"ports", &ports) < 0 ||
	    !copy_text(container, lease->container, sizeof(lease->container)) ||
	    !take_owner(pid, start_time, &lease->owner) || !take_address(ipv4, &lease->ipv4) ||
	    !take_interface(interface, "fkv", lease->interface) || !json_is_array(ports) ||
	    json_array_size(ports) > NETWORK_PORTS_MAX)
		return false;
	lease->ports = x_alloc(json_array_size(ports) * sizeof(*lease->ports));
	for (size_t i = 0; i < json_array_size(ports); i++, lease->port_count++) {
		if (!take_port(json_array_get(ports, i), &lease->ports[i]))
			return false;
	}
	return true;
}

static bool take_lists(struct network_state *s, json_t *leases, json_t *recent)
{
	if (!json_is_array(leases) || json_array_size(leases) > NETWORK_LEASES_MAX ||
	    !json_is_array(recent) || json_array_size(recent) > NETWORK_RECENT_MAX)
		return false;
	s->leases = x_alloc(json_array_size(leases) * sizeof(*s->leases));
	for (size_t i = 0; i < json_array_size(leases); i++) {
		s->lease_count = i + 1; /* counted first: a half-read one has to be freed too */
		if (!take_lease(json_array_get(leases, i), &s->leases[i]))
			return false;
	}
	for (size_t i = 0; i < json_array_size(recent); i++, s->recent_count++) {
		const char *container, *ipv4;

		if (json_unpack(json_array_get(recent, i), "{s:s, s:s}", "container", &container,
				"ipv4", &ipv4) < 0 ||
		    !copy_text(container, s->recent[i].container,
			       sizeof(s->recent[i].container)) ||
		    !take_address(ipv4, &s->recent[i].ipv4))
			return false;
	}
	return true;
}

static bool take_state(json_t *root, struct network_state *s)
{
	CLEANUP(error) struct error *ignored = NULL;
	const char *name, *bridge, *subnet, *gateway;
	int version, mtu, internal, persistent, publishing, kept, pid;
	json_t *leases, *recent;
	json_int_t start_time;

	if (json_unpack(root,
			"{s:i, s:s, s:s, s:s, s:s, s:i, s:b, s:b, s:b, s:b, s:{s:i, s:I}, s:o, s:o}",
			"version", &version, "name", &name, "bridge", &bridge, "subnet", &subnet,
			"gateway", &gateway, "mtu", &mtu, "internal", &internal, "persistent",
			&persistent, "publishing", &publishing, "kept", &kept, "owner", "pid", &pid, "start_time",
			&start_time, "leases", &leases, "recent", &recent) < 0 ||
	    version != STATE_VERSION || mtu < 1 || mtu > UINT16_MAX ||
	    !copy_text(name, s->name, sizeof(s->name)) ||
	    !take_interface(bridge, "fk-", s->bridge) ||
	    network_subnet_parse(subnet, &s->subnet, &ignored) < 0 ||
	    !take_address(gateway, &s->gateway) || !take_owner(pid, start_time, &s->owner))
		return false;
	s->mtu = (unsigned)mtu;
	s->internal = internal;
	s->persistent = persistent;
	s->publishing = publishing;
	s->kept = kept;
	return take_lists(s, leases, recent);
}

int network_state_parse(str text, const char *name, struct network_state **ret_state,
			struct error **err)
{
	json_error_t problem;
	json_t *root = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, &problem);
	CLEANUP_FREE char *file = x_asprintf("%s.json", name);

	if (!root) {
		const struct error_position pos = { .file = file,
						    .line = (unsigned)problem.line,
						    .column = (unsigned)problem.column };

		return error_at(err, &pos, "state of network '%s': %s", name, problem.text);
	}
	CLEANUP(network_state) struct network_state *state = x_alloc(sizeof(*state));
	bool is_valid = take_state(root, state) && strcmp(state->name, name) == 0;

	json_decref(root);
	if (!is_valid) {
		const struct error_position pos = { .file = file };

		(void)error_at(err, &pos, "not the state of network '%s' as this version writes it",
			       name);
		return error_hint(err, "stop its containers, then remove the file");
	}
	*ret_state = STEAL_PTR(&state);
	return 0;
}
