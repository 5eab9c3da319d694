/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RUN --mount=type=secret: values that a step may read and that nothing keeps: not the layer, the
 * config, the history, the key, nor the store.
 */
#ifndef BUILD_SECRET_H
#define BUILD_SECRET_H

#include "base/error.h"
#include "base/strv.h"

enum { SECRET_MAX = 500 * 1024 }; /* BuildKit's limit */

/**
 * secret_read() - Value of secret @id
 * @given: --secret: "id=X,src=FILE", "id=X,env=NAME"; alone "id=X" is the variable X, else the file X
 * Return: 0; -ERR_NOT_FOUND when no --secret has that id; -ERR_* when its file or variable is not there
 */
int secret_read(const struct strv *given, str id, struct strbuf *out, struct error **err);

#endif
