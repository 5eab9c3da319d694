/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Published ports: "[IP:][HOST:]CONTAINER[/PROTOCOL]" or the long form.
 *
 * Ranges on both sides must be equally long and become one entry per port; a range on the host's
 * side only means "any free port of these".
 */
#include "decode.h"
#include "scalar.h"

enum { PORT_MAX = 65535, PORTS_MAX = 4096 };

struct range {
	unsigned first, last;
};

static const char syntax_hint[] = "write [IP:][HOST:]CONTAINER[/tcp|/udp], as "
				  "\"127.0.0.1:8080:80\"";

static int fail_port(struct decoder *d, const struct yaml_node *node, const char *why)
{
	(void)compose_error(node->place, d->err, "'%s' is not a port: %s",
			    yaml_is_scalar(node) ? node->text.ptr : yaml_kind_name(node->kind),
			    why);
	return error_hint(d->err, "%s", syntax_hint);
}

static bool parse_range(str text, struct range *ret)
{
	str first = text, last = text;
	uint64_t from = 0, to = 0;

	(void)str_split_once(text, '-', &first, &last); /* without '-' both are the text */
	if (!str_to_u64(first, PORT_MAX, &from) || !str_to_u64(last, PORT_MAX, &to) || from > to)
		return false;
	*ret = (struct range){ (unsigned)from, (unsigned)to };
	return true;
}

static bool is_protocol(str text)
{
	return str_is(text, "tcp") || str_is(text, "udp");
}

static bool is_same(const struct compose_port *a, const struct compose_port *b)
{
	return a->published_first == b->published_first && a->published_last == b->published_last &&
	       a->target == b->target && strcmp(a->protocol, b->protocol) == 0 &&
	       strcmp(a->host_ip ? a->host_ip : "", b->host_ip ? b->host_ip : "") == 0;
}

static int add_port(struct decoder *d, struct compose_service *s, const struct yaml_node *node,
		    const struct compose_port *port)
{
	for (size_t i = 0; i < s->port_count; i++) {
		if (is_same(&s->ports[i], port))
			return 0;
	}
	if (s->port_count == PORTS_MAX)
		return compose_limit(node->place, d->err, "too many ports", PORTS_MAX);
	s->ports = arena_grow(d->arena, s->ports, s->port_count, sizeof(*s->ports));
	s->ports[s->port_count++] = *port;
	return 0;
}

/* One entry per container port; @host.last == 0: nothing said about the host's side. */
static int add_ports(struct decoder *d, struct compose_service *s, const struct yaml_node *node,
		     struct compose_port port, struct range host, struct range container)
{
	unsigned wanted = container.last - container.first, given = host.last - host.first;
	int r = 0;

	if (container.first == 0)
		return fail_port(d, node, "the container's port is from 1 to 65535");
	if (host.last && wanted > 0 && wanted != given)
		return fail_port(d, node, "both ranges must be equally long");
	for (unsigned i = 0; r == 0 && i <= wanted; i++) {
		port.target = container.first + i;
		port.published_first = host.last ? host.first + i : 0;
		port.published_last = wanted ? port.published_first : host.last;
		r = add_port(d, s, node, &port);
	}
	return r;
}

/* Takes "IP:" off the front; IPv6 stands in brackets, or bare when two colons follow it. */
static bool take_address(struct decoder *d, str *text, const char **ret_ip)
{
	ptrdiff_t last = str_find_last(*text, ':');
	str host = last < 0 ? (str){ NULL, 0 } : str_head(*text, (size_t)last);
	ptrdiff_t before = str_find_last(host, ':');

	if (before < 0)
		return true;
	str ip = str_head(host, (size_t)before);

	if (ip.len > 2 && ip.ptr[0] == '[' && ip.ptr[ip.len - 1] == ']')
		ip = str_make(ip.ptr + 1, ip.len - 2);
	if (!compose_is_address(ip))
		return false;
	*ret_ip = arena_strdup(d->arena, ip);
	*text = str_skip(*text, (size_t)before + 1);
	return true;
}

static int decode_short(struct decoder *d, const struct yaml_node *node, struct compose_service *s)
{
	struct compose_port port = { .protocol = "tcp",
				     .mode = "ingress",
				     .place = compose_place(node->place) };
	struct range host = { 0, 0 }, container = { 0, 0 };
	str text = node->text, protocol = { NULL, 0 }, left = { NULL, 0 };

	if (str_split_once(text, '/', &text, &protocol)) {
		if (!is_protocol(protocol))
			return fail_port(d, node, "the protocol is tcp or udp");
		port.protocol = str_is(protocol, "udp") ? "udp" : "tcp";
	}
	if (!take_address(d, &text, &port.host_ip))
		return fail_port(d, node, "the part before the ports is no IP address");
	if (str_split_once(text, ':', &left, &text)) {
		if (left.len == 0 && !port.host_ip)
			return fail_port(d, node, "the host's port is missing");
		if (left.len && !parse_range(left, &host))
			return fail_port(d, node, "the host's port is not a number or range");
	}
	if (!parse_range(text, &container))
		return fail_port(d, node, "the container's port is not a number or range");
	return add_ports(d, s, node, port, host, container);
}

/* The long form while it is read. */
struct long_port {
	struct compose_port port;
	struct range published;
	int64_t target;
};

#define LONG(member) offsetof(struct long_port, member)

static int decode_target(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	return compose_decode_integer(d, pair, 1, PORT_MAX, to);
}

static int decode_published(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	const struct yaml_node *value = pair->value;

	if (yaml_is_scalar(value) && (value->text.len == 0 || parse_range(value->text, to)))
		return 0;
	return compose_error(value->place, d->err, "must be a port or a range");
}

static int decode_protocol(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	if (!is_protocol(pair->value->text))
		return compose_error(pair->value->place, d->err, "must be tcp or udp");
	*(const char **)to = pair->value->text.ptr;
	return 0;
}

static int decode_mode(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	if (!str_is(pair->value->text, "host") && !str_is(pair->value->text, "ingress"))
		return compose_error(pair->value->place, d->err, "must be host or ingress");
	*(const char **)to = pair->value->text.ptr;
	return 0;
}

static const struct compose_key port_keys[] = {
	{ "app_protocol", compose_decode_string, LONG(port.app_protocol), false },
	{ "host_ip", compose_decode_address, LONG(port.host_ip), false },
	{ "mode", decode_mode, LONG(port.mode), false },
	{ "name", compose_decode_string, LONG(port.name), false },
	{ "protocol", decode_protocol, LONG(port.protocol), false },
	{ "published", decode_published, LONG(published), false },
	{ "target", decode_target, LONG(target), false },
};
static const struct compose_keys port_table = COMPOSE_KEYS("a port", port_keys);

static int decode_long(struct decoder *d, const struct yaml_node *node, struct compose_service *s)
{
	struct yaml_node *value = compose_clone(d->arena, node);
	const struct yaml_pair pair = { STR("ports"), node->place, value };
	struct long_port p = { .port = { .protocol = "tcp",
					 .mode = "ingress",
					 .place = compose_place(node->place) } };
	int r = compose_decode_mapping(d, &pair, &port_table, &p);

	if (r < 0)
		return r;
	if (p.target == 0)
		return compose_error(node->place, d->err, "'target' is missing");
	return add_ports(d, s, node, p.port, p.published,
			 (struct range){ (unsigned)p.target, (unsigned)p.target });
}

int compose_decode_ports(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	const struct yaml_node *value = pair->value;
	int r = 0;

	if (value->kind != YAML_SEQUENCE)
		return compose_error(value->place, d->err, "must be a list, not %s",
				     yaml_kind_name(value->kind));
	for (size_t i = 0; r == 0 && i < value->count; i++) {
		const struct yaml_node *item = value->items[i];

		if (item->kind == YAML_MAPPING)
			r = decode_long(d, item, to);
		else if (item->kind == YAML_STRING || item->kind == YAML_INT)
			r = decode_short(d, item, to);
		else
			r = fail_port(d, item, "a number, a string or a mapping is expected");
	}
	return r;
}
