# A shell that lasts: it runs one command after another, each in a subshell, so that nothing of it stays. The first one comes
# with it, the others as lines of its input: its tag, a number that grows, the command's tag, how long the command's text is in
# bytes and in characters, and that text, in which $__sk_nl stands for line feeds. A line may come twice, and two at a time may be
# mixed. The lines before this text set __sk_shell, its tag, and of the first command __sk_tag and __sk_line. It ends when a line
# says so, or when nothing has come for ten minutes at least: its host is gone, or has forgotten it.
__sk_nl='
'

__sk_one() {
    echo "$__sk_count b" >"$__sk_base/used"
    printf '%s A\n' "$__sk_tag"
    (eval "$__sk_line") </dev/null
    # after its last word this says nothing; without one, what ran it was killed
    printf '%s Z\n' "$__sk_tag"
    __sk_line=
    echo "$__sk_count" >"$__sk_base/used"
}

# Ends the shell when it was idle for so long. What a program has removed tells nothing.
__sk_watch() {
    __sk_z= __sk_q= __sk_a=-
    trap '__sk_q=1; [ -z "$__sk_z" ] || { kill -9 "$__sk_z"; exit; }' ALRM
    while :; do
        __sk_nap 600
        __sk_l=
        read -r __sk_l <"$__sk_base/used"
        case $__sk_l in
        '' | *b) __sk_a=- ;;
        "$__sk_a") break ;;
        *) __sk_a=$__sk_l ;;
        esac
    done
    kill -9 $$
    rm -rf "$__sk_base"
}

__sk_serve() {
    exec 2>/dev/null
    __sk_base=/tmp/.sandkeeper/x/$__sk_shell
    # who is told to run this again finds nothing, and all of it has been read
    echo >"$__sk_base/sh"
    # not TERM: that is how the daemon ends a session
    trap : HUP INT QUIT USR1 USR2 ALRM URG PIPE
    umask 077
    __sk_find setsid
    [ -n "$__sk_e" ] || __sk_setsid=$__sk_f
    __sk_watch </dev/null >/dev/null &
    __sk_watcher=$!
    __sk_count=1
    __sk_one
    while read -r __sk_word __sk_number __sk_tag __sk_length __sk_line; do
        [ "$__sk_word" = "$__sk_shell" ] && [ "$__sk_number" -gt "$__sk_count" ] || continue
        case $__sk_length in "${#__sk_line}":* | *:"${#__sk_line}") ;; *) continue ;; esac
        [ "$__sk_tag" != - ] || break
        __sk_count=$__sk_number
        __sk_one
    done
    kill -14 "$__sk_watcher"
    rm -rf "$__sk_base"
}
