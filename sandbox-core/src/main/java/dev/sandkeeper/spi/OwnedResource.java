package dev.sandkeeper.spi;

import dev.sandkeeper.SandboxId;
import java.time.Instant;
import java.util.Objects;

/**
 * Something at the provider that carries our deployment's id.
 *
 * @param providerRef what {@link SandboxBackend#destroy} takes to remove it and all that belongs to the same sandbox
 * @param sandboxId the sandbox it belongs to, as the resource says
 * @param createdAt when our row was made, as the resource says
 */
public record OwnedResource(String providerRef, SandboxId sandboxId, Instant createdAt) {
    /** Refuses null. */
    public OwnedResource {
        Objects.requireNonNull(providerRef, "providerRef");
        Objects.requireNonNull(sandboxId, "sandboxId");
        Objects.requireNonNull(createdAt, "createdAt");
    }
}
