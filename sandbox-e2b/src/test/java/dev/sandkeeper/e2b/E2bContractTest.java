package dev.sandkeeper.e2b;

import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.SandboxBackendContract;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import dev.sandkeeper.testsupport.SecretWatch;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

@Tag("long")
@Needs(Component.DOCKER)
class E2bContractTest extends SandboxBackendContract {
    private static Simulated e2b;
    private static SecretWatch watch;

    @BeforeAll
    static void start() {
        e2b = Simulated.byDocker();
        watch = SecretWatch.of(Simulated.KEY);
    }

    @AfterAll
    static void stop() {
        watch.close();
        e2b.close();
        watch.assertNowhere();
    }

    @Override
    protected SandboxBackend backend() {
        return watch.over(SandboxBackend.class, e2b.backend());
    }

    @Override
    protected boolean isOfProvider(String thread) {
        return super.isOfProvider(thread) || thread.startsWith("sandkeeper-docker");
    }

    @Override
    protected Optional<SandboxSpec> invalidSpec() {
        return Optional.of(
                SandboxSpec.builder().timeToLive(Duration.ofHours(25)).build());
    }
}
