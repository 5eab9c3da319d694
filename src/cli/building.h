/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What "build" and "compose build" share.
 */
#ifndef CLI_BUILDING_H
#define CLI_BUILDING_H

#include "build/build.h"
#include "command.h"
#include "progress.h"

/** building_run() - Fill in store, networks and progress, then build */
int building_run(struct cli *cli, struct build_options *opt, enum progress_mode mode,
		 struct build_result *ret_result, struct error **err);

/** building_host_ca() - The machine's CA bundle, or NULL; borrowed */
const char *building_host_ca(void);

#endif
