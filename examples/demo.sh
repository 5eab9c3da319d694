#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The whole way of one backend: base image, service images, its own Dockerfile, the stack, a request.
# usage: demo.sh FIRKIN [--once]    FIRKIN_ROOT and FIRKIN_RUN say where (default: out/demo, /run/firkin-demo)
set -euo pipefail
firkin=$(realpath "$1")
once=${2:-}
here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$here")
export FIRKIN_ROOT=${FIRKIN_ROOT:-$top/out/demo/store}
export FIRKIN_RUN=${FIRKIN_RUN:-/run/firkin-demo}
export PORT=${PORT:-3000}
mkdir -p "$FIRKIN_ROOT"
cp "$top/images/aliases" "$FIRKIN_ROOT/aliases"
cd "$here/chat-backend"

step() { printf '\n\033[1m== %s\033[0m\n' "$*" >&2; }
now_ms() { echo $(($(date +%s%N) / 1000000)); }
have() { "$firkin" inspect "$1" >/dev/null 2>&1; }
seconds() { printf '%d.%02d' $(($1 / 1000)) $(($1 % 1000 / 10)); }

finish() {
	local status=$?
	[ $status -eq 0 ] || "$firkin" compose down -v >/dev/null 2>&1 || true
	exit $status
}
trap finish EXIT

step "base image and service images (kept in the store: only the first run makes them)"
have debian:bookworm || "$firkin" bootstrap debian:bookworm >/dev/null
for image in node:20 postgres:15 redis:7; do
	"$firkin" build --host-ca --progress plain -t "firkin.local/$image" "$top/images/${image%%:*}"
done

step "the backend from its Dockerfile"
"$firkin" compose --host-ca --progress plain build
step "the same again: everything is cached"
from=$(now_ms)
"$firkin" compose --host-ca --progress quiet build >/dev/null
echo "rebuilt in $(($(now_ms) - from)) ms" >&2

step "up"
"$firkin" compose down -v 2>/dev/null
from=$(now_ms)
"$firkin" compose up -d --wait
took=$(($(now_ms) - from))
"$firkin" compose ps
count=$("$firkin" compose ps --format json | grep -c '"Health":"healthy"')

step "a request over the published port"
url=http://127.0.0.1:$PORT
curl -fsS "$url/health"; echo
curl -fsS "$url/health/ready"; echo
name=demo-$RANDOM$RANDOM
json=(-H 'content-type: application/json')
curl -fsS "${json[@]}" -d "{\"username\":\"$name\",\"password\":\"correct horse battery\"}" "$url/api/auth/register" >/dev/null
token=$(curl -fsS "${json[@]}" -d "{\"username\":\"$name\",\"password\":\"correct horse battery\"}" "$url/api/auth/login" |
	sed -n 's/.*"token":"\([^"]*\)".*/\1/p')
room=$(curl -fsS "${json[@]}" -H "authorization: Bearer $token" -d "{\"name\":\"$name\"}" "$url/api/rooms" |
	sed -n 's/.*"id":"\{0,1\}\([^",}]*\).*/\1/p')
curl -fsS "${json[@]}" -H "authorization: Bearer $token" -d '{"body":"hello from a firkin"}' "$url/api/rooms/$room/messages"; echo
curl -fsS -H "authorization: Bearer $token" "$url/api/rooms/$room/messages"; echo

echo "demo: $count services healthy in $(seconds $took) s"
[ "$count" -eq 3 ]

if [ "$once" = --once ]; then
	step "down"
	from=$(now_ms)
	"$firkin" compose down -v
	echo "down in $(($(now_ms) - from)) ms" >&2
	rm -rf "$FIRKIN_RUN"
else
	cat >&2 <<-EOF

	The stack runs: curl $url/health
	  export FIRKIN_ROOT=$FIRKIN_ROOT FIRKIN_RUN=$FIRKIN_RUN; cd $PWD
	  $firkin compose logs -f        $firkin compose down -v
	EOF
fi
