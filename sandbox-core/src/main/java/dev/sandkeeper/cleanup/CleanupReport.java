package dev.sandkeeper.cleanup;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.SandboxId;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * What a run did.
 *
 * @param startedAt by the store's clock
 * @param completedAt by the store's clock
 * @param processed how many sandboxes were looked at
 * @param cleaned how many of them are gone now
 * @param paused how many of them are paused now
 * @param failed how many could not be cleaned; they are tried again
 * @param freedBytes what their disks held, as far as the backends tell
 * @param problems one entry for each that failed
 * @param dryRun whether nothing was changed
 * @param planned what would be done; empty unless it was a dry run
 */
public record CleanupReport(
        Instant startedAt,
        Instant completedAt,
        int processed,
        int cleaned,
        int paused,
        int failed,
        long freedBytes,
        List<Problem> problems,
        boolean dryRun,
        List<Plan> planned) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final double MEGABYTE = 1 << 20;

    /** Copies the lists. */
    public CleanupReport {
        problems = List.copyOf(problems);
        planned = List.copyOf(planned);
    }

    /**
     * Why a sandbox could not be cleaned.
     *
     * @param sandboxId the sandbox
     * @param error code and message
     */
    public record Problem(SandboxId sandboxId, String error) {}

    /**
     * What would be done to a sandbox.
     *
     * @param sandboxId the sandbox
     * @param action {@code destroy} or {@code pause}
     * @param policy the name of the policy that wants it
     * @param reason why, in words
     */
    public record Plan(SandboxId sandboxId, String action, String policy, String reason) {}

    /**
     * The report as an object of JSON: {@code cleanup_started_at, cleanup_completed_at} (ISO 8601, UTC),
     * {@code duration_seconds, sandboxes_processed, sandboxes_cleaned, sandboxes_failed, disk_space_freed_mb} (of 1,048,576
     * bytes), {@code errors} (each {@code sandbox_id, error}); besides {@code sandboxes_paused, dry_run} and {@code planned}
     * (each {@code sandbox_id, action, policy, reason}).
     *
     * @return one line
     */
    public String toJson() {
        ObjectNode report = JSON.createObjectNode();
        report.put("cleanup_started_at", startedAt.toString());
        report.put("cleanup_completed_at", completedAt.toString());
        report.put("duration_seconds", Duration.between(startedAt, completedAt).toMillis() / 1000.0);
        report.put("sandboxes_processed", processed);
        report.put("sandboxes_cleaned", cleaned);
        report.put("sandboxes_failed", failed);
        report.put("disk_space_freed_mb", Math.round(freedBytes / MEGABYTE * 1000) / 1000.0);
        ArrayNode errors = report.putArray("errors");
        for (Problem problem : problems) {
            errors.addObject().put("sandbox_id", problem.sandboxId().toString()).put("error", problem.error());
        }
        report.put("sandboxes_paused", paused);
        report.put("dry_run", dryRun);
        ArrayNode plans = report.putArray("planned");
        for (Plan plan : planned) {
            plans.addObject()
                    .put("sandbox_id", plan.sandboxId().toString())
                    .put("action", plan.action())
                    .put("policy", plan.policy())
                    .put("reason", plan.reason());
        }
        return report.toString();
    }
}
