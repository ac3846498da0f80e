package dev.sandkeeper.daytona;

import dev.sandkeeper.MemorySize;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.SandboxBackendContract;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

@Tag("long")
@Needs(Component.DOCKER)
class DaytonaContractTest extends SandboxBackendContract {
    private static @Nullable Simulated simulated;

    @BeforeAll
    static void start() {
        simulated = Simulated.byDocker();
    }

    @AfterAll
    static void stop() {
        if (simulated != null) {
            simulated.close();
        }
    }

    @Override
    protected SandboxBackend backend() {
        return Objects.requireNonNull(simulated).backend();
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
