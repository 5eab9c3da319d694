/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The launch plan and the two sides that run it.
 *
 * How it works: plan.c turns a spec into a list of operations without touching the machine.
 * launch.c (the parent) opens every host path named in it, clones, and waits. child.c runs the
 * operations one after the other and ends in execve; it neither allocates nor uses stdio, since it
 * is a bare clone of a process whose state it must not trust. The two talk over one socket pair:
 *
 *	parent                              child
 *	  clone3 ------------------------->  network namespace ('n'), mount tree, names, lo
 *	  root_open (both take as long)
 *	  'r' and the root's descriptor -->  root, /proc, /sys, /dev, binds
 *	  cgroup_join
 *	  'j' ---------------------------->  cgroup namespace and view, masks, pivot_root
 *	  on_created (network), rlimits
 *	  'g' ---------------------------->  sysctls of interfaces, ids, capabilities, filter
 *	  end of file <--------------------  execve closed the socket
 *	  or struct launch_failure <-------  what failed, then exit
 */
#ifndef CONTAINER_LAUNCH_H
#define CONTAINER_LAUNCH_H

#include <sys/types.h>

#include "base/arena.h"
#include "container/container.h"
#include "container/seccomp.h"

enum {
	LAUNCH_MOUNTS_MAX = 1024,
	LAUNCH_LOWERS_MAX = 500,
	LAUNCH_ARGS_MAX = 65536,
	LAUNCH_STATUS_NOT_EXECUTABLE = 126,
	LAUNCH_STATUS_NOT_FOUND = 127,
};

#define LAUNCH_DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Kinds of operations; their names are in plan_format.c, their handlers in child.c. */
enum launch_op_kind {
	LAUNCH_OP_OWN_NETWORK,	  /* a new network namespace */
	LAUNCH_OP_JOIN_NETWORK,	  /* fd: network namespace */
	LAUNCH_OP_JOIN_CONTAINER, /* fd: pidfd of a running container; all its namespaces */
	LAUNCH_OP_SLAVE,	  /* nothing we mount reaches the host */
	LAUNCH_OP_HOSTNAME,	  /* source */
	LAUNCH_OP_DOMAINNAME,	  /* source */
	LAUNCH_OP_LOOPBACK,	  /* interface lo up */
	LAUNCH_OP_ROOT,		  /* waits for 'r'; overlay or bind, from the spec */
	LAUNCH_OP_MOUNT,	  /* source: file system type; options, attr, target */
	LAUNCH_OP_DIRECTORY,	  /* target below /dev */
	LAUNCH_OP_NODE,		  /* target below /dev, mode, device numbers */
	LAUNCH_OP_LINK,		  /* source: text; target below /dev */
	LAUNCH_OP_CGROUP,	  /* waits for 'j', then the container's view of its groups */
	LAUNCH_OP_COPY_UP,	  /* fd: volume directory, filled from target when empty */
	LAUNCH_OP_BIND,		  /* fd: detached clone of source; target, attr */
	LAUNCH_OP_MASK,		  /* target */
	LAUNCH_OP_MASK_CPUS,	  /* target: directory of cpuN, source: name below each */
	LAUNCH_OP_READ_ONLY,	  /* target */
	LAUNCH_OP_SYSCTL,	  /* target: path below /proc/sys, source: value */
	LAUNCH_OP_USER,		  /* ids from the root's own files */
	LAUNCH_OP_WORKDIR,	  /* target: made when missing */
	LAUNCH_OP_ROOT_READ_ONLY,
	LAUNCH_OP_PIVOT,
	LAUNCH_OP_GATE, /* waits for 'g' */
	LAUNCH_OP_STDIO,
	LAUNCH_OP_SESSION, /* flags: LAUNCH_FLAG_TTY */
	LAUNCH_OP_CLOSE_FDS,
	LAUNCH_OP_CHDIR,    /* target */
	LAUNCH_OP_BOUNDING, /* capabilities */
	LAUNCH_OP_SECCOMP,
	LAUNCH_OP_IDS,
	LAUNCH_OP_DIE_WITH_PARENT,
	LAUNCH_OP_NO_NEW_PRIVILEGES,
	LAUNCH_OP_EXEC,
	LAUNCH_OP_COUNT,
};

enum launch_flag {
	LAUNCH_FLAG_PLAIN = 1 << 0,    /* target: a real directory of the root, never a symlink */
	LAUNCH_FLAG_OPTIONAL = 1 << 1, /* the kernel may lack it */
	LAUNCH_FLAG_LATE = 1 << 2, /* through a private procfs: /proc is in the container's hands */
	LAUNCH_FLAG_TTY = 1 << 3,
	LAUNCH_FLAG_INIT = 1 << 4,
	LAUNCH_FLAG_RECURSIVE = 1 << 5,
	LAUNCH_FLAG_OVER_PROC = 1 << 6, /* a file of /proc that may be covered */
	LAUNCH_FLAG_DEV = 1 << 7,	/* becomes child.dev_fd */
	LAUNCH_FLAG_EXISTING = 1 << 8,	/* left out where the target is missing */
};

/** struct launch_op - One operation; the comment at its kind names the fields that it uses */
struct launch_op {
	enum launch_op_kind kind;
	unsigned flags;
	uint64_t attr; /* MOUNT_ATTR_* */
	mode_t mode;
	unsigned major, minor;
	const char *source;
	const char *target;
	const char *options; /* "mode=755,size=65536k" */
	int fd;		     /* opened by the parent, -1: none */
};

/** struct launch_plan - Operations in order; strings live in the arena or in the spec */
struct launch_plan {
	struct arena *arena;
	struct launch_op *ops;
	size_t count;
};

/** plan_container() - Check @spec and plan its launch; pure */
int plan_container(struct launch_plan *plan, const struct container_spec *spec, struct error **err);

/** plan_exec() - Plan one more program inside a container */
int plan_exec(struct launch_plan *plan, const struct container_process *process,
	      struct error **err);

/* plan_check.c: 0 or -ERR_USAGE, -ERR_LIMIT */
int plan_check_spec(const struct container_spec *spec, struct error **err);
int plan_check_process(const struct container_process *p, struct error **err);
int plan_check_mount(const struct container_mount *m, const char *clean, struct error **err);
int plan_check_sysctl(const char *text, enum container_network network, struct error **err);

/** plan_is_coverable() - May a mount cover this file of /proc? */
bool plan_is_coverable(const char *path);

/** struct launch_failure - What the child says when it cannot go on; a fixed size, sent as it is */
struct launch_failure {
	int code;   /* enum error_code; 0: from errnum */
	int status; /* exit status for the user: 126, 127 or 0 */
	int errnum; /* errno or 0 */
	char text[640];
	char hint[160];
};

/** launch_fail() - Fill @f; @code 0: derived from errno, which is appended; returns -1 */
int launch_fail(struct launch_failure *f, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** launch_report() - Make an error from what the child said; returns its negative code */
int launch_report(const struct launch_failure *f, struct error **err);

/* target.c: mount points and working directories inside a hostile root. */

enum target_kind { TARGET_DIRECTORY, TARGET_FILE };

/** struct target_rule - How what is missing is made */
struct target_rule {
	enum target_kind kind;
	mode_t mode; /* of made directories */
	uid_t uid;
	gid_t gid;
};

/**
 * target_open() - O_PATH descriptor of @path inside @root_fd, made when it is missing
 * Symlinks are followed inside the root, dangling ones included (what they point to is made).
 * Return: descriptor or negative errno
 */
int target_open(int root_fd, const char *path, const struct target_rule *rule);

/** struct child - State of the interpreter, prepared by the parent, changed only in the child */
struct child {
	const struct launch_plan *plan;
	const struct container_root *root; /* NULL: exec */
	const struct container_process *process;
	struct sock_fprog filter;
	const char *path;  /* the container's PATH, for finding the program and for messages */
	const char *label; /* session keyring */
	char *const *init_argv;
	char **env; /* two free slots at env_count */
	size_t env_count;
	uint64_t controllers; /* bits of v1 controllers that have a group, see child_cgroup.c */
	bool cgroup_v2;
	int sync_fd;
	int init_fd; /* -1: none */
	int root_fd; /* the new root; "/" after the pivot */
	int proc_fd; /* our procfs, before anything could be mounted over it */
	int dev_fd;  /* our tmpfs at /dev, or the host's when privileged */
	int mask_fd; /* the one empty directory that masks all others */
	int late_proc_fd;
	bool tell_network; /* 'n' when there is one */
	bool joined;	   /* 'j' was read */
	bool chdir_again;
	struct container_user user;
	char home[272];
	char program[4096];
	struct launch_failure failure;
};

/** child_main() - Run the plan; never returns */
void child_main(struct child *c) __attribute__((noreturn));

/** child_wait_root() - Read 'r' and what comes with it into @ret_fd (-1: nothing); 0 or -1 */
int child_wait_root(struct child *c, int *ret_fd);

/** child_wait() - Read bytes of the parent's up to @expected; -1 when the parent is gone */
int child_wait(struct child *c, char expected);

/* Operations (child_mount.c, child_cgroup.c, child_process.c): 0, or -1 with c->failure set. */
typedef int (*child_op_fn)(struct child *c, const struct launch_op *op);
int child_slave(struct child *c, const struct launch_op *op);
int child_root(struct child *c, const struct launch_op *op);
int child_mount(struct child *c, const struct launch_op *op);
int child_directory(struct child *c, const struct launch_op *op);
int child_node(struct child *c, const struct launch_op *op);
int child_link(struct child *c, const struct launch_op *op);
int child_copy_up(struct child *c, const struct launch_op *op);
int child_bind(struct child *c, const struct launch_op *op);
int child_mask(struct child *c, const struct launch_op *op);
int child_mask_cpus(struct child *c, const struct launch_op *op);
int child_read_only(struct child *c, const struct launch_op *op);
int child_sysctl(struct child *c, const struct launch_op *op);
int child_root_read_only(struct child *c, const struct launch_op *op);
int child_pivot(struct child *c, const struct launch_op *op);
int child_cgroup(struct child *c, const struct launch_op *op);
int child_user(struct child *c, const struct launch_op *op);
int child_workdir(struct child *c, const struct launch_op *op);
int child_stdio(struct child *c, const struct launch_op *op);
int child_session(struct child *c, const struct launch_op *op);
int child_close_fds(struct child *c, const struct launch_op *op);
int child_chdir(struct child *c, const struct launch_op *op);
int child_bounding(struct child *c, const struct launch_op *op);
int child_seccomp(struct child *c, const struct launch_op *op);
int child_ids(struct child *c, const struct launch_op *op);
int child_die_with_parent(struct child *c, const struct launch_op *op);
int child_no_new_privileges(struct child *c, const struct launch_op *op);
int child_exec(struct child *c, const struct launch_op *op);

/** child_new_mount() - A detached file system of @op's type and options; descriptor or -1 */
int child_new_mount(struct child *c, const struct launch_op *op);

/** child_attach() - Put the detached mount @mount_fd at @op's target, made when missing; 0 or -1 */
int child_attach(struct child *c, const struct launch_op *op, int mount_fd, enum target_kind kind);

/* root.c */

/**
 * root_open() - The overlay of @root, mounted nowhere yet
 * Return: descriptor; -1 when the kernel is too old for it (before 6.7) or for any other reason:
 *         then root_mount() does without it, and says what is wrong
 */
int root_open(const struct container_root *root);

/**
 * root_mount() - Mount @root in this mount namespace; changes the working directory
 * @opened_fd: from root_open(), or -1
 * Return: descriptor (O_PATH), or -1
 */
int root_mount(const struct container_root *root, int opened_fd, struct launch_failure *failure);

/* copy_up.c */

/** copy_up_fill() - Fill directory @to_fd from @from_fd if it is empty; 0 or negative errno */
int copy_up_fill(int from_fd, int to_fd);

/* user.c */

/** user_resolve() - container_resolve_user() without allocation; 0 or -1 */
int user_resolve(int root_fd, const char *text, const struct strv *extra_groups,
		 struct container_user *ret_user, struct launch_failure *failure);

/* launch.c */

/** struct launch - The parent's side of one clone */
struct launch {
	struct child *child;
	int cgroup_fd;	     /* -1: not cloned into a group */
	uint64_t namespaces; /* CLONE_NEW* */
	struct container_running running;
	int sync_fd;
};

/** launch_clone() - Clone and, in the child, run the plan; fills running and sync_fd */
int launch_clone(struct launch *l, struct error **err);

/** launch_send_root() - 'r' with the descriptor of the root, -1: none */
void launch_send_root(const struct launch *l, int root_fd);

/** launch_send() - Let the child pass a gate; a dead child is noticed by launch_wait() */
void launch_send(const struct launch *l, char gate);

/** launch_wait_network() - Until the child has its network namespace or says why not */
int launch_wait_network(const struct launch *l, struct error **err);

/** launch_wait() - Until the program is executed or the child says why not */
int launch_wait(const struct launch *l, struct error **err);

/** launch_prefer_child() - When the child has said why it failed, that replaces @err's reason @r */
int launch_prefer_child(const struct launch *l, int r, struct error **err);

/** launch_abort() - Kill and reap the child; the failure in @err stays */
void launch_abort(struct launch *l);

/** launch_init_child() - Fill the fields that start and exec share; memory from @arena */
void launch_init_child(struct child *c, const struct launch_plan *plan,
		       const struct container_process *process);

#endif
