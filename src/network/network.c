/* SPDX-License-Identifier: Apache-2.0 */
/* Networks by name: found, listed, removed, left. */
#include "network/network.h"

#include "base/strv.h"
#include "session.h"

int network_create(int networks_fd, const struct network_spec *spec, struct network_info *ret_info,
		   struct error **err)
{
	struct network_session s CLEANUP_SESSION = NETWORK_SESSION_NONE;
	CLEANUP(network_state) struct network_state *state = NULL;
	bool is_new;
	int r = network_session_begin(networks_fd, &s, err);

	if (r == 0)
		r = network_obtain(&s, spec, &state, &is_new, err);
	if (r == 0 && ret_info)
		network_state_info(state, ret_info);
	return r;
}

int network_remove(int networks_fd, const char *name, struct error **err)
{
	struct network_session s CLEANUP_SESSION = NETWORK_SESSION_NONE;
	CLEANUP(network_state) struct network_state *state = NULL;
	int r = network_session_begin(networks_fd, &s, err);

	if (r < 0)
		return r;
	r = network_load_swept(&s, name, &state, err);
	if (r == -ERR_NOT_FOUND) {
		error_free(STEAL_PTR(err));
		return 0;
	}
	if (r < 0)
		return r;
	if (state->lease_count) {
		(void)error_new(err, ERR_BUSY, "network '%s' is in use by container %.12s%s", name,
				state->leases[0].container,
				state->lease_count > 1 ? " and others" : "");
		return error_hint(err, "remove or disconnect its containers first");
	}
	return network_discard(&s, state, err);
}

int network_find(int networks_fd, const char *name, struct network_info *ret_info,
		 struct error **err)
{
	struct network_session s CLEANUP_SESSION = NETWORK_SESSION_NONE;
	CLEANUP(network_state) struct network_state *state = NULL;
	int r = network_session_begin(networks_fd, &s, err);

	if (r == 0)
		r = network_load_swept(&s, name, &state, err);
	if (r == 0)
		network_state_info(state, ret_info);
	return r;
}

/* What each_name() calls; a network that vanishes while we look is no error. */
typedef int (*name_fn)(struct network_session *s, const char *name, void *ctx,
		       struct error **err);

static int each_name(struct network_session *s, name_fn fn, void *ctx, struct error **err)
{
	struct strv names CLEANUP_STRV = STRV_INIT;
	int r = network_state_names(s->networks_fd, &names, err);

	for (size_t i = 0; r == 0 && i < names.count; i++) {
		r = fn(s, names.items[i], ctx, err);
		if (r == -ERR_NOT_FOUND) {
			error_free(STEAL_PTR(err));
			r = 0;
		}
	}
	return r;
}

struct info_list {
	struct network_info *items;
	size_t count;
};

static int list_one(struct network_session *s, const char *name, void *ctx,
		    struct error **err)
{
	CLEANUP(network_state) struct network_state *state = NULL;
	struct info_list *list = ctx;
	int r = network_load_swept(s, name, &state, err);

	if (r < 0)
		return r;
	list->items = x_realloc(list->items, list->count + 1, sizeof(*list->items));
	network_state_info(state, &list->items[list->count++]);
	return 0;
}

static int collect(int networks_fd, struct info_list *list, struct error **err)
{
	struct network_session s CLEANUP_SESSION = NETWORK_SESSION_NONE;
	int r = network_session_begin(networks_fd, &s, err);

	return r < 0 ? r : each_name(&s, list_one, list, err);
}

int network_list(int networks_fd, int (*fn)(void *ctx, const struct network_info *info), void *ctx,
		 struct error **err)
{
	struct info_list list = { 0 };
	int r = collect(networks_fd, &list, err);

	/* Without the lock: @fn may call us again. */
	for (size_t i = 0; r == 0 && i < list.count; i++)
		r = fn(ctx, &list.items[i]);
	free(list.items);
	return r;
}

static int detach_one(struct network_session *s, const char *name, void *ctx,
		      struct error **err)
{
	CLEANUP(network_state) struct network_state *state = NULL;
	bool is_gone = false;
	int r = network_state_load(s->networks_fd, name, &state, err);

	if (r == 0)
		r = network_drop_leases(s, state, ctx, &is_gone, err);
	/* Then the dead, as whenever the lock is held. */
	if (r == 0 && !is_gone)
		r = network_drop_leases(s, state, NULL, &is_gone, err);
	return r;
}

int network_detach(int networks_fd, const char *name, const char *container, struct error **err)
{
	struct network_session s CLEANUP_SESSION = NETWORK_SESSION_NONE;
	CLEANUP_FREE char *id = x_strdup(container);
	int r = network_session_begin(networks_fd, &s, err);

	if (r < 0)
		return r;
	if (!name)
		return each_name(&s, detach_one, id, err);
	r = detach_one(&s, name, id, err);
	if (r == -ERR_NOT_FOUND) {
		error_free(STEAL_PTR(err));
		r = 0;
	}
	return r;
}
