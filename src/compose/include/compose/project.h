/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The resolved project model: compose files + environment -> one value, nothing left to look up.
 *
 * Loading order: interpolate, include, extends, merge, key check, canonical form, defaults, cross
 * checks, absolute paths, environment, profiles (Compose specification 2026-06). Everything lives
 * in the project's arena. Times are nanoseconds, sizes bytes. "Has" flags tell "not given" from
 * zero.
 */
#ifndef COMPOSE_PROJECT_H
#define COMPOSE_PROJECT_H

#include "base/arena.h"
#include "base/error.h"
#include "base/report.h"
#include "base/strv.h"

/** struct source_place - Where a value stands, for messages */
struct source_place {
	const char *file;
	unsigned line, column;
};

/** struct compose_pair - KEY and value; NULL: to be taken from the environment, which has none */
struct compose_pair {
	const char *key;
	const char *value;
};

struct compose_pairs {
	struct compose_pair *items;
	size_t count;
};

struct compose_list {
	const char **items;
	size_t count;
};

/** struct compose_command - command or entrypoint; given && count == 0: explicitly empty */
struct compose_command {
	bool given;
	struct compose_list argv; /* a string form is split like a shell does */
};

enum compose_condition { CONDITION_STARTED, CONDITION_HEALTHY, CONDITION_COMPLETED };

struct compose_dependency {
	const char *service;
	enum compose_condition condition;
	bool required, restart;
	struct source_place place;
};

struct compose_healthcheck {
	bool given, disable;
	/* "CMD", argv... | "CMD-SHELL", text | "NONE"; empty: the image's */
	struct compose_list test;
	bool has_interval, has_timeout, has_start_period, has_start_interval, has_retries;
	int64_t interval_ns, timeout_ns, start_period_ns, start_interval_ns;
	unsigned retries;
};

struct compose_port {
	const char *host_ip;	 /* NULL: all addresses */
	unsigned published_first, published_last; /* 0: any free port */
	unsigned target;
	const char *protocol;	 /* "tcp" or "udp" */
	const char *mode;	 /* "ingress" or "host", without effect */
	const char *name, *app_protocol; /* for people only; NULL: not given */
	struct source_place place;
};

enum compose_mount_type { COMPOSE_MOUNT_BIND, COMPOSE_MOUNT_VOLUME, COMPOSE_MOUNT_TMPFS };

struct compose_mount {
	enum compose_mount_type type;
	const char *source;  /* bind: absolute host path; volume: its key, NULL: anonymous */
	const char *target;  /* absolute, cleaned */
	bool read_only, no_copy, create_host_path;
	const char *propagation; /* bind; NULL: rprivate */
	const char *selinux;	 /* bind: "z" or "Z", without effect where SELinux is not */
	uint64_t tmpfs_size_bytes;
	unsigned tmpfs_mode;	 /* 0: 01777 */
	unsigned tmpfs_uid, tmpfs_gid;
	bool tmpfs_exec, tmpfs_suid, tmpfs_dev; /* false: noexec, nosuid, nodev */
	const char *tmpfs_options; /* as written in the service's "tmpfs", "" for none; else NULL */
	struct source_place place;
};

struct compose_attachment {
	const char *network; /* key in the project */
	struct compose_list aliases;
	const char *ipv4_address;
	struct source_place place;
};

struct compose_build {
	bool given;
	const char *context;	/* absolute directory */
	const char *dockerfile; /* relative to the context, or absolute; NULL: Dockerfile */
	const char *dockerfile_inline;
	const char *target;
	struct compose_pairs args, labels;
	const char *network;
	bool no_cache, pull;
	struct source_place place;
};

/** struct compose_file_mount - Use of a top-level secret or config */
struct compose_file_mount {
	const char *source; /* key in the project */
	const char *target; /* absolute path in the container */
	bool has_mode;
	unsigned uid, gid, mode;
	struct source_place place;
};

struct compose_ulimit {
	const char *name;
	int64_t soft, hard; /* -1: unlimited */
};

struct yaml_node;

enum compose_restart { RESTART_NO, RESTART_ALWAYS, RESTART_ON_FAILURE, RESTART_UNLESS_STOPPED };

/**
 * struct compose_deploy - "deploy" as written, for the canonical form
 * What counts is already in the service's own fields (memory_max_bytes, cpus, pids_limit, restart).
 */
struct compose_deploy {
	bool given, has_replicas; /* replicas are 1 */
	double cpus;		  /* limits; 0: not given */
	uint64_t memory_bytes;
	int64_t pids;
	bool has_restart;
	enum compose_restart restart;
	unsigned restart_max_attempts;
};

struct compose_service {
	const char *name;
	struct source_place place;
	const char *image; /* NULL: built, tagged <project>-<service> */
	const char *platform, *pull_policy;
	struct compose_build build;
	struct compose_command command, entrypoint;
	struct compose_pairs environment; /* env_file entries merged in, resolved */
	struct yaml_node *env_files;	  /* the loader's own, NULL afterwards */
	struct compose_pairs labels, annotations, sysctls;
	struct compose_list extra_hosts; /* "HOST=ADDRESS", address may be "host-gateway" */
	struct compose_list dns, expose, cap_add, cap_drop, security_opt, group_add, profiles;
	const char *user, *working_dir, *hostname, *domainname, *container_name, *stop_signal;
	bool has_init, init, tty, stdin_open, read_only, privileged;
	bool has_stop_grace_period;
	int64_t stop_grace_period_ns;
	enum compose_restart restart;
	unsigned restart_max_attempts; /* on-failure:N; 0: no limit */
	bool restart_on_unhealthy;     /* x-firkin-on-unhealthy: restart */
	struct compose_healthcheck healthcheck;
	struct compose_dependency *depends_on;
	size_t depends_on_count;
	struct compose_port *ports;
	size_t port_count;
	struct compose_mount *mounts; /* volumes and tmpfs, in order */
	size_t mount_count;
	const char *network_mode; /* NULL, "none", "host", "bridge" */
	struct compose_attachment *networks;
	size_t network_count;
	struct compose_file_mount *secrets, *configs;
	size_t secret_count, config_count;
	struct compose_ulimit *ulimits;
	size_t ulimit_count;
	uint64_t memory_max_bytes; /* 0: no limit */
	double cpus;		   /* 0: no limit */
	int64_t pids_limit;	   /* 0: no limit given, -1: unlimited */
	uint64_t shm_size_bytes;   /* 0: 64 MiB */
	bool has_oom_score_adj;
	int oom_score_adj;
	const char *log_driver; /* NULL: json-file */
	struct compose_pairs log_options;
	struct compose_deploy deploy;
	const struct yaml_node *extensions; /* mapping of the "x-" keys; NULL: none */
};

struct compose_network {
	const char *key;
	const char *name; /* real name: <project>_<key> unless named or external */
	bool external, internal;
	const char *subnet, *gateway; /* NULL: from the pool */
	struct compose_pairs labels;
	struct source_place place;
};

struct compose_volume {
	const char *key;
	const char *name;
	bool external;
	struct compose_pairs labels;
	struct source_place place;
};

/** struct compose_file_source - Top-level secret or config: exactly one of file, content is set */
struct compose_file_source {
	const char *key;
	const char *name;
	const char *file;    /* absolute host path */
	const char *content; /* from environment: or content: */
	const char *environment; /* the variable that content came from; else NULL */
	struct source_place place;
};

struct compose_project {
	struct arena *arena;
	const char *name;
	const char *directory;		  /* absolute */
	struct compose_list files;	  /* absolute paths read, in order */
	struct compose_service *services; /* active profiles only; sorted by name */
	size_t service_count;
	struct compose_network *networks; /* used ones, "default" included when used */
	size_t network_count;
	struct compose_volume *volumes;
	size_t volume_count;
	struct compose_file_source *secrets, *configs;
	size_t secret_count, config_count;
	struct compose_list profiles; /* active ones, sorted */
	const struct yaml_node *extensions; /* mapping of the top-level "x-" keys; NULL: none */
};

/** struct compose_options - What the command line says; NULL or empty: not given */
struct compose_options {
	struct strv files;	      /* -f */
	struct strv env_files;	      /* --env-file */
	struct strv profiles;	      /* --profile */
	const char *project_name;     /* -p */
	const char *project_directory;
	const char *working_directory; /* where discovery starts; NULL: the process's */
	const struct strv *environment; /* NULL: the process's environ */
	bool no_interpolate;
};

enum { COMPOSE_FILE_MAX = 4 << 20, COMPOSE_SERVICES_MAX = 1000 };

/**
 * compose_load() - Find, read and resolve
 * @warnings: unset variables, obsolete keys; may be NULL
 * Return: 0 and a project to compose_free(), or -ERR_PARSE (with position), -ERR_NOT_FOUND,
 *         -ERR_UNSUPPORTED (a valid key that this version refuses, with position), -ERR_LIMIT
 */
int compose_load(const struct compose_options *opt, const struct report *warnings,
		 struct compose_project **ret_project, struct error **err);
void compose_free(struct compose_project *p);
DEFINE_CLEANUP(compose_project, compose_free);

/** compose_find_service() - By name, or NULL */
const struct compose_service *compose_find_service(const struct compose_project *p,
						   const char *name);

/** compose_to_yaml() - The canonical form that "compose config" prints */
void compose_to_yaml(const struct compose_project *p, struct strbuf *out);

/** compose_to_json() - The same as JSON */
void compose_to_json(const struct compose_project *p, struct strbuf *out);

/** compose_service_hash() - Hex SHA-256 over what a container is made from (65 bytes with NUL) */
void compose_service_hash(const struct compose_project *p, const struct compose_service *s,
			  char ret_hex[65]);

#endif
