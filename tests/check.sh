#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# All tests: source rules, unit tests and end-to-end tests, the latter with the sanitized program.
# Ends with "N passed, N failed"; exit status 0 only when nothing failed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
top=$PWD
out=$top/out
passed=0 failed=0
failures=()

note() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
pass() { passed=$((passed + 1)); }
fail() {
	failed=$((failed + 1))
	failures+=("$1")
	printf 'not ok: %s\n' "$1"
}
rule() { # rule NAME COMMAND...
	local name=$1
	shift
	if "$@" >"$out/rule.log" 2>&1; then pass; else cat "$out/rule.log"; fail "$name"; fi
}

note "build with AddressSanitizer and UndefinedBehaviorSanitizer"
[ -e "$out/check/build.ninja" ] || meson setup "$out/check" --buildtype=debugoptimized -Dwerror=true \
	-Db_sanitize=address,undefined -Db_lundef=false -Dstatic_libraries=false >"$out/meson.log" 2>&1 ||
	{ cat "$out/meson.log"; echo "0 passed, 1 failed"; exit 1; }
if ninja -C "$out/check" >"$out/ninja.log" 2>&1; then pass; else
	grep -E 'error|warning|FAILED' -A5 "$out/ninja.log" | head -60
	echo "0 passed, 1 failed"
	exit 1
fi
note "release build"
if ./dev build >"$out/build.log" 2>&1; then pass; else cat "$out/build.log"; fail "release build"; fi

note "source rules"
rule "tools/check-source" tools/check-source
rule "tools/check-symbols" tools/check-symbols "$out/release"
rule "shellcheck" bash -c 'git ls-files -co --exclude-standard | xargs grep -lE "^#!/bin/(ba)?sh" 2>/dev/null | xargs shellcheck -S warning'
rule "codespell" bash -c 'git ls-files -co --exclude-standard | grep -vE "package-lock.json|^tests/|LICENSE" | xargs codespell -q 3 -L "mis,ot,ro,te,nd,crate,ser,froms"'

# Sanitizers stop at the first finding; leaks count. Children after clone exit without the leak check.
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:exitcode=99:detect_stack_use_after_return=0
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export FIRKIN_SOURCE=$top
export FIRKIN_GOLDEN=$top/tests/golden/compose
export FIRKIN_INIT=$out/firkin-init

rule "fuzz corpora replay cleanly" tests/fuzz/run.sh --replay

note "unit tests"
for test in "$out"/check/tests/test-*; do
	[ -x "$test" ] && [ -f "$test" ] || continue
	name=$(basename "$test")
	timeout 300 "$test" >"$out/unit.log" 2>&1 </dev/null
	status=$?
	counts=$(grep -oE '[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+' "$out/unit.log" | tail -1)
	checks=$(sed -E 's/.*Checks: ([0-9]+).*/\1/' <<<"$counts")
	bad=$(sed -E 's/.*Failures: ([0-9]+), Errors: ([0-9]+).*/\1+\2/' <<<"$counts")
	if [ $status -eq 0 ] && [ -n "$counts" ]; then
		passed=$((passed + checks))
		printf '%-40s %s\n' "$name" "$checks"
	elif [ $status -eq 77 ]; then
		printf '%-40s skipped: %s\n' "$name" "$(tail -1 "$out/unit.log")"
	else
		cat "$out/unit.log"
		[ -n "$counts" ] && [ $((bad)) -gt 0 ] && passed=$((passed + checks - (bad)))
		fail "$name (status $status)"
	fi
done

note "end-to-end tests"
export FIRKIN=${FIRKIN:-$out/check/src/cli/firkin}
export FIRKIN_RELEASE=$out/release/src/cli/firkin
for file in tests/e2e/*.bats; do
	printf '%s\n' "$file"
	timeout 1500 bats --formatter tap "$file" >"$out/bats.log" 2>&1 </dev/null
	grep -E '^not ok' -A25 "$out/bats.log" || true
	ok=$(grep -cE '^ok ' "$out/bats.log")
	bad=$(grep -cE '^not ok ' "$out/bats.log")
	skipped=$(grep -cE '^ok .* # skip' "$out/bats.log")
	planned=$(sed -nE 's/^1\.\.([0-9]+)$/\1/p' "$out/bats.log")
	passed=$((passed + ok - skipped))
	failed=$((failed + bad))
	[ "$bad" -eq 0 ] || failures+=("$file: $bad")
	[ -n "$planned" ] && [ $((ok + bad)) -eq "$planned" ] || { tail -5 "$out/bats.log"; fail "$file did not finish"; }
done

note "what is left behind"
rule "no interface, table or cgroup is left" bash -c '
	! ip -br link | grep -E "^fk" && ! nft list tables 2>/dev/null | grep -E "firkin-fk" &&
	! find /sys/fs/cgroup -maxdepth 3 -type d -name firkin | grep .'

for f in "${failures[@]}"; do printf 'FAILED: %s\n' "$f"; done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
