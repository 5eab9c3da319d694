/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One epoll loop: descriptors (pidfds, sockets, FIFOs), timers on the monotonic clock, signals.
 *
 * Callbacks may add and remove any source, their own included.
 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <signal.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/error.h"

struct loop;
struct loop_source;

typedef void (*loop_fd_fn)(void *ctx, int fd, uint32_t events);
typedef void (*loop_timer_fn)(void *ctx);
typedef void (*loop_signal_fn)(void *ctx, const siginfo_t *info);

struct loop *loop_new(struct error **err);
void loop_free(struct loop *l);
DEFINE_CLEANUP(loop, loop_free);

/**
 * loop_add_fd() - Call @fn when @events (EPOLLIN...) happen; the descriptor stays the caller's
 * Regular files and /dev/null cannot be watched: that aborts, as does adding a descriptor twice.
 */
struct loop_source *loop_add_fd(struct loop *l, int fd, uint32_t events, loop_fd_fn fn, void *ctx);

/** loop_change_fd() - Watch other events on the same descriptor */
void loop_change_fd(struct loop_source *s, uint32_t events);

/**
 * loop_add_timer() - Call @fn once at monotonic time @at; the source is gone when @fn runs
 * Timers that are due together run in the order of their times, equal ones as they were added.
 */
struct loop_source *loop_add_timer(struct loop *l, usec_t at, loop_timer_fn fn, void *ctx);

/** loop_add_signal() - Block @signo and receive it here; unblocked again by loop_free() */
int loop_add_signal(struct loop *l, int signo, loop_signal_fn fn, void *ctx, struct error **err);

/** loop_remove() - Remove a descriptor (before it is closed) or timer source; NULL is ignored */
void loop_remove(struct loop_source *s);

/** loop_run() - Until loop_stop() */
int loop_run(struct loop *l, struct error **err);
void loop_stop(struct loop *l);

/** loop_run_once() - One wait of at most @timeout (negative: no limit) and its callbacks */
int loop_run_once(struct loop *l, usec_t timeout, struct error **err);

/** loop_restore_signals() - In a forked child: restore the signal mask that loop_new() found */
void loop_restore_signals(const struct loop *l);

#endif
