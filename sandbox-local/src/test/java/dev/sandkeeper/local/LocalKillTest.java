package dev.sandkeeper.local;

import static org.awaitility.Awaitility.await;

import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.KillContract;
import dev.sandkeeper.testkit.KillSubject;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;

@Tag("long")
@Needs(Component.BUBBLEWRAP)
class LocalKillTest extends KillContract {
    @Override
    protected Class<? extends KillSubject> subject() {
        return Subject.class;
    }

    @AfterEach
    void removeTheState() throws ReflectiveOperationException {
        Path state = ((Subject) subject().getDeclaredConstructor().newInstance()).state();
        // what watches a host that was killed may be tidying up itself
        await().ignoreExceptionsInstanceOf(IOException.class).until(() -> remove(state));
    }

    private static boolean remove(Path tree) throws IOException {
        if (Files.notExists(tree)) {
            return true;
        }
        try (Stream<Path> left = Files.walk(tree)) {
            for (Path path : left.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        return true;
    }

    /** On this host, in a temporary directory of the test's own that the killed JVMs share with this one. */
    public static class Subject implements KillSubject {
        /** Made by name in each JVM. */
        public Subject() {}

        /** Another one for each subclass, as their tests run at the same time. */
        final Path state() {
            return Path.of(System.getProperty("java.io.tmpdir"), getClass().getName());
        }

        @Override
        public SandboxBackend backend() {
            return LocalBackend.builder().stateDirectory(state()).build();
        }

        @Override
        public SandboxSpec spec() {
            return SandboxSpec.builder().build();
        }
    }
}
