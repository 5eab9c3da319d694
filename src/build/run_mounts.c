/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts of a RUN step: caches, tmpfs, secrets, the host's CA bundle, and where they are mounted. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "dockerfile/mount.h"
#include "secret.h"
#include "step.h"

int run_unsupported(struct step *step, const char *what, struct error **err)
{
	struct error_position pos = dockerfile_position(step->builder->df, step->in);

	(void)error_new(err, ERR_UNSUPPORTED, "%s is not supported by this version", what);
	error_set_position(err, &pos);
	return -ERR_UNSUPPORTED;
}

static struct container_mount *add_mount(struct step *step, enum container_mount_type type,
					 const char *source, const char *target)
{
	step->mounts = x_realloc(step->mounts, step->mount_count + 1, sizeof(*step->mounts));
	struct container_mount *m = &step->mounts[step->mount_count++];

	*m = (struct container_mount){ .type = type };
	if (source) {
		strv_add(&step->mount_paths, source);
		m->source = step->mount_paths.items[step->mount_paths.count - 1];
	}
	strv_add(&step->mount_paths, target);
	m->target = step->mount_paths.items[step->mount_paths.count - 1];
	return m;
}

/* A cache directory lives in the store under the digest of its id (CVE-2024-9675). */
static int add_cache_mount(struct step *step, const struct run_mount *m, const char *target,
			   struct error **err)
{
	const struct store *s = step->builder->opt->store;
	char hex[SHA256_HEX_SIZE];
	struct stat st;

	sha256_hex(m->id.len ? m->id : str_from(target), hex);
	CLEANUP_FREE char *name = x_asprintf("mounts/%s", hex);
	int r = fs_mkdirs_at(s->cache_fd, "mounts", 0700, err);

	if (r < 0)
		return r;
	if (fstatat(s->cache_fd, name, &st, 0) < 0) {
		if (mkdirat(s->cache_fd, name, 0755) < 0 && errno != EEXIST)
			return error_errno(err, "make cache directory for '%s'", target);
		if (fchownat(s->cache_fd, name, m->uid, m->gid, 0) < 0 ||
		    fchmodat(s->cache_fd, name, m->has_mode ? m->mode : 0755, 0) < 0)
			return error_errno(err, "set owner and mode of the cache directory for '%s'", target);
	}
	CLEANUP_FREE char *path = x_asprintf("%s/cache/%s", s->path, name);

	add_mount(step, CONTAINER_MOUNT_BIND, path, target)->read_only = m->readonly;
	return 0;
}

/* A file in the run state for the time of the step; or only a variable when env= says so. */
static int add_secret_mount(struct step *step, const struct run_mount *m, struct error **err)
{
	const struct build_options *opt = step->builder->opt;
	struct strbuf value CLEANUP_STRBUF = STRBUF_INIT(0);
	int r = secret_read(&opt->secrets, m->id, &value, err);

	if (r == -ERR_NOT_FOUND && !m->required) {
		error_free(STEAL_PTR(err));
		return 0;
	}
	if (r == 0 && m->env.len)
		strv_set_variable(&step->secret_env, m->env, strbuf_str(&value));
	if (r < 0 || (m->env.len && m->target.len == 0))
		return r;
	CLEANUP_FREE char *file = x_asprintf("%s/%s-%u-%zu", opt->run_path, step->builder->id, step->number,
					     step->secret_files.count);
	CLEANUP_FREE char *target = m->target.len ? stage_state_join_path(&step->stage->state, m->target)
						  : x_asprintf("/run/secrets/%.*s", STR_ARG(m->id));

	strv_add(&step->secret_files, file);
	r = fs_write_atomic_at(AT_FDCWD, file, strbuf_str(&value), 0600, FS_VOLATILE, err);
	if (r == 0 && (fchownat(AT_FDCWD, file, m->uid, m->gid, 0) < 0 ||
		       fchmodat(AT_FDCWD, file, m->has_mode ? m->mode : 0400, 0) < 0))
		r = error_errno(err, "set owner and mode of secret '%.*s'", STR_ARG(m->id));
	if (r == 0)
		add_mount(step, CONTAINER_MOUNT_BIND, file, target)->read_only = true;
	return r;
}

/* The values go as soon as the step has ended, however it ended. */
void run_remove_secrets(struct step *step)
{
	for (size_t i = 0; i < step->secret_files.count; i++)
		(void)unlinkat(AT_FDCWD, step->secret_files.items[i], 0); /* not written: not there */
	strv_fini(&step->secret_files);
	strv_fini(&step->secret_env);
}

static int add_flag_mount(struct step *step, const struct instruction_flag *flag, struct error **err)
{
	struct expand_env env = scope_expand_env(&step->stage->state.scope, step->builder->df->escape);
	struct run_mount m;
	int r = run_mount_expand(step->builder->df->arena, flag->value, &env, &m, err);

	if (r < 0)
		return r;
	if (m.type == RUN_MOUNT_SECRET) { /* read when the step runs, not to look it up in the cache */
		step->has_secrets = true;
		return 0;
	}
	CLEANUP_FREE char *target = stage_state_join_path(&step->stage->state, m.target);

	if (m.type == RUN_MOUNT_TMPFS) {
		add_mount(step, CONTAINER_MOUNT_TMPFS, NULL, target)->size_bytes = m.size_bytes;
		return 0;
	}
	if (m.type == RUN_MOUNT_CACHE && m.from.len == 0 && m.sharing == SHARING_SHARED)
		return add_cache_mount(step, &m, target, err);
	static const char *const names[] = {
		[RUN_MOUNT_BIND] = "RUN --mount=type=bind",
		[RUN_MOUNT_CACHE] = "RUN --mount=type=cache with from= or sharing=",
		[RUN_MOUNT_TMPFS] = "RUN --mount=type=tmpfs",
		[RUN_MOUNT_SECRET] = "",
		[RUN_MOUNT_SSH] = "RUN --mount=type=ssh",
	};
	return run_unsupported(step, names[m.type], err);
}

int run_add_secrets(struct step *step, struct error **err)
{
	struct builder *b = step->builder;
	struct expand_env env = scope_expand_env(&step->stage->state.scope, b->df->escape);

	for (size_t i = 0; step->has_secrets && i < step->in->flag_count; i++) {
		const struct instruction_flag *flag = &step->in->flags[i];
		struct run_mount m;

		if (!str_is(flag->name, "mount"))
			continue;
		int r = run_mount_expand(b->df->arena, flag->value, &env, &m, err);

		if (r == 0 && m.type == RUN_MOUNT_SECRET)
			r = add_secret_mount(step, &m, err);
		if (r < 0) {
			struct error_position pos = dockerfile_position_at(b->df, flag->line, flag->column);

			error_set_position(err, &pos);
			return r;
		}
	}
	return 0;
}

int run_set_mounts(struct step *step, struct error **err)
{
	const struct builder *b = step->builder;

	for (size_t i = 0; i < step->in->flag_count; i++) {
		const struct instruction_flag *flag = &step->in->flags[i];
		int r = str_is(flag->name, "mount") ? add_flag_mount(step, flag, err) : 0;

		if (r < 0) {
			struct error_position pos = dockerfile_position_at(b->df, flag->line, flag->column);

			error_set_position(err, &pos);
			return r;
		}
	}
	if (b->opt->host_ca)
		add_mount(step, CONTAINER_MOUNT_BIND, b->opt->host_ca, HOST_CA_PATH)->read_only = true;
	if (step->script)
		add_mount(step, CONTAINER_MOUNT_BIND, step->script, step->spec.process.argv.items[0])
			->read_only = true;
	return 0;
}

static int make_file_stub(int dir_fd, char *path, struct error **err)
{
	char *slash = strrchr(path, '/');

	*slash = '\0';
	int r = fs_mkdirs_at(dir_fd, path, 0755, err);

	*slash = '/';
	CLEANUP_FD int fd = r < 0 ? -1 : openat(dir_fd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	return r < 0 ? r : fd < 0 ? error_errno(err, "make mount point '%s'", path) : 0;
}

/* Targets of this step's mounts as empty directories and files in a stub layer of its own. */
int run_make_mount_stubs(struct step *step, struct error **err)
{
	const struct layer_draft *scratch = step->builder->scratch;
	CLEANUP_FREE char *dir = x_asprintf("mounts.%u", step->number);
	int r = 0;

	if (step->mount_count == 0)
		return 0;
	for (size_t i = 0; r == 0 && i < step->mount_count; i++) {
		CLEANUP_FREE char *path = x_asprintf("%s%s", dir, step->mounts[i].target);
		const char *source = step->mounts[i].source;
		struct stat st;

		if (strncmp(step->mounts[i].target, "/dev/", 5) == 0)
			continue; /* on the tmpfs of /dev, not in the layer */
		if (source && stat(source, &st) == 0 && !S_ISDIR(st.st_mode))
			r = make_file_stub(scratch->dir_fd, path, err);
		else
			r = fs_mkdirs_at(scratch->dir_fd, path, 0755, err);
	}
	if (r == 0)
		r = fs_mkdirs_at(scratch->dir_fd, dir, 0755, err);
	step->mount_stubs_lower = x_asprintf("../tmp/%s/%s", scratch->name, dir);
	return r;
}

void run_add_mount_keys(struct step *step)
{
	for (size_t i = 0; i < step->in->flag_count; i++) {
		if (str_is(step->in->flags[i].name, "mount"))
			step_key_add(&step->key, "mount", step->in->flags[i].value);
	}
}
