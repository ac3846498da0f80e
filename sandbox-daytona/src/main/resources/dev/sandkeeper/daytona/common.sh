# Shared by command.sh and terminal.sh, which define __sk_say, told of a line for the host, and __sk_start, which is called in
# the process that becomes the program and replaces it. A command's own text, in lines before this one or in a line that a lasting
# shell reads, sets __sk_n, the tag; __sk_h, where everything of the command is; __sk_s, 1 if it shares that place with those
# before it, or nothing; __sk_t, the seconds after which everything of the command is killed, or 0; __sk_v, a file that its host
# changes every two seconds, or nothing; __sk_i, what it reads: 0 nothing, 1 the file "input", 2 what comes in lines, 3 what
# __sk_input prints; __sk_d, its directory; __sk_u, 1 if the sandbox must have an environment of its own; and it defines __sk_set,
# which exports the command's environment. It ends with a call of __sk_run with the program and its arguments.

# Where setsid is, once somebody has looked.
__sk_setsid=

# Ends what takes too long, or whose host is gone.
__sk_timer() {
    trap '' TERM HUP INT QUIT USR1 USR2
    __sk_z= __sk_q=
    # it may come before there is anything to kill
    trap '__sk_q=1; [ -z "$__sk_z" ] || { kill -9 "$__sk_z"; exit; }' ALRM
    read -r __sk_me __sk_l </proc/self/stat
    if [ "$__sk_t" != 0 ]; then
        __sk_nap "$__sk_t"
        __sk_say T
    else
        __sk_a=- __sk_j=0
        while [ "$__sk_j" -lt 4 ]; do
            __sk_nap 2
            __sk_l=
            IFS= read -r __sk_l <"$__sk_v"
            if [ "$__sk_l" = "$__sk_a" ]; then
                __sk_j=$((__sk_j + 1))
            else
                __sk_a=$__sk_l __sk_j=0
            fi
        done
        __sk_say H
    fi
    trap '' ALRM
    exec 3>&-
    __sk_p=0 __sk_j=0 __sk_c=1
    read -r __sk_1 <"$__sk_h/pid"
    while [ "$__sk_c" != 0 ] && [ "$__sk_j" -lt 100 ]; do
        __sk_j=$((__sk_j + 1))
        __sk_end - "$__sk_n" "${__sk_1:-0}" $((__sk_j > 3))
    done
}

__sk_nap() {
    [ -z "$__sk_q" ] || exit
    sleep "$1" 3>&- &
    __sk_z=$!
    [ -z "$__sk_q" ] || { kill -9 "$__sk_z"; exit; }
    wait "$__sk_z"
    __sk_z=
}

# In a process of its own: becomes the program.
__sk_become() {
    read -r __sk_b __sk_l </proc/self/stat
    echo "$__sk_b" >"$__sk_h/pid"
    if [ -z "$__sk_setsid" ]; then
        __sk_find setsid
        [ -z "$__sk_e" ] || __sk_fail setsid
        __sk_setsid=$__sk_f
    fi
    HOME=/workspace
    export HOME
    if [ -f /tmp/.sandkeeper/environment ]; then
        . /tmp/.sandkeeper/environment
    elif [ "$__sk_u" = 1 ]; then
        __sk_fail environment
    fi
    __sk_set
    cd "$__sk_d" || __sk_fail cwd
    __sk_find "$1"
    [ -z "$__sk_e" ] || __sk_fail "$__sk_e"
    SANDKEEPER_EXEC=$__sk_n
    export SANDKEEPER_EXEC
    case $1 in -*) __sk_l=$__sk_f && shift && set -- "$__sk_l" "$@" ;; esac
    umask 022
    __sk_say "P $__sk_b"
    __sk_start "$@"
}

__sk_fail() {
    __sk_say "E $1"
    exit 125
}

# Tells of a script whose interpreter cannot be had. $1 the exit code, then the program.
__sk_uninterpreted() {
    case $1 in 12[67]) ;; *) return ;; esac
    __sk_find "$2"
    IFS= read -r __sk_l <"$__sk_f"
    case $__sk_l in
    '#!'*)
        __sk_l=${__sk_l#??}
        __sk_l=${__sk_l#"${__sk_l%%[! ]*}"}
        [ -x "${__sk_l%% *}" ] || __sk_say "E $1"
        ;;
    esac
}
