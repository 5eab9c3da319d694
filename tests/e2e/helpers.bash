# SPDX-License-Identifier: Apache-2.0
# Set-up and words that the end-to-end tests share. FIRKIN is the program under test, FIRKIN_RELEASE
# the same without sanitizers (its default is FIRKIN). Every file has a store and a run state of its
# own, so that files may run side by side.

bats_require_minimum_version 1.5.0

: "${FIRKIN:?path of the program under test}"
FIRKIN_RELEASE=${FIRKIN_RELEASE:-$FIRKIN}
E2E_SOURCE=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)

# Descriptor 3 belongs to bats, which would wait for a supervisor that keeps it.
firkin() {
	timeout --foreground -k 10 100 "$FIRKIN" "$@" 3>&-
}

# e2e_setup_file [PORTS]: directory, store with the image tiny:1
e2e_setup_file() {
	E2E_DIR=$(mktemp -d "${TMPDIR:-/tmp}/firkin-e2e.XXXXXX")
	export E2E_DIR FIRKIN_ROOT=$E2E_DIR/store FIRKIN_RUN=$E2E_DIR/run
	unset COMPOSE_FILE COMPOSE_PROJECT_NAME COMPOSE_PROFILES SOURCE_DATE_EPOCH
	mkdir "$E2E_DIR/projects"
	: >"$E2E_DIR/bridges"
	: >"$E2E_DIR/containers"
	e2e_make_rootfs "$E2E_DIR/rootfs"
	e2e_import_tiny
}

e2e_make_rootfs() {
	local applet
	mkdir -p "$1"/{bin,etc,root,home/app,tmp,var/lib}
	cp /bin/busybox "$1/bin/busybox"
	for applet in $(/bin/busybox --list); do
		[ "$applet" = busybox ] || ln -s busybox "$1/bin/$applet"
	done
	chmod 1777 "$1/tmp"
	cat >"$1/etc/passwd" <<-'END'
	root:x:0:0:root:/root:/bin/sh
	app:x:1000:1000:app:/home/app:/bin/sh
	END
	printf '%s\n' root:x:0: app:x:1000: >"$1/etc/group"
	chown 1000:1000 "$1/home/app"
	e2e_make_programs "$1/bin"
}

# What the tests' containers run: a web server that says TEXT, a program that waits for a signal, a
# loop around a command.
e2e_make_programs() {
	cat >"$1/serve" <<-'END'
	#!/bin/sh
	# serve PORT TEXT
	mkdir -p /tmp/www && echo "$2" >/tmp/www/index.html
	exec httpd -f -p "$1" -h /tmp/www
	END
	cat >"$1/on-signal" <<-'END'
	#!/bin/sh
	# on-signal SIGNAL ACTION
	trap "$2" "$1"
	echo ready
	while :; do usleep 20000; done
	END
	cat >"$1/until" <<-'END'
	#!/bin/sh
	# until COMMAND...: again and again, until it succeeds; at most 30 s
	end=$(($(date +%s) + 30))
	until "$@"; do
		[ "$(date +%s)" -lt "$end" ] || exit 1
		usleep 20000
	done
	END
	chmod 755 "$1/serve" "$1/on-signal" "$1/until"
}

e2e_import_tiny() {
	tar -C "$E2E_DIR/rootfs" --numeric-owner -cf - . | firkin import - tiny:1 >/dev/null
}

# What tests leave for the end of their file: names of bridges and containers, read from the state.
e2e_note() {
	local f
	for f in "$FIRKIN_RUN"/networks/*.json; do
		[ ! -e "$f" ] || jq -r .bridge "$f" >>"$E2E_DIR/bridges"
	done
	for f in "$FIRKIN_ROOT"/containers/*/ "$FIRKIN_ROOT"/tmp/*/; do # those of builds: in tmp
		[ -d "$f" ] && basename "$f" >>"$E2E_DIR/containers"
	done
	return 0
}

# The processes of this file: programs that carry its run state in their environment, containers
# whose file systems lie in its store. Our own shells are no part of it.
e2e_processes() {
	local path pid
	{
		for path in $(grep -lzsF "FIRKIN_RUN=$FIRKIN_RUN" /proc/[0-9]*/environ); do
			grep -q ^firkin "${path%environ}comm" 2>/dev/null && echo "$path"
		done
		grep -lsF "$E2E_DIR/store/" /proc/[0-9]*/mountinfo
	} | cut -d/ -f3 | sort -u | while read -r pid; do
		printf '%s %s\n' "$pid" "$(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)"
	done
	return 0
}

e2e_remove_everything() {
	local f id
	for f in "$E2E_DIR"/projects/*; do
		[ -d "$f" ] && (cd "$f" && firkin compose down -v -t 1 >/dev/null 2>&1)
	done
	for id in $(firkin ps -aq --no-trunc); do
		firkin rm -f -v "$id" >/dev/null 2>&1
	done
	return 0
}

# expect_none WHAT LIST: complains when LIST is not empty
expect_none() {
	[ -z "$2" ] && return 0
	printf 'left behind: %s:\n%s\n' "$1" "$2" >&2
	return 1
}

nothing_runs() { # twice: a process that ends may have left its work to a new one
	[ -z "$(e2e_processes)" ] && [ -z "$(e2e_processes)" ]
}

# A network stays for a moment after its last container, and interfaces leave the kernel a little
# after the call that removes them.
no_network_is_left() {
	[ -z "$(ls "$FIRKIN_RUN/networks" 2>/dev/null)" ] || return 1
	[ ! -s "$E2E_DIR/bridges" ] || [ -z "$(ip -br link | grep -wFf "$E2E_DIR/bridges")" ]
}

e2e_find_cgroups() {
	sort -u "$E2E_DIR/containers" | while read -r id; do
		find /sys/fs/cgroup -maxdepth 3 -type d -path "*/firkin/*$id*" 2>/dev/null
	done
}

# e2e_check_nothing_left: processes, mounts, interfaces, nft tables, cgroups, state of networks
e2e_check_nothing_left() {
	local bad=0
	eventually nothing_runs 2>/dev/null
	eventually no_network_is_left 2>/dev/null
	expect_none processes "$(e2e_processes)" || bad=1
	expect_none mounts "$(grep -F "$E2E_DIR/" /proc/self/mountinfo)" || bad=1
	expect_none cgroups "$(e2e_find_cgroups)" || bad=1
	expect_none networks "$(tail -n +1 "$FIRKIN_RUN"/networks/* 2>/dev/null)" || bad=1
	if [ -s "$E2E_DIR/bridges" ]; then
		expect_none interfaces "$(ip -br link | grep -wFf "$E2E_DIR/bridges")" || bad=1
		expect_none "nft tables" "$(nft list tables | grep -Ff "$E2E_DIR/bridges")" || bad=1
	fi
	return $bad
}

e2e_remove_leftovers() {
	local pid mount bridge group
	for pid in $(e2e_processes | cut -d' ' -f1); do
		kill -KILL "$pid"
	done
	grep -oE " $E2E_DIR/[^ ]*" /proc/self/mountinfo | tac | while read -r mount; do
		umount -l "$mount"
	done
	sort -u "$E2E_DIR/bridges" | while read -r bridge; do
		ip link del "$bridge"
		nft delete table ip "firkin-$bridge"
	done
	e2e_find_cgroups | sort -r | while read -r group; do
		rmdir "$group"
	done
}

# A leftover fails the file, and is removed all the same.
e2e_teardown_file() {
	local bad=0
	e2e_note
	e2e_remove_everything
	e2e_check_nothing_left || bad=1
	e2e_remove_leftovers 2>/dev/null # mostly there is nothing
	rm -rf --one-file-system "$E2E_DIR"
	return $bad
}

# One directory per test, as working directory and build context
e2e_setup() {
	T=$E2E_DIR/projects/t$BATS_TEST_NUMBER
	mkdir -p "$T"
	cd "$T" || return 1
	PIDS=()
}

e2e_teardown() {
	local pid
	for pid in "${PIDS[@]}"; do
		kill -KILL "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	e2e_note
	e2e_remove_everything
	cd / && rm -rf "$T"
	return 0
}

show_run() {
	printf 'exit status %s of: %s\n' "$status" "$*" >&2
	printf -- '-- stdout\n%s\n-- stderr\n%s\n' "$output" "${stderr:-}" >&2
}

# ok ARGUMENT...: firkin succeeds; $output and $stderr hold what it wrote
ok() {
	run --separate-stderr firkin "$@"
	[ "$status" -eq 0 ] && return 0
	show_run firkin "$@"
	return 1
}

# fails STATUS ARGUMENT...: firkin ends with that status
fails() {
	local want=$1 expect=
	shift
	[ "$want" -ne 127 ] || expect=-127 # without it bats takes this for a misspelt command
	run ${expect:+"$expect"} --separate-stderr firkin "$@"
	[ "$status" -eq "$want" ] && return 0
	echo "wanted status $want" >&2
	show_run firkin "$@"
	return 1
}

has() { # has TEXT PART...
	local text=$1 part
	shift
	for part in "$@"; do
		[[ $text == *"$part"* ]] && continue
		printf 'not found: %s\nin:\n%s\n' "$part" "$text" >&2
		return 1
	done
}

lacks() { # lacks TEXT PART...
	local text=$1 part
	shift
	for part in "$@"; do
		[[ $text != *"$part"* ]] && continue
		printf 'unwanted: %s\nin:\n%s\n' "$part" "$text" >&2
		return 1
	done
}

matches() { # matches TEXT REGULAR-EXPRESSION
	[[ $1 =~ $2 ]] && return 0
	printf 'no match of: %s\nin:\n%s\n' "$2" "$1" >&2
	return 1
}

is() { # is ACTUAL EXPECTED
	[ "$1" = "$2" ] && return 0
	printf 'expected: %s\nactual:   %s\n' "$2" "$1" >&2
	return 1
}

# eventually COMMAND...: succeeds within 20 s
eventually() {
	local end=$((SECONDS + 20))
	while [ "$SECONDS" -lt "$end" ]; do
		"$@" && return 0
		sleep 0.05
	done
	echo "never true: $*" >&2
	return 1
}

gone() { # gone PID
	! kill -0 "$1" 2>/dev/null
}

# free_port: a TCP port of the loopback interface that nobody uses. It comes from below the range of
# ports that the kernel gives to clients, so that none of those takes it before the test does.
free_port() {
	local port
	while :; do
		port=$((10000 + (RANDOM * 32768 + RANDOM) % 20000))
		ss -Htln "sport = :$port" 2>/dev/null | grep -q . || break
	done
	echo "$port"
}

# listen PORT: a process of ours holds 127.0.0.1:PORT; its pid in LISTENER
listen() {
	perl -MIO::Socket::INET -e '
		my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1:$ARGV[0]", Listen => 1);
		open(my $f, ">", $ARGV[1]); close($f); sleep 600' "$1" "$T/listening" 3>&- &
	LISTENER=$!
	PIDS+=("$LISTENER")
	eventually test -e "$T/listening"
}

# dockerfile [PATH]: from standard input
dockerfile() {
	cat >"${1:-$T/Dockerfile}"
}

# answers PORT TEXT: an HTTP request to our loopback address
answers() {
	[ "$(curl -fsS --noproxy '*' -m 5 "http://127.0.0.1:$1/" 2>/dev/null)" = "$2" ]
}

# limit_of ID FILE...: content of the first such file in the container's cgroups
limit_of() {
	local id=$1 name
	shift
	for name in "$@"; do
		find /sys/fs/cgroup -path "*firkin/$id*" -name "$name" -exec cat {} +
	done
}

memory_limit_of() { # by the two versions' names
	limit_of "$1" memory.limit_in_bytes memory.max
}

# inspect NAME FILTER: jq over the first object of inspect
inspect() {
	firkin inspect "$1" | jq -r ".[0] | $2"
}

store_is_tidy() { # no draft, download or lease of a process that is gone
	expect_none "drafts in the store" "$(ls -A "$FIRKIN_ROOT/tmp")"
}
