#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a Dockerfile means, what the cache keeps, what the options of build do. Most claims about the
# content of an image are checked by RUN steps of the build itself.

load helpers

setup_file() {
	e2e_setup_file
}

teardown_file() {
	e2e_teardown_file
}

setup() {
	e2e_setup
}

teardown() {
	e2e_teardown
}

# build [OPTION...]: the context is the test's directory; progress in $stderr, the id in $output
build() {
	ok build --progress plain "$@" .
}

# steps_run: how many steps the last build executed
steps_run() {
	grep -cE '^#[0-9]+ DONE' <<<"$stderr" || true
}

@test "FROM takes an image, RUN changes it, and the tag names the result" {
	dockerfile <<-'END'
	FROM tiny:1
	RUN echo changed >/etc/motd
	END
	build -t from:1
	matches "$output" '^sha256:[0-9a-f]{64}$'
	is "$(inspect from:1 .Id)" "$output"
	is "$(inspect from:1 '.RootFS.diff_ids | length')" 2
}

@test "RUN takes the shell form, the exec form and continued lines with comments between them" {
	dockerfile <<-'END'
	FROM tiny:1
	RUN echo "shell $((1 + 1))" >/shell \
	# a comment is no part of the line
	    && echo more >>/shell
	RUN ["/bin/sh", "-c", "echo \"$0\" >/exec", "$HOME stays as it is"]
	RUN test "$(cat /shell)" = "$(printf 'shell 2\nmore')"
	RUN test "$(cat /exec)" = '$HOME stays as it is'
	END
	build
}

@test "RUN takes heredocs: a script for the shell or its own interpreter, input of a command" {
	dockerfile <<-'END'
	FROM tiny:1
	RUN <<EOF
	echo one >/script
	echo two >>/script
	EOF
	RUN <<EOF
	#!/bin/awk -f
	BEGIN { print "awk" >"/interpreter" }
	EOF
	RUN cat >/input <<FIRST && cat >>/input <<'SECOND'
	value $((2 * 3))
	FIRST
	value $((2 * 3))
	SECOND
	RUN test "$(cat /script)" = "$(printf 'one\ntwo')"
	RUN test "$(cat /interpreter)" = awk
	RUN test "$(cat /input)" = "$(printf 'value 6\nvalue $((2 * 3))')"
	END
	build
}

@test "a heredoc script stops at the status of its last command only" {
	dockerfile <<-'END'
	FROM tiny:1
	RUN <<EOF
	false
	true
	EOF
	END
	build
}

@test "SHELL changes the shell of RUN, and of the commands that the image gets" {
	dockerfile <<-'END'
	FROM tiny:1
	SHELL ["/bin/sh", "-e", "-c"]
	RUN <<EOF
	echo strict >/strict
	EOF
	CMD echo hello
	END
	build -t shell:1
	is "$(inspect shell:1 '.Config.Cmd | @json')" '["/bin/sh","-e","-c","echo hello"]'
	is "$(inspect shell:1 '.Config.Shell | @json')" '["/bin/sh","-e","-c"]'

	dockerfile <<-'END'
	FROM tiny:1
	SHELL ["/bin/sh", "-e", "-c"]
	RUN <<EOF
	false
	true
	EOF
	END
	fails 1 build --progress plain .
}

@test "stages: only what the target needs is built, and an earlier stage is a base by its name" {
	dockerfile <<-'END'
	FROM tiny:1 AS base
	RUN echo base >/base
	FROM base AS unused
	RUN exit 1
	FROM Base AS final
	RUN test "$(cat /base)" = base
	END
	build
	lacks "$stderr" 'exit 1'
}

@test "FROM scratch starts with nothing, and COPY --from takes files out of stages and images" {
	dockerfile <<-'END'
	FROM tiny:1 AS made
	RUN mkdir /out && echo made >/out/file && ln -s file /out/link
	FROM scratch
	COPY --from=made /out/ /
	COPY --from=0 /out/file /by-number
	COPY --from=tiny:1 /bin/busybox /bin/sh
	COPY --from=tiny:1 /bin/busybox /bin/cat
	COPY --from=tiny:1 /bin/busybox /bin/ls
	RUN test "$(cat /file /link /by-number)" = "$(printf 'made\nmade\nmade')"
	RUN test ! -e /etc/passwd
	END
	build
}

@test "ARG before FROM chooses the base and reaches a stage only when it is declared there" {
	dockerfile <<-'END'
	ARG VERSION=1
	ARG OTHER=global
	FROM tiny:${VERSION} AS one
	RUN test -z "$OTHER"
	ARG OTHER
	RUN test "$OTHER" = global
	ARG OTHER=local
	RUN test "$OTHER" = local
	FROM one
	RUN test -z "${OTHER+set}" || test "$OTHER" = local
	END
	build
	build --build-arg VERSION=1
	fails 1 build --build-arg VERSION=none .
	has "$stderr" "Dockerfile:3:" "tiny:none"
}

@test "ARG is seen from its line on, is overridden by --build-arg, and is not in the image" {
	dockerfile <<-'END'
	FROM tiny:1
	RUN test -z "$WHO"
	ARG WHO=nobody
	RUN echo "$WHO" >/who
	END
	build --build-arg WHO=somebody -t arg:1
	dockerfile "$T/check" <<-'END'
	FROM arg:1
	RUN test "$(cat /who)" = somebody && test -z "$WHO"
	END
	build -f check
	is "$(inspect arg:1 '.Config.Env // [] | map(select(startswith("WHO"))) | length')" 0
}

@test "--build-arg with a name alone takes the value of our own variable" {
	dockerfile <<-'END'
	FROM tiny:1
	ARG FROM_OUTSIDE
	RUN test "$FROM_OUTSIDE" = here
	END
	export FROM_OUTSIDE=here
	build --build-arg FROM_OUTSIDE
}

@test "ENV wins over ARG, expands within one line from before it, and stays in the image" {
	dockerfile <<-'END'
	FROM tiny:1
	ARG NAME=argument
	ENV NAME=environment
	RUN test "$NAME" = environment
	ENV A=1
	ENV A=2 B=$A C="two words" D=single\ escaped
	ENV LEGACY form with blanks
	RUN test "$A $B $C $D" = "2 1 two words single escaped"
	RUN test "$LEGACY" = "form with blanks"
	END
	build --build-arg NAME=other -t env:1
	has "$(inspect env:1 '.Config.Env[]')" NAME=environment A=2 B=1 'C=two words' \
		'LEGACY=form with blanks'
}

@test "variables expand with defaults, alternatives, prefixes and replacements" {
	dockerfile <<-'END'
	FROM tiny:1
	ENV FULL=registry/name.tar.gz EMPTY=
	ENV A=${UNSET:-default} B=${EMPTY:-empty} C=${EMPTY-kept} D=${FULL:+yes} E=\$FULL
	ENV F=${FULL#*/} G=${FULL%%.*} H=${FULL/name/other}
	RUN test "$A,$B,$C,$D,$E" = 'default,empty,,yes,$FULL'
	RUN test "$F,$G,$H" = name.tar.gz,registry/name,registry/other.tar.gz
	END
	build
}

@test "WORKDIR is made, may be relative, expands variables, and holds for later steps" {
	dockerfile <<-'END'
	FROM tiny:1
	WORKDIR /srv/app
	WORKDIR sub
	ENV DIR=deep
	WORKDIR $DIR
	RUN test "$(pwd)" = /srv/app/sub/deep
	COPY . .
	RUN test -e /srv/app/sub/deep/file
	END
	echo x >file
	build -t workdir:1
	is "$(inspect workdir:1 .Config.WorkingDir)" /srv/app/sub/deep
}

@test "USER holds for RUN and for the image; files that it makes are its own" {
	dockerfile <<-'END'
	FROM tiny:1
	USER app
	RUN test "$(id -u):$(id -g)" = 1000:1000 && test "$HOME" = /home/app && echo x >/tmp/mine
	RUN test "$(stat -c %u:%g /tmp/mine)" = 1000:1000
	RUN ! touch /etc/forbidden 2>/dev/null
	USER 1234:4321
	RUN test "$(id -u):$(id -g)" = 1234:4321
	END
	build -t user:1
	is "$(inspect user:1 .Config.User)" 1234:4321
}

@test "LABEL, EXPOSE, VOLUME, STOPSIGNAL, ENTRYPOINT and CMD are in the image's configuration" {
	dockerfile <<-'END'
	FROM tiny:1
	ARG REVISION=abc
	LABEL org.example.name="the name" org.example.revision=$REVISION
	LABEL multi="first \
	second"
	EXPOSE 8080 53/udp 9000-9001
	VOLUME /data ["/json"]
	VOLUME ["/one", "/with space"]
	STOPSIGNAL SIGQUIT
	ENTRYPOINT ["/bin/echo", "-n"]
	CMD ["word"]
	END
	build -t config:1
	is "$(inspect config:1 '.Config.Labels["org.example.name"]')" "the name"
	is "$(inspect config:1 '.Config.Labels["org.example.revision"]')" abc
	is "$(inspect config:1 '.Config.Labels.multi')" "first second"
	is "$(inspect config:1 '.Config.ExposedPorts | keys | join(" ")')" \
		"53/udp 8080/tcp 9000/tcp 9001/tcp"
	has "$(inspect config:1 '.Config.Volumes | keys[]')" /data /one "/with space"
	is "$(inspect config:1 .Config.StopSignal)" SIGQUIT
	is "$(inspect config:1 '.Config.Entrypoint | @json')" '["/bin/echo","-n"]'
	is "$(inspect config:1 '.Config.Cmd | @json')" '["word"]'
}

@test "ENTRYPOINT clears the CMD of the base, but not one of its own stage" {
	dockerfile <<-'END'
	FROM tiny:1
	CMD ["inherited"]
	END
	build -t cmd:1
	dockerfile <<-'END'
	FROM cmd:1
	ENTRYPOINT ["/bin/echo"]
	END
	build -t cmd:2
	is "$(inspect cmd:2 '.Config.Cmd | @json')" null
	dockerfile <<-'END'
	FROM cmd:1
	CMD ["own"]
	ENTRYPOINT ["/bin/echo"]
	END
	build -t cmd:3
	is "$(inspect cmd:3 '.Config.Cmd | @json')" '["own"]'
}

@test "HEALTHCHECK is in the image's configuration; NONE disables an inherited one" {
	dockerfile <<-'END'
	FROM tiny:1
	HEALTHCHECK --interval=12s --timeout=3s --start-period=9s --retries=4 \
		CMD wget -q http://127.0.0.1/ || exit 1
	END
	build -t health:1
	is "$(inspect health:1 '.Config.Healthcheck.Test | @json')" \
		'["CMD-SHELL","wget -q http://127.0.0.1/ || exit 1"]'
	is "$(inspect health:1 '.Config.Healthcheck | del(.Test) | @json')" \
		'{"Interval":12000000000,"Timeout":3000000000,"StartPeriod":9000000000,"Retries":4}'
	dockerfile <<-'END'
	FROM health:1
	HEALTHCHECK NONE
	END
	build -t health:2
	is "$(inspect health:2 '.Config.Healthcheck.Test | @json')" '["NONE"]'
}

@test "ONBUILD runs in the build that uses the image as its base" {
	dockerfile <<-'END'
	FROM tiny:1
	ONBUILD COPY trigger /trigger
	ONBUILD RUN echo run >>/trigger
	END
	build -t onbuild:1
	dockerfile <<-'END'
	FROM onbuild:1
	RUN test "$(cat /trigger)" = "$(printf 'file\nrun')"
	END
	echo file >trigger
	build -t onbuild:2
	is "$(inspect onbuild:2 '.Config.OnBuild | @json')" null
}

@test "COPY of a file: a destination with a slash is a directory, one without is its new name" {
	dockerfile <<-'END'
	FROM tiny:1
	COPY file /dir/
	COPY file /name
	COPY file /existing
	RUN test -f /dir/file && test -f /name && test -f /existing
	RUN mkdir /there
	COPY file /there
	RUN test -f /there/file
	END
	echo content >file
	build
}

@test "COPY of a directory copies what is in it; several sources need a directory" {
	dockerfile <<-'END'
	FROM tiny:1
	COPY dir /copied
	COPY one two dir /several/
	RUN test -f /copied/inner && test -f /copied/sub/deep && test ! -e /copied/dir
	RUN test -f /several/one && test -f /several/two && test -f /several/inner
	END
	mkdir -p dir/sub
	touch dir/inner dir/sub/deep one two
	build
	dockerfile <<-'END'
	FROM tiny:1
	COPY one two /several
	END
	fails 1 build .
	has "$stderr" Dockerfile:2: /several/
}

@test "COPY takes wildcards, which do not cross directories" {
	dockerfile <<-'END'
	FROM tiny:1
	COPY package*.json src/?.c src/[x-y].h /work/
	RUN test "$(cd /work && echo *)" = "a.c package-lock.json package.json x.h"
	COPY */deep.txt /deep/
	RUN test "$(cd /deep && find . -type f)" = ./deep.txt
	END
	mkdir -p src/sub
	touch package.json package-lock.json package.txt
	touch src/a.c src/ab.c src/x.h src/z.h src/deep.txt src/sub/deep.txt
	build
}

@test "COPY takes names with blanks in the JSON form and content from a heredoc" {
	dockerfile <<-'END'
	FROM tiny:1
	ARG NAME=expanded
	COPY ["with blank", "/has blank/"]
	COPY <<one <<'two' /here/
	$NAME
	one
	$NAME
	two
	RUN test -f "/has blank/with blank"
	RUN test "$(cat /here/one /here/two)" = "$(printf 'expanded\n$NAME')"
	END
	touch "with blank"
	build
}

@test "COPY keeps modes and links, makes root the owner, and merges into what is there" {
	dockerfile <<-'END'
	FROM tiny:1
	RUN mkdir /merged && echo old >/merged/old && echo old >/merged/file
	COPY tree /merged
	RUN test "$(cat /merged/old /merged/file)" = "$(printf 'old\nnew')"
	RUN test "$(stat -c %a:%u:%g /merged/script)" = 750:0:0
	RUN test "$(readlink /merged/link)" = script
	END
	mkdir tree
	echo new >tree/file
	echo '#!/bin/sh' >tree/script
	chmod 750 tree/script
	chown 1000:1000 tree/script
	ln -s script tree/link
	build
}

@test "COPY --chown takes names of the image and numbers, --chmod an octal mode" {
	dockerfile <<-'END'
	FROM tiny:1
	ARG OWNER=app
	COPY --chown=app:app file /named/
	COPY --chown=$OWNER file /user-alone
	COPY --chown=12:34 --chmod=0600 file /numbers
	COPY --chmod=755 dir /dir
	RUN test "$(stat -c %u:%g:%a /named/file)" = 1000:1000:644
	RUN test "$(stat -c %u:%g /user-alone)" = 1000:1000
	RUN test "$(stat -c %u:%g:%a /numbers)" = 12:34:600
	RUN test "$(stat -c %a /dir/inner)" = 755
	END
	mkdir dir
	touch file dir/inner
	chmod 644 file dir/inner
	build
	dockerfile <<-'END'
	FROM tiny:1
	COPY --chown=nosuchuser file /
	END
	fails 1 build .
	has "$stderr" Dockerfile:2: nosuchuser
}

@test "ADD unpacks local archives, plain and compressed; COPY does not" {
	dockerfile <<-'END'
	FROM tiny:1
	ADD archive.tar /plain/
	ADD archive.tar.gz /gzip/
	ADD file /added/
	COPY archive.tar.gz /copied/
	RUN test -f /plain/inner/file && test -f /gzip/inner/file && test -f /added/file
	RUN test -f /copied/archive.tar.gz
	RUN test "$(stat -c %u:%g:%a /gzip/inner/file)" = 7:8:640
	END
	mkdir inner
	touch inner/file file
	chmod 640 inner/file
	tar --owner 7 --group 8 --numeric-owner -cf archive.tar inner
	gzip -k archive.tar
	build
}

@test ".dockerignore excludes files, takes some back with '!', matches at every depth with '**'" {
	dockerfile <<-'END'
	FROM tiny:1
	COPY . /context
	RUN cd /context && find . -type f | sort >/found
	RUN diff /context/expected /found
	END
	mkdir -p docs src/deep node_modules/x
	touch docs/README.md docs/other.md src/main.c src/main.o src/deep/y.o
	touch node_modules/x/index.js secret.env
	printf './%s\n' .dockerignore Dockerfile docs/README.md expected src/main.c >expected
	cat >.dockerignore <<-'END'
	# comment
	node_modules
	**/*.o
	docs/*.md
	!docs/README.md
	/secret.env
	src/deep
	END
	build
}

@test "Dockerfile.dockerignore beside the Dockerfile is taken instead of .dockerignore" {
	mkdir sub
	dockerfile sub/My.Dockerfile <<-'END'
	FROM tiny:1
	COPY . /context
	RUN test -e /context/a && test ! -e /context/b
	END
	touch a b
	echo a >.dockerignore
	echo b >sub/My.Dockerfile.dockerignore
	build -f sub/My.Dockerfile
}

@test "a build in which nothing changed runs nothing and gives the same image id" {
	dockerfile <<-'END'
	FROM tiny:1 AS build
	COPY src /src
	RUN cat /src/* >/out
	FROM tiny:1
	WORKDIR /app
	COPY --from=build /out .
	CMD ["cat", "out"]
	END
	mkdir src
	echo nothing-changed >src/a
	build -t cache:1
	local first=$output
	touch src/a # times are no content
	build -t cache:2
	is "$(steps_run)" 0
	is "$output" "$first"
	has "$stderr" CACHED
}

@test "one changed source file rebuilds only what follows the COPY that takes it" {
	dockerfile <<-'END'
	FROM tiny:1
	COPY package.json /app/
	RUN echo install >/app/installed
	COPY src /app/src
	RUN echo compile >/app/compiled
	END
	mkdir src
	echo one-file >package.json
	echo 1 >src/main.c
	build
	echo 2 >src/main.c
	build
	is "$(steps_run)" 2
	has "$stderr" "because: " src
	lacks "$(grep -A3 'echo install' <<<"$stderr")" DONE
	local changed=$output
	echo 1 >src/main.c
	build
	is "$(steps_run)" 0
	[ "$output" != "$changed" ]
}

@test "the plain progress names the ARG that made a step run again" {
	dockerfile <<-'END'
	FROM tiny:1
	RUN echo before the argument
	ARG LEVEL=1
	RUN echo "level $LEVEL"
	END
	build
	build --build-arg LEVEL=2
	is "$(steps_run)" 1
	has "$stderr" "because: ARG LEVEL was '1', is '2'" "level 2"
}

@test "a changed file that no instruction copies changes nothing" {
	dockerfile <<-'END'
	FROM tiny:1
	COPY used /
	RUN echo unused-file
	END
	echo 1 >used
	echo 1 >unused
	build
	echo 2 >unused
	build
	is "$(steps_run)" 0
}

@test "changed labels and commands change the image, but run no step" {
	dockerfile <<-'END'
	FROM tiny:1
	RUN echo only-metadata
	LABEL a=1
	END
	build
	local before=$output
	sed -i 's/a=1/a=2/' Dockerfile
	build
	is "$(steps_run)" 0
	[ "$output" != "$before" ]
}

@test "--no-cache runs every step again" {
	dockerfile <<-'END'
	FROM tiny:1
	RUN echo no-cache one
	RUN echo no-cache two
	END
	build
	build --no-cache
	is "$(steps_run)" 2
}

@test "--no-cache-filter runs only the steps of that stage again" {
	dockerfile <<-'END'
	FROM tiny:1 AS first
	RUN echo filter first >/f
	FROM tiny:1 AS second
	COPY --from=first /f /f
	RUN echo filter second
	END
	build
	build --no-cache-filter second
	lacks "$(grep -A2 'RUN echo filter first' <<<"$stderr")" DONE
	has "$(grep -A3 'RUN echo filter second' <<<"$stderr")" DONE
}

@test "with SOURCE_DATE_EPOCH, steps that run again give the same image id" {
	dockerfile <<-'END'
	FROM tiny:1
	COPY file /
	RUN echo reproducible >/made
	END
	echo x >file
	export SOURCE_DATE_EPOCH=1700000000
	build --no-cache
	local first=$output
	build --no-cache
	is "$output" "$first"
}

@test "stages that do not need each other run at the same time" {
	# Each waits until the other has begun; one after the other both would fail. They meet in a
	# cache directory.
	dockerfile <<-'END'
	FROM tiny:1 AS left
	RUN --mount=type=cache,target=/meet,id=meet-parallel \
		touch /meet/left /l; /bin/until test -e /meet/right
	FROM tiny:1 AS right
	RUN --mount=type=cache,target=/meet,id=meet-parallel \
		touch /meet/right /r; /bin/until test -e /meet/left
	FROM tiny:1
	COPY --from=left /l /
	COPY --from=right /r /
	END
	build
}

@test "RUN --mount=type=cache keeps a directory between builds and out of the image" {
	dockerfile <<-'END'
	FROM tiny:1
	ARG ROUND
	RUN --mount=type=cache,target=/cache,id=kept echo "$ROUND" >>/cache/log; cp /cache/log /seen
	RUN test -z "$(ls -A /cache 2>/dev/null)"
	RUN test "$(wc -l </seen)" -eq "$ROUND"
	END
	build --build-arg ROUND=1
	build --build-arg ROUND=2
}

@test "-f names another Dockerfile, also outside of the context" {
	mkdir context
	echo x >context/file
	dockerfile "$T/Elsewhere" <<-'END'
	FROM tiny:1
	COPY file /elsewhere
	END
	ok build -f Elsewhere context
	ok build -f "$T/Elsewhere" "$T/context"
}

@test "a Dockerfile on standard input is built with a context (-f -) and without one (-)" {
	printf 'FROM tiny:1\nCOPY file /from-stdin\n' >input
	echo x >file
	run --separate-stderr firkin build -q -f - . <input
	is "$status" 0
	matches "$output" '^sha256:[0-9a-f]{64}$'
	printf 'FROM tiny:1\nRUN echo no context\n' >input
	run --separate-stderr firkin build -q - <input
	is "$status" 0
	printf 'FROM tiny:1\nCOPY file /\n' >input
	run --separate-stderr firkin build -q - <input
	is "$status" 1
	has "$stderr" :2: context file
}

@test "--target ends with that stage" {
	dockerfile <<-'END'
	FROM tiny:1 AS test
	ENV STAGE=test
	FROM tiny:1 AS production
	ENV STAGE=production
	END
	build --target test -t target:1
	has "$(inspect target:1 '.Config.Env[]')" STAGE=test
	fails 1 build --target tset .
	has "$stderr" "tset" "did you mean 'test'?"
}

@test "-t may be given several times; -q prints only the id; --iidfile writes it" {
	dockerfile <<-'END'
	FROM tiny:1
	RUN echo several tags
	END
	ok build -q -t several:1 -t several:2 --iidfile id .
	matches "$output" '^sha256:[0-9a-f]{64}$'
	is "$stderr" ""
	is "$(cat id)" "$output"
	is "$(inspect several:1 .Id)" "$output"
	is "$(inspect several:2 .Id)" "$output"
}

@test "--label adds labels, and --network none leaves RUN without interfaces" {
	dockerfile <<-'END'
	FROM tiny:1
	RUN test "$(ls /sys/class/net)" = lo
	END
	build --network none --label given=yes -t label:1
	is "$(inspect label:1 .Config.Labels.given)" yes
}

@test "nothing that the engine puts into a RUN step stays in the image" {
	dockerfile <<-'END'
	FROM tiny:1
	RUN test -s /etc/resolv.conf || test -s /etc/hosts
	END
	build --no-cache --host-ca -t clean:1
	local layer
	layer=$(inspect clean:1 '.RootFS.diff_ids[-1]')
	layer=$(cat "$FIRKIN_ROOT/layers/by-diff/${layer#sha256:}")
	is "$(find "$FIRKIN_ROOT/layers/$layer/fs" -mindepth 1)" ""
	lacks "$(inspect clean:1 '.Config.Env | @json')" SSL_CERT CURL_CA NODE_EXTRA
}

@test "files that a step removes are gone in the image" {
	dockerfile <<-'END'
	FROM tiny:1
	RUN mkdir /d && touch /d/one /d/two /three
	RUN rm /d/one /three && rm -r /home
	RUN test ! -e /d/one && test -e /d/two && test ! -e /three && test ! -e /home
	END
	build -t removed:1
	dockerfile <<-'END'
	FROM removed:1
	RUN test "$(ls /d)" = two && test ! -e /home && test ! -e /three
	END
	build
}

@test "a build that is interrupted ends at once and leaves nothing half-made" {
	dockerfile <<-'END'
	FROM tiny:1
	RUN echo now it runs; sleep 300
	END
	"$FIRKIN" build --progress plain . >out 2>&1 3>&- &
	local pid=$!
	PIDS+=("$pid")
	eventually grep -q 'now it runs$' out
	kill -TERM "$pid" # a shell's background job ignores INT
	status=0
	wait "$pid" || status=$?
	is "$status" 1
	has "$(cat out)" "build interrupted"
	store_is_tidy
}

@test "RUN --mount=type=secret shows a value to one step, as file or variable, and nothing keeps it" {
	printf 'hush-%s' 4711 >"$T/token"
	dockerfile <<-END
	FROM tiny:1
	ARG SUM=$(sha256sum <"$T/token" | cut -c1-64)
	RUN --mount=type=secret,id=token sha256sum /run/secrets/token | grep -q "^\$SUM "
	RUN --mount=type=secret,id=token test "\$(stat -c %a:%u /run/secrets/token)" = 400:0
	RUN --mount=type=secret,id=token,target=/etc/t,mode=0440,uid=7 test "\$(stat -c %a:%u /etc/t)" = 440:7
	RUN --mount=type=secret,id=token,env=TOKEN printf %s "\$TOKEN" | sha256sum | grep -q "^\$SUM "
	RUN --mount=type=secret,id=absent test ! -e /run/secrets/absent
	RUN test ! -e /run/secrets && test ! -e /etc/t && test -z "\$TOKEN"
	END
	build -t discreet:1 --secret "id=token,src=$T/token"
	lacks "$(firkin inspect discreet:1)" hush
	run ! grep -rq hush-4711 "$FIRKIN_ROOT" "$FIRKIN_RUN"
	# Another value is no reason to run the steps again.
	printf other >"$T/token"
	build --secret "id=token,src=$T/token"
	is "$(steps_run)" 0
	store_is_tidy
}

@test "a secret that a step requires and nobody gives is named with its line" {
	dockerfile <<-'END'
	FROM tiny:1
	RUN --mount=type=secret,id=token,required=true true
	END
	fails 1 build --progress plain .
	has "$stderr" Dockerfile:2: "secret 'token' was not given" "--secret id=token"
	store_is_tidy
}

@test "the places of a step's mounts do not stay in the layer" {
	dockerfile <<-'END'
	FROM tiny:1
	RUN --mount=type=tmpfs,target=/one/two --mount=type=cache,target=/three touch /one/two/x /three/y
	RUN test ! -e /one && test ! -e /three
	END
	build
}
