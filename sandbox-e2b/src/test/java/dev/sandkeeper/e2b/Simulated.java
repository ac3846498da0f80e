package dev.sandkeeper.e2b;

import dev.sandkeeper.docker.DockerBackend;
import dev.sandkeeper.local.LocalBackend;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.simulator.SimulatorFaults;
import dev.sandkeeper.testkit.simulator.e2b.E2bSimulator;
import java.nio.file.Path;
import java.time.Duration;

/** E2B as the tests have it: a simulator, and what makes its sandboxes. */
final class Simulated implements AutoCloseable {
    /** As every key of a team looks; wherever it shows, it must not. */
    static final String KEY = "e2b_5ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2";

    private final SandboxBackend backing;
    private final E2bSimulator simulator;

    private Simulated(SandboxBackend backing, String image, SimulatorFaults faults) {
        this.backing = backing;
        this.simulator = E2bSimulator.builder(backing)
                .apiKey(KEY)
                .concurrentSandboxes(1_100) // the most that can be had on Pro
                .template("base", image.isEmpty() ? null : image)
                .faults(faults)
                .start();
    }

    /** Commands see each other's processes, as in a microVM, and have terminals. */
    static Simulated byDocker() {
        return new Simulated(DockerBackend.create(), "sandkeeper-test/debian-python", SimulatorFaults.create());
    }

    /** Quick to make, but each command sees its own processes alone. */
    static Simulated byLocal(Path state) {
        return new Simulated(LocalBackend.builder().stateDirectory(state).build(), "", SimulatorFaults.seeded(1));
    }

    E2bSimulator simulator() {
        return simulator;
    }

    E2bBackendBuilder builder() {
        return E2bBackend.builder(KEY)
                .apiUrl(simulator.uri().toString())
                .sandboxUrl(simulator.uri().toString());
    }

    E2bBackend backend() {
        return builder().build();
    }

    /** Calls end soon. */
    E2bBackend hasty() {
        return builder().callTimeout(Duration.ofSeconds(5)).build();
    }

    @Override
    public void close() {
        simulator.close();
        backing.close();
    }
}
