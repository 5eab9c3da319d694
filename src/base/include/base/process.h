/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes of the host: pidfds, identities that survive pid reuse, running a helper program.
 */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/strv.h"

/** process_start_time() - Field 22 of /proc/PID/stat (clock ticks since boot); 0: no such process
 */
uint64_t process_start_time(pid_t pid);

/**
 * process_open() - pidfd of exactly that process
 * @start_time: as recorded when it was started; a reused pid gives -ESRCH
 * Return: descriptor or negative errno
 */
int process_open(pid_t pid, uint64_t start_time);

/** process_signal() - pidfd_send_signal(); 0 or negative errno */
int process_signal(int pidfd, int signo);

/** process_wait() - waitid(P_PIDFD): exit status, 128+signal when killed, or negative errno */
int process_wait(int pidfd);

/**
 * process_run() - Run a host program found in PATH and wait
 * @argv: argv[0] is looked up; no shell
 * @stdout_fd: its standard output, -1: ours; standard error is always ours; no signal is blocked
 * Return: 0, -ERR_NOT_FOUND when there is no such program, -ERR_FAILED with error_status()
 */
int process_run(const struct strv *argv, int stdout_fd, struct error **err);

#endif
