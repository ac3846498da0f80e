# Tries what a sandbox forbids. Each argument names an attempt, behind a colon its own argument; each is made by a process of
# its own and answered by a line: its name and "done", or what the kernel said. None does harm where it succeeds.
use strict;
use warnings;
use Errno;
use Fcntl;
use POSIX ();
use Socket;

$| = 1;
my $arm = (POSIX::uname())[4] eq 'aarch64';
my ($none, $first, $tmpfs, $place) = ('none', '/proc/1/ns/uts', 'tmpfs', '/tmp');
my $seize = 0x4206; # PTRACE_SEIZE, which does not stop

# call NUMBER-ON-X86-64 NUMBER-BY-THE-GENERIC-TABLE ARGUMENT...
sub call {
    my ($x86_64, $generic, @arguments) = @_;
    return syscall($arm ? $generic : $x86_64, @arguments) != -1;
}

sub writable { return sysopen my $file, shift, O_WRONLY }

sub readable {
    open my $file, '<', shift or return 0;
    return defined sysread $file, my $read, 64;
}

# Whether there is anything in it: what an engine covers reads as empty.
sub tells {
    open(my $file, '<', shift) or return 0;
    my $read = sysread $file, my $text, 64;
    return defined $read && ($read > 0 || fail('EMPTY'));
}

sub shows {
    opendir(my $directory, shift) or return 0;
    return grep(!/^\.\.?$/, readdir $directory) > 0 || fail('EMPTY');
}

sub fail { print shift; POSIX::_exit(1) }

sub node {
    my ($type, $number) = @_;
    my $path = "/workspace/node-$$";
    # mknod, or mknodat at the working directory
    my $made = $arm ? syscall(33, -100, $path, $type | 0600, $number) : syscall(133, $path, $type | 0600, $number);
    return $made != -1 && (sysopen(my $device, $path, O_RDONLY) ? unlink $path : 0);
}

sub owned {
    my $path = "/workspace/file-$$";
    open my $file, '>', $path or die $!;
    my $given = chown shift, -1, $path;
    my $error = $!;
    unlink $path;
    $! = $error;
    return $given;
}

# An own child that waits; it ends with this process.
sub child {
    pipe my $end, my $held or die $!;
    my $child = fork // die $!;
    return ($child, $held) if $child;
    close $held;
    sysread $end, my $byte, 1;
    POSIX::_exit(0);
}

sub udp {
    socket my $socket, AF_INET, SOCK_DGRAM, 0 or die $!;
    return connect $socket, sockaddr_in(80, inet_aton(shift)); # asks for a route and sends nothing
}

sub tcp {
    my ($host, $port) = split /:/, shift;
    socket my $socket, AF_INET, SOCK_STREAM, 0 or die $!;
    return connect $socket, sockaddr_in($port, inet_aton($host));
}

sub unix {
    socket my $socket, AF_UNIX, SOCK_STREAM, 0 or die $!;
    return connect $socket, sockaddr_un(shift);
}

sub namespace { return call 272, 97, shift }

# What counts is that a kernel without a filter, or with the rights, does not say EPERM.
my %attempts = (
    # another process
    'signal-first' => sub { kill 0, 1 },
    'ptrace-first' => sub { call 101, 117, $seize, 1, 0, 0 },
    'ptrace-own' => sub { my ($pid, $held) = child(); call 101, 117, $seize, $pid, 0, 0 },
    'memory-of-first' => sub { readable '/proc/1/mem' },
    'root-of-first' => sub { opendir my $root, '/proc/1/root' },
    'environment-of-first' => sub { readable '/proc/1/environ' },
    'output-of-first' => sub { writable '/proc/1/fd/1' },
    'process-vm-readv' => sub { my ($pid, $held) = child(); call 310, 270, $pid, 0, 0, 0, 0, 0 },
    'setns-first' => sub { open my $ns, '<', $first or return 0; call 308, 268, fileno $ns, 0 },
    'session-of-host' => sub { syscall($arm ? 156 : 124, 0) == 0 || fail('OWN') },
    # mounts
    'mount' => sub { call 165, 40, $none, $place, $tmpfs, 0, 0 },
    'remount' => sub { call 165, 40, $none, my $root = '/', $none, 0x1020, 0 },
    'umount' => sub { call 166, 39, my $proc = '/proc', 2 },
    'fsopen' => sub { call 430, 430, $tmpfs, 0 },
    'open-tree' => sub { call 428, 428, -100, $place, 1 },
    'mount-setattr' => sub { my $no = "\0" x 32; call 442, 442, -100, $place, 0, $no, 32 },
    'pivot-root' => sub { call 155, 41, $place, $place },
    'chroot' => sub { chroot $place },
    # namespaces
    'user-namespace' => sub { namespace 0x10000000 },
    'mount-namespace' => sub { namespace 0x00020000 },
    'network-namespace' => sub { namespace 0x40000000 },
    'clone-user-namespace' => sub {
        my $pid = syscall($arm ? 220 : 56, 0x10000000 | 17, 0, 0, 0, 0);
        POSIX::_exit(0) if $pid == 0;
        return $pid != -1 && waitpid $pid, 0;
    },
    # rights
    'become-root' => sub { POSIX::setuid(0) },
    'become-other' => sub { POSIX::setuid(1234) },
    'set-groups' => sub { my $list = pack 'L', 0; call 116, 159, 1, $list },
    'give-file-away' => sub { owned 1234 },
    'device-of-disk' => sub { node 0060000, 8 << 8 },
    'device-of-memory' => sub { node 0020000, 1 << 8 | 1 },
    'device-of-nothing' => sub { node 0020000, 1 << 8 | 3 },
    'raw-socket' => sub { socket my $socket, AF_INET, SOCK_RAW, 1 },
    'packet-socket' => sub { socket my $socket, 17, SOCK_RAW, 0 },
    'host-name' => sub { my $name = (POSIX::uname())[1]; call 170, 161, $name, length $name },
    'priority' => sub { setpriority 0, 0, -5 },
    'kernel-log' => sub { my $log = "\0" x 64; call 103, 116, 3, $log, 64 },
    'reboot' => sub { call 169, 142, 0, 0, 0, 0 },
    'load-module' => sub { call 175, 105, 0, 0, $none },
    'swap' => sub { call 167, 224, $none, 0 },
    'accounting' => sub { call 163, 89, $none },
    # the depth of the kernel
    'keys' => sub { my ($type, $name) = ('user', 'sandkeeper'); call 248, 217, $type, $name, $name, 4, -2 },
    'bpf' => sub { my $map = pack 'L32', 2, 4, 4, 1; call 321, 280, 0, $map, 128 },
    'perf' => sub { my $event = pack 'L32', 1, 112; call 298, 241, $event, 0, -1, -1, 0 },
    'userfaultfd' => sub { call 323, 282, 1 },
    'io-uring' => sub { my $parameters = "\0" x 120; call 425, 425, 1, $parameters },
    # files
    'read' => sub { readable shift },
    'write' => sub { writable shift },
    'create' => sub { my $file = shift() . "/created-$$"; sysopen(my $new, $file, O_WRONLY | O_CREAT) && unlink $file },
    'tells' => sub { tells shift },
    'shows' => sub { shows shift },
    'kernel-addresses' => sub {
        open my $file, '<', '/proc/kallsyms' or return 0;
        return grep({ /^0*[1-9a-f]/ } map { scalar <$file> // '' } 1 .. 100) > 0 || fail('ZERO');
    },
    # the world outside
    'route' => sub { udp shift },
    'connect' => sub { tcp shift },
    'unix' => sub { unix shift },
    'abstract' => sub { unix "\0" . shift },
    'queue' => sub { defined msgget shift, 0 },
    'make-queue' => sub { defined msgget shift, 01600 },
);

for my $attempt (@ARGV) {
    my ($name, $argument) = split /:/, $attempt, 2;
    my $try = $attempts{$name} or die "there is no attempt $name";
    print "$attempt ";
    my $process = fork // die $!;
    if (!$process) {
        $! = 0;
        if ($try->($argument)) {
            print 'done';
        } else {
            my ($error) = grep { $!{$_} } keys %!;
            print $error // 'FAILED';
        }
        POSIX::_exit(0);
    }
    waitpid $process, 0;
    print $? & 127 ? 'signal ' . ($? & 127) . "\n" : "\n";
}
