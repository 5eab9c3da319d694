/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the merged tree to the model: tables of keys, each with the function that decodes its value
 * into a field. A key that is in no table is an error, a key without a function is refused by name.
 */
#ifndef COMPOSE_DECODE_H
#define COMPOSE_DECODE_H

#include "compose/project.h"
#include "environment.h"
#include "tree.h"

/** struct compose_sources - Every file read, to find a model's place again */
struct compose_sources {
	const struct yaml_source **items;
	size_t count;
};

/** struct decoder - What decoding needs besides the value */
struct decoder {
	struct arena *arena;
	struct compose_project *project;
	const struct compose_environment *env;
	const struct report *warnings;
	const char *home; /* what "~" means; NULL: nothing */
	const struct compose_sources *sources;
	struct error **err;
};

/** compose_decode_fn - @pair: key (for messages) and value; @to: the field */
typedef int compose_decode_fn(struct decoder *d, const struct yaml_pair *pair, void *to);

/** struct compose_key - @decode NULL: valid in Compose, refused here; @nullable: may be empty */
struct compose_key {
	const char *name;
	compose_decode_fn *decode;
	size_t offset;
	bool nullable;
};

/** struct compose_keys - Table, sorted by name; @what: "a service"; @is_top: errors need no path */
struct compose_keys {
	const char *what;
	const struct compose_key *items;
	size_t count;
	bool is_top;
};

#define COMPOSE_KEYS(what_text, table) { what_text, table, ARRAY_SIZE(table), false }

/** compose_decode_mapping() - Every entry of a mapping by its table; "x-" entries are free */
int compose_decode_mapping(struct decoder *d, const struct yaml_pair *pair,
			   const struct compose_keys *keys, void *to);

/** compose_decode_ignored() - A key that has no effect outside a cluster: warns */
int compose_decode_ignored(struct decoder *d, const struct yaml_pair *pair, void *to);

/* Values. Each takes the field type that its comment names. */
compose_decode_fn compose_decode_string;	/* const char * */
compose_decode_fn compose_decode_bool;		/* bool */
compose_decode_fn compose_decode_bytes;		/* uint64_t */
compose_decode_fn compose_decode_cpus;		/* double */
compose_decode_fn compose_decode_list;		/* struct compose_list: list of texts */
compose_decode_fn compose_decode_texts;		/* struct compose_list: a text or a list */
compose_decode_fn compose_decode_argv;		/* struct compose_list: or split like a shell */
compose_decode_fn compose_decode_pairs;		/* struct compose_pairs: null is "" */
compose_decode_fn compose_decode_variables;	/* struct compose_pairs: null is NULL */
compose_decode_fn compose_decode_resource_name; /* const char *: name of a volume or network */
compose_decode_fn compose_decode_address;	/* const char *: IPv4 or IPv6 */
compose_decode_fn compose_decode_external;	/* bool */

/** compose_is_address() - IPv4 or IPv6, without brackets */
bool compose_is_address(str text);

int compose_decode_duration(struct decoder *d, const struct yaml_pair *pair, int64_t *ret_ns);

/** compose_decode_integer() - In any YAML notation, within bounds */
int compose_decode_integer(struct decoder *d, const struct yaml_pair *pair, int64_t min,
			   int64_t max, int64_t *ret_value);

/** compose_decode_file_mode() - 0440, 0o440, "0440" or the decimal number */
int compose_decode_file_mode(struct decoder *d, const struct yaml_pair *pair, unsigned *ret_mode);

/** compose_parse_bytes() - "64m", "1.5gb", "1024": binary units; false on anything else */
bool compose_parse_bytes(str text, uint64_t *ret_bytes);

/** compose_check_name() - [a-zA-Z0-9._-]+ and not only dots */
int compose_check_name(struct decoder *d, const char *what, const struct yaml_pair *pair);

/** compose_sort_pairs() - By key */
void compose_sort_pairs(struct compose_pairs *pairs);

/** compose_add_pair() - Set KEY, replacing an earlier value */
void compose_add_pair(struct arena *a, struct compose_pairs *pairs, const char *key,
		      const char *value);

/** compose_add_text() - Append */
void compose_add_text(struct arena *a, struct compose_list *list, const char *text);

/* Parts of the model, each in its file. */
compose_decode_fn compose_decode_service;	 /* struct compose_service */
compose_decode_fn compose_decode_build;		 /* struct compose_build */
compose_decode_fn compose_decode_healthcheck;	 /* struct compose_healthcheck */
compose_decode_fn compose_decode_deploy;	 /* struct compose_deploy */
compose_decode_fn compose_decode_ports;		 /* struct compose_service */
compose_decode_fn compose_decode_volumes;	 /* struct compose_service */
compose_decode_fn compose_decode_tmpfs;		 /* struct compose_service */
compose_decode_fn compose_decode_attachments;	 /* struct compose_service */
compose_decode_fn compose_decode_dependencies;	 /* struct compose_service */
compose_decode_fn compose_decode_env_file;	 /* struct yaml_node * */
compose_decode_fn compose_decode_secrets;	 /* struct compose_service */
compose_decode_fn compose_decode_configs;	 /* struct compose_service */
compose_decode_fn compose_decode_ulimits;	 /* struct compose_service */
compose_decode_fn compose_decode_restart;	 /* struct compose_service */
compose_decode_fn compose_decode_logging;	 /* struct compose_service */
compose_decode_fn compose_decode_extra_hosts;	 /* struct compose_list */
compose_decode_fn compose_decode_network_top;	 /* struct compose_network */
compose_decode_fn compose_decode_volume_top;	 /* struct compose_volume */
compose_decode_fn compose_decode_secret_top;	 /* struct compose_file_source */
compose_decode_fn compose_decode_config_top;	 /* struct compose_file_source */

/** struct compose_resource - Fields that top-level networks and volumes share */
struct compose_resource {
	const char *what;
	bool *external;
	const char **name;
};

/**
 * compose_decode_resource() - A top-level network or volume, its real name included
 * An external one may have no other key than its name. A missing value is an empty mapping.
 */
int compose_decode_resource(struct decoder *d, const struct yaml_pair *pair,
			    const struct compose_keys *keys, void *to,
			    const struct compose_resource *resource);

/** compose_resolve_environment() - Read env_file, fill in what comes from the environment */
int compose_resolve_environment(struct decoder *d, struct compose_service *s);

enum { COMPOSE_RESTART_COUNT = RESTART_UNLESS_STOPPED + 1 };

extern const char *const compose_restart_names[COMPOSE_RESTART_COUNT];

/** compose_extensions() - Mapping of the "x-" entries of a mapping; NULL: none */
const struct yaml_node *compose_extensions(struct arena *a, const struct yaml_node *node);

/** compose_decode_project() - The whole tree into d->project; cross checks are compose_check() */
int compose_decode_project(struct decoder *d, const struct yaml_node *root);

#endif
