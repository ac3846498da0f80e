package dev.sandkeeper.local;

import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.ManagerContract;

class LocalManagerTest extends ManagerContract {
    @Override
    protected SandboxBackend backend() {
        return LocalBackend.create();
    }

    @Override
    protected SandboxSpec spec() {
        return SandboxSpec.builder().build();
    }
}
