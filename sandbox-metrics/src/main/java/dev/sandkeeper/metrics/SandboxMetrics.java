package dev.sandkeeper.metrics;

import dev.sandkeeper.SandboxEvent;
import dev.sandkeeper.SandboxListener;
import dev.sandkeeper.SandboxState;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Keeps meters of what happens to sandboxes:
 * {@code SandboxManager.builder().listener(new SandboxMetrics(registry))}. Their names, as a Prometheus registry writes them:
 *
 * <table>
 * <caption>meters</caption>
 * <tr><th>name</th><th>tags</th><th>what</th></tr>
 * <tr><td>{@code sandbox_cleanup_total}</td><td></td><td>sandboxes that this JVM has cleaned</td></tr>
 * <tr><td>{@code sandbox_cleanup_duration_seconds}</td><td></td><td>histogram of how long that took, from the claim on</td></tr>
 * <tr><td>{@code sandbox_cleanup_errors_total}</td><td></td><td>cleanings that failed; each is tried again</td></tr>
 * <tr><td>{@code sandbox_active_count}</td><td></td><td>sandboxes that take commands</td></tr>
 * <tr><td>{@code sandbox_expired_count}</td><td></td><td>sandboxes that must go and that nobody cleans yet</td></tr>
 * <tr><td>{@code sandbox_state_count}</td><td>state</td><td>sandboxes in each state of their life</td></tr>
 * <tr><td>{@code sandbox_stuck_count}</td><td></td><td>sandboxes whose cleaning has failed so often that somebody should
 * look</td></tr>
 * <tr><td>{@code sandbox_counted_total}</td><td></td><td>how often this JVM has counted them</td></tr>
 * <tr><td>{@code sandbox_create_duration_seconds}</td><td>backend, outcome</td><td>histogram of creating: {@code success} or
 * {@code error}</td></tr>
 * <tr><td>{@code sandbox_exec_duration_seconds}</td><td>backend, outcome</td><td>histogram of commands: {@code succeeded},
 * {@code failed}, {@code timed_out} or {@code error}</td></tr>
 * <tr><td>{@code sandbox_destroy_duration_seconds}</td><td>backend, outcome</td><td>histogram of cleanings: {@code success}
 * or {@code error}</td></tr>
 * <tr><td>{@code sandbox_orphans_total}</td><td>backend, outcome</td><td>orphans that were {@code seen} for the first time,
 * {@code destroyed}, or withstood it: {@code error}</td></tr>
 * <tr><td>{@code sandbox_ghosts_total}</td><td>backend</td><td>sandboxes whose resource had vanished</td></tr>
 * <tr><td>{@code sandbox_sweeps_stopped_total}</td><td>backend</td><td>sweeps that stopped because they would have destroyed
 * suspiciously much</td></tr>
 * </table>
 *
 * <p>The counts of sandboxes are those of the whole deployment, so every JVM reports the same: query their {@code max}, not
 * their {@code sum}. They are NaN until this JVM has counted for the first time, within about a minute, and are never
 * counted by a scrape. All else is what this JVM has done, and is to be summed. What has no tags is there from the start;
 * the rest is there, at 0, from the first event of its backend on.
 *
 * <p>One a manager. Managers of several deployments that share a registry need a tag each. Safe from many threads; telling it
 * of a command makes no garbage.
 */
public final class SandboxMetrics implements SandboxListener, AutoCloseable {
    private final MeterRegistry registry;
    private final Tags tags;
    private final Map<String, BackendMeters> backends = new ConcurrentHashMap<>();
    private final List<Gauge> gauges = new ArrayList<>();
    private final Counter cleaned;
    private final Counter cleanupErrors;
    private final Counter counts;
    private final Timer cleanupDuration;
    private volatile SandboxEvent.@Nullable Counted counted;

    /**
     * Registers the meters that have no tags.
     *
     * @param registry what keeps them
     */
    public SandboxMetrics(MeterRegistry registry) {
        this(registry, Tags.empty());
    }

    /**
     * Registers the meters that have no tags but these.
     *
     * @param registry what keeps them
     * @param tags what every meter has besides its own, such as the deployment
     */
    public SandboxMetrics(MeterRegistry registry, Iterable<Tag> tags) {
        this.registry = registry;
        this.tags = Tags.of(tags);
        cleaned = counter("sandbox.cleanup", "Sandboxes that were cleaned");
        cleanupErrors = counter("sandbox.cleanup.errors", "Cleanings that failed and are tried again");
        counts = counter("sandbox.counted", "How often the deployment's sandboxes were counted");
        cleanupDuration = Durations.ofChanges(
                        "sandbox.cleanup.duration", "Cleanings that succeeded, from their claim on")
                .tags(this.tags)
                .register(registry);
        gauge("sandbox.active.count", "Sandboxes that take commands", this.tags, of(SandboxState.ACTIVE));
        gauge("sandbox.expired.count", "Sandboxes that must go", this.tags, of(SandboxState.EXPIRED));
        gauge("sandbox.stuck.count", "Sandboxes that withstand cleaning", this.tags, SandboxEvent.Counted::stuck);
        for (SandboxState state : SandboxState.values()) {
            if (state != SandboxState.CLEANED) {
                Tags named = this.tags.and("state", state.name().toLowerCase(Locale.ROOT));
                gauge("sandbox.state.count", "Sandboxes by state", named, of(state));
            }
        }
    }

    private Counter counter(String name, String description) {
        return Counter.builder(name).description(description).tags(tags).register(registry);
    }

    /** A gauge that holds on to us, and reads only what we were told last. */
    private void gauge(String name, String description, Tags named, ToDoubleFunction<SandboxEvent.Counted> value) {
        gauges.add(Gauge.builder(name, () -> {
                    SandboxEvent.Counted last = counted;
                    return last == null ? Double.NaN : value.applyAsDouble(last);
                })
                .description(description)
                .tags(named)
                .register(registry));
    }

    private static ToDoubleFunction<SandboxEvent.Counted> of(SandboxState state) {
        return last -> last.byState().getOrDefault(state, 0L);
    }

    @Override
    public void onEvent(SandboxEvent event) {
        if (event instanceof SandboxEvent.CommandEnded e) {
            of(e.backend()).commandEnded(e.outcome(), e.took());
        } else if (event instanceof SandboxEvent.Created e) {
            of(e.sandbox().backend()).created(true, e.took());
        } else if (event instanceof SandboxEvent.CreateFailed e) {
            of(e.backend()).created(false, e.took());
        } else if (event instanceof SandboxEvent.Destroyed e) {
            cleaned.increment();
            cleanupDuration.record(e.took());
            of(e.sandbox().backend()).destroyed(true, e.took());
        } else if (event instanceof SandboxEvent.CleanupFailed e) {
            cleanupErrors.increment();
            of(e.sandbox().backend()).destroyed(false, e.took());
        } else if (event instanceof SandboxEvent.Orphan e) {
            of(e.backend()).orphan(e.destroyed(), e.error() != null);
        } else if (event instanceof SandboxEvent.Ghost e) {
            of(e.sandbox().backend()).ghost();
        } else if (event instanceof SandboxEvent.SweepStopped e) {
            of(e.backend()).sweepStopped();
        } else if (event instanceof SandboxEvent.Counted e) {
            counted = e;
            counts.increment();
        }
    }

    private BackendMeters of(String backend) {
        BackendMeters known = backends.get(backend);
        return known != null
                ? known
                : backends.computeIfAbsent(backend, name -> new BackendMeters(registry, tags.and("backend", name)));
    }

    /**
     * Takes the counts of sandboxes out of the registry: after the manager was closed nobody keeps them up, and the
     * {@code max} over all JVMs would show what is long gone. What was summed up stays. Idempotent.
     */
    @Override
    public void close() {
        gauges.forEach(registry::remove);
    }
}
