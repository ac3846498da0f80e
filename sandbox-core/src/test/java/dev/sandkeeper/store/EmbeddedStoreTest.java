package dev.sandkeeper.store;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedStoreTest extends SandboxStoreContract {
    @TempDir
    Path directory;

    @Override
    protected SandboxStore.Builder database() {
        return SandboxStore.builder().embedded(directory.resolve("store"));
    }
}
