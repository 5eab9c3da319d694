#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Before the server starts: check the configuration, wait for PostgreSQL and Redis,
# and migrate if RUN_MIGRATIONS=true. Any other command runs as it is.
set -eu

case "$*" in
"node dist/server.js"*)
	node dist/wait.js
	if [ "$RUN_MIGRATIONS" = true ]; then
		node dist/migrate.js
	fi
	;;
esac

exec "$@"
