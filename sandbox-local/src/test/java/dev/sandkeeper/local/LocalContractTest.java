package dev.sandkeeper.local;

import dev.sandkeeper.MemorySize;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.ProvisionRequest;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.SandboxBackendContract;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;

@Needs(Component.BUBBLEWRAP)
class LocalContractTest extends SandboxBackendContract {
    @TempDir
    Path directory;

    @Override
    protected SandboxBackend backend() {
        return LocalBackend.builder().stateDirectory(directory.resolve("state")).build();
    }

    @Override
    protected Optional<SandboxSpec> invalidSpec() {
        return Optional.of(SandboxSpec.builder().tmpSize(MemorySize.bytes(1)).build());
    }

    @Override
    protected boolean leaveHalfMade(ProvisionRequest request) {
        HalfMade.leave(directory.resolve("state"), request);
        return true;
    }
}
