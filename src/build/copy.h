/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Executing COPY, ADD and WORKDIR. All of it runs in a child that the caller forked: each function
 * gives the process a mount namespace of its own, mounts what it needs there, and returns; the
 * mounts go when the process exits.
 */
#ifndef BUILD_COPY_H
#define BUILD_COPY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/strv.h"
#include "codec/sha256.h"
#include "container/container.h"
#include "dockerfile/ignore.h"

/** struct copy_inline - A heredoc source: a file of that name */
struct copy_inline {
	str name, body;
};

/** struct copy_spec - One COPY or ADD; everything is borrowed */
struct copy_spec {
	struct container_root root; /* parent layers, the draft's fs as upper */
	int context_fd;		    /* -1: the source is another stage or image */
	struct container_root source_root; /* that source; upper NULL, another mountpoint */
	const struct ignore *ignore;	   /* of the context, or NULL */
	struct strv sources;
	const struct copy_inline *inlines;
	size_t inline_count;
	const char *dest;  /* absolute, joined with WORKDIR; a trailing slash counts */
	const char *chown; /* "user[:group]"; NULL: 0:0 from a context, else as in the source */
	bool has_chmod;
	mode_t chmod;
	bool unpack;	 /* ADD: archives of the context are extracted, known by their content */
	int64_t clamp_s; /* later times become this one; negative: none */
};

/**
 * copy_run() - Execute a COPY or ADD; in a forked child
 * Return: 0; -ERR_NOT_FOUND of select_paths() or for a user; -ERR_USAGE: several sources and no
 *         directory as destination, a directory onto a file; -ERR_IO, -ERR_NO_SPACE; -ERR_PARSE,
 *         -ERR_LIMIT of an archive. The upper directory is undefined after a failure.
 */
int copy_run(const struct copy_spec *spec, struct error **err);

/**
 * copy_make_workdir() - WORKDIR: make @path and its missing parents; in a forked child
 * @user: owner of what is made (0755); what exists is left as it is
 */
int copy_make_workdir(const struct container_root *root, const char *path, const char *user,
		      struct error **err);

/** copy_hash_source() - content_hash() of all sources in another root, as one; in a forked child */
int copy_hash_source(const struct container_root *source_root, const struct strv *sources,
		     char ret_hex[SHA256_HEX_SIZE], struct error **err);

#endif
