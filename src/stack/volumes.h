/* SPDX-License-Identifier: Apache-2.0 */
/* Volumes of projects; the calls for single volumes are in stack/stack.h. */
#ifndef STACK_VOLUMES_H
#define STACK_VOLUMES_H

#include "stack/stack.h"

/** volumes_make() - Make a volume of @project unless it is there */
int volumes_make(const struct engine *e, const char *name, const char *project, bool *ret_made,
		 struct error **err);

/** volumes_list() - Names of the volumes that @project made, sorted */
int volumes_list(const struct engine *e, const char *project, struct strv *out, struct error **err);

#endif
