package dev.sandkeeper.cleanup;

import dev.sandkeeper.SandboxId;
import java.time.Instant;
import java.util.List;

/**
 * What a run did.
 *
 * @param startedAt by the store's clock
 * @param completedAt by the store's clock
 * @param processed how many sandboxes were due
 * @param cleaned how many of them are gone now
 * @param failed how many could not be cleaned; they are tried again
 * @param problems one entry for each that failed
 */
public record CleanupReport(
        Instant startedAt, Instant completedAt, int processed, int cleaned, int failed, List<Problem> problems) {
    /** Copies the list. */
    public CleanupReport {
        problems = List.copyOf(problems);
    }

    /**
     * Why a sandbox could not be cleaned.
     *
     * @param sandboxId the sandbox
     * @param error code and message
     */
    public record Problem(SandboxId sandboxId, String error) {}
}
