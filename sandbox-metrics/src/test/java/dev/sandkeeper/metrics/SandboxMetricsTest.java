package dev.sandkeeper.metrics;

import static dev.sandkeeper.metrics.Scrapes.names;
import static dev.sandkeeper.metrics.Scrapes.samples;
import static dev.sandkeeper.metrics.Scrapes.value;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.sandkeeper.SandboxEvent;
import dev.sandkeeper.SandboxState;
import io.micrometer.core.instrument.Tags;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SandboxMetricsTest {
    private static final String[] COUNTS = {
        "sandbox_active_count", "sandbox_expired_count", "sandbox_state_count", "sandbox_stuck_count"
    };

    private Scrapes scrapes;

    @BeforeEach
    void open() throws IOException {
        scrapes = new Scrapes();
    }

    @AfterEach
    void close() {
        scrapes.close();
    }

    @Test
    void theNamesThatDashboardsKnowAreThereBeforeAnythingHasHappened() {
        SandboxMetrics metrics = new SandboxMetrics(scrapes.registry);
        for (String scrape : new String[] {scrapes.text(), scrapes.openMetrics()}) {
            assertThat(value(scrape, "sandbox_cleanup_total")).isZero();
            assertThat(value(scrape, "sandbox_cleanup_errors_total")).isZero();
            assertThat(value(scrape, "sandbox_cleanup_duration_seconds_count")).isZero();
            assertThat(value(scrape, "sandbox_cleanup_duration_seconds_sum")).isZero();
            assertThat(value(scrape, "sandbox_active_count")).isNaN();
            assertThat(value(scrape, "sandbox_expired_count")).isNaN();
            assertThat(scrape)
                    .contains("# TYPE sandbox_cleanup_duration_seconds histogram")
                    .contains("# TYPE sandbox_active_count gauge")
                    .contains("# TYPE sandbox_expired_count gauge");
        }
        assertThat(scrapes.text())
                .contains("# TYPE sandbox_cleanup_total counter")
                .contains("# TYPE sandbox_cleanup_errors_total counter");

        Events.all("docker").forEach(metrics::onEvent);
        assertThat(value(scrapes.text(), "sandbox_cleanup_total")).isEqualTo(1);
    }

    @Test
    void showsWhatHappenedByBackendAndOutcome() {
        SandboxMetrics metrics = new SandboxMetrics(scrapes.registry);
        Events.all("docker").forEach(metrics::onEvent);
        metrics.onEvent(Events.command("local", SandboxEvent.CommandEnded.Outcome.TIMED_OUT));

        String scrape = scrapes.text();
        assertThat(value(scrape, "sandbox_cleanup_total")).isEqualTo(1);
        assertThat(value(scrape, "sandbox_cleanup_errors_total")).isEqualTo(1);
        assertThat(value(scrape, "sandbox_cleanup_duration_seconds_count")).isEqualTo(1);
        assertThat(value(scrape, "sandbox_cleanup_duration_seconds_sum")).isEqualTo(0.3);
        assertThat(value(scrape, "sandbox_cleanup_duration_seconds_bucket{le=\"0.25\"}"))
                .isZero();
        assertThat(value(scrape, "sandbox_cleanup_duration_seconds_bucket{le=\"0.5\"}"))
                .isEqualTo(1);
        assertThat(value(scrape, "sandbox_create_duration_seconds_sum{backend=\"docker\",outcome=\"success\"}"))
                .isEqualTo(0.7);
        assertThat(value(scrape, "sandbox_create_duration_seconds_sum{backend=\"docker\",outcome=\"error\"}"))
                .isEqualTo(3);
        assertThat(value(scrape, "sandbox_destroy_duration_seconds_sum{backend=\"docker\",outcome=\"success\"}"))
                .isEqualTo(0.3);
        assertThat(value(scrape, "sandbox_destroy_duration_seconds_sum{backend=\"docker\",outcome=\"error\"}"))
                .isEqualTo(40);
        for (String outcome : new String[] {"succeeded", "failed", "timed_out", "error"}) {
            String tags = "{backend=\"docker\",outcome=\"" + outcome + "\"}";
            assertThat(value(scrape, "sandbox_exec_duration_seconds_count" + tags))
                    .isEqualTo(1);
            assertThat(value(scrape, "sandbox_exec_duration_seconds_sum" + tags))
                    .isEqualTo(0.02);
        }
        for (String outcome : new String[] {"seen", "destroyed", "error"}) {
            assertThat(value(scrape, "sandbox_orphans_total{backend=\"docker\",outcome=\"" + outcome + "\"}"))
                    .isEqualTo(1);
        }
        assertThat(value(scrape, "sandbox_ghosts_total{backend=\"docker\"}")).isEqualTo(1);
        assertThat(value(scrape, "sandbox_sweeps_stopped_total{backend=\"docker\"}"))
                .isEqualTo(1);
        assertThat(value(scrape, "sandbox_exec_duration_seconds_count{backend=\"local\",outcome=\"timed_out\"}"))
                .isEqualTo(1);
        assertThat(value(scrape, "sandbox_exec_duration_seconds_count{backend=\"local\",outcome=\"succeeded\"}"))
                .isZero();
    }

    @Test
    void countsAreThoseThatItWasToldLast() {
        SandboxMetrics metrics = new SandboxMetrics(scrapes.registry);
        Events.all("docker").forEach(metrics::onEvent);
        String scrape = scrapes.text();
        assertThat(value(scrape, "sandbox_active_count")).isEqualTo(40);
        assertThat(value(scrape, "sandbox_expired_count")).isEqualTo(2);
        assertThat(value(scrape, "sandbox_stuck_count")).isEqualTo(3);
        assertThat(value(scrape, "sandbox_state_count{state=\"cleaning\"}")).isEqualTo(7);
        assertThat(value(scrape, "sandbox_state_count{state=\"paused\"}")).isZero();
        assertThat(value(scrape, "sandbox_counted_total")).isEqualTo(1);

        metrics.onEvent(new SandboxEvent.Counted(Map.of(SandboxState.ACTIVE, 1L), 0));
        scrape = scrapes.text();
        assertThat(value(scrape, "sandbox_active_count")).isEqualTo(1);
        assertThat(value(scrape, "sandbox_expired_count")).isZero();
        assertThat(value(scrape, "sandbox_stuck_count")).isZero();
        assertThat(value(scrape, "sandbox_counted_total")).isEqualTo(2);
    }

    @Test
    void hasExactlyTheseNamesAndNoTagThatGrowsWithTheSandboxes() {
        SandboxMetrics metrics = new SandboxMetrics(scrapes.registry);
        Events.all("docker").forEach(metrics::onEvent);
        String first = scrapes.text();
        assertThat(names(first))
                .containsExactlyInAnyOrder(
                        "sandbox_active_count",
                        "sandbox_cleanup_duration_seconds_bucket",
                        "sandbox_cleanup_duration_seconds_count",
                        "sandbox_cleanup_duration_seconds_max",
                        "sandbox_cleanup_duration_seconds_sum",
                        "sandbox_cleanup_errors_total",
                        "sandbox_cleanup_total",
                        "sandbox_counted_total",
                        "sandbox_create_duration_seconds_bucket",
                        "sandbox_create_duration_seconds_count",
                        "sandbox_create_duration_seconds_max",
                        "sandbox_create_duration_seconds_sum",
                        "sandbox_destroy_duration_seconds_bucket",
                        "sandbox_destroy_duration_seconds_count",
                        "sandbox_destroy_duration_seconds_max",
                        "sandbox_destroy_duration_seconds_sum",
                        "sandbox_exec_duration_seconds_bucket",
                        "sandbox_exec_duration_seconds_count",
                        "sandbox_exec_duration_seconds_max",
                        "sandbox_exec_duration_seconds_sum",
                        "sandbox_expired_count",
                        "sandbox_ghosts_total",
                        "sandbox_orphans_total",
                        "sandbox_state_count",
                        "sandbox_stuck_count",
                        "sandbox_sweeps_stopped_total");

        for (int i = 0; i < 200; i++) {
            Events.all("docker").forEach(metrics::onEvent);
        }
        String later = scrapes.text();
        assertThat(samples(later)).hasSameSizeAs(samples(first));
        assertThat(later).doesNotContain("owner-of-a-name", "a-label", "resource-name", "text of");
    }

    @Test
    void closeTakesTheCountsOutSoThatNobodySeesStaleOnes() {
        SandboxMetrics metrics = new SandboxMetrics(scrapes.registry);
        Events.all("docker").forEach(metrics::onEvent);
        metrics.close();
        metrics.close();
        assertThat(names(scrapes.text())).doesNotContain(COUNTS).contains("sandbox_cleanup_total");

        SandboxMetrics next = new SandboxMetrics(scrapes.registry);
        assertThat(names(scrapes.text())).contains(COUNTS);
        Events.all("docker").forEach(next::onEvent);
        assertThat(value(scrapes.text(), "sandbox_active_count")).isEqualTo(40);
        assertThat(value(scrapes.text(), "sandbox_cleanup_total")).isEqualTo(2);
    }

    @Test
    void managersThatShareARegistryAreToldApartByATag() {
        SandboxMetrics one = new SandboxMetrics(scrapes.registry, Tags.of("deployment", "one"));
        SandboxMetrics two = new SandboxMetrics(scrapes.registry, Tags.of("deployment", "two"));
        Events.all("docker").forEach(one::onEvent);
        two.onEvent(new SandboxEvent.Counted(Map.of(SandboxState.ACTIVE, 5L), 0));
        two.onEvent(Events.command("docker", SandboxEvent.CommandEnded.Outcome.SUCCEEDED));
        String scrape = scrapes.text();
        assertThat(value(scrape, "sandbox_active_count{deployment=\"one\"}")).isEqualTo(40);
        assertThat(value(scrape, "sandbox_active_count{deployment=\"two\"}")).isEqualTo(5);
        assertThat(value(
                        scrape,
                        "sandbox_exec_duration_seconds_count"
                                + "{backend=\"docker\",deployment=\"two\",outcome=\"succeeded\"}"))
                .isEqualTo(1);
    }

    @Test
    void tellingOfACommandMakesNoGarbage() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        SandboxMetrics metrics = new SandboxMetrics(scrapes.registry);
        SandboxEvent event = Events.command("docker", SandboxEvent.CommandEnded.Outcome.SUCCEEDED);
        int commands = 20_000;
        for (int i = 0; i < commands; i++) {
            metrics.onEvent(event);
        }
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < commands; i++) {
            metrics.onEvent(event);
        }
        long bytes = threads.getCurrentThreadAllocatedBytes() - before;
        // The smallest object has 16 bytes; once in a while Micrometer turns a window of its maximum.
        assertThat(bytes).isLessThan(8L * commands);
    }
}
