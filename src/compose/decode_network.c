/* SPDX-License-Identifier: Apache-2.0 */
/* Networks: the top-level ones, a service's place in them, its names. */
#include <arpa/inet.h>

#include "decode.h"

bool compose_is_address(str text)
{
	char copy[INET6_ADDRSTRLEN];
	unsigned char address[16];

	if (text.len == 0 || text.len >= sizeof(copy))
		return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	return inet_pton(AF_INET, copy, address) == 1 || inet_pton(AF_INET6, copy, address) == 1;
}

int compose_decode_address(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	const struct yaml_node *value = pair->value;

	if (!yaml_is_scalar(value) || !compose_is_address(value->text))
		return compose_error(value->place, d->err, "'%s' is not an IP address",
				     yaml_is_scalar(value) ? value->text.ptr
							   : yaml_kind_name(value->kind));
	*(const char **)to = value->text.ptr;
	return 0;
}

static int decode_subnet(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	const struct yaml_node *value = pair->value;
	str address = { NULL, 0 }, bits = { NULL, 0 };
	uint64_t number = 0;

	if (!yaml_is_scalar(value) || !str_split_once(value->text, '/', &address, &bits) ||
	    !compose_is_address(address) ||
	    !str_to_u64(bits, str_find(address, ':') < 0 ? 32 : 128, &number)) {
		(void)compose_error(value->place, d->err, "not a subnet");
		return error_hint(d->err, "write it as 10.5.0.0/24");
	}
	*(const char **)to = value->text.ptr;
	return 0;
}

#define ATTACHMENT(member) offsetof(struct compose_attachment, member)

static const struct compose_key attachment_keys[] = {
	{ "aliases", compose_decode_list, ATTACHMENT(aliases), false },
	{ "driver_opts", NULL, 0, false },
	{ "gw_priority", NULL, 0, false },
	{ "interface_name", NULL, 0, false },
	{ "ipv4_address", compose_decode_address, ATTACHMENT(ipv4_address), false },
	{ "ipv6_address", NULL, 0, false },
	{ "link_local_ips", NULL, 0, false },
	{ "mac_address", NULL, 0, false },
	{ "priority", NULL, 0, false },
};
static const struct compose_keys attachment_table =
	COMPOSE_KEYS("a service's network", attachment_keys);

static int add_attachment(struct decoder *d, struct compose_service *s,
			  const struct yaml_pair *pair)
{
	for (size_t i = 0; i < s->network_count; i++) {
		if (strcmp(s->networks[i].network, pair->key.ptr) == 0)
			return compose_error(pair->place, d->err, "'%s' is listed twice",
					     pair->key.ptr);
	}
	s->networks = arena_grow(d->arena, s->networks, s->network_count, sizeof(*s->networks));
	struct compose_attachment *to = &s->networks[s->network_count++];

	to->network = pair->key.ptr;
	to->place = compose_place(pair->place);
	if (!pair->value || pair->value->kind == YAML_NULL)
		return 0;
	if (compose_decode_mapping(d, pair, &attachment_table, to) < 0)
		return error_context(d->err, "%s", pair->key.ptr);
	return 0;
}

static int compare_attachments(const void *a, const void *b)
{
	const struct compose_attachment *left = a, *right = b;

	return strcmp(left->network, right->network);
}

int compose_decode_attachments(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	enum { ATTACHMENTS_MAX = 100 };
	const struct yaml_node *value = pair->value;
	struct compose_service *s = to;
	int r = 0;

	if (yaml_is_scalar(value))
		return compose_error(value->place, d->err,
				     "must be a list or mapping of networks, not %s",
				     yaml_kind_name(value->kind));
	if (value->count > ATTACHMENTS_MAX)
		return compose_limit(value->place, d->err, "too many networks", ATTACHMENTS_MAX);
	for (size_t i = 0; r == 0 && i < value->count; i++) {
		if (value->kind == YAML_MAPPING) {
			r = add_attachment(d, s, &value->pairs[i]);
		} else if (yaml_is_scalar(value->items[i])) {
			const struct yaml_node *item = value->items[i];
			const struct yaml_pair name = { item->text, item->place, NULL };

			r = add_attachment(d, s, &name);
		} else {
			r = compose_error(value->items[i]->place, d->err,
					  "items must be names of networks");
		}
	}
	if (s->network_count > 1)
		qsort(s->networks, s->network_count, sizeof(*s->networks), compare_attachments);
	return r;
}

static int add_host(struct decoder *d, const struct yaml_node *node, str host, str address,
		    struct compose_list *list)
{
	if (address.len > 2 && address.ptr[0] == '[' && address.ptr[address.len - 1] == ']')
		address = str_make(address.ptr + 1, address.len - 2);
	if (host.len == 0 || (!str_is(address, "host-gateway") && !compose_is_address(address))) {
		(void)compose_error(node->place, d->err, "'%s' is not a host and its address",
				    node->text.ptr ? node->text.ptr : "");
		return error_hint(d->err, "write HOST=ADDRESS or HOST=host-gateway");
	}
	compose_add_text(d->arena, list,
			 arena_printf(d->arena, "%.*s=%.*s", STR_ARG(host), STR_ARG(address)));
	return 0;
}

static int add_host_entry(struct decoder *d, const struct yaml_pair *pair,
			  struct compose_list *list)
{
	const struct yaml_node *value = pair->value;
	int r = 0;

	if (yaml_is_scalar(value))
		return add_host(d, value, pair->key, value->text, list);
	for (size_t i = 0; r == 0 && i < value->count; i++) {
		if (value->kind == YAML_MAPPING || !yaml_is_scalar(value->items[i]))
			return compose_error(value->place, d->err,
					     "%s: must be an address or a list of them",
					     pair->key.ptr);
		r = add_host(d, value->items[i], pair->key, value->items[i]->text, list);
	}
	return r;
}

int compose_decode_extra_hosts(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	const struct yaml_node *value = pair->value;
	int r = 0;

	if (yaml_is_scalar(value))
		return compose_error(value->place, d->err, "must be a list or a mapping");
	for (size_t i = 0; r == 0 && i < value->count; i++) {
		if (value->kind == YAML_MAPPING) {
			r = add_host_entry(d, &value->pairs[i], to);
			continue;
		}
		const struct yaml_node *item = value->items[i];
		str host = { NULL, 0 }, address = { NULL, 0 };

		if (!yaml_is_scalar(item) || (!str_split_once(item->text, '=', &host, &address) &&
					      !str_split_once(item->text, ':', &host, &address)))
			return compose_error(item->place, d->err, "items must be HOST=ADDRESS");
		r = add_host(d, item, host, address, to);
	}
	return r;
}

#define NETWORK(member) offsetof(struct compose_network, member)

static const struct compose_key subnet_keys[] = {
	{ "aux_addresses", NULL, 0, false },
	{ "gateway", compose_decode_address, NETWORK(gateway), false },
	{ "ip_range", NULL, 0, false },
	{ "subnet", decode_subnet, NETWORK(subnet), false },
};
static const struct compose_keys subnet_table = COMPOSE_KEYS("a subnet", subnet_keys);

static int decode_ipam_config(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	const struct yaml_node *value = pair->value;

	if (value->kind != YAML_SEQUENCE)
		return compose_error(value->place, d->err, "must be a list, not %s",
				     yaml_kind_name(value->kind));
	if (value->count > 1)
		return compose_refuse(value->items[1]->place, d->err,
				      "more than one subnet is not supported by this version");
	if (value->count == 0)
		return 0;
	const struct yaml_pair first = { pair->key, value->items[0]->place, value->items[0] };

	return compose_decode_mapping(d, &first, &subnet_table, to);
}

static int decode_ipam_driver(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	(void)to;
	if (str_is(pair->value->text, "default"))
		return 0;
	return compose_refuse(pair->value->place, d->err, "only 'default' is supported");
}

static const struct compose_key ipam_keys[] = {
	{ "config", decode_ipam_config, 0, false },
	{ "driver", decode_ipam_driver, 0, false },
	{ "options", NULL, 0, false },
};
static const struct compose_keys ipam_table = COMPOSE_KEYS("ipam", ipam_keys);

static int decode_ipam(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	return compose_decode_mapping(d, pair, &ipam_table, to);
}

static int decode_driver(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	(void)to;
	if (str_is(pair->value->text, "bridge") || str_is(pair->value->text, "default"))
		return 0;
	return compose_refuse(pair->value->place, d->err,
			      "only driver 'bridge' is supported by this version");
}

static int decode_enable(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	bool wanted = str_is(pair->key, "enable_ipv4"), enabled = false;
	int r = compose_decode_bool(d, pair, &enabled);

	(void)to;
	if (r == 0 && enabled != wanted)
		return compose_refuse(pair->place, d->err,
				      "networks with IPv6 or without IPv4 are not supported by "
				      "this version");
	return r;
}

static const struct compose_key network_keys[] = {
	{ "attachable", compose_decode_ignored, 0, false },
	{ "driver", decode_driver, 0, false },
	{ "driver_opts", NULL, 0, false },
	{ "enable_ipv4", decode_enable, 0, false },
	{ "enable_ipv6", decode_enable, 0, false },
	{ "external", compose_decode_external, NETWORK(external), false },
	{ "internal", compose_decode_bool, NETWORK(internal), false },
	{ "ipam", decode_ipam, 0, true },
	{ "labels", compose_decode_pairs, NETWORK(labels), false },
	{ "name", compose_decode_resource_name, NETWORK(name), false },
};
static const struct compose_keys network_table = COMPOSE_KEYS("a network", network_keys);

int compose_decode_network_top(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	struct compose_network *network = to;

	network->key = pair->key.ptr;
	network->place = compose_place(pair->place);
	return compose_decode_resource(d, pair, &network_table, network,
				       &(struct compose_resource){ "a network", &network->external,
								   &network->name });
}
