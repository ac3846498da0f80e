package dev.sandkeeper.daytona;

import dev.sandkeeper.docker.DockerBackend;
import dev.sandkeeper.local.LocalBackend;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.simulator.SimulatorFaults;
import dev.sandkeeper.testkit.simulator.SimulatorTraffic;
import dev.sandkeeper.testkit.simulator.daytona.DaytonaSimulator;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/** Daytona as the tests have it: a simulator, and what makes its sandboxes. */
final class Simulated implements AutoCloseable {
    /** As every key of an organisation looks; wherever it shows, it must not. */
    static final String KEY = "dtn_5ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2";

    private final SandboxBackend backing;
    private final DaytonaSimulator simulator;
    private final AtomicReference<Consumer<SimulatorTraffic>> tap = new AtomicReference<>(SimulatorTraffic.NOBODY);

    private Simulated(SandboxBackend backing, SimulatorFaults faults) {
        this.backing = backing;
        this.simulator = DaytonaSimulator.builder(backing)
                .key(KEY, "organization-of-the-tests")
                .faults(faults)
                .traffic(each -> tap.get().accept(each))
                .logLinger(Duration.ofMillis(100))
                .start();
    }

    /** Processes of one sandbox see each other, as they do at Daytona. */
    static Simulated byDocker() {
        return new Simulated(
                DockerBackend.builder()
                        .name("backing")
                        .defaultImage("sandkeeper-test/busybox")
                        .build(),
                SimulatorFaults.create());
    }

    /** Quick to make, but each command sees its own processes alone. */
    static Simulated byLocal(Path state) {
        return new Simulated(LocalBackend.builder().stateDirectory(state).build(), SimulatorFaults.create());
    }

    /** Has all that is said from now on looked at. */
    void listen(Consumer<SimulatorTraffic> listener) {
        tap.set(listener);
    }

    DaytonaSimulator simulator() {
        return simulator;
    }

    DaytonaBackendBuilder builder() {
        return DaytonaBackend.builder().apiKey(KEY).apiUrl(simulator.apiUrl().toString());
    }

    DaytonaBackend backend() {
        return builder().build();
    }

    /** Calls end soon. */
    DaytonaBackend hasty() {
        return builder()
                .callTimeout(Duration.ofSeconds(35))
                .toolboxTimeout(Duration.ofSeconds(5))
                .build();
    }

    @Override
    public void close() {
        simulator.close();
        backing.close();
    }
}
