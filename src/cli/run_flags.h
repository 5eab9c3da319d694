/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Docker's short syntaxes on the command line of "run": -v, -p, --mount, -e.
 */
#ifndef CLI_RUN_FLAGS_H
#define CLI_RUN_FLAGS_H

#include "stack/stack.h"

/** run_flag_volume() - "[SRC:]DST[:opts]": a path is a bind, a name a volume, none an anonymous volume */
int run_flag_volume(const char *text, struct stack_service *s, struct error **err);

/** run_flag_port() - "[[IP:]HOST:]CONTAINER[/tcp|udp]", ranges of equal length */
int run_flag_port(const char *text, struct stack_service *s, struct error **err);

/** run_flag_tmpfs() - "PATH[:size=64m,mode=1777]" */
int run_flag_tmpfs(const char *text, struct stack_service *s, struct error **err);

/** run_flag_bytes() - "512m", "1g", "1024": base 1024; false when malformed */
bool run_flag_bytes(str text, uint64_t *ret);

#endif
