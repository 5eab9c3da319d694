/* SPDX-License-Identifier: Apache-2.0 */
/* The project in canonical form, as JSON, as YAML, and the hash of a service. */
#include "canonical.h"

#include <nettle/sha2.h>
#include <stdio.h>

static json_t *services(const struct compose_project *p, bool json)
{
	json_t *all = json_object();

	for (size_t i = 0; i < p->service_count; i++)
		compose_json_set(all, p->services[i].name,
				 compose_canonical_service(&p->services[i], json));
	return all;
}

static json_t *networks(const struct compose_project *p, bool json)
{
	json_t *all = json_object();

	for (size_t i = 0; i < p->network_count; i++) {
		const struct compose_network *n = &p->networks[i];
		json_t *o = json_object();

		compose_json_set_text(o, "name", n->name);
		if (n->subnet || n->gateway) {
			json_t *config = json_object();

			compose_json_set_text(config, "subnet", n->subnet);
			compose_json_set_text(config, "gateway", n->gateway);
			compose_json_set(o, "ipam", json_pack("{s:[o]}", "config", config));
		} else if (json) {
			compose_json_set(o, "ipam", json_object());
		}
		compose_json_set_true(o, "external", n->external);
		compose_json_set_true(o, "internal", n->internal);
		compose_json_set_pairs(o, "labels", &n->labels);
		compose_json_set(all, n->key, o);
	}
	return all;
}

static json_t *volumes(const struct compose_project *p)
{
	json_t *all = json_object();

	for (size_t i = 0; i < p->volume_count; i++) {
		const struct compose_volume *v = &p->volumes[i];
		json_t *o = json_object();

		compose_json_set_text(o, "name", v->name);
		compose_json_set_true(o, "external", v->external);
		compose_json_set_pairs(o, "labels", &v->labels);
		compose_json_set(all, v->key, o);
	}
	return all;
}

/* What came from a variable is printed by its name: the value may be a secret. */
static json_t *sources(const struct compose_file_source *items, size_t count)
{
	json_t *all = json_object();

	for (size_t i = 0; i < count; i++) {
		const struct compose_file_source *f = &items[i];
		json_t *o = json_object();

		compose_json_set_text(o, "name", f->name);
		compose_json_set_text(o, "file", f->file);
		compose_json_set_text(o, "environment", f->environment);
		compose_json_set_text(o, "content", f->environment ? NULL : f->content);
		compose_json_set(all, f->key, o);
	}
	return all;
}

static void set_section(json_t *object, const char *key, json_t *section)
{
	if (json_object_size(section))
		compose_json_set(object, key, section);
	else
		json_decref(section);
}

json_t *compose_canonical(const struct compose_project *p, bool json)
{
	json_t *o = json_object(), *configs = sources(p->configs, p->config_count);
	json_t *secrets = sources(p->secrets, p->secret_count);

	if (json) {
		set_section(o, "configs", configs);
		compose_json_set_text(o, "name", p->name);
		set_section(o, "networks", networks(p, json));
		set_section(o, "secrets", secrets);
		compose_json_set(o, "services", services(p, json));
		set_section(o, "volumes", volumes(p));
	} else {
		compose_json_set_text(o, "name", p->name);
		compose_json_set(o, "services", services(p, json));
		set_section(o, "networks", networks(p, json));
		set_section(o, "volumes", volumes(p));
		set_section(o, "secrets", secrets);
		set_section(o, "configs", configs);
	}
	compose_canonical_extensions(o, p->extensions);
	return o;
}

void compose_to_yaml(const struct compose_project *p, struct strbuf *out)
{
	json_t *value = compose_canonical(p, false);

	compose_json_double_dollars(value);
	compose_emit_yaml(value, out);
	json_decref(value);
}

void compose_to_json(const struct compose_project *p, struct strbuf *out)
{
	json_t *value = compose_canonical(p, true);

	compose_json_double_dollars(value);
	CLEANUP_FREE char *text =
		json_dumps(value, JSON_INDENT(2) | JSON_REAL_PRECISION(15));

	json_decref(value);
	if (!text)
		abort(); /* out of memory: the value is ours */
	strbuf_add_text(out, text);
	strbuf_add_char(out, '\n');
}

void compose_service_hash(const struct compose_project *p, const struct compose_service *s,
			  char ret_hex[65])
{
	static const char *const left_out[] = { "build", "depends_on", "profiles", "pull_policy",
						"scale" };
	unsigned char digest[SHA256_DIGEST_SIZE];
	json_t *value = compose_canonical_service(s, false);
	struct sha256_ctx hash;

	(void)p; /* a container's own settings name nothing of the project */
	for (size_t i = 0; i < ARRAY_SIZE(left_out); i++)
		(void)json_object_del(value, left_out[i]); /* absent is fine */
	json_t *deploy = json_object_get(value, "deploy");

	(void)json_object_del(deploy, "replicas");
	if (deploy && json_object_size(deploy) == 0)
		(void)json_object_del(value, "deploy");
	CLEANUP_FREE char *text = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(15));

	json_decref(value);
	if (!text)
		abort(); /* out of memory: the value is ours */
	sha256_init(&hash);
	sha256_update(&hash, strlen(text), (const unsigned char *)text);
	sha256_digest(&hash, sizeof(digest), digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		(void)snprintf(ret_hex + 2 * i, 3, "%02x", digest[i]);
}
