package dev.sandkeeper.cleanup;

import dev.sandkeeper.BackendUnavailableException;
import dev.sandkeeper.Failure;
import dev.sandkeeper.Lifetime;
import dev.sandkeeper.Retention;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxState;
import dev.sandkeeper.SpecInvalidException;
import dev.sandkeeper.internal.Adoption;
import dev.sandkeeper.internal.EngineContext;
import dev.sandkeeper.internal.SandboxRow;
import dev.sandkeeper.internal.SandboxRows;
import dev.sandkeeper.spi.ProviderState;
import dev.sandkeeper.spi.SandboxBackend;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Finds out what a workflow calls its sandbox, and ends that. */
final class WorkflowTarget {
    private final Cleanup cleanup;
    private final EngineContext context;
    private final SandboxRows rows;

    WorkflowTarget(Cleanup cleanup, EngineContext context) {
        this.cleanup = cleanup;
        this.context = context;
        this.rows = context.rows();
    }

    /** Returns what was done; may be repeated, because a row that was adopted is found again. */
    String end(FinishedWorkflow workflow, String reason) {
        String name = Objects.requireNonNull(workflow.sandboxId(), "sandboxId").strip();
        Optional<SandboxId> known =
                ours(name).or(() -> rows.findByRef(workflow.backend(), name).map(SandboxRow::id));
        if (known.isEmpty()) {
            SandboxBackend backend = backend(name, workflow.backend());
            ProviderState state = backend.state(name);
            if (state == ProviderState.GONE) {
                return "nothing is left of it: backend " + backend.name() + " has no " + name;
            }
            if (state == ProviderState.UNKNOWN) {
                throw new BackendUnavailableException(
                        Failure.of("state_unknown", "the provider does not say whether it has " + name)
                                .backend(backend.name())
                                .remedy("It is tried again"));
            }
            known = Optional.of(adopt(backend, name, reason));
        }
        cleanup.destroy(known.get(), reason);
        return "destroyed sandbox " + known.get();
    }

    /** A provider's name may look like an id of ours. */
    private Optional<SandboxId> ours(String name) {
        SandboxId id;
        try {
            id = SandboxId.of(name);
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
        return rows.find(id).isPresent() || rows.findHistory(id).isPresent() ? Optional.of(id) : Optional.empty();
    }

    private SandboxBackend backend(String name, @Nullable String chosen) {
        Map<String, SandboxBackend> backends = context.backends();
        if (chosen == null && backends.size() == 1) {
            return backends.values().iterator().next();
        }
        SandboxBackend backend = chosen == null ? null : backends.get(chosen);
        if (backend == null) {
            throw new SpecInvalidException(Failure.of(
                            "unknown_backend",
                            chosen == null
                                    ? "\"" + name
                                            + "\" is no sandbox of this deployment, and could be a name at any of the"
                                            + " backends " + backends.keySet()
                                    : "there is no backend \"" + chosen + "\", only " + backends.keySet())
                    .remedy("Name the backend in the FinishedWorkflow"));
        }
        return backend;
    }

    /** As a row that must go: whoever reads it next, after this JVM's end too, destroys it. */
    private SandboxId adopt(SandboxBackend backend, String providerRef, String reason) {
        Instant now = rows.now();
        SandboxRow.Creation creation = new SandboxRow.Creation(
                SandboxId.generate(now.toEpochMilli()),
                backend.name(),
                Retention.DEFAULT,
                Lifetime.STORE,
                null,
                null,
                "{}",
                Map.of(),
                context.jvm(),
                now);
        return Adoption.adopt(
                        rows,
                        creation,
                        providerRef,
                        row -> row.change()
                                .state(SandboxState.EXPIRED)
                                .expiresAt(now)
                                .end(
                                        reason.length() <= 255 ? reason : reason.substring(0, 255),
                                        "request",
                                        context.jvm())
                                .dueAt(now)
                                .build())
                .id();
    }
}
