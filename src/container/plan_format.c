/* SPDX-License-Identifier: Apache-2.0 */
/* A plan as text: one operation per line, its name first, then what it uses as key=value. */
#include <linux/mount.h>

#include "launch.h"

static const char *const op_names[] = {
	[LAUNCH_OP_OWN_NETWORK] = "own-network",
	[LAUNCH_OP_JOIN_NETWORK] = "join-network",
	[LAUNCH_OP_JOIN_CONTAINER] = "join-container",
	[LAUNCH_OP_SLAVE] = "slave",
	[LAUNCH_OP_HOSTNAME] = "hostname",
	[LAUNCH_OP_DOMAINNAME] = "domainname",
	[LAUNCH_OP_LOOPBACK] = "loopback",
	[LAUNCH_OP_ROOT] = "root",
	[LAUNCH_OP_MOUNT] = "mount",
	[LAUNCH_OP_DIRECTORY] = "directory",
	[LAUNCH_OP_NODE] = "node",
	[LAUNCH_OP_LINK] = "link",
	[LAUNCH_OP_CGROUP] = "cgroup",
	[LAUNCH_OP_COPY_UP] = "copy-up",
	[LAUNCH_OP_BIND] = "bind",
	[LAUNCH_OP_MASK] = "mask",
	[LAUNCH_OP_MASK_CPUS] = "mask-cpus",
	[LAUNCH_OP_READ_ONLY] = "read-only",
	[LAUNCH_OP_SYSCTL] = "sysctl",
	[LAUNCH_OP_USER] = "user",
	[LAUNCH_OP_WORKDIR] = "workdir",
	[LAUNCH_OP_ROOT_READ_ONLY] = "root-read-only",
	[LAUNCH_OP_PIVOT] = "pivot",
	[LAUNCH_OP_GATE] = "gate",
	[LAUNCH_OP_STDIO] = "stdio",
	[LAUNCH_OP_SESSION] = "session",
	[LAUNCH_OP_CLOSE_FDS] = "close-fds",
	[LAUNCH_OP_CHDIR] = "chdir",
	[LAUNCH_OP_BOUNDING] = "bounding",
	[LAUNCH_OP_SECCOMP] = "seccomp",
	[LAUNCH_OP_IDS] = "ids",
	[LAUNCH_OP_DIE_WITH_PARENT] = "die-with-parent",
	[LAUNCH_OP_NO_NEW_PRIVILEGES] = "no-new-privileges",
	[LAUNCH_OP_EXEC] = "exec",
};
_Static_assert(ARRAY_SIZE(op_names) == LAUNCH_OP_COUNT, "a name for every operation");

static const struct {
	uint64_t bit;
	const char *name;
} attr_names[] = {
	{MOUNT_ATTR_RDONLY, "ro"},
	{MOUNT_ATTR_NOSUID, "nosuid"},
	{MOUNT_ATTR_NODEV, "nodev"},
	{MOUNT_ATTR_NOEXEC, "noexec"},
	{MOUNT_ATTR_STRICTATIME, "strictatime"},
};

static const struct {
	unsigned bit;
	const char *name;
} flag_names[] = {
	{LAUNCH_FLAG_PLAIN, "plain"},	      {LAUNCH_FLAG_OPTIONAL, "optional"},
	{LAUNCH_FLAG_LATE, "late"},	      {LAUNCH_FLAG_TTY, "tty"},
	{LAUNCH_FLAG_INIT, "init"},	      {LAUNCH_FLAG_RECURSIVE, "recursive"},
	{LAUNCH_FLAG_OVER_PROC, "over-proc"}, {LAUNCH_FLAG_EXISTING, "existing"},
};

/* Spaces stay readable; control characters cannot forge a line. */
static void add_value(struct strbuf *out, const char *key, const char *value)
{
	strbuf_addf(out, " %s=", key);
	for (; *value; value++) {
		if ((unsigned char)*value < ' ' || *value == 0x7f)
			strbuf_addf(out, "\\x%02x", (unsigned char)*value);
		else
			strbuf_add_char(out, *value);
	}
}

static void format_op(const struct launch_op *op, struct strbuf *out)
{
	const char *separator = " attr=";

	strbuf_add_text(out, op_names[op->kind]);
	if (op->source)
		add_value(out, "source", op->source);
	if (op->target)
		add_value(out, "target", op->target);
	for (size_t i = 0; i < ARRAY_SIZE(attr_names); i++) {
		if (op->attr & attr_names[i].bit) {
			strbuf_addf(out, "%s%s", separator, attr_names[i].name);
			separator = ",";
		}
	}
	separator = " flags=";
	for (size_t i = 0; i < ARRAY_SIZE(flag_names); i++) {
		if (op->flags & flag_names[i].bit) {
			strbuf_addf(out, "%s%s", separator, flag_names[i].name);
			separator = ",";
		}
	}
	if (op->kind == LAUNCH_OP_NODE)
		strbuf_addf(out, " mode=%o device=%u:%u", (unsigned)op->mode, op->major, op->minor);
	if (op->options)
		add_value(out, "options", op->options);
	strbuf_add_char(out, '\n');
}

int container_plan_format(const struct container_spec *spec, struct strbuf *out, struct error **err)
{
	CLEANUP(arena) struct arena *arena = arena_new();
	struct launch_plan plan = {.arena = arena};
	int r = plan_container(&plan, spec, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < plan.count; i++)
		format_op(&plan.ops[i], out);
	return 0;
}
