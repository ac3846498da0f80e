package dev.sandkeeper.testkit;

import dev.sandkeeper.spi.SandboxBackend;

class InMemoryKeepingTest extends KeepingContract {
    private final InMemoryProvider provider = InMemoryProvider.create();

    @Override
    protected SandboxBackend backend() {
        return InMemoryBackend.over(provider);
    }
}
