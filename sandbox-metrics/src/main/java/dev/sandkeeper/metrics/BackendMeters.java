package dev.sandkeeper.metrics;

import dev.sandkeeper.SandboxEvent.CommandEnded;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/** The meters of one backend, all of them looked up once. */
final class BackendMeters {
    private final Timer created;
    private final Timer createFailed;
    private final Timer destroyed;
    private final Timer destroyFailed;
    private final Map<CommandEnded.Outcome, Timer> commands = new EnumMap<>(CommandEnded.Outcome.class);
    private final Counter orphansSeen;
    private final Counter orphansDestroyed;
    private final Counter orphansFailed;
    private final Counter ghosts;
    private final Counter sweepsStopped;

    BackendMeters(MeterRegistry registry, Tags tags) {
        String creating = "Creating a sandbox";
        created = timer(registry, "sandbox.create.duration", creating, tags.and("outcome", "success"));
        createFailed = timer(registry, "sandbox.create.duration", creating, tags.and("outcome", "error"));
        String destroying = "Cleaning a sandbox, from its claim on";
        destroyed = timer(registry, "sandbox.destroy.duration", destroying, tags.and("outcome", "success"));
        destroyFailed = timer(registry, "sandbox.destroy.duration", destroying, tags.and("outcome", "error"));
        for (CommandEnded.Outcome outcome : CommandEnded.Outcome.values()) {
            Timer timer = Durations.ofCommands("sandbox.exec.duration", "A command in a sandbox")
                    .tags(tags.and("outcome", outcome.name().toLowerCase(Locale.ROOT)))
                    .register(registry);
            commands.put(outcome, timer);
        }
        String orphans = "Resources of this deployment that no row knows";
        orphansSeen = counter(registry, "sandbox.orphans", orphans, tags.and("outcome", "seen"));
        orphansDestroyed = counter(registry, "sandbox.orphans", orphans, tags.and("outcome", "destroyed"));
        orphansFailed = counter(registry, "sandbox.orphans", orphans, tags.and("outcome", "error"));
        ghosts = counter(registry, "sandbox.ghosts", "Sandboxes whose resource had vanished", tags);
        sweepsStopped = counter(registry, "sandbox.sweeps.stopped", "Sweeps that stopped for safety", tags);
    }

    private static Timer timer(MeterRegistry registry, String name, String description, Tags tags) {
        return Durations.ofChanges(name, description).tags(tags).register(registry);
    }

    private static Counter counter(MeterRegistry registry, String name, String description, Tags tags) {
        return Counter.builder(name).description(description).tags(tags).register(registry);
    }

    void created(boolean success, Duration took) {
        (success ? created : createFailed).record(took);
    }

    void destroyed(boolean success, Duration took) {
        (success ? destroyed : destroyFailed).record(took);
    }

    void commandEnded(CommandEnded.Outcome outcome, Duration took) {
        Objects.requireNonNull(commands.get(outcome), "one was made for each outcome")
                .record(took);
    }

    void orphan(boolean destroyed, boolean failed) {
        (destroyed ? orphansDestroyed : failed ? orphansFailed : orphansSeen).increment();
    }

    void ghost() {
        ghosts.increment();
    }

    void sweepStopped() {
        sweepsStopped.increment();
    }
}
