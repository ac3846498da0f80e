package dev.sandkeeper.local;

import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.ManagerContract;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;

@Tag("long")
@Needs(Component.BUBBLEWRAP)
class LocalManagerTest extends ManagerContract {
    @TempDir
    Path directory;

    @Override
    protected SandboxBackend backend() {
        return LocalBackend.builder().stateDirectory(directory.resolve("state")).build();
    }

    @Override
    protected SandboxSpec spec() {
        return SandboxSpec.builder().build();
    }

    @Override
    protected Optional<String> memoryBomb() {
        return Optional.of("exec perl -e '$x = \"x\" x 200_000_000; print length $x'");
    }
}
