package dev.sandkeeper.local;

import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.KillContract;
import dev.sandkeeper.testkit.KillSubject;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;

@Tag("long")
@Needs(Component.BUBBLEWRAP)
class LocalKillTest extends KillContract {
    @Override
    protected Class<? extends KillSubject> subject() {
        return Subject.class;
    }

    @AfterAll
    static void removeTheState() throws IOException {
        try (Stream<Path> left = Files.walk(Subject.STATE)) {
            for (Path path : left.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    /** On this host, in the temporary directory that the killed JVMs share with this one. */
    public static final class Subject implements KillSubject {
        private static final Path STATE = Path.of(System.getProperty("java.io.tmpdir"), "sandkeeper-kill-test");

        /** Made by name in each JVM. */
        public Subject() {}

        @Override
        public SandboxBackend backend() {
            return LocalBackend.builder().stateDirectory(STATE).build();
        }

        @Override
        public SandboxSpec spec() {
            return SandboxSpec.builder().build();
        }
    }
}
