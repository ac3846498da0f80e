# Runs one command. Arguments: tag, seconds after which everything of it is killed or 0, path of sleep, how many files it
# may open before it asks for more or 0, 1 if it has a terminal or 0, directory, program, its arguments. Variables have a
# prefix so that none of the program's is touched.
# On a terminal the program's output, its errors and the records are one stream. It is left as the kernel makes it: what
# the host sends before the program starts is one short line, whose echo comes before record S and is thrown away there.
# So the image needs no stty.
__sk_n=$1 __sk_t=$2 __sk_s=$3 __sk_o=$4 __sk_y=$5 __sk_d=$6
shift 6

# The shell's own complaints must not mix with the program's.
exec 3>&2 2>/dev/null

# An exec of runc 1.1 may come with the hard limit in place of the soft one.
[ "$__sk_o" = 0 ] || ulimit -S -n "$__sk_o"

# An audit session of its own, given by the kernel. A number below 1000 keeps it out of audit rules for people.
__sk_a=- __sk_l=
IFS= read -r __sk_l </proc/self/sessionid
if [ "$__sk_l" = 4294967295 ]; then
    echo 600 >/proc/self/loginuid
    IFS= read -r __sk_a </proc/self/sessionid
    case $__sk_a in '' | 4294967295 | *[!0-9]*) __sk_a=- ;; esac
fi

if cd "$__sk_d"; then
    __sk_find "$1"
else
    __sk_e=cwd
fi
printf '\001%s P %s %s %s\n' "$__sk_n" "$$" "$__sk_a" "${__sk_e:-ok}" >&3
[ -z "$__sk_e" ] || exit 125

# Nothing untrusted runs until the host has noted whom to kill.
IFS= read -r __sk_l || exit 125

# A shell ends at once when no process can be made for it.
trap 'printf "\001%s F fork\n" "$__sk_n" >&3' EXIT
__sk_w=
if [ "$__sk_t" != 0 ]; then
    (
        trap '' TERM HUP INT QUIT USR1 USR2 TTOU
        __sk_z= __sk_q=
        # it may come before there is anything to kill
        trap '__sk_q=1; [ -z "$__sk_z" ] || { kill -9 "$__sk_z"; exit; }' ALRM
        "$__sk_s" "$__sk_t" 3>&- &
        __sk_z=$!
        [ -z "$__sk_q" ] || { kill -9 "$__sk_z"; exit; }
        wait "$__sk_z" || exit
        trap '' ALRM
        read -r __sk_me __sk_l </proc/self/stat
        printf '\001%s T\n' "$__sk_n" >&3
        exec 3>&-
        __sk_j=0 __sk_c=1
        while [ "$__sk_c" != 0 ] && [ "$__sk_j" -lt 100 ]; do
            __sk_j=$((__sk_j + 1))
            __sk_end "$__sk_a" "$__sk_n" $$ $((__sk_j > 3))
        done
    ) </dev/null >/dev/null &
    __sk_w=$!
fi

# What is sent to the command is for the program; a trap, unlike ignoring, is not inherited.
trap : TERM HUP INT QUIT USR1 USR2
__sk_q=
trap '__sk_q=1' URG
case $1 in -*) __sk_l=$__sk_f && shift && set -- "$__sk_l" "$@" ;; esac
(
    # Runs only if no program could take the shell's place; by then the redirections are undone.
    trap 'printf "\001%s F %s\n" "$__sk_n" "$?" >&3' EXIT
    # from now on the terminal is the program's
    [ "$__sk_y" = 0 ] || printf '\001%s S\n' "$__sk_n" >&3
    exec "$@" 2>&3 3>&-
)
__sk_r=$?
[ -z "$__sk_w" ] || kill -14 "$__sk_w"
case $__sk_r in
12[67])
    # bash leaves the trap above out
    IFS= read -r __sk_l <"$__sk_f"
    case $__sk_l in
    '#!'*)
        __sk_l=${__sk_l#??}
        __sk_l=${__sk_l#"${__sk_l%%[! ]*}"}
        [ -x "${__sk_l%% *}" ] || printf '\001%s F %s\n' "$__sk_n" "$__sk_r" >&3
        ;;
    esac
    ;;
esac
# The program may have left another one in the foreground of its terminal.
trap '' TTOU
[ "$__sk_y" = 1 ] || printf '\001%s' "$__sk_n"
# The space parts it from the echo of what is typed at this moment.
printf '\001%s X %s \n' "$__sk_n" "$__sk_r" >&3

# The engine throws away what nobody has taken of the output 2 seconds after the exit. So this stays, halted, until the
# host has the marks and lets the guard kill it, or is not interested any more. Whoever halts everything continues it too.
trap - EXIT
exec <&- >&- 3>&-
while [ -z "$__sk_q" ] && kill -19 $$; do :; done
exit "$__sk_r"
