# Sourced by the scripts that run tests, after setup.bash: gives a run a temporary directory and a Docker engine, ends by
# process id whatever it started, and says what of ours is left on this machine.
# shellcheck shell=bash

work=$(mktemp -d)
# the tests' temporary directory: what belongs to this run is known by it
mkdir "$work/tmp"
# as /tmp is: tests have ordinary users go through it
chmod 711 "$work"
chmod 1777 "$work/tmp"
# Maven's own too, and through its JVM: as a property of the build it would reach the tests twice
export MAVEN_OPTS="${MAVEN_OPTS:-} -Djava.io.tmpdir=$work/tmp"
child='' dockerd=''
finish() {
    local status=$? process
    trap '' INT TERM
    if [ -n "$child" ]; then
        for process in $(descendants "$child") "$child"; do end "$process"; done
    fi
    for process in $(inside); do end "$process"; done
    if [ -e "$work/before" ] && ! inventory_new >/dev/null; then
        say "this run, or somebody else in the meantime, has left on this machine:"
        inventory_new || true
    fi
    if [ -n "$dockerd" ]; then end "$dockerd"; fi
    rm -rf -- "$work"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Ends a process of this run, and waits until it is gone.
end() {
    local i
    kill "$1" 2>/dev/null || return 0
    for i in $(seq 300); do
        kill -0 "$1" 2>/dev/null || break
        [ "$i" != 200 ] || kill -9 "$1" 2>/dev/null || true
        sleep 0.1
    done
    wait "$1" 2>/dev/null || true
}

# The processes that a process has started, the last ones first.
descendants() {
    local process
    for process in $(ps -o pid= --ppid "$1"); do
        descendants "$process"
        echo "$process"
    done
}

# The processes of this run: its temporary directory is among their arguments or, in a jail, among their mounts. A mount of
# the host itself is seen by every process there is and says nothing about any of them.
inside() {
    local process host
    host=$(readlink /proc/self/ns/mnt)
    for process in /proc/[0-9]*; do
        [ "${process#/proc/}" != "$$" ] || continue
        if grep -qsF "$work/tmp" "$process/cmdline"; then
            echo "${process#/proc/}"
        elif grep -qsF "$work/tmp" "$process/mountinfo"; then
            case $(readlink "$process/ns/mnt") in
                '' | "$host") ;;
                *) echo "${process#/proc/}" ;;
            esac
        fi
    done
}

# Ends the engine if this script started it, and fails if it does not end.
stop_engine() {
    [ -n "$dockerd" ] || return 0
    # without the engine nobody can look again
    rm -f "$work/before"
    end "$dockerd"
    ! kill -0 "$dockerd" 2>/dev/null || fail "the engine that this script started, process $dockerd, does not end"
    dockerd=
}

# Everything that the tests use.
need_all() {
    need bubblewrap:bwrap busybox-static:busybox debootstrap:debootstrap util-linux:unshare procps:ps
    if ldd "$(command -v busybox)" >/dev/null 2>&1; then install_packages busybox-static; fi
    need_servers
    bwrap --unshare-all --ro-bind / / true ||
        fail "bubblewrap cannot make a jail here; see above. User namespaces may be switched off: sysctl kernel.unprivileged_userns_clone=1"
    have docker || [ "$(id -u)" = 0 ] || fail "there is no docker command. As root: apt-get install docker.io"
    ensure_engine
    scripts/test-images
    inventory | sort >"$work/before"
}

# The programs of the database servers, which tests start for themselves.
need_servers() {
    local missing=()
    have initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
    have mariadbd || [ -x /usr/sbin/mariadbd ] || missing+=(mariadb-server)
    install_packages "${missing[@]}"
}

# phase NAME COMMAND...: a signal to this script ends the command.
phase() {
    local name=$1 started=$SECONDS status=0
    shift
    "$@" </dev/null &
    child=$!
    wait "$child" || status=$?
    child=
    say "$name: $([ "$status" = 0 ] && echo passed || echo FAILED) after $((SECONDS - started)) s"
    return "$status"
}

engine_answers() {
    docker version >"$work/engine" 2>&1
}

ensure_engine() {
    engine_answers && return
    [ "$(id -u)" = 0 ] || fail "no Docker engine answers: $(tail -n 1 "$work/engine"). Start one that you may use"
    [ -z "${DOCKER_HOST:-}" ] || fail "no engine answers at DOCKER_HOST=$DOCKER_HOST: $(tail -n 1 "$work/engine")"
    have dockerd || install_packages docker.io
    engine_answers && return
    # another engine's, which was killed: none answers, and dockerd would refuse
    rm -f /var/run/docker.pid
    say "starts a Docker engine"
    dockerd >"$work/dockerd" 2>&1 </dev/null &
    dockerd=$!
    local i
    for i in $(seq 300); do
        engine_answers && return
        kill -0 "$dockerd" 2>/dev/null || break
        sleep 0.2
    done
    tail -n 20 "$work/dockerd" >&2
    fail "dockerd did not come up; see above"
}

# What the engine has of ours, a line each.
at_engine() {
    local filter=label=dev.sandkeeper.managed=true
    docker ps --all --filter "$filter" --format 'container {{.Names}}'
    docker volume ls --filter "$filter" --format 'volume {{.Name}}'
    docker network ls --filter "$filter" --format 'network {{.Name}}'
}

# What this host has of ours, a line each.
on_host() {
    local process
    for process in $(inside); do
        echo "process $process $(tr '\0' ' ' 2>/dev/null <"/proc/$process/cmdline" | cut -c 1-200)"
    done
    find "$work/tmp" -mindepth 1 -maxdepth 1 ! -name 'hsperfdata_*' -printf 'file %p\n'
    grep -F "$work/tmp" /proc/self/mountinfo | sed 's/^/mount /' || true
}

# What may be there from before, a line each.
inventory() {
    at_engine
    find /tmp /var/tmp -mindepth 1 -maxdepth 1 \( -name 'junit*' -o -name 'sandkeeper*' \) -printf 'file %p\n'
    # the local backend keeps its state directory and one, empty, for each deployment
    find /var/lib/sandkeeper "${XDG_STATE_HOME:-$HOME/.local/state}/sandkeeper" -mindepth 2 -maxdepth 2 \
        -printf 'file %p\n' 2>/dev/null || true
    # the same goes for the parent of its control groups
    find /sys/fs/cgroup -mindepth 2 -maxdepth 4 -type d -path '*/sandkeeper/*' -printf 'control group %p\n'
}

# Names what was not there before this run; fails if there is any.
inventory_new() {
    inventory | sort >"$work/after"
    ! comm -13 "$work/before" "$work/after" | grep .
}

# What only takes a moment to go gets one.
nothing_left() {
    local i
    for i in $(seq 10); do
        if { on_host | tee "$work/left" | grep -q .; }; then :; elif inventory_new >"$work/left"; then return 0; fi
        sleep 1
    done
    sed 's/^/  left: /' "$work/left" >&2
    return 1
}
