# What a shell of a local sandbox has beyond the session.sh of all backends. It has a process namespace of its own: whatever
# runs there beside it and the first process was left behind by a command. The host ends it and all of them, so nothing here
# looks at the time.

__sk_on() { :; }

__sk_off() { :; }

__sk_behind() {
    __sk_b=0
    for __sk_p in /proc/[0-9]*; do
        case $__sk_p in "/proc/1" | "/proc/$__sk_me") continue ;; esac
        __sk_stat "$__sk_p/stat"
        case $__sk_l in '' | Z* | X*) continue ;; esac
        __sk_b=1
        return
    done
}

printf '\001%s H %s - ok\n' "$__sk_n" "$__sk_me" >&3
