# Runs one command. Arguments: its tag; seconds after which everything of it is killed, or 0; a file that its host changes every
# two seconds, or nothing; 1 if it has a terminal, or 0; its directory; the program, its arguments. Variables have a prefix so
# that none of the program's is touched. __sk_in, where it is set, is what printf makes the command's input of.
# On a terminal the program's output, its errors and the records are one stream.
__sk_n=$1 __sk_t=$2 __sk_v=$3 __sk_y=$4 __sk_d=$5
shift 5
exec 3>&2 2>/dev/null
# What is sent to the command is for the program; a trap, unlike ignoring, is not inherited.
trap : TERM HUP INT QUIT USR1 USR2 ALRM URG PIPE

__sk_say() {
    printf '\001%s %s\n' "$__sk_n" "$1" >&3
}

# Ends what takes too long, or whose host is gone.
__sk_timer() {
    trap '' TERM HUP INT QUIT USR1 USR2 TTOU
    __sk_z= __sk_q=
    # it may come before there is anything to kill
    trap '__sk_q=1; [ -z "$__sk_z" ] || { kill -9 "$__sk_z"; exit; }' ALRM
    read -r __sk_me __sk_l </proc/self/stat
    if [ "$__sk_t" != 0 ]; then
        __sk_nap "$__sk_t"
        __sk_say T
    else
        __sk_a= __sk_j=0
        while [ "$__sk_j" -lt 4 ]; do
            __sk_nap 2
            __sk_l=
            IFS= read -r __sk_l <"$__sk_v"
            # while it is written it is empty
            if [ "$__sk_l" = "$__sk_a" ] || [ -z "$__sk_l" ]; then
                __sk_j=$((__sk_j + 1))
            else
                __sk_a=$__sk_l __sk_j=0
            fi
        done
    fi
    trap '' ALRM
    exec 3>&-
    # The other child of the shell is the program, where the kernel tells.
    __sk_x=0
    read -r __sk_1 __sk_2 __sk_l <"/proc/$$/task/$$/children"
    for __sk_l in $__sk_1 $__sk_2; do
        [ "$__sk_l" = "$__sk_me" ] || __sk_x=$__sk_l
    done
    __sk_j=0 __sk_c=1
    while [ "$__sk_c" != 0 ] && [ "$__sk_j" -lt 100 ]; do
        __sk_j=$((__sk_j + 1))
        __sk_end - "$__sk_n" "$__sk_x" $((__sk_j > 3))
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
    if cd "$__sk_d"; then
        __sk_find "$1"
    else
        __sk_e=cwd
    fi
    if [ -n "$__sk_e" ]; then
        __sk_say "E $__sk_e"
        exit 125
    fi
    SANDKEEPER_EXEC=$__sk_n
    export SANDKEEPER_EXEC
    unset __sk_in
    case $1 in -*) __sk_l=$__sk_f && shift && set -- "$__sk_l" "$@" ;; esac
    [ "$__sk_y" = 1 ] || exec "$__sk_s" "$@" 2>&3 3>&-
    # Runs only if no program could take the shell's place; by then the redirections are undone.
    trap '__sk_say "F $?"' EXIT
    # from now on the terminal is the program's
    __sk_say S
    exec "$@" 2>&3 3>&-
}

__sk_find setsid
__sk_s=$__sk_f
if [ -n "$__sk_e" ]; then
    __sk_say 'P setsid'
    exit 125
fi
__sk_say 'P ok'
__sk_w=
if [ "$__sk_t" != 0 ] || [ -n "$__sk_v" ]; then
    __sk_timer </dev/null >/dev/null &
    __sk_w=$!
fi
if [ -n "$__sk_in" ]; then
    printf "$__sk_in" | __sk_become "$@"
else
    (__sk_become "$@")
fi
__sk_r=$?
[ -z "$__sk_w" ] || kill -14 "$__sk_w"
case $__sk_r in
12[67])
    # a script whose interpreter cannot be had; what else cannot be executed, setsid tells on the error stream
    __sk_find "$1"
    IFS= read -r __sk_l <"$__sk_f"
    case $__sk_l in
    '#!'*)
        __sk_l=${__sk_l#??}
        __sk_l=${__sk_l#"${__sk_l%%[! ]*}"}
        [ -x "${__sk_l%% *}" ] || __sk_say "F $__sk_r"
        ;;
    esac
    ;;
esac
# The program may have left another one in the foreground of its terminal.
trap '' TTOU
[ "$__sk_y" = 1 ] || printf '\001%s' "$__sk_n"
# The space parts it from the echo of what is typed at this moment.
__sk_say "X $__sk_r "
exit "$__sk_r"
