# Runs one command at the terminal that this shell has. What it tells of it, behind a byte 1 and its tag, and what the program
# prints are one stream: what comes before record S is the echo of what was typed to start this, and is thrown away.
__sk_say() {
    printf '\001%s %s \n' "$__sk_n" "$1" >&3
}

__sk_start() {
    # from now on the terminal is the program's
    __sk_say S
    exec "$@" 2>&1 3>&-
}

__sk_run() {
    rm -f "$__sk_h/cmd"
    exec 3>&1 2>/dev/null
    # what is typed for the program comes here too
    trap : TERM HUP INT QUIT USR1 USR2 ALRM URG PIPE
    trap '' TTOU
    __sk_w=
    if [ "$__sk_t" != 0 ] || [ -n "$__sk_v" ]; then
        __sk_timer </dev/null >/dev/null &
        __sk_w=$!
    fi
    (__sk_become "$@")
    __sk_y=$?
    [ -z "$__sk_w" ] || kill -14 "$__sk_w"
    __sk_uninterpreted "$__sk_y" "$1"
    read -r __sk_me __sk_l </proc/self/stat
    __sk_c=0
    __sk_sweep 0 - "$__sk_n" 0
    rm -rf "$__sk_h"
    __sk_say "X $__sk_y $__sk_c"
    exit "$__sk_y"
}
