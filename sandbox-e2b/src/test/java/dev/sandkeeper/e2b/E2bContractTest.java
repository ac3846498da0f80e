package dev.sandkeeper.e2b;

import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.SandboxBackendContract;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

@Tag("long")
@Needs(Component.DOCKER)
class E2bContractTest extends SandboxBackendContract {
    private static Simulated e2b;

    @BeforeAll
    static void start() {
        e2b = Simulated.byDocker();
    }

    @AfterAll
    static void stop() {
        e2b.close();
    }

    @Override
    protected SandboxBackend backend() {
        return e2b.backend();
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
