#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Creates the database cluster at the first start, then becomes the server.
#
# The cluster is built in $PGDATA/.initdb.tmp, never in place:
#
#   .initdb.tmp    being built; after a crash it is thrown away and rebuilt
#   .initdb.done   complete and on disk; its entries are being moved up
#   PG_VERSION     moved last: from here on this is an ordinary data directory
#
# So a container killed at any moment of its first start recovers at the next one,
# and nothing can connect before initialisation is over: the server that runs the
# scripts listens on a private socket only, so pg_isready does not report it.
set -eu

data=$PGDATA

die() {
	echo "docker-entrypoint.sh: $*" >&2
	exit 1
}

# file_env NAME [DEFAULT] - set NAME from itself, from the file NAME_FILE, or DEFAULT
file_env() {
	eval "value=\${$1-} file=\${${1}_FILE-}"
	if [ -n "$value" ] && [ -n "$file" ]; then
		die "$1 and ${1}_FILE are both set: set one of them"
	fi
	if [ -n "$file" ]; then
		[ -r "$file" ] || die "${1}_FILE: cannot read '$file'"
		value=$(cat "$file")
	fi
	export "$1=${value:-${2-}}"
	unset "${1}_FILE"
}

read_settings() {
	file_env POSTGRES_USER postgres
	file_env POSTGRES_PASSWORD
	file_env POSTGRES_DB "$POSTGRES_USER"
	file_env POSTGRES_INITDB_ARGS
	: "${POSTGRES_HOST_AUTH_METHOD:=}"
	if [ -z "$POSTGRES_PASSWORD" ] && [ "$POSTGRES_HOST_AUTH_METHOD" != trust ]; then
		die "no superuser password: set POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE," \
			"or POSTGRES_HOST_AUTH_METHOD=trust to let everyone in without one"
	fi
	# Single-user mode and pg_hba.conf are both read line by line.
	case "$POSTGRES_DB$POSTGRES_HOST_AUTH_METHOD" in
	*'
'*) die "POSTGRES_DB and POSTGRES_HOST_AUTH_METHOD must not contain a line break" ;;
	esac
}

# Root's part: own the data directory, then come back as user postgres.
step_down() {
	mkdir -p "$PGDATA" /var/run/postgresql
	# The owner of the top directory stands for the rest: walking a large
	# cluster at every start would cost seconds.
	if [ "$(stat -c %u "$PGDATA")" != "$(id -u postgres)" ]; then
		chown -R postgres:postgres "$PGDATA"
	fi
	# A tmpfs mounted here or on /run belongs to root. The mode comes first: once the
	# owner is another, changing it takes a capability that may be dropped.
	if [ "$(stat -c %u /var/run/postgresql)" != "$(id -u postgres)" ]; then
		chmod 3777 /var/run/postgresql
		chown postgres:postgres /var/run/postgresql
	fi
	export HOME=/var/lib/postgresql
	exec setpriv --reuid=postgres --regid=postgres --init-groups -- "$0" "$@"
}

# The server refuses a data directory that others can read: a bind mount, a copy.
restrict_pgdata() {
	case "$(stat -c %a "$data")" in
	700 | 750) ;;
	*) chmod 0700 "$data" ;;
	esac
}

# A directory that holds somebody's files but no cluster is not ours to fill.
require_empty_pgdata() {
	stranger=$(find "$data" -mindepth 1 -maxdepth 1 ! -name lost+found ! -name .initdb.tmp \
		-print -quit)
	[ -z "$stranger" ] ||
		die "PGDATA '$data' is not empty and holds no cluster: found '$stranger'"
}

# create_cluster DIR - initdb, with the superuser and its password
#
# --no-sync, because initialise syncs once for everything that follows too; hence
# no stdout, which would warn of that. --auth=trust is for the container's own
# socket and loopback; allow_network_clients decides about everybody else.
# TZ, because initdb otherwise compares the machine's clock with every time zone.
create_cluster() {
	set -- -D "$1" -U "$POSTGRES_USER" --auth=trust --no-sync --no-instructions
	[ -z "$POSTGRES_PASSWORD" ] || set -- "$@" --pwfile=/dev/stdin
	# The variable is a list of words by definition.
	# shellcheck disable=SC2086
	printf '%s\n' "$POSTGRES_PASSWORD" |
		TZ="${TZ:-UTC}" initdb "$@" $POSTGRES_INITDB_ARGS > /dev/null
}

# create_database DIR - without a server: single-user mode is three times as fast
#
# exit_on_error makes a failed statement a failed process.
create_database() {
	[ "$POSTGRES_DB" != postgres ] || return 0
	name=$(printf '%s' "$POSTGRES_DB" | sed 's/"/""/g')
	echo "CREATE DATABASE \"$name\"" |
		postgres --single -F -c exit_on_error=true -c log_checkpoints=off -D "$1" \
			postgres > /dev/null
}

allow_network_clients() {
	method=$POSTGRES_HOST_AUTH_METHOD
	[ -n "$method" ] || method=$(postgres -C password_encryption -D "$1")
	printf '\nhost all all all %s\n' "$method" >> "$1/pg_hba.conf"
}

run_sql() {
	psql -v ON_ERROR_STOP=1 --no-password --no-psqlrc --quiet
}

run_init_file() {
	echo "docker-entrypoint.sh: running $1"
	case "$1" in
	*.sh) if [ -x "$1" ]; then "$1"; else bash -e "$1"; fi ;;
	*.sql) run_sql < "$1" ;;
	*.sql.gz) gzip -dc "$1" | run_sql ;;
	*.sql.xz) xz -dc "$1" | run_sql ;;
	*.sql.zst) zstd -dcq "$1" | run_sql ;;
	*) echo "docker-entrypoint.sh: ignoring $1" ;;
	esac
}

# run_init_files DIR - needs a server; skipped when there is nothing to run
#
# Scripts see the cluster being built as PGDATA and reach it without arguments.
run_init_files() {
	[ -n "$(find /docker-entrypoint-initdb.d -mindepth 1 -maxdepth 1 -print -quit)" ] || return 0
	sockets=/var/run/postgresql/.initdb
	rm -rf "$sockets"
	install -d -m 0700 "$sockets"
	pg_ctl -D "$1" -w start > /dev/null \
		-o "-c fsync=off -c listen_addresses='' -c unix_socket_directories='$sockets'"
	export PGDATA="$1" PGHOST="$sockets" PGUSER="$POSTGRES_USER" PGDATABASE="$POSTGRES_DB"
	for init_file in /docker-entrypoint-initdb.d/*; do
		if ! run_init_file "$init_file"; then
			pg_ctl -D "$1" -w -m immediate stop > /dev/null
			die "'$init_file' failed: the next start begins afresh"
		fi
	done
	export PGDATA="$data"
	unset PGHOST PGUSER PGDATABASE
	pg_ctl -D "$1" -w -m fast stop > /dev/null
	rm -rf "$sockets"
}

# Everything in .initdb.done is on disk before PG_VERSION says so.
publish_cluster() {
	find "$data/.initdb.done" -mindepth 1 -maxdepth 1 ! -name PG_VERSION \
		-exec mv -t "$data" {} +
	sync "$data"
	mv "$data/.initdb.done/PG_VERSION" "$data/PG_VERSION"
	rmdir "$data/.initdb.done"
	sync "$data"
}

initialise() {
	if [ ! -d "$data/.initdb.done" ]; then
		read_settings
		require_empty_pgdata
		echo "docker-entrypoint.sh: creating the cluster in $data"
		new=$data/.initdb.tmp
		rm -rf "$new"
		create_cluster "$new"
		create_database "$new"
		allow_network_clients "$new"
		run_init_files "$new"
		# fsync of these files only: sync(1) would wait for the whole file system.
		initdb --sync-only -D "$new" > /dev/null
		mv "$new" "$data/.initdb.done"
		sync "$data"
	fi
	publish_cluster
	echo "docker-entrypoint.sh: cluster complete"
}

# "run postgres:15 -c work_mem=8MB" means the server.
case "${1-}" in
-*) set -- postgres "$@" ;;
esac

if [ "${1-}" = postgres ]; then
	[ "$(id -u)" != 0 ] || step_down "$@"
	case " $* " in
	*" --help "* | *" -? "* | *" --version "* | *" -V "* | *" --describe-config "*) ;;
	*)
		restrict_pgdata
		[ -s "$data/PG_VERSION" ] || initialise
		;;
	esac
	# The server and its children have no use for the password.
	unset POSTGRES_PASSWORD
fi

exec "$@"
