# Runs one command and tells of it in lines of its own: the tag, a letter, words.
#
# The log of a session takes lines of text only, and nobody waits until it has been read. So a little output travels in a line
# of base64, and more is left in files, from which the host fetches it and which it removes then; while it does not, this waits
# and so does the program.

__sk_say() {
    printf '%s %s\n' "$__sk_n" "$1" >&3
}

# Passes one stream of the program on. $1 its letter. While it is a little at a time, as much is read as fits into a line, and
# nobody has to be asked how much came: base64 tells.
__sk_pump() {
    trap '' TERM HUP INT QUIT USR1 USR2
    __sk_c=0 __sk_m=0 __sk_z=0 __sk_q=0 __sk_f=$__sk_h/$1.0 __sk_x=1 __sk_b=2880
    while dd bs="$__sk_b" count=1 >>"$__sk_f"; do
        if [ "$__sk_b" = 2880 ]; then
            [ -s "$__sk_f" ] || { __sk_x=0 && break; }
            __sk_r=0
        else
            __sk_r=$(stat -c %s "$__sk_f") || break
            [ "$__sk_r" -gt "$__sk_z" ] || { __sk_x=0 && break; }
        fi
        if [ "$__sk_z" = 0 ] && [ "$__sk_r" -le 2880 ] && [ "$__sk_q" -lt 1048576 ]; then
            __sk_l=
            for __sk_k in $(base64 "$__sk_f"); do __sk_l=$__sk_l$__sk_k; done
            [ -n "$__sk_l" ] || break
            __sk_say "$1 $__sk_c = $__sk_l"
            __sk_q=$((__sk_q + ${#__sk_l} * 3 / 4))
            # as much as could come: more may wait
            [ "${#__sk_l}" -lt 3840 ] && [ "$__sk_q" -lt 1048576 ] && __sk_b=2880 || __sk_b=65536
            : >"$__sk_f"
        else
            __sk_say "$1 $__sk_c @ $__sk_m $__sk_r"
            __sk_z=$__sk_r
        fi
        __sk_c=$((__sk_c + 1))
        echo "$__sk_c" >"$__sk_h/$1.n"
        if [ "$__sk_z" -ge 1048576 ]; then
            __sk_m=$((__sk_m + 1)) __sk_z=0
            __sk_f=$__sk_h/$1.$__sk_m
            while [ -e "$__sk_h/$1.$((__sk_m - 4))" ]; do
                : >"$__sk_h/$1.wait"
                sleep 0.05
            done
            rm -f "$__sk_h/$1.wait"
        fi
    done
    if [ "$__sk_x" = 1 ]; then
        # there is no more room for it, but the program goes on
        __sk_say "L $1"
        cat >/dev/null
    fi
    # where there is no room for a line there may be some for a file
    echo >"$__sk_h/$1.end" || : >"$__sk_h/$1.full"
}

# Whether all of stream $1 has been passed on.
__sk_passed() {
    [ -s "$__sk_h/$1.end" ] || [ -e "$__sk_h/$1.full" ]
}

# Hands the program what its host sends, in numbered lines: one may come twice.
__sk_feed() {
    __sk_c=0
    while read -r __sk_a __sk_op __sk_1 __sk_2; do
        [ "$__sk_a" = "$__sk_n" ] || continue
        if [ "$__sk_1" -gt "$__sk_c" ]; then
            case $__sk_op in
            i) printf '%s' "$__sk_2" | base64 -d ;;
            f) cat "$__sk_h/in.$__sk_1" && rm -f "$__sk_h/in.$__sk_1" ;;
            # the end first, and then that it came
            e) exec >/dev/null && break ;;
            *) continue ;;
            esac || break
            __sk_c=$__sk_1
        fi
        __sk_say "a $__sk_c"
    done
    __sk_say q
}

# Standard error of the program is 4 until here.
__sk_start() {
    exec "$__sk_setsid" "$@" 2>&4 3>&- 4>&-
}

__sk_run() {
    # what it says of the program is nobody else's, and all of it has been read
    [ ! -e "$__sk_h/cmd" ] || : >"$__sk_h/cmd"
    exec 3>&1 6<&0 </dev/null >/dev/null 2>/dev/null
    trap : TERM HUP INT QUIT USR1 USR2 ALRM URG PIPE
    umask 077
    [ -d "$__sk_h" ] || mkdir -p "$__sk_h"
    [ -p "$__sk_h/out" ] && [ -p "$__sk_h/err" ] || mkfifo "$__sk_h/out" "$__sk_h/err"
    [ "$__sk_i" != 2 ] || mkfifo "$__sk_h/in"
    [ -p "$__sk_h/out" ] && [ -p "$__sk_h/err" ] || __sk_fail mkfifo
    echo 0 >"$__sk_h/o.n" && echo 0 >"$__sk_h/e.n" || __sk_fail room
    if [ -n "$__sk_s" ]; then
        for __sk_l in o.0 e.0 o.end e.end pid; do : >"$__sk_h/$__sk_l"; done
    fi
    if [ "$__sk_i" = 3 ]; then
        __sk_input >"$__sk_h/input" || __sk_fail room
    fi
    __sk_pump o <"$__sk_h/out" 6<&- &
    __sk_1=$!
    __sk_pump e <"$__sk_h/err" 6<&- &
    __sk_2=$!
    __sk_3=
    if [ "$__sk_i" = 2 ]; then
        __sk_feed <&6 >"$__sk_h/in" 6<&- &
        __sk_3=$!
    fi
    __sk_w=
    if [ "$__sk_t" != 0 ] || [ -n "$__sk_v" ]; then
        __sk_timer 6<&- &
        __sk_w=$!
    fi
    case $__sk_i in
    0) __sk_l=/dev/null ;;
    1 | 3) __sk_l=$__sk_h/input ;;
    *) __sk_l=$__sk_h/in ;;
    esac
    (__sk_become "$@") <"$__sk_l" >"$__sk_h/out" 4>"$__sk_h/err" 6<&-
    __sk_y=$?
    [ -z "$__sk_w" ] || kill -14 "$__sk_w"
    [ -z "$__sk_3" ] || kill -9 "$__sk_3"
    # what else cannot be executed, setsid tells on the error stream
    __sk_uninterpreted "$__sk_y" "$1"
    __sk_last "$__sk_y"
}

# The program has ended with code $1. What it left behind and that holds its streams is waited for half a second while nothing
# comes of it; a reader that has fallen behind is waited for.
__sk_last() {
    read -r __sk_me __sk_l </proc/self/stat
    read -r __sk_p <"$__sk_h/pid"
    __sk_c=0
    __sk_sweep 0 - "$__sk_n" "${__sk_p:-0}"
    __sk_b=$__sk_c __sk_j=0 __sk_a=
    [ "$__sk_b" = 0 ] && __sk_m=1060 || __sk_m=110
    until __sk_passed o && __sk_passed e; do
        [ "$__sk_j" -lt "$__sk_m" ] || break
        # most often the pumps are about to say so, sooner than a program could start that sleeps
        [ "$__sk_j" -lt 60 ] || { [ "$__sk_j" -lt 65 ] && sleep 0.002; } || sleep 0.01
        __sk_j=$((__sk_j + 1))
        read -r __sk_l <"$__sk_h/o.n"
        read -r __sk_r <"$__sk_h/e.n"
        if [ "$__sk_l $__sk_r" != "$__sk_a" ] || [ -e "$__sk_h/o.wait" ] || [ -e "$__sk_h/e.wait" ]; then
            __sk_j=0 __sk_a="$__sk_l $__sk_r"
        fi
    done
    __sk_a=
    __sk_passed o || { __sk_drain "$__sk_1" "$__sk_h/out" && __sk_a=1; }
    __sk_passed e || { __sk_drain "$__sk_2" "$__sk_h/err" && __sk_a=1; }
    read -r __sk_l <"$__sk_h/o.n"
    read -r __sk_r <"$__sk_h/e.n"
    __sk_say "X $1 $__sk_b ${__sk_l:-0} ${__sk_r:-0}"
    if [ -n "$__sk_s" ]; then
        [ "$__sk_i" = 0 ] || : >"$__sk_h/input"
        # whoever still has a pipe open must not meet the next command
        [ -z "$__sk_a" ] && [ ! -e "$__sk_h/o.full" ] && [ ! -e "$__sk_h/e.full" ] ||
            rm -f "$__sk_h/out" "$__sk_h/err" "$__sk_h/o.full" "$__sk_h/e.full"
        exit "$1"
    fi
    for __sk_l in "$__sk_h"/[oe].[0-9]*; do
        if [ -s "$__sk_l" ]; then
            rm -f "$__sk_h/out" "$__sk_h/err" "$__sk_h/in" "$__sk_h/input" "$__sk_h/cmd"
            exit "$1"
        fi
    done
    rm -rf "$__sk_h"
    exit "$1"
}

# What still comes on a stream is for nobody, but whoever writes it must not find that nobody reads. $1 pid of the pump, $2 the
# pipe, which is opened for writing first so that opening it for reading does not wait.
__sk_drain() {
    exec 7<>"$2"
    exec 8</proc/self/fd/7 7<&-
    kill -9 "$1"
    cat <&8 8<&- 3>&- 6<&- &
    exec 8<&-
}
