/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What should run: the resolved description of containers, from a compose project or from "run"'s
 * flags. Plain data with a JSON form (docs/formats/container.md), the same in a project's model, in
 * a container's directory and on the control socket.
 */
#ifndef STACK_MODEL_H
#define STACK_MODEL_H

#include <jansson.h>

#include "base/clock.h"
#include "base/strv.h"
#include "container/container.h"
#include "image/image.h"

enum stack_restart { STACK_RESTART_NO, STACK_RESTART_ALWAYS, STACK_RESTART_ON_FAILURE, STACK_RESTART_UNLESS_STOPPED };

/** struct stack_health - Resolved health check; test empty: none */
struct stack_health {
	struct strv test; /* "CMD", argv... or "CMD-SHELL", text */
	int64_t interval_ns, timeout_ns, start_period_ns, start_interval_ns;
	unsigned retries;
};

enum stack_mount_kind { STACK_MOUNT_BIND, STACK_MOUNT_VOLUME, STACK_MOUNT_TMPFS, STACK_MOUNT_CONTENT };

/** struct stack_mount - One mount of a container */
struct stack_mount {
	enum stack_mount_kind kind;
	char *source; /* bind: absolute path; volume: real name; content: the text (secret, config) */
	char *target;
	bool read_only, no_copy, anonymous, create_source;
	uint64_t size_bytes; /* tmpfs */
	unsigned mode, uid, gid;
};

struct stack_port {
	char *host_ip; /* NULL: all */
	unsigned host_port; /* 0: any */
	unsigned container_port;
	bool udp;
};

/** struct stack_attachment - Membership in a network */
struct stack_attachment {
	char *network; /* real name */
	struct strv aliases;
	char *ipv4;    /* wanted, or NULL */
};

enum stack_condition { STACK_STARTED, STACK_HEALTHY, STACK_COMPLETED };

struct stack_dependency {
	char *service;
	enum stack_condition condition;
	bool required;
};

struct stack_ulimit {
	char *name; /* "nofile" */
	int64_t soft, hard;
};

/** struct stack_service - One container's description */
struct stack_service {
	char *service;	      /* compose service, or NULL for "run" */
	char *container_name;
	char *image;	      /* as the user wrote it */
	char *image_manifest; /* hex */
	char *config_hash;    /* what recreation is decided by */
	struct strv entrypoint, command; /* already resolved: argv is entrypoint + command */
	struct strv env;      /* complete */
	struct strv labels;   /* KEY=VALUE: engine's and user's */
	char *working_dir, *user, *hostname, *domainname, *stop_signal;
	int64_t stop_timeout_ns;
	bool init, tty, open_stdin, read_only, privileged, no_new_privileges, seccomp_unconfined, auto_remove;
	uint64_t capabilities;
	struct strv groups, sysctls, extra_hosts, dns; /* extra_hosts: "name:ip" */
	char *network_mode;   /* NULL: attachments; "none", "host" */
	struct stack_attachment *attachments;
	size_t attachment_count;
	struct stack_port *ports;
	size_t port_count;
	struct stack_mount *mounts;
	size_t mount_count;
	struct stack_ulimit *ulimits;
	size_t ulimit_count;
	struct cgroup_limits limits;
	uint64_t shm_size_bytes;
	bool has_oom_score_adj;
	int oom_score_adj;
	struct stack_health health;
	enum stack_restart restart;
	unsigned restart_max;
	bool restart_on_unhealthy;
	struct stack_dependency *dependencies;
	size_t dependency_count;
	bool log_none;
	uint64_t log_max_bytes; /* default 10 MB */
	unsigned log_max_files; /* default 3 */
};

struct stack_network {
	char *name;
	char *subnet, *gateway;
	bool internal, external;
};

/** struct stack_model - A project: what "up" wants */
struct stack_model {
	char *project;
	char *directory; /* of the compose file; NULL for "run" */
	struct strv files;
	struct stack_service *services;
	size_t service_count;
	struct stack_network *networks;
	size_t network_count;
	struct strv volumes; /* real names to make */
};

void stack_service_fini(struct stack_service *s);
void stack_model_free(struct stack_model *m);
DEFINE_CLEANUP(stack_model, stack_model_free);

json_t *stack_service_to_json(const struct stack_service *s);
int stack_service_from_json(const json_t *j, struct stack_service *ret, struct error **err);
json_t *stack_model_to_json(const struct stack_model *m);
int stack_model_from_json(const json_t *j, struct stack_model **ret, struct error **err);

/**
 * stack_service_from_image() - Defaults that an image gives: entrypoint, command, env, user, cwd, stop
 * signal, health check, volumes (anonymous); everything else Docker's defaults
 */
void stack_service_from_image(const struct image *img, const char *image_name,
			      struct stack_service *ret);

#endif
