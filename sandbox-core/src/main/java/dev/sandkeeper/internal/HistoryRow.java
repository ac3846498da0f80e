package dev.sandkeeper.internal;

import java.time.Instant;

/**
 * What is kept of a sandbox that has ended; one a sandbox.
 *
 * @param last the row as it was when it ended: who, why, which policy, how often it failed, what it had used
 * @param endedAt when nothing of it was left, by the store's clock
 */
public record HistoryRow(SandboxRow last, Instant endedAt) {}
