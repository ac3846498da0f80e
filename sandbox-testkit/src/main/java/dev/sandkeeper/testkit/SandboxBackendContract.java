package dev.sandkeeper.testkit;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/**
 * What every {@link dev.sandkeeper.spi.SandboxBackend} must do, as tests. A backend's author extends this class, supplies
 * {@link #backend()}, and overrides none of the tests: what the backend lacks it leaves out of its capabilities, and the
 * contract then tests that it is refused by name.
 *
 * <p>Each test has a deployment id of its own and makes its own sandbox. After each test nothing may be left at the provider
 * and no thread in this JVM.
 *
 * <pre>{@code
 * class MyBackendContractTest extends SandboxBackendContract {
 *     protected SandboxBackend backend() {
 *         return new MyBackend(...);
 *     }
 * }
 * }</pre>
 */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
@TestInstance(TestInstance.Lifecycle.PER_METHOD)
public abstract class SandboxBackendContract extends SnapshotContract {
    /** For subclasses, which JUnit makes anew for each test. */
    protected SandboxBackendContract() {}
}
