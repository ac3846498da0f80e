package dev.sandkeeper.fly;

import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.SandboxBackendContract;
import java.time.Duration;
import org.junit.jupiter.api.Tag;

/** The contract at Fly.io itself, for who has an account there: {@code -Dgroups=live -DexcludedGroups=}. It costs money. */
@Tag("live")
class FlyLiveTest extends SandboxBackendContract {
    @Override
    protected SandboxBackend backend() {
        return FlyBackend.fromEnvironment();
    }

    @Override
    protected Duration patience() {
        return Duration.ofMinutes(2);
    }
}
