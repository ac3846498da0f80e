# The first process of a sandbox: makes its mounts, takes what the JVM says, then keeps the namespaces and reaps.
# $1 lifetime, $2 bytes of arguments, $3 bytes of filter, $4 size of /tmp, $5 size of /dev/shm, $6 size of the workspace or 0,
# $7 a directory with a root file system or nothing, $8 whether the network is its own,
# $9 mount(8): a shell's own may lack options. The working directory is the workspace.
set -e
umask 077
"$9" -t proc -o nosuid,nodev,noexec proc /proc
# Whatever the host has in /tmp is hidden from here on; directories that are entered before can still be mounted, and so they
# need not be reachable either.
(
    [ -z "$7" ] || cd "$7"
    "$9" -t tmpfs -o mode=0700,size=32m,nosuid,nodev sandkeeper /tmp
    mkdir /tmp/work /tmp/tmp /tmp/shm /tmp/root
    [ -z "$7" ] || "$9" -c --rbind . /tmp/root
)
if [ "$6" = 0 ]; then
    "$9" -c --bind . /tmp/work
else
    "$9" -t tmpfs -o "mode=0700,size=$6,nosuid,nodev" sandkeeper /tmp/work
fi
"$9" -t tmpfs -o "mode=1777,size=$4,nosuid,nodev" sandkeeper /tmp/tmp
"$9" -t tmpfs -o "mode=1777,size=$5,nosuid,nodev" sandkeeper /tmp/shm
umask 022
printf 'root:x:0:0:root:/:/bin/sh\nsandbox:x:1000:1000:sandbox:/workspace:/bin/sh\n' >/tmp/passwd
printf 'root:x:0:\nsandbox:x:1000:\n' >/tmp/group
printf '127.0.0.1 localhost sandbox\n::1 localhost\n' >/tmp/hosts
printf 'passwd: files\ngroup: files\nhosts: files dns\n' >/tmp/nsswitch.conf
umask 077
# A new network namespace has its loopback interface down.
[ "$8" = 0 ] || ip link set lo up 2>/dev/null || ifconfig lo up 2>/dev/null || busybox ifconfig lo up 2>/dev/null ||
    perl -e 'socket(S, 2, 2, 0); ioctl(S, 0x8914, pack("a16 s x22", "lo", 0x49)) or exit 1' 2>/dev/null || :
# head may read ahead.
dd "bs=$2" count=1 iflag=fullblock >/tmp/arguments 2>/dev/null
: >/tmp/filter
[ "$3" = 0 ] || dd "bs=$3" count=1 iflag=fullblock >/tmp/filter 2>/dev/null
[ "$(stat -c %s /tmp/arguments /tmp/filter)" = "$2
$3" ]
cd /
echo ready
# Nobody knows of this process before the JVM has written it down.
read -r answer
[ "$answer" = go ]
exec >/dev/null 2>&1
if [ "$1" = PROCESS ]; then
    # Ends with the JVM, whose end closes the other side.
    cat >/dev/null || :
else
    exec </dev/null
    # The shell stays to reap what commands leave behind.
    while :; do sleep 2147483 || :; done
fi
exit 0
