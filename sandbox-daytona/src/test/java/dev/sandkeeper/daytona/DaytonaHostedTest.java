package dev.sandkeeper.daytona;

import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.HostedContract;
import dev.sandkeeper.testkit.simulator.SimulatorFault;
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
class DaytonaHostedTest extends HostedContract {
    private static final Duration CALL = Duration.ofSeconds(3);

    @TempDir
    Path state;

    private Simulated simulated;

    @SuppressWarnings("NullAway.Init") // JUnit calls start() before anything else
    DaytonaHostedTest() {}

    @BeforeEach
    void start() {
        simulated = Simulated.byLocal(state);
    }

    @AfterEach
    void stop() {
        simulated.close();
    }

    @Override
    protected SandboxBackend backend() {
        return simulated.builder().toolboxTimeout(CALL).build();
    }

    @Override
    protected SimulatorFaults faults() {
        return simulated.simulator().faults();
    }

    @Override
    protected void scatter(SimulatorFaults faults, long seed) {
        Random dice = new Random(seed);
        Duration second = Duration.ofMillis(500 + dice.nextInt(1500));
        faults.listsLagBy(Duration.ofMillis(dice.nextInt(1500)));
        faults.transitionsTake(Duration.ofMillis(dice.nextInt(800)));
        faults.clockIsOffBy(Duration.ofMinutes(dice.nextInt(240) - 120));
        for (SimulatorFault.Kind kind : SimulatorFault.Kind.values()) {
            double likely = kind == SimulatorFault.Kind.SANDBOX_DIES ? 0.002 : 0.02;
            faults.sometimes(SimulatorFaults.ANY, SimulatorFault.of(kind, second), likely * dice.nextDouble());
        }
    }

    @Override
    protected int sandboxesLeft() {
        return simulated.sandboxes();
    }

    /** Writing the command, opening a session and starting it; each may be refused once by mistake. */
    @Override
    protected Duration startBound() {
        return CALL.multipliedBy(2).plusSeconds(5).multipliedBy(3);
    }
}
