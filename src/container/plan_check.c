/* SPDX-License-Identifier: Apache-2.0 */
/* What a spec may ask for: everything that can be refused before a process exists. */
#include "launch.h"

enum { HOSTNAME_MAX = 64 };

/* Files of /proc that lxcfs and the like replace; everything else below /proc is refused. */
static const char *const coverable_paths[] = {
	"/proc/cpuinfo", "/proc/diskstats", "/proc/loadavg", "/proc/meminfo",
	"/proc/stat",	 "/proc/swaps",	    "/proc/uptime",
};

/* Sysctls that a namespace of the container's own holds (CVE-2022-0811: nothing else). */
static const struct {
	const char *name;
	bool is_prefix;
	bool is_network;
} sysctls[] = {
	{"net.", true, true},
	{"fs.mqueue.", true, false},
	{"kernel.shm", true, false},
	{"kernel.msgmax", false, false},
	{"kernel.msgmnb", false, false},
	{"kernel.msgmni", false, false},
	{"kernel.sem", false, false},
	{"kernel.domainname", false, false},
	{"kernel.hostname", false, false},
};

bool plan_is_coverable(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(coverable_paths); i++) {
		if (strcmp(path, coverable_paths[i]) == 0)
			return true;
	}
	return false;
}

int plan_check_process(const struct container_process *p, struct error **err)
{
	if (p->argv.count == 0 || !p->argv.items[0][0])
		return error_new(err, ERR_USAGE, "no command given, and the image names none");
	if (p->argv.count > LAUNCH_ARGS_MAX || p->env.count > LAUNCH_ARGS_MAX)
		return error_new(err, ERR_LIMIT, "more than %d arguments or variables",
				 LAUNCH_ARGS_MAX);
	if (p->cwd && p->cwd[0] && p->cwd[0] != '/')
		return error_new(err, ERR_USAGE, "working directory '%s' is not absolute", p->cwd);
	return 0;
}

static int check_name(const char *what, const char *name, struct error **err)
{
	if (name && strlen(name) > HOSTNAME_MAX)
		return error_new(err, ERR_USAGE, "%s '%.80s' is longer than %d bytes", what, name,
				 HOSTNAME_MAX);
	return 0;
}

int plan_check_spec(const struct container_spec *spec, struct error **err)
{
	const struct container_root *root = &spec->root;
	int r = check_name("host name", spec->hostname, err);

	if (r == 0)
		r = check_name("domain name", spec->domainname, err);
	if (r < 0)
		return r;
	if (root->lowers.count == 0 || root->lowers.count > LAUNCH_LOWERS_MAX)
		return error_new(err, ERR_LIMIT, "an image of %zu layers (1 to %d are possible)",
				 root->lowers.count, LAUNCH_LOWERS_MAX);
	if (spec->mount_count > LAUNCH_MOUNTS_MAX)
		return error_new(err, ERR_LIMIT, "more than %d mounts", LAUNCH_MOUNTS_MAX);
	return plan_check_process(&spec->process, err);
}

int plan_check_mount(const struct container_mount *m, const char *clean, struct error **err)
{
	if (m->target[0] != '/')
		return error_new(err, ERR_USAGE, "mount target '%s' is not absolute", m->target);
	if (strcmp(clean, "/") == 0)
		return error_new(err, ERR_USAGE, "mount target '%s' is the container's root",
				 m->target);
	if ((strcmp(clean, "/proc") == 0 || str_has_prefix(str_from(clean), "/proc/")) &&
	    !plan_is_coverable(clean))
		return error_new(err, ERR_USAGE, "mount target '%s' is inside /proc", m->target);
	if (m->type == CONTAINER_MOUNT_BIND && (!m->source || m->source[0] != '/'))
		return error_new(err, ERR_USAGE, "mount source '%s' for '%s' is not absolute",
				 m->source ? m->source : "", m->target);
	return 0;
}

static bool is_sysctl_key(str key)
{
	for (size_t i = 0; i < key.len; i++) {
		char c = key.ptr[i];
		bool part = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9') || c == '_' || c == '-';
		bool dot = c == '.' && i > 0 && i + 1 < key.len && key.ptr[i - 1] != '.';

		if (!part && !dot)
			return false;
	}
	return key.len > 0;
}

static bool is_sysctl_value(str value)
{
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.ptr[i];

		if (c == '+' || (c < ' ' && c != '\t') || c >= 0x7f)
			return false;
	}
	return value.len > 0;
}

int plan_check_sysctl(const char *text, enum container_network network, struct error **err)
{
	str key, value;
	size_t i = 0;

	if (!str_split_once(str_from(text), '=', &key, &value))
		return error_new(err, ERR_USAGE, "sysctl '%s' is not NAME=VALUE", text);
	key = str_trim(key);
	if (!is_sysctl_key(key) || !is_sysctl_value(value))
		return error_new(err, ERR_USAGE, "sysctl '%s' has a character that none has", text);
	while (i < ARRAY_SIZE(sysctls) &&
	       !(sysctls[i].is_prefix ? str_has_prefix(key, sysctls[i].name)
				      : str_is(key, sysctls[i].name)))
		i++;
	if (i == ARRAY_SIZE(sysctls)) {
		(void)error_new(err, ERR_USAGE, "sysctl '%.*s' belongs to the whole machine",
				STR_ARG(key));
		return error_hint(err, "only net.*, fs.mqueue.*, kernel.shm*, kernel.msg* and "
				       "kernel.sem can be set for a container");
	}
	if (sysctls[i].is_network && network == CONTAINER_NETWORK_HOST)
		return error_new(err, ERR_USAGE, "sysctl '%.*s' would change the host's network",
				 STR_ARG(key));
	return 0;
}
