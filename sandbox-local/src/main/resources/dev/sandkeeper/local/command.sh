# Starts one command in a sandbox. Runs on the host as the JVM's user until setpriv, then becomes nsenter.
# $1 has the settings, shell assignments that end with "set -- PROGRAM ARGUMENT..."; if it is empty they are the first $2 bytes of
# standard input, because the JVM cannot pass all of them as an argument. The next $3 bytes of standard input are further
# arguments of bubblewrap, with what must not be seen in a list of processes.
private=$3
if [ -n "$1" ]; then
    settings=$1
else
    settings=$(dd "bs=$2" count=1 iflag=fullblock 2>/dev/null)
fi
eval "$settings"
unset settings

start_ticks() {
    shift 19
    ticks=$1
}

# Becomes the command: the number of this process is nsenter's later, whose only grandchild is the first process inside.
enter() {
    read -r stat </proc/self/stat
    start_ticks ${stat##*) }
    due=0
    if [ "$wait" != 0 ]; then
        read -r uptime _ </proc/uptime
        due=$((${uptime%%.*} + wait))
    fi
    exec 7>"$record" || exit 1
    echo "${stat%% *} $ticks $due" >&7
    # The warden looks at all records after it has made this file: one of both sees the other.
    [ ! -e "${record%/*}/closed" ] || exit 1
    for group in $groups; do
        echo 0 >"$group" || exit 1
    done
    limit || exit 1
    exec 8<"/proc/$holder/root/tmp/arguments" || exit 1
    filter=
    # It is empty where there is none for this processor.
    if [ -s "/proc/$holder/root/tmp/filter" ]; then
        filter='--seccomp 6'
        exec 6<"/proc/$holder/root/tmp/filter" || exit 1
    fi
    exec $become "$nsenter" -t "$holder" -U --preserve-credentials $net -p -i -m \
        "$bwrap" --args 8 $extra $filter --json-status-fd 7 --chdir "$directory" -- "$@"
}

limit() {
    ulimit -c 0
    ulimit -n "$files" || return 1
    [ "$memory" = 0 ] || ulimit -v "$memory" || return 1
    # Called -p by dash and busybox; to bash that is the size of pipes, which cannot be set.
    [ "$processes" = 0 ] || ulimit -p "$processes" 2>/dev/null || ulimit -u "$processes"
}

if [ "$private" = 0 ]; then
    extra=
    enter "$@"
else
    extra='--args 9'
    exec 3<&0
    # bubblewrap reads to the end of these before it starts the program, which finds its own input behind them.
    dd "bs=$private" count=1 iflag=fullblock <&3 2>/dev/null | {
        exec 9<&0 0<&3 3<&-
        enter "$@"
    }
fi
