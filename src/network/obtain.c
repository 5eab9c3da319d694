/* SPDX-License-Identifier: Apache-2.0 */
/* The network that a specification asks for: found and compared, or planned and made. */
#include <stdio.h>

#include "base/fs.h"
#include "base/strv.h"
#include "link.h"
#include "session.h"

static int compare(const struct network_state *state, const struct network_spec *spec,
		   struct error **err)
{
	char subnet[NETWORK_SUBNET_TEXT], gateway[NETWORK_ADDRESS_TEXT];

	network_subnet_format(state->subnet, subnet);
	network_address_format(state->gateway, gateway);
	if (spec->subnet && strcmp(spec->subnet, subnet) != 0)
		return error_new(err, ERR_EXISTS, "network '%s' exists with subnet %s, not %s",
				 spec->name, subnet, spec->subnet);
	if (spec->gateway && strcmp(spec->gateway, gateway) != 0)
		return error_new(err, ERR_EXISTS, "network '%s' exists with gateway %s, not %s",
				 spec->name, gateway, spec->gateway);
	if (spec->internal != state->internal)
		return error_new(err, ERR_EXISTS, "network '%s' exists and is %sinternal",
				 spec->name, state->internal ? "" : "not ");
	return 0;
}

/* Subnets of all networks that have a state file, appended to what the host uses */
static int add_known_subnets(struct network_session *s, struct network_host *host,
			     struct error **err)
{
	struct strv names CLEANUP_STRV = STRV_INIT;
	int r = network_state_names(s->networks_fd, &names, err);

	for (size_t i = 0; r == 0 && i < names.count; i++) {
		CLEANUP(network_state) struct network_state *other = NULL;

		r = network_load_swept(s, names.items[i], &other, err);
		if (r == -ERR_NOT_FOUND) {
			error_free(STEAL_PTR(err));
			r = 0;
			continue;
		}
		if (r < 0)
			break;
		host->used = x_realloc(host->used, host->used_count + 1, sizeof(*host->used));
		host->used[host->used_count++] = other->subnet;
	}
	return r;
}

/* Only our own networks are in the way of a subnet that was asked for by name. */
static int check_overlap(struct network_session *s, struct network_state *state,
			 struct error **err)
{
	struct network_host known = { 0 };
	char wanted[NETWORK_SUBNET_TEXT], taken[NETWORK_SUBNET_TEXT];
	int r = add_known_subnets(s, &known, err);

	for (size_t i = 0; r == 0 && i < known.used_count; i++) {
		if (!network_subnet_is_overlapping(known.used[i], state->subnet))
			continue;
		network_subnet_format(state->subnet, wanted);
		network_subnet_format(known.used[i], taken);
		r = error_new(err, ERR_BUSY,
			      "subnet %s of network '%s' overlaps %s of another network", wanted,
			      state->name, taken);
	}
	network_host_fini(&known);
	return r;
}

static int plan_subnet(struct network_session *s, const struct network_spec *spec,
		       struct network_state *state, struct error **err)
{
	struct network_host host = { 0 };
	/* The networks of ours before the host: sweeping them may free some of it. */
	int r = spec->subnet ? network_subnet_parse(spec->subnet, &state->subnet, err) :
			       add_known_subnets(s, &host, err);

	if (r == 0 && spec->subnet)
		r = check_overlap(s, state, err);
	if (r == 0)
		r = network_host_load(s->rtnl_fd, &host, err);
	if (r == 0 && !spec->subnet &&
	    !network_subnet_choose(host.used, host.used_count, &state->subnet)) {
		(void)error_new(err, ERR_LIMIT, "no free subnet left for network '%s'", spec->name);
		r = error_hint(err, "remove networks that are not needed, or name a subnet");
	}
	state->mtu = host.mtu;
	network_host_fini(&host);
	return r;
}

static int plan_gateway(const struct network_spec *spec, struct network_state *state,
			struct error **err)
{
	int r = 0;

	state->gateway = state->subnet.address + 1;
	if (spec->gateway)
		r = network_address_parse(spec->gateway, &state->gateway, err);
	if (r == 0 && !network_subnet_is_host(state->subnet, state->gateway))
		r = error_new(err, ERR_USAGE, "gateway %s is not an address of subnet %s",
			      spec->gateway, spec->subnet ? spec->subnet : "of the network");
	return r;
}

static int plan(struct network_session *s, const struct network_spec *spec,
		struct network_state **ret_state, struct error **err)
{
	CLEANUP(network_state) struct network_state *state = x_alloc(sizeof(*state));
	int r = network_name_check(spec->name, err);
	char random[17];

	if (r < 0)
		return r;
	(void)snprintf(state->name, sizeof(state->name), "%s", spec->name);
	state->internal = spec->internal;
	state->persistent = spec->persistent;
	state->owner = (struct network_owner){ getpid(), process_start_time(getpid()) };
	r = plan_subnet(s, spec, state, err);
	if (r == 0)
		r = plan_gateway(spec, state, err);
	if (r < 0)
		return error_context(err, "network '%s'", spec->name);
	fs_random_name(random);
	/* The first digit has its top bit set in the interface group as well. */
	(void)snprintf(state->bridge, sizeof(state->bridge), "fk-%c%.7s", "89abcdef"[random[8] & 7],
		       random);
	*ret_state = STEAL_PTR(&state);
	return 0;
}

static int make(struct network_session *s, const struct network_spec *spec,
		struct network_state **ret_state, struct error **err)
{
	CLEANUP(network_state) struct network_state *state = NULL;
	CLEANUP(error) struct error *ignored = NULL;
	int r = plan(s, spec, &state, err);

	if (r == 0)
		r = network_state_save(s->networks_fd, state, err);
	if (r < 0)
		return r;
	r = network_install(s, state, err);
	if (r < 0) {
		(void)network_discard(s, state, &ignored); /* the first error is the news */
		return r;
	}
	*ret_state = STEAL_PTR(&state);
	return 0;
}

int network_obtain(struct network_session *s, const struct network_spec *spec,
		   struct network_state **ret_state, bool *ret_is_new, struct error **err)
{
	CLEANUP(network_state) struct network_state *state = NULL;
	int r = network_load_swept(s, spec->name, &state, err);

	*ret_is_new = r == -ERR_NOT_FOUND;
	if (r == -ERR_NOT_FOUND) {
		error_free(STEAL_PTR(err));
		return make(s, spec, ret_state, err);
	}
	if (r == 0)
		r = compare(state, spec, err);
	if (r == 0)
		r = network_install_check(s, state, err);
	if (r == 0 && spec->persistent && !state->persistent) {
		state->persistent = true;
		r = network_state_save(s->networks_fd, state, err);
	}
	if (r == 0)
		*ret_state = STEAL_PTR(&state);
	return r;
}
