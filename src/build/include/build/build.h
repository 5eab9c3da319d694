/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building: Dockerfile tree -> reachable stages -> cached or executed steps -> image.
 *
 * Each stage is a chain of steps; stages run side by side, each step waits only for what it needs.
 * A step has a key (docs/formats/cache-key.md); a record under that key in the store's cache means its
 * layer is there. Otherwise RUN is launched as a container on an overlay, COPY and ADD run in a
 * forked child, and the upper directory becomes the layer by rename. Diffids are computed beside the
 * next steps.
 */
#ifndef BUILD_BUILD_H
#define BUILD_BUILD_H

#include "base/clock.h"
#include "base/error.h"
#include "base/report.h"
#include "base/strv.h"
#include "image/image.h"

enum build_event_kind {
	BUILD_STEP_STARTED,
	BUILD_STEP_CACHED,
	BUILD_STEP_OUTPUT, /* text: raw output of a RUN, any piece of it */
	BUILD_STEP_DONE,
	BUILD_STEP_FAILED,
};

/** struct build_event - Progress; everything is borrowed for the call */
struct build_event {
	enum build_event_kind kind;
	unsigned step;	      /* number of the step in this build, from 1 */
	unsigned step_count;  /* steps that will be looked at */
	const char *name;     /* "[builder 3/7] RUN npm ci" */
	str text;
	const char *miss;     /* STARTED: why it was not cached ("content of src changed"); NULL: it was
				 never built before */
	usec_t elapsed;	      /* DONE, FAILED */
	usec_t at;	      /* since the build began */
};

struct build_progress {
	void (*event)(void *ctx, const struct build_event *event);
	void *ctx;
};

enum build_network { BUILD_NETWORK_DEFAULT, BUILD_NETWORK_NONE, BUILD_NETWORK_HOST };

/** struct build_options - One build; strings and lists are borrowed */
struct build_options {
	const struct store *store;
	int networks_fd;	   /* run state directory of network/ */
	const char *run_path;	   /* run state, a tmpfs as a rule: secrets lie there during a step */
	const char *context;	   /* directory; NULL: no context */
	const char *dockerfile;	   /* path; NULL: "Dockerfile" (then "dockerfile") in the context */
	str dockerfile_text;	   /* instead of a file (dockerfile_inline, stdin); ptr NULL: none */
	const char *target;	   /* NULL: last stage */
	struct strv tags, build_args, labels; /* build_args: "K=V"; a bare "K" takes the value of environ */
	struct strv no_cache_filter;
	struct strv secrets;	   /* "id=X[,src=FILE|,env=NAME]" */
	bool no_cache;
	const char *host_ca;	   /* CA bundle of the host for RUN steps; NULL: none */
	enum build_network network;
	struct strv add_hosts;	   /* "name:ip" */
	int64_t source_date_epoch; /* negative: not given */
	const struct image_source *images; /* obtains missing base images; may be NULL */
	const struct build_progress *progress;
	const struct report *warnings;
};

struct build_result {
	char config_digest[SHA256_HEX_SIZE];
	char manifest_digest[SHA256_HEX_SIZE];
	unsigned steps_cached, steps_run;
};

/**
 * build_run() - Build one target
 * Return: 0; -ERR_PARSE with a position in the Dockerfile; -ERR_FAILED when a RUN fails (error_status()
 *         is its exit status; the position is that of the instruction; the last lines of its output are
 *         a frame); -ERR_CANCELLED on SIGINT/SIGTERM. Nothing half-made is left in the store.
 */
int build_run(const struct build_options *opt, struct build_result *ret_result,
	      struct error **err);

#endif
