/* SPDX-License-Identifier: Apache-2.0 */
/* Releasing descriptions of containers; defaults from an image. */
#include "stack/model.h"

void stack_service_fini(struct stack_service *s)
{
	char **texts[] = { &s->service,	    &s->container_name, &s->image,    &s->image_manifest,
			   &s->config_hash, &s->working_dir,	&s->user,     &s->hostname,
			   &s->domainname,  &s->stop_signal,	&s->network_mode };
	struct strv *lists[] = { &s->entrypoint, &s->command,	  &s->env, &s->labels, &s->groups,
				 &s->sysctls,	 &s->extra_hosts, &s->dns, &s->health.test };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		free(*texts[i]);
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		strv_fini(lists[i]);
	for (size_t i = 0; i < s->attachment_count; i++) {
		free(s->attachments[i].network);
		free(s->attachments[i].ipv4);
		strv_fini(&s->attachments[i].aliases);
	}
	for (size_t i = 0; i < s->port_count; i++)
		free(s->ports[i].host_ip);
	for (size_t i = 0; i < s->mount_count; i++) {
		free(s->mounts[i].source);
		free(s->mounts[i].target);
	}
	for (size_t i = 0; i < s->ulimit_count; i++)
		free(s->ulimits[i].name);
	for (size_t i = 0; i < s->dependency_count; i++)
		free(s->dependencies[i].service);
	free(s->attachments);
	free(s->ports);
	free(s->mounts);
	free(s->ulimits);
	free(s->dependencies);
	*s = (struct stack_service){ 0 };
}

void stack_model_free(struct stack_model *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->service_count; i++)
		stack_service_fini(&m->services[i]);
	for (size_t i = 0; i < m->network_count; i++) {
		free(m->networks[i].name);
		free(m->networks[i].subnet);
		free(m->networks[i].gateway);
	}
	strv_fini(&m->files);
	strv_fini(&m->volumes);
	free(m->services);
	free(m->networks);
	free(m->project);
	free(m->directory);
	free(m);
}

static char *text_or_null(const char *text)
{
	return text && *text ? x_strdup(text) : NULL;
}

/* Zero in an image means Docker's default (moby daemon/health.go). */
static void set_health(struct stack_health *h, const struct healthcheck_config *c)
{
	static const int64_t second = 1000000000;

	*h = (struct stack_health){ .interval_ns = c->interval_ns ? c->interval_ns : 30 * second,
				    .timeout_ns = c->timeout_ns ? c->timeout_ns : 30 * second,
				    .start_period_ns = c->start_period_ns,
				    .start_interval_ns = c->start_interval_ns ? c->start_interval_ns
									      : 5 * second,
				    .retries = c->retries > 0 ? (unsigned)c->retries : 3 };
	if (c->given && c->test.count && strcmp(c->test.items[0], "NONE") != 0)
		strv_add_all(&h->test, &c->test);
}

static void add_anonymous_volumes(struct stack_service *s, const struct strv *targets)
{
	s->mounts = x_alloc(targets->count * sizeof(*s->mounts));
	for (size_t i = 0; i < targets->count; i++)
		s->mounts[s->mount_count++] = (struct stack_mount){
			.kind = STACK_MOUNT_VOLUME,
			.anonymous = true,
			.target = x_strdup(targets->items[i]),
		};
}

void stack_service_from_image(const struct image *img, const char *image_name,
			      struct stack_service *s)
{
	const struct image_config *c = &img->config;

	*s = (struct stack_service){ .image = x_strdup(image_name),
				     .image_manifest = x_strdup(img->manifest_digest),
				     .working_dir = text_or_null(c->working_dir),
				     .user = text_or_null(c->user),
				     .stop_signal = text_or_null(c->stop_signal),
				     .stop_timeout_ns = INT64_C(10) * 1000000000,
				     .init = true,
				     .capabilities = CONTAINER_CAPABILITIES_DEFAULT,
				     .log_max_bytes = UINT64_C(10) * 1000 * 1000,
				     .log_max_files = 3 };
	strv_add_all(&s->entrypoint, &c->entrypoint);
	strv_add_all(&s->command, &c->cmd);
	for (size_t i = 0; i < c->env.count; i++) { /* of two with one name the last counts */
		str name = str_from(c->env.items[i]), value = { NULL, 0 };

		(void)str_split_once(name, '=', &name, &value); /* a bare name sets it empty */
		CLEANUP_FREE char *text = str_dup(name);

		strv_set_variable(&s->env, str_from(text), value);
	}
	strv_add_all(&s->labels, &c->labels);
	if (!strv_find_variable(&s->env, STR("PATH")))
		strv_add(&s->env,
			 "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	set_health(&s->health, &c->healthcheck);
	add_anonymous_volumes(s, &c->volumes);
}
