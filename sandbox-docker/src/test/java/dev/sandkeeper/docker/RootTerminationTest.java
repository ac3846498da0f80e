package dev.sandkeeper.docker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sandkeeper.Lifetime;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.spi.BackendProcess;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.ProviderState;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.Needs;
import java.time.Duration;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Where what keeps the container has the same user as the commands. */
@Needs(Component.DOCKER)
class RootTerminationTest {
    @RegisterExtension
    final Sandboxes sandboxes = new Sandboxes();

    @ParameterizedTest
    @EnumSource(Lifetime.class)
    void endsTheCommandsAndKeepsTheContainer(Lifetime lifetime) {
        BackendSandbox sandbox = sandboxes.create(SandboxSpec.builder()
                .user("root")
                .kernelCapability("NET_BIND_SERVICE")
                .lifetime(lifetime)
                .build());
        String ref = sandbox.providerRef();
        try (BackendProcess running = sandbox.start(Sandboxes.command("sleep", "1000"))) {
            assertThat(sandboxes.backend().terminate(ref, Duration.ofSeconds(25)))
                    .isTrue();
            assertThat(Sandboxes.pump(running).code()).isEqualTo(128 + 15);
        }
        assertThat(sandboxes.backend().state(ref)).isEqualTo(ProviderState.PRESENT);
        assertThat(Sandboxes.sh(sandbox, "echo goes on").out()).isEqualTo("goes on\n");
    }
}
