package dev.sandkeeper.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sandkeeper.CapabilityMissingException;
import dev.sandkeeper.MemorySize;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.Capability;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runaways. What this host cannot limit it must refuse. */
class LimitsTest {
    private static final String FORKS = "i=0; while [ $i -lt 200 ]; do sleep 20 & i=$((i+1)); done 2>/dev/null; echo";

    @TempDir
    Path directory;

    private Rig rig;

    @BeforeEach
    void open() {
        rig = new Rig(directory.resolve("state"));
    }

    @AfterEach
    void leavesNothing() throws IOException {
        rig.close();
    }

    private boolean refuses(Capability capability, SandboxSpec spec) {
        if (rig.backend().capabilities().contains(capability)) {
            return false;
        }
        assertThatThrownBy(() -> rig.create(spec)).isInstanceOf(CapabilityMissingException.class);
        return true;
    }

    @Test
    void endsWhoTakesMoreMemoryThanTheSandboxHas() {
        SandboxSpec spec = SandboxSpec.builder()
                .memory(MemorySize.megabytes(64))
                .tmpSize(MemorySize.megabytes(512))
                .build();
        if (refuses(Capability.MEMORY_LIMIT, spec)) {
            return;
        }
        BackendSandbox sandbox = rig.create(spec);
        assertThat(Rig.shell(sandbox, "perl -e '$x = \"x\" x 200_000_000; print length $x'")
                        .exitCode())
                .isEqualTo(137);
        assertThat(Rig.shell(sandbox, "exec head -c 200000000 /dev/zero > /tmp/x")
                        .exitCode())
                .as("files in memory count as well")
                .isEqualTo(137);
        assertThat(rig.backend().usage(sandbox.providerRef())).hasValueSatisfying(usage -> {
            assertThat(usage.peakMemoryBytes()).isGreaterThan(32L << 20).isLessThanOrEqualTo(64L << 20);
            assertThat(usage.cpuTime()).isPositive();
        });
    }

    @Test
    void boundsTheProcessesOfTheWholeSandboxAndEndsAForkBomb() {
        SandboxSpec spec = SandboxSpec.builder().maxProcesses(20).build();
        if (refuses(Capability.PROCESS_LIMIT, spec)) {
            return;
        }
        BackendSandbox sandbox = rig.create(spec);
        BackendSandbox other = rig.create(spec);
        String bomb = "exec perl -e '$SIG{TERM} = \"IGNORE\"; while (1) { fork }'";
        assertThat(Rig.run(sandbox, Rig.withDeadline(bomb, Duration.ofMillis(500)))
                        .exitCode())
                .isEqualTo(137);
        assertThat(Rig.shell(sandbox, "echo free again").text()).isEqualTo("free again\n");
        Rig.shell(sandbox, FORKS);
        assertThat(Rig.code(() -> Rig.shell(sandbox, "echo never")))
                .as("what a command left behind fills the sandbox")
                .isEqualTo("process_limit_reached");
        assertThatThrownBy(() -> Rig.shell(sandbox, "echo never")).hasMessageContaining("raise maxProcesses");
        assertThat(Rig.shell(other, "echo unharmed").text()).isEqualTo("unharmed\n");
        rig.backend().destroy(sandbox.providerRef());
    }

    @Test
    void boundsWhatNobodyHasBounded() {
        BackendSandbox usual = rig.create();
        if (rig.backend().capabilities().contains(Capability.MEMORY_LIMIT)) {
            String take = "exec perl -e '$n = 600_000_000; $x = \"x\" x $n; print length $x'";
            assertThat(Rig.shell(usual, take).exitCode()).isEqualTo(137);
            BackendSandbox wide = rig.create(
                    SandboxSpec.builder().memory(MemorySize.megabytes(800)).build());
            assertThat(Rig.shell(wide, take).text()).isEqualTo("600000000");
        } else {
            assertThat(Rig.shell(usual, "exec perl -e '$n = 5_000_000_000; $x = \"x\" x $n'")
                            .exitCode())
                    .isNotZero();
        }
        if (rig.backend().capabilities().contains(Capability.PROCESS_LIMIT)) {
            String count = "exec perl -e '$n = 1; while ($n < 500 && defined($p = fork)) {"
                    + " if (!$p) { sleep 60; exit } $n++; push @all, $p } print $n; kill 9, @all'";
            assertThat(Integer.parseInt(Rig.shell(usual, count).text())).isBetween(200, 256);
            BackendSandbox wide =
                    rig.create(SandboxSpec.builder().maxProcesses(400).build());
            assertThat(Integer.parseInt(Rig.shell(wide, count).text())).isBetween(300, 400);
        }
        String open = "exec perl -e '$n = 3; $n++ while $n < 7000 && open($all[$n], \"<\", \"/dev/null\"); print $n'";
        assertThat(Rig.shell(usual, open).text()).isEqualTo("1024");
        BackendSandbox wide =
                rig.create(SandboxSpec.builder().maxOpenFiles(3000).build());
        assertThat(Rig.shell(wide, open).text()).isEqualTo("3000");
    }

    @Test
    void boundsWhatIsInMemoryAndCannotBeSeenAsMemory() {
        BackendSandbox usual = rig.create();
        assertThat(fill(usual, "/tmp/x")).isEqualTo(256 << 20);
        assertThat(fill(usual, "/dev/shm/x")).isEqualTo(64 << 20);
        BackendSandbox wide = rig.create(
                SandboxSpec.builder().tmpSize(MemorySize.megabytes(300)).build());
        assertThat(fill(wide, "/tmp/x")).isEqualTo(300 << 20);
    }

    /** Writes until nothing more goes in, and says how much that was. */
    private static int fill(BackendSandbox sandbox, String path) {
        String text = "head -c 320M /dev/zero > " + path + " 2>/dev/null; stat -c %s " + path + "; rm " + path;
        return Integer.parseInt(Rig.shell(sandbox, text).text().strip());
    }

    @Test
    void dumpsNoCoreWhenAProgramCrashes() {
        String crash =
                "perl -e 'system { \"sh\" } \"sh\", \"-c\", \"kill -SEGV \\$\\$\"; print $? & 127, \" \", $? & 128'";
        assertThat(Rig.shell(rig.create(), crash).text()).isEqualTo("11 0");
    }

    @Test
    void letsACommandHaveAsManyProcessesAsAsked() {
        SandboxSpec spec = SandboxSpec.builder().maxProcesses(20).build();
        if (refuses(Capability.PROCESS_LIMIT, spec)) {
            return;
        }
        String count =
                "perl -e '$n=0; while (defined($p = fork)) { if (!$p) { sleep 30; exit } last if ++$n > 100 } print $n;"
                        + " kill 9, -1'";
        assertThat(Rig.shell(rig.create(spec), "exec " + count + " 2>/dev/null").text())
                .as("the command itself and 19 more")
                .isEqualTo("19");
    }

    @Test
    void boundsOpenFilesAndDumpsNoCore() {
        BackendSandbox sandbox =
                rig.create(SandboxSpec.builder().maxOpenFiles(40).build());
        assertThat(Rig.shell(sandbox, "ulimit -n; ulimit -Hn; ulimit -c; ulimit -Hc")
                        .text())
                .isEqualTo("40\n40\n0\n0\n");
    }

    @Test
    void boundsTheWorkspaceHard() {
        BackendSandbox sandbox =
                rig.create(SandboxSpec.builder().disk(MemorySize.megabytes(8)).build());
        Rig.Result result =
                Rig.shell(sandbox, "head -c 20000000 /dev/zero > big; stat -c %s big; echo x > /tmp/x; id -u");
        assertThat(result.errors()).contains("head:");
        assertThat(result.text().lines()).containsExactly("8388608", "1000");
        assertThat(Rig.shell(sandbox, "rm big; echo kept > f").exitCode()).isZero();
        assertThat(Rig.shell(sandbox, "cat f").text()).isEqualTo("kept\n");
    }

    @Test
    void givesProcessorTimeInShares() throws IOException {
        SandboxSpec spec = SandboxSpec.builder().cpus(0.1).build();
        if (refuses(Capability.CPU_LIMIT, spec)) {
            return;
        }
        BackendSandbox sandbox = rig.create(spec);
        Rig.shell(sandbox, "exec perl -e '$end = time + 2; 1 while time < $end'");
        assertThat(rig.backend().usage(sandbox.providerRef()))
                .hasValueSatisfying(usage -> assertThat(usage.cpuTime())
                        .as("2 seconds at a tenth of a processor, and what starting takes")
                        .isLessThan(Duration.ofSeconds(1)));
        assertThat(timesHalted(sandbox))
                .as("also on a host without a moment to spare")
                .isPositive();
    }

    /** How often the kernel has made the sandbox wait for its share. */
    private static long timesHalted(BackendSandbox sandbox) throws IOException {
        String id = SandboxRef.parse(sandbox.providerRef()).orElseThrow().id().toString();
        for (Path parent : Rig.cgroupParents()) {
            for (Path group : Rig.entries(parent)) {
                Path stat = group.resolve("cpu.stat");
                if (group.toString().endsWith(id) && Files.exists(stat)) {
                    return Files.readAllLines(stat).stream()
                            .filter(line -> line.startsWith("nr_throttled "))
                            .mapToLong(line -> Long.parseLong(line.substring(13)))
                            .findFirst()
                            .orElseThrow();
                }
            }
        }
        throw new AssertionError("no control group of " + id);
    }

    @Test
    void refusesByNameWhatWouldStartNothing() {
        assertThat(Rig.code(() -> rig.create(
                        SandboxSpec.builder().disk(MemorySize.bytes(5)).build())))
                .isEqualTo("disk_too_small");
        assertThat(Rig.code(
                        () -> rig.create(SandboxSpec.builder().maxOpenFiles(3).build())))
                .isEqualTo("max_open_files_too_low");
        for (String image : new String[] {"python:3.13", "relative/path", "/nonexistent", directory.toString()}) {
            assertThat(Rig.code(
                            () -> rig.create(SandboxSpec.builder().image(image).build())))
                    .as(image)
                    .isEqualTo("image_not_found");
        }
    }
}
