package dev.sandkeeper.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.SandboxState;
import dev.sandkeeper.StoreUnavailableException;
import dev.sandkeeper.cleanup.CleanupSettings;
import dev.sandkeeper.spi.Capability;
import dev.sandkeeper.store.SandboxStore;
import dev.sandkeeper.testkit.InMemoryBackend;
import dev.sandkeeper.testkit.InMemoryProvider;
import dev.sandkeeper.testkit.MutableClock;
import dev.sandkeeper.testsupport.Component;
import dev.sandkeeper.testsupport.DatabaseServers;
import dev.sandkeeper.testsupport.Needs;
import dev.sandkeeper.testsupport.PostgresServer;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** A database server that goes away under a manager, and comes back. */
@Timeout(120)
@Needs(Component.POSTGRESQL)
@ExtendWith(DatabaseServers.class)
class StoreOutageTest {
    @Test
    void createsFailFastAndLeaveNothingSandboxesGoOnAndCleanupResumes(PostgresServer server) {
        InMemoryProvider provider = InMemoryProvider.create();
        MutableClock clock = MutableClock.at(Instant.parse("2030-01-01T00:00:00Z"));
        try (SandboxManager manager = SandboxManager.builder()
                .backend(InMemoryBackend.builder(provider)
                        .without(Capability.PROVIDER_EXPIRY)
                        .build())
                .store(SandboxStore.builder()
                        .at(server.newDatabase(), null, null)
                        .clock(clock)
                        .open())
                .cleanup(CleanupSettings.builder()
                        .lookInterval(Duration.ofSeconds(1))
                        .build())
                .build()) {
            Sandbox running = manager.create(SandboxSpec.builder().build());
            Sandbox brief = manager.create(
                    SandboxSpec.builder().timeToLive(Duration.ofMinutes(1)).build());

            server.stop();
            try {
                long start = System.nanoTime();
                assertThatThrownBy(() -> manager.create(SandboxSpec.builder().build()))
                        .isInstanceOfSatisfying(StoreUnavailableException.class, e -> {
                            assertThat(e.code()).isEqualTo("store_unavailable");
                            assertThat(e.retryable()).isTrue();
                            assertThat(e.remedy()).isPresent();
                        })
                        .hasMessageContaining("jdbc:postgresql://127.0.0.1:");
                assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(20));
                assertThat(provider.resources()).hasSize(2);
                assertThat(running.exec("true").exitCode()).isZero();
                clock.advance(Duration.ofMinutes(2));
            } finally {
                server.start();
            }

            await().until(() -> manager.find(brief.id()).orElseThrow().state() == SandboxState.CLEANED);
            assertThat(provider.resources()).hasSize(1);
            assertThat(running.exec("true").exitCode()).isZero();
            running.destroy();
            assertThat(provider.resources()).isEmpty();
        }
    }
}
