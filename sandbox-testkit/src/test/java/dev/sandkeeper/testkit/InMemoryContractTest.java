package dev.sandkeeper.testkit;

import dev.sandkeeper.MemorySize;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.spi.SandboxBackend;
import java.util.Optional;

class InMemoryContractTest extends SandboxBackendContract {
    private final InMemoryProvider provider = InMemoryProvider.create();

    @Override
    protected SandboxBackend backend() {
        return InMemoryBackend.over(provider);
    }

    @Override
    protected Optional<SandboxSpec> invalidSpec() {
        return Optional.of(SandboxSpec.builder().memory(MemorySize.megabytes(1)).build());
    }

    @Override
    protected boolean leaveHalfMade(ProvisionRequest request) {
        provider.leaveHalfMade(request);
        return true;
    }
}
