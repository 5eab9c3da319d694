/* SPDX-License-Identifier: Apache-2.0 */
/* JSON lines and errors in them. */
#include "message.h"

int message_take_line(struct strbuf *in, json_t **ret, struct error **err)
{
	str all = strbuf_str(in);
	ptrdiff_t end = str_find(all, '\n');

	if (in->overflow || (end < 0 && in->len >= MESSAGE_MAX))
		return error_new(err, ERR_LIMIT, "a message of more than %d bytes", MESSAGE_MAX);
	if (end < 0)
		return 0;
	int r = json_read(str_head(all, (size_t)end), "control message", ret, err);

	in->len -= (size_t)end + 1;
	memmove(in->ptr, in->ptr + end + 1, in->len);
	in->ptr[in->len] = '\0';
	return r < 0 ? r : 1;
}

void message_add_line(const json_t *j, struct strbuf *out)
{
	json_write(j, out);
	strbuf_add_char(out, '\n');
}

json_t *message_from_error(const struct error *e)
{
	json_t *message = json_object(), *j = json_object(), *frames = json_array();

	json_set_text(j, "code", error_code_name(error_code(e)));
	for (size_t i = 0; i < error_frame_count(e); i++)
		(void)json_array_append_new(frames,
					    json_text(str_from(error_frame(e, i)))); /* OOM */
	(void)json_object_set_new(j, "frames", frames); /* fails on OOM only */
	json_set_text(j, "hint", error_hint_text(e));
	if (error_status(e))
		json_set_int(j, "status", error_status(e));
	(void)json_object_set_new(message, "error", j); /* fails on OOM only */
	return message;
}

static enum error_code find_code(const char *name)
{
	for (int i = ERR_NONE + 1; name && i < ERR_COUNT; i++) {
		if (strcmp(error_code_name((enum error_code)i), name) == 0)
			return (enum error_code)i;
	}
	return ERR_INTERNAL;
}

int message_to_error(const json_t *message, struct error **err)
{
	const json_t *j = json_object_get(message, "error");
	struct strv frames CLEANUP_STRV = STRV_INIT;

	if (!j)
		return 0;
	json_get_strv(j, "frames", &frames);
	(void)error_new(err, find_code(json_get_text(j, "code")), "%s",
			frames.count ? frames.items[frames.count - 1] : "the supervisor failed");
	for (size_t i = frames.count; i-- > 1;)
		(void)error_context(err, "%s", frames.items[i - 1]);
	if (json_get_text(j, "hint"))
		(void)error_hint(err, "%s", json_get_text(j, "hint"));
	if (json_get_int(j, "status", 0))
		error_set_status(err, (int)json_get_int(j, "status", 0));
	return -(int)error_code(*err);
}
