/* SPDX-License-Identifier: Apache-2.0 */
/* The variables that interpolation sees. */
#include "environment.h"

#include "base/memory.h"

void compose_environment_init(struct compose_environment *env, const struct strv *variables)
{
	*env = (struct compose_environment){ STRV_INIT };
	if (variables) {
		strv_add_all(&env->variables, variables);
		return;
	}
	for (char **e = environ; e && *e; e++)
		strv_add(&env->variables, *e);
}

void compose_environment_fini(struct compose_environment *env)
{
	strv_fini(&env->variables);
}

const char *compose_environment_get(const struct compose_environment *env, str name)
{
	return strv_find_variable(&env->variables, name);
}

void compose_environment_add(struct compose_environment *env, str name, str value)
{
	if (!compose_environment_get(env, name))
		strv_set_variable(&env->variables, name, value);
}

bool compose_environment_is_true(const struct compose_environment *env, const char *name)
{
	static const char *const words[] = { "1", "t", "true", "y", "yes", "on" };
	const char *value = compose_environment_get(env, str_from(name));

	for (size_t i = 0; value && i < ARRAY_SIZE(words); i++) {
		if (str_is_nocase(str_from(value), words[i]))
			return true;
	}
	return false;
}
