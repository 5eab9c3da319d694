/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Launching a container: a spec is planned into a list of operations (pure), the plan is run by a
 * small interpreter in a cloned child.
 *
 * The order of operations and the reasons are in plan.c; the rules behind them are regression tests
 * named by CVE id. The caller is the container's parent: it gets the exit status through the pidfd.
 */
#ifndef CONTAINER_CONTAINER_H
#define CONTAINER_CONTAINER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/strv.h"
#include "container/cgroup.h"

enum container_mount_type {
	CONTAINER_MOUNT_BIND,  /* source: absolute host path, directory or file, opened by the parent */
	CONTAINER_MOUNT_TMPFS, /* source NULL; options below */
};

/** struct container_mount - One mount beyond /proc, /sys, /dev */
struct container_mount {
	enum container_mount_type type;
	const char *source;
	const char *target; /* absolute, resolved inside the root; made when missing */
	bool read_only;
	bool nosuid, nodev, noexec;
	uint64_t size_bytes;   /* tmpfs; 0: kernel's default */
	mode_t mode;	       /* tmpfs; 0: 01777 */
	uid_t uid;
	gid_t gid;
	bool copy_up; /* bind of an empty volume directory: fill it from the image's directory first,
			 with owner, mode, xattrs (only when it is empty: CVE-2020-1726) */
};

enum container_network {
	CONTAINER_NETWORK_NONE, /* own namespace, only lo */
	CONTAINER_NETWORK_OWN,	/* own namespace, configured by on_created before the program runs */
	CONTAINER_NETWORK_HOST,
	CONTAINER_NETWORK_JOIN, /* netns_fd */
};

/** struct container_rlimit - prlimit; -1: unlimited. Raising a hard limit may fail: then it is reported as a warning */
struct container_rlimit {
	int resource;
	int64_t soft, hard;
};

/** struct container_root - The root file system: an overlay, mounted only inside the container's mount namespace */
struct container_root {
	const char *layers_dir; /* absolute; lower directories are relative to it */
	struct strv lowers;	/* uppermost first, e.g. "0011223344556677/fs"; 1 to 500 */
	const char *upper, *work; /* absolute, same file system; NULL upper: read-only view of the lowers */
	const char *mountpoint; /* absolute, an empty directory */
	bool read_only;
	bool volatile_;	 /* no sync ever: build steps and --rm */
};

/** struct container_process - What runs in it; also the spec of an exec */
struct container_process {
	struct strv argv;
	struct strv env;      /* complete; HOME is added when missing, from the user's entry */
	const char *cwd;      /* absolute; made when missing, owned by the user (not by an exec) */
	const char *user;     /* "", "name", "uid", "user:group" ...; digits are ids, never names */
	struct strv groups;   /* --group-add: names or ids */
	bool tty;	      /* fds[0..2] are the pty's other end; see container_open_pty() */
	int fds[3];	      /* stdin, stdout, stderr; -1: /dev/null of the container */
	uint64_t capabilities; /* bit per CAP_*: bounding, and effective/permitted for uid 0 */
	bool no_new_privileges;
	bool seccomp_unconfined;
	bool privileged; /* all capabilities, no seccomp, no masks, /dev of the host */
	bool die_with_parent; /* killed when the caller's process ends, however it ends: build steps */
};

/** struct container_spec - Everything that a container is made from; pure data */
struct container_spec {
	const char *id;
	const char *hostname, *domainname;
	struct container_root root;
	struct container_process process;
	bool init; /* firkin-init as PID 1; not when the program is an init itself (container_is_init()) */
	struct container_mount *mounts;
	size_t mount_count;
	enum container_network network;
	int netns_fd;
	const char *hosts, *resolv_conf; /* absolute host paths, bound over /etc/...; NULL: none */
	const char *hostname_file;
	struct strv sysctls;		 /* "net.core.somaxconn=1024": namespaced names only */
	struct container_rlimit *rlimits;
	size_t rlimit_count;
	uint64_t shm_size_bytes;	 /* 0: 64 MiB */
	bool has_oom_score_adj;
	int oom_score_adj;
	struct cgroup_limits limits;
	bool bind_dev; /* privileged: the host's /dev */
};

/* Docker's default capability set. */
#define CONTAINER_CAPABILITIES_DEFAULT UINT64_C(0x00000000a80425fb)

/** struct container_running - A started container or exec; close pidfd when done */
struct container_running {
	pid_t pid;
	uint64_t start_time;
	int pidfd;
};

/** struct container_hooks - Where the caller joins in; any may be NULL */
struct container_hooks {
	/**
	 * @on_created: namespaces exist, the child is mounting; configure the network now
	 * @netns_fd: the container's network namespace (borrowed), -1 when it has none of its own
	 */
	int (*on_created)(void *ctx, const struct container_running *running, int netns_fd,
			  struct error **err);
	/** @warn: something could not be applied that may be left out (a hard limit) */
	void (*warn)(void *ctx, const char *text);
	void *ctx;
};

/**
 * container_start() - Plan, clone, configure, exec
 * Returns when the program was executed, so a missing program is an error here: status 127 (not
 * found) or 126 (not executable) in error_status(). On failure nothing is left behind.
 * @init_fd: descriptor of the firkin-init binary (see container_init_fd()), -1 when not used
 * @ret_running: pid is PID 1 of the container, child of the caller
 * Return: 0, -ERR_FAILED with a status, -ERR_*
 */
int container_start(const struct container_spec *spec, int init_fd,
		    const struct container_hooks *hooks, struct container_running *ret_running,
		    struct error **err);

/** container_cleanup() - After the exit: kill what is left in the cgroup, remove it, detach what was mounted */
int container_cleanup(const struct container_spec *spec, struct error **err);

/**
 * container_exec() - Run one more program in a running container
 * @target: PID 1 of the container, as recorded
 * @cgroup_name: the container's id (NULL: stay in ours)
 * @ret_running: the program, child of the caller
 */
int container_exec(const struct container_running *target, const char *cgroup_name,
		   const struct container_process *process, struct container_running *ret_running,
		   struct error **err);

/** container_init_fd() - Sealed memfd copy of the embedded firkin-init (CVE-2019-5736) */
int container_init_fd(const void *binary, size_t size, struct error **err);

/** container_is_init() - Is argv[0] tini, dumb-init, catatonit, s6-svscan, systemd, /sbin/init, firkin-init? */
bool container_is_init(const struct strv *argv);

/** container_open_pty() - A pty pair for an attached terminal: @ret_master ours, @ret_slave for fds[0..2] */
int container_open_pty(unsigned rows, unsigned columns, int *ret_master, int *ret_slave,
		       struct error **err);

/** container_plan_format() - The plan of @spec as text, one operation per line (golden tests, --dry-run) */
int container_plan_format(const struct container_spec *spec, struct strbuf *out,
			  struct error **err);

/** container_capability() - Bit number of "CAP_NET_ADMIN", "net_admin" or -1 */
int container_capability(str name);

/** struct container_user - A resolved user */
struct container_user {
	uid_t uid;
	gid_t gid;
	gid_t groups[128];
	size_t group_count; /* primary gid included (CVE-2022-36109) */
	char home[256];
	char name[64]; /* empty for a bare id without entry */
};

/**
 * container_resolve_user() - USER text against /etc/passwd and /etc/group inside a root
 * @root_fd: the container's root, opened; files are opened in-root, must be regular, capped at 1 MiB
 * Return: 0, -ERR_NOT_FOUND (no such user or group), -ERR_PARSE (out of range), -ERR_LIMIT
 */
int container_resolve_user(int root_fd, const char *text, const struct strv *extra_groups,
			   struct container_user *ret_user, struct error **err);

/**
 * container_mount_root() - Mount an overlay at root->mountpoint in the caller's mount namespace
 * For build steps that copy files: call it in a forked child with a private mount namespace.
 * Return: descriptor of the root (O_PATH|O_DIRECTORY), or -ERR_*
 */
int container_mount_root(const struct container_root *root, struct error **err);

#endif
