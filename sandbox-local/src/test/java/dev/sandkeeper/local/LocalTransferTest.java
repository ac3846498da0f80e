package dev.sandkeeper.local;

import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.TransferContract;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;

@Tag("long")
@Needs(Component.BUBBLEWRAP)
class LocalTransferTest extends TransferContract {
    @TempDir
    Path state;

    @Override
    protected SandboxBackend backend() {
        return LocalBackend.builder().stateDirectory(state.resolve("state")).build();
    }

    @Override
    protected SandboxSpec spec() {
        return SandboxSpec.builder().build();
    }
}
