/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers in the store: containers/<id>/container.json, and containers/.names/<name>, a symbolic
 * link whose text is the id, which makes names unique without a lock.
 */
#ifndef STACK_INFO_H
#define STACK_INFO_H

#include "stack/stack.h"

enum { CONTAINER_FILE_MAX = 16 << 20, CONTAINER_NAME_MAX = 128 };

/**
 * info_create() - Make the directory of a new container and write container.json
 * @c: id, project and service are given; names of anonymous volumes are chosen here
 * @layers: ids, lowest first
 * Return: descriptor of its directory; -ERR_EXISTS when the name is taken
 */
int info_create(const struct engine *e, struct container_info *c, const struct strv *layers,
		struct error **err);

/** info_open() - Its directory */
int info_open(const struct engine *e, const char *id, struct error **err);

/**
 * info_load() - Read one container; its state is checked against the living processes
 * @project: NULL: any; else others give *ret NULL, without reading everything
 */
int info_load(const struct engine *e, const char *id, const char *project,
	      struct container_info **ret, struct error **err);

/**
 * info_check_process() - The state was written by a supervisor that is gone: does it still hold?
 * A process that runs makes the container an orphan; otherwise it ended, nobody knows how.
 */
void info_check_process(struct container_info *c);

/** info_load_layers() - What container.json says about layers: ids, lowest first */
int info_load_layers(int dir_fd, struct strv *ret_layers, struct error **err);

/** info_remove() - Directory and name, and with @volumes its anonymous volumes; absent is success
 */
int info_remove(const struct engine *e, const struct container_info *c, bool volumes,
		struct error **err);

#endif
