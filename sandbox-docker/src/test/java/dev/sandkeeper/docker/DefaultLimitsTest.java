package dev.sandkeeper.docker;

import static dev.sandkeeper.docker.Sandboxes.sh;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.MemorySize;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** What a sandbox may use up when nobody has said anything, tried from inside; and that each bound moves by its name. */
@Needs(Component.DOCKER)
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DefaultLimitsTest {
    private static final String TAKE_600_MB = "exec perl -e '$n = 600_000_000; $x = \"x\" x $n; print length $x'";
    private static final String COUNT_PROCESSES = "exec perl -e '$n = 1; while ($n < 500 && defined($p = fork)) {"
            + " if (!$p) { sleep 60; exit } $n++; push @all, $p } print $n; kill 9, @all'";
    private static final String COUNT_FILES = "ulimit -n $(ulimit -Hn) && exec perl -e"
            + " '$n = 3; $n++ while $n < 7000 && open($all[$n], \"<\", \"/dev/null\"); print $n'";
    /** Two processors, as far as they are given, for 2 seconds. */
    private static final String SPIN = "exec perl -e '$p = fork; $end = time + 2; 1 while time < $end; wait'";

    private Sandboxes sandboxes;
    private BackendSandbox sandbox;
    /** Every bound moved. */
    private BackendSandbox wide;

    @BeforeAll
    void create() {
        sandboxes = new Sandboxes();
        sandboxes.open();
        sandbox = sandboxes.create(debian().build());
        wide = sandboxes.create(debian().memory(MemorySize.megabytes(800))
                .maxProcesses(400)
                .maxOpenFiles(6000)
                .tmpSize(MemorySize.megabytes(300))
                .disk(MemorySize.megabytes(8))
                .build());
    }

    @AfterAll
    void leaveNothing() {
        sandboxes.close();
    }

    private static SandboxSpec.Builder debian() {
        return SandboxSpec.builder().image("sandkeeper-test/debian-python");
    }

    private static int number(BackendSandbox sandbox, String script) {
        return Integer.parseInt(sh(sandbox, script).out().strip());
    }

    /** Writes until nothing more goes in, and says how much that was. */
    private static int fill(BackendSandbox sandbox, String path) {
        return number(
                sandbox, "head -c 320M /dev/zero > " + path + " 2>/dev/null; stat -c %s " + path + "; rm " + path);
    }

    @Test
    void endsAMemoryBombAtHalfAGigabyte() {
        assertThat(sh(sandbox, TAKE_600_MB).code()).isEqualTo(137);
        assertThat(sh(sandbox, "echo alive").out()).isEqualTo("alive\n");
        assertThat(sh(wide, TAKE_600_MB).out()).isEqualTo("600000000");
    }

    @Test
    void countsFilesInMemoryAsMemory() {
        BackendSandbox small =
                sandboxes.create(debian().memory(MemorySize.megabytes(64)).build());
        String take = "perl -e '$n = 36_000_000; $x = \"x\" x $n; print length $x'";
        assertThat(sh(small, take).out()).isEqualTo("36000000");
        assertThat(number(small, "head -c 100M /dev/zero > /tmp/x 2>/dev/null; stat -c %s /tmp/x"))
                .as("half of it, so that the sandbox outlives it")
                .isEqualTo(32 << 20);
        assertThat(sh(small, "exec " + take).code()).isEqualTo(137);
        assertThat(sh(small, "rm /tmp/x; " + take).out()).isEqualTo("36000000");
    }

    @Test
    void endsAForkBombAt256Processes() {
        assertThat(number(sandbox, COUNT_PROCESSES)).isBetween(200, 256);
        assertThat(sh(sandbox, "echo alive").out()).isEqualTo("alive\n");
        assertThat(number(wide, COUNT_PROCESSES)).isBetween(300, 400);
    }

    @Test
    void opensAtMost4096Files() {
        assertThat(number(sandbox, "ulimit -n")).isEqualTo(1024);
        assertThat(number(sandbox, COUNT_FILES)).isEqualTo(4096);
        assertThat(number(wide, COUNT_FILES)).isEqualTo(6000);
    }

    @Test
    void dumpsNoCore() {
        String crash = "ulimit -c unlimited 2>/dev/null; perl -e"
                + " 'system { \"sh\" } \"sh\", \"-c\", \"kill -SEGV \\$\\$\"; print $? & 127, \" \", $? & 128'";
        assertThat(sh(sandbox, crash).out()).isEqualTo("11 0");
    }

    @Test
    void usesOneProcessor() {
        Duration before = cpuTime(sandbox);
        sh(sandbox, SPIN);
        assertThat(cpuTime(sandbox).minus(before)).isLessThan(Duration.ofMillis(2500));
        BackendSandbox slow = sandboxes.create(debian().cpus(0.1).build());
        before = cpuTime(slow);
        sh(slow, SPIN);
        assertThat(cpuTime(slow).minus(before)).isLessThan(Duration.ofSeconds(1));
        String halted = "cat /sys/fs/cgroup/cpu.stat /sys/fs/cgroup/cpu/cpu.stat 2>/dev/null | grep nr_throttled";
        assertThat(sh(slow, halted).out())
                .as("also on a host without a moment to spare")
                .containsPattern("nr_throttled [1-9]");
    }

    private Duration cpuTime(BackendSandbox of) {
        return sandboxes.backend().usage(of.providerRef()).orElseThrow().cpuTime();
    }

    @Test
    void fillsTmpTo256Megabytes() {
        assertThat(fill(sandbox, "/tmp/x")).isEqualTo(256 << 20);
        assertThat(fill(wide, "/tmp/x")).isEqualTo(300 << 20);
    }

    @Test
    void fillsSharedMemoryTo64Megabytes() {
        assertThat(fill(sandbox, "/dev/shm/x")).isEqualTo(64 << 20);
    }

    @Test
    void fillsTheWorkspaceToTheLimitThatWasNamed() {
        assertThat(fill(wide, "/workspace/x")).isEqualTo(8 << 20);
    }
}
