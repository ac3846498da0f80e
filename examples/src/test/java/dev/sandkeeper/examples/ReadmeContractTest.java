package dev.sandkeeper.examples;

import dev.sandkeeper.local.LocalBackend;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.SandboxBackendContract;

/** Compiled and not run: the module of each backend runs the contract. */
final class ReadmeContractTest {
    private ReadmeContractTest() {}

    // snippet: contract
    static class MyBackendContractTest extends SandboxBackendContract {
        @Override
        protected SandboxBackend backend() {
            return LocalBackend.create();
        }
    }
    // end
}
