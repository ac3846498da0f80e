package dev.sandkeeper.e2b;

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
class E2bHostedTest extends HostedContract {
    @TempDir
    Path directory;

    private Simulated e2b;
    private SecretWatch watch;

    @BeforeEach
    void start() {
        e2b = Simulated.byLocal(directory.resolve("state"));
        watch = SecretWatch.of(Simulated.KEY);
    }

    @AfterEach
    void stop() {
        watch.close();
        e2b.close();
        watch.assertNowhere();
    }

    @Override
    protected SandboxBackend backend() {
        return watch.over(SandboxBackend.class, e2b.hasty());
    }

    @Override
    protected SimulatorFaults faults() {
        return e2b.simulator().faults();
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
