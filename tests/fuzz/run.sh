#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Fuzzers: run.sh [SECONDS [NAME...]] runs each for that long (60), run.sh --replay [NAME...] only
# what is in the corpus. One line each; exit status 1 when one found something.
#
# Seeds are in tests/fuzz/corpus/NAME and stay as they are. What a run adds to them is kept in
# out/fuzz/corpus/NAME, and the inputs of findings in out/fuzz/findings.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$PWD/out/fuzz
modules=(base codec dockerfile compose image network)
packages=(jansson nettle libmnl yaml-0.1 libzstd liblzma libisal)

seconds=60
case ${1:-} in
--replay)
	seconds=0
	shift
	;;
[0-9]*)
	seconds=$1
	shift
	;;
esac

# Each source is compiled once; a fuzzer links what it needs out of one archive.
write_ninja() {
	local module source fuzzer objects=() includes='' private=''

	for module in "${modules[@]}"; do
		includes+=" -Isrc/$module/include"
		private+=" -iquote src/$module"
	done
	cat <<-EOF
	flags = -std=gnu17 -D_GNU_SOURCE -g -O1 -fno-omit-frame-pointer -fno-sanitize-recover=all$includes $(pkg-config --cflags "${packages[@]}")
	builddir = $out
	rule object
	  command = clang \$flags -fsanitize=fuzzer-no-link,address,undefined -MMD -MF \$out.d -c \$in -o \$out
	  depfile = \$out.d
	  deps = gcc
	rule archive
	  command = rm -f \$out && ar rcs \$out \$in
	rule fuzzer
	  command = clang \$flags$private -fsanitize=fuzzer,address,undefined -MMD -MF \$out.d \$in -o \$out $(pkg-config --libs "${packages[@]}") -lbz2
	  depfile = \$out.d
	  deps = gcc
	EOF
	for module in "${modules[@]}"; do
		for source in src/"$module"/*.c; do
			objects+=("$out/${source%.c}.o")
			echo "build $out/${source%.c}.o: object $source"
		done
	done
	echo "build $out/modules.a: archive ${objects[*]}"
	for fuzzer in tests/fuzz/fuzz_*.c; do
		echo "build $out/$(basename "$fuzzer" .c): fuzzer $fuzzer $out/modules.a"
	done
}

# fuzz NAME: one line; status 1 on a finding
fuzz() {
	local name=$1 log=$out/$1.log status=0 runs speed
	local seeds=tests/fuzz/corpus/$name options=(-timeout=20 -rss_limit_mb=2048 -print_final_stats=1
		"-artifact_prefix=$out/findings/$name-")

	[ -d "$seeds" ] || { printf '%-14s no corpus: %s\n' "$name" "$seeds"; return 1; }
	if [ "$seconds" -eq 0 ]; then
		"$out/fuzz_$name" "${options[@]}" -runs=0 "$seeds" >"$log" 2>&1 || status=$?
	else
		mkdir -p "$out/corpus/$name"
		"$out/fuzz_$name" "${options[@]}" "-max_total_time=$seconds" "$out/corpus/$name" "$seeds" \
			>"$log" 2>&1 || status=$?
	fi
	runs=$(sed -nE 's/^stat::number_of_executed_units: *//p' "$log")
	speed=$(sed -nE 's/^stat::average_exec_per_sec: *//p' "$log")
	if [ "$status" -eq 0 ]; then
		printf '%-14s %9s runs %7s/s  no findings\n' "$name" "${runs:-0}" "${speed:-0}"
		return 0
	fi
	printf '%-14s %9s runs %7s/s  FINDING: %s\n' "$name" "${runs:-0}" "${speed:-0}" \
		"$(grep -E -m1 'ERROR|runtime error|SUMMARY' "$log" || echo "status $status")"
	printf '  log:   %s\n' "$log"
	sed -nE "s|.*Test unit written to (.*)|  again: $out/fuzz_$name \1|p" "$log"
	return 1
}

mkdir -p "$out/findings"
write_ninja >"$out/build.ninja"
ninja -f "$out/build.ninja" >"$out/ninja.log" || { cat "$out/ninja.log"; exit 1; }
if [ $# -eq 0 ]; then
	mapfile -t names < <(printf "%s\n" tests/fuzz/fuzz_*.c | sed -E "s,.*/fuzz_(.*)\.c$,\1,")
	set -- "${names[@]}"
fi
found=0
for name in "$@"; do
	[ -x "$out/fuzz_$name" ] || { echo "there is no tests/fuzz/fuzz_$name.c" >&2; exit 2; }
	fuzz "$name" || found=1
done
exit $found
