# What every exec of ours runs in a Machine: sh agent OPERATION HOST NUMBER DROPS ARGUMENTS. An exec is short, may be lost, and may
# come twice; so each operation may be repeated, and what takes long is left to a supervisor that nobody waits for. Everything is
# kept below one directory of the user that execs run as, which on a Machine is root: out of reach of the commands.
# Data come on standard input in base64, of a length that is told, since nothing says that this ever ends; a short command comes
# as a line of octal numbers, which a shell reads by itself. Every process costs milliseconds on a small Machine, so that a command
# that runs but a moment takes builtins as far as they go, and nobody looks again and again whether it has ended.
#
# HOST is the connection that asks, or a hyphen, and NUMBER differs from the one before: as long as it changes, the host lives.
# DROPS are commands whose state is of no use any more, separated by commas; with a plus sign only their claim stays, because a
# request to start them may still be on its way.
#
# The directory of a command, c-<tag>:
#   command.0 and so on    pieces of its text, until all are there
#   claim                  made by who starts it
#   text                   all of its text
#   super, run, exit       pid and start of its supervisor; pid of its first process; exit code
#   out, err, in, kick     pipes
#   out.0 and so on        output that waits for the host: at most two of a megabyte; out.end once there is no more;
#                          out.did: what dd says of the last one
#   in.0 and so on         which file holds a piece of input that waits for the command; in.end: how many there are in all;
#                          fed: how many it has had
#   late, gone             the deadline has passed; the host has not been heard of

exec 3>&1 4>&2 2>/dev/null
__sk_P=$PATH
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
umask 077
__sk_op=$1 __sk_h=$2 __sk_s=$3 __sk_r=$4
shift 4
cd /tmp/.sandkeeper-fly || exit 91
[ "$__sk_h" = - ] || echo "$__sk_s" >"h-$__sk_h"
if [ "$__sk_r" != - ]; then
    IFS=,
    for __sk_l in $__sk_r; do
        case $__sk_l in
        +*) rm -rf "c-${__sk_l#+}"/[!c]* "c-${__sk_l#+}"/command.* ;;
        *) rm -rf "c-$__sk_l" ;;
        esac
    done
    unset IFS
fi

# Seconds since the machine started. Sets __sk_u.
__sk_uptime() {
    IFS=' .' read -r __sk_u __sk_l </proc/uptime
}

# Signals every process of a command. $1 number, $2 tag, $3 pid of its first process or 0, $4 the least pid that they may have.
# Sets __sk_c to how many there were.
__sk_sweep() {
    __sk_c=0 __sk_k=' '
    for __sk_p in /proc/[0-9]*; do
        __sk_i=${__sk_p#/proc/}
        [ "$__sk_i" -ge "${4:-0}" ] && [ "$__sk_i" != "$__sk_me" ] && __sk_belongs "SANDKEEPER_EXEC=$2" "$3" || continue
        __sk_k="$__sk_k$__sk_i "
        kill "-$1" "$__sk_i" && __sk_c=$((__sk_c + 1))
    done
}

# Whether the process of directory $__sk_p lives and carries $1 in its environment, or is the first one $2, of its session, or a
# child of one that was found.
__sk_belongs() {
    __sk_stat "$__sk_p/stat"
    case $__sk_l in '' | Z* | X*) return 1 ;; esac
    [ "$__sk_i" != "$2" ] || return 0
    __sk_r=${__sk_l#* }
    case $__sk_k in *" ${__sk_r%% *} "*) return 0 ;; esac
    __sk_r=${__sk_r#* }
    __sk_r=${__sk_r#* }
    [ "$2" = 0 ] || [ "${__sk_r%% *}" != "$2" ] || return 0
    while IFS= read -r __sk_r || [ -n "$__sk_r" ]; do
        case $__sk_r in *"$1"*) return 0 ;; esac
        __sk_r=
    done <"$__sk_p/environ"
    return 1
}

# Kills a command until two looks in a row find nothing; what makes processes faster than they are found is halted first.
__sk_kill() {
    __sk_q=0 __sk_j=0
    while [ "$__sk_q" -lt 2 ] && [ "$__sk_j" -lt "$3" ]; do
        __sk_j=$((__sk_j + 1))
        [ "$__sk_j" -lt 4 ] || __sk_sweep 19 "$1" "$2"
        __sk_sweep 9 "$1" "$2"
        __sk_q=$((__sk_q + 1))
        [ "$__sk_c" = 0 ] || __sk_q=0
    done
}

# What dd has said of the last file of stream $1. Sets __sk_i to how many blocks it was and __sk_k to how many bytes, or to
# nothing: not every one tells.
__sk_did() {
    __sk_i= __sk_k=
    while read -r __sk_l __sk_x __sk_r; do
        case ${__sk_l%%+*}${__sk_l#*+} in '' | *[!0-9]*) continue ;; esac
        case $__sk_l:$__sk_x in
        *+*:*) __sk_i=$((${__sk_l%+*} + ${__sk_l#*+})) ;;
        *:byte*) __sk_k=$__sk_l ;;
        esac
    done <"$1.did"
}

# Takes one stream of a command to files, of which at most two wait for the host. $1 their name.
__sk_pump() {
    __sk_c=0
    while :; do
        while [ -e "$1.$((__sk_c - 2))" ]; do sleep 0.1; done
        dd bs=8192 count=128 >>"$1.$__sk_c" 2>"$1.did" || break
        [ -s "$1.$__sk_c" ] || rm -f "$1.$__sk_c"
        __sk_did "$1"
        # who was given fewer blocks than it asked for has met the end
        if [ ! -e "$1.$__sk_c" ] || [ "${__sk_i:-128}" -lt 128 ]; then
            : >"$1.end"
            exit
        fi
        __sk_c=$((__sk_c + 1))
    done
    # nobody wants it any more, but who prints it goes on
    cat >/dev/null
}

# Gives a command its input as it comes.
__sk_feed() {
    __sk_j=0
    exec 7<>"$__sk_d/kick"
    while :; do
        __sk_f=
        [ ! -e "$__sk_d/in.$__sk_j" ] || read -r __sk_f <"$__sk_d/in.$__sk_j"
        if [ -n "$__sk_f" ]; then
            cat "$__sk_d/$__sk_f" || break
            : >"$__sk_d/$__sk_f"
            __sk_j=$((__sk_j + 1))
            echo "$__sk_j" >"$__sk_d/fed" || break
            # they are empty, but many
            [ $((__sk_j % 64)) != 0 ] || __sk_tidy
            continue
        fi
        __sk_l=
        [ ! -e "$__sk_d/in.end" ] || read -r __sk_l <"$__sk_d/in.end"
        [ "$__sk_l" != "$__sk_j" ] || exit
        read -r __sk_l <&7 || break
    done
    : >"$__sk_d/in.closed"
}

# Removes what a command has had of its input.
__sk_tidy() {
    set --
    while [ $# -lt 128 ]; do
        __sk_i=$((__sk_j - 1 - $# / 2))
        set -- "$@" "$__sk_d/in.$__sk_i" "$__sk_d/piece.$__sk_i".*
    done
    rm -f "$@"
}

# Ends a command at its deadline, or when its host has not been heard of for 8 seconds. $1 seconds or 0, $2 host or a hyphen,
# $3 whether input will come. Who started the command reads 7 to its end, for a quarter of a second if no input will come: nobody
# else holds it, so that the end of this is told as well.
__sk_watch() {
    read -r __sk_me __sk_l </proc/self/stat
    __sk_uptime
    __sk_e=$((__sk_u + $1)) __sk_m= __sk_t=$__sk_u
    [ "$3" = 1 ] || sleep 0.25 7>&-
    exec 7>&-
    while [ ! -e "$__sk_d/exit" ]; do
        __sk_uptime
        if [ "$1" != 0 ] && [ "$__sk_u" -gt "$__sk_e" ]; then
            : >"$__sk_d/late"
            break
        fi
        if [ "$2" = - ]; then
            __sk_l=$((__sk_e - __sk_u + 1))
            [ "$__sk_l" -le 5 ] || __sk_l=5
            sleep "$__sk_l"
        else
            __sk_l=
            read -r __sk_l <"h-$2"
            [ "$__sk_l" = "$__sk_m" ] || __sk_m=$__sk_l __sk_t=$__sk_u
            [ "$((__sk_u - __sk_t))" -lt 8 ] || { echo >"$__sk_d/gone"; break; }
            sleep 1
        fi
    done
    [ ! -e "$__sk_d/exit" ] || exit
    __sk_first
    __sk_kill "$__sk_n" "$__sk_f" 200
    # of a host that is gone nobody reads what is left
    [ -e "$__sk_d/late" ] || rm -rf "$__sk_d"
}

# Sets __sk_f to the pid of a command's first process, or to 0 if that is not known yet.
__sk_first() {
    __sk_f=0
    read -r __sk_f <"$__sk_d/run"
    case $__sk_f in '' | *[!0-9]*) __sk_f=0 ;; esac
}

# The same, but 0 also if that process has ended: the pid may be another's then.
__sk_living() {
    __sk_f=0
    [ ! -e "$__sk_d/run" ] || [ -e "$__sk_d/exit" ] || __sk_first
}

# In a process of its own: becomes the program.
__sk_become() {
    read -r __sk_l __sk_i </proc/self/stat
    echo "$__sk_l" >"$__sk_d/run" || exit 125
    PATH=$__sk_P
    umask 022
    SANDKEEPER_EXEC=$__sk_n
    export SANDKEEPER_EXEC
    [ "$__sk_v" = 0 ] || __sk_set
    if cd "$__sk_w"; then
        __sk_find "$1"
    else
        __sk_e=cwd
    fi
    if [ -n "$__sk_e" ]; then
        printf '\001%s E %s\n' "$__sk_n" "$__sk_e" >&6
        exit 125
    fi
    case $1 in -*) __sk_l=$__sk_f && shift && set -- "$__sk_l" "$@" ;; esac
    case $__sk_y in
    setpriv) exec "$__sk_z" --reuid "$__sk_uid" --regid "$__sk_gid" --clear-groups "$__sk_x" "$@" >&5 2>&6 5>&- 6>&- ;;
    su)
        # some take options of the program for their own, so that it reads the command itself
        exec "$__sk_z" -m -s /bin/sh -c "__sk_run() { shift 6; exec 7<&-; exec $__sk_x \"\$@\"; }; eval \"\$(cat <&7)\"" \
            "$__sk_name" 7<"$__sk_G/$__sk_d/text" >&5 2>&6 5>&- 6>&-
        ;;
    esac
    exec "$__sk_x" "$@" >&5 2>&6 5>&- 6>&-
}

# Sets __sk_i to the least pid of what the first process $__sk_f may have made: reading of every process costs a shell a call for
# each byte. Pids grow, unless they begin again, which takes more processes than can be made in a moment.
__sk_younger() {
    __sk_uptime
    __sk_i=0
    [ $((__sk_u - __sk_t)) -le 1 ] || return
    __sk_k=0
    read -r __sk_l __sk_l __sk_l __sk_l __sk_k </proc/loadavg
    [ "$__sk_k" -lt "$__sk_f" ] || __sk_i=$__sk_f
}

# What the text of a command calls: $1 tag, $2 seconds, $3 whether __sk_set sets variables, $4 whether __sk_input prints its
# input, $5 of no use here, $6 directory; then the program and its arguments.
__sk_run() {
    __sk_v=$3 __sk_w=$6
    if [ "$4" = 1 ]; then
        __sk_I=$__sk_d/input
        __sk_input >"$__sk_I"
    fi
    shift 6
    __sk_uptime
    __sk_t=$__sk_u
    (__sk_become "$@") <"$__sk_I"
    __sk_y=$?
    [ -z "$__sk_F" ] || kill -9 "$__sk_F"
    : >"$__sk_d/in.closed"
    __sk_first
    __sk_younger
    __sk_sweep 0 "$__sk_n" "$__sk_f" "$__sk_i"
    __sk_b=$__sk_c
    if [ -e "$__sk_d/late" ] || [ -e "$__sk_d/gone" ]; then
        wait "$__sk_W"
        __sk_b=0 __sk_W=
    fi
    case $__sk_y in
    12[67])
        # a script whose interpreter cannot be had; what else cannot be executed, setsid tells on the error stream
        PATH=$__sk_P
        cd "$__sk_w"
        __sk_find "$1"
        IFS= read -r __sk_l <"$__sk_f"
        cd "$__sk_G"
        case $__sk_l in
        '#!'*)
            __sk_l=${__sk_l#??}
            __sk_l=${__sk_l#"${__sk_l%%[! ]*}"}
            [ -x "${__sk_l%% *}" ] || printf '\001%s F %s\n' "$__sk_n" "$__sk_y" >&6
            ;;
        esac
        ;;
    esac
    echo "$__sk_y" >"$__sk_d/exit"
    [ ! -e "$__sk_d/late" ] || printf '\001%s T\n' "$__sk_n" >&6
    printf '\001%s' "$__sk_n" >&5
    printf '\001%s X %s %s\n' "$__sk_n" "$__sk_y" "$__sk_b" >&6
    exec 5>&- 6>&-
    # who started it is told by the end of the watch, and shall find all of the output then
    [ "$__sk_b" != 0 ] || wait "$__sk_O" "$__sk_E"
    if [ -n "$__sk_W" ]; then
        # the pid may be another's by now
        __sk_p=/proc/$__sk_W
        __sk_parent
        [ "$__sk_x" != "$__sk_me" ] || kill -9 "$__sk_W"
    fi
}

# Whether a stream has more than the host knows of. $1 its name, $2 part, $3 offset.
__sk_more() {
    [ -e "$1.$(($2 + 1))" ] && return
    [ -s "$1.$2" ] || return
    [ "$3" = 0 ] || [ "$(stat -c %s "$1.$2")" -gt "$3" ]
}

# Sets __sk_k to the size of a stream that ended before its second part began, or fails. $1 its name.
__sk_whole() {
    [ -e "$1.end" ] && [ -e "$1.0" ] && [ ! -e "$1.1" ] || return
    __sk_did "$1"
    [ -n "$__sk_k" ] || __sk_k=$(stat -c %s "$1.0")
}

# Prints what is in file $1 of $2 bytes, and where the host is then, if that is a short text of plain characters, which needs no
# base64; else fails. A tilde stands for the byte of our marks, and a full stop for the end. What FlyApi takes for a refusal is
# no such text.
__sk_plain() {
    [ "$2" -le 1024 ] || return
    __sk_k= __sk_x=
    IFS= read -r __sk_k <mark
    [ -n "$__sk_k" ] || return
    while IFS= read -r __sk_l; do
        __sk_x=$__sk_x$__sk_l$__sk_N
    done <"$1"
    __sk_x=$__sk_x$__sk_l
    # a shell does not keep zeros
    [ "${#__sk_x}" = "$2" ] || return
    case $__sk_x in *Rejection* | *[!"$__sk_k$__sk_N"\ -}]*) return 1 ;; esac
    __sk_e=
    while :; do
        case $__sk_x in *"$__sk_k"*) ;; *) break ;; esac
        __sk_e="$__sk_e${__sk_x%%"$__sk_k"*}~"
        __sk_x=${__sk_x#*"$__sk_k"}
    done
    printf '0 %s plain\n%s.' "$2" "$__sk_e$__sk_x"
}

# Prints what a stream has for the host: a line with the part and the offset that it has afterwards, and the bytes. $1 name,
# $2 part, $3 offset, $4 the most bytes.
__sk_emit() {
    if [ "$2 $3" = '0 0' ] && __sk_whole "$1" && [ "$__sk_k" -le "$4" ]; then
        __sk_o=$__sk_k
        __sk_plain "$1.0" "$__sk_o" || { echo "0 $__sk_o"; base64 <"$1.0"; }
        return
    fi
    __sk_i=$2 __sk_o=$3 __sk_m=$4 __sk_e=
    while [ "$__sk_m" -gt 0 ]; do
        __sk_l=
        [ ! -e "$1.$((__sk_i + 1))" ] || __sk_l=1
        __sk_k=0
        [ ! -e "$1.$__sk_i" ] || __sk_k=$(stat -c %s "$1.$__sk_i") || break
        __sk_k=$((__sk_k - __sk_o))
        if [ "$__sk_k" -gt 0 ]; then
            [ "$__sk_k" -le "$__sk_m" ] || __sk_k=$__sk_m __sk_l=
            __sk_e="$__sk_e tail -c +$((__sk_o + 1)) $1.$__sk_i | head -c $__sk_k;"
            __sk_o=$((__sk_o + __sk_k)) __sk_m=$((__sk_m - __sk_k))
        fi
        [ -n "$__sk_l" ] || break
        __sk_i=$((__sk_i + 1)) __sk_o=0
    done
    echo "$__sk_i $__sk_o"
    [ -z "$__sk_e" ] || eval "{ $__sk_e }" | base64
}

# Answers how a command is and what it has printed. $1 tag, $2 and $3 where the host is in its output, $4 and $5 in its errors,
# $6 the most bytes of each, $7 how many times to look again.
__sk_poll() {
    __sk_d=c-$1
    [ -e "$__sk_d/claim" ] || { echo "none" >&3; return; }
    __sk_c=$2
    while __sk_c=$((__sk_c - 1)) && [ -e "$__sk_d/out.$__sk_c" ]; do rm -f "$__sk_d/out.$__sk_c"; done
    __sk_c=$4
    while __sk_c=$((__sk_c - 1)) && [ -e "$__sk_d/err.$__sk_c" ]; do rm -f "$__sk_d/err.$__sk_c"; done
    __sk_j=0 __sk_q=0.01
    until __sk_more "$__sk_d/out" "$2" "$3" || __sk_more "$__sk_d/err" "$4" "$5" ||
        { [ -e "$__sk_d/out.end" ] && [ -e "$__sk_d/err.end" ]; }; do
        [ "$__sk_j" -lt "$7" ] || break
        __sk_j=$((__sk_j + 1))
        [ "$__sk_j" -lt 4 ] || __sk_q=0.05
        sleep "$__sk_q"
    done
    # what has just begun to print or to end may have done so in a moment
    __sk_j=0
    until [ "$__sk_j" = 4 ] || [ "$7" = 0 ] || { [ -e "$__sk_d/out.end" ] && [ -e "$__sk_d/err.end" ]; }; do
        __sk_j=$((__sk_j + 1))
        sleep 0.02
    done
    __sk_s=running
    if [ -e "$__sk_d/exit" ]; then
        __sk_s=ended
    elif [ ! -s "$__sk_d/run" ]; then
        __sk_s=starting
    else
        read -r __sk_i __sk_x <"$__sk_d/super"
        __sk_start "$__sk_i"
        [ "$__sk_t" = "$__sk_x" ] || [ -e "$__sk_d/exit" ] || __sk_s=lost
    fi
    echo "$__sk_s" >&3
    __sk_emit "$__sk_d/out" "$2" "$3" "$6" >&3
    __sk_emit "$__sk_d/err" "$4" "$5" "$6" >&4
}

# When a process was started, in ticks; a hyphen if there is none. $1 pid. Sets __sk_t.
__sk_start() {
    __sk_t=-
    __sk_stat "/proc/$1/stat"
    case $__sk_l in '' | Z* | X*) return ;; esac
    set -f
    __sk_twentieth $__sk_l
    set +f
}

__sk_twentieth() {
    shift 19
    __sk_t=$1
}

# Whether the process of directory $__sk_p runs a script of ours.
__sk_script() {
    while read -r __sk_r || [ -n "$__sk_r" ]; do
        case $__sk_r in *__sk_*) return 0 ;; esac
        __sk_r=
    done <"$__sk_p/cmdline"
    return 1
}

# Sets __sk_x to the parent of the process of directory $__sk_p.
__sk_parent() {
    __sk_stat "$__sk_p/stat"
    __sk_x=${__sk_l#* }
    __sk_x=${__sk_x%% *}
}

# Counts the programs of all commands. Sets __sk_c.
__sk_count() {
    __sk_c=0 __sk_k=' '
    for __sk_p in /proc/[0-9]*; do
        __sk_i=${__sk_p#/proc/}
        __sk_belongs SANDKEEPER_EXEC= 0 && ! __sk_script || continue
        # what works for a shell that watches over another one of ours is no program either
        __sk_parent
        __sk_p=/proc/$__sk_x
        __sk_script && __sk_parent && __sk_p=/proc/$__sk_x && __sk_script || __sk_c=$((__sk_c + 1))
    done
}

# Writes what comes on standard input. $1 how many characters of base64, $2 the file.
__sk_take() {
    head -c "$1" | base64 -d >"$2.$$" && [ -e "$2.$$" ] && mv "$2.$$" "$2" || exit 92
}

# Whether this is the one who starts a command.
__sk_claim() {
    set -C
    echo >"$__sk_d/claim"
    __sk_e=$?
    set +C
    return "$__sk_e"
}

# Who runs commands. Sets __sk_y to how to become it, or to nothing, and what that needs.
__sk_user() {
    __sk_y=
    read -r __sk_y __sk_z __sk_name __sk_uid __sk_gid <user
}

# How many pieces of its input a command has had. Sets __sk_k unless that is being written.
__sk_had() {
    __sk_l=
    [ ! -e "$__sk_d/fed" ] || read -r __sk_l <"$__sk_d/fed"
    case $__sk_l in '' | *[!0-9]*) ;; *) __sk_k=$__sk_l ;; esac
}

# How many processes the kernel has killed for want of memory. Sets __sk_k.
__sk_kills() {
    __sk_k=0
    while read -r __sk_x __sk_i; do
        [ "$__sk_x" != oom_kill ] || __sk_k=$__sk_i
    done </proc/vmstat
}

# Finds how root becomes user $1, or makes that user with number $2.
__sk_setup() {
    __sk_uid= __sk_gid=
    while IFS=: read -r __sk_l __sk_x __sk_i __sk_k __sk_r; do
        [ "$__sk_l" != "$1" ] || __sk_uid=$__sk_i __sk_gid=$__sk_k
    done </etc/passwd
    if [ -z "$__sk_uid" ]; then
        __sk_uid=$2 __sk_gid=$2
        echo "$1:*:$2:$2::/workspace:/bin/sh" >>/etc/passwd && echo "$1:*:$2:" >>/etc/group || exit 93
    fi
    [ "$__sk_uid" != 0 ] || exit 93
    mkdir -p /workspace && chmod 755 /workspace && chown "$__sk_uid:$__sk_gid" /workspace || exit 93
    for __sk_y in setpriv su; do
        __sk_find "$__sk_y"
        case $__sk_y$__sk_e in
        setpriv) "$__sk_f" --reuid "$__sk_uid" --regid "$__sk_gid" --clear-groups true || continue ;;
        su) "$__sk_f" -m -s /bin/sh "$1" -c true </dev/null || continue ;;
        *) continue ;;
        esac
        echo "$__sk_y $__sk_f $1 $__sk_uid $__sk_gid" >user.new && mv user.new user
        return
    done
    exit 94
}

__sk_me=$$
__sk_N='
'
__sk_G=/tmp/.sandkeeper-fly
case $__sk_op in
setup)
    if [ "$(id -u)" = 0 ]; then
        [ -e user ] || __sk_setup "$1" "$2"
    else
        [ -d /workspace ] && [ -w /workspace ] || exit 93
        : >user
    fi
    [ -e end ] || exit 95
    [ -s mark ] || printf '\001\n' >mark || exit 92
    __sk_kills
    echo "ready $__sk_k" >&3
    ;;
put)
    mkdir -p "c-$1" || exit 92
    __sk_take "$3" "c-$1/command.$2"
    echo ok >&3
    ;;
run)
    # $1 tag, $2 seconds or 0, $3 whether input will come, $4 how many pieces there are before this one, $5 characters of it or 0
    # for octal numbers, $6 host or a hyphen; then as poll
    __sk_d=c-$1
    [ -d "$__sk_d" ] || mkdir -p "$__sk_d" || exit 92
    if [ ! -e "$__sk_d/claim" ]; then
        __sk_x=
        if [ "$5" = 0 ]; then
            IFS= read -r __sk_x || exit 92
        else
            __sk_take "$5" "$__sk_d/command.$4"
            __sk_j=0
            while [ "$__sk_j" -le "$4" ]; do
                cat "$__sk_d/command.$__sk_j" || exit 92
                __sk_j=$((__sk_j + 1))
            done >"$__sk_d/text.$$"
            mv "$__sk_d/text.$$" "$__sk_d/text"
        fi
        [ "$3" = 0 ] || [ -p "$__sk_d/in" ] || mkfifo "$__sk_d/in" "$__sk_d/kick"
        [ -p "$__sk_d/out" ] || mkfifo "$__sk_d/out" "$__sk_d/err"
        if __sk_claim; then
            [ -z "$__sk_x" ] || printf "$__sk_x" >"$__sk_d/text" || exit 92
            # until it has ended, or has run for a moment; with & it would ignore INT and QUIT, and so would the program, so that
            # it ends who waits for it
            __sk_l=$(
                read -r __sk_i __sk_l </proc/self/stat
                PATH=$__sk_P setsid sh "$0" supervise - 0 - "$1" "$2" "$3" "$6" "$__sk_i" 7>&1 </dev/null >/dev/null 2>&1 3>&- 4>&-
                exit
            )
        fi
    fi
    __sk_j=0
    until [ -s "$__sk_d/run" ] || [ -e "$__sk_d/exit" ] || [ "$__sk_j" = 200 ]; do
        __sk_j=$((__sk_j + 1))
        sleep 0.01
    done
    __sk_l=$1
    shift 6
    __sk_poll "$__sk_l" "$@"
    ;;
supervise)
    __sk_n=$1 __sk_d=c-$1 __sk_F= __sk_I=/dev/null
    trap : TERM HUP INT QUIT USR1 USR2 ALRM URG PIPE
    __sk_find setsid
    __sk_x=$__sk_f
    __sk_start "$__sk_me"
    echo "$__sk_me $__sk_t" >"$__sk_d/super" || exit
    kill -9 "$5"
    __sk_watch "$2" "$4" "$3" &
    __sk_W=$!
    exec 7>&-
    __sk_pump "$__sk_d/out" <"$__sk_d/out" &
    __sk_O=$!
    __sk_pump "$__sk_d/err" <"$__sk_d/err" &
    __sk_E=$!
    exec 5>"$__sk_d/out" 6>"$__sk_d/err"
    if [ "$3" = 1 ]; then
        __sk_I=$__sk_d/in
        __sk_feed >"$__sk_d/in" 5>&- 6>&- &
        __sk_F=$!
    fi
    __sk_user
    . "./$__sk_d/text"
    ;;
poll) __sk_poll "$@" ;;
feed)
    # $1 tag, $2 number of the piece, $3 characters of it or 0, $4 how many there are in all or a hyphen, $5 how many may wait,
    # $6 how many times to look again, $7 whether the piece is compressed
    __sk_d=c-$1 __sk_k=0
    __sk_had
    if [ -e "$__sk_d/claim" ] && [ ! -e "$__sk_d/in.closed" ]; then
        if [ "$3" != 0 ] && [ "$2" -ge "$__sk_k" ] && [ ! -s "$__sk_d/in.$2" ]; then
            if [ "$7" = 1 ]; then
                head -c "$3" | base64 -d | gunzip >"$__sk_d/piece.$2.$$"
            else
                head -c "$3" | base64 -d >"$__sk_d/piece.$2.$$"
            fi && [ -s "$__sk_d/piece.$2.$$" ] || exit 92
            echo "piece.$2.$$" >"$__sk_d/in.$2"
        fi
        [ "$4" = - ] || { echo "$4" >"$__sk_d/end.$$" && mv "$__sk_d/end.$$" "$__sk_d/in.end"; }
        exec 7<>"$__sk_d/kick"
        echo >&7
    fi
    __sk_j=0
    while [ "$2" -ge $((__sk_k + $5)) ] && [ "$__sk_j" -lt "$6" ] && [ ! -e "$__sk_d/in.closed" ]; do
        __sk_j=$((__sk_j + 1))
        sleep 0.02
        __sk_had
    done
    [ -e "$__sk_d/claim" ] && [ ! -e "$__sk_d/in.closed" ] && __sk_l=open || __sk_l=closed
    echo "$__sk_l $__sk_k" >&3
    ;;
signal)
    # $1 tag, $2 number, $3 how many times to look whether it has ended, or 0
    __sk_d=c-$1
    __sk_living
    __sk_sweep "$2" "$1" "$__sk_f"
    __sk_j=0 __sk_q=0
    while [ "$__sk_j" -lt "$3" ] && [ "$__sk_q" -lt 2 ]; do
        __sk_j=$((__sk_j + 1))
        __sk_sweep 0 "$1" "$__sk_f"
        __sk_q=$((__sk_q + 1))
        [ "$__sk_c" = 0 ] || { __sk_q=0; sleep 0.05; }
    done
    [ "$__sk_q" = 2 ] || [ "$3" = 0 ] || __sk_c=1
    echo "left $__sk_c" >&3
    ;;
kill)
    __sk_d=c-$1
    __sk_living
    __sk_kill "$1" "$__sk_f" 100
    [ "$__sk_q" = 2 ] || __sk_c=1
    echo "left $__sk_c" >&3
    ;;
terminate)
    # $1 whether to ask them, $2 how many times to look
    if [ "$1" = 1 ]; then
        __sk_sweep 15 '' 0
        __sk_sweep 18 '' 0
    fi
    __sk_count
    __sk_j=0
    while [ "$__sk_c" != 0 ] && [ "$__sk_j" -lt "$2" ]; do
        __sk_j=$((__sk_j + 1))
        sleep 0.05
        __sk_count
    done
    echo "left $__sk_c" >&3
    ;;
extend)
    __sk_uptime
    echo "$((__sk_u + $1))" >end.new && mv end.new end || exit 92
    echo ok >&3
    ;;
usage)
    read -r __sk_l __sk_1 __sk_2 __sk_3 __sk_4 __sk_5 __sk_6 __sk_7 __sk_8 </proc/stat
    __sk_k=0
    while read -r __sk_x __sk_i __sk_r; do
        case $__sk_x in
        MemTotal:) __sk_k=$((__sk_k + __sk_i)) ;;
        MemAvailable:) __sk_k=$((__sk_k - __sk_i)) ;;
        esac
    done </proc/meminfo
    echo "used $((__sk_1 + __sk_2 + __sk_3 + __sk_6 + __sk_7)) $__sk_k" >&3
    ;;
kills)
    __sk_kills
    echo "kills $__sk_k" >&3
    ;;
beat) echo ok >&3 ;;
esac
