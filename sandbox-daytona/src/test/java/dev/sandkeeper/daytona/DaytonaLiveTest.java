package dev.sandkeeper.daytona;

import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.SandboxBackendContract;
import java.time.Duration;
import org.junit.jupiter.api.Tag;

/** The contract at Daytona itself, for who has an account there: {@code -Dgroups=live -DexcludedGroups=}. It costs money. */
@Tag("live")
class DaytonaLiveTest extends SandboxBackendContract {
    @Override
    protected SandboxBackend backend() {
        return DaytonaBackend.fromEnvironment();
    }

    @Override
    protected Duration patience() {
        return Duration.ofMinutes(2);
    }
}
