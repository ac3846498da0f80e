package dev.sandkeeper.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.Network;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.testsupport.Attempts;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.assertj.core.api.MapAssert;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What untrusted code would do first, as the kernel answers it; and for the way out that there is, that it is one. */
@Needs(Component.BUBBLEWRAP)
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EscapeTest {
    private static final String[] REFUSALS = {"EPERM", "EACCES", "EROFS", "ENOSYS"};

    private Rig rig;
    private BackendSandbox sandbox;

    @BeforeAll
    void create(@TempDir Path directory) {
        rig = new Rig(directory.resolve("state"));
        sandbox = rig.create();
    }

    @AfterAll
    void leaveNothing() throws IOException {
        rig.close();
    }

    private static MapAssert<String, String> assertTried(BackendSandbox sandbox, String... attempts) {
        Rig.Result result = Rig.run(
                sandbox, new ProcessRequest(Attempts.command(attempts), Map.of(), "/workspace", null, false, null));
        assertThat(result.errors()).isEmpty();
        return assertThat(Attempts.answers(result.text())).containsOnlyKeys(attempts);
    }

    private void assertRefused(String... attempts) {
        assertTried(sandbox, attempts)
                .allSatisfy((attempt, answer) -> assertThat(answer).as(attempt).isIn((Object[]) REFUSALS));
    }

    private static void assertDone(BackendSandbox sandbox, String... attempts) {
        assertTried(sandbox, attempts)
                .allSatisfy((attempt, answer) -> assertThat(answer).as(attempt).isEqualTo(Attempts.DONE));
    }

    @Test
    void gainsNoRights() {
        assertRefused(
                "set-groups",
                "raw-socket",
                "packet-socket",
                "chroot",
                "host-name",
                "priority",
                "device-of-disk",
                "device-of-memory",
                "device-of-nothing");
        assertTried(sandbox, "become-root", "become-other", "give-file-away")
                .as("there is no other user in its namespace")
                .allSatisfy((attempt, answer) -> assertThat(answer).as(attempt).isIn("EINVAL", "EPERM"));
    }

    @Test
    void hasTheDepthsOfTheKernelClosedByAFilter() {
        assertRefused(
                "ptrace-own",
                "process-vm-readv",
                "user-namespace",
                "clone-user-namespace",
                "mount-namespace",
                "network-namespace",
                "mount",
                "remount",
                "umount",
                "fsopen",
                "open-tree",
                "mount-setattr",
                "pivot-root",
                "setns-first",
                "keys",
                "bpf",
                "perf",
                "userfaultfd",
                "io-uring",
                "kernel-log",
                "reboot",
                "load-module",
                "swap",
                "accounting");
    }

    @Test
    void gainsNothingByItsFirstProcessWhichIsOfTheSameUser() {
        assertRefused("ptrace-first", "setns-first");
        Rig.shell(sandbox, "kill -9 1; kill -STOP 1; kill -9 -1");
        String same = "grep -E '^(Cap|NoNewPrivs|Seccomp:|Uid|Gid)' /proc/$p/status";
        assertThat(Rig.shell(sandbox, "p=1; " + same).text())
                .isEqualTo(Rig.shell(sandbox, "p=self; " + same).text())
                .contains("CapEff:\t0000000000000000");
        assertTried(sandbox, "read:/proc/1/root/etc/shadow", "shows:/proc/1/root/sys", "shows:/proc/1/cwd/../root")
                .allSatisfy((attempt, answer) -> assertThat(answer).as(attempt).isEqualTo("ENOENT"));
        assertThat(Rig.shell(sandbox, "for f in /proc/1/fd/*; do readlink $f; done")
                        .text()
                        .lines())
                .allMatch(target -> target.startsWith("pipe:") || target.equals("anon_inode:[eventfd]"));
    }

    @Test
    void hasNoTerminalOfTheHost() {
        assertTried(sandbox, "session-of-host", "read:/dev/tty")
                .containsEntry("session-of-host", "OWN")
                .containsEntry("read:/dev/tty", "ENXIO");
    }

    @Test
    void seesNothingOfTheHostInProcAndHasNoSys() {
        assertTried(
                        sandbox,
                        "tells:/proc/kcore",
                        "tells:/proc/keys",
                        "tells:/proc/timer_list",
                        "tells:/proc/sched_debug",
                        "tells:/proc/kpagecount",
                        "kernel-addresses",
                        "shows:/sys",
                        "shows:/proc/scsi",
                        "create:/sys")
                .allSatisfy((attempt, answer) -> assertThat(answer)
                        .as(attempt)
                        .isIn("EMPTY", "ZERO", "ENOENT", "EPERM", "EACCES", "EIO", "EROFS"));
        assertTried(
                        sandbox,
                        "write:/proc/sysrq-trigger",
                        "write:/proc/sys/kernel/core_pattern",
                        "write:/proc/sys/vm/drop_caches",
                        "write:/proc/irq/default_smp_affinity")
                .allSatisfy(
                        (attempt, answer) -> assertThat(answer).as(attempt).isIn("EROFS", "EACCES", "EPERM", "ENOENT"));
        assertThat(Rig.shell(sandbox, "cut -d: -f3 /proc/self/cgroup | sort -u").text())
                .isEqualTo("/\n");
    }

    @Test
    void cannotWriteTheSystem() {
        assertTried(
                        sandbox,
                        "create:/",
                        "create:/etc",
                        "create:/usr/bin",
                        "create:/run",
                        "create:/var",
                        "create:/dev",
                        "create:/proc")
                .allSatisfy((attempt, answer) -> assertThat(answer).as(attempt).isIn("EROFS", "EACCES", "ENOENT"));
        assertDone(sandbox, "create:/workspace", "create:/tmp", "create:/dev/shm", "create:/var/tmp");
    }

    @Test
    void findsNoSocketAndNoDeviceOfTheHost() {
        assertTried(sandbox, "unix:/var/run/docker.sock", "unix:/run/docker.sock", "unix:/run/dbus/system_bus_socket")
                .allSatisfy((attempt, answer) -> assertThat(answer).isEqualTo("ENOENT"));
        assertThat(Rig.shell(
                                sandbox,
                                "for l in /dev/* /dev/*/*; do d=$(readlink -f $l); [ -b $d ] || [ -c $d ] && echo $d; done")
                        .text()
                        .lines())
                .contains("/dev/null")
                .allMatch(device -> device.matches("/dev/(null|zero|full|random|urandom|tty|ptmx|pts/ptmx)"));
    }

    @Test
    void reachesNeitherMetadataNorAnySocketOfTheHost() throws IOException, InterruptedException {
        String name = "sandkeeper-test-" + ProcessHandle.current().pid();
        Process listener = listen(name);
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String host = "connect:127.0.0.1:" + server.getLocalPort();
            assertTried(sandbox, "route:192.0.2.1", "route:169.254.169.254", host, "abstract:" + name)
                    .containsEntry("route:192.0.2.1", "ENETUNREACH")
                    .containsEntry("route:169.254.169.254", "ENETUNREACH")
                    .containsEntry(host, "ECONNREFUSED")
                    .containsEntry("abstract:" + name, "ECONNREFUSED");
            BackendSandbox open = rig.create(
                    SandboxSpec.builder().network(Network.hostNetwork()).build());
            assertDone(open, host, "abstract:" + name);
            rig.backend().destroy(open.providerRef());
        } finally {
            listener.getOutputStream().close();
            assertThat(listener.waitFor()).isZero();
        }
    }

    /** On the host, a socket that has a name and no file, as desktops' buses have; until its input ends. */
    private static Process listen(String name) throws IOException {
        Process process = new ProcessBuilder(
                        "perl",
                        "-MSocket",
                        "-e",
                        "socket S, AF_UNIX, SOCK_STREAM, 0; bind S, sockaddr_un(\"\\0$ARGV[0]\") or die; listen S, 1;"
                                + " $| = 1; print \"up\\n\"; <STDIN>",
                        name)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        assertThat(process.inputReader(StandardCharsets.UTF_8).readLine()).isEqualTo("up");
        return process;
    }

    @Test
    void sharesNothingWithItsNeighbours() {
        BackendSandbox other = rig.create();
        assertThat(Rig.shell(sandbox, "uname -n").text()).isEqualTo("sandbox\n");
        assertDone(sandbox, "make-queue:4711");
        assertDone(sandbox, "queue:4711");
        assertTried(other, "queue:4711").containsEntry("queue:4711", "ENOENT");
        Rig.shell(sandbox, "sleep 30 & echo x | tee /workspace/mine /tmp/mine > /dev/shm/mine");
        assertThat(Rig.shell(
                                other,
                                "ls /workspace/mine /tmp/mine /dev/shm/mine 2>/dev/null; ls -d /proc/[0-9]* | wc -l")
                        .text()
                        .strip())
                .satisfies(count -> assertThat(Integer.parseInt(count)).isLessThan(10));
        rig.backend().destroy(other.providerRef());
    }

    @Test
    void isAnOrdinaryUserToTheHostAlsoWhereTheHostIsRoot(@TempDir Path directory) throws IOException {
        if (Proc.ownUid() != 0) {
            return;
        }
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path image = Files.createDirectories(directory.resolve("image"));
        Files.setPosixFilePermissions(image, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path bin = Files.createDirectory(image.resolve("bin"));
        Files.setPosixFilePermissions(bin, PosixFilePermissions.fromString("rwxr-xr-x"));
        for (String name : new String[] {"sh", "cat", "id"}) {
            Path program = Files.copy(Path.of("/bin/busybox"), bin.resolve(name));
            Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        Path secret = Files.writeString(image.resolve("secret"), "of root alone");
        Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-------"));
        BackendSandbox sees =
                rig.create(SandboxSpec.builder().image(image.toString()).build());
        assertThat(Rig.shell(sees, "cat /secret || id -u; echo x > /workspace/mine")
                        .text())
                .isEqualTo("1000\n");
        assertThat(fileOwner(rig.directory(), "mine")).isPositive();
        rig.backend().destroy(sees.providerRef());
    }

    private static int fileOwner(Path directory, String name) throws IOException {
        try (var all = Files.walk(directory)) {
            Path file = all.filter(path -> path.endsWith("workspace/" + name))
                    .findFirst()
                    .orElseThrow();
            return (int) Files.getAttribute(file, "unix:uid");
        }
    }
}
