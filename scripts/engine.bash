# Sourced by the scripts that run tests, after setup.bash: a Docker engine for them, and what of ours is on this machine.
# shellcheck shell=bash

engine_pid=''
engine_log=''

engine_answers() {
    docker version >/dev/null 2>&1
}

# Starts an engine if none answers. It is ours then, and stop_engine ends it.
ensure_engine() {
    engine_answers && return 0
    [ "$(id -u)" = 0 ] || fail "no Docker engine answers, or you may not use it. As root: service docker start"
    [ -z "${DOCKER_HOST:-}" ] || fail "no Docker engine answers at DOCKER_HOST=$DOCKER_HOST"
    have dockerd || install_packages docker.io
    engine_log=$(mktemp)
    rm -f /var/run/docker.pid
    setsid dockerd >"$engine_log" 2>&1 </dev/null &
    engine_pid=$!
    local tries=0
    until engine_answers; do
        tries=$((tries + 1))
        if [ "$tries" -gt 60 ] || ! kill -0 "$engine_pid" 2>/dev/null; then
            tail -n 20 "$engine_log" >&2
            fail "dockerd did not start; see above"
        fi
        sleep 1
    done
    say "started a Docker engine, process $engine_pid"
}

stop_engine() {
    [ -n "$engine_pid" ] || return 0
    kill "$engine_pid" 2>/dev/null || true
    wait "$engine_pid" 2>/dev/null || true
    rm -f "$engine_log"
    engine_pid=''
}

# What of ours exists on this machine, a line each: containers, volumes, networks, jails, control groups, temporary files.
leftovers() {
    local label=label=dev.sandkeeper.managed=true
    docker ps -aq --filter "$label" | sed 's/^/container /'
    docker volume ls -q --filter "$label" | sed 's/^/volume /'
    docker network ls -q --filter "$label" | sed 's/^/network /'
    # a jail's holder, each of its commands and what watches them carry our name in their arguments
    pgrep -a bwrap | sed 's/^/process /' || true
    pgrep -af 'sandkeeper-(holder|command|warden)' | sed 's/^/process /' || true
    find /sys/fs/cgroup -mindepth 2 -type d -path '*/sandkeeper/*' 2>/dev/null | sed 's/^/control group /' || true
    grep -o ' /[^ ]*sandkeeper[^ ]* ' /proc/mounts | sed 's/^/mount/' || true
    find "${TMPDIR:-/tmp}" /var/tmp -mindepth 1 -maxdepth 1 \
        \( -name 'sandkeeper*' -o -name 'junit*' -o -name 'applets*' \) 2>/dev/null | sed 's/^/file /'
    # deployments that the local backend still keeps in its default directory
    find /var/lib/sandkeeper "${XDG_STATE_HOME:-$HOME/.local/state}/sandkeeper" -mindepth 2 -maxdepth 2 -type d 2>/dev/null |
        sed 's/^/state /' || true
}

# As leftovers, but what is just ending gets half a minute.
settled_leftovers() {
    local tries=0 left
    left=$(leftovers)
    while [ -n "$left" ] && [ "$tries" -lt 30 ]; do
        sleep 1
        tries=$((tries + 1))
        left=$(leftovers)
    done
    [ -z "$left" ] || echo "$left"
}
