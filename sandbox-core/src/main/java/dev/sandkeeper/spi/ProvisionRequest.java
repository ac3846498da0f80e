package dev.sandkeeper.spi;

import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxSpec;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What a backend is told when it is to create a sandbox. The row of the sandbox is committed already.
 *
 * @param deployment the deployment's id: goes to the provider, and limits what {@link SandboxBackend#listOwned} answers
 * @param sandboxId our id: goes to the provider, so that a create whose answer was lost is found again
 * @param createdAt when the row was made, by the store's clock: goes to the provider
 * @param expiresAt the end to set at the provider, at most {@link SandboxBackend#expiryHorizon()} and the spec's
 *     {@code createTimeout} ahead, which the engine moves while the sandbox lives. Of a backend without
 *     {@link Capability#PROVIDER_EXPIRY} the end of the time to live, or null if the sandbox does not end by time
 * @param spec what was asked for; {@link SandboxBackend#validate} has accepted it
 * @param environment the complete environment of every command, secrets resolved. Never to be logged
 * @param progress told in words what takes long, such as fetching an image; may be called from any thread and never throws
 */
public record ProvisionRequest(
        String deployment,
        SandboxId sandboxId,
        Instant createdAt,
        @Nullable Instant expiresAt,
        SandboxSpec spec,
        Map<String, String> environment,
        Consumer<String> progress) {
    /** Copies the environment. */
    public ProvisionRequest {
        Objects.requireNonNull(deployment, "deployment");
        Objects.requireNonNull(sandboxId, "sandboxId");
        Objects.requireNonNull(createdAt, "createdAt");
        Objects.requireNonNull(spec, "spec");
        Objects.requireNonNull(progress, "progress");
        environment = Map.copyOf(environment);
    }

    /** Leaves the environment's values out. */
    @Override
    public String toString() {
        return "ProvisionRequest[" + deployment + ", " + sandboxId + ", " + spec + "]";
    }
}
