/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the compose subcommands share: loading the project, making images, finding containers.
 */
#ifndef CLI_COMPOSING_H
#define CLI_COMPOSING_H

#include "command.h"

/** composing_load() - The project that "compose"'s own options name */
int composing_load(struct cli *cli, struct compose_project **ret, struct error **err);

/** composing_build() - Build what has a build section: all of them, or only what has no image yet */
int composing_build(struct cli *cli, const struct compose_project *p, const struct strv *services,
		    bool only_missing, bool no_cache, struct error **err);

/** composing_image_name() - image: or <project>-<service>; caller frees */
char *composing_image_name(const struct compose_project *p, const struct compose_service *s);

/** struct composing_list - Containers of a project, of some services (empty: all) */
struct composing_list {
	struct container_info **all; /* owned */
	size_t all_count;
	struct container_info **items; /* borrowed from all */
	size_t count;
};

int composing_find(struct cli *cli, const struct compose_project *p, char *const *services,
		   struct composing_list *ret, struct error **err);
void composing_list_fini(struct composing_list *l);

#endif
