package dev.sandkeeper.internal;

import dev.sandkeeper.AuditEntry;
import dev.sandkeeper.SandboxState;
import dev.sandkeeper.spi.ProviderState;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Supplier;

/**
 * Pauses or resumes a sandbox: its row says so before and after, and where the step fails, the provider is asked what came of
 * it.
 */
public final class Transition {
    /** After which another JVM looks what came of it. */
    private static final Duration BOUND = Duration.ofMinutes(2);

    private final SandboxRows rows;
    private final BiFunction<SandboxRow, Instant, Instant> dueAt;

    /**
     * For rows of a deployment.
     *
     * @param rows the rows
     * @param dueAt when somebody must look at a row next that is about to be written
     */
    public Transition(SandboxRows rows, BiFunction<SandboxRow, Instant, Instant> dueAt) {
        this.rows = rows;
        this.dueAt = dueAt;
    }

    /**
     * Takes the step.
     *
     * @param row as it was seen
     * @param through PAUSING or RESUMING
     * @param reason why, for the archive
     * @param step of the backend; what it throws is thrown here, after the row says what came of it
     * @param state asks the provider
     * @return the row afterwards, which somebody else may have ended; nothing if somebody else changed it before the step,
     *     which was not taken then
     */
    public Optional<SandboxRow> take(
            SandboxRow row, SandboxState through, String reason, Runnable step, Supplier<ProviderState> state) {
        Optional<SandboxRow> begun = rows.compareAndSet(
                row.change().state(through).dueAt(rows.now().plus(BOUND)).build());
        if (begun.isEmpty()) {
            return begun;
        }
        RuntimeException failure = null;
        try {
            step.run();
        } catch (RuntimeException e) {
            failure = e;
        }
        SandboxState reached = switch (state.get()) {
            case PAUSED -> SandboxState.PAUSED;
            case PRESENT -> SandboxState.ACTIVE;
            case GONE, UNKNOWN -> through;
        };
        SandboxRow ended = settle(begun.get(), through, reached, reason);
        if (failure != null) {
            throw failure;
        }
        return Optional.of(ended);
    }

    /** Others may touch the row meanwhile, or end it. */
    private SandboxRow settle(SandboxRow begun, SandboxState through, SandboxState reached, String reason) {
        SandboxRow seen = begun;
        while (true) {
            Instant now = rows.now();
            SandboxRow.Change next =
                    seen.change().state(reached).lastActiveAt(now).dueAt(now);
            if (reached != through) {
                // one that runs again is looked at now: its provider may keep an end that nobody moved meanwhile
                next.dueAt(reached == SandboxState.PAUSED ? dueAt.apply(next.build(), now) : now)
                        .step(new AuditEntry(now, reached == SandboxState.PAUSED ? "paused" : "resumed", reason));
            }
            Optional<SandboxRow> ended = rows.compareAndSet(next.build());
            if (ended.isPresent()) {
                if (reached != through) {
                    AuditLog.last(ended.get());
                }
                return ended.get();
            }
            SandboxRow current = rows.find(begun.id()).orElse(seen);
            if (current.state() != through || current.version() == seen.version()) {
                return current;
            }
            seen = current;
        }
    }
}
