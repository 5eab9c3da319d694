/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions, their flags and arguments, stages, triggers, warnings. */
#include "dump.h"

static const struct parse_row accepted[] = {
	/* shell and JSON form */
	{"RUN a  b", "RUN [a  b]"},
	{"RUN [\"a\", \"b c\"]", "RUN json [a] [b c]"},
	{"RUN [ \"a\" ,\t\"b\" ]", "RUN json [a] [b]"},
	{"RUN [\"a\", \\\n \"b\"]", "RUN json [a] [b]"},
	{"RUN [\"\\u0041\\n\\\"\\\\\\/\"]", "RUN json [A\n\"\\/]"},
	{"RUN [\"\\ud83d\\ude00\\u00e4\"]", "RUN json [\xF0\x9F\x98\x80\xC3\xA4]"},
	{"RUN [\"\\ud83d\"]", "RUN json [\xEF\xBF\xBD]"},
	{"RUN [\"\\ude00x\"]", "RUN json [\xEF\xBF\xBDx]"},
	{"RUN [\"\"]", "RUN json []"},
	{"RUN [ -f a ] && b", "RUN [[ -f a ] && b]"},
	{"RUN ['a', 'b']", "RUN [['a', 'b']]"},
	{"RUN [\"a\",]", "RUN [[\"a\",]]"},
	{"RUN [\"a\"", "RUN [[\"a\"]"},
	{"RUN [\"a\"] b", "RUN [[\"a\"] b]"},
	{"RUN [\"a\" \"b\"]", "RUN [[\"a\" \"b\"]]"},
	{"RUN [\"\\x\"]", "RUN [[\"\\x\"]]"},
	{"RUN [\"\\u12\"]", "RUN [[\"\\u12\"]]"},
	{"RUN [\"a\tb\"]", "RUN [[\"a\tb\"]]"},
	{"RUN [01]", "RUN [[01]]"},
	{"RUN [1.]", "RUN [[1.]]"},
	{"RUN [-]", "RUN [[-]]"},
	{"RUN [nul]", "RUN [[nul]]"},
	{"RUN [{\"a\":1,}]", "RUN [[{\"a\":1,}]]"},
	{"RUN {\"a\":1}", "RUN [{\"a\":1}]"},
	{"CMD a b", "CMD [a b]"},
	{"CMD []", "CMD json"},
	{"CMD [ ]", "CMD json"},
	{"CMD [\"a\"]", "CMD json [a]"},
	{"ENTRYPOINT []", "ENTRYPOINT json"},
	{"ENTRYPOINT a $b", "ENTRYPOINT [a $b]"},
	{"SHELL [\"/bin/bash\", \"-c\"]", "SHELL json [/bin/bash] [-c]"},
	/* flags */
	{"RUN --network=none a", "RUN --network=none [a]"},
	{"RUN --network=host --security=insecure a", "RUN --network=host --security=insecure [a]"},
	{"RUN --network=default a", "RUN --network=default [a]"},
	{"RUN --security=sandbox a", "RUN --security=sandbox [a]"},
	{"RUN --device=x --device=y a", "RUN --device=x --device=y [a]"},
	{"RUN --mount=type=cache,target=/a --mount=target=/b,from=c a",
	 "RUN --mount=type=cache,target=/a --mount=target=/b,from=c [a]"},
	{"RUN --mount=type=$t,target=$u a", "RUN --mount=type=$t,target=$u [a]"},
	{"RUN --mount='type=cache,target=/a b' c", "RUN --mount=type=cache,target=/a b [c]"},
	{"RUN --mount=target=/a\\ b c", "RUN --mount=target=/a b [c]"},
	{"RUN --network=none [\"a\"]", "RUN --network=none json [a]"},
	{"RUN -- --a", "RUN [--a]"},
	{"RUN --network=none -- --a", "RUN --network=none [--a]"},
	{"RUN -a", "RUN [-a]"},
	{"RUN a --b", "RUN [a --b]"},
	{"RUN \\\n --network=none \\\n a", "RUN --network=none [a]"},
	{"CMD -- --help", "CMD [--help]"},
	{"COPY --link a b", "COPY --link=true [a] [b]"},
	{"COPY --link=true a b", "COPY --link=true [a] [b]"},
	{"COPY --link=FALSE a b", "COPY --link=false [a] [b]"},
	{"COPY --from=x --chown=1:2 --chmod=0755 --parents --exclude=a --exclude=b c d",
	 "COPY --from=x --chown=1:2 --chmod=0755 --parents=true --exclude=a --exclude=b [c] [d]"},
	{"COPY --chown=$u:\"g h\" a b", "COPY --chown=$u:g h [a] [b]"},
	{"COPY --chown= a b", "COPY --chown= [a] [b]"},
	{"ADD --keep-git-dir --unpack=false --checksum=sha256:x --link --chmod=1 --chown=2 "
	 "--exclude=3 a b",
	 "ADD --keep-git-dir=true --unpack=false --checksum=sha256:x --link=true --chmod=1 "
	 "--chown=2 --exclude=3 [a] [b]"},
	/* lists */
	{"COPY a b", "COPY [a] [b]"},
	{"COPY a\tb  c/ ", "COPY [a] [b] [c/]"},
	{"COPY [\"a b\", \"c\"]", "COPY json [a b] [c]"},
	{"COPY [a] b", "COPY [[a]] [b]"},
	{"COPY 'a b", "COPY ['a] [b]"},
	{"ADD http://x/y.tar /z", "ADD [http://x/y.tar] [/z]"},
	{"VOLUME /a", "VOLUME [/a]"},
	{"VOLUME /a  /b", "VOLUME [/a] [/b]"},
	{"VOLUME [\"/a\", \" /b \"]", "VOLUME json [/a] [/b]"},
	{"EXPOSE 80", "EXPOSE [80]"},
	{"EXPOSE 80/tcp 53/udp $p", "EXPOSE [80/tcp] [53/udp] [$p]"},
	/* the rest of the line */
	{"WORKDIR /a b", "WORKDIR [/a b]"},
	{"USER a:b", "USER [a:b]"},
	{"MAINTAINER A <a@b>  c", "MAINTAINER [A <a@b>  c]"},
	{"STOPSIGNAL SIGTERM", "STOPSIGNAL [SIGTERM]"},
	{"STOPSIGNAL int", "STOPSIGNAL [int]"},
	{"STOPSIGNAL 9", "STOPSIGNAL [9]"},
	{"STOPSIGNAL RTMIN+3", "STOPSIGNAL [RTMIN+3]"},
	{"STOPSIGNAL SIGRTMAX-14", "STOPSIGNAL [SIGRTMAX-14]"},
	{"STOPSIGNAL $s", "STOPSIGNAL [$s]"},
	{"STOPSIGNAL \"INT\"", "STOPSIGNAL [\"INT\"]"},
	/* pairs */
	{"ENV a=b", "ENV a=(b)"},
	{"ENV a=b c=d", "ENV a=(b) c=(d)"},
	{"ENV a=", "ENV a=()"},
	{"ENV a=b=c", "ENV a=(b=c)"},
	{"ENV a=\"b c\" d='e f'", "ENV a=(\"b c\") d=('e f')"},
	{"ENV a=b\\ c d=e", "ENV a=(b\\ c) d=(e)"},
	{"ENV a=\"b\\\" c\" d=e", "ENV a=(\"b\\\" c\") d=(e)"},
	{"ENV a='b\\' c=d", "ENV a=('b\\') c=(d)"},
	{"ENV a=\"b c", "ENV a=(\"b c)"},
	{"ENV a=b\"c d\"e f=g", "ENV a=(b\"c d\"e) f=(g)"},
	{"ENV a=b \\\n    c=d", "ENV a=(b) c=(d)"},
	{"ENV \"a b\"=c", "ENV \"a b\"=(c)"},
	{"ENV a b", "ENV a=(b)"},
	{"ENV a b c=d", "ENV a=(b c=d)"},
	{"ENV a \"b  c\"", "ENV a=(\"b  c\")"},
	{"ENV a\tb", "ENV a=(b)"},
	{"ENV a=$b c=\"${d:-e f}\"", "ENV a=($b) c=(\"${d:-e f}\")"},
	{"LABEL a.b=c \"d e\"=\"f\"", "LABEL a.b=(c) \"d e\"=(\"f\")"},
	{"LABEL a b", "LABEL a=(b)"},
	{"ARG a", "ARG a"},
	{"ARG a=b", "ARG a=(b)"},
	{"ARG a= b c=\"d e\"", "ARG a=() b c=(\"d e\")"},
	/* HEALTHCHECK */
	{"HEALTHCHECK NONE", "HEALTHCHECK none"},
	{"HEALTHCHECK none", "HEALTHCHECK none"},
	{"HEALTHCHECK CMD a b", "HEALTHCHECK shell [a b]"},
	{"HEALTHCHECK cmd [\"a\", \"b\"]", "HEALTHCHECK json [a] [b]"},
	{"HEALTHCHECK --interval=5s --retries=3 CMD a",
	 "HEALTHCHECK --interval=5s --retries=3 shell [a]"},
	{"HEALTHCHECK --timeout=0 --start-period=1h --start-interval=1ms CMD a",
	 "HEALTHCHECK --timeout=0 --start-period=1h --start-interval=1ms shell [a]"},
	{"HEALTHCHECK --interval= CMD a", "HEALTHCHECK --interval= shell [a]"},
	/* ONBUILD */
	{"ONBUILD RUN a", "ONBUILD [RUN a] -> RUN [a]"},
	{"ONBUILD run  a", "ONBUILD [run  a] -> RUN [a]"},
	{"ONBUILD COPY --from=x a b", "ONBUILD [COPY --from=x a b] -> COPY --from=x [a] [b]"},
	{"ONBUILD ENV a=b", "ONBUILD [ENV a=b] -> ENV a=(b)"},
};

START_TEST(test_accepted)
{
	check_behind_from(&accepted[_i]);
}
END_TEST

static const struct parse_row refused[] = {
	/* instruction words */
	{"RUNN a", "2:1 unknown instruction 'RUNN'; did you mean RUN?"},
	{"copi a b", "2:1 unknown instruction 'copi'; did you mean COPY?"},
	{"ENTRYPIONT a", "2:1 unknown instruction 'ENTRYPIONT'; did you mean ENTRYPOINT?"},
	{"  && apt-get update",
	 "2:3 unknown instruction '&&'; a line that goes on needs '\\' at its end"},
	{"EOF", "2:1 unknown instruction 'EOF'; a line that goes on needs '\\' at its end"},
	{"ONBUILD RUNN a", "2:9 unknown instruction 'RUNN'; did you mean RUN?"},
	{"ONBUILD ONBUILD RUN a", "2:9 ONBUILD cannot trigger another ONBUILD"},
	{"ONBUILD from a", "2:9 from cannot be a trigger"},
	{"ONBUILD MAINTAINER a", "2:9 MAINTAINER cannot be a trigger"},
	/* number of arguments */
	{"RUN", "2:1 RUN needs at least one argument"},
	{"RUN []", "2:1 RUN needs at least one argument"},
	{"RUN --network=none", "2:1 RUN needs at least one argument"},
	{"CMD", "2:1 CMD needs a command; CMD [] clears the inherited one"},
	{"ENTRYPOINT", "2:1 ENTRYPOINT needs a command; ENTRYPOINT [] clears the inherited one"},
	{"COPY", "2:1 COPY needs at least two arguments; COPY SOURCE... DESTINATION"},
	{"COPY a", "2:1 COPY needs at least two arguments; COPY SOURCE... DESTINATION"},
	{"ADD [\"a\"]", "2:1 ADD needs at least two arguments; ADD SOURCE... DESTINATION"},
	{"ENV", "2:1 ENV needs at least one argument"},
	{"ENV a", "2:5 ENV needs a name and a value; ENV a=value"},
	{"LABEL a", "2:7 LABEL needs a name and a value; LABEL a=value"},
	{"ARG", "2:1 ARG needs at least one argument"},
	{"EXPOSE", "2:1 EXPOSE needs at least one argument"},
	{"VOLUME", "2:1 VOLUME needs at least one argument"},
	{"VOLUME []", "2:1 VOLUME needs at least one argument"},
	{"USER", "2:1 USER needs at least one argument"},
	{"WORKDIR", "2:1 WORKDIR needs at least one argument"},
	{"STOPSIGNAL", "2:1 STOPSIGNAL needs at least one argument"},
	{"SHELL", "2:1 SHELL needs at least one argument"},
	{"SHELL []", "2:1 SHELL needs at least one argument"},
	{"MAINTAINER", "2:1 MAINTAINER needs at least one argument"},
	{"ONBUILD", "2:1 ONBUILD needs at least one argument"},
	{"HEALTHCHECK", "2:1 HEALTHCHECK needs NONE, or CMD and a command"},
	/* forms */
	{"RUN [1]", "2:5 RUN: the JSON form takes strings only"},
	{"CMD [\"a\", true]", "2:5 CMD: the JSON form takes strings only"},
	{"CMD [null]", "2:5 CMD: the JSON form takes strings only"},
	{"COPY [\"a\", [\"b\"]]", "2:6 COPY: the JSON form takes strings only"},
	{"CMD [{\"a\": [1.5e3, -0]}, \"b\"]", "2:5 CMD: the JSON form takes strings only"},
	{"CMD [\"a\\u0000\"]", "2:5 CMD: the JSON form cannot hold a NUL character"},
	{"SHELL /bin/sh", "2:7 SHELL takes the JSON form only; SHELL [\"/bin/sh\", \"-c\"]"},
	{"VOLUME [\"/a\", \" \"]", "2:8 VOLUME: a path is empty"},
	{"ENV =a", "2:5 ENV: a name is empty"},
	{"ENV a=b =c", "2:9 ENV: a name is empty"},
	{"ARG =a", "2:5 ARG: a name is empty"},
	{"ENV a=b c", "2:9 ENV: 'c' has no '='; a value with blanks in it needs quotes"},
	{"ENV a=${d:-e f}", "2:14 ENV: 'f}' has no '='; a value with blanks in it needs quotes"},
	{"LABEL a=b \\\n  c d=e",
	 "3:3 LABEL: 'c' has no '='; a value with blanks in it needs quotes"},
	{"STOPSIGNAL SIGFOO", "2:12 'SIGFOO' is not a signal; write it like SIGTERM, QUIT or 15"},
	{"STOPSIGNAL 0", "2:12 '0' is not a signal; write it like SIGTERM, QUIT or 15"},
	{"STOPSIGNAL 65", "2:12 '65' is not a signal; write it like SIGTERM, QUIT or 15"},
	{"STOPSIGNAL RTMAX-15",
	 "2:12 'RTMAX-15' is not a signal; write it like SIGTERM, QUIT or 15"},
	{"STOPSIGNAL RTMIN+", "2:12 'RTMIN+' is not a signal; write it like SIGTERM, QUIT or 15"},
	/* flags */
	{"COPY --form=x a b", "2:6 COPY has no flag --form; did you mean --from?"},
	{"COPY --xyzzy a b",
	 "2:6 COPY has no flag --xyzzy; COPY knows --from, --chown, --chmod, --link, --parents, "
	 "--exclude"},
	{"COPY --from=x \\\n --from=y a b", "3:2 --from is given twice"},
	{"COPY --link --link a b", "2:13 --link is given twice"},
	{"COPY --from a b", "2:6 --from needs a value: --from=..."},
	{"COPY --exclude a b", "2:6 --exclude needs a value: --exclude=..."},
	{"COPY --link=yes a b", "2:6 --link takes true or false, not 'yes'"},
	{"COPY --link= a b", "2:6 --link takes true or false, not ''"},
	{"COPY --From=x a b", "2:6 COPY has no flag --From; did you mean --from?"},
	{"COPY --from=$x a b",
	 "2:6 --from does not take variables; name a stage: FROM ...$VARIABLE AS name, then "
	 "--from=name"},
	{"USER --x a", "2:6 USER has no flag --x; USER takes no flags; a '--' ends them"},
	{"ARG --x=1 a", "2:5 ARG has no flag --x; ARG takes no flags; a '--' ends them"},
	{"CMD --help", "2:5 CMD has no flag --help; CMD takes no flags; a '--' ends them"},
	{"RUN --network=bridge a", "2:5 --network takes default, none or host, not 'bridge'"},
	{"RUN --security=none a", "2:5 --security takes sandbox or insecure, not 'none'"},
	{"RUN --mount=type=cach,target=/a b",
	 "2:5 --mount: type takes bind, cache, tmpfs, secret or ssh, not 'cach'; did you mean "
	 "type=cache?"},
	{"RUN --network=none --mount=type=cache b", "2:20 --mount: type=cache needs a target"},
	{"ONBUILD RUN --mount=type=x,target=/a b",
	 "2:13 --mount: type takes bind, cache, tmpfs, secret or ssh, not 'x'"},
	/* HEALTHCHECK */
	{"HEALTHCHECK NONE a", "2:13 HEALTHCHECK NONE takes no arguments"},
	{"HEALTHCHECK curl x",
	 "2:13 HEALTHCHECK takes NONE or CMD, not 'curl'; HEALTHCHECK CMD command"},
	{"HEALTHCHECK CMD", "2:13 HEALTHCHECK CMD needs a command"},
	{"HEALTHCHECK CMD []", "2:13 HEALTHCHECK CMD needs a command"},
	{"HEALTHCHECK --interval=5 CMD a",
	 "2:13 --interval: '5' is not a duration; write it like 30s, 1m30s or 500ms"},
	{"HEALTHCHECK --timeout=-1s CMD a",
	 "2:13 --timeout: '-1s' is not a duration; write it like 30s, 1m30s or 500ms"},
	{"HEALTHCHECK --start-period=999us CMD a",
	 "2:13 --start-period: '999us' is shorter than 1ms"},
	{"HEALTHCHECK --interval=1s --retries=-1 CMD a", "2:27 --retries: '-1' is not a count"},
	{"HEALTHCHECK --retries=3.5 CMD a", "2:13 --retries: '3.5' is not a count"},
	{"HEALTHCHECK --intervall=1s CMD a",
	 "2:13 HEALTHCHECK has no flag --intervall; did you mean --interval?"},
	/* FROM */
	{"FROM", "2:1 FROM takes one or three arguments, not 0; FROM image, or FROM image AS name"},
	{"FROM a b",
	 "2:1 FROM takes one or three arguments, not 2; FROM image, or FROM image AS name"},
	{"FROM a is b",
	 "2:1 FROM takes one or three arguments, not 3; FROM image, or FROM image AS name"},
	{"FROM a AS b c",
	 "2:1 FROM takes one or three arguments, not 4; FROM image, or FROM image AS name"},
	{"FROM a AS 1b",
	 "2:11 '1b' cannot be a stage's name; a letter, then letters, digits, '-', '_' and '.'"},
	{"FROM a AS b/c",
	 "2:11 'b/c' cannot be a stage's name; a letter, then letters, digits, '-', '_' and '.'"},
	{"FROM --platfrom=x a", "2:6 FROM has no flag --platfrom; did you mean --platform?"},
};

START_TEST(test_refused)
{
	check_behind_from(&refused[_i]);
}
END_TEST

START_TEST(test_healthcheck_values)
{
	CLEANUP(dockerfile) struct dockerfile *df = NULL;
	CLEANUP(error) struct error *err = NULL;

	ck_assert_int_eq(
		dockerfile_parse("f",
				 STR("FROM a\nHEALTHCHECK --interval=1m30s --timeout=500ms "
				     "--start-period=2s --start-interval=1ms --retries=7 CMD x"),
				 NULL, &df, &err),
		0);
	const struct healthcheck *h = &df->stages[0].instructions[0]->healthcheck;

	ck_assert_int_eq(h->interval_ns, 90000000000);
	ck_assert_int_eq(h->timeout_ns, 500000000);
	ck_assert_int_eq(h->start_period_ns, 2000000000);
	ck_assert_int_eq(h->start_interval_ns, 1000000);
	ck_assert_uint_eq(h->retries, 7);
	ck_assert(!h->none && h->is_shell);
}
END_TEST

static const char staged[] = "ARG v=1\narg w\n"
			     "FROM --platform=$p a:$v AS Build\nRUN x\n"
			     "FROM build\nUSER y\nARG z\n"
			     "from scratch as build\n"
			     "FROM c AS d.e-f_1\n";

START_TEST(test_stages)
{
	CLEANUP(dockerfile) struct dockerfile *df = NULL;
	CLEANUP(error) struct error *err = NULL;

	ck_assert_int_eq(dockerfile_parse("f", STR(staged), NULL, &df, &err), 0);
	ck_assert_uint_eq(df->global_arg_count, 2);
	ck_assert_uint_eq(df->stage_count, 4);
	ck_assert(str_is(df->stages[0].name, "build"));
	ck_assert(str_is(df->stages[0].from->args[0], "a:$v"));
	ck_assert(str_is(instruction_flag(df->stages[0].from, "platform")->value, "$p"));
	ck_assert_ptr_null(instruction_flag(df->stages[0].from, "x"));
	ck_assert_uint_eq(df->stages[0].instruction_count, 1);
	ck_assert_uint_eq(df->stages[1].name.len, 0);
	ck_assert_uint_eq(df->stages[1].instruction_count, 2);
	ck_assert(str_is(df->stages[3].name, "d.e-f_1"));
	ck_assert_int_eq(dockerfile_find_stage(df, STR("BUILD"), 9), 2);
	ck_assert_int_eq(dockerfile_find_stage(df, STR("build"), 2), 0);
	ck_assert_int_eq(dockerfile_find_stage(df, STR("build"), 0), -1);
	ck_assert_int_eq(dockerfile_find_stage(df, STR("1"), 2), 1);
	ck_assert_int_eq(dockerfile_find_stage(df, STR("2"), 2), -1);
	ck_assert_int_eq(dockerfile_find_stage(df, STR("-1"), 2), -1);
	ck_assert_int_eq(dockerfile_find_stage(df, STR("x"), 9), -1);
	ck_assert_int_eq(dockerfile_find_stage(df, STR(""), 9), -1);
}
END_TEST

START_TEST(test_before_from)
{
	CLEANUP_STRBUF struct strbuf out = STRBUF_INIT(0);

	dump_parse(STR("ARG a\n\nRUN b\nFROM c\n"), &out);
	ck_assert_str_eq(strbuf_text(&out),
			 "3:1 RUN before the first FROM; only ARG may stand before FROM");
}
END_TEST

static const struct parse_row triggers[] = {
	{"RUN a", "RUN [a]"},
	{"RUN <<EOF\nx\nEOF", "RUN [<<EOF] <<EOF${x\n}"},
	{"COPY --from=b <<-'c' d\n\te\nc", "COPY --from=b [<<-'c'] [d] <<c{e\n}"},
	{"# escape=`\nRUN a \\\n b", "RUN [a  b]"},
	{"", "1:1 the trigger is empty"},
	{"ONBUILD RUN a", "1:1 ONBUILD cannot be a trigger"},
	{"FROM a", "1:1 FROM cannot be a trigger"},
	{"MAINTAINER a", "1:1 MAINTAINER cannot be a trigger"},
	{"RUN a\nRUN b", "2:1 a trigger is one instruction, not several"},
	{"RUN a\nRUNN b", "2:1 unknown instruction 'RUNN'; did you mean RUN?"},
	{"COPY a", "1:1 COPY needs at least two arguments; COPY SOURCE... DESTINATION"},
};

START_TEST(test_triggers)
{
	CLEANUP(dockerfile) struct dockerfile *df = NULL;
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_STRBUF struct strbuf out = STRBUF_INIT(0);
	const struct instruction *in = NULL;

	ck_assert_int_eq(dockerfile_parse("f", STR("FROM a\n"), NULL, &df, &err), 0);
	if (dockerfile_parse_trigger(df, "base", str_from(triggers[_i].text), &in, &err) < 0) {
		ck_assert_str_eq(error_position(err)->file, "ONBUILD of base");
		dump_error(err, &out);
	} else {
		ck_assert_str_eq(dockerfile_position(df, in).file, "ONBUILD of base");
		dump_instruction(in, &out);
	}
	ck_assert_str_eq(strbuf_text(&out), triggers[_i].expected);
}
END_TEST

static const struct parse_row warned[] = {
	{"FROM a AS b\nRUN x\nCMD [\"a\"]", ""},
	{"FROM a AS B", "1 StageNameCasing: Stage name 'B' should be lowercase\n"},
	{"FROM a as b", "1 FromAsCasing: 'as' and 'FROM' keywords' casing do not match\n"},
	{"from a AS b", "1 FromAsCasing: 'AS' and 'from' keywords' casing do not match\n"},
	{"FROM a\nRUN a \\\n\n b\n", "4 NoEmptyContinuation: Empty continuation line\n"},
	{"FROM a\nRUN b\nuser c",
	 "3 ConsistentInstructionCasing: Command 'user' should match the case of the command "
	 "majority (uppercase)\n"},
	{"from a\nrun b\nUSER c",
	 "3 ConsistentInstructionCasing: Command 'USER' should match the case of the command "
	 "majority (lowercase)\n"},
	{"FROM a\nRun b",
	 "2 ConsistentInstructionCasing: Command 'Run' should match the case of the command "
	 "majority (uppercase)\n"},
	{"FROM a AS b\nFROM c AS b",
	 "2 DuplicateStageName: Duplicate stage name \"b\", stage names should be unique\n"},
	{"FROM a AS scratch",
	 "1 ReservedStageName: Stage name should not use the same name as reserved stage "
	 "\"scratch\"\n"},
	{"FROM a AS context",
	 "1 ReservedStageName: Stage name should not use the same name as reserved stage "
	 "\"context\"\n"},
	{"FROM a\nCMD b",
	 "2 JSONArgsRecommended: JSON arguments recommended for CMD to prevent unintended "
	 "behavior related to OS signals\n"},
	{"FROM a\nENTRYPOINT b",
	 "2 JSONArgsRecommended: JSON arguments recommended for ENTRYPOINT to prevent unintended "
	 "behavior related to OS signals\n"},
	{"FROM a AS b\nSHELL [\"x\"]\nCMD b\nFROM b\nCMD c", ""},
	{"FROM a AS b\nSHELL [\"x\"]\nFROM a\nCMD c",
	 "4 JSONArgsRecommended: JSON arguments recommended for CMD to prevent unintended "
	 "behavior related to OS signals\n"},
	{"FROM a\nMAINTAINER b",
	 "2 MaintainerDeprecated: Maintainer instruction is deprecated in favor of using label\n"},
	{"FROM a\nHEALTHCHECK NONE\nHEALTHCHECK CMD b",
	 "2 MultipleInstructionsDisallowed: Multiple HEALTHCHECK instructions should not be used "
	 "in the same stage because only the last one will be used\n"},
	{"FROM a\nCMD []\nFROM b\nCMD []", ""},
	{"FROM a\nENV b c",
	 "2 LegacyKeyValueFormat: \"ENV key=value\" should be used instead of legacy \"ENV key "
	 "value\" format\n"},
	{"FROM a\nLABEL b c",
	 "2 LegacyKeyValueFormat: \"LABEL key=value\" should be used instead of legacy \"LABEL key "
	 "value\" format\n"},
	{"FROM a\nWORKDIR b\nWORKDIR c",
	 "2 WorkdirRelativePath: Relative workdir \"b\" can have unexpected results if the base "
	 "image changes\n"},
	{"FROM a AS b\nWORKDIR /b\nFROM b\nWORKDIR c", ""},
	{"FROM a\nWORKDIR $b", ""},
	{"# check=skip=JSONArgsRecommended\nFROM a\nCMD b", ""},
	{"# check=skip=all\nFROM a AS B\nCMD b\nMAINTAINER c", ""},
	{"# check=error=true;skip=X, MaintainerDeprecated\nFROM a\nMAINTAINER c", ""},
	{"FROM a\n# check=skip=JSONArgsRecommended\nCMD b\n", ""},
	{"FROM a\n# check=skip=Other\nMAINTAINER b\n",
	 "3 MaintainerDeprecated: Maintainer instruction is deprecated in favor of using label\n"},
};

static void collect(void *ctx, const struct error_position *pos, const char *code, const char *text)
{
	strbuf_addf(ctx, "%u %s: %s\n", pos->line, code, text);
}

START_TEST(test_warnings)
{
	CLEANUP(dockerfile) struct dockerfile *df = NULL;
	CLEANUP(error) struct error *err = NULL;
	CLEANUP_STRBUF struct strbuf out = STRBUF_INIT(0);
	struct report report = {collect, &out};

	ck_assert_int_eq(dockerfile_parse("f", str_from(warned[_i].text), &report, &df, &err), 0);
	ck_assert_str_eq(strbuf_text(&out), warned[_i].expected);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("parser");
	TCase *tests = tcase_create("parser");

	tcase_add_loop_test(tests, test_accepted, 0, (int)ARRAY_SIZE(accepted));
	tcase_add_loop_test(tests, test_refused, 0, (int)ARRAY_SIZE(refused));
	tcase_add_test(tests, test_healthcheck_values);
	tcase_add_test(tests, test_stages);
	tcase_add_test(tests, test_before_from);
	tcase_add_loop_test(tests, test_triggers, 0, (int)ARRAY_SIZE(triggers));
	tcase_add_loop_test(tests, test_warnings, 0, (int)ARRAY_SIZE(warned));
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
