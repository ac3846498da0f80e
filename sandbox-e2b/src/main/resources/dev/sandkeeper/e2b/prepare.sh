# Makes a new sandbox ready for commands. $1 is root's if this runs as root, and then the number of the user whose the workspace
# is to be. Prints what is missing.
exec 2>/dev/null
if [ -n "$1" ]; then
    mkdir -p /workspace && chown "$1" /workspace
elif [ ! -d /workspace ]; then
    # where the template lets its user, which saves two more streams
    { sudo -n mkdir /workspace && sudo -n chown "$(id -u):$(id -g)" /workspace; } </dev/null >/dev/null
fi
__sk_find setsid
[ -z "$__sk_e" ] || echo setsid
if [ -d /workspace ] && [ -w /workspace ]; then
    echo ready
else
    echo "workspace $(id -u):$(id -g)"
fi
