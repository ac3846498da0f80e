# Makes a new sandbox ready for commands. $1 its name. Prints what is missing.
exec 2>/dev/null
umask 077
for __sk_x in setsid mkfifo base64 dd stat cat sleep; do
    __sk_find "$__sk_x"
    [ -z "$__sk_e" ] || echo "tool $__sk_x"
done
# What it was made from may be a copy of another one, with what was kept of that one's commands. This may run again, late: it must
# not remove what is of this one.
__sk_d=
IFS= read -r __sk_d </tmp/.sandkeeper/sandbox
[ "$__sk_d" = "$1" ] || [ ! -e /tmp/.sandkeeper ] || rm -rf /tmp/.sandkeeper
mkdir -p /tmp/.sandkeeper/x && chmod 700 /tmp/.sandkeeper && echo "$1" >/tmp/.sandkeeper/sandbox || echo tmp
if [ ! -d /workspace ]; then
    mkdir -m 755 /workspace ||
        { sudo -n mkdir -m 755 /workspace && sudo -n chown "$(id -u):$(id -g)" /workspace; } </dev/null >/dev/null
fi
[ -d /workspace ] && [ -w /workspace ] || echo workspace
echo ready
