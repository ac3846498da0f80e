package dev.sandkeeper.internal;

import dev.sandkeeper.SandboxEvent;
import dev.sandkeeper.spi.SandboxBackend;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;

/**
 * What a manager lends its cleanup engine.
 *
 * @param rows the deployment's rows
 * @param backends by name
 * @param jvm who we are in leases and history: {@code host/pid/random}
 * @param timer starts things at their time and never blocks
 * @param workers runs what blocks
 * @param events tells the listeners; never throws
 * @param heard whether anybody listens
 * @param ending told of every row that this JVM has claimed, before its resource is destroyed
 */
public record EngineContext(
        SandboxRows rows,
        Map<String, SandboxBackend> backends,
        String jvm,
        ScheduledExecutorService timer,
        Executor workers,
        Consumer<SandboxEvent> events,
        boolean heard,
        Consumer<SandboxRow> ending) {
    /** Copies the backends. */
    public EngineContext {
        Objects.requireNonNull(rows, "rows");
        backends = Map.copyOf(backends);
    }
}
