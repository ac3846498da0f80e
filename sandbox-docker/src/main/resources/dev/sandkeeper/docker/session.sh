# A shell that runs one command after another; it reads them from its input, as the last lines here read them. Each command
# has a session and a process group of its own and hears nothing of this shell's streams but its own output. Variables have
# a prefix so that none of the program's is touched. The first line of the input, which is not here, sets __sk_n, the tag
# of this shell, __sk_z, the path of sleep, and __sk_o, how many files a command may open before it asks for more, or 0.

# Standard output stays closed here: that marks a shell that is no command itself.
exec 3>&2 4>&1 2>/dev/null >&-
# An exec of runc 1.1 may come with the hard limit in place of the soft one.
[ "$__sk_o" = 0 ] || ulimit -S -n "$__sk_o"
trap : TERM HUP INT QUIT USR1 USR2 ALRM URG PIPE

# Seconds since the machine started.
__sk_now() {
    IFS=' .' read -r __sk_u __sk_l </proc/uptime
}

# Ends the command that runs for too long, and this shell with it. Its input is a pipe from this shell: "on" with the tag
# and the seconds that the command may take, "off" when it has ended; and "tick" from its own sleepers. It sleeps once for
# many commands that are quick.
__sk_timer() {
    trap '' TERM HUP INT QUIT USR1 USR2 URG PIPE
    read -r __sk_me __sk_l </proc/self/stat
    # until the shell holds the other end
    exec 6>/proc/self/fd/0 4>&-
    read -r __sk_a __sk_s
    exec 6>&-
    __sk_n= __sk_w=
    while read -r __sk_op __sk_1 __sk_2; do
        case $__sk_op in
        on)
            __sk_now
            __sk_n=$__sk_1 __sk_d=$((__sk_u + __sk_2 + 1))
            ;;
        off) __sk_n= ;;
        tick)
            wait "$__sk_w"
            __sk_w=
            ;;
        esac
        [ -n "$__sk_n" ] || continue
        [ "$__sk_op" = on ] || __sk_now
        [ "$__sk_u" -lt "$__sk_d" ] || break
        [ -z "$__sk_w" ] || [ "$__sk_d" -lt "$__sk_t" ] || continue
        [ -z "$__sk_w" ] || { kill -14 "$__sk_w" && wait "$__sk_w"; }
        __sk_t=$((__sk_d - __sk_u))
        [ "$__sk_t" -le 60 ] || __sk_t=60
        __sk_sleeper "$__sk_t" </dev/null 3>&- &
        __sk_w=$! __sk_t=$((__sk_u + __sk_t))
    done
    [ -z "$__sk_w" ] || kill -14 "$__sk_w"
    [ "$__sk_op" != '' ] || exit
    printf '\001%s T\n' "$__sk_n" >&3
    exec 3>&-
    __sk_j=0 __sk_c=1
    while [ "$__sk_c" != 0 ] && [ "$__sk_j" -lt 100 ]; do
        __sk_j=$((__sk_j + 1))
        __sk_end "$__sk_a" - "$__sk_s" $((__sk_j > 3))
    done
}

__sk_sleeper() {
    __sk_w= __sk_q=
    # it may come before there is anything to kill
    trap '__sk_q=1; [ -z "$__sk_w" ] || { kill -9 "$__sk_w"; exit; }' ALRM
    "$__sk_z" "$1" &
    __sk_w=$!
    [ -z "$__sk_q" ] || { kill -9 "$__sk_w"; exit; }
    wait "$__sk_w" && echo tick >"/proc/$__sk_me/fd/0"
}

# The last process that was made. Sets __sk_l.
__sk_last() {
    read -r __sk_l __sk_l __sk_l __sk_l __sk_l </proc/loadavg
}

# Whether a process of this audit session is left besides this shell. Sets __sk_b to 1 or 0.
__sk_behind() {
    __sk_b=0
    for __sk_p in /proc/[0-9]*; do
        [ "$__sk_p" != "/proc/$__sk_me" ] || continue
        if __sk_ours "$__sk_a" - 0; then
            __sk_b=1
            return
        fi
    done
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
    [ "$__sk_t" = 0 ] || echo "on $__sk_n $__sk_t" >&5
    __sk_last
    __sk_c=$((__sk_l + 1))
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
    [ "$__sk_t" = 0 ] || echo off >&5 || __sk_b=1
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

__sk_find setsid
__sk_x=$__sk_f
if [ -n "$__sk_e" ]; then
    printf '\001%s H 0 - setsid\n' "$__sk_n" >&3
    exit
fi
: | __sk_timer &
__sk_p=/proc/$!/fd/6 __sk_j=0
until [ -e "$__sk_p" ] || [ "$__sk_j" = 100000 ]; do
    __sk_j=$((__sk_j + 1))
done
exec 5>"$__sk_p"
# An audit session of its own, given by the kernel, that every command's processes have too and cannot leave.
read -r __sk_me __sk_l </proc/self/stat
__sk_a=-
echo 600 >/proc/self/loginuid
IFS= read -r __sk_a </proc/self/sessionid
case $__sk_a in
'' | 4294967295 | *[!0-9]*)
    printf '\001%s H 0 - audit\n' "$__sk_n" >&3
    exit
    ;;
esac
echo "$__sk_a $__sk_me" >&5
printf '\001%s H %s %s ok\n' "$__sk_n" "$__sk_me" "$__sk_a" >&3
