package dev.sandkeeper.e2b;

import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.SandboxBackendContract;
import java.time.Duration;
import org.junit.jupiter.api.Tag;

/** The contract at E2B itself, for who has an account there: {@code -Dgroups=live -DexcludedGroups=}. It costs money. */
@Tag("live")
class E2bLiveTest extends SandboxBackendContract {
    @Override
    protected SandboxBackend backend() {
        return E2bBackend.fromEnvironment();
    }

    @Override
    protected Duration patience() {
        return Duration.ofMinutes(2);
    }
}
