package dev.sandkeeper.local;

import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.KeepingContract;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

@Needs(Component.BUBBLEWRAP)
class LocalKeepingTest extends KeepingContract {
    @TempDir
    Path state;

    @Override
    protected SandboxBackend backend() {
        return LocalBackend.builder().stateDirectory(state.resolve("state")).build();
    }
}
