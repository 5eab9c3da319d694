/* SPDX-License-Identifier: Apache-2.0 */
/* Which files, which directory, which variables, which name. */
#include "discover.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envfile.h"
#include "interpolate.h"
#include "path.h"

static const char *const default_names[] = { "compose.yaml", "compose.yml", "docker-compose.yaml",
					     "docker-compose.yml" };
static const char *const override_names[] = { "compose.override.yaml", "compose.override.yml",
					      "docker-compose.override.yaml",
					      "docker-compose.override.yml" };

static const char *lookup(void *ctx, str name)
{
	return compose_environment_get(ctx, name);
}

static int read_env_file(const char *path, struct discovery *found, struct strv *variables,
			 struct error **err)
{
	const struct interpolation in = { lookup, NULL, &found->env };

	return compose_envfile_read(path, false, &in, variables, err);
}

static void add_variables(struct discovery *found, const struct strv *variables)
{
	for (size_t i = 0; i < variables->count; i++) {
		str name = { NULL, 0 }, value = { NULL, 0 };

		if (str_split_once(str_from(variables->items[i]), '=', &name, &value))
			compose_environment_add(&found->env, name, value);
	}
}

static const char *absolute(struct arena *a, const struct discovery *found, str path)
{
	return compose_path_absolute(a, found->working_directory, path, NULL);
}

/* --env-file or COMPOSE_ENV_FILES; *ret_given: there were some, so .env is not read. */
static int read_given_env_files(struct arena *a, const struct compose_options *opt,
				struct discovery *found, bool *ret_given, struct error **err)
{
	CLEANUP_STRV struct strv variables = STRV_INIT, names = STRV_INIT;
	const char *list = compose_environment_get(&found->env, STR("COMPOSE_ENV_FILES"));
	str rest = list && list[0] ? str_from(list) : (str){ NULL, 0 }, name = { NULL, 0 };
	int r = 0;

	strv_add_all(&names, &opt->env_files);
	while (opt->env_files.count == 0 && str_cut(&rest, ',', &name))
		strv_add_str(&names, name);
	for (size_t i = 0; r == 0 && i < names.count; i++)
		r = read_env_file(absolute(a, found, str_from(names.items[i])), found, &variables,
				  err);
	if (r < 0)
		return error_context(err, "env file");
	add_variables(found, &variables);
	*ret_given = names.count > 0;
	return 0;
}

static int read_default_env_file(struct arena *a, struct discovery *found, const char *directory,
				 struct error **err)
{
	CLEANUP_STRV struct strv variables = STRV_INIT;
	const char *path = arena_printf(a, "%s/.env", directory);
	struct stat st;

	/* Some keep a directory of that name. */
	if (compose_environment_is_true(&found->env, "COMPOSE_DISABLE_ENV_FILE") ||
	    stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	int r = read_env_file(path, found, &variables, err);

	if (r == 0)
		add_variables(found, &variables);
	return r;
}

static bool add_if_there(struct arena *a, struct discovery *found, const char *directory,
			 const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *path = arena_printf(
			a, "%s/%s", strcmp(directory, "/") == 0 ? "" : directory, names[i]);

		if (faccessat(AT_FDCWD, path, F_OK, 0) == 0) {
			compose_add_text(a, &found->paths, path);
			return true;
		}
	}
	return false;
}

/* The nearest directory upwards that has a file of a known name. */
static int search(struct arena *a, struct discovery *found, struct error **err)
{
	const char *directory = found->working_directory;

	for (;;) {
		if (add_if_there(a, found, directory, default_names, ARRAY_SIZE(default_names))) {
			(void)add_if_there(a, found, directory, override_names,
					   ARRAY_SIZE(override_names)); /* optional */
			return 0;
		}
		if (strcmp(directory, "/") == 0)
			break;
		directory = compose_path_parent(a, directory);
	}
	(void)error_new(err, ERR_NOT_FOUND, "no compose file in '%s' or any directory above it",
			found->working_directory);
	return error_hint(err, "create compose.yaml, or name a file with -f");
}

static int choose_files(struct arena *a, const struct compose_options *opt,
			struct discovery *found, struct error **err)
{
	const char *list = compose_environment_get(&found->env, STR("COMPOSE_FILE"));
	const char *separator =
		compose_environment_get(&found->env, STR("COMPOSE_PATH_SEPARATOR"));
	str rest = list && list[0] ? str_from(list) : (str){ NULL, 0 }, path = { NULL, 0 };

	for (size_t i = 0; i < opt->files.count; i++) {
		bool standard_input = strcmp(opt->files.items[i], "-") == 0;

		compose_add_text(a, &found->paths,
				 standard_input
					 ? "-"
					 : absolute(a, found, str_from(opt->files.items[i])));
	}
	while (opt->files.count == 0 &&
	       str_cut(&rest, separator && separator[0] ? separator[0] : ':', &path))
		compose_add_text(a, &found->paths, absolute(a, found, path));
	return found->paths.count ? 0 : search(a, found, err);
}

static int set_working_directory(struct arena *a, const struct compose_options *opt,
				 struct discovery *found, struct error **err)
{
	char current[PATH_MAX];

	if (!getcwd(current, sizeof(current)))
		return error_errno(err, "working directory");
	found->working_directory = compose_path_absolute(
		a, current, str_from(opt->working_directory ? opt->working_directory : "."), NULL);
	return 0;
}

int compose_discover(struct arena *a, const struct compose_options *opt, struct discovery *found,
		     struct error **err)
{
	bool given = false;
	int r;

	*found = (struct discovery){ .directory = NULL };
	compose_environment_init(&found->env, opt->environment);
	r = set_working_directory(a, opt, found, err);
	if (r == 0)
		r = read_given_env_files(a, opt, found, &given, err);
	/* .env may name the compose files, so it is read before they are looked for ... */
	if (r == 0 && !given && opt->files.count == 0 && !opt->project_directory)
		r = read_default_env_file(a, found, found->working_directory, err);
	if (r == 0)
		r = choose_files(a, opt, found, err);
	if (r < 0)
		return r;
	if (opt->project_directory)
		found->directory = absolute(a, found, str_from(opt->project_directory));
	else if (strcmp(found->paths.items[0], "-") == 0)
		found->directory = found->working_directory;
	else
		found->directory = compose_path_parent(a, found->paths.items[0]);
	/* ... and that of the project counts as well. */
	return given ? 0 : read_default_env_file(a, found, found->directory, err);
}

void compose_discovery_fini(struct discovery *found)
{
	compose_environment_fini(&found->env);
}

/* Lower case, only letters, digits, '_' and '-', beginning with a letter or digit. */
static const char *normalize(struct arena *a, const char *name)
{
	char *out = arena_alloc(a, strlen(name) + 1);
	size_t n = 0;

	for (; *name; name++) {
		char c = *name >= 'A' && *name <= 'Z' ? (char)(*name + ('a' - 'A')) : *name;
		bool alnum = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

		if (alnum || (n > 0 && (c == '_' || c == '-')))
			out[n++] = c;
	}
	return out;
}

static int fail_name(struct loader *l, const char *name)
{
	(void)error_new(l->err, ERR_USAGE, "'%s' is not a project name", name);
	return error_hint(l->err, "it consists of lower-case letters, digits, '_' and '-', and "
				  "begins with a letter or digit");
}

/* "name" of the last document that has one; *ret_name stays NULL when none has. */
static int name_from_files(struct loader *l, struct yaml_file *const *files, size_t count,
			   const struct yaml_node **ret_node, const char **ret_name)
{
	CLEANUP_STRBUF struct strbuf name = STRBUF_INIT(INTERPOLATE_SIZE_MAX);
	const struct interpolation in = { lookup, NULL, (void *)(uintptr_t)l->env };
	const struct yaml_pair *pair = NULL;

	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < files[i]->count; j++) {
			const struct yaml_pair *here = yaml_find(files[i]->documents[j], "name");

			pair = here && here->value->kind == YAML_STRING ? here : pair;
		}
	}
	if (!pair)
		return 0;
	int r = compose_substitute(&in, pair->value->text, &name, NULL, l->err);

	if (r < 0) {
		struct error_position pos = yaml_position(pair->value->place);

		error_set_position(l->err, &pos);
		return r;
	}
	*ret_node = pair->value;
	*ret_name = arena_strdup(l->arena, strbuf_str(&name));
	return 0;
}

int compose_project_name(struct loader *l, const struct compose_options *opt,
			 struct discovery *found, struct yaml_file *const *files,
			 const char **ret_name)
{
	const char *variable = compose_environment_get(&found->env, STR("COMPOSE_PROJECT_NAME"));
	const struct yaml_node *node = NULL;
	const char *name = opt->project_name;
	int r = 0;

	if (!name || !name[0])
		name = variable && variable[0]
			       ? arena_strdup(l->arena, str_from(variable))
			       : NULL;
	if (!name)
		r = name_from_files(l, files, found->paths.count, &node, &name);
	if (r < 0)
		return r;
	if (!name)
		name = normalize(l->arena, compose_path_name(found->directory));
	if (name[0] == '\0' || strcmp(name, normalize(l->arena, name)) != 0) {
		r = fail_name(l, name);
		if (node) {
			struct error_position pos = yaml_position(node->place);

			error_set_position(l->err, &pos);
		}
		return r;
	}
	strv_set_variable(&found->env.variables, STR("COMPOSE_PROJECT_NAME"), str_from(name));
	*ret_name = arena_strdup(l->arena, str_from(name));
	return 0;
}
