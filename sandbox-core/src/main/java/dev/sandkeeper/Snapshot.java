package dev.sandkeeper;

import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * An image that was made of a sandbox by {@link Sandbox#snapshot}, kept by the provider until it is deleted by {@link
 * SandboxManager#deleteSnapshot}.
 *
 * @param backend the name of the backend that has it
 * @param name as it was asked for
 * @param image what {@link SandboxSpec.Builder#image} takes to create a sandbox from it, at the same backend
 * @param createdAt when it was made, by the provider's clock; null if the provider does not tell
 */
public record Snapshot(
        String backend, String name, String image, @Nullable Instant createdAt) {
    /** Refuses null, but for the time. */
    public Snapshot {
        Objects.requireNonNull(backend, "backend");
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(image, "image");
    }
}
