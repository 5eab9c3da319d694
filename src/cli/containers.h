/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What several commands show of a container, and how they find the ones that are meant.
 */
#ifndef CLI_CONTAINERS_H
#define CLI_CONTAINERS_H

#include "command.h"

/** containers_status_text() - "Up 3 minutes (healthy)", "Exited (0) 5 seconds ago" */
void containers_status_text(const struct container_info *c, struct strbuf *out);

/** containers_ports_text() - "0.0.0.0:8080->80/tcp, ..." */
void containers_ports_text(const struct container_info *c, struct strbuf *out);
void containers_command_text(const struct container_info *c, struct strbuf *out);
bool containers_is_active(const struct container_info *c);

/** containers_print_json() - One line on standard output */
void containers_print_json(const struct container_info *c);

/** struct exec_request - "exec" and "compose exec" */
struct exec_request {
	const char *user, *working_dir;
	const struct strv *env;
	bool tty, interactive, detach, privileged;
	char *const *argv;
};

/** containers_exec() - Run it, relay signals and terminal; exit status or -ERR_* */
int containers_exec(const struct container_info *c, const struct exec_request *request,
		    struct error **err);

/** containers_print_logs() - "logs": plain lines, or with "name | " in front when there are several */
int containers_print_logs(const struct engine *e, struct container_info *const *list, size_t count,
			  const struct arguments *args, bool prefix, struct error **err);

/** containers_follow() - All messages with "name | " in front, until the last container ends */
int containers_follow(const struct engine *e, struct container_info *const *list, size_t count,
		      const struct stack_log_options *opt, struct error **err);

#endif
