/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Relaying between our streams and a container's.
 *
 * The container never gets a descriptor of ours: what is behind it (a terminal, a file opened for
 * reading, a directory) is not for it to reopen. Input goes through a pipe or the pty; a piece that
 * does not fit waits, and nothing more is read meanwhile.
 */
#include "attach.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "base/process.h"

enum { INPUT_SIZE = 16384 };

struct attach {
	struct supervisor *supervisor;
	struct unit *unit;
	bool with_stdin, can_watch_stdin, is_raw, is_output_broken;
	struct termios saved;
	int input_fd; /* where input goes: pipe, or the pty's master; -1: nowhere */
	struct loop_source *source_in, *source_out;
	char data[INPUT_SIZE];
	size_t len, sent;
};

static void on_signal(void *ctx, const siginfo_t *info)
{
	struct attach *a = ctx;
	struct unit *u = a->unit;
	struct winsize ws;

	if (info->si_signo != SIGWINCH) {
		struct unit_request request = { .signo = info->si_signo };
		CLEANUP(error) struct error *gone = NULL; /* it is about to end anyway */

		(void)unit_handle(u, UNIT_KILL, &request, &gone);
	} else if (u->info->service.tty && u->output.fds[LOG_STDOUT] >= 0 &&
		   ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0) {
		/* A size that does not arrive harms nobody. */
		(void)ioctl(u->output.fds[LOG_STDOUT], TIOCSWINSZ, &ws);
	}
}

/* Whoever read our output has gone: end as a program in a pipeline would. */
static void on_broken_output(struct attach *a)
{
	struct unit_request request = { .timeout_ns = -1 };
	CLEANUP(error) struct error *ignored = NULL;

	if (!a->is_output_broken)
		(void)unit_handle(a->unit, UNIT_STOP, &request, &ignored);
	a->is_output_broken = true;
}

static void on_output(void *ctx, const struct unit *u, enum log_stream stream, str data)
{
	struct attach *a = ctx;

	if (u != a->unit || a->is_output_broken)
		return;
	int fd = stream == LOG_STDERR ? STDERR_FILENO : STDOUT_FILENO;

	if (fs_write_all(fd, data.ptr, data.len) < 0 && errno == EPIPE)
		on_broken_output(a);
}

static void end_input(struct attach *a)
{
	loop_remove(STEAL_PTR(&a->source_in));
	loop_remove(STEAL_PTR(&a->source_out));
	close_fd(STEAL_FD(&a->input_fd));
}

static void on_input(void *ctx, int fd, uint32_t events);
static void on_input_room(void *ctx, int fd, uint32_t events);

/* Either for more input or for room to pass on what we have; an end seen early would spin. */
static void watch(struct attach *a)
{
	struct loop *loop = a->supervisor->loop;
	bool wants_input = a->len == 0 && a->can_watch_stdin;

	if (wants_input) {
		loop_remove(STEAL_PTR(&a->source_out));
		if (!a->source_in)
			a->source_in = loop_add_fd(loop, STDIN_FILENO, EPOLLIN, on_input, a);
	} else {
		loop_remove(STEAL_PTR(&a->source_in));
		if (!a->source_out)
			a->source_out = loop_add_fd(loop, a->input_fd, EPOLLOUT, on_input_room, a);
	}
}

static void pass_on(struct attach *a)
{
	while (a->len) {
		ssize_t n = write(a->input_fd, a->data + a->sent, a->len - a->sent);

		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0 && errno != EINTR) {
			end_input(a); /* the program has closed it */
			return;
		}
		a->sent += n > 0 ? (size_t)n : 0;
		if (a->sent == a->len)
			a->len = a->sent = 0;
	}
	watch(a);
}

static void read_input(struct attach *a)
{
	ssize_t n = read(STDIN_FILENO, a->data, sizeof(a->data));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		end_input(a);
		return;
	}
	a->len = (size_t)n;
	a->sent = 0;
	pass_on(a);
}

static void on_input(void *ctx, int fd, uint32_t events)
{
	struct attach *a = ctx;

	(void)fd;
	(void)events;
	if (a->len == 0)
		read_input(a);
}

static void on_input_room(void *ctx, int fd, uint32_t events)
{
	struct attach *a = ctx;

	(void)fd;
	if (events & EPOLLERR)
		end_input(a);
	else if (a->len)
		pass_on(a);
	else
		read_input(a); /* a regular file: always ready */
}

static int catch_signals(struct attach *a, struct error **err)
{
	static const int signals[] = {
		SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH
	};
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	(void)sigaction(SIGPIPE, &ignore, NULL); /* write() says it */
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		int r = loop_add_signal(a->supervisor->loop, signals[i], on_signal, a, err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* epoll knows neither regular files nor /dev/null: those are always ready. */
static bool can_watch(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 &&
	       (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || isatty(fd) == 1);
}

static int open_input(struct attach *a, struct error **err)
{
	int fds[2];

	if (a->unit->info->service.tty) {
		if (isatty(STDIN_FILENO) == 1)
			return 0;
		/* It could never see the end of a file. */
		(void)error_new(err, ERR_USAGE, "standard input is not a terminal");
		return error_hint(err, "leave out -t to pass a file or pipe");
	}
	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_errno(err, "make a pipe");
	a->unit->output.stdin_fd = fds[0];
	a->input_fd = fds[1];
	if (fcntl(fds[1], F_SETFL, O_WRONLY | O_NONBLOCK) < 0)
		return error_errno(err, "prepare a pipe");
	return 0;
}

int attach_new(struct supervisor *s, struct unit *u, bool with_stdin, struct attach **ret,
	       struct error **err)
{
	CLEANUP(attach) struct attach *a = x_alloc(sizeof(*a));
	struct winsize ws;

	a->supervisor = s;
	a->unit = u;
	a->input_fd = -1;
	a->with_stdin = with_stdin;
	a->can_watch_stdin = can_watch(STDIN_FILENO);
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0) {
		s->terminal_rows = ws.ws_row;
		s->terminal_columns = ws.ws_col;
	}
	int r = catch_signals(a, err);

	if (r == 0 && with_stdin)
		r = open_input(a, err);
	if (r < 0)
		return r;
	s->relay = on_output;
	s->relay_ctx = a;
	*ret = STEAL_PTR(&a);
	return 0;
}

static void make_raw(struct attach *a)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &a->saved) < 0)
		return;
	raw = a->saved;
	cfmakeraw(&raw);
	a->is_raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

void attach_started(struct attach *a)
{
	struct unit *u = a->unit;

	/* The container has its copy of the pipe's end: ours would hide that it closes it. */
	close_fd(STEAL_FD(&u->output.stdin_fd));
	if (!a->with_stdin || u->fsm != UNIT_UP)
		return;
	if (u->info->service.tty) {
		/* A descriptor of its own: the master's is watched for output already. */
		a->input_fd = fcntl(u->output.fds[LOG_STDOUT], F_DUPFD_CLOEXEC, 3);
		if (a->input_fd < 0)
			return;
		make_raw(a);
	}
	watch(a);
}

void attach_free(struct attach *a)
{
	if (!a)
		return;
	if (a->is_raw)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &a->saved); /* the terminal may be gone */
	a->supervisor->relay = NULL;
	loop_remove(a->source_in);
	loop_remove(a->source_out);
	close_fd(a->input_fd);
	free(a);
}
