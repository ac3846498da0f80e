package dev.sandkeeper.local;

import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.ManagerContract;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;

@Needs(Component.BUBBLEWRAP)
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
