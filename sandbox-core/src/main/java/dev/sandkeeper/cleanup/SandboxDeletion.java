package dev.sandkeeper.cleanup;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;

/**
 * What came of the sandbox of a finished workflow: it was deleted ({@code success}), kept on purpose ({@code skipped}), or
 * deleting it failed (neither).
 *
 * @param sandboxId as it was given
 * @param success whether nothing is left of it
 * @param message what happened, in words
 * @param retriesUsed how often deleting was tried again, from 0 to 2
 * @param error code and message of the last failure; null if it was deleted or skipped
 * @param skipped whether nothing was tried
 * @param skipReason why nothing was tried; null if something was
 */
public record SandboxDeletion(
        @Nullable String sandboxId,
        boolean success,
        String message,
        int retriesUsed,
        @Nullable String error,
        boolean skipped,
        @Nullable String skipReason) {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    static SandboxDeletion skipped(@Nullable String sandboxId, String reason) {
        return new SandboxDeletion(sandboxId, false, "kept: " + reason, 0, null, true, reason);
    }

    static SandboxDeletion deleted(@Nullable String sandboxId, String message, int retries) {
        return new SandboxDeletion(sandboxId, true, message, retries, null, false, null);
    }

    static SandboxDeletion failed(@Nullable String sandboxId, String message, int retries, String error) {
        return new SandboxDeletion(sandboxId, false, message, retries, error, false, null);
    }

    /**
     * For programs in other languages.
     *
     * @return an object with exactly {@code sandbox_id}, {@code success}, {@code message}, {@code retries_used},
     *     {@code error}, {@code skipped} and {@code skip_reason}; what is unknown is null
     */
    public String toJson() {
        ObjectNode json = MAPPER.createObjectNode();
        json.put("sandbox_id", sandboxId);
        json.put("success", success);
        json.put("message", message);
        json.put("retries_used", retriesUsed);
        json.put("error", error);
        json.put("skipped", skipped);
        json.put("skip_reason", skipReason);
        return json.toString();
    }

    /**
     * The short form, for a workflow's own record.
     *
     * @return the summary
     */
    public Summary summary() {
        return new Summary(!skipped, success, skipped, skipReason, error);
    }

    /**
     * The short form.
     *
     * @param attempted whether deleting was tried
     * @param success whether nothing is left
     * @param skipped whether nothing was tried
     * @param skipReason why nothing was tried; null if something was
     * @param error code and message of the last failure, or null
     */
    public record Summary(
            boolean attempted,
            boolean success,
            boolean skipped,
            @Nullable String skipReason,
            @Nullable String error) {
        /**
         * For programs in other languages.
         *
         * @return an object with exactly {@code attempted}, {@code success}, {@code skipped}, {@code skip_reason} and
         *     {@code error}
         */
        public String toJson() {
            ObjectNode json = MAPPER.createObjectNode();
            json.put("attempted", attempted);
            json.put("success", success);
            json.put("skipped", skipped);
            json.put("skip_reason", skipReason);
            json.put("error", error);
            return json.toString();
        }
    }
}
