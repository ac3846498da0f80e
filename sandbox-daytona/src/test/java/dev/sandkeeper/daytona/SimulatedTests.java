package dev.sandkeeper.daytona;

import dev.sandkeeper.ExitStatus;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.OutputSink;
import dev.sandkeeper.spi.ProcessRequest;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.testkit.simulator.SimulatorFaults;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Each test has a simulator and a backend of its own. */
@Needs(Component.BUBBLEWRAP)
@Timeout(60)
abstract class SimulatedTests {
    static final String DEPLOYMENT = "tests";

    @TempDir
    Path state;

    Simulated simulated;
    DaytonaBackend backend;

    @SuppressWarnings("NullAway.Init") // JUnit calls startSimulator() before anything else
    SimulatedTests() {}

    @BeforeEach
    void startSimulator() {
        simulated = Simulated.byLocal(state);
        backend = simulated.backend();
    }

    @AfterEach
    void stopSimulator() {
        backend.close();
        simulated.close();
    }

    final SimulatorFaults faults() {
        return simulated.simulator().faults();
    }

    final int calls(String route) {
        return faults().calls(route);
    }

    static ProvisionRequest provision(@Nullable Instant expiresAt) {
        return new ProvisionRequest(
                DEPLOYMENT,
                SandboxId.generate(System.nanoTime()),
                Instant.ofEpochMilli(5),
                expiresAt,
                SandboxSpec.builder().build(),
                Map.of(),
                text -> {});
    }

    static ProcessRequest request(boolean stdin, @Nullable Duration deadline, String... arguments) {
        return new ProcessRequest(List.of(arguments), Map.of(), "/workspace", null, stdin, deadline);
    }

    /** What a command wrote to either stream, and how it ended. */
    record Ran(String channel, String output, int exitCode) {
        String words() {
            return output + "exit " + exitCode;
        }
    }

    static Ran ran(BackendProcess process) throws InterruptedException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ExitStatus status = process.pump(new OutputSink() {
            @Override
            public void stdout(byte[] buffer, int offset, int length) {
                out.write(buffer, offset, length);
            }

            @Override
            public void stderr(byte[] buffer, int offset, int length) {
                out.write(buffer, offset, length);
            }
        });
        return new Ran(process.channel(), out.toString(StandardCharsets.UTF_8), status.exitCode());
    }
}
