/* SPDX-License-Identifier: Apache-2.0 */
/* What no single key can know: references between the parts of a project. */
#ifndef COMPOSE_CONSISTENCY_H
#define COMPOSE_CONSISTENCY_H

#include "decode.h"

/**
 * compose_select_profiles() - Keep the services of the active profiles, sorted by name
 * @profiles: "*" stands for all
 */
int compose_select_profiles(struct decoder *d, const struct strv *profiles);

/**
 * compose_check() - Defaults, references, cycles; drops what no service uses
 * Sections come out sorted by key, and the implicit "default" network is added when it is used.
 */
int compose_check(struct decoder *d);

/** compose_check_cycles() - depends_on must be a tree; the error shows the way round */
int compose_check_cycles(struct decoder *d);

/** compose_check_error() - At a place of the model, with its source line */
int compose_check_error(struct decoder *d, struct source_place place, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
