package dev.sandkeeper.docker;

import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.KeepingContract;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;

@Needs(Component.DOCKER)
class DockerKeepingTest extends KeepingContract {
    @Override
    protected SandboxBackend backend() {
        return TestEngine.backend();
    }
}
