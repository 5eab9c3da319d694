/* SPDX-License-Identifier: Apache-2.0 */
/* Which files, which directory, which variables, which name. */
#ifndef COMPOSE_DISCOVER_H
#define COMPOSE_DISCOVER_H

#include "loader.h"

/** struct discovery - Answers; texts live in the arena */
struct discovery {
	struct compose_list paths; /* absolute, or "-" */
	const char *directory;	   /* of the project */
	const char *working_directory;
	struct compose_environment env;
};

/** compose_discover() - Before any file is parsed; call compose_discovery_fini() also on failure */
int compose_discover(struct arena *a, const struct compose_options *opt, struct discovery *found,
		     struct error **err);
void compose_discovery_fini(struct discovery *found);

/**
 * compose_project_name() - From -p, COMPOSE_PROJECT_NAME, "name" of the last file that has one, or
 * the directory; also put into the variables
 */
int compose_project_name(struct loader *l, const struct compose_options *opt,
			 struct discovery *found, struct yaml_file *const *files,
			 const char **ret_name);

#endif
