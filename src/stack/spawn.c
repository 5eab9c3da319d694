/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor is our grandchild, in a session of its own, with nothing of ours but what this
 * program opened itself: no terminal, no pipes of the caller's, which would never see their end
 * otherwise.
 */
#include "spawn.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "control.h"

/** struct birth - What the new process needs */
struct birth {
	const struct engine *engine;
	const char *project;
	int dir_fd, start_fd, lock_fd, listen_fd, first_fd;
};

/* All of ours are close-on-exec; those that are not were there before us. */
static void close_foreign(void)
{
	DIR *d = opendir("/proc/self/fd");
	uint64_t fd;

	if (!d)
		return;
	for (struct dirent *e; (e = readdir(d));) {
		if (!str_to_u64(str_from(e->d_name), INT32_MAX, &fd) || fd <= STDERR_FILENO)
			continue;
		int flags = fcntl((int)fd, F_GETFD);

		if (flags >= 0 && !(flags & FD_CLOEXEC))
			close_fd((int)fd);
	}
	(void)closedir(d);
}

static void leave_caller(void)
{
	CLEANUP_FD int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	for (int fd = 0; null >= 0 && fd <= STDERR_FILENO; fd++)
		(void)dup2(null, fd); /* fails on EBUSY only, which a single thread never sees */
	close_foreign();
	if (chdir("/") < 0)
		return; /* then a directory stays busy a little longer */
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL); /* a set of our own */
}

static void send_failure(int fd, const struct error *err)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP_JSON json_t *j = message_from_error(err);

	message_add_line(j, &text);
	(void)send(fd, text.ptr, text.len, MSG_NOSIGNAL); /* nobody left to tell otherwise */
}

static void __attribute__((noreturn)) live(const struct birth *b)
{
	struct supervisor *s = NULL;
	CLEANUP(error) struct error *err = NULL;

	leave_caller();
	close_fd(b->start_fd);
	store_release(b->engine->store);
	if (supervisor_new(b->engine, b->project, b->dir_fd, b->lock_fd, &s, &err) < 0 ||
	    supervisor_load(s, &err) < 0) {
		send_failure(b->first_fd, err);
		_exit(1);
	}
	s->control = control_new(s, b->listen_fd, b->first_fd);
	supervisor_main(s);
}

static int fork_twice(const struct birth *b, struct error **err)
{
	pid_t pid = fork();
	int status = 0;

	if (pid < 0)
		return error_errno(err, "fork");
	if (pid == 0) {
		(void)setsid(); /* fails for a group leader only, which a fresh child is not */
		pid = fork();
		if (pid == 0)
			live(b);
		_exit(pid < 0);
	}
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return error_errno(err, "wait for the new supervisor");
	}
	return status == 0 ? 0 : error_new(err, ERR_IO, "the supervisor could not be forked");
}

static int give_birth(struct birth *b, struct error **err)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return error_errno(err, "make a socket pair");
	CLEANUP_FD int theirs = pair[1], ours = pair[0];

	if (fcntl(theirs, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
		return error_errno(err, "prepare a socket");
	b->first_fd = theirs;
	int r = fork_twice(b, err);

	return r < 0 ? r : STEAL_FD(&ours);
}

int spawn_supervisor(const struct engine *e, const char *project, int dir_fd, int start_fd,
		     struct error **err)
{
	/* Held by one that ends: it has let go of its socket and needs a moment more. */
	CLEANUP_FD int lock = fs_lock_at(dir_fd, "lock", FS_LOCK_EXCLUSIVE, true, err);
	CLEANUP_FD int listener = lock < 0 ? -1 : control_listen(dir_fd, err);
	struct birth b = { .engine = e,
			   .project = project,
			   .dir_fd = dir_fd,
			   .start_fd = start_fd,
			   .lock_fd = lock,
			   .listen_fd = listener };

	return listener < 0 ? -(int)error_code(*err) : give_birth(&b, err);
}
