#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Stacks: up until healthy, names, changes, ends. Each test is a project of its own, named after its
# directory.

load helpers

setup_file() {
	e2e_setup_file
}

teardown_file() {
	e2e_teardown_file
}

setup() {
	e2e_setup
	P=t$BATS_TEST_NUMBER # name of the project
}

teardown() {
	e2e_teardown
}

compose_file() {
	cat >"${1:-$T/compose.yml}"
}

# three_services PORT: a chain in which each is healthy only when the one below answers by its name
three_services() {
	compose_file <<-END
	services:
	  front:
	    image: tiny:1
	    command: ["sh", "-c", "serve 80 \"\$\$(/bin/until wget -q -O - middle:8080)\""]
	    ports: ["127.0.0.1:$1:80"]
	    depends_on:
	      middle: {condition: service_healthy}
	    healthcheck: &check
	      test: ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1/"]
	      interval: 5s
	      start_period: 30s
	  middle:
	    image: tiny:1
	    command: ["sh", "-c", "serve 8080 \"from middle via \$\$(nc store 6000)\""]
	    depends_on:
	      store: {condition: service_healthy}
	    healthcheck:
	      <<: *check
	      test: wget -q -O /dev/null http://127.0.0.1:8080/
	  store:
	    image: tiny:1
	    command: ["sh", "-c", "usleep 200000; exec nc -ll -p 6000 -e echo store"]
	    volumes: ["data:/data"]
	    healthcheck:
	      <<: *check
	      test: ["CMD-SHELL", "nc 127.0.0.1 6000 | grep -q store"]
	volumes:
	  data:
	END
}

container_id() { # container_id SERVICE
	firkin compose ps -a --format json | jq -r "select(.Service == \"$1\") | .ID"
}

field() { # field SERVICE NAME: of compose ps
	firkin compose ps -a --format json | jq -r "select(.Service == \"$1\") | .$2"
}

field_is() {
	[ "$(field "$1" "$2")" = "$3" ]
}

@test "up -d --wait starts services in the order of their dependencies and waits for their health" {
	local port
	port=$(free_port)
	three_services "$port"
	ok compose up -d --wait
	is "$output" ""
	is "$(firkin compose ps --format json | jq -r '.Service + " " + .Health' | sort | xargs)" \
		"front healthy middle healthy store healthy"
	answers "$port" "from middle via store"
	local started
	started=$(for s in store middle front; do inspect "$P-$s-1" .State.StartedAt; done)
	is "$started" "$(sort <<<"$started")"
}

@test "a second up changes nothing: the containers stay the same" {
	three_services "$(free_port)"
	ok compose up -d --wait
	local ids pids
	ids=$(firkin compose ps -q)
	pids=$(inspect "$P-store-1" .State.Pid)
	ok compose up -d --wait
	is "$(firkin compose ps -q)" "$ids"
	is "$(inspect "$P-store-1" .State.Pid)" "$pids"
	lacks "$stderr" Recreat Started Creat
}

@test "a changed environment recreates that service only" {
	compose_file <<-'END'
	services:
	  changed:
	    image: tiny:1
	    command: ["sleep", "300"]
	    init: true
	    environment:
	      LEVEL: ${LEVEL:-1}
	  same:
	    image: tiny:1
	    command: ["sleep", "300"]
	END
	ok compose up -d
	local changed same
	changed=$(container_id changed)
	same=$(container_id same)
	LEVEL=2 ok compose up -d
	is "$(container_id same)" "$same"
	[ "$(container_id changed)" != "$changed" ]
	LEVEL=2 ok compose exec changed sh -c 'echo $LEVEL'
	is "$output" 2
	is "$(firkin ps -aq | wc -l)" 2
}

@test "a rebuilt image recreates the service that uses it" {
	compose_file <<-'END'
	services:
	  web:
	    build: .
	    command: ["sleep", "300"]
	  other:
	    image: tiny:1
	    command: ["sleep", "300"]
	END
	dockerfile <<-'END'
	FROM tiny:1
	COPY content /
	END
	echo "one $P" >content
	ok compose up -d
	local web other
	web=$(container_id web)
	other=$(container_id other)
	echo "two $P" >content
	ok compose up -d
	is "$(container_id web)" "$web" # it is built anew only when asked for
	ok compose up -d --build
	[ "$(container_id web)" != "$web" ]
	is "$(container_id other)" "$other"
	ok compose exec web cat /content
	is "$output" "two $P"
}

@test "--force-recreate recreates what did not change" {
	compose_file <<-'END'
	services:
	  web:
	    image: tiny:1
	    command: ["sleep", "300"]
	END
	ok compose up -d
	local web
	web=$(container_id web)
	ok compose up -d --force-recreate
	[ "$(container_id web)" != "$web" ]
	is "$(firkin ps -aq | wc -l)" 1
}

@test "services find each other by service name, alias, container name, and not across networks" {
	compose_file <<-'END'
	services:
	  a:
	    image: tiny:1
	    command: ["sleep", "300"]
	    networks: [front]
	  b:
	    image: tiny:1
	    command: ["sleep", "300"]
	    networks:
	      front: {aliases: [bee]}
	      back:
	  c:
	    image: tiny:1
	    container_name: see-by-name
	    command: ["sleep", "300"]
	    networks: [back]
	networks:
	  front:
	  back: {internal: true}
	END
	ok compose up -d
	ok compose exec a nslookup b
	ok compose exec a nslookup bee
	ok compose exec a ping -c 1 -W 2 "$P-b-1"
	ok compose exec b ping -c 1 -W 2 a
	ok compose exec b ping -c 1 -W 2 see-by-name
	fails 1 compose exec a nslookup c
	fails 1 compose exec c nslookup a
	# the internal network has no way out
	ok compose exec c ip route
	lacks "$output" default
	ok compose exec a ip route
	has "$output" default
	is "$(inspect "$P-b-1" '.NetworkSettings.Networks | keys[]' | xargs)" "${P}_back ${P}_front"
}

@test "run --network joins the network of a project" {
	compose_file <<-'END'
	services:
	  web:
	    image: tiny:1
	    command: ["serve", "80", "joined"]
	END
	ok compose up -d
	ok run --rm --network "${P}_default" tiny:1 /bin/until wget -q -O - http://web/
	is "$output" joined
}

@test "compose ps lists services, states and ports; -a also what has ended" {
	local port
	port=$(free_port)
	compose_file <<-END
	services:
	  up:
	    image: tiny:1
	    command: ["sleep", "300"]
	    ports: ["127.0.0.1:$port:80"]
	  once:
	    image: tiny:1
	    command: ["sh", "-c", "exit 3"]
	END
	ok compose up -d
	eventually field_is once State exited
	ok compose ps
	matches "$output" 'NAME +IMAGE +SERVICE +STATUS +PORTS'
	matches "$output" "$P-up-1 +tiny:1 +up +Up .*127.0.0.1:$port->80/tcp"
	lacks "$output" once
	ok compose ps -a
	matches "$output" "$P-once-1 .*Exited \\(3\\)"
	ok compose ps -q up
	is "$output" "$(container_id up)"
	fails 1 compose ps nosuchservice
	has "$stderr" nosuchservice
}

@test "compose logs has the lines of all services behind their names, or of one without" {
	compose_file <<-'END'
	services:
	  one:
	    image: tiny:1
	    command: ["sh", "-c", "echo from one"]
	  two:
	    image: tiny:1
	    command: ["sh", "-c", "echo from two; echo more from two"]
	END
	ok compose up -d
	eventually field_is one State exited
	eventually field_is two State exited
	ok compose logs
	matches "$output" "$P-one-1 +\\| from one"
	matches "$output" "$P-two-1 +\\| more from two"
	ok compose logs --no-log-prefix two
	is "$output" "$(printf 'from two\nmore from two')"
	ok compose logs --no-log-prefix --tail 1 two
	is "$output" "more from two"
}

@test "compose exec runs in a service's container and ends with the program's status" {
	compose_file <<-'END'
	services:
	  web:
	    image: tiny:1
	    command: ["sleep", "300"]
	    user: app
	    environment: {GIVEN: "yes"}
	END
	ok compose up -d
	ok compose exec -T web sh -c 'echo $GIVEN $(id -u)'
	is "$output" "yes 1000"
	ok compose exec -T -u root -e MORE=1 -w /tmp web sh -c 'echo $MORE $(id -u) $(pwd)'
	is "$output" "1 0 /tmp"
	fails 6 compose exec -T web sh -c 'exit 6'
	fails 125 compose exec -T nosuch true
	has "$stderr" nosuch
}

@test "down -v leaves nothing: containers, networks, volumes, supervisor" {
	three_services "$(free_port)"
	ok compose up -d --wait
	e2e_note
	[ -d "$FIRKIN_ROOT/volumes/${P}_data" ]
	ok compose down -v
	is "$(firkin ps -aq)" ""
	is "$(ls "$FIRKIN_ROOT/containers")" ""
	[ ! -e "$FIRKIN_ROOT/volumes/${P}_data" ]
	is "$(ls "$FIRKIN_RUN/projects")" ""
	e2e_check_nothing_left
}

@test "down keeps the volumes, and the next up finds them" {
	compose_file <<-'END'
	services:
	  web:
	    image: tiny:1
	    command: ["sleep", "300"]
	    volumes: ["data:/data"]
	volumes:
	  data:
	END
	ok compose up -d
	ok compose exec web sh -c 'echo kept >/data/file'
	ok compose down
	ok compose up -d
	ok compose exec web cat /data/file
	is "$output" kept
}

@test "kill -9 of a container's program restarts it by policy" {
	compose_file <<-'END'
	services:
	  always:
	    image: tiny:1
	    command: ["sleep", "300"]
	    restart: unless-stopped
	  never:
	    image: tiny:1
	    command: ["sleep", "300"]
	END
	ok compose up -d
	local pid id
	id=$(container_id always)
	for service in always never; do
		pid=$(inspect "$P-$service-1" .State.Pid)
		kill -KILL "$pid"
	done
	eventually field_is always RestartCount 1
	eventually field_is always State running
	is "$(container_id always)" "$id"
	eventually field_is never State exited
	is "$(field never ExitCode)" 137
}

@test "stop ends the containers and keeps them; start takes them up again; restart does both" {
	compose_file <<-'END'
	services:
	  web:
	    image: tiny:1
	    command: ["sh", "-c", "echo x >>/starts; exec on-signal TERM 'exit 0'"]
	  other:
	    image: tiny:1
	    command: ["sleep", "300"]
	END
	ok compose up -d
	local id
	id=$(container_id web)
	eventually firkin compose exec web test -s /starts
	ok compose stop web
	is "$(field web State)" exited
	is "$(field web ExitCode)" 0
	is "$(field other State)" running
	ok compose start web
	is "$(field web State)" running
	is "$(container_id web)" "$id"
	eventually eval '[ "$(firkin compose exec web cat /starts | wc -l)" -eq 2 ]'
	ok compose restart web
	eventually eval '[ "$(firkin compose exec web cat /starts | wc -l)" -eq 3 ]'
	ok compose stop
	is "$(field other State)" exited
	ok compose up -d
	is "$(container_id web)" "$id"
	is "$(field other State)" running
}

@test "containers are stopped in the reverse order of their dependencies" {
	compose_file <<-'END'
	services:
	  below:
	    image: tiny:1
	    command: &command ["on-signal", "TERM", "exit 0"]
	  above:
	    image: tiny:1
	    command: *command
	    depends_on: [below]
	END
	ok compose up -d
	ok compose stop
	local finished
	finished=$(for s in above below; do inspect "$P-$s-1" .State.FinishedAt; done)
	is "$finished" "$(sort <<<"$finished")"
}

@test "a one-shot service that a service waits for has ended with 0 before, and is not run again" {
	compose_file <<-'END'
	services:
	  migrate:
	    image: tiny:1
	    command: ["sh", "-c", "usleep 100000; echo migrated >>/data/log"]
	    volumes: ["data:/data"]
	  web:
	    image: tiny:1
	    command: ["sh", "-c", "cat /data/log; exec sleep 300"]
	    volumes: ["data:/data"]
	    depends_on:
	      migrate: {condition: service_completed_successfully}
	volumes:
	  data:
	END
	ok compose up -d
	eventually eval '[ "$(firkin compose logs --no-log-prefix web)" = migrated ]'
	ok compose up -d
	ok compose exec web cat /data/log
	is "$output" migrated
}

@test "a one-shot service that fails keeps what waits for it from starting" {
	compose_file <<-'END'
	services:
	  migrate:
	    image: tiny:1
	    command: ["sh", "-c", "echo the reason; exit 4"]
	  web:
	    image: tiny:1
	    command: ["sleep", "300"]
	    depends_on:
	      migrate: {condition: service_completed_successfully}
	END
	fails 1 compose up -d
	has "$stderr" migrate 4
	ok compose ps
	lacks "$output" "$P-web-1"
}

@test "profiles: a service with a profile starts only when that is enabled" {
	compose_file <<-'END'
	services:
	  web:
	    image: tiny:1
	    command: ["sleep", "300"]
	  debug:
	    image: tiny:1
	    command: ["sleep", "300"]
	    profiles: [tools]
	END
	ok compose up -d
	is "$(firkin compose ps --format json | jq -r .Service)" web
	ok compose --profile tools up -d
	ok compose --profile tools ps --format json
	is "$(jq -r .Service <<<"$output" | sort | xargs)" "debug web"
	COMPOSE_PROFILES=tools ok compose config --services
	is "$(sort <<<"$output" | xargs)" "debug web"
	ok compose --profile tools down
	is "$(firkin ps -aq)" ""
}

@test "config prints the resolved project: as YAML that reads back the same, as JSON, names alone" {
	compose_file <<-'END'
	services:
	  web:
	    image: tiny:${TAG:-1}
	    command: echo "two words"
	    ports: ["8080:80"]
	    environment: ["A=b", "C=${FROM_ENV}"]
	END
	echo "FROM_ENV=from dotenv" >.env
	ok compose config
	has "$output" "name: $P" "image: tiny:1" 'C: from dotenv' 'published: "8080"'
	echo "$output" >again.yml
	is "$(firkin compose -f again.yml config)" "$output"
	ok compose config --format json
	is "$(jq -r '.services.web.command | @json' <<<"$output")" '["echo","two words"]'
	ok compose config --services
	is "$output" web
	ok compose config --images
	is "$output" tiny:1
	ok compose config -q
	is "$output" ""
}

@test "an override file is merged: single values replaced, maps joined, lists appended" {
	compose_file <<-'END'
	services:
	  web:
	    image: tiny:1
	    command: ["sleep", "1"]
	    environment: {A: base, B: base}
	    ports: ["8080:80"]
	END
	compose_file "$T/compose.override.yml" <<-'END'
	services:
	  web:
	    command: ["sleep", "300"]
	    environment: {B: override, C: override}
	    ports: ["8081:81"]
	END
	ok compose config --format json
	is "$(jq -r '.services.web.command | @json' <<<"$output")" '["sleep","300"]'
	is "$(jq -c '.services.web.environment' <<<"$output")" \
		'{"A":"base","B":"override","C":"override"}'
	is "$(jq -r '[.services.web.ports[].target] | @json' <<<"$output")" '[80,81]'
	ok compose -f compose.yml config --format json
	is "$(jq -r '.services.web.command | @json' <<<"$output")" '["sleep","1"]'
}

@test "-p and COMPOSE_PROJECT_NAME name the project, and two projects do not touch each other" {
	compose_file <<-'END'
	services:
	  web:
	    image: tiny:1
	    command: ["sleep", "300"]
	END
	ok compose -p "$P-one" up -d
	COMPOSE_PROJECT_NAME=$P-two ok compose up -d
	is "$(firkin ps --format json | jq -r .Names | sort | xargs)" "$P-one-web-1 $P-two-web-1"
	ok compose -p "$P-one" down
	is "$(firkin ps --format json | jq -r .Names)" "$P-two-web-1"
	ok compose -p "$P-two" down
}

@test "secrets and configs are files with owner and mode, also with a read-only root" {
	compose_file <<-'END'
	services:
	  web:
	    image: tiny:1
	    command: ["sleep", "300"]
	    user: app
	    read_only: true
	    secrets:
	      - password
	      - source: token
	        target: /etc/token
	        uid: "1000"
	        gid: "1000"
	        mode: 0400
	    configs:
	      - source: settings
	        target: /etc/settings.ini
	secrets:
	  password: {file: ./password.txt}
	  token: {environment: E2E_TOKEN}
	configs:
	  settings: {content: "level=${LEVEL:-3}"}
	END
	echo "correct horse" >password.txt
	chmod 644 password.txt
	export E2E_TOKEN=from-a-variable
	ok compose up -d
	ok compose exec -T web cat /run/secrets/password
	is "$output" "correct horse"
	ok compose exec -T web sh -c 'stat -c %u:%g:%a /etc/token; cat /etc/token'
	is "$output" "$(printf '1000:1000:400\nfrom-a-variable')"
	ok compose exec -T web cat /etc/settings.ini
	is "$output" level=3
	ok compose exec -T web env
	lacks "$output" E2E_TOKEN from-a-variable
}

@test "limits, read_only, tmpfs, cap_drop and user of the file are in force" {
	compose_file <<-'END'
	services:
	  web:
	    image: tiny:1
	    command: ["sleep", "300"]
	    user: "1000:1000"
	    read_only: true
	    tmpfs: ["/tmp:size=1m"]
	    cap_drop: [ALL]
	    security_opt: ["no-new-privileges:true"]
	    pids_limit: 50
	    stop_grace_period: 3s
	    deploy:
	      resources:
	        limits: {memory: 48m, cpus: "0.5"}
	END
	ok compose up -d
	is "$(inspect "$P-web-1" .HostConfig.Memory)" $((48 << 20))
	local id
	id=$(container_id web)
	is "$(memory_limit_of "$id")" $((48 << 20))
	is "$(limit_of "$id" pids.max)" 50
	ok compose exec -T web grep -E 'Uid|CapEff|CapBnd|NoNewPrivs' /proc/1/status
	matches "$output" 'Uid:.1000'
	matches "$output" 'CapBnd:.0000000000000000'
	matches "$output" 'NoNewPrivs:.1'
	fails 1 compose exec -T web touch /no
	ok compose exec -T web touch /tmp/yes
}

@test "env_file, extra_hosts, hostname, working_dir, entrypoint and labels reach the container" {
	echo "FROM_FILE=1" >web.env
	compose_file <<-'END'
	services:
	  web:
	    image: tiny:1
	    entrypoint: ["sh", "-c"]
	    command: ["sleep 300"]
	    env_file: web.env
	    extra_hosts: ["elsewhere:192.0.2.1"]
	    hostname: named
	    working_dir: /tmp
	    labels: {com.example.a: b}
	END
	ok compose up -d
	ok compose exec -T web sh -c 'echo $FROM_FILE $(hostname) $(pwd); cat /etc/hosts'
	is "${lines[0]}" "1 named /tmp"
	matches "$output" '192\.0\.2\.1[[:space:]]+elsewhere'
	is "$(inspect "$P-web-1" '.Config.Labels["com.example.a"]')" b
	is "$(inspect "$P-web-1" '.Config.Labels["com.docker.compose.project"]')" "$P"
}

@test "up of one service starts it and what it depends on" {
	compose_file <<-'END'
	services:
	  database:
	    image: tiny:1
	    command: ["sleep", "300"]
	  web:
	    image: tiny:1
	    command: ["sleep", "300"]
	    depends_on: [database]
	  other:
	    image: tiny:1
	    command: ["sleep", "300"]
	END
	ok compose up -d web
	is "$(firkin compose ps --format json | jq -r .Service | sort | xargs)" "database web"
	fails 1 compose up -d nosuch
	has "$stderr" "no service 'nosuch'"
}

@test "a service that the file no longer has is an orphan, which --remove-orphans removes" {
	compose_file <<-'END'
	services:
	  web: &service
	    image: tiny:1
	    command: ["sleep", "300"]
	  old: *service
	END
	ok compose up -d
	sed -i '/old:/d' compose.yml
	ok compose up -d
	is "$(firkin ps -q | wc -l)" 2
	ok compose up -d --remove-orphans
	is "$(firkin ps --format json | jq -r .Names)" "$P-web-1"
}

@test "up without -d shows the output of the services and stops them at TERM" {
	compose_file <<-'END'
	services:
	  web:
	    image: tiny:1
	    command: ["on-signal", "TERM", "exit 0"]
	END
	"$FIRKIN" compose up >out 2>err 3>&- &
	local pid=$! status=0
	PIDS+=("$pid")
	eventually grep -q 'ready$' out
	matches "$(cat out)" "$P-web-1 +\\| ready"
	kill -TERM "$pid"
	wait "$pid" || status=$?
	[ "$status" -eq 130 ] || [ "$status" -eq 143 ]
	is "$(field web State)" exited
	is "$(field web ExitCode)" 0
}

@test "up without -d ends by itself when all services have ended" {
	compose_file <<-'END'
	services:
	  once:
	    image: tiny:1
	    command: ["echo", "only this"]
	END
	ok compose up
	matches "$output" 'once-1 +\| only this'
}

@test "kill -9 of the supervisor: the containers run on, and the next up manages them again" {
	compose_file <<-'END'
	services:
	  web:
	    image: tiny:1
	    command: ["sh", "-c", "while :; do date +%s >/alive; usleep 50000; done"]
	    restart: always
	END
	ok compose up -d
	local pid container
	container=$(inspect "$P-web-1" .State.Pid)
	pid=$(ps -o ppid= -p "$container" | tr -d ' ')
	kill -KILL "$pid"
	eventually gone "$pid"
	ok compose ps
	has "$output" "$P-web-1"
	ok compose up -d
	eventually field_is web State running
	ok compose exec -T web true
	ok compose down
	eventually nothing_runs
}

@test "kill -9 of up --wait at any moment leaves a project that down removes" {
	three_services "$(free_port)"
	local delay
	for delay in 0.01 0.05 0.1 0.2 0.4; do
		timeout -s KILL "$delay" "$FIRKIN" compose up -d --wait >/dev/null 2>&1 3>&- || true
		ok compose down -v
		is "$(firkin ps -aq)" ""
	done
}

@test "two ups at the same time make one project" {
	three_services "$(free_port)"
	local first second status_first=0 status_second=0
	firkin compose up -d --wait >/dev/null 2>err1 &
	first=$!
	firkin compose up -d --wait >/dev/null 2>err2 &
	second=$!
	wait "$first" || status_first=$?
	wait "$second" || status_second=$?
	is "$status_first $status_second" "0 0"
	is "$(firkin compose ps -aq | wc -l)" 3
}

@test "the docker word works: a link of that name takes the daily commands" {
	ln -s "$FIRKIN" docker
	compose_file <<-'END'
	services:
	  web:
	    image: tiny:1
	    command: ["sleep", "300"]
	END
	./docker compose up -d 3>&-
	run ./docker ps -q 3>&-
	is "${#lines[@]}" 1
	./docker compose down 3>&-
	run --separate-stderr ./docker run --rm tiny:1 echo hello 3>&-
	is "$output" hello
}
