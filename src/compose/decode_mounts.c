/* SPDX-License-Identifier: Apache-2.0 */
/* What is mounted into a container: volumes and tmpfs. */
#include "decode.h"
#include "mount.h"
#include "path.h"

enum { MOUNTS_MAX = 1000 };

static const char *const propagations[] = { "private",	"rprivate", "rshared",
					    "rslave",	"shared",   "slave" };

static int fail_mount(struct decoder *d, const struct yaml_node *node, const char *why)
{
	(void)compose_error(node->place, d->err, "'%s' is not a mount: %s", node->text.ptr, why);
	return error_hint(d->err, "write [SOURCE:]TARGET[:ro], as \"./data:/data\"");
}

static int add_mount(struct decoder *d, struct compose_service *s, const struct yaml_node *node,
		     const struct compose_mount *mount)
{
	for (size_t i = 0; i < s->mount_count; i++) {
		if (strcmp(s->mounts[i].target, mount->target) != 0)
			continue;
		return compose_error(node->place, d->err, "%s is already mounted in line %u",
				     mount->target, s->mounts[i].place.line);
	}
	if (s->mount_count == MOUNTS_MAX)
		return compose_limit(node->place, d->err, "too many mounts", MOUNTS_MAX);
	s->mounts = arena_grow(d->arena, s->mounts, s->mount_count, sizeof(*s->mounts));
	s->mounts[s->mount_count++] = *mount;
	return 0;
}

static int set_target(struct decoder *d, const struct yaml_node *node, str target,
		      struct compose_mount *mount)
{
	if (target.len == 0 || target.ptr[0] != '/')
		return compose_error(node->place, d->err,
				     "'%.*s' must be an absolute path in the container",
				     STR_ARG(target));
	mount->target = compose_path_absolute(d->arena, "/", target, NULL);
	if (strcmp(mount->target, "/") == 0)
		return compose_error(node->place, d->err, "'/' cannot be mounted over");
	return 0;
}

static bool is_path(str source)
{
	return source.len && (source.ptr[0] == '.' || source.ptr[0] == '/' || source.ptr[0] == '~');
}

static void set_bind_source(struct decoder *d, const struct yaml_node *node, str source,
			    struct compose_mount *mount)
{
	mount->source =
		compose_path_absolute(d->arena, node->place.source->directory, source, d->home);
}

static int set_option(struct decoder *d, const struct yaml_node *node, str option,
		      struct compose_mount *mount)
{
	for (size_t i = 0; i < ARRAY_SIZE(propagations); i++) {
		if (str_is(option, propagations[i])) {
			mount->propagation = propagations[i];
			return 0;
		}
	}
	if (str_is(option, "ro"))
		mount->read_only = true;
	else if (str_is(option, "nocopy"))
		mount->no_copy = true;
	else if (str_is(option, "z") || str_is(option, "Z"))
		mount->selinux = str_is(option, "z") ? "z" : "Z";
	else if (!str_is(option, "rw") && !str_is(option, "cached") &&
		 !str_is(option, "consistent") && !str_is(option, "delegated"))
		return compose_error(node->place, d->err, "unknown mount option '%.*s'",
				     STR_ARG(option));
	return 0;
}

static int decode_short(struct decoder *d, const struct yaml_node *node, struct compose_service *s)
{
	struct compose_mount mount = { .type = COMPOSE_MOUNT_VOLUME,
				       .place = compose_place(node->place) };
	struct mount_parts parts;
	str option = { NULL, 0 };

	if (!compose_mount_split(node->text, &parts))
		return fail_mount(d, node, "a part is empty, or there are too many");
	int r = set_target(d, node, parts.target, &mount);

	if (is_path(parts.source)) {
		mount.type = COMPOSE_MOUNT_BIND;
		mount.create_host_path = true;
		set_bind_source(d, node, parts.source, &mount);
	} else if (parts.source.ptr) {
		mount.source = arena_strdup(d->arena, parts.source);
	}
	while (r == 0 && str_cut(&parts.options, ',', &option))
		r = set_option(d, node, option, &mount);
	return r < 0 ? r : add_mount(d, s, node, &mount);
}

#define MOUNT(member) offsetof(struct compose_mount, member)

static int decode_type(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	static const char *const names[] = {
		[COMPOSE_MOUNT_BIND] = "bind",
		[COMPOSE_MOUNT_VOLUME] = "volume",
		[COMPOSE_MOUNT_TMPFS] = "tmpfs",
	};
	const char *name = NULL;
	int r = compose_decode_string(d, pair, &name);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(names); i++) {
		if (strcmp(name, names[i]) == 0) {
			*(enum compose_mount_type *)to = (enum compose_mount_type)i;
			return 0;
		}
	}
	if (r < 0)
		return r;
	if (strcmp(name, "image") == 0 || strcmp(name, "npipe") == 0 ||
	    strcmp(name, "cluster") == 0)
		return compose_refuse(pair->value->place, d->err,
				      "'%s' is valid compose but not supported by this version",
				      name);
	(void)compose_error(pair->value->place, d->err, "unknown type '%s'", name);
	return error_hint(d->err, "it is bind, volume or tmpfs");
}

static int decode_propagation(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	for (size_t i = 0; i < ARRAY_SIZE(propagations); i++) {
		if (str_is(pair->value->text, propagations[i])) {
			*(const char **)to = propagations[i];
			return 0;
		}
	}
	return compose_error(pair->value->place, d->err, "unknown propagation '%s'",
			     pair->value->text.len ? pair->value->text.ptr : "");
}

static int decode_mode(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	return compose_decode_file_mode(d, pair, to);
}

static const struct compose_key bind_keys[] = {
	{ "create_host_path", compose_decode_bool, MOUNT(create_host_path), false },
	{ "propagation", decode_propagation, MOUNT(propagation), false },
	{ "recursive", NULL, 0, false },
	{ "selinux", compose_decode_string, MOUNT(selinux), false },
};
static const struct compose_key volume_keys[] = {
	{ "labels", NULL, 0, false },
	{ "nocopy", compose_decode_bool, MOUNT(no_copy), false },
	{ "subpath", NULL, 0, false },
};
static const struct compose_key tmpfs_keys[] = {
	{ "mode", decode_mode, MOUNT(tmpfs_mode), false },
	{ "size", compose_decode_bytes, MOUNT(tmpfs_size_bytes), false },
};
static const struct compose_keys bind_table = COMPOSE_KEYS("bind", bind_keys);
static const struct compose_keys volume_table = COMPOSE_KEYS("volume", volume_keys);
static const struct compose_keys tmpfs_table = COMPOSE_KEYS("tmpfs", tmpfs_keys);

static int decode_bind(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	return compose_decode_mapping(d, pair, &bind_table, to);
}

static int decode_volume(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	return compose_decode_mapping(d, pair, &volume_table, to);
}

static int decode_tmpfs_options(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	return compose_decode_mapping(d, pair, &tmpfs_table, to);
}

static const struct compose_key mount_keys[] = {
	{ "bind", decode_bind, 0, false },
	{ "consistency", compose_decode_ignored, 0, false },
	{ "image", NULL, 0, false },
	{ "read_only", compose_decode_bool, MOUNT(read_only), false },
	{ "source", compose_decode_string, MOUNT(source), false },
	{ "target", compose_decode_string, MOUNT(target), false },
	{ "tmpfs", decode_tmpfs_options, 0, false },
	{ "type", decode_type, MOUNT(type), false },
	{ "volume", decode_volume, 0, false },
};
static const struct compose_keys mount_table = COMPOSE_KEYS("a mount", mount_keys);

static int decode_long(struct decoder *d, struct yaml_node *node, struct compose_service *s)
{
	const struct yaml_pair pair = { STR("volumes"), node->place, node };
	struct compose_mount mount = { .type = COMPOSE_MOUNT_VOLUME,
				       .create_host_path = true,
				       .place = compose_place(node->place) };
	int r = compose_decode_mapping(d, &pair, &mount_table, &mount);

	if (r < 0)
		return r;
	if (!mount.target || !yaml_find(node, "type"))
		return compose_error(node->place, d->err, "'%s' is missing",
				     mount.target ? "type" : "target");
	if (mount.type == COMPOSE_MOUNT_TMPFS && mount.source)
		return compose_error(node->place, d->err, "a tmpfs has no 'source'");
	if (mount.type == COMPOSE_MOUNT_BIND) {
		if (!mount.source)
			return compose_error(node->place, d->err, "a bind needs 'source'");
		set_bind_source(d, yaml_find(node, "source")->value, str_from(mount.source),
				&mount);
	} else {
		mount.create_host_path = false;
	}
	if (mount.type == COMPOSE_MOUNT_VOLUME && mount.source && is_path(str_from(mount.source)))
		return compose_error(node->place, d->err,
				     "'%s' is a path: its type is bind, not volume", mount.source);
	r = set_target(d, node, str_from(mount.target), &mount);
	return r < 0 ? r : add_mount(d, s, node, &mount);
}

int compose_decode_volumes(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	const struct yaml_node *value = pair->value;
	int r = 0;

	if (value->kind != YAML_SEQUENCE)
		return compose_error(value->place, d->err, "must be a list, not %s",
				     yaml_kind_name(value->kind));
	for (size_t i = 0; r == 0 && i < value->count; i++) {
		struct yaml_node *item = value->items[i];

		if (item->kind == YAML_MAPPING)
			r = decode_long(d, item, to);
		else if (item->kind == YAML_STRING)
			r = decode_short(d, item, to);
		else
			r = compose_error(item->place, d->err,
					  "items must be strings or mappings, not %s",
					  yaml_kind_name(item->kind));
	}
	return r;
}

static bool set_tmpfs_flag(str name, struct compose_mount *mount)
{
	const struct {
		const char *on, *off;
		bool *flag;
	} flags[] = {
		{ "exec", "noexec", &mount->tmpfs_exec },
		{ "suid", "nosuid", &mount->tmpfs_suid },
		{ "dev", "nodev", &mount->tmpfs_dev },
		{ "ro", "rw", &mount->read_only },
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		if (str_is(name, flags[i].on) || str_is(name, flags[i].off)) {
			*flags[i].flag = str_is(name, flags[i].on);
			return true;
		}
	}
	return false;
}

static bool set_tmpfs_option(str option, struct compose_mount *mount)
{
	str name = option, value = { NULL, 0 };
	uint64_t number = 0;

	if (!str_split_once(option, '=', &name, &value))
		return set_tmpfs_flag(option, mount);
	if (str_is(name, "size"))
		return compose_parse_bytes(value, &mount->tmpfs_size_bytes);
	if (str_is(name, "mode") && str_to_octal(value, 07777, &number))
		mount->tmpfs_mode = (unsigned)number;
	else if (str_is(name, "uid") && str_to_u64(value, UINT32_MAX - 1, &number))
		mount->tmpfs_uid = (unsigned)number;
	else if (str_is(name, "gid") && str_to_u64(value, UINT32_MAX - 1, &number))
		mount->tmpfs_gid = (unsigned)number;
	else
		return false;
	return true;
}

static int add_tmpfs(struct decoder *d, const struct yaml_node *node, struct compose_service *s)
{
	struct compose_mount mount = { .type = COMPOSE_MOUNT_TMPFS,
				       .tmpfs_options = "",
				       .place = compose_place(node->place) };
	str target = node->text, options = { NULL, 0 }, option = { NULL, 0 };

	if (node->kind != YAML_STRING)
		return compose_error(node->place, d->err, "items must be strings, not %s",
				     yaml_kind_name(node->kind));
	if (str_split_once(node->text, ':', &target, &options))
		mount.tmpfs_options = arena_strdup(d->arena, options);
	int r = set_target(d, node, target, &mount);

	while (r == 0 && str_cut(&options, ',', &option)) {
		if (option.len && !set_tmpfs_option(option, &mount)) {
			(void)compose_error(node->place, d->err, "wrong tmpfs option '%.*s'",
					    STR_ARG(option));
			return error_hint(d->err, "known are size=, mode=, uid=, gid=, noexec, "
						  "nosuid, nodev and ro");
		}
	}
	return r < 0 ? r : add_mount(d, s, node, &mount);
}

int compose_decode_tmpfs(struct decoder *d, const struct yaml_pair *pair, void *to)
{
	const struct yaml_node *value = pair->value;
	int r = 0;

	if (value->kind != YAML_SEQUENCE)
		return add_tmpfs(d, value, to);
	for (size_t i = 0; r == 0 && i < value->count; i++)
		r = add_tmpfs(d, value->items[i], to);
	return r;
}
