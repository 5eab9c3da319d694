/* SPDX-License-Identifier: Apache-2.0 */
/* Giving leases up: those of a container that leaves, and those of processes that are gone. */
#include "link.h"
#include "session.h"

static bool is_to_drop(const struct network_lease *lease, const char *container)
{
	return container ? strcmp(lease->container, container) == 0 :
			   !network_owner_is_alive(lease->owner);
}

int network_discard(struct network_session *s, const struct network_state *state,
		    struct error **err)
{
	int r = network_uninstall(s, state, err);

	/* Without the file nobody would know what to remove: it goes last. */
	return r < 0 ? r : network_state_delete(s->networks_fd, state->name, err);
}

/* A namespace that lives on may be attached again at once: its interface must be gone by then. */
static void await_if_alive(struct network_session *s, const struct network_lease *lease)
{
	if (network_owner_is_alive(lease->owner))
		s->awaited_index = network_link_index(s->rtnl_fd, lease->interface);
}

/* Out of the kernel: firewall at once, the interface pair down at once and removed soon */
static int withdraw(struct network_session *s, struct network_state *state,
		    const struct network_lease *lease, struct error **err)
{
	struct network_batch b CLEANUP_BATCH;
	int r = network_publish(s, state, lease, true, err);

	if (r < 0)
		return r;
	network_batch_init(&b);
	network_link_add_down(&b, lease->interface);
	network_link_add_removal(&s->removals, lease->interface);
	await_if_alive(s, lease);
	return network_batch_send(&b, s->rtnl_fd, err);
}

static bool is_abandoned(const struct network_state *state, bool dropped)
{
	return !state->persistent && state->lease_count == 0 &&
	       (dropped || !network_owner_is_alive(state->owner));
}

static void free_leases(struct network_lease *leases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		network_lease_fini(&leases[i]);
}

int network_drop_leases(struct network_session *s, struct network_state *state,
			const char *container, bool *ret_is_gone, struct error **err)
{
	CLEANUP_FREE struct network_lease *dropped =
		x_alloc(state->lease_count * sizeof(*dropped));
	size_t count = 0;
	int r = 0;

	for (size_t i = 0; i < state->lease_count;) {
		if (is_to_drop(&state->leases[i], container))
			network_lease_take(state, i, &dropped[count++]);
		else
			i++;
	}
	*ret_is_gone = is_abandoned(state, count > 0);
	if (*ret_is_gone && container && network_keep(s, state))
		*ret_is_gone = false;
	if (*ret_is_gone) {
		for (size_t i = 0; i < count; i++)
			await_if_alive(s, &dropped[i]);
		r = network_discard(s, state, err);
	} else {
		for (size_t i = 0; r == 0 && i < count; i++)
			r = withdraw(s, state, &dropped[i], err);
		/* After the kernel: if that failed, the leases are still in the file. */
		if (r == 0 && count)
			r = network_state_save(s->networks_fd, state, err);
	}
	free_leases(dropped, count);
	return r;
}

int network_load_swept(struct network_session *s, const char *name,
		       struct network_state **ret_state, struct error **err)
{
	CLEANUP(network_state) struct network_state *state = NULL;
	bool is_gone = false;
	int r = network_state_load(s->networks_fd, name, &state, err);

	if (r == 0)
		r = network_drop_leases(s, state, NULL, &is_gone, err);
	if (r < 0)
		return r;
	if (is_gone)
		return error_new(err, ERR_NOT_FOUND, "network '%s' does not exist", name);
	*ret_state = STEAL_PTR(&state);
	return 0;
}
