/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that a container can look up: services, containers, aliases and short ids of those that
 * share a network with it. Never those of other networks.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <strings.h>

#include "supervisor.h"

enum { SHORT_ID = 12 };

static bool is_same(const char *known, const char *name, size_t len)
{
	return known && strlen(known) == len && strncasecmp(known, name, len) == 0;
}

static bool is_called(const struct container_info *c, const struct stack_attachment *a,
		      const char *name, size_t len)
{
	const struct stack_service *s = &c->service;

	if (is_same(s->service, name, len) || is_same(s->container_name, name, len) ||
	    is_same(s->hostname, name, len) ||
	    (len == SHORT_ID && strncasecmp(c->id, name, len) == 0))
		return true;
	for (size_t i = 0; i < a->aliases.count; i++) {
		if (is_same(a->aliases.items[i], name, len))
			return true;
	}
	return false;
}

/* "name" and "name.network" both lead to the containers called so on that network. */
static bool is_meant(const struct container_info *c, const struct stack_attachment *a,
		     const char *name)
{
	size_t len = strlen(name), network_len = strlen(a->network);

	if (is_called(c, a, name, len))
		return true;
	return len > network_len + 1 && name[len - network_len - 1] == '.' &&
	       strcasecmp(name + len - network_len, a->network) == 0 &&
	       is_called(c, a, name, len - network_len - 1);
}

static const char *address_on(const struct container_info *c, const char *network)
{
	const struct container_state *s = &c->state;

	for (size_t i = 0; i < s->address_count; i++) {
		if (strcmp(s->addresses[i].network, network) == 0)
			return s->addresses[i].ipv4;
	}
	return NULL;
}

static bool is_member(const struct unit *u, const char *network)
{
	const struct stack_service *s = &u->info->service;

	for (size_t i = 0; i < s->attachment_count; i++) {
		if (strcmp(s->attachments[i].network, network) == 0)
			return true;
	}
	return false;
}

/* The answers of one network for @name, added to @ret; false: nobody is called so. */
static bool look_on(const struct unit *client, const struct container_info *other, const char *name,
		    struct in_addr *ret, size_t max, size_t *count)
{
	const struct stack_service *s = &other->service;
	bool known = false;

	for (size_t i = 0; i < s->attachment_count; i++) {
		const struct stack_attachment *a = &s->attachments[i];
		const char *address = address_on(other, a->network);

		if (!is_member(client, a->network) || !is_meant(other, a, name))
			continue;
		known = true;
		if (address && *count < max && inet_pton(AF_INET, address, &ret[*count]) == 1)
			++*count;
	}
	return known;
}

/*
 * Containers of other supervisors on the same network ("run --network shop_default"): read from the
 * store, and only for single words, so that names of the outside cost nothing.
 */
static bool look_in_store(const struct unit *u, const char *name, struct in_addr *ret, size_t max,
			  size_t *count)
{
	CLEANUP(error) struct error *ignored = NULL; /* then only our own containers are known */
	struct container_info **list = NULL;
	size_t list_count = 0;
	bool known = false;

	if (strchr(name, '.') ||
	    stack_list(u->supervisor->engine, NULL, &list, &list_count, &ignored) < 0)
		return false;
	for (size_t i = 0; i < list_count; i++) {
		if (list[i]->state.status == CONTAINER_RUNNING)
			known |= look_on(u, list[i], name, ret, max, count);
	}
	stack_list_free(list, list_count);
	return known;
}

static int lookup(void *ctx, const char *name, struct in_addr *ret, size_t max)
{
	const struct unit *u = ctx;
	const struct supervisor *s = u->supervisor;
	bool known = false;
	size_t count = 0;

	for (size_t i = 0; i < s->unit_count; i++)
		known |= look_on(u, s->units[i]->info, name, ret, max, &count);
	if (!known)
		known = look_in_store(u, name, ret, max, &count);
	return known ? (int)count : -1;
}

static bool reverse(void *ctx, struct in_addr addr, char *ret_name, size_t size)
{
	const struct unit *u = ctx;
	const struct supervisor *s = u->supervisor;
	char text[INET_ADDRSTRLEN];

	if (!inet_ntop(AF_INET, &addr, text, sizeof(text)))
		return false;
	for (size_t i = 0; i < s->unit_count; i++) {
		const struct container_state *state = &s->units[i]->info->state;

		for (size_t k = 0; k < state->address_count; k++) {
			const struct container_address *a = &state->addresses[k];

			if (strcmp(a->ipv4, text) != 0 || !is_member(u, a->network))
				continue;
			(void)snprintf(ret_name, size, "%s.%s", unit_name(s->units[i]), a->network);
			return true;
		}
	}
	return false;
}

/* A container on internal networks only must not reach out by way of names (CVE-2024-29018). */
static bool may_forward(const struct unit *u)
{
	const struct container_state *s = &u->info->state;

	for (size_t i = 0; i < s->address_count; i++) {
		if (s->addresses[i].gateway && s->addresses[i].gateway[0])
			return true;
	}
	return false;
}

struct dns_zone unit_dns_zone(struct unit *u)
{
	return (struct dns_zone){
		.lookup = lookup, .reverse = reverse, .ctx = u, .forward = may_forward(u)
	};
}
