#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The two sides of a comparison: firkin and its peers. Each has mount, network and process
# namespaces of its own, so that bridges, rules, mounts and daemons vanish with it, even after
# kill -9, and the host keeps its own as they were. Sourced by run.sh; needs $temp.

declare -A side_pid=()
side_env=()

# side_cgroups DIR HYBRID: the host's cgroup hierarchies below DIR, to be moved to their place
side_cgroups() {
	local dir
	if [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]; then
		mount --rbind /sys/fs/cgroup "$1"
		return
	fi
	mount -t tmpfs -o mode=755 cgroup "$1"
	for dir in /sys/fs/cgroup/*; do
		if [ -L "$dir" ]; then
			cp -a "$dir" "$1/"
			continue
		fi
		# crun refuses a hybrid whose version 2 side has controllers
		[ "$2" = hybrid ] || [ "$(stat -fc %T "$dir")" != cgroup2fs ] || continue
		mkdir "$1/${dir##*/}"
		mount --bind "$dir" "$1/${dir##*/}"
	done
}

# side_main ROOT TEMP hybrid|legacy: process 1 of a side makes its mounts, then only reaps.
# A ROOT other than / is a system of its own, and is entered read-only.
side_main() {
	set -eu
	local root=$1 temp=$2 stage
	stage=$(mktemp -d "$temp/cgroup.XXXXXX")
	side_cgroups "$stage" "$3"
	if [ "$root" = / ]; then
		umount -lR /sys
		mount -t proc proc /proc
	else
		mount --bind "$root" "$root"
		cd "$root"
		mount -t proc proc proc
		mount --rbind /dev dev
		mount -t tmpfs tmpfs tmp
		mount -t tmpfs tmpfs var/tmp
		mkdir -p ".$temp" tmp/old
		mount --bind "$temp" ".$temp"
		mount --move "$stage" ".$stage"
		mount -o remount,bind,ro "$root"
		pivot_root . tmp/old
		cd /
		umount -l /tmp/old
	fi
	# What engines write no option moves elsewhere
	mount -t tmpfs tmpfs /run
	mount -t tmpfs tmpfs /var/cache
	mount -t sysfs sysfs /sys
	mount --move "$stage" /sys/fs/cgroup
	ip link set lo up
	echo ready
	exec >/dev/null
	sleep infinity &
	wait
}

# side_open NAME ROOT hybrid|legacy
side_open() {
	local name=$1 ready='' fd=''
	exec {fd}< <(exec setpriv --pdeathsig KILL unshare --mount --net --pid --fork --kill-child \
		--propagation private bash -c '. "$0"; side_main "$@"' "${BASH_SOURCE[0]}" \
		"$2" "$temp" "$3" 2>"$temp/$name.err")
	side_pid[$name]=$!
	read -r ready <&"$fd" || true
	exec {fd}<&-
	[ "$ready" = ready ] || {
		echo "bench: no namespaces for $name: $(tail -n 1 "$temp/$name.err")" >&2
		return 1
	}
}

# inside NAME COMMAND...: killed when it hangs
inside() {
	local proc=/proc/${side_pid[$1]}/ns
	shift
	timeout --foreground --signal=KILL "${limit:-180}" nsenter \
		--mount="$proc/mnt" --net="$proc/net" --pid="$proc/pid_for_children" \
		env -i "${side_env[@]}" "$@"
}

# side_close NAME: everything in it dies with its process 1
side_close() {
	local pid=${side_pid[$1]:-}
	[ -n "$pid" ] || return 0
	unset "side_pid[$1]"
	kill -KILL "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
}
