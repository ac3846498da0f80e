package dev.sandkeeper.e2b;

import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.ManagerContract;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

@Tag("long")
@Needs(Component.DOCKER)
class E2bManagerTest extends ManagerContract {
    private static Simulated e2b;

    @BeforeAll
    static void startProvider() {
        e2b = Simulated.byDocker();
    }

    @AfterAll
    static void stopProvider() {
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
    protected SandboxSpec spec() {
        return SandboxSpec.builder().build();
    }
}
