package dev.sandkeeper.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.spi.SandboxBackend;
import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

/** The same semantics when the provider is a process of its own. */
@Tag("long")
class ProviderProcessContractTest extends SandboxBackendContract {
    private static ProviderProcess provider;

    @BeforeAll
    static void start() throws IOException {
        provider = ProviderProcess.start();
    }

    @AfterAll
    static void close() {
        assertThat(provider.resources()).isEmpty();
        provider.close();
    }

    @Override
    protected SandboxBackend backend() {
        return InMemoryBackend.connect(provider.port());
    }

    @Override
    protected boolean leaveHalfMade(ProvisionRequest request) {
        provider.leaveHalfMade(request);
        return true;
    }
}
