# Shared by all scripts that run commands. Builtins only, so that it works when no process can be made any more. Variables
# have a prefix so that none of the program's is touched.

# Finds a program on PATH. Sets __sk_e to nothing and __sk_f to its path, or __sk_e to 127 or 126 as a shell would.
__sk_find() {
    __sk_e=127 __sk_f=
    case $1 in
    */*) __sk_try "$1" ;;
    *)
        set -f
        IFS=:
        for __sk_p in $PATH; do
            __sk_try "${__sk_p:-.}/$1"
            [ -n "$__sk_e" ] || break
        done
        unset IFS
        set +f
        ;;
    esac
}

__sk_try() {
    if [ -f "$1" ] && [ -x "$1" ]; then
        __sk_e= __sk_f=$1
    elif [ -e "$1" ]; then
        __sk_e=126
    fi
}

# Sets __sk_l to what follows the program's name in a stat file; the name may hold anything.
__sk_stat() {
    __sk_l=
    while IFS= read -r __sk_r || [ -n "$__sk_r" ]; do
        __sk_l=$__sk_l$__sk_r
        __sk_r=
    done <"$1"
    __sk_l=${__sk_l##*) }
}
