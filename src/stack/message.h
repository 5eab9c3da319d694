/* SPDX-License-Identifier: Apache-2.0 */
/* Lines on the control socket (docs/formats/control-socket.md): JSON objects, errors among them. */
#ifndef STACK_MESSAGE_H
#define STACK_MESSAGE_H

#include "codec/json.h"
#include "stack/stack.h"

enum { MESSAGE_MAX = 16 << 20 };

/** message_take_line() - Cut the first line off @in and parse it: 1, 0: no whole line yet, -ERR_*
 */
int message_take_line(struct strbuf *in, json_t **ret, struct error **err);

/** message_add_line() - Append @j and a newline */
void message_add_line(const json_t *j, struct strbuf *out);

/** message_from_error() - {"error":{...}} */
json_t *message_from_error(const struct error *e);

/** message_to_error() - The error in a message becomes *err; 0 when there is none */
int message_to_error(const json_t *j, struct error **err);

#endif
