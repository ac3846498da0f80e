package dev.sandkeeper.store;

import dev.sandkeeper.AuditEntry;
import dev.sandkeeper.Lifetime;
import dev.sandkeeper.Retention;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxState;
import dev.sandkeeper.internal.HistoryRow;
import dev.sandkeeper.internal.SandboxRow;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;

/** Rows for tests. */
final class Rows {
    static final Instant START = Instant.ofEpochMilli(1_700_000_000_123L);

    private Rows() {}

    static SandboxRow row(SandboxId id, String owner, Map<String, String> labels) {
        return SandboxRow.create(new SandboxRow.Creation(
                        id,
                        "memory",
                        Retention.DEFAULT,
                        Lifetime.STORE,
                        owner,
                        null,
                        "{}",
                        labels,
                        "host/1/abc",
                        START))
                .build();
    }

    static SandboxRow row() {
        return row(SandboxId.generate(START.toEpochMilli()), null, Map.of());
    }

    static SandboxRow in(SandboxState state, SandboxRow row) {
        return row.change().state(state).build();
    }

    static SandboxRow dueAt(Instant time) {
        return row().change().dueAt(time).build();
    }

    /** A row in which every column has a value. */
    static SandboxRow full() {
        return SandboxRow.create(new SandboxRow.Creation(
                        SandboxId.generate(START.toEpochMilli()),
                        "memory",
                        Retention.EXTENDED,
                        Lifetime.PROCESS,
                        "Ann ",
                        "python:3.13-slim",
                        "{\"image\":\"python\"}",
                        Map.of("task", "42", "empty", ""),
                        "host/1/abc",
                        START))
                .state(SandboxState.CLEANING)
                .providerRef("ref-1")
                .timeToLive(Duration.ofMinutes(30))
                .idleTimeout(Duration.ofMillis(1))
                .expiresAt(START.plusMillis(1))
                .lastActiveAt(START.plusMillis(2))
                .busyUntil(START.plusMillis(3))
                .dueAt(START.plusMillis(4))
                .settledAt(START.plusMillis(5))
                .attempts(6)
                .nextAttemptAt(START.plusMillis(7))
                .lastError("broken")
                .lease("host/2/def", START.plusMillis(8))
                .fence(9)
                .claimedAt(START.plusMillis(10))
                .end("idle", "idle 1 ms", "host/2/def")
                .usage("{\"cpu\":1}", 1024L)
                .step(new AuditEntry(START, "created", "at \"memory\" \\ \u00e4\ud83d\ude00"))
                .step(new AuditEntry(START.plusMillis(9), "claimed", ""))
                .build();
    }

    static HistoryRow history(SandboxRow last) {
        return new HistoryRow(last, START.plusSeconds(1));
    }

    /** All that a row holds, as one comparable value. */
    static String text(SandboxRow row) {
        return String.join(
                "|",
                row.creation()
                        .toString()
                        .replaceAll("labels=\\{.*?\\}", "labels=" + new java.util.TreeMap<>(row.labels())),
                "version " + row.version(),
                "state " + row.state(),
                "ref " + row.providerRef(),
                "ttl " + row.timeToLive(),
                "idle " + row.idleTimeout(),
                "expires " + row.expiresAt(),
                "active " + row.lastActiveAt(),
                "busy " + row.busyUntil(),
                "due " + row.dueAt(),
                "settled " + row.settledAt(),
                "attempts " + row.attempts(),
                "next " + row.nextAttemptAt(),
                "error " + row.lastError(),
                "lease " + row.leaseOwner() + " " + row.leaseUntil(),
                "fence " + row.fence(),
                "claimed " + row.claimedAt(),
                "end " + row.endReason() + " " + row.endPolicy() + " " + row.endedBy(),
                "usage " + row.usage() + " " + row.freedBytes(),
                "audit " + row.audit());
    }
}
