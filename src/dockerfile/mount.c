/* SPDX-License-Identifier: Apache-2.0 */
/* RUN --mount: comma-separated fields, then keys by a table, then what must go together. */
#include "dockerfile/mount.h"

#include "path.h"
#include "suggest.h"

enum {
	MODE_MAX = 07777,
	ID_MAX = 0xFFFFFFFE, /* one more means "leave as it is" to the kernel */
	SHOWN_MAX = 64,
};

#define ALL_TYPES 0x1F
#define TYPE(t) (1U << RUN_MOUNT_##t)

static const char *const type_names[] = {
	[RUN_MOUNT_BIND] = "bind",     [RUN_MOUNT_CACHE] = "cache", [RUN_MOUNT_TMPFS] = "tmpfs",
	[RUN_MOUNT_SECRET] = "secret", [RUN_MOUNT_SSH] = "ssh",
};

static const char *const sharing_names[] = {
	[SHARING_SHARED] = "shared",
	[SHARING_PRIVATE] = "private",
	[SHARING_LOCKED] = "locked",
};

enum key_kind {
	KEY_TYPE,
	KEY_SHARING,
	KEY_TEXT,
	KEY_FROM, /* a text without variables */
	KEY_READONLY,
	KEY_READWRITE,
	KEY_REQUIRED,
	KEY_MODE,
	KEY_UID,
	KEY_GID,
	KEY_SIZE,
};

struct key {
	const char *name;
	enum key_kind kind;
	size_t offset;	/* KEY_TEXT, KEY_FROM: of the str */
	unsigned types; /* that take it */
};

#define TEXT(member) KEY_TEXT, offsetof(struct run_mount, member)

/* As BuildKit: options that do nothing for a type are let pass, unless it refuses them, too. */
static const struct key keys[] = {
	{"type", KEY_TYPE, 0, ALL_TYPES},
	{"source", TEXT(source), ALL_TYPES},
	{"src", TEXT(source), ALL_TYPES},
	{"target", TEXT(target), ALL_TYPES},
	{"dst", TEXT(target), ALL_TYPES},
	{"destination", TEXT(target), ALL_TYPES},
	{"from", KEY_FROM, offsetof(struct run_mount, from), ALL_TYPES & ~TYPE(SECRET)},
	{"id", TEXT(id), ALL_TYPES},
	{"env", TEXT(env), TYPE(SECRET)},
	{"readonly", KEY_READONLY, 0, ALL_TYPES},
	{"ro", KEY_READONLY, 0, ALL_TYPES},
	{"readwrite", KEY_READWRITE, 0, ALL_TYPES},
	{"rw", KEY_READWRITE, 0, ALL_TYPES},
	{"required", KEY_REQUIRED, 0, TYPE(SECRET) | TYPE(SSH)},
	{"sharing", KEY_SHARING, 0, TYPE(CACHE)},
	{"mode", KEY_MODE, 0, TYPE(CACHE) | TYPE(SECRET) | TYPE(SSH)},
	{"uid", KEY_UID, 0, TYPE(CACHE) | TYPE(SECRET) | TYPE(SSH)},
	{"gid", KEY_GID, 0, TYPE(CACHE) | TYPE(SECRET) | TYPE(SSH)},
	{"size", KEY_SIZE, 0, TYPE(TMPFS)},
};

/** struct mount_reader - One text on its way to a mount */
struct mount_reader {
	struct arena *arena;
	const struct expand_env *env; /* NULL: there are no variables */
	struct run_mount mount;
	bool given[ARRAY_SIZE(keys)];
	bool has_readonly;
};

/*
 * One comma-separated field. Quoted, it may hold commas, and "" for a quote; a quote inside an
 * unquoted field or text behind the closing one is an error.
 */
static int take_field(struct mount_reader *m, str *rest, str *ret_field, struct error **err)
{
	CLEANUP_STRBUF struct strbuf out = STRBUF_INIT(0);
	size_t i = 1;

	if (rest->len == 0 || rest->ptr[0] != '"') {
		(void)str_cut(rest, ',', ret_field); /* there is a piece: rest->ptr is set */
		if (str_find(*ret_field, '"') < 0)
			return 0;
		return error_new(err, ERR_PARSE, "'%.*s': quote the whole of key=value, or nothing",
				 STR_ARG(str_head(*ret_field, SHOWN_MAX)));
	}
	for (; i < rest->len; i++) {
		if (rest->ptr[i] == '"' && (i + 1 == rest->len || rest->ptr[i + 1] != '"'))
			break;
		i += rest->ptr[i] == '"'; /* the second of two */
		strbuf_add_char(&out, rest->ptr[i]);
	}
	str after = str_skip(*rest, i + 1);

	if (i >= rest->len)
		return error_new(err, ERR_PARSE, "a quote is not closed");
	if (after.len && after.ptr[0] != ',')
		return error_new(err, ERR_PARSE, "text behind a closing quote");
	*ret_field = arena_str(m->arena, strbuf_str(&out));
	*rest = after.len ? str_skip(after, 1) : (str){NULL, 0};
	return 0;
}

static int bad_value(const struct key *key, str value, const char *wanted, struct error **err)
{
	return error_new(err, ERR_PARSE, "%s takes %s, not '%.*s'", key->name, wanted,
			 STR_ARG(str_head(value, SHOWN_MAX)));
}

/* The words that Go's strconv.ParseBool knows. */
static bool read_bool(str value, bool *ret_bool)
{
	static const char *const words[] = {"0", "f", "F", "false", "False", "FALSE",
					    "1", "t", "T", "true",  "True",  "TRUE"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (str_is(value, words[i])) {
			*ret_bool = i >= ARRAY_SIZE(words) / 2;
			return true;
		}
	}
	return false;
}

static int read_flag(struct mount_reader *m, const struct key *key, str value, struct error **err)
{
	bool on = true;

	if (value.ptr && !read_bool(value, &on))
		return bad_value(key, value, "true or false", err);
	if (key->kind == KEY_REQUIRED) {
		m->mount.required = on;
		return 0;
	}
	m->mount.readonly = key->kind == KEY_READONLY ? on : !on;
	m->has_readonly = true;
	return 0;
}

/* "64m", "1.5GiB", "1024": binary units, as for all sizes of memory. */
static bool read_size(str value, uint64_t *ret_bytes)
{
	static const char units[] = "kmgtp";
	uint64_t whole = 0, scale = 1;
	double fraction = 0, weight = 0.1;
	size_t i = 0;

	while (i < value.len && value.ptr[i] >= '0' && value.ptr[i] <= '9')
		i++;
	if (!str_to_u64(str_head(value, i), INT64_MAX, &whole))
		return false;
	if (i < value.len && value.ptr[i] == '.')
		for (i++; i < value.len && value.ptr[i] >= '0' && value.ptr[i] <= '9'; i++) {
			fraction += weight * (value.ptr[i] - '0');
			weight /= 10;
		}
	str unit = str_skip(value, i);

	unit = str_has_prefix(unit, " ") ? str_skip(unit, 1) : unit;
	const char *found = unit.len ? strchr(units, unit.ptr[0] | 0x20) : NULL;

	if (found) {
		scale = UINT64_C(1) << (10 * (found - units + 1));
		unit = str_skip(unit, 1);
		if (str_is_nocase(str_head(unit, 1), "i"))
			unit = str_skip(unit, 1);
	}
	if (unit.len && !str_is_nocase(unit, "b"))
		return false;
	if (__builtin_mul_overflow(whole, scale, &whole) || whole > INT64_MAX)
		return false;
	*ret_bytes = whole + (uint64_t)(fraction * (double)scale);
	return true;
}

static int read_number(struct mount_reader *m, const struct key *key, str value, struct error **err)
{
	struct run_mount *mount = &m->mount;
	uint64_t number;

	if (key->kind == KEY_SIZE)
		return read_size(value, &mount->size_bytes)
			       ? 0
			       : bad_value(key, value, "a size such as 64m", err);
	if (key->kind == KEY_MODE) {
		if (!str_to_octal(value, MODE_MAX, &number))
			return bad_value(key, value, "an octal mode", err);
		mount->mode = (unsigned)number;
		mount->has_mode = true;
		return 0;
	}
	if (!str_to_u64(value, ID_MAX, &number))
		return bad_value(key, value, "a number", err);
	if (key->kind == KEY_UID) {
		mount->uid = (unsigned)number;
		mount->has_uid = true;
	} else {
		mount->gid = (unsigned)number;
		mount->has_gid = true;
	}
	return 0;
}

/* Index of @value in a list of names, or -1 with an error. */
static int read_name(const struct key *key, str value, const char *const *names, size_t count,
		     struct error **err)
{
	CLEANUP_STRBUF struct strbuf wanted = STRBUF_INIT(0);

	for (size_t i = 0; i < count; i++) {
		if (str_is_nocase(value, names[i]))
			return (int)i;
		if (i)
			strbuf_add_text(&wanted, i + 1 == count ? " or " : ", ");
		strbuf_add_text(&wanted, names[i]);
	}
	const char *near = suggest_name(value, names, sizeof(names[0]), count);

	(void)bad_value(key, value, strbuf_text(&wanted), err); /* the result is -1 */
	if (near)
		(void)error_hint(err, "did you mean %s=%s?", key->name, near);
	return -1;
}

static int read_value(struct mount_reader *m, const struct key *key, str value, struct error **err)
{
	int index;

	switch (key->kind) {
	case KEY_TYPE:
		index = read_name(key, value, type_names, ARRAY_SIZE(type_names), err);
		if (index < 0)
			return -ERR_PARSE;
		m->mount.type = (enum run_mount_type)index;
		return 0;
	case KEY_SHARING:
		index = read_name(key, value, sharing_names, ARRAY_SIZE(sharing_names), err);
		if (index < 0)
			return -ERR_PARSE;
		m->mount.sharing = (enum run_mount_sharing)index;
		return 0;
	case KEY_TEXT:
	case KEY_FROM:
		*(str *)(void *)((char *)&m->mount + key->offset) = value;
		return 0;
	case KEY_READONLY:
	case KEY_READWRITE:
	case KEY_REQUIRED:
		return read_flag(m, key, value, err);
	case KEY_MODE:
	case KEY_UID:
	case KEY_GID:
	case KEY_SIZE:
		break;
	}
	return read_number(m, key, value, err);
}

static const struct key *find_key(str name, struct error **err)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (str_is_nocase(name, keys[i].name))
			return &keys[i];
	}
	const char *near = suggest_name(name, keys, sizeof(keys[0]), ARRAY_SIZE(keys));

	(void)error_new(err, ERR_PARSE, "there is no option '%.*s'", /* the result is NULL */
			STR_ARG(str_head(name, SHOWN_MAX)));
	if (near)
		(void)error_hint(err, "did you mean %s?", near);
	return NULL;
}

static int add_field(struct mount_reader *m, str field, struct error **err)
{
	str name = field, value = {NULL, 0};
	bool has_value = str_split_once(field, '=', &name, &value);
	const struct key *key = find_key(name, err);
	int r = 0;

	if (!key)
		return -ERR_PARSE;
	bool optional = key->kind == KEY_READONLY || key->kind == KEY_READWRITE ||
			key->kind == KEY_REQUIRED;

	if (!has_value && !optional)
		return error_new(err, ERR_PARSE, "%s needs a value: %s=...", key->name, key->name);
	if (has_value && key->kind == KEY_FROM && str_find(value, '$') >= 0) {
		(void)error_new(err, ERR_PARSE, "from does not take variables"); /* as below */
		return error_hint(err, "name a stage: FROM ...$VARIABLE AS name, then from=name");
	}
	if (has_value && m->env)
		r = expand_word(m->arena, value, m->env, &value, err);
	if (r < 0)
		return r;
	m->given[key - keys] = true;
	return read_value(m, key, value, err);
}

static int check_types(const struct mount_reader *m, struct error **err)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (m->given[i] && !(keys[i].types & 1U << m->mount.type))
			return error_new(err, ERR_PARSE, "%s does not go with type=%s",
					 keys[i].name, type_names[m->mount.type]);
	}
	return 0;
}

static int check_target(const struct mount_reader *m, struct error **err)
{
	const struct run_mount *mount = &m->mount;

	if (mount->target.len == 0) {
		if (mount->type == RUN_MOUNT_SECRET || mount->type == RUN_MOUNT_SSH)
			return 0;
		return error_new(err, ERR_PARSE, "type=%s needs a target", type_names[mount->type]);
	}
	if (mount->target.ptr[0] == '/' && str_is(path_simplify(m->arena, mount->target), "/"))
		return error_new(err, ERR_PARSE, "target cannot be the root '%.*s'",
				 STR_ARG(str_head(mount->target, SHOWN_MAX)));
	return 0;
}

/* A secret's id may be given three ways. */
static int settle_secret(struct mount_reader *m, struct error **err)
{
	struct run_mount *mount = &m->mount;
	str target = path_simplify(m->arena, mount->target);

	if (mount->source.len && mount->id.len)
		return error_new(err, ERR_PARSE, "source and id of a secret mean the same");
	if (mount->source.len)
		mount->id = mount->source;
	if (mount->id.len == 0 && mount->target.len)
		mount->id = str_skip(target, (size_t)(str_find_last(target, '/') + 1));
	if (mount->id.len == 0)
		return error_new(err, ERR_PARSE, "type=secret needs an id or a target");
	return 0;
}

int run_mount_expand(struct arena *a, str text, const struct expand_env *env,
		     struct run_mount *ret_mount, struct error **err)
{
	struct mount_reader m = {.arena = a, .env = env};
	str rest = text, field;
	int r = 0;

	if (text.len == 0)
		return error_new(err, ERR_PARSE, "a mount needs options: type=cache,target=/path");
	while (r == 0 && rest.ptr) {
		r = take_field(&m, &rest, &field, err);
		if (r == 0)
			r = add_field(&m, field, err);
	}
	if (r == 0)
		r = check_types(&m, err);
	if (r == 0)
		r = check_target(&m, err);
	if (r == 0 && m.mount.type == RUN_MOUNT_SECRET)
		r = settle_secret(&m, err);
	if (r < 0)
		return r;
	if (!m.has_readonly)
		m.mount.readonly =
			m.mount.type != RUN_MOUNT_CACHE && m.mount.type != RUN_MOUNT_TMPFS;
	*ret_mount = m.mount;
	return 0;
}

int run_mount_parse(struct arena *a, str text, struct run_mount *ret_mount, struct error **err)
{
	return run_mount_expand(a, text, NULL, ret_mount, err);
}
