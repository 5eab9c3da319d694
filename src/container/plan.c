/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a spec to the ordered list of operations: pure, so that it is tested without root.
 *
 * The order, and what it protects:
 *  1. the mount tree becomes a slave first, so that nothing leaks to the host;
 *  2. /proc, /sys and /dev are mounted before anything that the user names, on real directories
 *     (CVE-2019-19921, CVE-2026-41579);
 *  3. the user's mounts go from shallow to deep targets, so that none hides another;
 *  4. masks come after them, so that none of them can uncover a masked path;
 *  5. ids are looked up and the working directory is made before the root turns read-only;
 *  6. after pivot_root every descriptor of the host is closed before the first path of the user's
 *     is entered (CVE-2024-21626);
 *  7. the filter comes last, or before CAP_SYS_ADMIN goes when no_new_privs is not wanted.
 */
#include <linux/mount.h>

#include "launch.h"

#define ATTR_SAFE (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

enum { SHM_DEFAULT_KIB = 65536 };

/* Where the network is the container's own, nobody in it needs root for port 80 or for ping. */
static const char *const default_sysctls[] = {
	"net.ipv4.ip_unprivileged_port_start=0",
	"net.ipv4.ping_group_range=0 2147483647",
};

static const char *const masked_paths[] = {
	"/proc/acpi",
	"/proc/asound",
	"/proc/interrupts",
	"/proc/kcore",
	"/proc/keys",
	"/proc/latency_stats",
	"/proc/sched_debug",
	"/proc/scsi",
	"/proc/timer_list",
	"/proc/timer_stats",
	"/sys/devices/virtual/powercap",
	"/sys/firmware",
};

static const char *const read_only_paths[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
};

static const struct {
	const char *name;
	unsigned major, minor;
} dev_nodes[] = {
	{"/dev/null", 1, 3},   {"/dev/zero", 1, 5},    {"/dev/full", 1, 7},
	{"/dev/random", 1, 8}, {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0},
};

static const struct {
	const char *text, *name;
} dev_links[] = {
	{"/proc/self/fd", "/dev/fd"},	    {"/proc/self/fd/0", "/dev/stdin"},
	{"/proc/self/fd/1", "/dev/stdout"}, {"/proc/self/fd/2", "/dev/stderr"},
	{"pts/ptmx", "/dev/ptmx"},
};

static struct launch_op *add(struct launch_plan *plan, enum launch_op_kind kind, const char *source,
			     const char *target)
{
	plan->ops = arena_grow(plan->arena, plan->ops, plan->count, sizeof(*plan->ops));
	struct launch_op *op = &plan->ops[plan->count++];

	op->kind = kind;
	op->source = source;
	op->target = target;
	op->fd = -1;
	return op;
}

static struct launch_op *add_mount(struct launch_plan *plan, const char *type, const char *target,
				   uint64_t attr, const char *options)
{
	struct launch_op *op = add(plan, LAUNCH_OP_MOUNT, type, target);

	op->attr = attr;
	op->options = options;
	return op;
}

/* Without empty parts, "." and "..": for checks and for the order only, never for opening. */
static const char *clean_path(struct arena *a, const char *path, size_t *ret_depth)
{
	char *out = arena_alloc(a, strlen(path) + 2);
	str rest = str_from(path), part;
	size_t len = 0, depth = 0;

	while (str_cut(&rest, '/', &part)) {
		if (part.len == 0 || str_is(part, "."))
			continue;
		if (str_is(part, "..")) {
			while (len > 0 && out[--len] != '/')
				;
			depth -= depth > 0;
			continue;
		}
		out[len++] = '/';
		memcpy(out + len, part.ptr, part.len);
		len += part.len;
		depth++;
	}
	if (len == 0)
		out[len++] = '/';
	out[len] = '\0';
	*ret_depth = depth;
	return out;
}

static void plan_root(struct launch_plan *plan, const struct container_root *root)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	bool overlay = root->upper || root->lowers.count > 1;
	struct launch_op *op =
		add(plan, LAUNCH_OP_ROOT, overlay ? "overlay" : "bind", root->mountpoint);

	strbuf_addf(&text, "in=%s lower=", root->layers_dir);
	for (size_t i = 0; i < root->lowers.count; i++)
		strbuf_addf(&text, "%s%s", i ? ":" : "", root->lowers.items[i]);
	if (root->upper)
		strbuf_addf(&text, " upper=%s work=%s%s", root->upper, root->work,
			    root->volatile_ ? " volatile" : "");
	op->options = arena_str(plan->arena, strbuf_str(&text)).ptr;
}

static void plan_dev(struct launch_plan *plan, const struct container_spec *spec)
{
	uint64_t shm_kib =
		spec->shm_size_bytes ? (spec->shm_size_bytes + 1023) / 1024 : SHM_DEFAULT_KIB;
	unsigned made = spec->bind_dev ? LAUNCH_FLAG_EXISTING : 0; /* nothing is made on the host */

	if (spec->bind_dev) {
		add(plan, LAUNCH_OP_BIND, "/dev", "/dev")->flags =
			LAUNCH_FLAG_PLAIN | LAUNCH_FLAG_DEV;
	} else {
		add_mount(plan, "tmpfs", "/dev", MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME,
			  "mode=755,size=64k")
			->flags = LAUNCH_FLAG_PLAIN | LAUNCH_FLAG_DEV;
		for (size_t i = 0; i < ARRAY_SIZE(dev_nodes); i++) {
			struct launch_op *op = add(plan, LAUNCH_OP_NODE, NULL, dev_nodes[i].name);

			op->mode = 0666;
			op->major = dev_nodes[i].major;
			op->minor = dev_nodes[i].minor;
		}
		for (size_t i = 0; i < ARRAY_SIZE(dev_links); i++)
			add(plan, LAUNCH_OP_LINK, dev_links[i].text, dev_links[i].name);
		add(plan, LAUNCH_OP_DIRECTORY, NULL, "/dev/pts");
		add(plan, LAUNCH_OP_DIRECTORY, NULL, "/dev/shm");
		add(plan, LAUNCH_OP_DIRECTORY, NULL, "/dev/mqueue");
	}
	add_mount(plan, "devpts", "/dev/pts", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
		  "newinstance,ptmxmode=0666,mode=0620,gid=5")
		->flags = made;
	add_mount(plan, "tmpfs", "/dev/shm", ATTR_SAFE,
		  arena_printf(plan->arena, "mode=1777,size=%lluk", (unsigned long long)shm_kib))
		->flags = made;
	add_mount(plan, "mqueue", "/dev/mqueue", ATTR_SAFE, NULL)->flags =
		LAUNCH_FLAG_OPTIONAL | made;
	if (spec->process.tty && !spec->bind_dev)
		add(plan, LAUNCH_OP_BIND, "terminal", "/dev/console")->flags = LAUNCH_FLAG_TTY;
}

static void plan_system_mounts(struct launch_plan *plan, const struct container_spec *spec)
{
	uint64_t sys_attr = ATTR_SAFE | (spec->process.privileged ? 0 : MOUNT_ATTR_RDONLY);

	add_mount(plan, "proc", "/proc", ATTR_SAFE, NULL)->flags = LAUNCH_FLAG_PLAIN;
	add_mount(plan, "sysfs", "/sys", sys_attr, NULL)->flags = LAUNCH_FLAG_PLAIN;
	plan_dev(plan, spec);
}

static void plan_files(struct launch_plan *plan, const struct container_spec *spec)
{
	if (spec->hosts)
		add(plan, LAUNCH_OP_BIND, spec->hosts, "/etc/hosts");
	if (spec->resolv_conf)
		add(plan, LAUNCH_OP_BIND, spec->resolv_conf, "/etc/resolv.conf");
	if (spec->hostname_file)
		add(plan, LAUNCH_OP_BIND, spec->hostname_file, "/etc/hostname");
}

static uint64_t mount_attr(const struct container_mount *m)
{
	return (m->read_only ? MOUNT_ATTR_RDONLY : 0) | (m->nosuid ? MOUNT_ATTR_NOSUID : 0) |
	       (m->nodev ? MOUNT_ATTR_NODEV : 0) | (m->noexec ? MOUNT_ATTR_NOEXEC : 0);
}

static void plan_user_mount(struct launch_plan *plan, const struct container_mount *m,
			    const char *clean)
{
	if (m->type == CONTAINER_MOUNT_TMPFS) {
		struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);

		strbuf_addf(&text, "mode=%o", m->mode ? (unsigned)m->mode : 01777U);
		if (m->size_bytes)
			strbuf_addf(&text, ",size=%llu", (unsigned long long)m->size_bytes);
		if (m->uid || m->gid)
			strbuf_addf(&text, ",uid=%u,gid=%u", m->uid, m->gid);
		add_mount(plan, "tmpfs", m->target, mount_attr(m),
			  arena_str(plan->arena, strbuf_str(&text)).ptr);
		return;
	}
	if (m->copy_up)
		add(plan, LAUNCH_OP_COPY_UP, m->source, m->target);
	struct launch_op *op = add(plan, LAUNCH_OP_BIND, m->source, m->target);

	op->attr = mount_attr(m);
	op->flags = LAUNCH_FLAG_RECURSIVE;
	if (plan_is_coverable(clean))
		op->flags |= LAUNCH_FLAG_OVER_PROC;
}

static void plan_cgroup(struct launch_plan *plan, const struct container_spec *spec)
{
	add(plan, LAUNCH_OP_CGROUP, NULL, "/sys/fs/cgroup")->attr =
		ATTR_SAFE | (spec->process.privileged ? 0 : MOUNT_ATTR_RDONLY);
}

struct ordered_mount {
	const struct container_mount *mount;
	const char *clean;
	size_t depth;
};

static int plan_user_mounts(struct launch_plan *plan, const struct container_spec *spec,
			    struct error **err)
{
	struct ordered_mount *list =
		arena_alloc(plan->arena, (spec->mount_count + 1) * sizeof(*list));

	/* Stable insertion: of two mounts at the same depth the user's order counts. */
	for (size_t i = 0; i < spec->mount_count; i++) {
		struct ordered_mount m = {.mount = &spec->mounts[i]};
		size_t at = i;

		m.clean = clean_path(plan->arena, m.mount->target, &m.depth);
		int r = plan_check_mount(m.mount, m.clean, err);

		if (r < 0)
			return r;
		for (; at > 0 && list[at - 1].depth > m.depth; at--)
			list[at] = list[at - 1];
		list[at] = m;
	}
	bool viewed = false;

	/* The view of the groups waits for the parent: late, unless something is put inside it. */
	for (size_t i = 0; i < spec->mount_count; i++) {
		if (!viewed && str_has_prefix(str_from(list[i].clean), "/sys/")) {
			plan_cgroup(plan, spec);
			viewed = true;
		}
		plan_user_mount(plan, list[i].mount, list[i].clean);
	}
	if (!viewed)
		plan_cgroup(plan, spec);
	return 0;
}

static void plan_masks(struct launch_plan *plan)
{
	for (size_t i = 0; i < ARRAY_SIZE(masked_paths); i++)
		add(plan, LAUNCH_OP_MASK, NULL, masked_paths[i]);
	add(plan, LAUNCH_OP_MASK_CPUS, "thermal_throttle", "/sys/devices/system/cpu");
	for (size_t i = 0; i < ARRAY_SIZE(read_only_paths); i++)
		add(plan, LAUNCH_OP_READ_ONLY, NULL, read_only_paths[i]);
}

static void plan_sysctl(struct launch_plan *plan, const char *text, bool late)
{
	str key, value;

	if (!str_split_once(str_from(text), '=', &key, &value))
		return;
	char *path = arena_strdup(plan->arena, str_trim(key));

	for (char *p = path; *p; p++) {
		if (*p == '.')
			*p = '/';
	}
	/* What belongs to one interface can only be set when the network is there. */
	bool of_interface = strstr(path, "/conf/") || strstr(path, "/neigh/");

	if (of_interface == late)
		add(plan, LAUNCH_OP_SYSCTL, arena_strdup(plan->arena, str_trim(value)), path)
			->flags = late ? LAUNCH_FLAG_LATE : 0;
}

static int plan_sysctls(struct launch_plan *plan, const struct container_spec *spec, bool late,
			struct error **err)
{
	bool own_network =
		spec->network == CONTAINER_NETWORK_OWN || spec->network == CONTAINER_NETWORK_NONE;

	for (size_t i = 0; !late && own_network && i < ARRAY_SIZE(default_sysctls); i++) {
		str key, value;

		(void)str_split_once(str_from(default_sysctls[i]), '=', &key, &value);
		if (!strv_find_variable(&spec->sysctls, key))
			plan_sysctl(plan, default_sysctls[i], false);
	}
	for (size_t i = 0; i < spec->sysctls.count; i++) {
		int r = plan_check_sysctl(spec->sysctls.items[i], spec->network, err);

		if (r < 0)
			return r;
		plan_sysctl(plan, spec->sysctls.items[i], late);
	}
	return 0;
}

/* What start and exec share: everything from standard streams to execve. */
static void plan_process(struct launch_plan *plan, const struct container_process *p, bool init)
{
	const char *user = p->user && p->user[0] ? p->user : "0";
	const char *cwd = p->cwd && p->cwd[0] ? p->cwd : "/";
	bool filter = !p->seccomp_unconfined && !p->privileged;
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);

	add(plan, LAUNCH_OP_STDIO, NULL, NULL);
	add(plan, LAUNCH_OP_SESSION, NULL, NULL)->flags = p->tty ? LAUNCH_FLAG_TTY : 0;
	add(plan, LAUNCH_OP_CLOSE_FDS, NULL, NULL);
	add(plan, LAUNCH_OP_CHDIR, NULL, cwd);
	if (filter && !p->no_new_privileges)
		add(plan, LAUNCH_OP_SECCOMP, "default", NULL);
	add(plan, LAUNCH_OP_BOUNDING,
	    p->privileged
		    ? "all"
		    : arena_printf(plan->arena, "%016llx", (unsigned long long)p->capabilities),
	    NULL);
	add(plan, LAUNCH_OP_IDS, user, NULL);
	if (p->die_with_parent) /* after the ids: a change of ids clears it */
		add(plan, LAUNCH_OP_DIE_WITH_PARENT, NULL, NULL);
	if (p->no_new_privileges)
		add(plan, LAUNCH_OP_NO_NEW_PRIVILEGES, NULL, NULL);
	if (filter && p->no_new_privileges)
		add(plan, LAUNCH_OP_SECCOMP, "default", NULL);
	for (size_t i = 0; i < p->argv.count; i++)
		strbuf_addf(&text, "%s%s", i ? " " : "", p->argv.items[i]);
	add(plan, LAUNCH_OP_EXEC, arena_str(plan->arena, strbuf_str(&text)).ptr, NULL)->flags =
		init ? LAUNCH_FLAG_INIT : 0;
}

static void plan_namespaces(struct launch_plan *plan, const struct container_spec *spec)
{
	bool own =
		spec->network == CONTAINER_NETWORK_NONE || spec->network == CONTAINER_NETWORK_OWN;

	if (own)
		add(plan, LAUNCH_OP_OWN_NETWORK, NULL, NULL);
	if (spec->network == CONTAINER_NETWORK_JOIN)
		add(plan, LAUNCH_OP_JOIN_NETWORK, NULL, NULL)->fd = spec->netns_fd;
	add(plan, LAUNCH_OP_SLAVE, NULL, NULL);
	if (spec->hostname && spec->hostname[0])
		add(plan, LAUNCH_OP_HOSTNAME, spec->hostname, NULL);
	if (spec->domainname && spec->domainname[0])
		add(plan, LAUNCH_OP_DOMAINNAME, spec->domainname, NULL);
	if (own)
		add(plan, LAUNCH_OP_LOOPBACK, NULL, NULL);
}

int plan_container(struct launch_plan *plan, const struct container_spec *spec, struct error **err)
{
	const struct container_process *p = &spec->process;
	int r = plan_check_spec(spec, err);

	if (r < 0)
		return r;
	plan_namespaces(plan, spec);
	plan_root(plan, &spec->root);
	plan_system_mounts(plan, spec);
	r = plan_sysctls(plan, spec, false, err);
	if (r < 0)
		return r;
	plan_files(plan, spec);
	r = plan_user_mounts(plan, spec, err);
	if (r < 0)
		return r;
	if (!p->privileged)
		plan_masks(plan);
	add(plan, LAUNCH_OP_USER, p->user && p->user[0] ? p->user : "0", NULL);
	add(plan, LAUNCH_OP_WORKDIR, NULL, p->cwd && p->cwd[0] ? p->cwd : "/");
	if (spec->root.read_only)
		add(plan, LAUNCH_OP_ROOT_READ_ONLY, NULL, NULL);
	add(plan, LAUNCH_OP_PIVOT, NULL, NULL);
	add(plan, LAUNCH_OP_GATE, NULL, NULL);
	r = plan_sysctls(plan, spec, true, err);
	if (r < 0)
		return r;
	plan_process(plan, p, spec->init && !container_is_init(&p->argv));
	return 0;
}

int plan_exec(struct launch_plan *plan, const struct container_process *process, struct error **err)
{
	int r = plan_check_process(process, err);

	if (r < 0)
		return r;
	add(plan, LAUNCH_OP_JOIN_CONTAINER, NULL, NULL);
	add(plan, LAUNCH_OP_USER, process->user && process->user[0] ? process->user : "0", NULL);
	plan_process(plan, process, false);
	return 0;
}
