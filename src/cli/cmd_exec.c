/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec: one more program in a running container.
 *
 * No supervisor is asked: the recorded pid (with its start time) leads to the namespaces. Without a
 * terminal the program gets our own descriptors; with one, bytes are relayed between our terminal in
 * raw mode and a pty.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>

#include "base/loop.h"
#include "base/process.h"
#include "containers.h"

struct session {
	struct loop *loop;
	struct container_running program;
	int master; /* pty, -1 without terminal */
	int status;
	struct loop_source *input, *output;
	bool raw;
	struct termios saved;
};

static void on_signal(void *ctx, const siginfo_t *info)
{
	struct session *s = ctx;
	struct winsize ws;

	if (info->si_signo != SIGWINCH)
		(void)process_signal(s->program.pidfd, info->si_signo); /* it may be gone already */
	else if (s->master >= 0 && ioctl(STDIN_FILENO, TIOCGWINSZ, &ws) == 0)
		(void)ioctl(s->master, TIOCSWINSZ, &ws); /* a size that does not arrive harms nobody */
}

static void on_exit_of_program(void *ctx, int fd, uint32_t events)
{
	struct session *s = ctx;

	(void)events;
	s->status = process_wait(fd);
	loop_stop(s->loop);
}

static void on_input(void *ctx, int fd, uint32_t events)
{
	struct session *s = ctx;
	char buf[4096];
	ssize_t n = read(fd, buf, sizeof(buf));

	(void)events;
	if (n > 0) {
		(void)fs_write_all(s->master, buf, (size_t)n); /* the program may have closed its end */
		return;
	}
	loop_remove(s->input);
	s->input = NULL;
}

static void on_output(void *ctx, int fd, uint32_t events)
{
	struct session *s = ctx;
	char buf[4096];
	ssize_t n = read(fd, buf, sizeof(buf));

	(void)events;
	if (n > 0) {
		(void)fs_write_all(STDOUT_FILENO, buf, (size_t)n); /* nobody left to tell */
		return;
	}
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	loop_remove(s->output);
	s->output = NULL;
}

/* What the program wrote just before it ended is still in the pty. */
static void drain_output(struct session *s)
{
	int flags = fcntl(s->master, F_GETFL);

	(void)fcntl(s->master, F_SETFL, flags | O_NONBLOCK); /* at worst one more wait */
	for (;;) {
		char buf[4096];
		ssize_t n = read(s->master, buf, sizeof(buf));

		if (n <= 0)
			break;
		(void)fs_write_all(STDOUT_FILENO, buf, (size_t)n); /* nobody left to tell */
	}
}

static int watch(struct session *s, struct error **err)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH };

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		int r = loop_add_signal(s->loop, signals[i], on_signal, s, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static void make_raw(struct session *s)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &s->saved) < 0)
		return;
	raw = s->saved;
	cfmakeraw(&raw);
	s->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

static int run_session(struct session *s, bool interactive, struct error **err)
{
	(void)loop_add_fd(s->loop, s->program.pidfd, EPOLLIN, on_exit_of_program, s);
	if (s->master >= 0) {
		s->output = loop_add_fd(s->loop, s->master, EPOLLIN, on_output, s);
		struct stat st;
		/* epoll takes no regular files; a terminal session has no use for one anyway. */
		bool can_watch = fstat(STDIN_FILENO, &st) == 0 && !S_ISREG(st.st_mode) &&
				 !(S_ISCHR(st.st_mode) && isatty(STDIN_FILENO) != 1);

		if (interactive && can_watch) {
			make_raw(s);
			s->input = loop_add_fd(s->loop, STDIN_FILENO, EPOLLIN, on_input, s);
		}
	}
	int r = loop_run(s->loop, err);

	if (r == 0 && s->master >= 0)
		drain_output(s);
	if (s->raw)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &s->saved); /* the terminal may be gone */
	return r < 0 ? r : s->status;
}

static void fill_process(const struct container_info *c, const struct exec_request *request,
			 struct container_process *p)
{
	const struct stack_service *service = &c->service;
	const char *user = request->user ? request->user : service->user;
	const char *dir = request->working_dir ? request->working_dir : service->working_dir;

	*p = (struct container_process){ .cwd = dir && *dir ? dir : "/",
					 .user = user ? user : "",
					 .tty = request->tty,
					 .fds = { -1, STDOUT_FILENO, STDERR_FILENO },
					 .capabilities = service->capabilities,
					 .no_new_privileges = service->no_new_privileges,
					 .seccomp_unconfined = service->seccomp_unconfined,
					 .privileged = service->privileged || request->privileged };
	for (char *const *a = request->argv; *a; a++)
		strv_add(&p->argv, *a);
	strv_add_all(&p->env, &service->env);
	for (size_t i = 0; i < request->env->count; i++) {
		str name, value;

		if (str_split_once(str_from(request->env->items[i]), '=', &name, &value))
			strv_set_variable(&p->env, name, value);
		else if (getenv(request->env->items[i]))
			strv_set_variable(&p->env, str_from(request->env->items[i]),
					  str_from(getenv(request->env->items[i])));
	}
	strv_add_all(&p->groups, &service->groups);
}

static int open_terminal(struct container_process *p, int *ret_master, int *ret_slave,
			 struct error **err)
{
	struct winsize ws = { .ws_row = 24, .ws_col = 80 };

	(void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws); /* the default does where there is none */
	int r = container_open_pty(ws.ws_row, ws.ws_col, ret_master, ret_slave, err);

	if (r == 0)
		p->fds[0] = p->fds[1] = p->fds[2] = *ret_slave;
	return r;
}

static int start(const struct container_info *c, const struct exec_request *request,
		 struct session *s, struct error **err)
{
	struct container_process process;
	struct container_running target = c->state.process;
	CLEANUP_FD int slave = -1;
	CLEANUP_FD int pidfd = process_open(target.pid, target.start_time);
	int r = 0;

	if (pidfd < 0)
		return error_new(err, ERR_NOT_FOUND, "container '%s' is not running",
				 c->service.container_name);
	target.pidfd = pidfd;
	fill_process(c, request, &process);
	if (request->tty)
		r = open_terminal(&process, &s->master, &slave, err);
	else if (request->interactive)
		process.fds[0] = STDIN_FILENO;
	if (request->detach)
		process.fds[1] = process.fds[2] = -1;
	if (r == 0)
		r = container_exec(&target, c->id, &process, &s->program, err);
	strv_fini(&process.argv);
	strv_fini(&process.env);
	strv_fini(&process.groups);
	return r;
}

int containers_exec(const struct container_info *c, const struct exec_request *request,
		    struct error **err)
{
	CLEANUP(loop) struct loop *loop = loop_new(err);
	struct session s = { .loop = loop, .master = -1, .program = { .pidfd = -1 } };
	int r;

	if (!loop)
		return -(int)error_code(*err);
	if (c->state.status != CONTAINER_RUNNING)
		return error_new(err, ERR_NOT_FOUND, "container '%s' is not running (%s)",
				 c->service.container_name, container_status_name(c->state.status));
	/* Signals are caught before the start, so that none of them is lost or kills only us. */
	r = request->detach ? 0 : watch(&s, err);
	if (r == 0)
		r = start(c, request, &s, err);
	if (r == 0 && !request->detach)
		r = run_session(&s, request->interactive, err);
	close_fd(s.master);
	close_fd(s.program.pidfd);
	return r;
}

static int run_exec(struct cli *cli, const struct arguments *args, struct error **err)
{
	CLEANUP(container_info) struct container_info *c = NULL;
	struct exec_request request = {
		.user = args_value(args, "user"),
		.working_dir = args_value(args, "workdir"),
		.env = args_values(args, "env"),
		.tty = args_switch(args, "tty"),
		.interactive = args_switch(args, "interactive"),
		.detach = args_switch(args, "detach"),
		.privileged = args_switch(args, "privileged"),
		.argv = args->positional.items + 1,
	};
	struct engine *engine;
	int r = cli_engine(cli, &engine, err);

	if (r == 0)
		r = stack_find(engine, args->positional.items[0], &c, err);
	return r < 0 ? r : containers_exec(c, &request, err);
}

static const struct option exec_options[] = {
	{ 'd', "detach", NULL, "Do not wait for it", false },
	{ 'i', "interactive", NULL, "Attach standard input", false },
	{ 't', "tty", NULL, "Give it a terminal", false },
	{ 'e', "env", "KEY[=VALUE]", "Set a variable", true },
	{ 'u', "user", "USER[:GROUP]", "Run as this user", false },
	{ 'w', "workdir", "DIR", "Working directory", false },
	{ 0, "privileged", NULL, "All capabilities", false },
	{ 0, NULL, NULL, NULL, false },
};

const struct command command_exec = {
	.name = "exec", .usage = "[OPTIONS] CONTAINER PROGRAM [ARGUMENT...]",
	.summary = "Run a program in a running container", .options = exec_options, .min_args = 2,
	.max_args = -1, .stop_at_positional = true, .failure_status = 125, .run = run_exec,
};
