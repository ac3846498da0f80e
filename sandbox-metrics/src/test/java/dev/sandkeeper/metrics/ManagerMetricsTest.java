package dev.sandkeeper.metrics;

import static dev.sandkeeper.metrics.Scrapes.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sandkeeper.Sandbox;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxManager;
import dev.sandkeeper.SandboxSpec;
import dev.sandkeeper.cleanup.CleanupSettings;
import dev.sandkeeper.store.SandboxStore;
import dev.sandkeeper.testkit.Fault;
import dev.sandkeeper.testkit.FaultInjectingBackend;
import dev.sandkeeper.testkit.FaultPlan;
import dev.sandkeeper.testkit.InMemoryBackend;
import dev.sandkeeper.testkit.InMemoryProvider;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ManagerMetricsTest {
    @TempDir
    Path directory;

    @Test
    void aManagerFeedsThemAndAScrapeNeedsNeitherItNorItsStore() throws IOException {
        InMemoryProvider provider = InMemoryProvider.create();
        FaultPlan plan = FaultPlan.create();
        try (Scrapes scrapes = new Scrapes();
                SandboxMetrics metrics = new SandboxMetrics(scrapes.registry)) {
            SandboxManager manager = SandboxManager.builder()
                    .backend(FaultInjectingBackend.of(
                            InMemoryBackend.builder(provider).build(), plan))
                    .store(SandboxStore.embedded(directory))
                    .cleanup(CleanupSettings.builder().manual().build())
                    .listener(metrics)
                    .build();
            try (manager) {
                Sandbox sandbox = manager.create(SandboxSpec.builder().build());
                sandbox.exec("true");
                sandbox.exec("false");
                plan.next(FaultPlan.Operation.DESTROY, Fault.of(Fault.Kind.REJECTED));
                assertThatThrownBy(sandbox::destroy).isInstanceOf(SandboxException.class);
                sandbox.destroy();
                plan.next(FaultPlan.Operation.CREATE, Fault.of(Fault.Kind.REJECTED));
                SandboxSpec spec = SandboxSpec.builder().build();
                assertThatThrownBy(() -> manager.create(spec)).isInstanceOf(SandboxException.class);
            }
            String scrape = scrapes.text();
            String of = "_duration_seconds_count{backend=\"memory\",outcome=";
            assertThat(value(scrape, "sandbox_create" + of + "\"success\"}")).isEqualTo(1);
            assertThat(value(scrape, "sandbox_create" + of + "\"error\"}")).isEqualTo(1);
            assertThat(value(scrape, "sandbox_exec" + of + "\"succeeded\"}")).isEqualTo(1);
            assertThat(value(scrape, "sandbox_exec" + of + "\"failed\"}")).isEqualTo(1);
            assertThat(value(scrape, "sandbox_destroy" + of + "\"error\"}")).isEqualTo(1);
            assertThat(value(scrape, "sandbox_cleanup_errors_total")).isEqualTo(1);
            // What may have been made by the create that was refused may have been cleaned by now, or not.
            double cleaned = value(scrape, "sandbox_cleanup_total");
            assertThat(cleaned).isBetween(1.0, 2.0);
            assertThat(value(scrape, "sandbox_destroy" + of + "\"success\"}")).isEqualTo(cleaned);
            assertThat(value(scrape, "sandbox_cleanup_duration_seconds_count")).isEqualTo(cleaned);
        }
    }
}
