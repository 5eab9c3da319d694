/* SPDX-License-Identifier: Apache-2.0 */
/* Preparing a container's directory and its spec. */
#include "runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>

static const struct {
	const char *name;
	int resource;
} limit_names[] = {
	{ "as", RLIMIT_AS },
	{ "core", RLIMIT_CORE },
	{ "cpu", RLIMIT_CPU },
	{ "data", RLIMIT_DATA },
	{ "fsize", RLIMIT_FSIZE },
	{ "locks", RLIMIT_LOCKS },
	{ "memlock", RLIMIT_MEMLOCK },
	{ "msgqueue", RLIMIT_MSGQUEUE },
	{ "nice", RLIMIT_NICE },
	{ "nofile", RLIMIT_NOFILE },
	{ "nproc", RLIMIT_NPROC },
	{ "rss", RLIMIT_RSS },
	{ "rtprio", RLIMIT_RTPRIO },
	{ "rttime", RLIMIT_RTTIME },
	{ "sigpending", RLIMIT_SIGPENDING },
	{ "stack", RLIMIT_STACK },
};

static const char hosts_head[] = "127.0.0.1\tlocalhost\n"
				 "::1\tlocalhost ip6-localhost ip6-loopback\n"
				 "fe00::\tip6-localnet\n"
				 "ff00::\tip6-mcastprefix\n"
				 "ff02::1\tip6-allnodes\n"
				 "ff02::2\tip6-allrouters\n";

enum { HOSTS_FILE_MAX = 1 << 20, HOST_NAME_SIZE = 65, SHORT_ID = 12 };

/* In place: a running container has the file bound. */
static int write_file(int dir_fd, const char *name, str text, struct error **err)
{
	CLEANUP_FD int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || fs_write_all(fd, text.ptr, text.len) < 0 || fchmod(fd, 0644) < 0)
		return error_errno(err, "write '%s'", name);
	return 0;
}

/* The upper directory is "/" of the container: the umask has no say in its mode. */
static int make_directories(int dir_fd, struct error **err)
{
	static const char *const names[] = { "upper", "work", "rootfs" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (mkdirat(dir_fd, names[i], 0700) < 0) {
			if (errno == EEXIST)
				continue;
			return error_errno(err, "make '%s'", names[i]);
		}
		if (fchmodat(dir_fd, names[i], 0755, 0) < 0)
			return error_errno(err, "make '%s'", names[i]);
	}
	return 0;
}

static bool is_host_network(const struct stack_service *s)
{
	return s->network_mode && strcmp(s->network_mode, "host") == 0;
}

static void set_names(const struct runtime_place *place, const struct stack_service *s,
		      struct runtime *rt)
{
	char host[HOST_NAME_SIZE] = "";

	if (s->hostname)
		rt->spec.hostname = s->hostname;
	else if (is_host_network(s) && gethostname(host, sizeof(host) - 1) == 0)
		rt->spec.hostname = arena_strdup(rt->arena, str_from(host));
	else
		rt->spec.hostname =
			arena_str(rt->arena, str_head(str_from(place->id), SHORT_ID)).ptr;
	rt->spec.domainname = s->domainname;
}

static int write_etc(const struct runtime_place *place, const struct stack_service *s,
		     struct runtime *rt, struct error **err)
{
	struct strbuf hosts CLEANUP_STRBUF = STRBUF_INIT(0), name CLEANUP_STRBUF = STRBUF_INIT(0);
	int r = 0;

	if (is_host_network(s))
		r = fs_read_at(AT_FDCWD, "/etc/hosts", HOSTS_FILE_MAX, &hosts, err);
	else
		strbuf_add_text(&hosts, hosts_head);
	strbuf_addf(&name, "%s\n", rt->spec.hostname);
	if (r == 0)
		r = write_file(place->dir_fd, "hosts", strbuf_str(&hosts), err);
	if (r == 0)
		r = write_file(place->dir_fd, "hostname", strbuf_str(&name), err);
	if (r == 0)
		r = write_file(place->dir_fd, "resolv.conf", place->resolv_conf, err);
	rt->spec.hosts = rt->hosts_path = arena_printf(rt->arena, "%s/hosts", place->dir_path);
	rt->spec.hostname_file = arena_printf(rt->arena, "%s/hostname", place->dir_path);
	rt->spec.resolv_conf = arena_printf(rt->arena, "%s/resolv.conf", place->dir_path);
	return r;
}

static void set_root(const struct engine *e, const struct runtime_place *place,
		     const struct stack_service *s, struct runtime *rt)
{
	struct container_root *root = &rt->spec.root;

	root->layers_dir = e->store->layers_path;
	for (size_t i = place->layers->count; i-- > 0;)
		strv_addf(&root->lowers, "%s/fs", place->layers->items[i]);
	root->upper = arena_printf(rt->arena, "%s/upper", place->dir_path);
	root->work = arena_printf(rt->arena, "%s/work", place->dir_path);
	root->mountpoint = arena_printf(rt->arena, "%s/rootfs", place->dir_path);
	root->read_only = s->read_only;
	root->volatile_ = s->auto_remove;
}

static void set_process(const struct stack_service *s, struct runtime *rt)
{
	struct container_process *p = &rt->spec.process;

	*p = (struct container_process){ .cwd = s->working_dir ? s->working_dir : "/",
					 .user = s->user ? s->user : "",
					 .tty = s->tty,
					 .fds = { -1, -1, -1 },
					 .capabilities = s->capabilities,
					 .no_new_privileges = s->no_new_privileges,
					 .seccomp_unconfined = s->seccomp_unconfined,
					 .privileged = s->privileged };
	strv_add_all(&p->argv, &s->entrypoint);
	strv_add_all(&p->argv, &s->command);
	strv_add_all(&p->env, &s->env);
	strv_add_all(&p->groups, &s->groups);
	if (!strv_find_variable(&p->env, STR("HOSTNAME")))
		strv_addf(&p->env, "HOSTNAME=%s", rt->spec.hostname);
	if (s->tty && !strv_find_variable(&p->env, STR("TERM")))
		strv_add(&p->env, "TERM=xterm");
}

static void set_network(const struct stack_service *s, struct runtime *rt)
{
	rt->spec.netns_fd = -1;
	rt->has_own_network = !s->network_mode && s->attachment_count;
	rt->spec.network = is_host_network(s)	 ? CONTAINER_NETWORK_HOST
			   : rt->has_own_network ? CONTAINER_NETWORK_OWN
						 : CONTAINER_NETWORK_NONE;
}

static int set_rlimits(const struct stack_service *s, struct runtime *rt, struct error **err)
{
	rt->spec.rlimits =
		arena_alloc(rt->arena, (s->ulimit_count + 1) * sizeof(*rt->spec.rlimits));
	for (size_t i = 0; i < s->ulimit_count; i++) {
		const struct stack_ulimit *u = &s->ulimits[i];
		size_t k = 0;

		while (k < ARRAY_SIZE(limit_names) && strcmp(limit_names[k].name, u->name) != 0)
			k++;
		if (k == ARRAY_SIZE(limit_names))
			return error_new(err, ERR_USAGE, "unknown ulimit '%s'", u->name);
		rt->spec.rlimits[rt->spec.rlimit_count++] =
			(struct container_rlimit){ limit_names[k].resource, u->soft, u->hard };
	}
	return 0;
}

static int fill(const struct engine *e, const struct runtime_place *place,
		const struct stack_service *s, struct runtime *rt, struct error **err)
{
	rt->spec.id = arena_strdup(rt->arena, str_from(place->id));
	set_names(place, s, rt);
	set_root(e, place, s, rt);
	set_process(s, rt);
	set_network(s, rt);
	rt->spec.init = s->init;
	strv_add_all(&rt->spec.sysctls, &s->sysctls);
	rt->spec.shm_size_bytes = s->shm_size_bytes;
	rt->spec.has_oom_score_adj = s->has_oom_score_adj;
	rt->spec.oom_score_adj = s->oom_score_adj;
	rt->spec.limits = s->limits;
	rt->spec.bind_dev = s->privileged;
	int r = set_rlimits(s, rt, err);

	if (r == 0)
		r = make_directories(place->dir_fd, err);
	if (r == 0)
		r = write_etc(place, s, rt, err);
	return r < 0 ? r : runtime_mounts(e, place, s, rt, err);
}

int runtime_prepare(const struct engine *e, const struct runtime_place *place,
		    const struct stack_service *s, struct runtime **ret, struct error **err)
{
	CLEANUP(runtime) struct runtime *rt = x_alloc(sizeof(*rt));

	rt->arena = arena_new();
	int r = fill(e, place, s, rt, err);

	if (r < 0)
		return r;
	*ret = STEAL_PTR(&rt);
	return 0;
}

void runtime_free(struct runtime *rt)
{
	if (!rt)
		return;
	strv_fini(&rt->spec.root.lowers);
	strv_fini(&rt->spec.process.argv);
	strv_fini(&rt->spec.process.env);
	strv_fini(&rt->spec.process.groups);
	strv_fini(&rt->spec.sysctls);
	arena_free(rt->arena);
	free(rt);
}

int runtime_add_hosts(const struct runtime *rt, const struct stack_service *s, const char *ipv4,
		      const char *gateway, struct error **err)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);
	CLEANUP_FD int fd = -1;

	for (size_t i = 0; i < s->extra_hosts.count; i++) {
		str name, address, item = str_from(s->extra_hosts.items[i]);

		if (!str_split_once(item, str_find(item, '=') < 0 ? ':' : '=', &name, &address))
			return error_new(err, ERR_USAGE, "extra host '%s' is not NAME:IP",
					 s->extra_hosts.items[i]);
		if (str_is(address, "host-gateway"))
			address = str_from(gateway && *gateway ? gateway : "127.0.0.1");
		strbuf_addf(&text, "%.*s\t%.*s\n", STR_ARG(address), STR_ARG(name));
	}
	if (ipv4 && s->domainname)
		strbuf_addf(&text, "%s\t%s.%s %s\n", ipv4, rt->spec.hostname, s->domainname,
			    rt->spec.hostname);
	else if (ipv4)
		strbuf_addf(&text, "%s\t%s\n", ipv4, rt->spec.hostname);
	if (text.len == 0)
		return 0;
	fd = open(rt->hosts_path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0 || fs_write_all(fd, text.ptr, text.len) < 0)
		return error_errno(err, "write '%s'", rt->hosts_path);
	return 0;
}
