package dev.sandkeeper.docker;

import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.ManagerContract;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import java.util.Optional;
import org.junit.jupiter.api.Tag;

@Tag("long")
@Needs(Component.DOCKER)
class DockerManagerTest extends ManagerContract {
    @Override
    protected SandboxBackend backend() {
        return DockerBackend.create();
    }

    @Override
    protected SandboxSpec spec() {
        return SandboxSpec.builder().image("sandkeeper-test/busybox").build();
    }

    @Override
    protected Optional<String> memoryBomb() {
        return Optional.of("exec tail -c 200000000 /dev/zero");
    }
}
