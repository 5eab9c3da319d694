#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The example stack as a user meets it: from an empty store to three healthy services with one
# command, then what operations do to it. The only file that needs the network; it runs the release
# program, for the build compiles and installs for real. Times are remarks, they decide nothing.

load helpers

setup_file() {
	e2e_setup_file
	FIRKIN=$FIRKIN_RELEASE
	PORT=$(free_port)
	EXAMPLE=$E2E_SOURCE/examples/chat-backend
	export FIRKIN PORT EXAMPLE
	rm -rf --one-file-system "$FIRKIN_ROOT" # the demo begins with nothing
	mkdir "$FIRKIN_ROOT"
}

teardown_file() {
	cd "$EXAMPLE" && firkin compose down -v -t 5 >/dev/null 2>&1
	e2e_teardown_file
}

setup() {
	cd "$EXAMPLE" || return 1
}

teardown() {
	e2e_note
}

remark() {
	echo "# $*" >&3
}

now_ms() {
	echo $(($(date +%s%N) / 1000000))
}

request() { # request ARGUMENT...: of curl
	curl -sS --noproxy '*' -m 10 -H 'content-type: application/json' "$@"
}

ready_answers() { # ready_answers STATUS: of an HTTP request to /health/ready
	[ "$(request -o /dev/null -w '%{http_code}' "http://127.0.0.1:$PORT/health/ready")" = "$1" ]
}

health_is() { # health_is SERVICE STATUS
	[ "$(inspect "chat-backend-$1-1" .State.Health.Status)" = "$2" ]
}

@test "the demo builds everything from an empty store, starts it, talks to it, and leaves nothing" {
	run timeout 900 "$E2E_SOURCE/examples/demo.sh" "$FIRKIN" --once 3>&-
	[ "$status" -eq 0 ] || { show_run demo.sh; return 1; }
	matches "$output" 'demo: 3 services healthy in [0-9]+\.[0-9]+ s'
	remark "${BASH_REMATCH[0]#demo: }"
	is "$(firkin ps -aq)" ""
	is "$(ls "$FIRKIN_ROOT/containers")$(ls "$FIRKIN_ROOT/volumes")" ""
	store_is_tidy
	e2e_check_nothing_left
}

@test "up again from the built images: all healthy, and the backend answers" {
	local from
	from=$(now_ms)
	ok compose up -d --wait
	remark "healthy in $(($(now_ms) - from)) ms"
	ready_answers 200
	from=$(now_ms)
	ok compose up -d --wait
	remark "nothing to do in $(($(now_ms) - from)) ms"
	lacks "$stderr" Started Created Recreat
}

@test "no service runs as root" {
	local service init program
	for service in postgres redis backend; do
		# an entrypoint may begin as root and change the user: PID 1 is root then
		init=$(inspect "chat-backend-$service-1" .State.Pid)
		for program in $(pgrep -P "$init"); do
			[ "$(awk '/^Uid:/ { print $3 }' "/proc/$program/status")" -ne 0 ]
		done
		[ -n "$program" ]
	done
}

@test "kill -9 of the backend: it comes back by its policy and is healthy again" {
	local pid
	pid=$(inspect chat-backend-backend-1 .State.Pid)
	kill -KILL "$pid"
	eventually eval '[ "$(inspect chat-backend-backend-1 .RestartCount)" -ge 1 ]'
	eventually health_is backend healthy
	eventually ready_answers 200
}

@test "a stopped PostgreSQL turns /health/ready to 503, and back when it is started" {
	eventually ready_answers 200
	ok compose stop postgres
	eventually ready_answers 503
	ok compose start postgres
	eventually ready_answers 200
}

@test "stop ends every service gracefully, with exit status 0" {
	local from service
	from=$(now_ms)
	ok compose stop
	remark "stopped in $(($(now_ms) - from)) ms"
	for service in postgres redis backend; do
		is "$service $(inspect "chat-backend-$service-1" .State.ExitCode)" "$service 0"
	done
}

@test "what was stored is there after down and up; down -v leaves nothing" {
	ok compose up -d --wait
	local url=http://127.0.0.1:$PORT name=e2e-$RANDOM$RANDOM body
	body="{\"username\":\"$name\",\"password\":\"correct horse battery\"}"
	request -f -d "$body" "$url/api/auth/register"
	ok compose down
	ok compose up -d --wait
	request -f -d "$body" "$url/api/auth/login"
	e2e_note
	ok compose down -v
	is "$(firkin ps -aq)" ""
	is "$(ls "$FIRKIN_ROOT/volumes")" ""
	e2e_check_nothing_left
}
