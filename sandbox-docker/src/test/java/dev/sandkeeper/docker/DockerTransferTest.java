package dev.sandkeeper.docker;

import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.TransferContract;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import org.junit.jupiter.api.Tag;

@Tag("long")
@Needs(Component.DOCKER)
class DockerTransferTest extends TransferContract {
    @Override
    protected SandboxBackend backend() {
        return DockerBackend.create();
    }

    /** Its coreutils sum up a gigabyte several times as fast as those of busybox. */
    @Override
    protected SandboxSpec spec() {
        return SandboxSpec.builder().image("sandkeeper-test/debian-python").build();
    }
}
