/* SPDX-License-Identifier: Apache-2.0 */
/* YAML scalars as the texts and numbers that Compose makes of them. */
#ifndef COMPOSE_SCALAR_H
#define COMPOSE_SCALAR_H

#include "codec/yaml.h"

/**
 * compose_scalar_text() - The text of a scalar that is used as a string
 * Unquoted numbers are normalised as Docker does: 0123 is "83", 1.0 is "1", 1_000 is "1000".
 */
const char *compose_scalar_text(struct arena *a, const struct yaml_node *node);

/** compose_scalar_integer() - An integer in any YAML notation, quoted or not; false otherwise */
bool compose_scalar_integer(str text, int64_t *ret_value);

/** compose_scalar_number() - A decimal fraction, quoted or not; false otherwise */
bool compose_scalar_number(str text, double *ret_value);

/** compose_format_number() - Shortest text that reads back as the same number, in Go's notation */
void compose_format_number(double value, char ret_text[32]);

#endif
