/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A build in progress: its stages, their current steps. Shared by schedule.c, run.c and step.c only.
 */
#ifndef BUILD_STEP_H
#define BUILD_STEP_H

#include "build/build.h"
#include "cache.h"
#include "child.h"
#include "container/container.h"
#include "context.h"
#include "copy.h"
#include "graph.h"
#include "stage_state.h"

struct builder;
struct stage;

/** struct step - The instruction of a stage that makes a layer, while it is looked at */
struct step {
	struct builder *builder;
	struct stage *stage;
	const struct instruction *in;
	unsigned number;    /* in the build */
	char *name;	    /* "[builder 2/5] RUN npm ci" */
	char *created_by;   /* history text */
	char *identity;	    /* of its place, for explaining the next miss */
	char *miss;	    /* why it is not cached */
	struct step_key key;
	usec_t started;
	bool announced; /* BUILD_STEP_STARTED was emitted */
	struct layer_draft *draft;
	struct child child; /* COPY, ADD, WORKDIR, hashing of a source */
	/* RUN */
	struct container_spec spec;
	struct container_running running;
	struct loop_source *exit_source, *output_source;
	int output_fd;
	struct strbuf tail; /* last output, for the error */
	char *mountpoint, *upper, *work, *script;
	struct container_mount *mounts;
	size_t mount_count;
	struct strv mount_paths; /* owns the strings of mounts */
	bool has_secrets;
	struct strv secret_files; /* in the run state, removed when the step ends */
	struct strv secret_env;	  /* NAME=VALUE of env= secrets: for the process alone */
	char *mount_stubs_lower; /* like the builder's stubs_lower; NULL without mounts */
	/* COPY, ADD */
	struct copy_spec copy;
	struct copy_inline *inlines;
	char *dest, *chown;
	struct container_root source_root;
};

enum stage_status {
	STAGE_IDLE,    /* not looked at yet, or waiting for another stage */
	STAGE_BUSY,    /* its step's child runs */
	STAGE_DONE,
};

/** struct stage - A stage while it is built */
struct stage {
	struct builder *builder;
	struct build_stage *plan;
	struct stage_state state;
	char created[CACHE_TIME_SIZE]; /* of the last layer: time of history entries and of the image */
	enum stage_status status;
	bool begun;	      /* its base is loaded */
	bool hashes_wanted;   /* its layers belong to the result: diffids are computed beside */
	struct layer *layers; /* lowest first */
	size_t layer_count;
	char key[SHA256_HEX_SIZE + 16]; /* of the last layer */
	size_t next;	      /* instruction */
	unsigned ordinal;     /* number of the next layer step in this stage */
	unsigned total;
	struct step *step;
};

/** struct hashing - A layer's diffid being computed beside the build */
struct hashing {
	struct builder *builder;
	struct layer layer;
	struct child child;
};

enum { BUILD_TAIL_MAX = 1 << 16, BUILD_JOBS_MAX = 64 };

/** struct builder - One build_run() */
struct builder {
	const struct build_options *opt;
	struct dockerfile *df;
	struct build_graph graph;
	struct build_values values;
	struct stage *stages;
	struct context *context;
	char *context_path; /* real path, NULL without context */
	struct loop *loop;
	struct layer_draft *scratch; /* tmp directory of the build: stubs, hosts, mount points */
	char *stubs_lower;	     /* relative to the layers directory */
	char *id;		     /* names cgroups and the network lease */
	int netns_fd;
	bool attached;
	struct dns_forwarder *dns_forwarder;
	struct dns_responder *dns;
	char *hosts, *resolv_conf, *host_resolv_conf;
	char *scratch_mountpoint; /* where children mount the source of a copy */
	struct hashing *hashing[BUILD_JOBS_MAX];
	size_t hashing_count;
	unsigned busy, jobs_max;
	unsigned step_count, step_number;
	unsigned steps_cached, steps_run;
	struct error *failure; /* the first one */
	char created[36];
	usec_t began;
};

/** builder_emit() - One progress event of a step */
void builder_emit(struct builder *b, enum build_event_kind kind, const struct step *step, str text);

/** builder_fail() - Keep the first failure; the loop then stops */
void builder_fail(struct builder *b, struct error **err);

/** step_root() - Overlay of the stage's layers with the step's draft on top */
int step_root(struct step *step, bool with_stubs, struct container_root *ret, struct error **err);

/** run_prepare() - RUN: expand, mounts, key */
int run_prepare(struct step *step, struct error **err);

/** run_start() - Launch it; ends in step_finished() through the loop */
int run_start(struct step *step, struct error **err);
void run_fini(struct step *step);

/* Where the host's CA bundle is mounted. */
#define HOST_CA_PATH "/run/firkin-host-ca.crt"

/* run_mounts.c: what goes into the key while preparing, secrets and mount points when it runs. */
int run_unsupported(struct step *step, const char *what, struct error **err);
int run_set_mounts(struct step *step, struct error **err);
void run_add_mount_keys(struct step *step);
int run_add_secrets(struct step *step, struct error **err);
int run_make_mount_stubs(struct step *step, struct error **err);
void run_remove_secrets(struct step *step);

/** copy_prepare() - COPY, ADD, WORKDIR: expand, select, key (1: the key comes later, through a child) */
int copy_prepare(struct step *step, struct error **err);
int copy_start(struct step *step, struct error **err);
void copy_fini(struct step *step);

/** step_keyed() - The key is complete: take the layer from the cache, or execute */
int step_keyed(struct step *step, struct error **err);

/** step_finished() - The work is done (@err NULL) or failed; continues the stage */
void step_finished(struct step *step, struct error **err);

/** network_prepare() - The build's network namespace, made for the first RUN that needs it */
int build_network_prepare(struct builder *b, struct error **err);
void build_network_release(struct builder *b);

#endif
