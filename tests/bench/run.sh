#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2034,SC2154	# names shared with sides.sh and engines.sh
# Figures of firkin beside the peers that are installed, measured in turns on the same machine.
# usage: run.sh FIRKIN [ROW...]      as root; all rows when none is named
#   FIRKIN_PEERS=DIR        take the peers from the system in this directory, not from the machine
#   FIRKIN_BENCH_STORE=DIR  store that holds the images of examples/chat-backend
#                           (default: out/demo/store, which ./dev demo fills)
#   FIRKIN_BENCH_RUNS=N     runs of each command, instead of the row's own number
# A figure is the median of whole-process wall times after one run that does not count; "x" is the
# ratio to firkin. Timings decide nothing: the exit status is 0 when the table was printed.
set -euo pipefail

usage() {
	sed -n '/^# usage/,/^# *A figure/{/^# *A figure/!s/^# \{0,1\}//p}' "$0" >&2
	printf '  rows: %s\n' "${rows[*]}" >&2
	exit 2
}

# NAME TITLE RUNS UNIT GOAL BESIDE: a goal was set beside Docker's figure of the same hour (0: it
# stands alone). Where Docker runs here too, the goal moves with it: the ratio is what has to hold.
rows=(run-net run build rebuild config exec up reup memory size)
declare -A title runs unit goal beside
row() { title[$1]=$2 runs[$1]=$3 unit[$1]=$4 goal[$1]=$5 beside[$1]=$6; }
row run-net "run --rm true, network" 15 ms 8 306
row run "run --rm true, no network" 15 ms 4 188
row build "build, three RUN steps, no cache" 5 ms 40 630
row rebuild "build, nothing changed" 11 ms 8 132
row config "compose config" 15 ms 3 60
row exec "exec in a container" 15 ms 5 100
row up "PostgreSQL+Redis+Node, up --wait" 3 ms 2500 0
row reup "the same up again" 11 ms 20 1060
row memory "memory of the engine around it" 1 MB 4 0
row size "installed size" 1 MB 3 0

[ $# -ge 1 ] || usage
firkin=$(realpath "$1")
shift
for name; do
	[ -n "${title[$name]:-}" ] || usage
done
[ $# -eq 0 ] || rows=("$@")
[ -x "$firkin" ] || { echo "bench: $firkin is no program" >&2; exit 2; }
[ "$(id -u)" -eq 0 ] || { echo "bench: needs root, as most of the peers do" >&2; exit 2; }

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
peers=$(realpath "${FIRKIN_PEERS:-/}")
store=${FIRKIN_BENCH_STORE:-$top/out/demo/store}
stack_images=(postgres:15 redis:7 chat-backend:1.0.0)
temp=$(mktemp -d /var/tmp/firkin-bench.XXXXXX)
example=$temp/chat-backend
notes=()
declare -A figure=()

# shellcheck source=tests/bench/sides.sh
. "$here/sides.sh"
# shellcheck source=tests/bench/engines.sh
. "$here/engines.sh"

note() { notes+=("$1: $(tail -n 1 "$temp/err" | cut -c 1-200)"); }

cleanup() {
	local status=$?
	trap '' INT TERM
	set +e
	[ $status -eq 0 ] || tail -n 1 "$temp/err" >&2 2>/dev/null || true
	close_firkin
	close_docker
	side_close firkin
	side_close peers
	find /sys/fs/cgroup -mindepth 2 -depth -type d -path "*/${temp##*/}*" \
		-exec rmdir {} + 2>/dev/null || true
	rm -rf --one-file-system "$temp"
	exit $status
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Microseconds of one run of its arguments, which ends as they do
stopwatch='from=$EPOCHREALTIME; "$@" >/dev/null; status=$?; to=$EPOCHREALTIME
	echo $((${to/./} - ${from/./})); exit $status'

sample() { # sample ENGINE ROW: in milliseconds
	local cmd time
	engine_command "$1" "$2" || return 1
	time=$(inside "$(side_of "$1")" bash -c "$stopwatch" bash "${cmd[@]}" \
		</dev/null 2>"$temp/err") || return 1
	awk -v us="$time" 'BEGIN {print us / 1000}'
}

median() {
	sort -n | awk '{v[NR] = $1} END {print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2}'
}

# measure_time ROW ENGINE...: in turns, so that what else the machine does meets all of them, and in
# an order drawn anew each time. The pause lets the work that a run leaves behind end: without it,
# the next one pays for it, or profits from a kernel that has not come to rest.
measure_time() {
	local row=$1 engine turn count=${FIRKIN_BENCH_RUNS:-${runs[$1]}} fit=()
	shift
	for engine; do
		if engine_hook "$engine" "$row" begin && engine_hook "$engine" "$row" before &&
			sample "$engine" "$row" >/dev/null; then
			fit+=("$engine")
		else
			figure[$row/$engine]=failed
			note "$engine, $row"
		fi
	done
	for ((turn = 0; turn < count; turn++)); do
		for engine in $(shuf -e -- "${fit[@]}"); do
			engine_hook "$engine" "$row" before || true
			sleep 0.1
			sample "$engine" "$row" >>"$temp/times.$row.$engine" || {
				figure[$row/$engine]=failed
				note "$engine, $row"
			}
		done
	done
	for engine; do
		engine_hook "$engine" "$row" end || true
		[ -n "${figure[$row/$engine]:-}" ] ||
			figure[$row/$engine]=$(median <"$temp/times.$row.$engine")
	done
}

# measure_memory ROW ENGINE...: proportional set size of all its processes, among them what it adds
# to each container
measure_memory() {
	local row=$1 engine cmd resident
	shift
	for engine; do
		engine_command "$engine" "$row"
		on "$engine" "${cmd[@]}" || {
			figure[$row/$engine]=failed
			note "$engine, $row"
			continue
		}
		# shellcheck disable=SC2016
		read -r figure["$row/$engine"] resident < <(inside "$(side_of "$engine")" bash -c '
			for p in /proc/[0-9]*; do
				[[ $(readlink "$p/exe") =~ $0 ]] && cat "$p/smaps_rollup"
			done 2>/dev/null' "${processes[$engine]}" |
			awk '{mb[$1] += $2 * 1024 / 1e6} END {print mb["Pss:"], mb["Rss:"]}')
		notes+=("$engine, $row: $(show "$resident") MB with shared pages in each process")
	done
}

# measure_size ROW ENGINE...: its executables, shared libraries left out
measure_size() {
	local row=$1 engine files part sizes
	shift
	for engine; do
		if [ "$engine" = firkin ]; then
			files=("$firkin")
			for part in firkin-init firkin-remote; do
				[ ! -e "$top/out/$part" ] || files+=("$top/out/$part")
			done
			sizes=$(stat -Lc %s "${files[@]}")
		else
			# shellcheck disable=SC2016,SC2086
			sizes=$(inside peers env PATH="$part_path" bash -c '
				for part; do
					path=$(command -v "$part") && stat -Lc %s "$path"
				done; true' bash ${parts[$engine]})
		fi
		figure[$row/$engine]=$(awk '{b += $1} END {print b / 1e6}' <<<"$sizes")
	done
}

calculate() { awk "BEGIN {print ($1)}"; }
show() { # show NUMBER: three digits are worth printing
	awk -v v="$1" 'BEGIN {printf(v < 10 ? "%.2f" : v < 100 ? "%.1f" : "%.0f", v)}'
}

print_row() {
	local row=$1 engine cell own=${figure[$1/firkin]:-} docker=${figure[$1/docker]:-}
	local bound=${goal[$1]} verdict=- ratio
	if [ "${beside[$row]}" != 0 ] && [[ $docker =~ ^[0-9] ]]; then
		bound=$(calculate "$bound * $docker / ${beside[$row]}")
	fi
	if [[ $own =~ ^[0-9] ]]; then
		verdict=missed
		[ "$(calculate "$own <= $bound")" = 0 ] || verdict=met
	fi
	printf '%-37s' "${title[$row]}, ${unit[$row]}"
	for engine in "${present[@]}"; do
		cell=${figure[$row/$engine]:--}
		if [[ $cell =~ ^[0-9] ]]; then
			cell=$(show "$cell")
			if [ "$engine" != firkin ] && [[ $own =~ ^[0-9] ]]; then
				ratio=$(calculate "${figure[$row/$engine]} / $own")
				cell+=$(printf ' %.1fx' "$ratio")
			fi
		fi
		printf '%15s' "$cell"
	done
	printf '%9s  %s\n' "$(show "$bound")" "$verdict"
}

# engine_has ENGINE ROW
engine_has() {
	local cmd
	[ "$2" = size ] || engine_command "$1" "$2"
}

engine_is_wanted() {
	local name
	for name in "${rows[@]}"; do
		! engine_has "$1" "$name" || return 0
	done
	return 1
}

mkdir -p "$temp/firkin" "$temp/home"
cp -r "$top/examples/chat-backend" "$example"
make_base "$temp/base"
make_context "$temp/context"
make_containers_conf "$temp/containers"
side_env=(PATH="$system_path" HOME="$temp/home" TMPDIR="$temp"
	FIRKIN_ROOT="$temp/firkin/store" FIRKIN_RUN="$temp/firkin/run"
	DOCKER_HOST="unix://$temp/docker/socket" CONTAINERS_CONF="$temp/containers/containers.conf"
	CONTAINERS_STORAGE_CONF="$temp/containers/storage.conf" PODMAN_IGNORE_CGROUPSV1_WARNING=1)
side_open firkin / hybrid
side_open peers "$peers" legacy

present=() versions=()
for engine in "${engines[@]}"; do
	engine_is_installed "$engine" && engine_is_wanted "$engine" || continue
	if "setup_$engine"; then
		present+=("$engine")
		versions+=("$engine $(engine_version "$engine")")
	else
		note "$engine left out"
	fi
done

stack=()
for engine in "${present[@]}"; do
	[[ " ${rows[*]} " =~ \ (up|reup|memory)\  ]] && engine_has "$engine" up || continue
	if "setup_stack_$engine"; then
		stack+=("$engine")
	else
		note "$engine, ${title[up]}"
		[ "$engine" != firkin ] || break # the others take the images from its store
	fi
done

printf '%s\n\n%-37s' "$(printf '%s, ' "${versions[@]}")$(nproc) processors, Linux $(uname -r)" ""
printf '%15s' "${present[@]}"
printf '%9s\n' goal
for name in "${rows[@]}"; do
	fit=()
	for engine in "${present[@]}"; do
		if engine_has "$engine" "$name"; then fit+=("$engine"); fi
	done
	case $name in
	size) measure_size size "${fit[@]}" ;;
	memory) measure_memory memory "${stack[@]}" ;;
	up | reup) measure_time "$name" "${stack[@]}" ;;
	*) measure_time "$name" "${fit[@]}" ;;
	esac
	print_row "$name"
done
printf '\n'
[ ${#notes[@]} -eq 0 ] || printf '%s\n' "${notes[@]}"
nothing=$(for _ in {1..9}; do
	inside firkin bash -c "$stopwatch" bash "$temp/base/bin/true"
done | median)
echo "a process that does nothing takes $(show "$(calculate "$nothing / 1000")") ms of each time"
