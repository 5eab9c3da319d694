#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a user reads when something is wrong: the place, the cause, the way out. And after every
# failure the store is as tidy as before.

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

# build_fails PART...: the build of the test's directory ends with 1, its message has the parts, and
# neither a tag nor a draft is left
build_fails() {
	fails 1 build --progress plain -t half:made .
	has "$stderr" error: "$@"
	lacks "$stderr" AddressSanitizer "runtime error"
	is "$output" ""
	lacks "$(firkin images)" half
	store_is_tidy
}

# config_fails PART...: compose refuses the file of the test's directory
config_fails() {
	fails 1 compose config
	has "$stderr" error: "$@"
	is "$output" ""
}

compose_file() {
	cat >"${1:-$T/compose.yml}"
}

@test "an unknown instruction: file, line, column, the line itself, and the nearest name" {
	dockerfile <<-'END'
	FROM tiny:1
	RUN true
	COPPY a b
	END
	build_fails Dockerfile:3:1 COPPY "did you mean COPY?" "3 | COPPY a b"
}

@test "a malformed name for the image is refused before anything is built" {
	dockerfile <<-'END'
	FROM tiny:1
	RUN true
	END
	fails 1 build --progress plain -t 'Not A Name' .
	has "$stderr" error: "invalid reference 'Not A Name'"
	lacks "$stderr" "RUN true"
	store_is_tidy
}

@test "an unknown flag of an instruction: its place and the nearest name" {
	dockerfile <<-'END'
	FROM tiny:1
	COPY --form=tiny:1 /bin/sh /sh
	END
	build_fails Dockerfile:2: form "did you mean --from?"
}

@test "a heredoc that is not closed: the line where it began and how to close it" {
	dockerfile <<-'END'
	FROM tiny:1
	RUN <<SCRIPT
	echo one
	echo two
	END
	build_fails Dockerfile:2: SCRIPT "close it with a line that holds only 'SCRIPT'"
}

@test "an instruction without its arguments: its line and how it is written" {
	dockerfile <<-'END'
	FROM tiny:1
	COPY alone
	END
	build_fails Dockerfile:2: COPY "SOURCE... DESTINATION"
}

@test "a Dockerfile without FROM, an empty one, and none at all" {
	dockerfile <<<"RUN true"
	build_fails Dockerfile:1: FROM
	dockerfile </dev/null
	build_fails Dockerfile "no instructions"
	rm Dockerfile
	build_fails Dockerfile "-f"
}

@test "COPY of a file that is not there: the line, and the nearest name in the context" {
	dockerfile <<-'END'
	FROM tiny:1
	RUN true
	COPY packag.json /app/
	END
	touch package.json
	build_fails Dockerfile:3: "'packag.json' is not in the build context" \
		"did you mean 'package.json'?"
}

@test "COPY of a file that the ignore file excludes: the ignore file and its line" {
	dockerfile <<-'END'
	FROM tiny:1
	COPY secret.env /app/
	END
	printf '# secrets\n*.env\n' >.dockerignore
	touch secret.env
	build_fails Dockerfile:2: "'secret.env' is ignored by" ".dockerignore:2" '!secret.env'
}

@test "COPY from outside of the context: it says so" {
	mkdir context
	touch outside
	dockerfile "$T/context/Dockerfile" <<-'END'
	FROM tiny:1
	COPY ../outside /app/
	END
	fails 1 build --progress plain -t half:made context
	has "$stderr" Dockerfile:2: "'../outside' is outside the build context"
	lacks "$(firkin images)" half
	store_is_tidy
}

@test "COPY --from a stage that is not there: the nearest stage" {
	dockerfile <<-'END'
	FROM tiny:1 AS builder
	FROM tiny:1
	COPY --from=bulider /bin/sh /sh
	END
	build_fails Dockerfile:3: bulider "did you mean 'builder'?"
}

@test "COPY --from of a path that the stage does not have" {
	dockerfile <<-'END'
	FROM tiny:1 AS builder
	RUN mkdir /dist
	FROM tiny:1
	COPY --from=builder /dst /dist
	END
	build_fails Dockerfile:4: "'/dst' is not in the stage" "did you mean" "dist'?"
}

@test "a failing RUN: its line, its exit status and the end of its output" {
	dockerfile <<-'END'
	FROM tiny:1
	WORKDIR /app
	RUN echo compiling \
	 && echo "main.c: expected ';'" >&2 \
	 && exit 42
	END
	build_fails Dockerfile:3: "exit code 42" "main.c: expected ';'" "RUN echo compiling"
}

@test "a failing RUN says its last output also when the progress is quiet" {
	dockerfile <<-'END'
	FROM tiny:1
	RUN for i in $(seq 100); do echo "line $i"; done; exit 1
	END
	fails 1 build -q .
	has "$stderr" Dockerfile:2: "line 100" "exit code 1"
	lacks "$stderr" "line 2
"
	store_is_tidy
}

@test "a RUN whose program is not there: its name" {
	dockerfile <<-'END'
	FROM tiny:1
	RUN ["/bin/nosuchprogram", "--version"]
	END
	build_fails Dockerfile:2: /bin/nosuchprogram
}

@test "a failing stage ends the others and leaves nothing of them" {
	dockerfile <<-'END'
	FROM tiny:1 AS slow
	RUN --mount=type=cache,target=/meet,id=meet-failing touch /meet/slow; sleep 300
	FROM tiny:1 AS failing
	RUN --mount=type=cache,target=/meet,id=meet-failing /bin/until test -e /meet/slow; exit 5
	FROM tiny:1
	COPY --from=slow /etc/passwd /slow
	COPY --from=failing /etc/passwd /failing
	END
	build_fails Dockerfile:4: "exit code 5"
	eventually nothing_runs
}

@test "a required variable that is missing: its place and the text after '?'" {
	dockerfile <<-'END'
	FROM tiny:1
	ARG TOKEN
	RUN echo first
	LABEL token=${TOKEN:?give it with --build-arg}
	END
	build_fails Dockerfile:4: TOKEN "give it with --build-arg"
}

@test "USER and COPY --chown with a name that the image does not have" {
	dockerfile <<-'END'
	FROM tiny:1
	USER nobodyhere
	RUN true
	END
	build_fails Dockerfile: nobodyhere
}

@test "an image that is not there: near names of those that are" {
	dockerfile <<-'END'
	FROM tinny:1
	END
	build_fails Dockerfile:1: "no image 'tinny:1'" "did you mean tiny:1?"
	fails 125 run --rm tiny:2 true
	has "$stderr" "no image 'tiny:2'" "did you mean tiny:1?"
	is "$output" ""
}

@test "a build context that is not there" {
	fails 1 build nowhere
	has "$stderr" error: nowhere
}

@test "an unknown option and an unknown command: the nearest name" {
	fails 1 build --taget x .
	has "$stderr" "unknown option '--taget'" "did you mean '--target'?"
	fails 125 run --detatch tiny:1
	has "$stderr" "unknown option '--detatch'" "did you mean '--detach'?"
	fails 1 imags
	has "$stderr" "unknown command 'imags'" "did you mean 'firkin images'?"
	fails 1 compose dwon
	has "$stderr" "unknown command 'compose dwon'" "did you mean 'firkin compose down'?"
	fails 1 compose up --waite
	has "$stderr" "did you mean '--wait'?"
}

@test "a value that an option cannot take: the option, the value, and what it takes" {
	fails 125 run -p 80:99999 tiny:1 true
	has "$stderr" "80:99999"
	fails 125 run -m lots tiny:1 true
	has "$stderr" --memory lots 512m
	fails 125 run --restart sometimes tiny:1 true
	has "$stderr" sometimes on-failure
	fails 1 build --progress loud .
	has "$stderr" loud plain
	fails 1 tag tiny:1 'Not A Reference'
	has "$stderr" 'Not A Reference'
	fails 1 build
	has "$stderr" "needs at least 1 argument" "usage:"
}

@test "compose: wrong indentation says line and column" {
	compose_file <<-'END'
	services:
	  web:
	    image: tiny:1
	   command: ["true"]
	END
	config_fails compose.yml:4:
}

@test "compose: a tab as indentation is named as such" {
	printf 'services:\n  web:\n\timage: tiny:1\n' >compose.yml
	config_fails compose.yml:3: tab
}

@test "compose: an unknown key says its place and the nearest name" {
	compose_file <<-'END'
	services:
	  web:
	    image: tiny:1
	    enviroment:
	      A: b
	END
	config_fails compose.yml:4:5 enviroment "environment"
}

@test "compose: a required variable that is not set says its place and the text" {
	compose_file <<-'END'
	services:
	  web:
	    image: tiny:1
	    environment:
	      KEY: ${E2E_NOT_SET:?put it into .env}
	END
	config_fails compose.yml:5: E2E_NOT_SET "put it into .env"
}

@test "compose: a dependency cycle is shown" {
	compose_file <<-'END'
	services:
	  a:
	    image: tiny:1
	    depends_on: [b]
	  b:
	    image: tiny:1
	    depends_on: [c]
	  c:
	    image: tiny:1
	    depends_on: [a]
	END
	config_fails compose.yml: cycle a b c
}

@test "compose: a service that is not defined, with the place of its use" {
	compose_file <<-'END'
	services:
	  web:
	    image: tiny:1
	    depends_on:
	      - databse
	  database:
	    image: tiny:1
	END
	config_fails compose.yml:5: "service 'web' depends on 'databse'" "not defined"
}

@test "compose: a volume and a network that are not defined, with the place of their use" {
	compose_file <<-'END'
	services:
	  web:
	    image: tiny:1
	    volumes:
	      - data:/data
	END
	config_fails compose.yml:5: data volume
	compose_file <<-'END'
	services:
	  web:
	    image: tiny:1
	    networks: [back]
	END
	config_fails compose.yml:4: back network
}

@test "compose: no file at all says which names were looked for" {
	fails 1 compose config
	has "$stderr" error: compose.y
}

@test "compose: an image that is not there says the service's place, and nothing starts" {
	compose_file <<-'END'
	services:
	  first:
	    image: tiny:1
	    command: ["sleep", "300"]
	  second:
	    image: tinny:1
	END
	fails 1 compose up -d
	has "$stderr" compose.yml:5: second "no image 'tinny:1'" "did you mean tiny:1?"
	is "$(firkin ps -aq)" ""
}

@test "compose: a failing build says the service and the place in its Dockerfile" {
	compose_file <<-'END'
	services:
	  web:
	    build: .
	END
	dockerfile <<-'END'
	FROM tiny:1
	RUN exit 7
	END
	fails 1 compose up -d
	has "$stderr" "service 'web'" Dockerfile:2: "exit code 7"
	is "$(firkin ps -aq)" ""
	store_is_tidy
}

@test "a busy host port: run says who holds it, and no container is left" {
	local port
	port=$(free_port)
	listen "$port"
	fails 125 run --rm -p "127.0.0.1:$port:80" tiny:1 true
	has "$stderr" "$port" perl "$LISTENER"
	is "$(firkin ps -aq)" ""
}

@test "a busy host port: compose up says the service and who holds it" {
	local port
	port=$(free_port)
	listen "$port"
	compose_file <<-END
	services:
	  web:
	    image: tiny:1
	    command: ["sleep", "300"]
	    ports: ["127.0.0.1:$port:80"]
	END
	fails 1 compose up -d --wait
	has "$stderr" web "$port" perl "$LISTENER"
}

@test "a port that another container has published is refused with that container's name" {
	local port
	port=$(free_port)
	ok run -d --name holder -p "127.0.0.1:$port:80" tiny:1 sleep 300
	fails 125 run --rm -p "127.0.0.1:$port:80" tiny:1 true
	has "$stderr" "$port"
	ok rm -f holder
}

@test "compose: a service that cannot start or turns unhealthy ends up --wait with its name" {
	compose_file <<-'END'
	services:
	  web:
	    image: tiny:1
	    command: ["/bin/nosuchprogram"]
	END
	fails 1 compose up -d --wait
	has "$stderr" web /bin/nosuchprogram
	ok compose down
	compose_file <<-'END'
	services:
	  web:
	    image: tiny:1
	    command: ["sleep", "300"]
	    healthcheck:
	      test: ["CMD-SHELL", "echo the cause; exit 1"]
	      interval: 100ms
	      retries: 2
	END
	fails 1 compose up -d --wait
	has "$stderr" web unhealthy
}

# with_small_disk: full.sh, in a mount namespace of its own
with_small_disk() {
	mkdir small
	run --separate-stderr timeout 120 unshare -m --propagation private \
		bash full.sh "$T/small" "$E2E_DIR/rootfs" 3>&-
	[ "$status" -eq 0 ] && return 0
	show_run full.sh
	return 1
}

@test "a full disk during a build: it says so, and nothing half-made is left" {
	dockerfile <<-'END'
	FROM tiny:1
	RUN dd if=/dev/zero of=/big bs=64k count=400
	END
	cat >full.sh <<-'END'
	set -u
	mount -t tmpfs -o size=6m none "$1"
	export FIRKIN_ROOT=$1/store
	tar -C "$2" --numeric-owner -cf - . | "$FIRKIN" import - tiny:1 >/dev/null || exit 90
	"$FIRKIN" build --progress plain -t half:made .
	[ $? -eq 1 ] || exit 91
	ls -A "$FIRKIN_ROOT/tmp"
	"$FIRKIN" images | grep half
	"$FIRKIN" run --rm --network none tiny:1 true || exit 92
	END
	with_small_disk
	is "$output" ""
	has "$stderr" error: Dockerfile:2: full
}

@test "a full disk while COPY writes: it says so, and nothing half-made is left" {
	dockerfile <<-'END'
	FROM tiny:1
	COPY big /
	END
	head -c 8000000 /dev/urandom >big
	cat >full.sh <<-'END'
	set -u
	mount -t tmpfs -o size=6m none "$1"
	export FIRKIN_ROOT=$1/store
	tar -C "$2" --numeric-owner -cf - . | "$FIRKIN" import - tiny:1 >/dev/null || exit 90
	"$FIRKIN" build --progress plain -t half:made .
	[ $? -eq 1 ] || exit 91
	ls -A "$FIRKIN_ROOT/tmp"
	"$FIRKIN" images | grep half
	exit 0
	END
	with_small_disk
	is "$output" ""
	has "$stderr" error: Dockerfile:2: "No space left on device"
}

@test "an import that breaks off leaves no image and no draft" {
	head -c 100000 /dev/urandom >garbage
	fails 1 import garbage broken:1
	has "$stderr" garbage
	tar -C "$E2E_DIR/rootfs" -cf whole.tar .
	head -c 300000 whole.tar >cut.tar
	fails 1 import cut.tar broken:1
	has "$stderr" cut.tar
	lacks "$(firkin images)" broken
	store_is_tidy
}

@test "a container that is not there: near names" {
	ok run -d --name database tiny:1 sleep 300
	fails 1 stop databse
	has "$stderr" databse "database"
	fails 125 exec databse true
	has "$stderr" databse "database"
	ok rm -f database
}
