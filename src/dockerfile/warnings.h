/* SPDX-License-Identifier: Apache-2.0 */
/* Lint findings that need nothing but the tree. */
#ifndef DOCKERFILE_WARNINGS_H
#define DOCKERFILE_WARNINGS_H

#include "dockerfile/dockerfile.h"

/** warnings_report() - Tell @report (may be NULL) in the order of the file, per instruction */
void warnings_report(const struct dockerfile *df, const struct report *report);

#endif
