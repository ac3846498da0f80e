# Becomes the owner of a sandbox's namespaces; its only child is the first process in the sandbox's process namespace.
# $0 marks the sandbox in lists of processes, $1 is the script of that child, the rest are its arguments.
script=$1
shift
exec 3<&0
sh -c "$script" "$0" "$@" <&3 3<&- &
echo "holder $!"
exec 3<&- </dev/null >/dev/null 2>&1
wait
exit 0
