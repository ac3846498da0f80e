# Halts what a user runs, and continues it. Builtins only, so that it works when no process can be made any more.
#
# Two that halt everything at the same time would halt each other, and nobody would be left to continue them: while both are in
# kill(2), each has the other's signal pending. So one after the other, by the one-bit algorithm (Burns; Lamport, "The Mutual
# Exclusion Problem", part II, 1986), in which a process's bit is its name and its number is its pid.

# Halts every process of the user but this one, at one stroke. Fails if there is none.
__sk_halt() {
    __sk_wait
    kill -19 -1 || {
        echo sh >/proc/self/comm
        return 1
    }
}

# Continues them.
__sk_continue() {
    kill -18 -1
    echo sh >/proc/self/comm
}

# Waits until no other one halts processes.
__sk_wait() {
    read -r __sk_own __sk_name </proc/self/stat
    __sk_looks=0
    until __sk_first; do
        echo sh >/proc/self/comm
        while __sk_halts "$__sk_other"; do :; done
    done
}

# Fails if one with a lower pid wants to halt processes too; waits for the others.
__sk_first() {
    echo sandkeeper-halt >/proc/self/comm
    for __sk_other in /proc/[0-9]*; do
        [ "$__sk_other" != "/proc/$__sk_own" ] || continue
        while __sk_halts "$__sk_other"; do
            [ "${__sk_other#/proc/}" -gt "$__sk_own" ] || return 1
        done
    done
}

# Whether process $1 halts others, or wants to. Any program can take that name, so it is believed for some time only.
__sk_halts() {
    __sk_name=
    read -r __sk_name <"$1/comm"
    [ "$__sk_name" = sandkeeper-halt ] || return 1
    __sk_looks=$((__sk_looks + 1))
    [ "$__sk_looks" -lt 2000 ]
}
