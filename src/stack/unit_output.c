/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container writes: FIFOs in the run state (or a terminal), read without blocking, into the
 * log and to whoever is attached.
 *
 * Both ends of a FIFO are open for reading and writing: the program never gets a broken pipe when
 * the reader dies, and the reader sees no end of file when the program closes its streams.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "supervisor.h"

enum { READ_SIZE = 65536, READS_PER_TURN = 16 };

static const char *const fifo_names[] = { [LOG_STDOUT] = "stdout", [LOG_STDERR] = "stderr" };

static void take(struct unit *u, enum log_stream stream, str data)
{
	CLEANUP(error) struct error *full = NULL; /* a full disk must not stop the program */
	struct supervisor *s = u->supervisor;

	if (u->output.log)
		(void)log_write(u->output.log, stream, data, clock_wall(), &full);
	if (s->relay)
		s->relay(s->relay_ctx, u, stream, data);
}

/* False: nothing more will come. */
static bool read_some(struct unit *u, enum log_stream stream, int limit)
{
	static char buf[READ_SIZE];

	for (int i = 0; i < limit; i++) {
		ssize_t n = read(u->output.fds[stream], buf, sizeof(buf));

		if (n > 0) {
			take(u, stream, str_make(buf, (size_t)n));
			continue;
		}
		return n < 0 && (errno == EAGAIN || errno == EINTR);
	}
	return true;
}

static void on_output(void *ctx, int fd, uint32_t events)
{
	struct unit *u = ctx;
	enum log_stream stream = fd == u->output.fds[LOG_STDERR] ? LOG_STDERR : LOG_STDOUT;

	(void)events;
	if (read_some(u, stream, READS_PER_TURN))
		return;
	loop_remove(STEAL_PTR(&u->output.sources[stream])); /* the terminal was hung up */
}

static int open_fifo(struct unit *u, enum log_stream stream, int *ret_container_fd,
		     struct error **err)
{
	const char *name = fifo_names[stream];

	if (mkfifoat(u->run_fd, name, 0600) < 0)
		return error_errno(err, "make FIFO '%s'", name);
	u->output.fds[stream] =
		openat(u->run_fd, name, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	*ret_container_fd = openat(u->run_fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (u->output.fds[stream] < 0 || *ret_container_fd < 0)
		return error_errno(err, "open FIFO '%s'", name);
	return 0;
}

static int open_terminal(struct unit *u, int fds[3], struct error **err)
{
	struct supervisor *s = u->supervisor;
	int r = container_open_pty(s->terminal_rows ? s->terminal_rows : 24,
				   s->terminal_columns ? s->terminal_columns : 80,
				   &u->output.fds[LOG_STDOUT], &fds[0], err);

	if (r < 0)
		return r;
	fds[1] = fds[2] = fds[0];
	if (fcntl(u->output.fds[LOG_STDOUT], F_SETFL, O_RDWR | O_NONBLOCK) < 0)
		return error_errno(err, "prepare a terminal");
	return 0;
}

int unit_output_open(struct unit *u, int fds[3], struct error **err)
{
	struct stack_service *s = &u->info->service;
	CLEANUP_FREE char *name = x_asprintf("%s-json.log", u->info->id);
	int r;

	fds[0] = fds[1] = fds[2] = -1;
	if (s->tty) {
		r = open_terminal(u, fds, err);
	} else {
		fds[0] = u->output.stdin_fd;
		r = open_fifo(u, LOG_STDOUT, &fds[1], err);
		if (r == 0)
			r = open_fifo(u, LOG_STDERR, &fds[2], err);
	}
	if (r < 0)
		return r;
	for (int i = 0; i < 2; i++) {
		if (u->output.fds[i] >= 0)
			u->output.sources[i] = loop_add_fd(u->supervisor->loop, u->output.fds[i],
							   EPOLLIN, on_output, u);
	}
	if (!s->log_none)
		u->output.log = log_writer_new(u->dir_fd, name, s->log_max_bytes, s->log_max_files);
	return 0;
}

void unit_output_close(struct unit *u)
{
	CLEANUP(error) struct error *full = NULL; /* a full disk must not stop us either */

	for (int i = 0; i < 2; i++) {
		if (u->output.fds[i] < 0)
			continue;
		/* All writers are gone: what is there is all that there will be. */
		loop_remove(STEAL_PTR(&u->output.sources[i]));
		(void)read_some(u, (enum log_stream)i, INT_MAX);
		close_fd(STEAL_FD(&u->output.fds[i]));
		(void)unlinkat(u->run_fd, fifo_names[i], 0); /* with a terminal there is none */
	}
	if (u->output.log)
		(void)log_end(u->output.log, clock_wall(), &full);
	log_writer_free(STEAL_PTR(&u->output.log));
}
