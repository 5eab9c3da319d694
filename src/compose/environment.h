/* SPDX-License-Identifier: Apache-2.0 */
/* The variables that interpolation sees: the caller's, then env files, then .env. */
#ifndef COMPOSE_ENVIRONMENT_H
#define COMPOSE_ENVIRONMENT_H

#include "base/strv.h"

/** struct compose_environment - Earlier sources win: adding never replaces */
struct compose_environment {
	struct strv variables; /* KEY=VALUE */
};

/** compose_environment_init() - From @variables, or the process's environ when NULL */
void compose_environment_init(struct compose_environment *env, const struct strv *variables);
void compose_environment_fini(struct compose_environment *env);

/** compose_environment_get() - Value or NULL; borrowed until the next change */
const char *compose_environment_get(const struct compose_environment *env, str name);

/** compose_environment_add() - Unless it is there already */
void compose_environment_add(struct compose_environment *env, str name, str value);

/** compose_environment_is_true() - Set to 1, t, true, y, yes or on */
bool compose_environment_is_true(const struct compose_environment *env, const char *name);

#endif
