/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A project's directory in the run state: projects/<name>/
 *
 *	start	       lock of whoever looks for the supervisor or starts one
 *	lock	       held by the supervisor as long as it lives
 *	control	       its socket
 *	networks.json  names of the networks that "up" made
 *	<id>/	       of each running container: FIFOs, files of secrets and configs
 *
 * The directory may be removed by a supervisor that ends; whoever holds `start` keeps it.
 */
#ifndef STACK_PROJECT_H
#define STACK_PROJECT_H

#include "stack/stack.h"

enum { PROJECT_NAME_MAX = 200 };

/** project_open() - The directory, made when missing, with `start` locked in @ret_start_fd */
int project_open(const struct engine *e, const char *name, int *ret_start_fd, struct error **err);

/** project_open_existing() - The directory; -1 when there is none */
int project_open_existing(const struct engine *e, const char *name);

/** project_is_supervised() - Does a supervisor live? */
bool project_is_supervised(const struct engine *e, const char *name);

/** project_close() - Remove the directory when nothing of value is in it and nobody waits for it */
void project_close(const struct engine *e, const char *name, int dir_fd);

/** project_save_networks(), project_load_networks() - networks.json; an empty list removes it */
int project_save_networks(int dir_fd, const struct strv *names, struct error **err);
int project_load_networks(int dir_fd, struct strv *out, struct error **err);

#endif
