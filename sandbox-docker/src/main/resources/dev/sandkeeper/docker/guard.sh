# Ends commands: on request, and all that it knows of once its input ends, which is when its host does. It never makes a
# process. Each line of input is an operation and its arguments; answers carry the tag from the first line.
exec 2>/dev/null
trap '' TERM HUP INT QUIT USR1 USR2 ALRM PIPE
read -r __sk_n || exit
__sk_me=0 __sk_all=

# Whether a pid still is that of a command's wrapper, and not of something that came after it. $1 tag, $2 audit session
# or -, $3 pid.
__sk_wrapper() {
    __sk_p=/proc/$3 __sk_k=' '
    __sk_ours "$2" "$1" 0
}

# Sets __sk_l to the user and __sk_x to the parent of the process of directory $__sk_p; fails if that has ended.
__sk_user() {
    __sk_l= __sk_r= __sk_x=
    while read -r __sk_a __sk_b __sk_d; do
        case $__sk_a in
        State:) __sk_r=$__sk_b ;;
        PPid:) __sk_x=$__sk_b ;;
        Uid:) __sk_l=$__sk_b ;;
        esac
    done <"$__sk_p/status"
    case $__sk_r in '' | Z | X) return 1 ;; esac
    [ -n "$__sk_l" ]
}

# Whether the process of directory $__sk_p is a shell that runs a script of ours: one for many commands reads it from its
# input, and has no standard output, as no program does.
__sk_script() {
    [ ! -e "$__sk_p/fd/2" ] || [ -e "$__sk_p/fd/1" ] || return 0
    while read -r __sk_r || [ -n "$__sk_r" ]; do
        case $__sk_r in *__sk_*) return 0 ;; esac
        __sk_r=
    done <"$__sk_p/cmdline"
    return 1
}

# Whether the process of directory $__sk_p, whose parent is $__sk_x, keeps the container: where that is root's, as the commands
# are then, it ignores TERM and must not be waited for.
__sk_keeper() {
    [ "$__sk_x" = 1 ] || return 1
    __sk_r=
    IFS= read -r __sk_r <"$__sk_p/cmdline"
    case $__sk_r in sleep2147483647 | cat) return 0 ;; esac
    return 1
}

__sk_u= __sk_g= __sk_o=no
while read -r __sk_k __sk_l __sk_r; do
    case $__sk_k in
    Uid:) __sk_u=${__sk_r%%[!0-9]*} ;;
    Gid:) __sk_g=${__sk_r%%[!0-9]*} ;;
    esac
done </proc/self/status
[ -O /workspace ] && [ -w /workspace ] && __sk_o=yes
__sk_find sleep
__sk_x=$__sk_f
__sk_find sh
printf '\001%s H %s %s %s %s %s\n' "$__sk_n" "$__sk_u" "$__sk_g" "$__sk_o" "${__sk_f:-sh}" "${__sk_x:-sleep}"

while read -r __sk_op __sk_1 __sk_2 __sk_3 __sk_4 __sk_5; do
    case $__sk_op in
    register) __sk_all="$__sk_all $__sk_1:$__sk_2:$__sk_3" ;;
    forget)
        __sk_k=
        for __sk_l in $__sk_all; do
            case $__sk_l in "$__sk_1":*) ;; *) __sk_k="$__sk_k $__sk_l" ;; esac
        done
        __sk_all=$__sk_k
        # the host has seen its last word
        ! __sk_wrapper "$__sk_1" "$__sk_2" "$__sk_3" || kill -9 "$__sk_3"
        printf '\001%s F %s\n' "$__sk_n" "$__sk_1"
        ;;
    leave)
        # nobody waits for its last word any more
        ! __sk_wrapper "$__sk_1" "$__sk_2" "$__sk_3" || { kill -23 "$__sk_3" && kill -18 "$__sk_3"; }
        printf '\001%s F %s\n' "$__sk_n" "$__sk_1"
        ;;
    signal)
        case $__sk_2 in
        0 | 15)
            __sk_freeze 0
            __sk_sweep "$__sk_2" "$__sk_4" "$__sk_3" "$__sk_5"
            __sk_thaw
            ;;
        *) __sk_sweep "$__sk_2" "$__sk_4" "$__sk_3" "$__sk_5" ;;
        esac
        printf '\001%s A %s %s\n' "$__sk_n" "$__sk_1" "$__sk_c"
        ;;
    end)
        __sk_end "$__sk_3" "$__sk_2" "$__sk_4" "$__sk_5"
        printf '\001%s A %s %s\n' "$__sk_n" "$__sk_1" "$__sk_c"
        ;;
    everything)
        kill -9 -1
        printf '\001%s A %s 0\n' "$__sk_n" "$__sk_1"
        ;;
    terminate)
        kill -15 -1
        kill -18 -1
        printf '\001%s A %s 0\n' "$__sk_n" "$__sk_1"
        ;;
    count)
        __sk_c=0
        for __sk_p in /proc/[0-9]*; do
            __sk_user && [ "$__sk_l" = "$__sk_u" ] && [ "$__sk_p" != /proc/1 ] && ! __sk_script && ! __sk_keeper ||
                continue
            # what sleeps for a shell that watches over another one of ours is no program either
            __sk_p=/proc/$__sk_x
            __sk_script && __sk_user && __sk_p=/proc/$__sk_x && __sk_script || __sk_c=$((__sk_c + 1))
        done
        printf '\001%s A %s %s\n' "$__sk_n" "$__sk_1" "$__sk_c"
        ;;
    user)
        __sk_p=/proc/1 __sk_c=-1
        __sk_user
        __sk_k=$__sk_l
        for __sk_p in /proc/[0-9]*; do
            __sk_user && [ "$__sk_l" != "$__sk_k" ] && [ "$__sk_l" != "$__sk_u" ] && [ "$__sk_l" -gt "$__sk_2" ] &&
                { [ "$__sk_c" = -1 ] || [ "$__sk_l" -lt "$__sk_c" ]; } && __sk_c=$__sk_l
        done
        printf '\001%s A %s %s\n' "$__sk_n" "$__sk_1" "$__sk_c"
        ;;
    workspace)
        __sk_c=0
        [ -O /workspace ] && [ -w /workspace ] && __sk_c=1
        printf '\001%s A %s %s\n' "$__sk_n" "$__sk_1" "$__sk_c"
        ;;
    esac
done

__sk_j=0 __sk_left=1
while [ "$__sk_left" != 0 ] && [ "$__sk_j" -lt 50 ]; do
    __sk_j=$((__sk_j + 1)) __sk_left=0
    for __sk_x in $__sk_all; do
        __sk_1=${__sk_x%%:*} __sk_2=${__sk_x#*:}
        __sk_end "${__sk_2%%:*}" "$__sk_1" "${__sk_2#*:}" $((__sk_j > 3))
        __sk_left=$((__sk_left + __sk_c))
    done
done
# A command that nothing else ends takes the other ones of its user along.
[ "$__sk_left" = 0 ] || kill -9 -1
