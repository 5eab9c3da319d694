#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# firkin-init as a user meets it. FIRKIN_INIT is the path of the binary; FIRKIN_INIT_DEBUG, that of
# a dynamic build of the same sources for valgrind, which is built here when it is not given.

bats_require_minimum_version 1.5.0

INIT_SOURCE=$BATS_TEST_DIRNAME/../../src/init

setup_file() {
	[ -x "${FIRKIN_INIT:?path of the firkin-init binary}" ]
	# PostgreSQL does not run as root, and its user cannot enter the directories of bats
	DIR=$(mktemp -d "${TMPDIR:-/tmp}/firkin-init.XXXXXX")
	chmod 755 "$DIR"
	export DIR
}

teardown_file() {
	rm -rf "$DIR"
}

setup() {
	T=$BATS_TEST_TMPDIR
	PIDS=()
	PG_PID=
	unset TINI_SUBREAPER TINI_KILL_PROCESS_GROUP TINI_VERBOSITY
}

# Everything in PIDS is a child of the test's shell, so that wait leaves no zombie
teardown() {
	local pid
	for pid in "${PIDS[@]}"; do
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	if [ -n "$PG_PID" ]; then
		kill -INT "$PG_PID"	# it ends its own children
		wait "$PG_PID" || true
	fi
}

gone() {
	! kill -0 "$1" 2>/dev/null
}

# eventually COMMAND...: within 10 s it succeeds
eventually() {
	local try
	for ((try = 0; try < 500; try++)); do
		"$@" && return 0
		sleep 0.02
	done
	echo "never true: $*" >&2
	return 1
}

# start ARG...: firkin-init in the background as a subreaper; its number in $pid
start() {
	rm -f "$T/out" "$T/err"	# what an earlier one wrote must not pass for its words
	"$FIRKIN_INIT" -s "$@" >"$T/out" 2>"$T/err" 3>&- &
	pid=$!
	PIDS+=("$pid")
}

# ended STATUS: what start has started ends with it
ended() {
	local status=0
	wait "$pid" || status=$?
	[ "$status" -eq "$1" ] || {
		echo "status $status, not $1: $(cat "$T/err")" >&2
		return 1
	}
}

is_static() {
	[[ $(file -bL "$FIRKIN_INIT") == *"statically linked"* ]]
}

has_line() {
	grep -qsE "$2" "$1"
}

# said TEXT: that one line is what was on stderr
said() {
	[ "$stderr" = "firkin-init: $1" ] || {
		echo "said: $stderr" >&2
		return 1
	}
}

# a plain "! command" fails a test only as its last line
lacks_line() {
	! has_line "$@"
}

free_port() {
	perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1,
		LocalAddr => "127.0.0.1")->sockport'
}

# http_server PORT STATUS...: answers the first request with the first status and so on, the last
# one for ever
http_server() {
	perl -MIO::Socket::INET -e '
		my ($port, @status) = @ARGV;
		my $listener = IO::Socket::INET->new(Listen => 5, ReuseAddr => 1,
			LocalAddr => "127.0.0.1", LocalPort => $port) or die;
		while (my $client = $listener->accept) {
			my $request = "";
			while (<$client>) { $request .= $_; last if /^\r?$/ }
			print STDERR $request;
			my $status = @status > 1 ? shift @status : $status[0];
			print $client "HTTP/1.1 $status x\r\nContent-Length: 2\r\n\r\nok";
			close $client;
		}' "$@" 2>"$T/requests" >/dev/null 3>&- &
	PIDS+=("$!")
}

# ready_http_server: a new one that answers 200, on $port
ready_http_server() {
	port=$(free_port)
	http_server "$port" 200
	eventually "$FIRKIN_INIT" probe "tcp://127.0.0.1:$port" 2>/dev/null
}

need_redis() {
	[ -x /usr/bin/redis-server ] || skip "redis-server is not installed"
}

# redis_server PORT [ARG...]: ready when it says so
redis_server() {
	local port=$1
	shift
	touch "$T/redis.conf"
	redis-server "$T/redis.conf" --port "$port" --bind 127.0.0.1 --save '' --dir "$T" "$@" \
		>"$T/redis.log" 2>&1 3>&- &
	PIDS+=("$!")
}

# postgres_server: starts one on PG_PORT with a password for all but the user "free"; the first
# time in this file its data are made
postgres_server() {
	local bin as=()
	for bin in /usr/lib/postgresql/*/bin; do :; done
	[ -x "$bin/postgres" ] || skip "postgresql is not installed"
	if [ "$(id -u)" -eq 0 ]; then
		as=(setpriv --reuid postgres --regid postgres --clear-groups)
	fi
	if [ ! -e "$DIR/pg" ]; then
		mkdir "$DIR/pg"
		[ "$(id -u)" -ne 0 ] || chown postgres "$DIR/pg"
		echo secret >"$DIR/pg.password"
		(cd "$DIR/pg" && "${as[@]}" "$bin/initdb" -D "$DIR/pg/data" -U postgres -N \
			--no-locale -A scram-sha-256 --pwfile "$DIR/pg.password") >"$DIR/initdb.log"
		printf '%s\n' 'host all free 127.0.0.1/32 trust' \
			'host all all 127.0.0.1/32 scram-sha-256' >"$DIR/pg/data/pg_hba.conf"
	fi
	PG_PORT=$(free_port)
	(cd "$DIR/pg" && exec "${as[@]}" "$bin/postgres" -D "$DIR/pg/data" -F -p "$PG_PORT" \
		-k '' -c listen_addresses=127.0.0.1) >>"$DIR/pg.log" 2>&1 3>&- &
	PG_PID=$!
}

# --- exit statuses and the command ---

@test "the exit status is the command's" {
	for code in 0 1 2 32 64 127 254 255; do
		run -"$code" "$FIRKIN_INIT" -s -- sh -c "exit $code"
	done
}

@test "a command ended by a signal gives 128 and its number" {
	for case in TERM:143 USR1:138 USR2:140 KILL:137 INT:130; do
		run -"${case#*:}" "$FIRKIN_INIT" -s -- perl -e "kill ${case%:*} => \$\$; sleep 9"
	done
}

@test "a command that is not found is 127" {
	run -127 --separate-stderr "$FIRKIN_INIT" -s -- no-such-command
	said "exec 'no-such-command': No such file or directory"
	run -127 --separate-stderr "$FIRKIN_INIT" -s -- ''
	said "exec '': No such file or directory"
}

@test "a command that cannot be executed is 126" {
	echo true >"$T/script"
	run -126 --separate-stderr "$FIRKIN_INIT" -s -- "$T/script"
	said "exec '$T/script': Permission denied"
	run -126 "$FIRKIN_INIT" -s -- /
	is_static || return 0	# glibc would hand such a script to /bin/sh
	chmod +x "$T/script"
	run -126 --separate-stderr "$FIRKIN_INIT" -s -- "$T/script"
	[[ $stderr == *"Exec format error"*"'#!'"* ]]
}

@test "a script whose interpreter is missing says so" {
	printf '#!/no/such/interpreter\n' >"$T/script"
	chmod +x "$T/script"
	run -127 --separate-stderr "$FIRKIN_INIT" -s -- "$T/script"
	[[ $stderr == *"No such file or directory"*"interpreter"* ]]
}

@test "the command is searched in PATH" {
	printf '#!/bin/sh\necho found\n' >"$T/only-here"
	chmod +x "$T/only-here"
	PATH=$T:$PATH run -0 "$FIRKIN_INIT" -s -- only-here
	[ "$output" = found ]
}

@test "arguments reach the command as they are" {
	run -0 "$FIRKIN_INIT" -s -- printf '[%s]' '' ' a  b ' -- -g --wait $'x\ny' 'ä' '*'
	[ "$output" = "[][ a  b ][--][-g][--wait][x"$'\n'"y][ä][*]" ]
	run -0 "$FIRKIN_INIT" -s printf '[%s]' -s
	[ "$output" = "[-s]" ]
	run -0 "$FIRKIN_INIT" -s -- sh -c 'echo "$#"' sh $(seq 1000)
	[ "$output" = 1000 ]
}

@test "short options can be joined and repeated" {
	run -0 "$FIRKIN_INIT" -sgve3 -e4 -e 5 -- sh -c 'exit 4'
	run -6 "$FIRKIN_INIT" -sge3 -- sh -c 'exit 6'
}

@test "mistakes on the command line are told and end with 1" {
	while IFS='|' read -r args message; do
		eval "run -1 --separate-stderr \"\$FIRKIN_INIT\" $args"
		[[ $stderr == "firkin-init: "*"$message"* ]] || {
			echo "$args: $stderr" >&2
			return 1
		}
		[ -z "$output" ]
	done <<-'TABLE'
		|no command
		--|no command
		-s|no command
		-x true|unknown option '-x'
		-sx true|unknown option '-x'
		--wiat=redis://:SECRET@h true|unknown option '--wiat'
		-p NOSIG true|name of a signal
		-p 0 true|name of a signal
		-p|option -p takes SIGNAL
		-e 256 true|from 0 to 255
		-e -1 true|from 0 to 255
		-e '' true|from 0 to 255
		--help=x|takes no value
		--wait|takes URL
		--wait ftp://h true|must begin with
		--wait @NO_SUCH_VARIABLE true|'NO_SUCH_VARIABLE' is not set
		--wait-timeout 30 true|'30' is not a duration
		--wait-timeout=0s true|'0s' is not a duration
		--wait-tries 0 true|from 1 on
		--run-if X true|VAR=VALUE
		--run-if X=1 true|must be followed by --step
		--run-if X=1 --run-if Y=1 --step true --end-step true|must be followed by --step
		--run-if X=1 --wait tcp://h:1 true|must be followed by --step
		--step true|no --end-step
		--step --end-step true|no command
		--step=x true --end-step true|takes no value
		$(seq -f '--wait=tcp://h:%.0f' 33) true|at most 32
		probe|takes a URL
		probe tcp://h:1 x|takes one URL
		probe -g tcp://h:1|unknown option '-g'
		probe tcp://h|no port
	TABLE
}

@test "help and version go to stdout" {
	run -0 --separate-stderr "$FIRKIN_INIT" --help
	[ -z "$stderr" ]
	for word in -g -s -p -e -v -w --wait --wait-timeout --wait-tries --run-if --step \
		--end-step --version --timeout tcp:// http:// postgres:// redis:// TINI_SUBREAPER; do
		[[ $output == *" $word"* ]]
	done
	[ -z "$(awk 'length > 80' <<<"$output")" ]
	run -0 --separate-stderr "$FIRKIN_INIT" --version
	[[ $output == "firkin-init "* ]]
	run -0 "$FIRKIN_INIT" -h
	run -0 "$FIRKIN_INIT" probe --help
	run -0 "$FIRKIN_INIT" -l
	[ "$output" = Apache-2.0 ]
}

@test "-e makes a status count as success" {
	run -0 "$FIRKIN_INIT" -s -e 143 -e 7 -- perl -e 'kill TERM => $$; sleep 9'
	run -0 "$FIRKIN_INIT" -s -e 143 -e 7 -- sh -c 'exit 7'
	run -8 "$FIRKIN_INIT" -s -e 143 -e 7 -- sh -c 'exit 8'
	run -0 "$FIRKIN_INIT" -s -e 255 -- sh -c 'exit 255'
}

# --- signals ---

@test "signals reach the command" {
	for name in TERM USR1 USR2 HUP WINCH PWR; do
		start -- perl -e "\$SIG{$name} = sub { exit 5 }; \$| = 1; print 'ready'; sleep 20"
		eventually has_line "$T/out" ready
		kill -"$name" "$pid"
		ended 5
	done
}

@test "a command without a handler ends as the signal says" {
	for case in TERM:143 USR1:138 USR2:140; do
		start -- perl -e '$| = 1; print "ready"; sleep 20'
		eventually has_line "$T/out" ready
		kill -"${case%:*}" "$pid"
		ended "${case#*:}"
	done
}

@test "without -g a signal reaches the command alone" {
	start -- perl -e '$| = 1; if (!fork) { $SIG{USR1} = sub { print "child" }; print "ready";
		sleep 1; exit } $SIG{USR1} = sub { exit 5 }; sleep 20'
	eventually has_line "$T/out" ready
	kill -USR1 "$pid"
	ended 5
	lacks_line "$T/out" child
}

@test "with -g a signal reaches the whole process group" {
	for way in option environment; do
		args=(-g)
		[ "$way" = option ] || export TINI_KILL_PROCESS_GROUP=1 args=()
		start "${args[@]}" -- perl -e '$| = 1;
			my $child = fork;
			$SIG{USR1} = sub { print "child"; exit } if !$child;
			$SIG{USR1} = sub { waitpid $child, 0; exit 5 } if $child;
			print "ready\n";
			sleep 20'
		eventually has_lines "$T/out" 2
		kill -USR1 "$pid"
		ended 5
		has_line "$T/out" child
	done
}

has_lines() {
	[ "$(wc -l <"$1")" -ge "$2" ]
}

@test "a stderr that nobody reads does the command no harm" {
	mkfifo "$T/fifo"
	exec 9<>"$T/fifo"
	"$FIRKIN_INIT" -s -vv -- perl -e '$| = 1; $SIG{USR1} = sub { print "first\n" };
		$SIG{USR2} = sub { exit 5 }; print "ready\n"; sleep 20 while 1' \
		>"$T/out" 2>"$T/fifo" 3>&- 9>&- &
	pid=$!
	PIDS+=("$pid")
	eventually has_line "$T/out" ready
	exec 9>&-
	kill -USR1 "$pid"
	eventually has_line "$T/out" first
	kill -USR2 "$pid"
	ended 5
}

@test "the command gets the signal mask and the ignored signals firkin-init was given" {
	state() {
		perl -MPOSIX -e 'sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIGUSR2, SIGTERM));
			$SIG{$_} = "IGNORE" for qw(USR1 CHLD TTIN TTOU HUP);
			exec @ARGV or die' "$@" grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status
	}
	state >"$T/plain"
	state "$FIRKIN_INIT" -s -- >"$T/under-init"
	[ "$(wc -l <"$T/plain")" -eq 3 ]
	diff "$T/plain" "$T/under-init"
}

@test "the exit status is known also when SIGCHLD was ignored" {
	run -3 perl -e '$SIG{CHLD} = "IGNORE"; exec @ARGV' "$FIRKIN_INIT" -s -- sh -c 'exit 3'
}

@test "-p forwards its signal when the parent dies" {
	cat >"$T/parent" <<-'PARENT'
		"$FIRKIN_INIT" -s -p SIGUSR1 -- perl -e '
			$SIG{USR1} = sub { rename "ready", "dead"; exit };
			open F, ">new"; print F getppid; close F;
			rename "new", "ready";
			sleep 20' &
		while [ ! -e ready ]; do sleep 0.02; done
	PARENT
	# the outer one reaps the inner one, which loses its parent
	cd "$T"
	start -- sh -c 'sh parent; while [ ! -e dead ] || [ -e "/proc/$(cat dead)" ]; do
		sleep 0.02; done'
	ended 0
}

# --- orphans ---

@test "a hundred orphans are reaped by PID 1" {
	[ "$(id -u)" -eq 0 ] || skip "needs a PID namespace"
	run -0 unshare -pf --mount-proc "$FIRKIN_INIT" -- sh -c '
		i=0
		while [ $i -lt 100 ]; do (true & ) ; i=$((i + 1)); done
		i=0
		while [ $i -lt 500 ]; do
			set -- /proc/[0-9]*
			[ $# -le 2 ] && echo reaped && exit 0
			sleep 0.02
			i=$((i + 1))
		done
		ps ax
		exit 1'
	[ "$output" = reaped ]
}

@test "a subreaper reaps orphans, and -w says so" {
	for way in option environment; do
		args=(-s)
		[ "$way" = option ] || export TINI_SUBREAPER=1 args=()
		run -0 --separate-stderr "$FIRKIN_INIT" -w "${args[@]}" -- sh -c '
			orphan=$(perl -e "
				my \$parent = \$\$;
				my \$orphan = fork;
				print \$orphan and exit if \$orphan;
				close STDOUT;
				select undef, undef, undef, 0.02 while getppid == \$parent;")
			while [ -e /proc/$orphan ]; do sleep 0.02; done
			echo $orphan'
		said "reaped zombie process $output"
	done
}

@test "firkin-init does not wait for other processes than the command" {
	export T
	# the outer one reaps what the inner one leaves
	start -- sh -c '"$FIRKIN_INIT" -s -- sh -c "sleep 20 & echo \$! >$T/left; exit 4"
		status=$?
		left=$(cat "$T/left")
		kill -KILL "$left" || exit 1
		while [ -e "/proc/$left" ]; do sleep 0.02; done
		exit $status'
	ended 4
}

@test "it warns when it can reap nothing" {
	run -0 --separate-stderr "$FIRKIN_INIT" -- true
	[[ $stderr == "firkin-init: neither PID 1 nor a subreaper"* ]]
	run -0 --separate-stderr "$FIRKIN_INIT" -s -- true
	[ -z "$stderr" ]
	TINI_VERBOSITY=0 run -0 --separate-stderr "$FIRKIN_INIT" -- true
	[ -z "$stderr" ]
	[ "$(id -u)" -eq 0 ] || return 0
	run -0 --separate-stderr unshare -pf --mount-proc "$FIRKIN_INIT" -- true
	[ -z "$stderr" ]
}

@test "PID 1 without a command's handler still stops on TERM" {
	[ "$(id -u)" -eq 0 ] || skip "needs a PID namespace"
	unshare -pf --kill-child "$FIRKIN_INIT" -- perl -e '$| = 1; print "ready"; sleep 20' \
		>"$T/out" 2>"$T/err" 3>&- &
	pid=$!
	PIDS+=("$pid")
	eventually has_line "$T/out" ready
	kill -TERM "$(cat "/proc/$pid/task/$pid/children")"
	ended 143
}

# --- terminal ---

@test "the command leads its own process group in the terminal's foreground" {
	run -0 script -qec "'$FIRKIN_INIT' -s -- perl -e '
		use POSIX; print getpgrp == \$\$ && tcgetpgrp(0) == \$\$ ? \"own\" : \"other\"'" \
		/dev/null
	[ "$output" = own ]
}

@test "^C on the terminal ends the command with 130" {
	start_typing() {
		eventually has_line "$T/screen" ready
		printf '\003'
	}
	start_typing | (script -qefc "'$FIRKIN_INIT' -s -- perl -e '
		\$| = 1; print qq(ready\n); sleep 20'" "$T/screen" || echo $? >"$T/status")
	[ "$(cat "$T/status")" -eq 130 ]
}

@test "closed standard files are no obstacle" {
	run -3 sh -c '"$FIRKIN_INIT" -s -- sh -c "exit 3" <&-'
	ready_http_server
	run -3 sh -c '"$FIRKIN_INIT" -s --wait "$1" --wait-tries 1 -- sh -c "exit 3" <&- >&- 2>&-' \
		sh "http://127.0.0.1:$port/"
}

# --- waits ---

@test "a wait for what is there says when and goes on" {
	ready_http_server
	run -0 --separate-stderr "$FIRKIN_INIT" -s --wait "tcp://127.0.0.1:$port" \
		--wait "http://127.0.0.1:$port/health?token=SECRET" -- echo started
	[ "$output" = started ]
	[[ ${stderr_lines[0]} =~ ^"firkin-init: tcp://127.0.0.1:$port ready after "[0-9]+" ms (1 try)"$ ]]
	[[ ${stderr_lines[1]} == "firkin-init: http://127.0.0.1:$port/health ready after"* ]]
	[ "${#stderr_lines[@]}" -eq 2 ]
}

@test "an HTTP request is one that servers accept" {
	port=$(free_port)
	http_server "$port" 200
	run -0 "$FIRKIN_INIT" -s --wait "http://127.0.0.1:$port/a/b?c=d#e" -- true
	tr -d '\r' <"$T/requests" >"$T/plain"
	has_line "$T/plain" '^GET /a/b\?c=d HTTP/1\.1$'
	has_line "$T/plain" "^Host: 127\.0\.0\.1:$port\$"
	has_line "$T/plain" '^Connection: close$'
}

@test "a wait tries again until the server is ready" {
	port=$(free_port)
	start --wait "http://127.0.0.1:$port/" -- echo started
	http_server "$port" 503 404 301
	ended 0
	has_line "$T/out" started
	has_line "$T/err" "http://127.0.0.1:$port/ ready after [0-9]+ ms \(([3-9]|..+) tries\)$"
}

@test "a wait gives up after its time" {
	for url in tcp://127.0.0.1:1 http://127.0.0.1:1/ postgres://u:SECRET@127.0.0.1:1 \
		redis://:SECRET@127.0.0.1:1; do
		run -1 --separate-stderr "$FIRKIN_INIT" -s --wait "$url" --wait-timeout 200ms \
			-- echo started
		[ -z "$output" ]
		shown=${url/u:SECRET@/}
		shown=${shown/:SECRET@/}
		expected="firkin-init: wait for $shown: timed out after 200ms"
		[[ $stderr =~ ^"$expected ("[2-9]" tries): Connection refused"$ ]]
	done
}

@test "a wait gives up after its number of tries" {
	run -1 --separate-stderr "$FIRKIN_INIT" -s --wait tcp://127.0.0.1:1 --wait-tries 3 -- echo x
	said "wait for tcp://127.0.0.1:1: gave up after 3 tries: Connection refused"
	run -1 --separate-stderr "$FIRKIN_INIT" -s --wait-tries=1 --wait=tcp://127.0.0.1:1 -- echo x
	said "wait for tcp://127.0.0.1:1: gave up after 1 try: Connection refused"
}

@test "a wait for an unknown host tells its name" {
	run -1 --separate-stderr "$FIRKIN_INIT" -s --wait tcp://no-such-host.invalid:1 \
		--wait-timeout 1s -- echo x
	[[ $stderr == *"wait for tcp://no-such-host.invalid:1: timed out after 1s"* ]]
	[[ $stderr == *": look up 'no-such-host.invalid': "* ]]
}

@test "a wait keeps its time also when the name server is silent" {
	[ "$(id -u)" -eq 0 ] || skip "needs a mount namespace"
	echo 'nameserver 127.0.0.53' >"$T/resolv.conf"
	SECONDS=0
	T=$T run -1 --separate-stderr unshare -mn sh -c 'ip link set lo up
		mount --bind "$T/resolv.conf" /etc/resolv.conf
		perl -MIO::Socket::INET -e "
			\$^F = 99;	# stays open over exec, and is never read
			my \$s = IO::Socket::INET->new(Proto => \"udp\",
				LocalAddr => \"127.0.0.53\", LocalPort => 53) or die;
			exec @ARGV" "$FIRKIN_INIT" -s --wait tcp://silent.example:1 \
			--wait-timeout 300ms -- echo x'
	[ "$SECONDS" -lt 5 ]
	said "wait for tcp://silent.example:1: timed out after 300ms (0 tries):"\
" look up 'silent.example': no answer"
}

@test "TERM and INT end a wait" {
	for case in TERM:143 INT:130; do
		start --wait tcp://127.0.0.1:1 -e 143 -e 130 -- echo started
		eventually has_child "$pid"
		kill -"${case%:*}" "$pid"
		ended "${case#*:}"
		[ ! -s "$T/out" ]
		has_line "$T/err" "wait for 'tcp://127.0.0.1:1' ended by SIG${case%:*}"
	done
}

has_child() {
	[ -n "$(cat "/proc/$1/task/$1/children")" ]
}

@test "signals that ask for nothing do not disturb a wait" {
	port=$(free_port)
	start --wait "tcp://127.0.0.1:$port" -- sh -c 'echo started'
	eventually has_child "$pid"
	for name in USR1 USR2 WINCH ALRM CHLD; do
		kill -"$name" "$pid"
	done
	http_server "$port" 200
	ended 0
	has_line "$T/out" started
}

@test "orphans are reaped during a wait" {
	[ "$(id -u)" -eq 0 ] || skip "needs a PID namespace"
	unshare -pf --kill-child --mount-proc "$FIRKIN_INIT" -w --wait tcp://127.0.0.1:1 -- true \
		>"$T/out" 2>"$T/err" 3>&- &
	pid=$!
	PIDS+=("$pid")
	eventually has_child "$pid"
	one=$(cat "/proc/$pid/task/$pid/children")
	eventually has_child "${one% }"
	nsenter -t "${one% }" -p -m sh -c '(true &)'
	eventually has_line "$T/err" 'reaped zombie process'
}

@test "a URL can come from a variable and is not shown" {
	ready_http_server
	export TARGET="postgres://user:SECRET@127.0.0.1:1/db"
	run -1 --separate-stderr "$FIRKIN_INIT" -s --wait @TARGET --wait-tries 1 -- true
	said "wait for postgres://127.0.0.1:1: gave up after 1 try: Connection refused"
	TARGET="tcp://127.0.0.1:$port" run -0 "$FIRKIN_INIT" -s --wait @TARGET -- true
}

@test "waits and steps run in the order given" {
	ready_http_server
	run -0 "$FIRKIN_INIT" -s --step echo one --end-step --wait "tcp://127.0.0.1:$port" \
		--step echo two --end-step -- echo three
	[ "$(grep -oE '^one$|ready|^two$|^three$' <<<"$output" | xargs)" = "one ready two three" ]
}

@test "an IPv6 address is waited for" {
	perl -MSocket -e 'socket(my $s, AF_INET6, SOCK_STREAM, 0) or exit 1;
		bind($s, Socket::pack_sockaddr_in6(0, Socket::IN6ADDR_LOOPBACK)) or exit 1' ||
		skip "no IPv6"
	run -1 --separate-stderr "$FIRKIN_INIT" -s --wait 'tcp://[::1]:1' --wait-tries 1 -- true
	said "wait for tcp://[::1]:1: gave up after 1 try: Connection refused"
}

# --- Redis ---

@test "Redis: ready on PONG" {
	need_redis
	port=$(free_port)
	start --wait "redis://127.0.0.1:$port/0" -- echo started
	redis_server "$port"
	ended 0
	has_line "$T/err" "redis://127.0.0.1:$port ready after [0-9]+ ms"
}

@test "Redis: passwords are sent, and their lack or mistake ends the wait at once" {
	need_redis
	port=$(free_port)
	printf '%s\n' 'requirepass p@ss/w%d' 'user app on >SECRET +ping' \
		'user mute on >SECRET -@all' >"$T/redis.conf"
	redis_server "$port"
	run -0 "$FIRKIN_INIT" -s --wait "redis://:p%40ss%2Fw%25d@127.0.0.1:$port" \
		--wait "redis://app:SECRET@127.0.0.1:$port/1" -- true
	for case in '|wants a password' ':SECRET@|is wrong' 'app:SECRETS@|is wrong' \
		'nobody:SECRET@|is wrong' 'mute:SECRET@|not allowed to run PING'; do
		run -1 --separate-stderr "$FIRKIN_INIT" -s \
			--wait "redis://${case%|*}127.0.0.1:$port" -- true
		[[ $stderr == "firkin-init: wait for redis://127.0.0.1:$port: "*"${case#*|}"* ]]
		[[ $stderr != *SECRET* ]]
	done
}

@test "Redis: a password that the server does not want is no obstacle" {
	need_redis
	port=$(free_port)
	redis_server "$port"
	run -0 "$FIRKIN_INIT" -s --wait "redis://:SECRET@127.0.0.1:$port" -- true
	[[ $output != *SECRET* ]]
}

@test "Redis: loading its data is not ready" {
	need_redis
	port=$(free_port)
	redis_server "$port" --enable-debug-command yes
	run -0 "$FIRKIN_INIT" -s --wait "redis://127.0.0.1:$port" -- true
	redis-cli -p "$port" debug populate 50000 key 1000 >/dev/null
	redis-cli -p "$port" save >/dev/null
	redis-cli -p "$port" shutdown nosave >/dev/null || true
	redis_server "$port" --dbfilename dump.rdb --key-load-delay 200 \
		--loading-process-events-interval-bytes 1024
	eventually redis_is_loading "$port"
	run -1 --separate-stderr "$FIRKIN_INIT" probe "redis://127.0.0.1:$port"
	said "probe redis://127.0.0.1:$port: the server is still loading its data (LOADING)"
}

redis_is_loading() {
	[[ $(redis-cli -p "$1" ping 2>&1) == LOADING* ]]
}

# --- PostgreSQL ---

@test "PostgreSQL: waited for while it starts, with a password wanted and without" {
	postgres_server
	run -0 --separate-stderr "$FIRKIN_INIT" -s \
		--wait "postgres://postgres:SECRET@127.0.0.1:$PG_PORT/postgres?sslmode=disable" \
		--wait "postgresql://free@127.0.0.1:$PG_PORT/no_such_database" \
		--wait "postgres://127.0.0.1:$PG_PORT" -- echo started
	[ "$output" = started ]
	[[ ${stderr_lines[0]} == "firkin-init: postgres://127.0.0.1:$PG_PORT ready after "* ]]
	[[ $stderr != *SECRET* ]]
}

@test "PostgreSQL: a session opened without a password is closed without a trace" {
	postgres_server
	run -0 "$FIRKIN_INIT" -s --wait "postgres://127.0.0.1:$PG_PORT" -- true
	PGPASSWORD=secret psql -qh 127.0.0.1 -p "$PG_PORT" -U postgres -c 'create role free login'
	: >"$DIR/pg.log"	# it may say that it was starting up
	run -0 "$FIRKIN_INIT" probe "postgres://free@127.0.0.1:$PG_PORT/postgres"
	run -0 "$FIRKIN_INIT" probe "postgres://postgres@127.0.0.1:$PG_PORT/postgres"
	PGPASSWORD=secret psql -qh 127.0.0.1 -p "$PG_PORT" -U postgres -c 'drop role free'
	lacks_line "$DIR/pg.log" 'FATAL|ERROR|could not|connection|unexpected'
}

@test "PostgreSQL: no room for a session is not ready" {
	postgres_server
	run -0 "$FIRKIN_INIT" -s --wait "postgres://127.0.0.1:$PG_PORT" -- true
	export PGPASSWORD=secret PGHOST=127.0.0.1 PGPORT=$PG_PORT PGUSER=postgres
	psql -qc 'create role free login connection limit 0'
	run -1 --separate-stderr "$FIRKIN_INIT" probe "postgres://free@127.0.0.1:$PG_PORT/postgres"
	psql -qc 'drop role free'
	said "probe postgres://127.0.0.1:$PG_PORT: too many connections for role \"free\" (SQLSTATE 53300)"
}

# --- steps ---

@test "a step runs before the command" {
	run -0 --separate-stderr "$FIRKIN_INIT" -s --step echo a 'b  c' --end-step -- echo started
	[ "$output" = $'a b  c\nstarted' ]
	[[ $stderr =~ ^"firkin-init: step 'echo' done after "[0-9]+" ms"$ ]]
}

@test "a step runs only if its variable has the value" {
	while IFS='|' read -r value condition expected; do
		[ "$value" = unset ] && unset RUN_IT || export RUN_IT=${value#=}
		run -0 --separate-stderr "$FIRKIN_INIT" -s --run-if "$condition" \
			--step echo step --end-step --step echo always --end-step -- echo started
		[ "$output" = "$(printf '%b' "${expected}always\nstarted")" ]
		[ -n "$expected" ] ||
			[ "${stderr_lines[0]}" = "firkin-init: step 'echo' skipped: not $condition" ]
	done <<-'TABLE'
		=true|RUN_IT=true|step\n
		=false|RUN_IT=true|
		=true|RUN_IT=tru|
		=tru|RUN_IT=true|
		=true|RUN_IT=TRUE|
		unset|RUN_IT=true|
		unset|RUN_IT=|step\n
		=|RUN_IT=|step\n
		=a=b|RUN_IT=a=b|step\n
		=true|RUN=true|
	TABLE
}

@test "a step that fails ends with its status and its name" {
	run -7 --separate-stderr "$FIRKIN_INIT" -s -e 7 --step sh -c 'exit 7' --end-step -- echo x
	said "step 'sh' failed: exit status 7"
	[ -z "$output" ]
	run -137 --separate-stderr "$FIRKIN_INIT" -s --step sh -c 'kill -9 $$' --end-step -- echo x
	said "step 'sh' ended by SIGKILL (9)"
	run -127 --separate-stderr "$FIRKIN_INIT" -s --step no-such-step --end-step -- echo x
	[ "${stderr_lines[0]}" = "firkin-init: exec 'no-such-step': No such file or directory" ]
}

@test "signals reach a step, and a stop is never followed by the command" {
	start --step perl -e '$SIG{TERM} = sub { exit 0 }; $| = 1; print "ready"; sleep 20' \
		--end-step -- echo started
	eventually has_line "$T/out" ready
	kill -TERM "$pid"
	ended 143
	lacks_line "$T/out" started
	has_line "$T/err" 'stopped by SIGTERM before the command was started'
	start --step perl -e '$SIG{USR1} = sub { exit 0 }; $| = 1; print "ready"; sleep 20' \
		--end-step -- echo started
	eventually has_line "$T/out" ready
	kill -USR1 "$pid"
	ended 0
	has_line "$T/out" started
}

# --- probe ---

@test "probe says nothing when ready and one line when not" {
	port=$(free_port)
	http_server "$port" 200 500
	eventually "$FIRKIN_INIT" probe "http://127.0.0.1:$port/health" 2>"$T/err"
	run -1 --separate-stderr "$FIRKIN_INIT" probe --timeout 1s "http://127.0.0.1:$port/health"
	said "probe http://127.0.0.1:$port/health: HTTP status 500"
	run -0 "$FIRKIN_INIT" probe "tcp://127.0.0.1:$port" --timeout=1s
	[ -z "$output" ]
	run -1 --separate-stderr "$FIRKIN_INIT" probe tcp://127.0.0.1:1
	said "probe tcp://127.0.0.1:1: Connection refused"
}

@test "probe keeps its time" {
	perl -MIO::Socket::INET -e '$| = 1; my $s = IO::Socket::INET->new(Listen => 1,
		LocalAddr => "127.0.0.1"); print $s->sockport, "\n"; sleep 20' >"$T/port" 3>&- &
	PIDS+=("$!")
	eventually has_line "$T/port" .
	SECONDS=0
	run -1 --separate-stderr "$FIRKIN_INIT" probe "http://127.0.0.1:$(cat "$T/port")/" \
		--timeout 200ms
	[ "$SECONDS" -lt 5 ]
	said "probe http://127.0.0.1:$(cat "$T/port")/: no answer"
}

@test "a command called probe runs behind --" {
	printf '#!/bin/sh\necho "probed $1"\n' >"$T/probe"
	chmod +x "$T/probe"
	PATH=$T:$PATH TINI_SUBREAPER= run -0 "$FIRKIN_INIT" -- probe x
	[ "$output" = "probed x" ]
}

# --- the binary ---

@test "the binary is static and small" {
	is_static || skip "a debug build"
	[ "$(stat -Lc %s "$FIRKIN_INIT")" -lt 100000 ]
	run -0 env -i "$FIRKIN_INIT" --version
}

@test "it runs in an empty root" {
	[ "$(id -u)" -eq 0 ] || skip "needs chroot"
	is_static || skip "a debug build"
	mkdir "$T/root"
	cp "$FIRKIN_INIT" "$T/root/init"
	run -127 chroot "$T/root" /init -s -- true
	run -0 --separate-stderr chroot "$T/root" /init -s -- /init --version
	[ -z "$stderr" ]
}

@test "valgrind finds nothing" {
	command -v valgrind >/dev/null || skip "valgrind is not installed"
	local debug=${FIRKIN_INIT_DEBUG:-$T/firkin-init-debug}
	[ -x "$debug" ] || gcc -std=gnu17 -D_GNU_SOURCE -g -O1 -I"$INIT_SOURCE/include" \
		-o "$debug" "$INIT_SOURCE"/*.c
	check() {
		local expected=$1
		shift
		run -"$expected" valgrind -q --error-exitcode=99 --leak-check=full --track-fds=yes \
			--trace-children=no --log-file="$T/valgrind.%p" "$debug" "$@" || {
			cat "$T"/valgrind.* >&2
			return 1
		}
	}
	ready_http_server
	check 3 -s -- sh -c '(true &); exit 3'
	check 143 -sg -- perl -e 'kill TERM => $$; sleep 9'
	check 127 -s -- no-such-command
	check 1 -x
	check 0 --help
	check 5 -s --wait "tcp://localhost:$port" --wait "http://127.0.0.1:$port/" \
		--run-if X=1 --step false --end-step --step true --end-step -- sh -c 'exit 5'
	check 1 -s --wait redis://u:p@127.0.0.1:1 --wait-timeout 120ms -- true
	check 1 -s --wait postgres://u:p@no-such-host.invalid --wait-tries 2 -- true
	check 1 probe "redis://:p@127.0.0.1:$port"
	check 1 probe "postgres://u:p@127.0.0.1:$port"
	check 0 probe "http://127.0.0.1:$port/"
	! grep -hE 'Invalid|uninit|lost' "$T"/valgrind.*
}
