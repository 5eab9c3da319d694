#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Images in the store: import, list, tag, remove; what several programs at once, a kill and a second
# user of the same layers do to it.

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

@test "import takes a tar, also compressed, from a file and from standard input" {
	tar -C "$E2E_DIR/rootfs" --numeric-owner -cf fs.tar .
	gzip -k fs.tar
	ok import fs.tar plain:1
	local plain=$output
	matches "$plain" '^sha256:[0-9a-f]{64}$'
	ok import -m "from a file" fs.tar.gz packed:1
	run --separate-stderr firkin import - stdin:1 <fs.tar.gz
	is "$status" 0
	is "$(inspect plain:1 '.RootFS.diff_ids[0]')" "$(inspect packed:1 '.RootFS.diff_ids[0]')"
	is "$(inspect plain:1 '.RootFS.diff_ids[0]')" "$(inspect stdin:1 '.RootFS.diff_ids[0]')"
	is "$(inspect packed:1 '.History[0].comment')" "from a file"
	ok rmi plain:1 packed:1 stdin:1
}

@test "images lists repository, tag, id, age and size; -q ids alone; --format json objects" {
	ok images
	matches "$output" 'REPOSITORY +TAG +IMAGE ID +CREATED +SIZE'
	matches "$output" 'tiny +1 +[0-9a-f]{12} .* ago +[0-9.]+MB'
	ok images -q
	matches "$output" '^[0-9a-f]{12}$'
	ok images --format json
	is "$(jq -r '.Repository + ":" + .Tag' <<<"$output")" tiny:1
}

@test "tag gives a second name, rmi takes names away, and the last one takes the content" {
	dockerfile <<-'END'
	FROM tiny:1
	LABEL unique=tagging
	END
	ok build -q -t first:1 .
	local id=$output
	ok tag first:1 second:2
	is "$(inspect second:2 .Id)" "$id"
	ok tag first:1 registry.example.com:5000/team/app:v1
	is "$(inspect registry.example.com:5000/team/app:v1 .Id)" "$id"
	ok rmi first:1
	is "$(inspect second:2 .Id)" "$id"
	ok rmi second:2 registry.example.com:5000/team/app:v1
	fails 1 inspect "$id"
	[ ! -e "$FIRKIN_ROOT/blobs/sha256/${id#sha256:}" ]
}

@test "a name without a tag means latest; library/ and docker.io/ mean the same image" {
	ok tag tiny:1 bare
	ok inspect bare:latest
	ok inspect docker.io/library/bare
	ok rmi bare
	fails 1 inspect bare:latest
}

@test "an image is found by its id and by a prefix of it" {
	local id
	id=$(inspect tiny:1 .Id)
	is "$(inspect "$id" .Id)" "$id"
	id=${id#sha256:}
	is "$(inspect "${id:0:12}" .Id)" "sha256:$id"
}

@test "inspect shows configuration, layers and history, of several names at once" {
	dockerfile <<-'END'
	FROM tiny:1
	RUN echo history >/h
	ENV A=b
	END
	ok build -q -t history:1 .
	ok inspect tiny:1 history:1
	is "$(jq length <<<"$output")" 2
	is "$(jq -r '.[1].History | length' <<<"$output")" 3
	has "$(jq -r '.[1].History[].created_by' <<<"$output")" "echo history" "ENV A=b"
	is "$(jq -r '.[1].History[2].empty_layer' <<<"$output")" true
	is "$(jq -r '.[1].Architecture' <<<"$output")" "$(jq -r '.[0].Architecture' <<<"$output")"
}

@test "rmi of an image that a container uses does not take its layers away" {
	dockerfile <<-'END'
	FROM tiny:1
	RUN echo in use >/used
	END
	ok build -q -t used:1 .
	ok run -d --name user used:1 sleep 300
	run --separate-stderr firkin rmi used:1
	ok exec user cat /used
	is "$output" "in use"
	ok rm -f user
}

@test "rmi of an image leaves the build cache usable" {
	dockerfile <<-'END'
	FROM tiny:1
	RUN echo cached >/cached
	END
	ok build -q -t cached:1 .
	local id=$output
	ok rmi cached:1
	ok build --progress plain -t cached:1 .
	has "$stderr" CACHED
	is "$output" "$id"
}

@test "two builds of the same Dockerfile at the same time both succeed with the same content" {
	dockerfile <<-'END'
	FROM tiny:1
	RUN echo both at once >/f; usleep 200000
	RUN cat /f
	END
	local first second status_first=0 status_second=0
	firkin build -q . >one 2>one.err &
	first=$!
	firkin build -q . >two 2>two.err &
	second=$!
	wait "$first" || status_first=$?
	wait "$second" || status_second=$?
	is "$status_first$(cat one.err)" 0
	is "$status_second$(cat two.err)" 0
	is "$(inspect "$(cat one)" '.RootFS | @json | length > 0')" true
	ok build --progress plain .
	has "$stderr" CACHED
	store_is_tidy
}

@test "a collection while a build runs takes nothing that the build needs" {
	dockerfile <<-'END'
	FROM tiny:1
	RUN echo one >/one; echo started; usleep 300000
	RUN echo two >/two; usleep 300000
	RUN test "$(cat /one /two)" = "$(printf 'one\ntwo')"
	END
	firkin build --progress plain -t kept:1 . >id 2>progress &
	local pid=$! status=0
	until gone "$pid"; do
		ok tag tiny:1 passing:1
		ok rmi passing:1
	done
	wait "$pid" || status=$?
	is "$status" 0
	ok run --rm --network none kept:1 cat /one /two
	is "$output" "$(printf 'one\ntwo')"
}

@test "kill -9 of a build leaves a store in which the same build succeeds, and nothing stays" {
	dockerfile <<-'END'
	FROM tiny:1
	RUN echo before the kill
	RUN --mount=type=cache,target=/once,id=kill-9 \
		[ -e /once/second ] || { touch /once/second; echo now it runs; sleep 300; }
	END
	"$FIRKIN" build --progress plain -t killed:1 . >out 2>&1 3>&- &
	local pid=$! status=0
	PIDS+=("$pid")
	eventually grep -q 'now it runs$' out
	e2e_note
	kill -KILL "$pid"
	wait "$pid" || status=$?
	is "$status" 137
	lacks "$(firkin images)" killed
	ok build --progress plain -t killed:1 .
	has "$stderr" CACHED
	eventually nothing_runs
	ok rmi killed:1
	store_is_tidy
}

@test "an alias in the store's file and --image-alias give another image for a name" {
	dockerfile <<-'END'
	FROM example.com/base:9
	RUN test -x /bin/busybox
	END
	fails 1 build .
	ok --image-alias example.com/base:9=tiny:1 build .
	echo "example.com/base:9 tiny:1" >"$FIRKIN_ROOT/aliases"
	ok build .
	rm "$FIRKIN_ROOT/aliases"
}

@test "a store of another version is refused, not damaged" {
	FIRKIN_ROOT=$T/other ok images
	echo 99 >"$T/other/version"
	FIRKIN_ROOT=$T/other fails 1 images
	has "$stderr" "format 99"
}

@test "--root and --run put everything elsewhere" {
	tar -C "$E2E_DIR/rootfs" --numeric-owner -cf fs.tar .
	ok --root "$T/root" --run "$T/run" import fs.tar there:1
	ok --root "$T/root" --run "$T/run" images -q
	matches "$output" '^[0-9a-f]{12}$'
	lacks "$(firkin images)" there
	[ -d "$T/root/layers" ]
}
