package dev.sandkeeper.fly;

import dev.sandkeeper.Network;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.local.LocalBackend;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.HostedContract;
import dev.sandkeeper.testkit.simulator.FlySimulator;
import dev.sandkeeper.testkit.simulator.SimulatorFault;
import dev.sandkeeper.testkit.simulator.SimulatorFault.Kind;
import dev.sandkeeper.testkit.simulator.SimulatorFaults;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;

@Tag("long")
@Needs(Component.BUBBLEWRAP)
class FlyHostedTest extends HostedContract {
    @TempDir
    Path directory;

    private SandboxBackend local;
    private FlySimulator simulator;

    @SuppressWarnings("NullAway.Init") // JUnit calls start() before anything else
    FlyHostedTest() {}

    @BeforeEach
    void start() {
        local = LocalBackend.builder()
                .stateDirectory(directory.resolve("state"))
                .build();
        simulator = FlySimulator.start(local);
    }

    @AfterEach
    void stop() {
        simulator.close();
        local.close();
    }

    @Override
    protected SandboxBackend backend() {
        return FlyBackend.builder(simulator.token(), "hosted")
                .organization(FlySimulator.ORGANIZATION)
                .url(simulator.uri())
                .maxCalls(32)
                .build();
    }

    @Override
    protected SandboxSpec spec() {
        return SandboxSpec.builder().network(Network.full()).build();
    }

    @Override
    protected SimulatorFaults faults() {
        return simulator.faults();
    }

    @Override
    protected void scatter(SimulatorFaults faults, long seed) {
        Random random = new Random(seed);
        double often = 0.005 + 0.025 * random.nextDouble();
        faults.sometimes(SimulatorFaults.ANY, SimulatorFault.of(Kind.LOST_ANSWER), often)
                .sometimes(SimulatorFaults.ANY, SimulatorFault.of(Kind.LOST_REQUEST), often)
                .sometimes(SimulatorFaults.ANY, SimulatorFault.of(Kind.CUT), often)
                .sometimes(SimulatorFaults.ANY, SimulatorFault.of(Kind.STALL, Duration.ofSeconds(1)), often / 2)
                .sometimes(SimulatorFaults.ANY, SimulatorFault.of(Kind.SLOW, Duration.ofMillis(500)), often)
                .sometimes(SimulatorFaults.ANY, SimulatorFault.of(Kind.RATE_LIMITED, Duration.ofSeconds(1)), often)
                .sometimes(SimulatorFaults.ANY, SimulatorFault.of(Kind.RATE_LIMITED), often / 2)
                .sometimes(SimulatorFaults.ANY, SimulatorFault.serverError(500), often)
                .sometimes(SimulatorFaults.ANY, SimulatorFault.serverError(503), often)
                .sometimes(SimulatorFaults.ANY, SimulatorFault.of(Kind.SANDBOX_DIES, Duration.ofMillis(50)), often / 8)
                .listsLagBy(Duration.ofMillis(random.nextInt(500)))
                .transitionsTake(Duration.ofMillis(random.nextInt(300)))
                .clockIsOffBy(Duration.ofSeconds(random.nextInt(7200) - 3600));
    }

    @Override
    protected int sandboxesLeft() {
        return simulator.machines();
    }

    /** One exec that is asked for again for half a minute, and the last try of it. */
    @Override
    protected Duration startBound() {
        return Duration.ofSeconds(60);
    }
}
