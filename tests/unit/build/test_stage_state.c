/* SPDX-License-Identifier: Apache-2.0 */
/* What instructions without a layer do to config, variables and history. */
#include <check.h>

#include "stage_state.h"

struct fixture {
	struct dockerfile *df;
	struct build_values values;
	struct stage_state state;
	struct error *err;
};

/* The first stage of a text, all its instructions applied; layers are left out. */
static int apply(struct fixture *f, const char *text, const char *build_arg)
{
	struct strv args CLEANUP_STRV = STRV_INIT;
	int r = 0;

	*f = (struct fixture){ 0 };
	if (build_arg)
		strv_add(&args, build_arg);
	ck_assert_int_eq(dockerfile_parse("Dockerfile", str_from(text), NULL, &f->df, &f->err), 0);
	ck_assert_int_eq(build_values_init(&f->values, f->df, &args, NULL, &f->err), 0);
	stage_state_init_scratch(&f->state);
	f->state.created = (char[]){ "2026-01-02T03:04:05Z" };
	for (size_t i = 0; r == 0 && i < f->df->stages[0].instruction_count; i++) {
		const struct instruction *in = f->df->stages[0].instructions[i];

		if (in->kind == INSTRUCTION_WORKDIR || !stage_state_makes_layer(in))
			r = stage_state_apply(&f->state, &f->values, f->df, in, &f->err);
	}
	return r;
}

static void unload(struct fixture *f)
{
	stage_state_fini(&f->state);
	build_values_fini(&f->values);
	dockerfile_free(f->df);
	error_free(f->err);
}

#define PATH_ENV "PATH=" STATE_DEFAULT_PATH

/* Environment of the config, joined by '|'. */
static const struct {
	const char *text, *arg, *env;
} env_rows[] = {
	{ "FROM scratch\n", NULL, PATH_ENV },
	{ "FROM scratch\nENV a=1 b=2\n", NULL, PATH_ENV "|a=1|b=2" },
	{ "FROM scratch\nENV a=1\nENV b=2\nENV a=3\n", NULL, PATH_ENV "|a=3|b=2" },
	/* One instruction sees the variables as they were before it. */
	{ "FROM scratch\nENV a=1\nENV a=2 b=$a\n", NULL, PATH_ENV "|a=2|b=1" },
	{ "FROM scratch\nENV a b c\n", NULL, PATH_ENV "|a=b c" },
	{ "FROM scratch\nARG x=1\nENV a=$x\n", NULL, PATH_ENV "|a=1" },
	{ "FROM scratch\nARG x=1\nENV a=$x\n", "x=2", PATH_ENV "|a=2" },
	/* Not declared in the stage: the global ARG is out of reach. */
	{ "ARG x=1\nFROM scratch\nENV a=[$x]\n", NULL, PATH_ENV "|a=[]" },
	{ "ARG x=1\nFROM scratch\nARG x\nENV a=[$x]\n", NULL, PATH_ENV "|a=[1]" },
	{ "ARG x=1\nFROM scratch\nARG x=5\nENV a=[$x]\n", NULL, PATH_ENV "|a=[5]" },
	{ "ARG x=1\nFROM scratch\nARG x=5\nENV a=[$x]\n", "x=9", PATH_ENV "|a=[9]" },
	/* The last declaration wins, ARG or ENV; the config keeps ENV. */
	{ "FROM scratch\nENV x=env\nARG x=arg\nENV y=$x\n", NULL, PATH_ENV "|x=env|y=arg" },
	{ "FROM scratch\nARG x=arg\nENV x=env\nENV y=$x\n", NULL, PATH_ENV "|x=env|y=env" },
	{ "FROM scratch\nENV x=env\nARG x\nENV y=$x\n", NULL, PATH_ENV "|x=env|y=env" },
	/* ARG with several names goes from left to right. */
	{ "FROM scratch\nARG a=1 b=$a\nENV y=$b\n", NULL, PATH_ENV "|y=1" },
	{ "FROM scratch\nARG TARGETOS\nENV y=$TARGETOS\n", NULL, PATH_ENV "|y=linux" },
	{ "FROM scratch\nENV y=[$TARGETOS]\n", NULL, PATH_ENV "|y=[]" },
	{ "FROM scratch\nARG TARGETOS\nENV y=$TARGETOS\n", "TARGETOS=plan9", PATH_ENV "|y=plan9" },
};

START_TEST(test_environment)
{
	struct strbuf joined CLEANUP_STRBUF = STRBUF_INIT(0);
	struct fixture f;

	ck_assert_int_eq(apply(&f, env_rows[_i].text, env_rows[_i].arg), 0);
	for (size_t i = 0; i < f.state.config.env.count; i++)
		strbuf_addf(&joined, "%s%s", i ? "|" : "", f.state.config.env.items[i]);
	ck_assert_str_eq(strbuf_text(&joined), env_rows[_i].env);
	unload(&f);
}
END_TEST

static const struct {
	const char *instructions, *created_by; /* of the last history entry */
} history_rows[] = {
	{ "ENV a=1 b=2", "ENV a=1 b=2" },
	{ "LABEL a=\"x y\"", "LABEL a=x y" },
	{ "ARG x", "ARG x" },
	{ "ARG x=1 y", "ARG x=1 y" },
	{ "CMD [\"a\", \"b c\"]", "CMD [\"a\" \"b c\"]" },
	{ "CMD echo $x", "CMD [\"/bin/sh\" \"-c\" \"echo $x\"]" },
	{ "SHELL [\"/bin/bash\", \"-c\"]\nCMD echo", "CMD [\"/bin/bash\" \"-c\" \"echo\"]" },
	{ "ENTRYPOINT [\"/x\"]", "ENTRYPOINT [\"/x\"]" },
	{ "EXPOSE 80 53/udp 9000-9001", "EXPOSE [53/udp 80/tcp 9000/tcp 9001/tcp]" },
	{ "VOLUME /a /b", "VOLUME [/a /b]" },
	{ "VOLUME [\"/a\"]", "VOLUME [/a]" },
	{ "USER app", "USER app" },
	{ "STOPSIGNAL SIGINT", "STOPSIGNAL SIGINT" },
	{ "SHELL [\"/bin/bash\", \"-c\"]", "SHELL [/bin/bash -c]" },
	{ "MAINTAINER me", "MAINTAINER me" },
};

START_TEST(test_history)
{
	CLEANUP_FREE char *text = x_asprintf("FROM scratch\n%s\n", history_rows[_i].instructions);
	struct fixture f;

	ck_assert_int_eq(apply(&f, text, NULL), 0);
	const struct image_config *c = &f.state.config;

	ck_assert_uint_gt(c->history_count, 0);
	ck_assert_str_eq(c->history[c->history_count - 1].created_by, history_rows[_i].created_by);
	ck_assert(c->history[c->history_count - 1].empty_layer);
	ck_assert_str_eq(c->history[c->history_count - 1].comment, "buildkit.dockerfile.v0");
	unload(&f);
}
END_TEST

static const struct {
	const char *instructions, *dir;
} workdir_rows[] = {
	{ "WORKDIR /a", "/a" },		 { "WORKDIR /a\nWORKDIR b", "/a/b" },
	{ "WORKDIR a", "/a" },		 { "WORKDIR /a/../b/./c/", "/b/c" },
	{ "WORKDIR /a\nWORKDIR ..", "/" }, { "WORKDIR /../..", "/" },
	{ "ENV d=/x\nWORKDIR $d/y", "/x/y" },
};

START_TEST(test_workdir)
{
	CLEANUP_FREE char *text = x_asprintf("FROM scratch\n%s\n", workdir_rows[_i].instructions);
	struct fixture f;

	ck_assert_int_eq(apply(&f, text, NULL), 0);
	ck_assert_str_eq(f.state.config.working_dir, workdir_rows[_i].dir);
	unload(&f);
}
END_TEST

START_TEST(test_entrypoint_clears_an_inherited_cmd_only)
{
	struct fixture f;

	ck_assert_int_eq(apply(&f, "FROM scratch\nENTRYPOINT [\"e\"]\n", NULL), 0);
	strv_add(&f.state.config.cmd, "inherited");
	f.state.config.has_cmd = true;
	ck_assert_int_eq(stage_state_apply(&f.state, &f.values, f.df, f.df->stages[0].instructions[0], &f.err), 0);
	ck_assert(!f.state.config.has_cmd);
	unload(&f);
	ck_assert_int_eq(apply(&f, "FROM scratch\nCMD [\"own\"]\nENTRYPOINT [\"e\"]\n", NULL), 0);
	ck_assert_str_eq(f.state.config.cmd.items[0], "own");
	unload(&f);
}
END_TEST

static const char *const wrong_rows[] = {
	"FROM scratch\nEXPOSE 0\n", "FROM scratch\nEXPOSE 70000\n", "FROM scratch\nEXPOSE 90-80\n",
	"FROM scratch\nEXPOSE x/tcp\n", "FROM scratch\nEXPOSE 80/ipx\n",
	"FROM scratch\nENV s=NOPE\nSTOPSIGNAL $s\n", "FROM scratch\nENV a=${b:?missing}\n",
};

START_TEST(test_wrong)
{
	struct fixture f;

	ck_assert_int_lt(apply(&f, wrong_rows[_i], NULL), 0);
	ck_assert_ptr_nonnull(error_position(f.err));
	unload(&f);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("build/stage_state");
	TCase *t = tcase_create("state");
	SRunner *r;

	tcase_add_loop_test(t, test_environment, 0, ARRAY_SIZE(env_rows));
	tcase_add_loop_test(t, test_history, 0, ARRAY_SIZE(history_rows));
	tcase_add_loop_test(t, test_workdir, 0, ARRAY_SIZE(workdir_rows));
	tcase_add_test(t, test_entrypoint_clears_an_inherited_cmd_only);
	tcase_add_loop_test(t, test_wrong, 0, ARRAY_SIZE(wrong_rows));
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);

	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
