package dev.sandkeeper.fly;

import dev.sandkeeper.Network;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.SandboxBackend;
import dev.sandkeeper.testkit.SandboxBackendContract;
import java.time.Duration;
import org.junit.jupiter.api.Tag;

/**
 * The contract at Fly.io itself, which costs money and needs {@code FLY_API_TOKEN} and {@code FLY_APP}. Its name keeps it out of
 * every ordinary run: {@code mvn test -Dquick -pl sandbox-fly -am -Dtest=FlyLive -Dsurefire.failIfNoSpecifiedTests=false}. Tests
 * that hand over or take megabytes are not to be expected to end in time there: Fly lets a Machine run one exec a second.
 */
@Tag("live")
class FlyLive extends SandboxBackendContract {
    @Override
    protected SandboxBackend backend() {
        return FlyBackend.fromEnvironment();
    }

    @Override
    protected SandboxSpec spec() {
        return SandboxSpec.builder().network(Network.full()).build();
    }

    @Override
    protected Duration patience() {
        return Duration.ofMinutes(2);
    }
}
