/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forked work: the result travels as one JSON object {"out"} or {"code","status","hint","frames"}.
 * It is small (below PIPE_BUF in practice, and the parent reads only after the end), so the pipe's
 * buffer of 64 KiB holds it.
 */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>

#include "base/process.h"
#include "base/fs.h"
#include "codec/json.h"

enum { RESULT_MAX = 60000 };

static void write_result(int fd, int r, const struct strbuf *out, const struct error *err)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP_JSON json_t *j = json_object();

	if (r >= 0) {
		json_set_text(j, "out", strbuf_text(out));
	} else {
		json_t *frames = json_array();

		json_set_int(j, "code", error_code(err));
		json_set_int(j, "status", error_status(err));
		json_set_text(j, "hint", error_hint_text(err));
		for (size_t i = 0; i < error_frame_count(err); i++)
			(void)json_array_append_new(frames, json_text(str_from(error_frame(err, i)))); /* OOM */
		(void)json_object_set_new(j, "frames", frames); /* fails on OOM only */
	}
	json_write(j, &text);
	(void)fs_write_all(fd, text.ptr, text.len < RESULT_MAX ? text.len : RESULT_MAX); /* the parent
			takes an unreadable result for a crash, which is what it then is */
}

static void run_child(int fd, const struct loop *loop, child_fn fn, void *ctx)
{
	struct strbuf out = STRBUF_INIT(RESULT_MAX / 2);
	struct error *err = NULL;

	loop_restore_signals(loop);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* no work for a builder that is gone */
	int r = fn(ctx, &out, &err);

	write_result(fd, r, &out, err);
	_exit(r < 0);
}

int child_start(struct child *c, struct loop *loop, child_fn fn, void *fn_ctx, loop_fd_fn done,
		void *done_ctx, struct error **err)
{
	int fds[2];

	*c = (struct child){ .pidfd = -1, .result_fd = -1 };
	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_errno(err, "make pipe");
	c->pid = fork();
	if (c->pid == 0) {
		close_fd(fds[0]);
		run_child(fds[1], loop, fn, fn_ctx);
	}
	close_fd(fds[1]);
	c->result_fd = fds[0];
	if (c->pid < 0)
		return error_errno(err, "fork");
	c->pidfd = process_open(c->pid, process_start_time(c->pid));
	if (c->pidfd < 0)
		return error_new(err, ERR_INTERNAL, "a child vanished");
	c->source = loop_add_fd(loop, c->pidfd, EPOLLIN, done, done_ctx);
	return 0;
}

static void release(struct child *c)
{
	loop_remove(c->source);
	close_fd(c->pidfd);
	close_fd(c->result_fd);
	*c = (struct child){ .pidfd = -1, .result_fd = -1 };
}

static int read_result(const json_t *j, struct strbuf *out, struct error **err)
{
	const json_t *frames = json_object_get(j, "frames");
	int64_t code = json_get_int(j, "code", 0);
	const char *hint = json_get_text(j, "hint");

	if (code <= 0 || code >= ERR_COUNT || json_array_size(frames) == 0) {
		const char *text = json_get_text(j, "out");

		strbuf_add_text(out, text ? text : "");
		return 0;
	}
	for (size_t i = json_array_size(frames); i-- > 0;) {
		const char *frame = json_string_value(json_array_get(frames, i));

		if (!*err)
			(void)error_new(err, (enum error_code)code, "%s", frame ? frame : "");
		else
			(void)error_context(err, "%s", frame ? frame : "");
	}
	if (hint)
		(void)error_hint(err, "%s", hint);
	error_set_status(err, (int)json_get_int(j, "status", 0));
	return -(int)code;
}

int child_finish(struct child *c, struct strbuf *out, struct error **err)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP(error) struct error *unreadable = NULL;
	CLEANUP_JSON json_t *j = NULL;
	int status = process_wait(c->pidfd), r;

	if (fs_read_fd(c->result_fd, RESULT_MAX, &text, &unreadable) < 0 ||
	    json_read(strbuf_str(&text), "result", &j, &unreadable) < 0)
		r = error_new(err, ERR_INTERNAL, "a child of the builder ended with status %d", status);
	else
		r = read_result(j, out, err);
	release(c);
	return r;
}

void child_kill(struct child *c)
{
	if (c->pidfd < 0)
		return;
	(void)process_signal(c->pidfd, SIGKILL); /* it may just have ended */
	(void)process_wait(c->pidfd);
	release(c);
}
