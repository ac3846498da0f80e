package dev.sandkeeper.conformance;

import static org.awaitility.Awaitility.await;

import dev.sandkeeper.local.LocalBackend;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.LeakChecks;
import dev.sandkeeper.testkit.simulator.daytona.DaytonaSimulator;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A simulator of Daytona, by default over sandboxes of this host, and a client of it. Nothing of them is left after a test. */
abstract class DaytonaSimulatorTesting {
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    @TempDir
    Path directory;

    private SandboxBackend backing;
    DaytonaSimulator simulator;
    DaytonaCalls calls;
    private Set<Thread> before = Set.of();

    @BeforeEach
    void begin() {
        before = LeakChecks.liveThreads();
        backing = backing();
        simulator = configure(DaytonaSimulator.builder(backing)
                        .logLinger(Duration.ofMillis(20))
                        .checkPeriod(Duration.ofMillis(50)))
                .start();
        calls = new DaytonaCalls(simulator);
    }

    /** What the simulated sandboxes are. */
    SandboxBackend backing() {
        return LocalBackend.builder().stateDirectory(directory.resolve("state")).build();
    }

    /** For what differs from the defaults. */
    DaytonaSimulator.Builder configure(DaytonaSimulator.Builder builder) {
        return builder;
    }

    @AfterEach
    void end() {
        simulator.close();
        backing.close();
        calls = null;
        LeakChecks.assertNoThreadsSince(before, PATIENCE);
    }

    final void awaitState(String id, String state) {
        await().atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(5))
                .until(() -> calls.get("/sandbox/" + id).at("state").equals(state));
    }

    final void awaitGone(String id) {
        await().atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(5))
                .until(() -> calls.get("/sandbox/" + id).status() == 404);
    }
}
