/* SPDX-License-Identifier: Apache-2.0 */
/* pidfds and helper programs. */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/fs.h"

extern char **environ;

enum { STAT_MAX = 4096, START_TIME_FIELD = 22 };

uint64_t process_start_time(pid_t pid)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(STAT_MAX);
	CLEANUP(error) struct error *ignored = NULL;
	char path[40];
	uint64_t value;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (fs_read_at(AT_FDCWD, path, STAT_MAX, &text, &ignored) < 0)
		return 0;
	/* The name in field 2 may hold spaces and parentheses: count from the last ')'. */
	str rest = strbuf_str(&text), field;
	ptrdiff_t end = str_find_last(rest, ')');

	if (end < 0)
		return 0;
	rest = str_skip(rest, (size_t)end + 2);
	for (int n = 3; str_cut(&rest, ' ', &field); n++) {
		if (n == START_TIME_FIELD)
			return str_to_u64(field, UINT64_MAX, &value) ? value : 0;
	}
	return 0;
}

int process_open(pid_t pid, uint64_t start_time)
{
	CLEANUP_FD int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (fd < 0)
		return -errno;
	/* Checked after opening: from here on the number cannot be reused behind our back. */
	if (process_start_time(pid) != start_time)
		return -ESRCH;
	return STEAL_FD(&fd);
}

int process_signal(int pidfd, int signo)
{
	return syscall(SYS_pidfd_send_signal, pidfd, signo, NULL, 0) < 0 ? -errno : 0;
}

int process_wait(int pidfd)
{
	siginfo_t info = {0};

	while (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

/* The program gets neither our blocked signals (the loop reads them) nor an ignored SIGPIPE. */
static int start(const struct strv *argv, int stdout_fd, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, normal;

	(void)sigemptyset(&none);
	(void)sigemptyset(&normal);
	(void)sigaddset(&normal, SIGPIPE);
	/* In glibc none of these can fail; what they change is memory of ours. */
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawnattr_init(&attributes);
	(void)posix_spawnattr_setsigmask(&attributes, &none);
	(void)posix_spawnattr_setsigdefault(&attributes, &normal);
	(void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	int r = stdout_fd < 0
			? 0
			: posix_spawn_file_actions_adddup2(&actions, stdout_fd, STDOUT_FILENO);

	if (r == 0)
		r = posix_spawnp(ret_pid, argv->items[0], &actions, &attributes, argv->items,
				 environ);
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&actions);
	return r;
}

int process_run(const struct strv *argv, int stdout_fd, struct error **err)
{
	pid_t pid = -1;
	int status = 0;

	errno = start(argv, stdout_fd, &pid);
	if (errno != 0)
		return error_errno(err, "run '%s'", argv->items[0]);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return error_errno(err, "wait for '%s'", argv->items[0]);
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);

	(void)error_new(err, ERR_FAILED, "'%s' ended with exit status %d", argv->items[0], code);
	error_set_status(err, code);
	return -ERR_FAILED;
}
