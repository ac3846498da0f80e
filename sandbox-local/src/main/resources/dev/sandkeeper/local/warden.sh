# Ends commands whose JVM can no longer do it. $1 is the directory of its records; standard input ends with the JVM.
while read -r _; do :; done
: >"$1/closed" || exit 0

same() {
    shift 19
    [ "$1" = "$ticks" ]
}

running() {
    read -r stat 2>/dev/null <"/proc/$pid/stat" && same ${stat##*) }
}

# nsenter has one child, bubblewrap, and that has one: the first process of the command's process namespace.
end() {
    child= first=
    read -r child _ 2>/dev/null <"/proc/$pid/task/$pid/children"
    [ -z "$child" ] || read -r first _ 2>/dev/null <"/proc/$child/task/$child/children"
    if [ -n "$first" ]; then
        kill -9 "$first" 2>/dev/null
    elif [ "$round" -gt 3 ]; then
        kill -9 $child "$pid" 2>/dev/null
    fi
}

round=0
while :; do
    left=
    read -r uptime _ </proc/uptime
    for record in "$1"/[0-9]*; do
        [ -f "$record" ] || continue
        pid= ticks= due=
        read -r pid ticks due <"$record"
        if [ -z "$due" ] || ! running; then
            # A command that has not written its record completely will see that this directory is closed.
            rm -f "$record"
            continue
        fi
        left=1
        [ "$due" -gt "${uptime%%.*}" ] || end
    done
    [ -n "$left" ] || break
    round=$((round + 1))
    sleep 1
done
rm -rf "$1"
