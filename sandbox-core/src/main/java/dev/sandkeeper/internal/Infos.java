package dev.sandkeeper.internal;

import dev.sandkeeper.SandboxInfo;
import dev.sandkeeper.SandboxState;

/** Turns rows into what applications and policies see. */
public final class Infos {
    private Infos() {}

    /**
     * A live sandbox.
     *
     * @param row its row
     * @return what is known of it
     */
    public static SandboxInfo of(SandboxRow row) {
        return builder(row).build();
    }

    /**
     * A sandbox that has ended.
     *
     * @param history its history
     * @return what is known of it
     */
    public static SandboxInfo of(HistoryRow history) {
        return builder(history.last())
                .state(SandboxState.CLEANED)
                .endedAt(history.endedAt())
                .build();
    }

    private static SandboxInfo.Builder builder(SandboxRow row) {
        return SandboxInfo.builder(row.id(), row.backend(), row.createdAt())
                .state(row.state())
                .providerRef(row.providerRef())
                .owner(row.owner())
                .image(row.image())
                .labels(row.labels())
                .retention(row.retention())
                .lifetime(row.lifetime())
                .idleTimeout(row.idleTimeout())
                .expiresAt(row.expiresAt())
                .lastActiveAt(row.lastActiveAt())
                .busyUntil(row.busyUntil())
                .cleanupAttempts(row.attempts())
                .lastError(row.lastError())
                .endReason(row.endReason())
                .endPolicy(row.endPolicy())
                .audit(row.audit());
    }
}
