package dev.sandkeeper.daytona;

import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.HostedContract;
import dev.sandkeeper.testkit.simulator.SimulatorFaults;
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
class DaytonaHostedTest extends HostedContract {
    @TempDir
    Path directory;

    private Simulated daytona;
    private SecretWatch watch;

    @BeforeEach
    void start() {
        daytona = Simulated.byLocal(directory.resolve("state"));
        watch = SecretWatch.of(Simulated.KEY);
    }

    @AfterEach
    void stop() {
        watch.close();
        daytona.close();
        watch.assertNowhere();
    }

    @Override
    protected SandboxBackend backend() {
        return watch.over(SandboxBackend.class, daytona.hasty());
    }

    @Override
    protected SimulatorFaults faults() {
        return daytona.simulator().faults();
    }

    @Override
    protected int sandboxesLeft() {
        return daytona.simulator().sandboxes();
    }

    /** Three calls, and for each a look at the sandbox, should it fail. */
    @Override
    protected Duration startBound() {
        return Duration.ofSeconds(3 * (5 + 35));
    }

    /** A start, and the minute after which a command is given up of which nothing can be heard. */
    @Override
    protected Duration fileBound() {
        return Duration.ofSeconds(3 * 5 + 60);
    }
}
