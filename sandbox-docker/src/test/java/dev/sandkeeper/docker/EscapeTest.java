package dev.sandkeeper.docker;

import static dev.sandkeeper.docker.Sandboxes.sh;
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
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.MapAssert;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What untrusted code would do first, tried from inside; and for each way out that a spec has, that it is one. */
@Needs(Component.DOCKER)
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EscapeTest {
    private static final String IMAGE = "sandkeeper-test/debian-python";
    private static final String[] REFUSALS = {"EPERM", "EACCES", "EROFS", "ENOSYS"};
    private static final String[] NOTHING_THERE = {"EMPTY", "ZERO", "ENOENT", "EPERM", "EACCES", "EIO", "ENXIO"};

    private Sandboxes sandboxes;
    private BackendSandbox sandbox;
    /** Without an ordinary user as its first line of defence. */
    private BackendSandbox root;
    /** With everything that a spec can open. */
    private BackendSandbox open;

    private Path shared;

    @BeforeAll
    void create(@TempDir Path directory) throws IOException {
        shared = Files.writeString(directory.resolve("f"), "of the host");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
        Files.setPosixFilePermissions(shared, PosixFilePermissions.fromString("rw-rw-rw-"));
        sandboxes = new Sandboxes();
        sandboxes.open();
        sandbox = sandboxes.create(debian().build());
        root = sandboxes.create(debian().user("root").build());
        open = sandboxes.create(debian().user("root")
                .kernelCapability("CHOWN")
                .kernelCapability("MKNOD")
                .kernelCapability("NET_RAW")
                .writableRoot()
                .network(Network.full())
                .readOnlyHostMount(directory, "/mnt/read")
                .writableHostMount(directory, "/mnt/write")
                .build());
    }

    @AfterAll
    void leaveNothing() {
        sandboxes.close();
    }

    private static SandboxSpec.Builder debian() {
        return SandboxSpec.builder().image(IMAGE);
    }

    private static MapAssert<String, String> assertTried(BackendSandbox sandbox, String... attempts) {
        Map<String, String> answers = Attempts.answers(tried(sandbox, attempts));
        return assertThat(answers).containsOnlyKeys(attempts);
    }

    private static String tried(BackendSandbox sandbox, String... attempts) {
        Sandboxes.Ran ran = Sandboxes.run(sandbox, as(null, Attempts.command(attempts)));
        assertThat(ran.err()).isEmpty();
        return ran.out();
    }

    private static ProcessRequest as(@Nullable String user, List<String> command) {
        return new ProcessRequest(command, Map.of(), "/workspace", user, false, null);
    }

    private static void assertRefused(BackendSandbox sandbox, String... attempts) {
        assertTried(sandbox, attempts)
                .allSatisfy((attempt, answer) -> assertThat(answer).as(attempt).isIn((Object[]) REFUSALS));
    }

    private static void assertDone(BackendSandbox sandbox, String... attempts) {
        assertTried(sandbox, attempts)
                .allSatisfy((attempt, answer) -> assertThat(answer).as(attempt).isEqualTo(Attempts.DONE));
    }

    @Test
    void lendsNoCapabilityNotEvenToRoot() {
        assertRefused(
                root,
                "give-file-away",
                "become-other",
                "set-groups",
                "raw-socket",
                "packet-socket",
                "chroot",
                "host-name",
                "priority",
                "device-of-disk",
                "device-of-memory",
                "device-of-nothing");
        assertDone(open, "give-file-away", "raw-socket", "device-of-nothing");
        assertRefused(open, "become-other", "chroot", "device-of-disk", "device-of-memory");
    }

    @Test
    void opensNoDeviceBelowTmp() {
        assertThat(sh(open, "mknod /tmp/null c 1 3 && echo made; echo x > /tmp/null || echo closed")
                        .out())
                .isEqualTo("made\nclosed\n");
    }

    @Test
    void gainsNothingFromASetuidProgram() {
        assertThat(sh(root, "cp /usr/bin/id . && chmod 4755 id && stat -c %u:%a id")
                        .out())
                .isEqualTo("0:4755\n");
        ProcessRequest ordinary = as("1000:1000", List.of("./id", "-u"));
        assertThat(Sandboxes.run(root, ordinary).out()).isEqualTo("1000\n");
    }

    @Test
    void runsAsAnOrdinaryUser() {
        assertRefused(sandbox, "become-root", "become-other", "read:/etc/shadow", "create:/root");
        assertDone(root, "become-root", "read:/etc/shadow");
    }

    @Test
    void hasTheDepthsOfTheKernelClosedByTheEnginesFilter() {
        String[] attempts = {
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
            "process-vm-readv",
            "keys",
            "bpf",
            "perf",
            "userfaultfd",
            "kernel-log",
            "reboot",
            "load-module",
            "swap",
            "accounting"
        };
        assertRefused(sandbox, attempts);
        assertRefused(root, attempts);
    }

    @Test
    void cannotTouchItsFirstProcess() {
        assertRefused(
                sandbox,
                "signal-first",
                "ptrace-first",
                "memory-of-first",
                "root-of-first",
                "environment-of-first",
                "output-of-first");
        assertDone(open, "signal-first");
    }

    @Test
    void seesAndEndsOnlyWhatIsItsOwn() {
        assertThat(sh(sandbox, "ls -d /proc/[0-9]* | wc -l").out().strip())
                .satisfies(count -> assertThat(Integer.parseInt(count)).isLessThan(12));
        sh(sandbox, "kill -9 -1");
        sh(sandbox, "kill -9 1");
        assertThat(sh(sandbox, "echo alive").out()).isEqualTo("alive\n");
        assertThat(sh(sandbox, "cut -d: -f3 /proc/self/cgroup | sort -u").out()).isEqualTo("/\n");
    }

    @Test
    void seesNothingOfTheHostInProcAndSys() {
        for (BackendSandbox one : List.of(sandbox, root)) {
            assertTried(
                            one,
                            "tells:/proc/kcore",
                            "tells:/proc/keys",
                            "tells:/proc/timer_list",
                            "tells:/proc/sched_debug",
                            "tells:/proc/latency_stats",
                            "shows:/proc/acpi",
                            "shows:/proc/scsi",
                            "shows:/sys/firmware",
                            "shows:/sys/kernel/debug",
                            "kernel-addresses")
                    .allSatisfy(
                            (attempt, answer) -> assertThat(answer).as(attempt).isIn((Object[]) NOTHING_THERE));
            assertTried(
                            one,
                            "write:/proc/sysrq-trigger",
                            "write:/proc/sys/kernel/core_pattern",
                            "write:/proc/sys/vm/drop_caches",
                            "write:/proc/irq/default_smp_affinity",
                            "write:/sys/power/state",
                            "write:/sys/kernel/mm/ksm/run",
                            "create:/sys/fs/cgroup")
                    .allSatisfy((attempt, answer) ->
                            assertThat(answer).as(attempt).isIn("EROFS", "EACCES", "EPERM", "ENOENT"));
        }
    }

    @Test
    void cannotWriteTheSystem() {
        String[] attempts = {"create:/", "create:/etc", "create:/usr/bin", "create:/root", "create:/var/lib"};
        assertRefused(sandbox, attempts);
        assertTried(root, attempts)
                .allSatisfy((attempt, answer) -> assertThat(answer).as(attempt).isEqualTo("EROFS"));
        assertDone(sandbox, "create:/workspace", "create:/tmp", "create:/dev/shm");
        assertDone(open, attempts);
    }

    @Test
    void reachesNoNetworkAndNoMetadata() throws IOException {
        try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getByName("0.0.0.0"))) {
            String host = "connect:127.0.0.1:" + server.getLocalPort();
            assertTried(sandbox, "route:192.0.2.1", "route:169.254.169.254", host)
                    .containsEntry("route:192.0.2.1", "ENETUNREACH")
                    .containsEntry("route:169.254.169.254", "ENETUNREACH")
                    .containsEntry(host, "ECONNREFUSED");
            assertDone(open, "route:192.0.2.1", "route:169.254.169.254");
            assertDone(open, "connect:" + gateway(open) + ":" + server.getLocalPort());
            assertTried(open, host).containsEntry(host, "ECONNREFUSED");
        }
    }

    /** The host's own address in the sandbox's network. */
    private static String gateway(BackendSandbox sandbox) {
        String hex = sh(sandbox, "awk '$2 == \"00000000\" { print $3 }' /proc/net/route")
                .out()
                .strip();
        long address = Long.parseLong(hex, 16);
        return (address & 255) + "." + (address >> 8 & 255) + "." + (address >> 16 & 255) + "." + (address >> 24 & 255);
    }

    @Test
    void sharesNothingWithItsNeighbours() {
        assertDone(sandbox, "make-queue:4711");
        assertDone(sandbox, "queue:4711", "create:/workspace", "create:/tmp");
        assertTried(root, "queue:4711").containsEntry("queue:4711", "ENOENT");
        sh(sandbox, "echo x | tee /workspace/mine /tmp/mine > /dev/shm/mine");
        assertThat(sh(root, "ls /workspace/mine /tmp/mine /dev/shm/mine 2>/dev/null")
                        .out())
                .isEmpty();
    }

    @Test
    void findsNoSocketAndNoDeviceOfTheHost() {
        for (BackendSandbox one : List.of(sandbox, root)) {
            assertTried(one, "unix:/var/run/docker.sock", "unix:/run/docker.sock")
                    .allSatisfy((attempt, answer) -> assertThat(answer).isEqualTo("ENOENT"));
            assertThat(sh(one, "find / -path /proc -prune -o -type s -print 2>/dev/null")
                            .out())
                    .isEmpty();
            assertThat(sh(one, "find /dev -type b -o -type c").out().lines())
                    .contains("/dev/null")
                    .allMatch(device -> device.matches("/dev/(null|zero|full|random|urandom|tty|console|ptmx|pts/.*)"));
        }
    }

    @Test
    void seesFilesOfTheHostOnlyWhereTheyAreNamed() {
        assertTried(sandbox, "read:" + shared, "read:/mnt/read/f")
                .allSatisfy((attempt, answer) -> assertThat(answer).isEqualTo("ENOENT"));
        assertDone(open, "read:/mnt/read/f", "write:/mnt/write/f");
        assertTried(open, "write:/mnt/read/f", "read:" + shared)
                .containsEntry("write:/mnt/read/f", "EROFS")
                .containsEntry("read:" + shared, "ENOENT");
        sh(open, "echo changed > /mnt/write/f");
        assertThat(shared).hasContent("changed\n");
    }

    @Test
    void leavesNoZombies() {
        sh(sandbox, "for i in 1 2 3 4 5 6 7 8; do (sleep 0.01 &); done; sleep 0.3");
        assertThat(sh(sandbox, "cat /proc/[0-9]*/stat 2>/dev/null | grep -c ' Z '")
                        .out())
                .isEqualTo("0\n");
    }

    @Test
    void keepsNothingThatIsPrintedAtTheEngine() throws IOException, InterruptedException {
        assertDone(open, "output-of-first");
        sh(open, "echo flood > /proc/1/fd/1");
        EngineResponse logs = sandboxes
                .engine()
                .engine()
                .request(
                        "GET",
                        "/containers/" + open.providerRef() + "/logs?stdout=1&stderr=1",
                        new byte[0],
                        "text/plain");
        assertThat(logs.status()).isNotEqualTo(200);
    }
}
