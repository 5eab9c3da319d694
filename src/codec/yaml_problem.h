/* SPDX-License-Identifier: Apache-2.0 */
/* The parser's complaints in words that help to correct the file. */
#ifndef CODEC_YAML_PROBLEM_H
#define CODEC_YAML_PROBLEM_H

#include <yaml.h>

#include "codec/yaml.h"

/** yaml_problem() - Make the error for a parser that has just failed; returns its negative code */
int yaml_problem(const yaml_parser_t *parser, const struct yaml_source *source,
		 struct error **err);

#endif
