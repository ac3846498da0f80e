package dev.sandkeeper.e2b;

import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.HostedContract;
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
class E2bHostedTest extends HostedContract {
    @TempDir
    Path directory;

    private Simulated e2b;

    @BeforeEach
    void start() {
        e2b = Simulated.byLocal(directory.resolve("state"));
    }

    @AfterEach
    void stop() {
        e2b.close();
    }

    @Override
    protected SandboxBackend backend() {
        return e2b.hasty();
    }

    @Override
    protected SimulatorFaults faults() {
        return e2b.simulator().faults();
    }

    @Override
    protected void scatter(SimulatorFaults faults, long seed) {
        Random random = new Random(seed);
        double often = 0.01 + 0.03 * random.nextDouble();
        faults.sometimes(SimulatorFaults.ANY, SimulatorFault.of(Kind.LOST_ANSWER), often)
                .sometimes(SimulatorFaults.ANY, SimulatorFault.of(Kind.LOST_REQUEST), often)
                .sometimes(SimulatorFaults.ANY, SimulatorFault.of(Kind.CUT), often)
                .sometimes(SimulatorFaults.ANY, SimulatorFault.of(Kind.STALL, Duration.ofSeconds(2)), often / 2)
                .sometimes(SimulatorFaults.ANY, SimulatorFault.of(Kind.SLOW, Duration.ofMillis(500)), often)
                .sometimes(SimulatorFaults.ANY, SimulatorFault.of(Kind.RATE_LIMITED, Duration.ofSeconds(1)), often)
                .sometimes(SimulatorFaults.ANY, SimulatorFault.of(Kind.RATE_LIMITED), often / 2)
                .sometimes(SimulatorFaults.ANY, SimulatorFault.serverError(500), often)
                .sometimes(SimulatorFaults.ANY, SimulatorFault.serverError(503), often)
                .sometimes(SimulatorFaults.ANY, SimulatorFault.of(Kind.SANDBOX_DIES, Duration.ofMillis(50)), often / 4)
                .listsLagBy(Duration.ofMillis(random.nextInt(500)))
                .transitionsTake(Duration.ofMillis(random.nextInt(300)))
                .clockIsOffBy(Duration.ofSeconds(random.nextInt(7200) - 3600));
    }

    @Override
    protected int sandboxesLeft() {
        return e2b.simulator().sandboxes().size();
    }

    /** The head of an answer and the first message, each. */
    @Override
    protected Duration startBound() {
        return Duration.ofSeconds(2 * (10 + 30));
    }
}
