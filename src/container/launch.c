/* SPDX-License-Identifier: Apache-2.0 */
/* The parent's side: host paths are opened, the child is cloned, and let through its gates. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "base/fs.h"
#include "base/process.h"
#include "launch.h"
#include "mount_call.h"

/** struct start - One container_start() under way */
struct start {
	const struct container_spec *spec;
	const struct container_hooks *hooks;
	struct launch_plan *plan;
	struct launch launch;
};

/*
 * All namespaces belong to the initial user namespace. Two come later, in the child: the network's,
 * because it takes long, and the cgroups', because it must be in its groups before.
 */
enum { START_NAMESPACES = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC };

static bool has_own_network(const struct container_spec *spec)
{
	return spec->network == CONTAINER_NETWORK_NONE || spec->network == CONTAINER_NETWORK_OWN;
}

static int open_bind(const struct container_spec *spec, struct launch_op *op, struct error **err)
{
	bool recursive = op->flags & LAUNCH_FLAG_RECURSIVE;

	if (op->flags & LAUNCH_FLAG_TTY)
		op->fd = mount_call_open_tree(spec->process.fds[0], "", false);
	else
		op->fd = mount_call_open_tree(AT_FDCWD, op->source, recursive);
	if (op->fd < 0)
		return error_errno(err, "open mount source '%s' for '%s'", op->source, op->target);
	if (mount_call_set(op->fd, op->attr, true, recursive) < 0)
		return error_errno(err, "set the options of mount '%s' for '%s'", op->source,
				   op->target);
	return 0;
}

/* From here on it does not matter what happens to the names (CVE-2026-42306, CVE-2024-0132). */
static int open_sources(const struct container_spec *spec, struct launch_plan *plan,
			struct error **err)
{
	for (size_t i = 0; i < plan->count; i++) {
		struct launch_op *op = &plan->ops[i];
		int r = 0;

		if (op->kind == LAUNCH_OP_BIND) {
			r = open_bind(spec, op, err);
		} else if (op->kind == LAUNCH_OP_COPY_UP) {
			op->fd = open(op->source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			if (op->fd < 0)
				r = error_errno(err, "open volume '%s' for '%s'", op->source,
						op->target);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static void close_sources(struct launch_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		if (plan->ops[i].kind == LAUNCH_OP_BIND || plan->ops[i].kind == LAUNCH_OP_COPY_UP)
			close_fd(plan->ops[i].fd);
	}
}

void launch_init_child(struct child *c, const struct launch_plan *plan,
		       const struct container_process *process)
{
	size_t n = process->env.count;
	const char *path = strv_find_variable(&process->env, STR("PATH"));

	*c = (struct child){.plan = plan, .process = process};
	c->init_fd = c->root_fd = c->proc_fd = c->dev_fd = c->mask_fd = c->late_proc_fd = -1;
	c->path = path && path[0] ? path : LAUNCH_DEFAULT_PATH;
	c->env = arena_alloc(plan->arena, (n + 2) * sizeof(*c->env)); /* HOME and the end */
	if (n)
		memcpy(c->env, process->env.items, n * sizeof(*c->env));
	c->env_count = n;
	seccomp_default_filter(process->capabilities, &c->filter);
}

static char *const *init_argv(struct arena *arena, const struct strv *argv)
{
	char **all = arena_alloc(arena, (argv->count + 3) * sizeof(*all));

	all[0] = arena_strdup(arena, STR("/sbin/firkin-init"));
	all[1] = arena_strdup(arena, STR("--"));
	memcpy(all + 2, argv->items, argv->count * sizeof(*all));
	return all;
}

static void init_start_child(struct child *c, const struct start *s, int init_fd)
{
	const struct cgroup_limits *limits = &s->spec->limits;
	struct statfs fs;

	launch_init_child(c, s->plan, &s->spec->process);
	c->root = &s->spec->root;
	c->init_fd = init_fd;
	c->tell_network = s->hooks && s->hooks->on_created;
	c->init_argv = init_argv(s->plan->arena, &s->spec->process.argv);
	c->label = arena_printf(s->plan->arena, "firkin.%.64s", s->spec->id);
	c->cgroup_v2 = statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
	c->controllers = (uint64_t)(limits->memory_max_bytes || limits->memory_low_bytes) |
			 (uint64_t)(limits->cpu_quota_us_per_100ms || limits->cpu_shares) << 1 |
			 (uint64_t)(limits->pids_max > 0) << 2;
}

/* The child sees nothing of our signals: it starts with all of them blocked. */
static pid_t clone_child(struct launch *l, int *ret_pidfd)
{
	struct clone_args args = {
		.flags = l->namespaces | CLONE_PIDFD | (l->cgroup_fd >= 0 ? CLONE_INTO_CGROUP : 0),
		.pidfd = (uint64_t)(uintptr_t)ret_pidfd,
		.exit_signal = SIGCHLD,
		.cgroup = l->cgroup_fd >= 0 ? (uint64_t)l->cgroup_fd : 0,
	};
	sigset_t all, old;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &old);
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

	/* A group that takes nobody this way (a threaded tree) may do so when asked to join. */
	if (pid < 0 && args.flags & CLONE_INTO_CGROUP && (errno == EBUSY || errno == EOPNOTSUPP)) {
		args.flags &= ~(uint64_t)CLONE_INTO_CGROUP;
		pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	}
	if (pid == 0)
		child_main(l->child);
	int saved = errno;

	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	errno = saved;
	return pid;
}

int launch_clone(struct launch *l, struct error **err)
{
	int pair[2];

	l->running.pidfd = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_errno(err, "make a socket pair");
	l->sync_fd = pair[0];
	l->child->sync_fd = pair[1];
	l->running.pid = clone_child(l, &l->running.pidfd);
	int saved = errno;

	close_fd(pair[1]); /* the child's copy is the last one: end of file means executed */
	errno = saved;
	if (l->running.pid < 0) {
		(void)error_errno(err, "clone a process into new namespaces");
		close_fd(STEAL_FD(&l->sync_fd));
		return -(int)error_code(*err);
	}
	return 0;
}

void launch_send(const struct launch *l, char gate)
{
	(void)send(l->sync_fd, &gate, 1, MSG_NOSIGNAL);
}

void launch_send_root(const struct launch *l, int root_fd)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
	char byte = 'r';
	struct iovec data = {&byte, 1};
	struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};

	if (root_fd >= 0) {
		message.msg_control = control;
		message.msg_controllen = sizeof(control);
		struct cmsghdr *head = CMSG_FIRSTHDR(&message);

		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(head), &root_fd, sizeof(root_fd));
	}
	(void)sendmsg(l->sync_fd, &message, MSG_NOSIGNAL);
}

/* Of a socket whose other end died with a gate unread, the first answer is an error, once. */
static ssize_t receive(const struct launch *l, struct launch_failure *ret_failure, int flags)
{
	for (int resets = 0;;) {
		ssize_t n = recv(l->sync_fd, ret_failure, sizeof(*ret_failure), flags);

		if (n >= 0 || (errno != EINTR && (errno != ECONNRESET || ++resets > 1)))
			return n;
	}
}

int launch_wait_network(const struct launch *l, struct error **err)
{
	struct launch_failure failure;
	ssize_t n = receive(l, &failure, 0);

	if (n == 1)
		return 0;
	if (n == (ssize_t)sizeof(failure))
		return launch_report(&failure, err);
	return error_new(err, ERR_FAILED, "the container ended before it had a network");
}

int launch_wait(const struct launch *l, struct error **err)
{
	struct launch_failure failure;
	ssize_t n = receive(l, &failure, 0);

	if (n == 0)
		return 0;
	if (n == (ssize_t)sizeof(failure))
		return launch_report(&failure, err);
	return error_errno(err, "wait for the container's program");
}

int launch_prefer_child(const struct launch *l, int r, struct error **err)
{
	struct launch_failure failure;
	ssize_t n;

	do {
		n = receive(l, &failure, MSG_DONTWAIT);
	} while (n == 1); /* 'n', which nobody waited for any more */
	if (n != (ssize_t)sizeof(failure))
		return r;
	error_free(STEAL_PTR(err));
	return launch_report(&failure, err);
}

void launch_abort(struct launch *l)
{
	if (l->running.pidfd < 0)
		return;
	(void)process_signal(l->running.pidfd, SIGKILL);
	(void)process_wait(l->running.pidfd);
	close_fd(STEAL_FD(&l->running.pidfd));
}

static void warn(const struct start *s, const char *text)
{
	if (s->hooks && s->hooks->warn)
		s->hooks->warn(s->hooks->ctx, text);
}

static rlim_t to_rlim(int64_t value)
{
	return value < 0 ? RLIM_INFINITY : (rlim_t)value;
}

/* From outside, so that small limits do not hinder the child while it still mounts. */
static int set_rlimits(const struct start *s, struct error **err)
{
	pid_t pid = s->launch.running.pid;

	for (size_t i = 0; i < s->spec->rlimit_count; i++) {
		const struct container_rlimit *want = &s->spec->rlimits[i];
		struct rlimit limit = {to_rlim(want->soft), to_rlim(want->hard)}, now;

		if (prlimit(pid, (__rlimit_resource_t)want->resource, &limit, NULL) == 0)
			continue;
		if (errno != EPERM ||
		    prlimit(pid, (__rlimit_resource_t)want->resource, NULL, &now) < 0)
			return error_errno(err, "set resource limit %d", want->resource);
		limit.rlim_max = now.rlim_max;
		if (limit.rlim_cur > now.rlim_max)
			limit.rlim_cur = now.rlim_max;
		if (prlimit(pid, (__rlimit_resource_t)want->resource, &limit, NULL) < 0)
			return error_errno(err, "set resource limit %d", want->resource);
		warn(s, "a hard resource limit could not be raised; it stays as it is on the host");
	}
	return 0;
}

static void set_oom_score(const struct start *s)
{
	char path[48], text[16];

	if (!s->spec->has_oom_score_adj)
		return;
	(void)snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)s->launch.running.pid);
	int len = snprintf(text, sizeof(text), "%d", s->spec->oom_score_adj);
	CLEANUP_FD int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, (size_t)len) < 0)
		warn(s, "oom_score_adj could not be lowered; it stays as it is on the host");
}

static int call_on_created(const struct start *s, struct error **err)
{
	CLEANUP_FD int netns = -1;
	char path[48];

	if (!s->hooks || !s->hooks->on_created)
		return 0;
	if (has_own_network(s->spec)) {
		int r = launch_wait_network(&s->launch, err);

		if (r < 0)
			return r;
		(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)s->launch.running.pid);
		netns = open(path, O_RDONLY | O_CLOEXEC);
		if (netns < 0)
			return error_errno(err, "open the container's network namespace");
	}
	return s->hooks->on_created(s->hooks->ctx, &s->launch.running, netns, err);
}

static void send_root(const struct start *s)
{
	CLEANUP_FD int fd = root_open(&s->spec->root);

	launch_send_root(&s->launch, fd);
}

static int run_parent(struct start *s, struct error **err)
{
	send_root(s);
	int r = cgroup_join(s->spec->id, s->launch.running.pid, err);

	s->launch.running.start_time = process_start_time(s->launch.running.pid);
	if (r == 0) {
		launch_send(&s->launch, 'j');
		r = call_on_created(s, err);
	}
	if (r == 0)
		r = set_rlimits(s, err);
	if (r < 0) /* perhaps only because the child is gone, which then said why */
		return launch_prefer_child(&s->launch, r, err);
	set_oom_score(s);
	launch_send(&s->launch, 'g');
	return launch_wait(&s->launch, err);
}

static int start_in_group(struct start *s, int init_fd, struct error **err)
{
	struct child child;

	init_start_child(&child, s, init_fd);
	s->launch.child = &child;
	int r = launch_clone(&s->launch, err);

	if (r < 0)
		return r;
	r = run_parent(s, err);
	close_fd(s->launch.sync_fd);
	if (r < 0)
		launch_abort(&s->launch);
	return r;
}

int container_start(const struct container_spec *spec, int init_fd,
		    const struct container_hooks *hooks, struct container_running *ret_running,
		    struct error **err)
{
	CLEANUP(arena) struct arena *arena = arena_new();
	struct launch_plan plan = {.arena = arena};
	struct start s = {.spec = spec, .hooks = hooks, .plan = &plan};
	CLEANUP_FD int cgroup_fd = -1;
	int r = plan_container(&plan, spec, err);

	if (r == 0)
		r = open_sources(spec, &plan, err);
	if (r == 0)
		r = cgroup_create(spec->id, &spec->limits,
				  spec->process.privileged || spec->bind_dev, &cgroup_fd, err);
	if (r == 0) {
		s.launch.namespaces = START_NAMESPACES;
		s.launch.cgroup_fd = cgroup_fd;
		r = start_in_group(&s, init_fd, err);
		if (r < 0) {
			CLEANUP(error) struct error *ignored = NULL; /* the first one counts */

			(void)cgroup_remove(spec->id, &ignored);
		}
	}
	close_sources(&plan);
	if (r == 0)
		*ret_running = s.launch.running;
	return r;
}

int container_cleanup(const struct container_spec *spec, struct error **err)
{
	/* What was mounted went with the mount namespace, which went with the last process. */
	return cgroup_remove(spec->id, err);
}
