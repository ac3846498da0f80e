# Signals and ends commands. $1 what to do, $2 tenths of a second to do it in; then commands, each as its tag, a
# colon and the pid of its first process or 0. Prints how many processes there still are. Builtins only, but for the waiting.
exec 2>/dev/null
__sk_op=$1 __sk_t=$2
shift 2
read -r __sk_me __sk_l </proc/self/stat

# Signals all of them. $1 the signal's number. Sets __sk_w to how many processes there were.
__sk_each() {
    __sk_w=0
    __sk_y=$1
    for __sk_x in $__sk_all; do
        __sk_sweep "$__sk_y" - "${__sk_x%%:*}" "${__sk_x#*:}"
        __sk_w=$((__sk_w + __sk_c))
    done
}

__sk_all=$*
__sk_j=0 __sk_q=0
case $__sk_op in
signal)
    __sk_each "$__sk_t"
    echo "$__sk_w"
    exit
    ;;
term) __sk_each 15 ;;
all)
    __sk_each 15
    __sk_each 18
    ;;
esac
while :; do
    if [ "$__sk_op" = kill ]; then
        __sk_freeze $((__sk_j > 3))
        __sk_each 9
        __sk_thaw
    else
        __sk_each 0
    fi
    __sk_q=$((__sk_q + 1))
    [ "$__sk_w" = 0 ] || __sk_q=0
    [ "$__sk_q" -lt 2 ] && [ "$__sk_j" -lt "$__sk_t" ] || break
    __sk_j=$((__sk_j + 1))
    [ "$__sk_w" = 0 ] || sleep 0.1
done
echo "$__sk_w"
