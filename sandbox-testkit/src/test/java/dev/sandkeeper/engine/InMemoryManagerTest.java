package dev.sandkeeper.engine;

import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.InMemoryBackend;
import dev.sandkeeper.testkit.InMemoryProvider;
import dev.sandkeeper.testkit.ManagerContract;

class InMemoryManagerTest extends ManagerContract {
    private final InMemoryProvider provider = InMemoryProvider.create();

    @Override
    protected SandboxBackend backend() {
        return InMemoryBackend.over(provider);
    }

    @Override
    protected SandboxSpec spec() {
        return SandboxSpec.builder().build();
    }
}
