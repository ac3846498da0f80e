package dev.sandkeeper.internal;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What is kept of a sandbox that has ended; one a sandbox.
 *
 * @param last the row as it was when it ended: who, why, which policy, how often it failed
 * @param endedAt when nothing of it was left, by the store's clock
 * @param usage the last usage known, as JSON; null if none
 * @param freedBytes what its end freed on disk; null if that is not known
 */
public record HistoryRow(
        SandboxRow last,
        Instant endedAt,
        @Nullable String usage,
        @Nullable Long freedBytes) {}
