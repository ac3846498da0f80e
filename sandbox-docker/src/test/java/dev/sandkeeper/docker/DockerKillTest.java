package dev.sandkeeper.docker;

import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.KillContract;
import dev.sandkeeper.testkit.KillSubject;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import org.junit.jupiter.api.Tag;

@Tag("long")
@Needs(Component.DOCKER)
class DockerKillTest extends KillContract {
    @Override
    protected Class<? extends KillSubject> subject() {
        return Subject.class;
    }

    /** On the engine of this host. */
    public static final class Subject implements KillSubject {
        /** Made by name in each JVM. */
        public Subject() {}

        @Override
        public SandboxBackend backend() {
            return DockerBackend.create();
        }

        @Override
        public SandboxSpec spec() {
            return SandboxSpec.builder().image("sandkeeper-test/busybox").build();
        }
    }
}
