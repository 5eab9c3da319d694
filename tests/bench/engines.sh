#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2034,SC2154	# names shared with run.sh
# What each engine is called, how it is made ready, and its command line for each row.
# Sourced by run.sh; needs sides.sh, $firkin, $temp, $store and $example.

engines=(firkin docker podman buildah crun bubblewrap)
declare -A program=(
	[docker]=dockerd [podman]=podman [buildah]=buildah [crun]=crun [bubblewrap]=bwrap
)
# What an installation of it cannot do without
declare -A parts=(
	[docker]="docker dockerd docker-proxy docker-init containerd containerd-shim-runc-v2 runc
		docker-buildx docker-compose"
	[podman]="podman conmon crun netavark aardvark-dns pasta catatonit"
	[buildah]="buildah crun netavark aardvark-dns"
	[crun]=crun
	[bubblewrap]=bwrap
)
system_path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
part_path=$system_path
for dir in lib libexec; do
	part_path+=:/usr/$dir/docker/cli-plugins:/usr/$dir/podman
done
# Its processes, by the path of their executable
declare -A processes=([firkin]='firkin' [docker]='(dockerd|docker-proxy|containerd[^/]*)$')

side_of() { if [ "$1" = firkin ]; then echo firkin; else echo peers; fi; }
on() { # on ENGINE COMMAND...: without its chatter
	inside "$(side_of "$1")" "${@:2}" </dev/null >/dev/null 2>"$temp/err"
}

engine_is_installed() {
	[ "$1" = firkin ] || inside peers bash -c 'command -v "$0" >/dev/null' "${program[$1]}"
}

engine_version() {
	inside "$(side_of "$1")" "${program[$1]:-$firkin}" --version 2>/dev/null |
		grep -oE -m 1 '[0-9]+(\.[0-9]+)+' | head -n 1
}

# ---- making ready ---------------------------------------------------------------------------

# make_base DIR: the root file system of every container here is busybox
make_base() {
	local busybox applet
	busybox=$(command -v busybox) && ! ldd "$busybox" >/dev/null 2>&1 || {
		echo "bench: needs a static busybox (package busybox-static)" >&2
		return 1
	}
	mkdir -p "$1"/{bin,dev,etc,proc,sys,tmp}
	cp "$busybox" "$1/bin/busybox"
	for applet in $(busybox --list); do
		[ "$applet" = busybox ] || ln -s busybox "$1/bin/$applet"
	done
	echo 'root:x:0:0:root:/:/bin/sh' >"$1/etc/passwd"
	echo 'root:x:0:' >"$1/etc/group"
	tar -C "$1" --owner=0 --group=0 --numeric-owner -cf "$1.tar" .
}

make_context() {
	mkdir -p "$1"
	printf '%s\n' 'FROM bench' 'RUN echo 1 >/one' 'RUN echo 2 >/two' 'RUN echo 3 >/three' \
		>"$1/Dockerfile"
}

setup_firkin() { on firkin "$firkin" import "$temp/base.tar" bench; }

dockerd_pid=
setup_docker() {
	local try
	mkdir -p "$temp/docker"
	limit=0 inside peers dockerd \
		--data-root "$temp/docker/data" --exec-root "$temp/docker/exec" \
		--pidfile "$temp/docker/pid" --host "unix://$temp/docker/socket" \
		--cgroup-parent "/${temp##*/}" </dev/null >"$temp/docker/log" 2>&1 &
	dockerd_pid=$!
	for ((try = 0; try < 150; try++)); do
		if on docker docker version; then
			on docker docker import "$temp/base.tar" bench
			return
		fi
		kill -0 "$dockerd_pid" 2>/dev/null || break
		sleep 0.2
	done
	grep -v level=info "$temp/docker/log" | tail -n 1 >"$temp/err"
	return 1
}

close_docker() {
	[ -n "$dockerd_pid" ] || return 0
	on docker bash -c 'docker ps --quiet | xargs -r docker rm --force'
	# Its number inside, since a signal to nsenter would not reach it
	inside peers timeout 20 bash -c 'kill "$1" && tail --pid="$1" -f /dev/null' bash \
		"$(cat "$temp/docker/pid")" 2>/dev/null || true
	dockerd_pid=
}

# Engines that raise limits by default fail where that is forbidden: they get what we have.
# podman 5 does not manage version 1 cgroups any more.
make_containers_conf() {
	local cgroups=enabled files tasks
	files=$(ulimit -Hn) tasks=$(ulimit -Hu)
	[ "$tasks" != unlimited ] || tasks=1048576
	[ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ] || cgroups=disabled
	mkdir -p "$1"
	cat >"$1/containers.conf" <<-END
		[containers]
		cgroups = "$cgroups"
		default_ulimits = ["nofile=$files:$files", "nproc=$tasks:$tasks"]
		[engine]
		cgroup_manager = "cgroupfs"
		events_logger = "none"
		runtime = "crun"
		[network]
		network_config_dir = "$1/networks"
	END
	cat >"$1/storage.conf" <<-END
		[storage]
		driver = "overlay"
		graphroot = "$1/storage"
		runroot = "$1/run"
	END
	echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$1/policy.json"
}

setup_podman() { on podman podman import "$temp/base.tar" bench; }

setup_buildah() { # its storage is podman's
	inside peers bash -ec 'buildah images -q bench >/dev/null 2>&1 && exit
		work=$(buildah from scratch)
		buildah add -q "$work" "$1" /
		buildah commit -q --rm "$work" bench' bash "$temp/base.tar" >/dev/null 2>"$temp/err"
}

# make_bundle DIR PROGRAM...
make_bundle() {
	local dir=$1
	shift
	mkdir -p "$dir"
	on crun crun spec --bundle "$dir" || return 1
	jq --arg root "$temp/base" --arg cgroup "/${temp##*/}/crun" \
		'.process.terminal = false | .process.args = $ARGS.positional | .root.path = $root
		| .root.readonly = false | .linux.cgroupsPath = $cgroup | del(.process.rlimits)' \
		"$dir/config.json" --args "$@" >"$dir/config.new"
	mv "$dir/config.new" "$dir/config.json"
}

setup_crun() {
	make_bundle "$temp/crun/true" true && make_bundle "$temp/crun/sleep" sleep 1000
}

setup_bubblewrap() { :; }

# ---- command lines --------------------------------------------------------------------------

# engine_command ENGINE ROW: in cmd; false when it has no such thing
engine_command() {
	local call=("$1")
	cmd=()
	[ "$1" != firkin ] || call=("$firkin")
	case $1/$2 in
	crun/run) cmd=(crun --root "$temp/crun/state" run --bundle "$temp/crun/true" bench) ;;
	crun/exec) cmd=(crun --root "$temp/crun/state" exec bench-exec true) ;;
	bubblewrap/run)
		cmd=(bwrap --unshare-all --die-with-parent --bind "$temp/base" /)
		cmd+=(--proc /proc --dev /dev true)
		;;
	crun/* | bubblewrap/*) ;;
	buildah/build) cmd=(buildah build --layers --no-cache -q -t bench-built "$temp/context") ;;
	buildah/rebuild) cmd=(buildah build --layers -q -t bench-built "$temp/context") ;;
	buildah/*) ;;
	*/run-net) cmd=("${call[@]}" run --rm bench true) ;;
	*/run) cmd=("${call[@]}" run --rm --network none bench true) ;;
	*/exec) cmd=("${call[@]}" exec bench-exec true) ;;
	*/build) cmd=("${call[@]}" build --no-cache -q -t bench-built "$temp/context") ;;
	*/rebuild) cmd=("${call[@]}" build -q -t bench-built "$temp/context") ;;
	podman/*) ;;
	*/config) cmd=("${call[@]}" compose -f "$example/compose.yml" config) ;;
	*/up | */reup | */memory) compose "$1" up -d --wait ;;
	esac
	[ ${#cmd[@]} -gt 0 ]
}

compose() { # compose ENGINE VERB...: in cmd
	cmd=(docker)
	[ "$1" != firkin ] || cmd=("$firkin" --root "$temp/firkin/stack")
	cmd+=(compose -p bench -f "$example/compose.yml" "${@:2}")
}

# engine_hook ENGINE ROW begin|before|end: around a row, and before each of its runs
engine_hook() {
	local call=("$1") cmd=()
	[ "$1" != firkin ] || call=("$firkin")
	case $1/$2/$3 in
	crun/run/* | bubblewrap/run/*) ;;
	*/run/begin | */run-net/begin)
		# A run that does nothing would be fast
		local status=0
		on "$1" "${call[@]}" run --rm --network none bench sh -c 'exit 7' || status=$?
		[ $status -eq 7 ] || {
			echo "status $status instead of 7; $(tail -n 1 "$temp/err")" >"$temp/err"
			return 1
		}
		;;
	crun/exec/begin)
		on crun crun --root "$temp/crun/state" run -d --bundle "$temp/crun/sleep" bench-exec
		;;
	crun/exec/end) on crun crun --root "$temp/crun/state" delete -f bench-exec ;;
	*/exec/begin)
		on "$1" "${call[@]}" run -d --name bench-exec --network none bench sleep 1000
		;;
	*/exec/end) on "$1" "${call[@]}" rm -f bench-exec ;;
	*/up/before)
		compose "$1" down -v
		on "$1" "${cmd[@]}"
		;;
	esac
}

# ---- the example stack ----------------------------------------------------------------------

# setup_stack_firkin: a store of its own that borrows images and layers, of which only the times of
# last use change; containers and volumes are its own
setup_stack_firkin() {
	local dir
	for dir in blobs images layers locks; do
		[ -d "$store/$dir" ] || {
			echo "no store at $store: run ./dev demo --once first" >"$temp/err"
			return 1
		}
		mkdir -p "$temp/firkin/stack/$dir"
		inside firkin mount --bind "$store/$dir" "$temp/firkin/stack/$dir"
	done
	[ ! -e "$store/aliases" ] || cp "$store/aliases" "$temp/firkin/stack/"
	for dir in "${stack_images[@]}"; do
		on firkin "$firkin" --root "$temp/firkin/stack" inspect "$dir" || return 1
	done
}

close_firkin() {
	local cmd
	[ -n "${side_pid[firkin]:-}" ] || return 0
	on firkin "$firkin" rm -f bench-exec || true
	compose firkin down -v
	on firkin "${cmd[@]}" || true
}

# setup_stack_docker: the same images, each as one layer
setup_stack_docker() {
	local image changes change stack=("$firkin" --root "$temp/firkin/stack")
	for image in "${stack_images[@]}"; do
		changes=()
		while IFS= read -r change; do
			changes+=(--change "$change")
		done < <(inside firkin "${stack[@]}" inspect "$image" | jq -r '
			.[0].Config
			| (.Env // [] | .[] | capture("(?<k>[^=]*)=(?<v>.*)")
				| "ENV \(.k)=\(.v | tojson | gsub("[$]"; "\\$"))"),
			(.Entrypoint // empty | "ENTRYPOINT \(tojson)"),
			(.Cmd // empty | "CMD \(tojson)"),
			(.User // empty | select(. != "") | "USER \(.)"),
			(.WorkingDir // empty | select(. != "") | "WORKDIR \(.)"),
			(.Volumes // {} | keys[] | "VOLUME \(.)")')
		inside firkin "${stack[@]}" run --rm --network none --read-only --user 0 \
			--entrypoint tar "$image" -C / --one-file-system -cf - . \
			</dev/null 2>"$temp/err" |
			inside peers docker import "${changes[@]}" - "$image" \
				>/dev/null 2>>"$temp/err" || return 1
	done
}
