/* SPDX-License-Identifier: Apache-2.0 */
/* Files of KEY=VALUE lines: .env and env_file. */
#ifndef COMPOSE_ENVFILE_H
#define COMPOSE_ENVFILE_H

#include "base/error.h"
#include "base/strv.h"
#include "interpolate.h"

enum {
	ENVFILE_SIZE_MAX = 1 << 20,
	ENVFILE_VARIABLES_MAX = 4096,
	ENVFILE_TOTAL_MAX = 4 << 20, /* bytes of all values after substitution */
};

/**
 * struct envfile - What to read
 * @file: for messages
 * @raw:  every line is KEY=VALUE as it stands: no quotes, no comments behind values, no variables
 * @in:	  variables that values may refer to, before those of the file itself; a bare KEY is taken
 *	  from here or left out
 */
struct envfile {
	const char *file;
	str text;
	bool raw;
	const struct interpolation *in;
};

/**
 * compose_envfile_parse() - Add the file's variables to a list of KEY=VALUE
 * Return: 0, -ERR_PARSE with file:line:column, or -ERR_LIMIT
 */
int compose_envfile_parse(const struct envfile *f, struct strv *variables, struct error **err);

/** compose_envfile_read() - The same from a path; -ERR_NOT_FOUND when it is not there */
int compose_envfile_read(const char *path, bool raw, const struct interpolation *in,
			 struct strv *variables, struct error **err);

#endif
