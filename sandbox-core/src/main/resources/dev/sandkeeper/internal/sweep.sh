# Shared by the scripts that end commands, whatever the backend. Builtins only, so that it works when no process can be made
# any more. __sk_me is the pid of who sweeps.

# Signals every process of a command but $__sk_me; a wrapper that lingers counts for KILL only. $1 signal number, $2 audit
# session or -, $3 tag, $4 the pid of its first process while that lives, else 0. Sets __sk_c to how many there were.
__sk_sweep() {
    __sk_c=0 __sk_k=' '
    for __sk_p in /proc/[0-9]*; do
        __sk_i=${__sk_p#/proc/}
        [ "$__sk_i" != "$__sk_me" ] || continue
        __sk_ours "$2" "$3" "$4" || continue
        [ "$2" != - ] || __sk_k="$__sk_k$__sk_i "
        [ "$1" = 9 ] || [ "$__sk_i" != "$4" ] || ! __sk_lingers "$4" || continue
        kill "-$1" "$__sk_i" && __sk_c=$((__sk_c + 1))
    done
}

# Whether the process of directory $__sk_p lives and is one of the command's. $1 audit session or -, $2 tag, $3 first
# process or 0.
# The audit session is the kernel's: inherited by every child and out of reach of an unprivileged process. Where the
# kernel has none, the process session, the parent and the environment have to do.
__sk_ours() {
    if [ "$1" != - ]; then
        __sk_l=
        IFS= read -r __sk_l <"$__sk_p/sessionid"
        [ "$__sk_l" = "$1" ] || return 1
    fi
    __sk_stat "$__sk_p/stat"
    case $__sk_l in '' | Z* | X*) return 1 ;; esac
    [ "$1" != - ] || __sk_belongs "$2" "$3"
}

# Whether the wrapper with pid $1 has said its last word. Being halted would not tell: any program can do that to it.
__sk_lingers() {
    [ -e "/proc/$1/fd/2" ] && [ ! -e "/proc/$1/fd/1" ]
}

__sk_belongs() {
    __sk_r=${__sk_l#* }
    case $__sk_k in *" ${__sk_r%% *} "*) return 0 ;; esac
    __sk_r=${__sk_r#* }
    __sk_r=${__sk_r#* }
    [ "$2" = 0 ] || [ "${__sk_r%% *}" != "$2" ] || return 0
    while IFS= read -r __sk_r || [ -n "$__sk_r" ]; do
        case $__sk_r in *"SANDKEEPER_EXEC=$1"*) return 0 ;; esac
        __sk_r=
    done <"$__sk_p/environ"
    return 1
}

# Halts everything for the time that a sweep takes, if there are many: they would leave this one no time, and make new ones faster
# than it finds them. $1 is 1 to do so however few.
__sk_freeze() {
    __sk_z=
    set -- "$1" /proc/[0-9]*
    [ "$1" = 0 ] && [ $# -lt 60 ] || { __sk_halt && __sk_z=1; }
}

__sk_thaw() {
    [ -z "$__sk_z" ] || __sk_continue
}

# Kills a command but $__sk_me. $1 audit session, $2 tag, $3 first process, $4 0, or 1 to halt the user's processes for
# the time it takes, however few. Sets __sk_c to how many there were.
__sk_end() {
    [ "$__sk_me" != 0 ] || [ "$3" = 0 ] || kill -9 "-$3"
    __sk_freeze "$4"
    __sk_sweep 9 "$1" "$2" "$3"
    __sk_thaw
}
