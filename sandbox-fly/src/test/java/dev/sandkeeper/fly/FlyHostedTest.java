package dev.sandkeeper.fly;

import dev.sandkeeper.Network;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.local.LocalBackend;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.HostedContract;
import dev.sandkeeper.testkit.simulator.SimulatorFaults;
import dev.sandkeeper.testkit.simulator.fly.FlySimulator;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import dev.sandkeeper.testsupport.SecretWatch;
import java.nio.file.Path;
import java.time.Duration;
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
    private SecretWatch watch;

    @SuppressWarnings("NullAway.Init") // JUnit calls start() before anything else
    FlyHostedTest() {}

    @BeforeEach
    void start() {
        local = LocalBackend.builder()
                .stateDirectory(directory.resolve("state"))
                .build();
        simulator = FlySimulator.start(local);
        watch = SecretWatch.of(simulator.token());
    }

    @AfterEach
    void stop() {
        watch.close();
        simulator.close();
        local.close();
        watch.assertNowhere();
    }

    @Override
    protected SandboxBackend backend() {
        SandboxBackend backend = FlyBackend.builder(simulator.token(), "hosted")
                .organization(FlySimulator.ORGANIZATION)
                .url(simulator.uri())
                .maxCalls(32)
                .build();
        return watch.over(SandboxBackend.class, backend);
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
    protected double mostFaults() {
        return 0.03;
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
