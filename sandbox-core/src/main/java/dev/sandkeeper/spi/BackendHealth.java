package dev.sandkeeper.spi;

import java.util.Objects;

/**
 * Whether a backend can be used now.
 *
 * @param usable whether a create would be worth trying
 * @param detail the provider and its version, or what is wrong and what to do about it
 */
public record BackendHealth(boolean usable, String detail) {
    /** Refuses null. */
    public BackendHealth {
        Objects.requireNonNull(detail, "detail");
    }
}
