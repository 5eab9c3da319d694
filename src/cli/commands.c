/* SPDX-License-Identifier: Apache-2.0 */
/* All commands, in the order of the overview. */
#include "command.h"

const struct command *const cli_commands[] = {
	&command_build,		 &command_images,	  &command_tag,
	&command_rmi,		 &command_import,	  &command_bootstrap,
	&command_inspect,	 &command_run,		  &command_ps,
	&command_logs,		 &command_exec,		  &command_stop,
	&command_start,		 &command_restart,	  &command_kill,
	&command_pause,		 &command_unpause,	  &command_rm,
	&command_network_ls,	 &command_network_create, &command_network_rm,
	&command_network_prune,	 &command_compose_up,	 &command_compose_down,	  &command_compose_ps,
	&command_compose_logs,	 &command_compose_exec,	  &command_compose_config,
	&command_compose_build,	 &command_compose_start,  &command_compose_stop,
	&command_compose_restart, NULL,
};
