# The first process of a Machine: it ends at the moment that the file names, in seconds since the start of the machine, and the
# Machine with it. $1 how many seconds from now on, until somebody says otherwise.
trap 'exit 0' TERM INT
umask 077
d=/tmp/.sandkeeper-fly
mkdir -p "$d"
IFS=' .' read -r u r </proc/uptime
[ -e "$d/end" ] || { echo "$((u + $1))" >"$d/end.first" && mv "$d/end.first" "$d/end"; }
e=$((u + $1))
while IFS=' .' read -r u r </proc/uptime && [ "$u" -lt "$e" ]; do
    l=$((e - u))
    [ "$l" -le 2 ] || l=2
    sleep "$l" &
    wait $!
    r=
    read -r r <"$d/end"
    case $r in '' | *[!0-9]*) ;; *) e=$r ;; esac
done
