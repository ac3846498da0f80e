package dev.sandkeeper.daytona;

import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.SandboxBackendContract;
import java.time.Duration;
import org.junit.jupiter.api.Tag;

/**
 * The contract at Daytona itself, which costs money and needs {@code DAYTONA_API_KEY}. Its name keeps it out of every ordinary
 * run: {@code mvn test -Dquick -pl sandbox-daytona -am -Dtest=DaytonaLive -Dsurefire.failIfNoSpecifiedTests=false}.
 */
@Tag("live")
class DaytonaLive extends SandboxBackendContract {
    @Override
    protected SandboxBackend backend() {
        return DaytonaBackend.fromEnvironment();
    }

    @Override
    protected Duration patience() {
        return Duration.ofMinutes(2);
    }
}
