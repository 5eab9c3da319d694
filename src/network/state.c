/* SPDX-License-Identifier: Apache-2.0 */
/* State of networks in memory and as files. */
#include "state.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/fs.h"
#include "base/strv.h"

void network_lease_fini(struct network_lease *lease)
{
	free(lease->ports);
	lease->ports = NULL;
	lease->port_count = 0;
}

void network_state_free(struct network_state *state)
{
	if (!state)
		return;
	for (size_t i = 0; i < state->lease_count; i++)
		network_lease_fini(&state->leases[i]);
	free(state->leases);
	free(state);
}

int network_name_check(const char *name, struct error **err)
{
	size_t len = strlen(name);

	if (len > NETWORK_FILE_NAME_MAX)
		return error_new(err, ERR_LIMIT, "network name '%.32s...' is longer than %d bytes",
				 name, NETWORK_FILE_NAME_MAX);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)name[i];

		if (c < 0x80 && (isalnum(c) || (i > 0 && strchr("_.-", c))))
			continue;
		(void)error_new(err, ERR_USAGE, "'%s' is not a network name", name);
		return error_hint(err, "letters and digits, after the first also '_', '.', '-'");
	}
	return len ? 0 : error_new(err, ERR_USAGE, "network name is empty");
}

static char *file_name(const char *name)
{
	return x_asprintf("%s.json", name);
}

int network_state_load(int networks_fd, const char *name, struct network_state **ret_state,
		       struct error **err)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(NETWORK_STATE_BYTES_MAX);
	CLEANUP_FREE char *file = file_name(name);
	int r = network_name_check(name, err);

	if (r < 0)
		return r;
	if (faccessat(networks_fd, file, F_OK, 0) < 0 && errno == ENOENT)
		return error_new(err, ERR_NOT_FOUND, "network '%s' does not exist", name);
	r = fs_read_at(networks_fd, file, NETWORK_STATE_BYTES_MAX, &text, err);
	if (r < 0)
		return error_context(err, "state of network '%s'", name);
	return network_state_parse(strbuf_str(&text), name, ret_state, err);
}

int network_state_save(int networks_fd, const struct network_state *state, struct error **err)
{
	CLEANUP_FREE char *text = network_state_format(state);
	CLEANUP_FREE char *file = file_name(state->name);
	int r = fs_write_atomic_at(networks_fd, file, str_from(text), 0600, FS_VOLATILE, err);

	return r < 0 ? error_context(err, "state of network '%s'", state->name) : 0;
}

int network_state_delete(int networks_fd, const char *name, struct error **err)
{
	CLEANUP_FREE char *file = file_name(name);

	if (unlinkat(networks_fd, file, 0) < 0 && errno != ENOENT)
		return error_errno(err, "remove state of network '%s'", name);
	return 0;
}

int network_state_names(int networks_fd, struct strv *names, struct error **err)
{
	int fd = fs_open_dir_at(networks_fd, ".", err);

	if (fd < 0)
		return fd;
	DIR *d = fdopendir(fd);

	if (!d) {
		close_fd(fd);
		return error_errno(err, "read the directory of networks");
	}
	for (struct dirent *e; (e = readdir(d));) {
		str name = str_from(e->d_name);

		if (str_has_suffix(name, ".json") && name.len > 5 && name.ptr[0] != '.')
			strv_add_str(names, str_head(name, name.len - 5));
	}
	(void)closedir(d);
	strv_sort(names);
	return 0;
}

uint32_t network_state_group(const struct network_state *state)
{
	unsigned group = 0;

	if (sscanf(state->bridge, "fk-%8x", &group) != 1)
		group = 0;
	return 0x80000000U | group;
}

void network_state_info(const struct network_state *state, struct network_info *ret_info)
{
	struct network_info info = { .internal = state->internal,
				     .persistent = state->persistent,
				     .lease_count = state->lease_count };

	(void)snprintf(info.name, sizeof(info.name), "%s", state->name);
	(void)snprintf(info.bridge, sizeof(info.bridge), "%s", state->bridge);
	network_subnet_format(state->subnet, info.subnet);
	network_address_format(state->gateway, info.gateway);
	*ret_info = info;
}
