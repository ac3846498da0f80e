# What a shell in a container has beyond the session.sh of all backends: a timer of its own, and the kernel's audit session
# by which its commands' processes are told from all others. The first line of its input sets __sk_z, too, the path of sleep.

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

__sk_on() {
    echo "on $__sk_n $__sk_t" >&5
}

__sk_off() {
    echo off >&5
}

# Whether a process of this audit session is left besides this shell. Sets __sk_b to 1 or 0. Where few were made since the
# command began, by other shells too, only they are looked at: with many shells at work, that is what a command waits for.
__sk_behind() {
    __sk_b=0 __sk_j=$__sk_l
    if [ "$__sk_j" -ge "$__sk_g" ] && [ "$__sk_j" -le $((__sk_g + 64)) ]; then
        while [ "$__sk_g" -lt "$__sk_j" ]; do
            __sk_g=$((__sk_g + 1))
            __sk_p=/proc/$__sk_g
            [ "$__sk_g" != "$__sk_me" ] || continue
            if __sk_ours "$__sk_a" - 0; then
                __sk_b=1
                return
            fi
        done
        return
    fi
    for __sk_p in /proc/[0-9]*; do
        [ "$__sk_p" != "/proc/$__sk_me" ] || continue
        if __sk_ours "$__sk_a" - 0; then
            __sk_b=1
            return
        fi
    done
}

# A shell ends at once when no process can be made for it, here or for a command.
trap 'printf "\001%s F fork\n" "$__sk_n" >&3' EXIT
: | __sk_timer &
__sk_p=/proc/$!/fd/6 __sk_j=0
until [ -e "$__sk_p" ] || [ "$__sk_j" = 100000 ]; do
    __sk_j=$((__sk_j + 1))
done
exec 5>"$__sk_p"
# An audit session of its own, given by the kernel, that every command's processes have too and cannot leave.
__sk_a=-
echo 600 >/proc/self/loginuid
IFS= read -r __sk_a </proc/self/sessionid
case $__sk_a in
'' | 4294967295 | *[!0-9]*)
    printf '\001%s H 0 - audit\n' "$__sk_n" >&3
    trap - EXIT
    exit
    ;;
esac
echo "$__sk_a $__sk_me" >&5
printf '\001%s H %s %s ok\n' "$__sk_n" "$__sk_me" "$__sk_a" >&3
