package dev.sandkeeper.docker;

import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.ManagerContract;

class DockerManagerTest extends ManagerContract {
    @Override
    protected SandboxBackend backend() {
        return DockerBackend.create();
    }

    @Override
    protected SandboxSpec spec() {
        return SandboxSpec.builder().image("sandkeeper-test/busybox").build();
    }
}
