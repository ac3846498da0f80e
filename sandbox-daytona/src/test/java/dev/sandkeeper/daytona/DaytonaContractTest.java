package dev.sandkeeper.daytona;

import dev.sandkeeper.MemorySize;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.SandboxBackendContract;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import dev.sandkeeper.testsupport.SecretWatch;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

@Tag("long")
@Needs(Component.DOCKER)
class DaytonaContractTest extends SandboxBackendContract {
    private static Simulated simulated;
    private static SecretWatch watch;

    @BeforeAll
    static void start() {
        simulated = Simulated.byDocker();
        watch = SecretWatch.of(Simulated.KEY);
    }

    @AfterAll
    static void stop() {
        watch.close();
        simulated.close();
        watch.assertNowhere();
    }

    @Override
    protected SandboxBackend backend() {
        return watch.over(SandboxBackend.class, simulated.backend());
    }

    @Override
    protected boolean isOfProvider(String thread) {
        return super.isOfProvider(thread) || thread.startsWith("sandkeeper-backing");
    }

    @Override
    protected Optional<SandboxSpec> invalidSpec() {
        return Optional.of(SandboxSpec.builder()
                .image("python:3.13-slim")
                .memory(MemorySize.megabytes(1500))
                .build());
    }
}
