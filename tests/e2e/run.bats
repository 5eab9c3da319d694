#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Single containers: run and what one does with them afterwards.

load helpers

setup_file() {
	e2e_setup_file
	# An image with an entrypoint, a user and a volume with content
	dockerfile "$E2E_DIR/Dockerfile" <<-'END'
	FROM tiny:1
	RUN mkdir -p /data && echo from the image >/data/file && chown -R app:app /data
	VOLUME /data
	ENV GREETING=hello
	WORKDIR /srv
	USER app
	ENTRYPOINT ["echo", "entry"]
	CMD ["command"]
	END
	firkin build -q -t entry:1 -f "$E2E_DIR/Dockerfile" "$E2E_DIR" >/dev/null
}

teardown_file() {
	e2e_teardown_file
}

setup() {
	e2e_setup
	N=c$BATS_TEST_NUMBER # name of this test's container
}

teardown() {
	e2e_teardown
}

state() { # state NAME: as inspect has it
	inspect "$1" .State.Status
}

state_is() {
	[ "$(state "$1")" = "$2" ]
}

logs_have() {
	[[ $(firkin logs "$1" 2>&1) == *"$2"* ]]
}

exit_code_is() {
	[ "$(inspect "$1" .State.ExitCode)" = "$2" ]
}

restarts_are() {
	[ "$(inspect "$1" .RestartCount)" = "$2" ]
}

no_container_has_name() {
	[ "$(firkin ps -a --format json | jq -r .Names | grep -cx "$1")" -eq 0 ]
}

@test "run relays standard output and standard error apart" {
	ok run --rm tiny:1 sh -c 'echo out; echo err >&2'
	is "$output" out
	is "$stderr" err
}

@test "run ends with the program's exit status, 128 and the number for a signal" {
	fails 7 run --rm tiny:1 sh -c 'exit 7'
	fails 137 run --rm tiny:1 sh -c 'kill -KILL $$'
	fails 143 run --rm tiny:1 sh -c 'kill -TERM $$'
}

@test "run ends with 125 for its own errors, 126 for what cannot be executed, 127 without program" {
	fails 125 run --rm nosuchimage:1 true
	fails 126 run --rm tiny:1 /etc/passwd
	has "$stderr" /etc/passwd
	fails 126 run --rm tiny:1 /etc
	fails 127 run --rm tiny:1 nosuchprogram
	has "$stderr" nosuchprogram
	is "$(firkin ps -aq)" ""
}

@test "run -i passes standard input on and ends with it" {
	printf 'one\ntwo\n' >input
	run --separate-stderr firkin run --rm -i tiny:1 sh -c 'read a; cat; echo "first $a"' <input
	is "$status" 0
	is "$output" "$(printf 'two\nfirst one')"
}

@test "without -i standard input is empty" {
	run --separate-stderr firkin run --rm tiny:1 wc -c <<<"not for it"
	is "$status" 0
	is "$(tr -d ' ' <<<"$output")" 0
}

@test "a container has its own host name and processes, and root in it may not do everything" {
	ok run --rm --hostname box tiny:1 \
		sh -c 'hostname; cat /etc/hostname; ls /proc | grep -c "^[0-9]"; cat /proc/1/comm'
	is "${lines[0]} ${lines[1]}" "box box"
	[ "${lines[2]}" -lt 8 ]
	has "${lines[3]}" firkin
	fails 1 run --rm tiny:1 mount -t tmpfs none /tmp
	fails 1 run --rm tiny:1 sh -c 'echo x >/proc/sys/kernel/hostname'
	ok run --rm tiny:1 grep -E 'Seccomp:|NoNewPrivs:|CapEff:' /proc/self/status
	matches "$output" 'Seccomp:.2'
	matches "$output" 'CapEff:.00000000a80425fb'
}

@test "--init=false makes the program PID 1; by default it is not and orphans are reaped" {
	ok run --rm --init=false tiny:1 sh -c 'echo $$'
	is "$output" 1
	ok run --rm tiny:1 sh -c '(usleep 1000 & exec true); usleep 100000
		grep -l "^State:.Z" /proc/[0-9]*/status; echo $$'
	[ "$output" != 1 ]
	is "${#lines[@]}" 1
}

@test "-d prints the id at once, and nothing of the caller's is kept open" {
	ok run -d --name "$N" tiny:1 sleep 300
	matches "$output" '^[0-9a-f]{64}$'
	is "$stderr" ""
	is "$(inspect "$N" .Id)" "$output"
	state_is "$N" running
	ok rm -f "$N"
	# with descriptors that a reader waits for: the end comes although the container runs on
	timeout 20 sh -c '"$1" run -d --name "$2" tiny:1 sleep 300 2>&1 9>&1 | cat >/dev/null' \
		sh "$FIRKIN" "$N" 3>&-
	state_is "$N" running
}

@test "-e sets variables, takes ours for a name alone, and --env-file reads more" {
	printf '# comment\nFILE=from file\n\nOVERRIDDEN=file\n' >env
	export OURS=passed NOT_OURS=secret
	ok run --rm -e A=1 -e "B=two words" -e OURS -e UNSET_OURS --env-file env \
		-e OVERRIDDEN=flag tiny:1 env
	has "$output" A=1 "B=two words" OURS=passed "FILE=from file" OVERRIDDEN=flag PATH=
	lacks "$output" NOT_OURS UNSET_OURS
	ok run --rm --entrypoint env entry:1
	has "$output" GREETING=hello HOME=/home/app
}

@test "-u takes names and numbers, with groups; -w the working directory, which is made" {
	ok run --rm -u app tiny:1 sh -c 'id -u; id -g; echo $HOME'
	is "$output" "$(printf '1000\n1000\n/home/app')"
	ok run --rm -u 12:34 --group-add 56 tiny:1 id
	has "$output" uid=12 gid=34 56
	ok run --rm -w /made/here tiny:1 pwd
	is "$output" /made/here
	ok run --rm --entrypoint sh entry:1 -c 'pwd; id -un'
	is "$output" "$(printf '/srv\napp')"
	fails 125 run --rm -u nobodyhere tiny:1 true
	has "$stderr" nobodyhere
}

@test "entrypoint and command: the image's, a command of ours, --entrypoint, none" {
	ok run --rm entry:1
	is "$output" "entry command"
	ok run --rm entry:1 ours
	is "$output" "entry ours"
	ok run --rm --entrypoint printf entry:1 '%s-%s' a b
	is "$output" a-b
	ok run --rm --entrypoint "" entry:1 echo plain
	is "$output" plain
	fails 125 run --rm tiny:1
	has "$stderr" "neither entrypoint nor command"
}

@test "-v mounts a host directory or file, read-only when asked for" {
	mkdir dir
	echo host >dir/file
	ok run --rm -v "$T/dir:/mnt" tiny:1 sh -c 'cat /mnt/file; echo container >/mnt/new'
	is "$output" host
	is "$(cat dir/new)" container
	fails 1 run --rm -v "$T/dir:/mnt:ro" tiny:1 touch /mnt/no
	has "$stderr" "Read-only"
	[ ! -e dir/no ]
	ok run --rm -v "$T/dir/file:/etc/single" tiny:1 cat /etc/single
	is "$output" host
}

@test "-v with a name makes a volume that outlives its containers" {
	ok run --rm -v "vol-$N:/keep" tiny:1 sh -c 'echo kept >/keep/file'
	ok run --rm -v "vol-$N:/other:ro" tiny:1 cat /other/file
	is "$output" kept
	is "$(cat "$FIRKIN_ROOT/volumes/vol-$N/_data/file")" kept
}

@test "a fresh volume begins with what the image has at that place, with owners and modes" {
	ok run --rm -v "copy-$N:/data" --entrypoint sh entry:1 \
		-c 'cat /data/file; stat -c %u:%g /data /data/file; echo more >/data/more'
	is "$output" "$(printf 'from the image\n1000:1000\n1000:1000')"
	# the second time it is not filled again
	ok run --rm -v "copy-$N:/data" --entrypoint sh entry:1 -c 'rm /data/file'
	ok run --rm -v "copy-$N:/data" --entrypoint ls entry:1 /data
	is "$output" more
}

@test "the image's VOLUME gives each container an anonymous volume, which goes with --rm" {
	local before
	before=$(ls "$FIRKIN_ROOT/volumes")
	ok run --rm --entrypoint sh entry:1 \
		-c 'cat /data/file; grep -c " /data " /proc/self/mountinfo; echo x >/data/x'
	is "$output" "$(printf 'from the image\n1')"
	is "$(ls "$FIRKIN_ROOT/volumes")" "$before"
	ok run -d --name "$N" --entrypoint sleep entry:1 300
	[ "$(ls "$FIRKIN_ROOT/volumes")" != "$before" ]
	ok rm -f -v "$N"
	is "$(ls "$FIRKIN_ROOT/volumes")" "$before"
}

@test "--tmpfs mounts memory, --read-only leaves the root unwritable but for it and the volumes" {
	ok run --rm --read-only --tmpfs /tmp:size=1m,mode=1777 -v "rw-$N:/data" tiny:1 \
		sh -c 'echo x >/tmp/x; echo x >/data/x; touch /no || echo refused; df -k /tmp'
	matches "$output" '^refused'
	matches "$output" ' 1024 '
	fails 1 run --rm --read-only tiny:1 touch /etc/no
	has "$stderr" "Read-only"
}

@test "-p makes a port reachable on the loopback address of the host; stop frees it" {
	local port
	port=$(free_port)
	ok run -d --name "$N" -p "127.0.0.1:$port:8080" tiny:1 serve 8080 content
	eventually answers "$port" content
	has "$(firkin ps)" "127.0.0.1:$port->8080/tcp"
	ok stop -t 1 "$N"
	listen "$port"
}

@test "-p without an address binds all, and without a host port finds a free one" {
	ok run -d --name "$N" -p 8080 tiny:1 serve 8080 free
	local port
	matches "$(firkin ps --format json | jq -r .Ports)" '^0\.0\.0\.0:([0-9]+)->8080/tcp$'
	port=${BASH_REMATCH[1]}
	eventually answers "$port" free
}

@test "-p takes a range of ports, and UDP" {
	local port
	port=$(free_port)
	ok run -d --name "$N" -p "127.0.0.1:$port-$((port + 1)):9000-9001" \
		-p "127.0.0.1:$port:9000/udp" tiny:1 serve 9001 range
	eventually answers "$((port + 1))" range
	has "$(firkin ps)" "127.0.0.1:$port->9000/tcp" "127.0.0.1:$port->9000/udp"
}

@test "--network none has a loopback only, host has our interfaces, a name must exist" {
	ok run --rm --network none tiny:1 ls /sys/class/net
	is "$output" lo
	ok run --rm --network host tiny:1 ls /sys/class/net
	is "$(tr ' ' '\n' <<<"$output" | sort)" "$(ls /sys/class/net | sort)"
	fails 125 run --rm --network nosuchnetwork tiny:1 true
	has "$stderr" "network 'nosuchnetwork' does not exist"
	is "$(firkin ps -aq)" ""
}

@test "the default bridge goes soon after its last container, whenever that ends" {
	local pause
	for pause in 0.2 0.8 0.9 1; do # it is kept for a second, to be used again
		ok run --rm tiny:1 true
		sleep "$pause"
		ok run --rm tiny:1 sleep 0.25
	done
	eventually no_network_is_left
}

@test "--add-host is in /etc/hosts, beside the container's own name and address" {
	ok run --rm --hostname own --add-host "else:192.0.2.7" tiny:1 cat /etc/hosts
	matches "$output" '192\.0\.2\.7[[:space:]]+else'
	matches "$output" '[0-9.]+[[:space:]]+own'
	has "$output" localhost
}

@test "-m, --pids-limit and --cpus are in force" {
	ok run --rm -m 32m --pids-limit 20 --cpus 0.5 tiny:1 sh -c 'cat /proc/self/cgroup'
	ok run -d --name "$N" -m 32m --pids-limit 20 --cpus 0.5 tiny:1 sleep 300
	is "$(inspect "$N" .HostConfig.Memory)" $((32 << 20))
	is "$(inspect "$N" .HostConfig.PidsLimit)" 20
	local id
	id=$(inspect "$N" .Id)
	is "$(memory_limit_of "$id")" $((32 << 20))
	is "$(limit_of "$id" pids.max)" 20
	fails 2 exec "$N" sh -c 'for i in $(seq 30); do sleep 5 & done; wait'
	has "$stderr" "can't fork"
}

@test "a container that takes more memory than it may is killed, and inspect says so" {
	fails 137 run --name "$N" -m 16m tiny:1 tail /dev/zero
	is "$(inspect "$N" .State.OOMKilled)" true
	is "$(inspect "$N" .State.ExitCode)" 137
}

@test "--cap-drop and --cap-add change what root may do; no-new-privileges is set when asked for" {
	fails 1 run --rm --cap-drop ALL tiny:1 chown app /tmp
	ok run --rm --cap-drop ALL --cap-add CHOWN tiny:1 chown app /tmp
	ok run --rm --security-opt no-new-privileges tiny:1 grep NoNewPrivs /proc/self/status
	matches "$output" 'NoNewPrivs:.1'
}

@test "--name is unique: the second run is refused and says who has it" {
	ok run -d --name "$N" tiny:1 sleep 300
	local id=$output
	fails 125 run --rm --name "$N" tiny:1 true
	has "$stderr" "'$N'" "${id:0:12}"
	state_is "$N" running
	ok rm -f "$N"
	ok run --rm --name "$N" tiny:1 true
}

@test "without --name a container gets one of its own" {
	ok run -d tiny:1 sleep 300
	matches "$(inspect "$output" .Name)" '^/.+'
}

@test "--rm removes the container when it ends, also one that runs in the background" {
	ok run --rm --name "$N" tiny:1 true
	no_container_has_name "$N"
	ok run -d --rm --name "$N" tiny:1 sleep 300
	ok stop -t 1 "$N"
	eventually no_container_has_name "$N"
}

@test "ps shows what runs, ps -a everything, -q ids, --format json objects" {
	ok run -d --name "$N-up" tiny:1 sleep 300
	ok run --name "$N-down" tiny:1 sh -c 'exit 3' || [ "$status" -eq 3 ]
	ok ps
	matches "$output" 'CONTAINER ID +IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES'
	matches "$output" "tiny:1 +\"sleep 300\" .* ago +Up .* $N-up"
	lacks "$output" "$N-down"
	ok ps -a
	matches "$output" "Exited \\(3\\) .* ago .*$N-down"
	ok ps -aq
	is "${#lines[@]}" 2
	ok ps -a --format json
	has "$(jq -c '[.Names, .State, .ExitCode, .Image]' <<<"$output")" \
		"[\"$N-down\",\"exited\",3,\"tiny:1\"]" "[\"$N-up\",\"running\",0,\"tiny:1\"]"
}

@test "logs has both streams, --tail the last lines, -t the time of each" {
	ok run --name "$N" tiny:1 sh -c 'for i in 1 2 3 4 5; do echo line $i; done; echo wrong >&2'
	ok logs "$N"
	is "$output" "$(printf 'line %d\n' 1 2 3 4 5)"
	is "$stderr" wrong
	ok logs --tail 2 "$N"
	lacks "$output" "line 4"
	has "$output$stderr" "line 5" wrong
	ok logs -t "$N"
	matches "${lines[0]}" '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z line 1$'
}

@test "logs -f shows lines as they come and ends with the container" {
	ok run -d --name "$N" tiny:1 sh -c 'echo first; /bin/until test -e /go; echo second'
	firkin logs -f "$N" >followed 2>&1 &
	local pid=$! status=0
	PIDS+=("$pid")
	eventually grep -q first followed
	ok exec "$N" touch /go
	wait "$pid" || status=$?
	is "$status" 0
	is "$(cat followed)" "$(printf 'first\nsecond')"
}

@test "a log of many and long lines is whole" {
	ok run --name "$N" tiny:1 sh -c 'seq 20000; head -c 40000 /dev/zero | tr "\0" x; echo'
	ok run --rm tiny:1 sh -c 'seq 20000; head -c 40000 /dev/zero | tr "\0" x; echo'
	local direct
	direct=$(sha256sum <<<"$output")
	is "$(firkin logs "$N" | sha256sum)" "$direct"
}

@test "exec runs a program in a container: output, status, -e, -u, -w, -i, -d" {
	ok run -d --name "$N" -e INHERITED=yes tiny:1 sleep 300
	ok exec "$N" sh -c 'echo $INHERITED; hostname; echo err >&2'
	is "${lines[0]}" yes
	is "$stderr" err
	fails 9 exec "$N" sh -c 'exit 9'
	ok exec -e GIVEN=1 -u app -w /tmp "$N" sh -c 'echo $GIVEN $(id -u) $(pwd)'
	is "$output" "1 1000 /tmp"
	run --separate-stderr firkin exec -i "$N" cat <<<"through"
	is "$output" through
	ok exec -d "$N" sh -c 'echo done >/detached'
	eventually firkin exec "$N" grep -q done /detached
	ok exec "$N" grep CapEff /proc/self/status
	matches "$output" 'CapEff:.00000000a80425fb'
}

@test "exec ends with 126 and 127 as run does, and with an error when nothing runs" {
	ok run -d --name "$N" tiny:1 sleep 300
	fails 126 exec "$N" /etc/passwd
	fails 127 exec "$N" nosuchprogram
	ok stop -t 0 "$N"
	fails 125 exec "$N" true
	has "$stderr" "$N" "not running"
}

@test "stop sends TERM and the exit status is the program's own" {
	ok run -d --name "$N" tiny:1 on-signal TERM "echo bye; exit 5"
	eventually logs_have "$N" ready
	ok stop "$N"
	is "$output" "$N"
	is "$(inspect "$N" '[.State.Status, .State.ExitCode] | @csv')" '"exited",5'
	logs_have "$N" bye
}

@test "stop sends the image's STOPSIGNAL, or that of --stop-signal" {
	ok run -d --name "$N" --stop-signal USR1 tiny:1 on-signal USR1 "exit 6"
	eventually logs_have "$N" ready
	ok stop "$N"
	is "$(inspect "$N" .State.ExitCode)" 6
}

@test "stop kills what does not end within its time" {
	ok run -d --name "$N" tiny:1 on-signal TERM ""
	eventually logs_have "$N" ready
	ok stop -t 1 "$N"
	is "$(inspect "$N" .State.ExitCode)" 137
}

@test "kill ends it at once, kill -s sends any signal" {
	ok run -d --name "$N" tiny:1 on-signal HUP "echo got it"
	eventually logs_have "$N" ready
	ok kill -s HUP "$N"
	eventually logs_have "$N" "got it"
	state_is "$N" running
	ok kill "$N"
	eventually state_is "$N" exited
	is "$(inspect "$N" .State.ExitCode)" 137
	fails 1 kill -s NOSUCH "$N"
	has "$stderr" NOSUCH
}

@test "start runs a stopped container again with what it had written; restart does both" {
	ok run -d --name "$N" tiny:1 sh -c 'echo x >>/count; wc -l </count; exec sleep 300'
	ok stop -t 0 "$N"
	state_is "$N" exited
	ok start "$N"
	state_is "$N" running
	eventually logs_have "$N" 2
	ok restart -t 0 "$N"
	eventually logs_have "$N" 3
}

@test "pause freezes all processes, unpause lets them go on" {
	ok run -d --name "$N" tiny:1 sh -c 'while :; do date +%s%N >/tick; usleep 10000; done'
	eventually firkin exec "$N" test -s /tick
	ok pause "$N"
	has "$(firkin ps)" "(Paused)"
	state_is "$N" paused
	local tick before
	tick=/proc/$(inspect "$N" .State.Pid)/root/tick
	before=$(cat "$tick")
	sleep 0.1 # it would have written ten times
	is "$(cat "$tick")" "$before"
	ok unpause "$N"
	state_is "$N" running
}

@test "--restart on-failure:N starts a failing program again N times" {
	ok run -d --name "$N" --restart on-failure:2 tiny:1 sh -c 'echo x >>/starts; exit 4'
	eventually restarts_are "$N" 2
	eventually state_is "$N" exited
	exit_code_is "$N" 4
	is "$(firkin logs "$N" | wc -l)" 0
}

@test "--restart on-failure leaves a success alone; always restarts it; stop ends both" {
	ok run -d --name "$N-ok" --restart on-failure tiny:1 true
	eventually state_is "$N-ok" exited
	restarts_are "$N-ok" 0
	ok run -d --name "$N" --restart always tiny:1 sh -c 'usleep 1000'
	eventually eval '[ "$(inspect "$N" .RestartCount)" -ge 2 ]'
	ok stop "$N"
	state_is "$N" exited
}

@test "a killed container comes back by its policy" {
	ok run -d --name "$N" --restart always tiny:1 sleep 300
	local pid
	pid=$(inspect "$N" .State.Pid)
	kill -KILL "$pid"
	eventually restarts_are "$N" 1
	eventually state_is "$N" running
	[ "$(inspect "$N" .State.Pid)" != "$pid" ]
}

@test "rm refuses what runs, rm -f does not; several names at once" {
	ok run -d --name "$N-1" tiny:1 sleep 300
	ok run --name "$N-2" tiny:1 true
	fails 1 rm "$N-1"
	has "$stderr" "$N-1" running
	ok rm -f "$N-1" "$N-2"
	is "$(firkin ps -aq)" ""
	is "$(ls "$FIRKIN_ROOT/containers")" ""
}

@test "containers are found by name, id and the beginning of an id" {
	ok run -d --name "$N" tiny:1 sleep 300
	local id=$output
	is "$(inspect "${id:0:6}" .Id)" "$id"
	is "$(inspect "$id" .Name)" "/$N"
	fails 1 inspect nosuchthing
	has "$stderr" nosuchthing
}

@test "inspect shows configuration, state, mounts and addresses" {
	ok run -d --name "$N" -e A=b -l key=value -w /tmp -u app -v "$T:/mnt:ro" tiny:1 sleep 300
	is "$(inspect "$N" .Config.Image)" tiny:1
	is "$(inspect "$N" '.Config.Labels.key')" value
	is "$(inspect "$N" .Config.WorkingDir)" /tmp
	is "$(inspect "$N" .Config.User)" app
	has "$(inspect "$N" '.Config.Env[]')" A=b
	is "$(inspect "$N" '.Mounts[0] | "\(.Source) \(.Destination) \(.RW)"')" "$T /mnt false"
	local ip
	ip=$(inspect "$N" '.NetworkSettings.Networks.bridge.IPAddress')
	matches "$ip" '^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$'
	has "$(firkin exec "$N" ip -4 addr show eth0)" "$ip"
}

@test "--health-cmd: starting, healthy, unhealthy, and the log of the probes" {
	ok run -d --name "$N" --health-cmd 'cat /ok' --health-interval 100ms --health-retries 2 \
		tiny:1 sh -c 'echo yes >/ok; exec sleep 300'
	eventually eval '[ "$(inspect "$N" .State.Health.Status)" = healthy ]'
	has "$(firkin ps)" "(healthy)"
	ok exec "$N" rm /ok
	eventually eval '[ "$(inspect "$N" .State.Health.Status)" = unhealthy ]'
	has "$(inspect "$N" '.State.Health.Log[-1].Output')" "No such file"
	[ "$(inspect "$N" .State.Health.FailingStreak)" -ge 2 ]
}

@test "an attached run that gets TERM passes it on and ends with the program's status" {
	"$FIRKIN" run --rm --name "$N" tiny:1 on-signal TERM "exit 8" >out 2>&1 3>&- &
	local pid=$! status=0
	PIDS+=("$pid")
	eventually grep -q ready out
	kill -TERM "$pid"
	wait "$pid" || status=$?
	is "$status" 8
	no_container_has_name "$N"
}

@test "kill -9 of an attached run leaves a container that can be removed" {
	"$FIRKIN" run --name "$N" tiny:1 sh -c 'echo ready; exec sleep 300' >out 2>&1 3>&- &
	local pid=$!
	PIDS+=("$pid")
	eventually grep -q ready out
	kill -KILL "$pid"
	eventually gone "$pid"
	ok ps -a
	has "$output" "$N"
	ok rm -f "$N"
	eventually nothing_runs
}

@test "twenty containers at the same time all end with their own status" {
	local i pids=() status
	for i in $(seq 20); do
		firkin run --rm tiny:1 sh -c "usleep 50000; exit $i" 2>"err$i" &
		pids+=("$!")
	done
	for i in $(seq 20); do
		status=0
		wait "${pids[i - 1]}" || status=$?
		is "$status $(cat "err$i")" "$i "
	done
	is "$(firkin ps -aq)" ""
}
