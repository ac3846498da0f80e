# A shell that runs one command after another; it reads them from its input, as the last lines of it. Each command has a
# session and a process group of its own and hears nothing of this shell's streams but its own output. Variables have a prefix
# so that none of the program's is touched. The first line of the input, which is not here, sets __sk_n, the tag of this shell,
# and __sk_o, how many files a command may open before it asks for more, or 0. What follows this text is the backend's: the
# functions __sk_on and __sk_off, told of a command that may take a number of seconds and of its end; __sk_behind, which sets
# __sk_b to 1 if a command has left a process behind, else to 0, and finds in __sk_g and __sk_l the last processes that were
# made before it and until now; and the first record.

# Standard output stays closed here: that marks a shell that is no command itself.
exec 3>&2 4>&1 2>/dev/null >&-
# An exec of runc 1.1 may come with the hard limit in place of the soft one.
[ "$__sk_o" = 0 ] || ulimit -S -n "$__sk_o"
trap : TERM HUP INT QUIT USR1 USR2 ALRM URG PIPE

# The last process that was made. Sets __sk_l.
__sk_last() {
    read -r __sk_l __sk_l __sk_l __sk_l __sk_l </proc/loadavg
}

# In a process of its own: becomes the program.
__sk_become() {
    [ "$__sk_v" = 0 ] || __sk_set
    if cd "$__sk_d"; then
        __sk_find "$1"
    else
        __sk_e=cwd
    fi
    if [ -n "$__sk_e" ]; then
        printf '\001%s E %s\n' "$__sk_n" "$__sk_e" >&3
        exit 125
    fi
    if [ "$__sk_k" = 1 ]; then
        __sk_l=$3
        shift 4
        [ "$__sk_i" = 0 ] || SANDKEEPER_INPUT=__sk_input
        exec >&4 2>&3 3>&- 4>&- 5>&-
        eval "$__sk_l"
        exit
    fi
    case $1 in -*) __sk_l=$__sk_f && shift && set -- "$__sk_l" "$@" ;; esac
    exec "$__sk_x" "$@" >&4 2>&3 3>&- 4>&- 5>&-
}

# Runs one command. $1 tag, $2 seconds after which everything of it is killed or 0, $3 whether __sk_set sets variables,
# $4 whether __sk_input prints its input, $5 whether it is a script of ours for sh -c, which needs no shell of its own and
# reads no input but calls what SANDKEEPER_INPUT names, $6 directory; then the program and its arguments.
__sk_run() {
    __sk_n=$1 __sk_t=$2 __sk_v=$3 __sk_i=$4 __sk_k=$5 __sk_d=$6
    shift 6
    [ "$__sk_t" = 0 ] || __sk_on
    __sk_last
    __sk_g=$__sk_l __sk_c=$((__sk_l + 1))
    case $__sk_i$__sk_k in
    10)
        __sk_c=$((__sk_c + 1))
        __sk_input | __sk_become "$@"
        ;;
    *) (__sk_become "$@") </dev/null ;;
    esac
    __sk_y=$?
    __sk_b=0
    __sk_last
    [ "$__sk_l" = "$__sk_c" ] || __sk_behind
    [ "$__sk_t" = 0 ] || __sk_off || __sk_b=1
    case $__sk_y in
    12[67])
        # a script whose interpreter cannot be had; what else cannot be executed, setsid tells on the error stream
        __sk_find "$1"
        IFS= read -r __sk_l <"$__sk_f"
        case $__sk_l in
        '#!'*)
            __sk_l=${__sk_l#??}
            __sk_l=${__sk_l#"${__sk_l%%[! ]*}"}
            [ -x "${__sk_l%% *}" ] || printf '\001%s F %s\n' "$__sk_n" "$__sk_y" >&3
            ;;
        esac
        ;;
    esac
    printf '\001%s' "$__sk_n" >&4
    printf '\001%s X %s %s\n' "$__sk_n" "$__sk_y" "$__sk_b" >&3
}

read -r __sk_me __sk_l </proc/self/stat
__sk_find setsid
__sk_x=$__sk_f
if [ -n "$__sk_e" ]; then
    printf '\001%s H 0 - setsid\n' "$__sk_n" >&3
    exit
fi
