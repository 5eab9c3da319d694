#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Starts redis-server as user redis with the official image's defaults.
set -eu

# "run redis:7 --appendonly yes" and "run redis:7 my.conf" mean the server.
case "${1-}" in
-* | *.conf) set -- redis-server "$@" ;;
esac

if [ "${1-}" = redis-server ] && [ "$(id -u)" = 0 ]; then
	# A fresh bind mount belongs to root. A directory already ours is left
	# alone: walking a large one at every start would cost seconds.
	if [ "$(stat -c %u .)" != "$(id -u redis)" ]; then
		chown -R redis:redis .
	fi
	exec setpriv --reuid=redis --regid=redis --init-groups -- "$0" "$@"
fi

if [ "${1-}" = redis-server ]; then
	# Nobody else on the machine needs to read a dump of the data.
	umask 0077
	# Protected mode refuses every client that is not on loopback, which in a
	# container is every client. A configuration file that decides is obeyed.
	case "${2-}" in
	*.conf)
		if ! grep -Eqi '^[[:space:]]*protected-mode[[:space:]]' "$2"; then
			set -- "$@" --protected-mode no
		fi
		;;
	*)
		shift
		set -- redis-server --protected-mode no "$@"
		;;
	esac
fi

exec "$@"
