/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compose project to model: what each service says over what its image says.
 *
 * Pure but for reading images from the store and secret files from the host. The config hash covers
 * the service's canonical form, the image's manifest and the content of its secrets and configs, so
 * a change of any of them recreates the container, and nothing else does.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>

#include "stack/stack.h"

/* Of one secret or config, and of all in a project: they travel to the supervisor in one message. */
enum { CONTENT_MAX = 1 << 20, CONTENT_TOTAL_MAX = 8 << 20 };

struct planning {
	const struct engine *engine;
	const struct compose_project *project;
};

static void replace(char **field, const char *value)
{
	if (value) {
		free(*field);
		*field = x_strdup(value);
	}
}

static void add_list(struct strv *out, const struct compose_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		strv_add(out, list->items[i]);
}

static void set_pairs(struct strv *out, const struct compose_pairs *pairs)
{
	for (size_t i = 0; i < pairs->count; i++) {
		if (pairs->items[i].value)
			strv_set_variable(out, str_from(pairs->items[i].key),
					  str_from(pairs->items[i].value));
	}
}

static struct error_position position_of(const struct source_place *place)
{
	return (struct error_position){ .file = place->file, .line = place->line,
					.column = place->column };
}

static void set_program(const struct compose_service *c, struct stack_service *s)
{
	if (c->entrypoint.given) {
		strv_fini(&s->entrypoint);
		strv_fini(&s->command); /* the image's command belongs to its own entrypoint */
		add_list(&s->entrypoint, &c->entrypoint.argv);
	}
	if (c->command.given) {
		strv_fini(&s->command);
		add_list(&s->command, &c->command.argv);
	}
}

static void set_health(const struct compose_healthcheck *c, struct stack_health *h)
{
	if (!c->given)
		return;
	if (c->disable) {
		strv_fini(&h->test);
		return;
	}
	if (c->test.count) {
		strv_fini(&h->test);
		if (strcmp(c->test.items[0], "NONE") != 0)
			add_list(&h->test, &c->test);
	}
	if (c->has_interval && c->interval_ns)
		h->interval_ns = c->interval_ns;
	if (c->has_timeout && c->timeout_ns)
		h->timeout_ns = c->timeout_ns;
	if (c->has_start_period)
		h->start_period_ns = c->start_period_ns;
	if (c->has_start_interval && c->start_interval_ns)
		h->start_interval_ns = c->start_interval_ns;
	if (c->has_retries && c->retries)
		h->retries = c->retries;
}

static int set_capabilities(const struct compose_list *names, bool add, struct stack_service *s,
			    struct error **err)
{
	for (size_t i = 0; i < names->count; i++) {
		str name = str_from(names->items[i]);
		int cap = container_capability(name);
		uint64_t bits = str_is_nocase(name, "ALL") ? (UINT64_C(1) << 41) - 1
				: cap >= 0		   ? UINT64_C(1) << cap
							   : 0;

		if (!bits)
			return error_new(err, ERR_PARSE, "unknown capability '%s'", names->items[i]);
		s->capabilities = add ? s->capabilities | bits : s->capabilities & ~bits;
	}
	return 0;
}

static int set_security(const struct compose_service *c, struct stack_service *s, struct error **err)
{
	int r = set_capabilities(&c->cap_drop, false, s, err);

	if (r == 0)
		r = set_capabilities(&c->cap_add, true, s, err);
	for (size_t i = 0; r == 0 && i < c->security_opt.count; i++) {
		const char *opt = c->security_opt.items[i];

		if (strncmp(opt, "no-new-privileges", 17) == 0 && !strstr(opt, "false"))
			s->no_new_privileges = true;
		else if (strncmp(opt, "seccomp", 7) == 0 && strstr(opt, "unconfined"))
			s->seccomp_unconfined = true;
	}
	s->privileged = c->privileged;
	s->read_only = c->read_only;
	if (c->has_init)
		s->init = c->init;
	return r;
}

static struct stack_mount *add_mount(struct stack_service *s, enum stack_mount_kind kind,
				     const char *target)
{
	/* A mount of the service takes the place of the image's anonymous volume there. */
	for (size_t i = 0; i < s->mount_count; i++) {
		if (strcmp(s->mounts[i].target, target) == 0) {
			free(s->mounts[i].source);
			free(s->mounts[i].target);
			s->mounts[i] = (struct stack_mount){ .kind = kind, .target = x_strdup(target) };
			return &s->mounts[i];
		}
	}
	s->mounts = x_realloc(s->mounts, s->mount_count + 1, sizeof(*s->mounts));
	struct stack_mount *m = &s->mounts[s->mount_count++];

	*m = (struct stack_mount){ .kind = kind, .target = x_strdup(target) };
	return m;
}

static const char *volume_name(const struct compose_project *p, const char *key)
{
	for (size_t i = 0; i < p->volume_count; i++) {
		if (strcmp(p->volumes[i].key, key) == 0)
			return p->volumes[i].name;
	}
	return key;
}

static void set_mounts(const struct compose_project *p, const struct compose_service *c,
		       struct stack_service *s)
{
	static const enum stack_mount_kind kinds[] = {
		[COMPOSE_MOUNT_BIND] = STACK_MOUNT_BIND,
		[COMPOSE_MOUNT_VOLUME] = STACK_MOUNT_VOLUME,
		[COMPOSE_MOUNT_TMPFS] = STACK_MOUNT_TMPFS,
	};

	for (size_t i = 0; i < c->mount_count; i++) {
		const struct compose_mount *from = &c->mounts[i];
		struct stack_mount *m = add_mount(s, kinds[from->type], from->target);

		m->read_only = from->read_only;
		m->no_copy = from->no_copy;
		m->create_source = from->create_host_path;
		m->size_bytes = from->tmpfs_size_bytes;
		m->mode = from->tmpfs_mode;
		m->anonymous = from->type == COMPOSE_MOUNT_VOLUME && !from->source;
		if (from->type == COMPOSE_MOUNT_VOLUME && from->source)
			m->source = x_strdup(volume_name(p, from->source));
		else if (from->source)
			m->source = x_strdup(from->source);
	}
}

static const struct compose_file_source *find_file(const struct compose_file_source *list, size_t count,
						   const char *key)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(list[i].key, key) == 0)
			return &list[i];
	}
	return NULL;
}

/* Secrets and configs: the content travels in the description and is written to a tmpfs. */
static int set_content(const struct compose_file_mount *uses, size_t use_count,
		       const struct compose_file_source *list, size_t count, struct stack_service *s,
		       struct error **err)
{
	for (size_t i = 0; i < use_count; i++) {
		const struct compose_file_source *source = find_file(list, count, uses[i].source);
		struct strbuf text CLEANUP_STRBUF = STRBUF_INIT(0);

		if (!source)
			return error_new(err, ERR_NOT_FOUND, "undefined secret or config '%s'",
					 uses[i].source);
		if (source->content)
			strbuf_add_text(&text, source->content);
		else if (fs_read_at(AT_FDCWD, source->file, CONTENT_MAX, &text, err) < 0) {
			struct error_position pos = position_of(&source->place);

			error_set_position(err, &pos);
			return error_context(err, "secret or config '%s'", uses[i].source);
		}
		struct stack_mount *m = add_mount(s, STACK_MOUNT_CONTENT, uses[i].target);

		m->source = x_strdup(strbuf_text(&text));
		m->read_only = true;
		m->uid = uses[i].uid;
		m->gid = uses[i].gid;
		m->mode = uses[i].has_mode ? uses[i].mode : 0444;
	}
	return 0;
}

static void set_ports(const struct compose_service *c, struct stack_service *s)
{
	s->ports = x_alloc(c->port_count * sizeof(*s->ports));
	for (size_t i = 0; i < c->port_count; i++)
		s->ports[s->port_count++] = (struct stack_port){
			.host_ip = c->ports[i].host_ip ? x_strdup(c->ports[i].host_ip) : NULL,
			.host_port = c->ports[i].published_first,
			.container_port = c->ports[i].target,
			.udp = strcmp(c->ports[i].protocol, "udp") == 0,
		};
}

static const struct compose_network *find_network(const struct compose_project *p, const char *key)
{
	for (size_t i = 0; i < p->network_count; i++) {
		if (strcmp(p->networks[i].key, key) == 0)
			return &p->networks[i];
	}
	return NULL;
}

static void set_networks(const struct compose_project *p, const struct compose_service *c,
			 struct stack_service *s)
{
	bool own = c->network_mode && strcmp(c->network_mode, "bridge") != 0;

	if (own) {
		replace(&s->network_mode, c->network_mode);
		return;
	}
	s->attachments = x_alloc((c->network_count + 1) * sizeof(*s->attachments));
	if (c->network_mode)
		s->attachments[s->attachment_count++].network = x_strdup("bridge");
	for (size_t i = 0; i < c->network_count; i++) {
		const struct compose_network *n = find_network(p, c->networks[i].network);
		struct stack_attachment *a = &s->attachments[s->attachment_count++];

		a->network = x_strdup(n ? n->name : c->networks[i].network);
		a->ipv4 = c->networks[i].ipv4_address ? x_strdup(c->networks[i].ipv4_address) : NULL;
		add_list(&a->aliases, &c->networks[i].aliases);
	}
}

static void set_limits(const struct compose_service *c, struct stack_service *s)
{
	s->limits.memory_max_bytes = c->memory_max_bytes;
	s->limits.cpu_quota_us_per_100ms = (uint64_t)(c->cpus * 100000 + 0.5);
	s->limits.pids_max = c->pids_limit;
	s->shm_size_bytes = c->shm_size_bytes;
	s->has_oom_score_adj = c->has_oom_score_adj;
	s->oom_score_adj = c->oom_score_adj;
	s->ulimits = x_alloc(c->ulimit_count * sizeof(*s->ulimits));
	for (size_t i = 0; i < c->ulimit_count; i++)
		s->ulimits[s->ulimit_count++] = (struct stack_ulimit){
			.name = x_strdup(c->ulimits[i].name),
			.soft = c->ulimits[i].soft,
			.hard = c->ulimits[i].hard,
		};
}

static void set_dependencies(const struct compose_service *c, struct stack_service *s)
{
	static const enum stack_condition conditions[] = {
		[CONDITION_STARTED] = STACK_STARTED,
		[CONDITION_HEALTHY] = STACK_HEALTHY,
		[CONDITION_COMPLETED] = STACK_COMPLETED,
	};

	s->dependencies = x_alloc(c->depends_on_count * sizeof(*s->dependencies));
	for (size_t i = 0; i < c->depends_on_count; i++)
		s->dependencies[s->dependency_count++] = (struct stack_dependency){
			.service = x_strdup(c->depends_on[i].service),
			.condition = conditions[c->depends_on[i].condition],
			.required = c->depends_on[i].required,
		};
}

/* json-file's sizes count in thousands, unlike memory (moby daemon/logger/jsonfilelog). */
static bool parse_log_size(str text, uint64_t *ret)
{
	uint64_t value, scale = 1;

	if (text.len && (text.ptr[text.len - 1] | 0x20) == 'b')
		text.len--;
	if (text.len && strchr("kmg", text.ptr[text.len - 1] | 0x20)) {
		char unit = (char)(text.ptr[--text.len] | 0x20);

		scale = unit == 'k' ? 1000 : unit == 'm' ? 1000000 : 1000000000;
	}
	return str_to_u64(text, UINT64_MAX / scale, &value) && value && ((*ret = value * scale), true);
}

static int set_logging(const struct compose_service *c, struct stack_service *s, struct error **err)
{
	uint64_t number;

	s->log_none = c->log_driver && strcmp(c->log_driver, "none") == 0;
	for (size_t i = 0; i < c->log_options.count; i++) {
		const struct compose_pair *o = &c->log_options.items[i];
		str value = str_from(o->value ? o->value : "");

		if (strcmp(o->key, "max-size") == 0 && parse_log_size(value, &number))
			s->log_max_bytes = number;
		else if (strcmp(o->key, "max-file") == 0 && str_to_u64(value, 1000, &number) && number)
			s->log_max_files = (unsigned)number;
		else
			return error_new(err, ERR_PARSE, "logging option '%s: %.*s' is not understood", o->key,
					 STR_ARG(value));
	}
	return 0;
}

static void add_labels(const struct compose_project *p, const struct compose_service *c,
		       struct stack_service *s)
{
	set_pairs(&s->labels, &c->labels);
	strv_addf(&s->labels, "com.docker.compose.project=%s", p->name);
	strv_addf(&s->labels, "com.docker.compose.service=%s", c->name);
	strv_add(&s->labels, "com.docker.compose.container-number=1");
	strv_add(&s->labels, "com.docker.compose.oneoff=False");
	strv_addf(&s->labels, "com.docker.compose.project.working_dir=%s", p->directory);
	strv_addf(&s->labels, "com.docker.compose.config-hash=%s", s->config_hash);
}

static void set_hash(const struct compose_project *p, const struct compose_service *c,
		     struct stack_service *s)
{
	char service_hash[SHA256_HEX_SIZE], hash[SHA256_HEX_SIZE];
	struct sha256 h;

	compose_service_hash(p, c, service_hash);
	sha256_start(&h);
	sha256_add_framed(&h, str_from(service_hash));
	sha256_add_framed(&h, str_from(s->image_manifest));
	for (size_t i = 0; i < s->mount_count; i++) {
		if (s->mounts[i].kind == STACK_MOUNT_CONTENT)
			sha256_add_framed(&h, str_from(s->mounts[i].source));
	}
	sha256_finish(&h, hash);
	s->config_hash = x_strdup(hash);
}

static int fill_service(const struct planning *plan, const struct compose_service *c,
			struct stack_service *s, struct error **err)
{
	const struct compose_project *p = plan->project;
	int r;

	s->service = x_strdup(c->name);
	s->container_name = c->container_name ? x_strdup(c->container_name)
					      : x_asprintf("%s-%s-1", p->name, c->name);
	set_program(c, s);
	set_pairs(&s->env, &c->environment);
	set_pairs(&s->sysctls, &c->sysctls);
	add_list(&s->extra_hosts, &c->extra_hosts);
	add_list(&s->dns, &c->dns);
	add_list(&s->groups, &c->group_add);
	replace(&s->user, c->user);
	replace(&s->working_dir, c->working_dir);
	replace(&s->hostname, c->hostname);
	replace(&s->domainname, c->domainname);
	replace(&s->stop_signal, c->stop_signal);
	if (c->has_stop_grace_period)
		s->stop_timeout_ns = c->stop_grace_period_ns;
	s->tty = c->tty;
	s->open_stdin = c->stdin_open;
	s->restart = (enum stack_restart)c->restart;
	s->restart_max = c->restart_max_attempts;
	s->restart_on_unhealthy = c->restart_on_unhealthy;
	set_health(&c->healthcheck, &s->health);
	set_mounts(p, c, s);
	set_ports(c, s);
	set_networks(p, c, s);
	set_limits(c, s);
	set_dependencies(c, s);
	r = set_security(c, s, err);
	if (r == 0)
		r = set_logging(c, s, err);
	if (r == 0)
		r = set_content(c->secrets, c->secret_count, p->secrets, p->secret_count, s, err);
	if (r == 0)
		r = set_content(c->configs, c->config_count, p->configs, p->config_count, s, err);
	if (r < 0)
		return r;
	set_hash(p, c, s);
	add_labels(p, c, s);
	return 0;
}

_Static_assert((int)STACK_RESTART_NO == (int)RESTART_NO &&
		       (int)STACK_RESTART_ALWAYS == (int)RESTART_ALWAYS &&
		       (int)STACK_RESTART_ON_FAILURE == (int)RESTART_ON_FAILURE &&
		       (int)STACK_RESTART_UNLESS_STOPPED == (int)RESTART_UNLESS_STOPPED,
	       "compose and stack name the restart policies in one order");

static int check_content(const struct stack_model *m, struct error **err)
{
	size_t total = 0;

	for (size_t i = 0; i < m->service_count; i++) {
		for (size_t k = 0; k < m->services[i].mount_count; k++) {
			if (m->services[i].mounts[k].kind == STACK_MOUNT_CONTENT)
				total += strlen(m->services[i].mounts[k].source);
		}
	}
	return total <= CONTENT_TOTAL_MAX
		       ? 0
		       : error_new(err, ERR_LIMIT, "secrets and configs of %zu bytes; %d are the most", total,
				   CONTENT_TOTAL_MAX);
}

/* A dependency on health needs a check, in the service or in its image. */
static int check_dependencies(const struct planning *plan, const struct stack_model *m,
			      struct error **err)
{
	for (size_t i = 0; i < m->service_count; i++) {
		for (size_t d = 0; d < m->services[i].dependency_count; d++) {
			const struct stack_dependency *dep = &m->services[i].dependencies[d];

			for (size_t k = 0; k < m->service_count; k++) {
				if (strcmp(m->services[k].service, dep->service) != 0 ||
				    dep->condition != STACK_HEALTHY || m->services[k].health.test.count)
					continue;
				struct error_position pos = position_of(
					&plan->project->services[i].depends_on[d].place);

				(void)error_at(err, &pos,
					       "service '%s' waits for '%s' to be healthy, which has no healthcheck",
					       m->services[i].service, dep->service);
				return error_hint(err, "give '%s' a healthcheck, or use condition: service_started",
						  dep->service);
			}
		}
	}
	return 0;
}

static void add_networks(const struct compose_project *p, struct stack_model *m)
{
	m->networks = x_alloc(p->network_count * sizeof(*m->networks));
	for (size_t i = 0; i < p->network_count; i++)
		m->networks[m->network_count++] = (struct stack_network){
			.name = x_strdup(p->networks[i].name),
			.subnet = p->networks[i].subnet ? x_strdup(p->networks[i].subnet) : NULL,
			.gateway = p->networks[i].gateway ? x_strdup(p->networks[i].gateway) : NULL,
			.internal = p->networks[i].internal,
			.external = p->networks[i].external,
		};
	for (size_t i = 0; i < p->volume_count; i++) {
		if (!p->volumes[i].external)
			strv_add(&m->volumes, p->volumes[i].name);
	}
}

static int add_service(const struct planning *plan, const struct compose_service *c,
		       struct stack_model *m, struct error **err)
{
	struct stack_service *s = &m->services[m->service_count++];
	CLEANUP_FREE char *image = c->image ? x_strdup(c->image)
					    : x_asprintf("%s-%s", plan->project->name, c->name);
	CLEANUP(image) struct image *img = NULL;
	int r = image_find(plan->engine->store, image, &img, err);

	if (r == 0) {
		stack_service_from_image(img, image, s);
		r = fill_service(plan, c, s, err);
	}
	if (r == 0)
		return 0;
	struct error_position pos = position_of(&c->place);

	error_set_position(err, &pos);
	return error_context(err, "service '%s'", c->name);
}

int stack_plan(const struct engine *e, const struct compose_project *p, const struct report *warnings,
	       struct stack_model **ret, struct error **err)
{
	struct planning plan = { e, p };
	CLEANUP(stack_model) struct stack_model *m = x_alloc(sizeof(*m));
	int r = 0;

	(void)warnings; /* all that can be warned about is said while loading */
	m->project = x_strdup(p->name);
	m->directory = x_strdup(p->directory);
	add_list(&m->files, &p->files);
	m->services = x_alloc(p->service_count * sizeof(*m->services));
	for (size_t i = 0; r == 0 && i < p->service_count; i++)
		r = add_service(&plan, &p->services[i], m, err);
	if (r == 0)
		r = check_content(m, err);
	if (r == 0)
		r = check_dependencies(&plan, m, err);
	if (r < 0)
		return r;
	add_networks(p, m);
	*ret = STEAL_PTR(&m);
	return 0;
}
