package dev.sandkeeper.cleanup;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.internal.SandboxRow;
import dev.sandkeeper.spi.BackendSandbox;
import dev.sandkeeper.spi.ResourceUsage;
import dev.sandkeeper.spi.SandboxBackend;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks what a sandbox has used before it is destroyed. That it cannot be known stops nothing. */
final class Measuring {
    private static final Logger LOG = LoggerFactory.getLogger(Measuring.class);
    /** Where somebody wants to know. */
    private static final Duration LONGEST = Duration.ofSeconds(5);
    /** Docker 20.10 answers some requests only at the next second: then nobody waits, and it is not known. */
    private static final Duration IN_PASSING = Duration.ofMillis(100);

    private static final ObjectMapper JSON = new ObjectMapper();

    private final BoundedCalls calls;
    private final Duration patience;
    private final boolean disk;

    /**
     * Measures.
     *
     * @param timeout how long a call may take; at most 100 milliseconds are waited, or 5 seconds where the disk is to be measured
     * @param disk whether to connect to a sandbox for what its provider does not count
     */
    Measuring(BoundedCalls calls, Duration timeout, boolean disk) {
        this.calls = calls;
        Duration most = disk ? LONGEST : IN_PASSING;
        this.patience = timeout.compareTo(most) < 0 ? timeout : most;
        this.disk = disk;
    }

    /** What a sandbox had used: for the row, and what goes with it. */
    record Measured(String json, @Nullable Long diskBytes) {}

    Optional<Measured> measure(SandboxBackend backend, SandboxRow row, String ref) {
        try {
            ResourceUsage usage = calls.call("measure " + ref, patience, () -> backend.usage(ref))
                    .orElse(null);
            Long bytes = usage == null ? null : usage.diskBytes();
            if (bytes == null && disk) {
                OptionalLong workspace = calls.call("measure the disk of " + ref, patience, () -> {
                    try (BackendSandbox connection = backend.attach(ref)) {
                        return connection.workspaceBytes();
                    }
                });
                bytes = workspace.isPresent() ? Long.valueOf(workspace.getAsLong()) : null;
            }
            return usage == null && bytes == null ? Optional.empty() : Optional.of(new Measured(json(usage), bytes));
        } catch (SandboxException e) {
            LOG.debug("what sandbox {} has used is not known", row.id(), e);
            return Optional.empty();
        }
    }

    private static String json(@Nullable ResourceUsage usage) {
        ObjectNode node = JSON.createObjectNode();
        if (usage != null) {
            Duration cpu = usage.cpuTime();
            if (cpu != null) {
                node.put("cpu_seconds", cpu.toMillis() / 1000.0);
            }
            put(node, "memory_bytes", usage.memoryBytes());
            put(node, "peak_memory_bytes", usage.peakMemoryBytes());
            put(node, "disk_bytes", usage.diskBytes());
        }
        return node.toString();
    }

    private static void put(ObjectNode node, String name, @Nullable Long value) {
        if (value != null) {
            node.put(name, value);
        }
    }
}
