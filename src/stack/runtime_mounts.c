/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts of a container: host paths, volumes, memory, and texts (secrets, configs) as files. */
#include <errno.h>
#include <fcntl.h>

#include "runtime.h"

enum { MODE_DEFAULT = 0444 };

static int add_bind(const struct stack_mount *m, struct container_mount *to, struct error **err)
{
	struct stat st;

	if (stat(m->source, &st) < 0) {
		if (errno != ENOENT || !m->create_source)
			return error_errno(err, "mount source '%s' for '%s'", m->source, m->target);
		int r = fs_mkdirs_at(AT_FDCWD, m->source, 0755, err);

		if (r < 0)
			return error_context(err, "make mount source '%s'", m->source);
	}
	to->source = m->source;
	return 0;
}

static int add_volume(const struct engine *e, const struct stack_mount *m, struct runtime *rt,
		      struct container_mount *to, struct error **err)
{
	CLEANUP_FREE char *path = NULL;
	int r = stack_volume_path(e, m->source, true, &path, err);

	if (r < 0)
		return r;
	to->source = arena_strdup(rt->arena, str_from(path));
	to->copy_up = !m->no_copy;
	return 0;
}

/* On the run state's file system, which is memory; bound read-only, so that modes hold for
 * everybody. */
static int add_content(const struct runtime_place *place, const struct stack_mount *m, size_t index,
		       struct runtime *rt, struct container_mount *to, struct error **err)
{
	const char *name = arena_printf(rt->arena, "content.%zu", index);
	CLEANUP_FD int fd =
		openat(place->run_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 ||
	    fs_write_all(fd, m->source ? m->source : "", m->source ? strlen(m->source) : 0) < 0 ||
	    fchown(fd, m->uid, m->gid) < 0 || fchmod(fd, m->mode ? m->mode : MODE_DEFAULT) < 0)
		return error_errno(err, "write the content of '%s'", m->target);
	to->source = arena_printf(rt->arena, "%s/%s", place->run_path, name);
	to->read_only = true;
	return 0;
}

static int add_mount(const struct engine *e, const struct runtime_place *place,
		     const struct stack_service *s, size_t index, struct runtime *rt,
		     struct error **err)
{
	const struct stack_mount *m = &s->mounts[index];
	struct container_mount *to = &rt->spec.mounts[rt->spec.mount_count++];

	*to = (struct container_mount){ .type = CONTAINER_MOUNT_BIND,
					.target = m->target,
					.read_only = m->read_only };
	switch (m->kind) {
	case STACK_MOUNT_BIND:
		return add_bind(m, to, err);
	case STACK_MOUNT_VOLUME:
		return add_volume(e, m, rt, to, err);
	case STACK_MOUNT_CONTENT:
		return add_content(place, m, index, rt, to, err);
	case STACK_MOUNT_TMPFS:
		break;
	}
	to->type = CONTAINER_MOUNT_TMPFS;
	to->nosuid = to->nodev = to->noexec = true; /* as Docker's tmpfs mounts are */
	to->size_bytes = m->size_bytes;
	to->mode = m->mode;
	to->uid = m->uid;
	to->gid = m->gid;
	return 0;
}

int runtime_mounts(const struct engine *e, const struct runtime_place *place,
		   const struct stack_service *s, struct runtime *rt, struct error **err)
{
	rt->spec.mounts = arena_alloc(rt->arena, (s->mount_count + 1) * sizeof(*rt->spec.mounts));
	for (size_t i = 0; i < s->mount_count; i++) {
		int r = add_mount(e, place, s, i, rt, err);

		if (r < 0)
			return r;
	}
	return 0;
}
