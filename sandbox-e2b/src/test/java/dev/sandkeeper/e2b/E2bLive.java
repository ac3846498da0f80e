package dev.sandkeeper.e2b;

import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.SandboxBackendContract;
import java.time.Duration;
import org.junit.jupiter.api.Tag;

/**
 * The contract at E2B itself, which costs money and needs {@code E2B_API_KEY}. Its name keeps it out of every ordinary run:
 * {@code mvn test -Dquick -pl sandbox-e2b -am -Dtest=E2bLive -Dsurefire.failIfNoSpecifiedTests=false}.
 */
@Tag("live")
class E2bLive extends SandboxBackendContract {
    @Override
    protected SandboxBackend backend() {
        return E2bBackend.fromEnvironment();
    }

    @Override
    protected Duration patience() {
        return Duration.ofMinutes(2);
    }
}
