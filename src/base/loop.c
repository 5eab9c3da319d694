/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop.
 *
 * Removal during dispatch: a removed source is only marked dead and freed when no events that could
 * still name it are pending, at the end of the round.
 */
#include "base/loop.h"

#include <errno.h>
#include <sys/signalfd.h>

enum source_kind { SOURCE_FD, SOURCE_TIMER };

struct loop_source {
	struct loop *loop;
	struct loop_source *next;
	enum source_kind kind;
	bool dead;
	int fd;
	usec_t at;
	uint64_t serial;
	loop_fd_fn on_fd;
	loop_timer_fn on_timer;
	void *ctx;
};

struct signal_handler {
	loop_signal_fn fn;
	void *ctx;
};

struct loop {
	int epoll_fd, signal_fd;
	bool stopped;
	sigset_t original, watched;
	struct loop_source *sources; /* both kinds; few enough to walk */
	uint64_t next_serial;
	struct signal_handler handlers[_NSIG];
};

struct loop *loop_new(struct error **err)
{
	struct loop *l = x_alloc(sizeof(*l));

	l->signal_fd = -1;
	(void)sigemptyset(&l->watched);
	(void)sigprocmask(SIG_SETMASK, NULL, &l->original);
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll_fd < 0) {
		(void)error_errno(err, "create event loop");
		free(l);
		return NULL;
	}
	return l;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	while (l->sources) {
		struct loop_source *next = l->sources->next;

		free(l->sources);
		l->sources = next;
	}
	close_fd(l->epoll_fd);
	close_fd(l->signal_fd);
	loop_restore_signals(l);
	free(l);
}

void loop_restore_signals(const struct loop *l)
{
	(void)sigprocmask(SIG_SETMASK, &l->original, NULL); /* a mask we read ourselves */
}

static struct loop_source *add_source(struct loop *l, struct loop_source source)
{
	struct loop_source *s = x_alloc(sizeof(*s));

	*s = source;
	s->loop = l;
	s->serial = l->next_serial++;
	s->next = l->sources;
	l->sources = s;
	return s;
}

struct loop_source *loop_add_fd(struct loop *l, int fd, uint32_t events, loop_fd_fn fn, void *ctx)
{
	struct loop_source *s = add_source(
		l, (struct loop_source){.kind = SOURCE_FD, .fd = fd, .on_fd = fn, .ctx = ctx});
	struct epoll_event ev = {.events = events, .data.ptr = s};

	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0)
		abort(); /* only our own mistakes (closed or doubly added descriptor) end here */
	return s;
}

void loop_change_fd(struct loop_source *s, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = s};

	(void)epoll_ctl(s->loop->epoll_fd, EPOLL_CTL_MOD, s->fd, &ev); /* it was added above */
}

struct loop_source *loop_add_timer(struct loop *l, usec_t at, loop_timer_fn fn, void *ctx)
{
	return add_source(l, (struct loop_source){
				     .kind = SOURCE_TIMER, .at = at, .on_timer = fn, .ctx = ctx});
}

void loop_remove(struct loop_source *s)
{
	if (!s || s->dead)
		return;
	s->dead = true;
	if (s->kind == SOURCE_FD)
		(void)epoll_ctl(s->loop->epoll_fd, EPOLL_CTL_DEL, s->fd, NULL); /* may be closed */
}

static void read_signals(void *ctx, int fd, uint32_t events)
{
	struct loop *l = ctx;
	struct signalfd_siginfo si;

	(void)events;
	while (read(fd, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		siginfo_t info = {.si_signo = (int)si.ssi_signo, .si_code = si.ssi_code};

		info.si_pid = (pid_t)si.ssi_pid;
		info.si_uid = si.ssi_uid;
		if (si.ssi_signo < _NSIG && l->handlers[si.ssi_signo].fn)
			l->handlers[si.ssi_signo].fn(l->handlers[si.ssi_signo].ctx, &info);
	}
}

int loop_add_signal(struct loop *l, int signo, loop_signal_fn fn, void *ctx, struct error **err)
{
	bool first = l->signal_fd < 0;

	(void)sigaddset(&l->watched, signo);
	(void)sigprocmask(SIG_BLOCK, &l->watched, NULL);
	int fd = signalfd(l->signal_fd, &l->watched, SFD_CLOEXEC | SFD_NONBLOCK);

	if (fd < 0)
		return error_errno(err, "watch signal %d", signo);
	l->signal_fd = fd;
	l->handlers[signo] = (struct signal_handler){fn, ctx};
	if (first)
		(void)loop_add_fd(l, l->signal_fd, EPOLLIN, read_signals, l);
	return 0;
}

static void free_dead(struct loop *l)
{
	for (struct loop_source **p = &l->sources; *p;) {
		struct loop_source *s = *p;

		if (s->dead) {
			*p = s->next;
			free(s);
		} else {
			p = &s->next;
		}
	}
}

/* Microseconds until the earliest timer, at most @limit (negative: none). */
static usec_t time_to_wait(const struct loop *l, usec_t limit)
{
	usec_t now = clock_monotonic(), wait = limit;

	for (const struct loop_source *s = l->sources; s; s = s->next) {
		if (s->dead || s->kind != SOURCE_TIMER)
			continue;
		usec_t left = s->at > now ? s->at - now : 0;

		if (wait < 0 || left < wait)
			wait = left;
	}
	return wait;
}

/* The timer that is due first, of those older than @serial. */
static struct loop_source *next_timer(const struct loop *l, usec_t now, uint64_t serial)
{
	struct loop_source *first = NULL;

	for (struct loop_source *s = l->sources; s; s = s->next) {
		if (s->dead || s->kind != SOURCE_TIMER || s->at > now || s->serial >= serial)
			continue;
		if (!first || s->at < first->at ||
		    (s->at == first->at && s->serial < first->serial))
			first = s;
	}
	return first;
}

/* In the order of their times. Timers that callbacks add wait for the next round. */
static void run_timers(struct loop *l)
{
	usec_t now = clock_monotonic();
	uint64_t serial = l->next_serial;

	for (struct loop_source *s; (s = next_timer(l, now, serial));) {
		s->dead = true;
		s->on_timer(s->ctx);
	}
}

int loop_run_once(struct loop *l, usec_t timeout, struct error **err)
{
	struct epoll_event events[64];
	usec_t wait = time_to_wait(l, timeout);
	struct timespec ts = {wait / USEC_PER_SEC, wait % USEC_PER_SEC * 1000};
	int n = epoll_pwait2(l->epoll_fd, events, ARRAY_SIZE(events), wait < 0 ? NULL : &ts, NULL);

	if (n < 0 && errno != EINTR)
		return error_errno(err, "wait for events");
	for (int i = 0; i < n; i++) {
		struct loop_source *s = events[i].data.ptr;

		if (!s->dead)
			s->on_fd(s->ctx, s->fd, events[i].events);
	}
	run_timers(l);
	free_dead(l);
	return 0;
}

int loop_run(struct loop *l, struct error **err)
{
	l->stopped = false;
	while (!l->stopped) {
		int r = loop_run_once(l, -1, err);

		if (r < 0)
			return r;
	}
	return 0;
}

void loop_stop(struct loop *l)
{
	l->stopped = true;
}
