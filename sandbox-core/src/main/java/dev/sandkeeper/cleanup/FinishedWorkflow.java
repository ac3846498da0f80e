package dev.sandkeeper.cleanup;

import org.jspecify.annotations.Nullable;

/**
 * The end of a workflow that used a sandbox.
 *
 * @param sandboxId our id of the sandbox, or the provider's name for it as in
 *     {@link dev.sandkeeper.SandboxInfo#providerRef()}; null or blank if there was none
 * @param status how the workflow ended, in its own words; null is no success
 * @param backend the name of the backend whose provider knows it; null if the id is ours or the manager has one backend
 */
public record FinishedWorkflow(
        @Nullable String sandboxId,
        @Nullable String status,
        @Nullable String backend) {
    /**
     * With our id, or a manager that has one backend.
     *
     * @param sandboxId our id of the sandbox, or the provider's name for it; null or blank if there was none
     * @param status how the workflow ended
     */
    public FinishedWorkflow(@Nullable String sandboxId, @Nullable String status) {
        this(sandboxId, status, null);
    }
}
