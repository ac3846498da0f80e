package dev.sandkeeper;

import java.io.Serializable;
import java.util.Objects;
import java.util.UUID;

/**
 * Sandkeeper's own name for a sandbox: a UUID of version 7 (RFC 9562, section 5.7), so that ids sort by the time at which
 * they were made. It never changes and is never used twice.
 *
 * @param value the UUID
 */
public record SandboxId(UUID value) implements Comparable<SandboxId>, Serializable {
    /** Refuses null. */
    public SandboxId {
        Objects.requireNonNull(value, "value");
    }

    /**
     * Makes a new id.
     *
     * @param epochMillis the time that goes into the id, in milliseconds since 1970-01-01T00:00Z
     * @return an id that nobody else has: 74 of its bits are random
     */
    public static SandboxId generate(long epochMillis) {
        UUID random = UUID.randomUUID();
        long high = (epochMillis << 16) | 0x7000L | (random.getMostSignificantBits() & 0x0FFFL);
        return new SandboxId(new UUID(high, random.getLeastSignificantBits()));
    }

    /**
     * Reads an id as {@link #toString()} writes it.
     *
     * @param text 36 characters, such as {@code 019aa5b0-5c1e-7d3a-8f52-3b0c7e1d9a44}
     * @return the id
     * @throws IllegalArgumentException if the text is not a UUID
     */
    public static SandboxId of(String text) {
        if (text.length() != 36) {
            throw new IllegalArgumentException("sandbox id must be a UUID of 36 characters: \"" + text + "\"");
        }
        return new SandboxId(UUID.fromString(text));
    }

    @Override
    public int compareTo(SandboxId other) {
        return toString().compareTo(other.toString());
    }

    /** The canonical form of the UUID: 36 lower-case characters. */
    @Override
    public String toString() {
        return value.toString();
    }
}
