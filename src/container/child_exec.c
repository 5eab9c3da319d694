/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding and executing the program, as the user and inside the container, so that what is missing
 * there is said by us, with the statuses that shells use, also when an init stands before it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "launch.h"

static int fail_exec(struct child *c, int status, const char *reason)
{
	(void)launch_fail(&c->failure, ERR_FAILED, "exec '%.200s': %s", c->process->argv.items[0],
			  reason);
	c->failure.status = status;
	return -1;
}

/* 0: can be executed; else errno. */
static int check_program(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return errno;
	if (S_ISDIR(st.st_mode))
		return EISDIR;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? errno : 0;
}

static int search(struct child *c, const char *name)
{
	str rest = str_from(c->path), dir;
	int found = ENOENT;

	while (str_cut(&rest, ':', &dir)) {
		/* An empty part would mean the working directory: nobody wants that here. */
		if (dir.len == 0 || dir.len + strlen(name) + 2 > sizeof(c->program))
			continue;
		memcpy(c->program, dir.ptr, dir.len);
		c->program[dir.len] = '/';
		memcpy(c->program + dir.len + 1, name, strlen(name) + 1);
		int r = check_program(c->program);

		if (r == 0)
			return 0;
		if (r == EACCES)
			found = EACCES;
	}
	return found;
}

static int find_program(struct child *c)
{
	const char *name = c->process->argv.items[0];
	int r;

	if (strchr(name, '/')) {
		if (strlen(name) >= sizeof(c->program))
			return fail_exec(c, LAUNCH_STATUS_NOT_FOUND, "path too long");
		memcpy(c->program, name, strlen(name) + 1);
		r = check_program(name);
		if (r == EACCES || r == EISDIR)
			return fail_exec(c, LAUNCH_STATUS_NOT_EXECUTABLE,
					 r == EISDIR ? "is a directory" : "permission denied");
		return r == 0 ? 0
			      : fail_exec(c, LAUNCH_STATUS_NOT_FOUND,
					  "no such file or directory in the container");
	}
	r = search(c, name);
	if (r == EACCES)
		return fail_exec(c, LAUNCH_STATUS_NOT_EXECUTABLE,
				 "found in the container's PATH, but permission is denied");
	if (r != 0) {
		(void)launch_fail(&c->failure, ERR_FAILED,
				  "exec '%.200s': not found in the container's PATH (%.300s)", name,
				  c->path);
		c->failure.status = LAUNCH_STATUS_NOT_FOUND;
		return -1;
	}
	return 0;
}

static int explain_exec(struct child *c, int error)
{
	switch (error) {
	case ENOENT:
		return fail_exec(c, LAUNCH_STATUS_NOT_FOUND,
				 "its interpreter or loader is missing in the container");
	case ENOEXEC:
		return fail_exec(c, LAUNCH_STATUS_NOT_EXECUTABLE,
				 "exec format error (no #! line, or for another architecture)");
	case EACCES:
	case EPERM:
		return fail_exec(c, LAUNCH_STATUS_NOT_EXECUTABLE, "permission denied");
	default:
		errno = error;
		(void)launch_fail(&c->failure, 0, "exec '%.200s'", c->process->argv.items[0]);
		c->failure.status = LAUNCH_STATUS_NOT_EXECUTABLE;
		return -1;
	}
}

/* Dispositions and mask as after boot: what the caller ignores is not the program's business. */
static void reset_signals(void)
{
	struct sigaction plain = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int signo = 1; signo < NSIG; signo++)
		(void)sigaction(signo, &plain,
				NULL); /* KILL, STOP and the C library's own refuse */
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void add_home(struct child *c)
{
	for (size_t i = 0; i < c->env_count; i++) {
		if (strncmp(c->env[i], "HOME=", 5) == 0)
			return;
	}
	(void)snprintf(c->home, sizeof(c->home), "HOME=%s", c->user.home);
	c->env[c->env_count] = c->home;
}

int child_exec(struct child *c, const struct launch_op *op)
{
	if (find_program(c) < 0)
		return -1;
	add_home(c);
	reset_signals();
	(void)umask(0022);
	if (op->flags & LAUNCH_FLAG_INIT && c->init_fd >= 0) {
		(void)syscall(SYS_execveat, c->init_fd, "", c->init_argv, c->env, AT_EMPTY_PATH);
		return launch_fail(&c->failure, 0, "execute the init program");
	}
	(void)execve(c->program, strv_argv(&c->process->argv), c->env);
	return explain_exec(c, errno);
}
