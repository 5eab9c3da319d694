/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call that changes networks: the lock, the sockets, and the steps between state and kernel.
 */
#ifndef NETWORK_SESSION_H
#define NETWORK_SESSION_H

#include "nft.h"
#include "state.h"

/** struct network_session - Held from begin to end of a public call */
struct network_session {
	int networks_fd; /* borrowed */
	int home_fd;	 /* our network namespace; the lock is on it */
	int rtnl_fd, nft_fd;
	struct network_batch removals; /* interfaces to be removed when the session ends */
	unsigned awaited_index;	       /* of them, the one whose name has to be free again; or 0 */
	bool nft_has_garbage;	       /* something was removed over nft_fd */
};

/** network_session_begin() - Wait for the lock and open the sockets */
int network_session_begin(int networks_fd, struct network_session *ret_session,
			  struct error **err);

/** network_session_end() - Unlock, and have a child remove what is to be removed, see removal.c */
void network_session_end(struct network_session *s);

#define CLEANUP_SESSION __attribute__((cleanup(network_session_end)))
#define NETWORK_SESSION_NONE                                                                       \
	((struct network_session){                                                                 \
		.networks_fd = -1, .home_fd = -1, .rtnl_fd = -1, .nft_fd = -1 })

/* ---- install.c: a network's bridge and table ---- */

/** network_install() - Make the bridge when it is missing, (re)make the table with all its ports */
int network_install(struct network_session *s, struct network_state *state,
		    struct error **err);

/** network_install_check() - Install if bridge or table are gone (reboot, flushed ruleset) */
int network_install_check(struct network_session *s, struct network_state *state,
			  struct error **err);

/**
 * network_uninstall() - Remove table, bridge and host ends
 * The addresses are gone when this returns; the interfaces follow when the session ends.
 */
int network_uninstall(struct network_session *s, const struct network_state *state,
		      struct error **err);

/** network_publish() - Add (@is_removal: take away) the ports of a lease that is (was) in @state */
int network_publish(struct network_session *s, struct network_state *state,
		    const struct network_lease *lease, bool is_removal, struct error **err);

/* ---- removal.c ---- */

/** network_removal_start() - Send s->removals and close the sockets, without waiting for either */
void network_removal_start(struct network_session *s);

/* ---- keeper.c ---- */

/**
 * network_keep() - Have a keeper remove the unused network in a moment, unless it is used again
 * The caller saves @state, whose owner changes. False: no process could be made.
 */
bool network_keep(struct network_session *s, struct network_state *state);

/* ---- lease.c: pure ---- */

struct network_lease *network_lease_find(struct network_state *state, const char *container);

/** network_lease_take() - Out of the state into *@ret_lease, its address remembered as recent */
void network_lease_take(struct network_state *state, size_t index, struct network_lease *ret_lease);

bool network_owner_is_alive(struct network_owner owner);

/**
 * network_lease_choose_address() - @wanted; if 0, the one @container had, else the first free
 * Return: 0, -ERR_USAGE, -ERR_BUSY with the holder, -ERR_LIMIT when the subnet is full
 */
int network_lease_choose_address(const struct network_state *state, const char *container,
				 uint32_t wanted, uint32_t *ret_address, struct error **err);

/* ---- sweep.c ---- */

/**
 * network_drop_leases() - Give up the leases of @container, NULL: those whose owner is gone
 * Kernel and file follow. A network that is not persistent goes with its last lease: then
 * *ret_is_gone, and only freeing @state is left to do.
 */
int network_drop_leases(struct network_session *s, struct network_state *state,
			const char *container, bool *ret_is_gone, struct error **err);

/** network_load_swept() - Load, after dropping the leases of the dead; -ERR_NOT_FOUND */
int network_load_swept(struct network_session *s, const char *name,
		       struct network_state **ret_state, struct error **err);

/** network_obtain() - The network of @spec, found (and checked) or made; *ret_is_new: made */
int network_obtain(struct network_session *s, const struct network_spec *spec,
		   struct network_state **ret_state, bool *ret_is_new, struct error **err);

/** network_discard() - Kernel objects and file of a network; the best that can be done */
int network_discard(struct network_session *s, const struct network_state *state,
		    struct error **err);

/* ---- ports.c ---- */

/**
 * network_claim_ports() - Check the wanted ports and put them into @lease; free ones are chosen
 * Return: 0; -ERR_BUSY saying who has a port
 */
int network_claim_ports(int networks_fd, struct network_port *ports, size_t count,
			struct network_lease *lease, struct error **err);

#endif
