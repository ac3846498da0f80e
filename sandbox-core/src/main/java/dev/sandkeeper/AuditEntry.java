package dev.sandkeeper;

import java.time.Instant;
import java.util.Objects;

/**
 * One step in the life of a sandbox, as it is kept with its row and in the archive. At most 50 are kept of a sandbox: the
 * first and the newest.
 *
 * @param at by the store's clock, in whole milliseconds
 * @param event what happened, one word: {@code created}, {@code adopted}, {@code expired},
 *     {@code paused}, {@code resumed}, {@code claimed}, {@code exported}, {@code not_exported}, {@code destroyed}, {@code failed}
 * @param detail more, in words; at most 500 characters, the rest is cut off
 */
public record AuditEntry(Instant at, String event, String detail) {
    private static final int LONGEST = 500;

    /** Refuses null and cuts the detail. */
    public AuditEntry {
        Objects.requireNonNull(at, "at");
        Objects.requireNonNull(event, "event");
        if (detail.length() > LONGEST) {
            // no half of a pair
            int end = Character.isHighSurrogate(detail.charAt(LONGEST - 1)) ? LONGEST - 1 : LONGEST;
            detail = detail.substring(0, end);
        }
    }
}
