package dev.sandkeeper.cleanup;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.AuditEntry;
import dev.sandkeeper.SandboxInfo;
import dev.sandkeeper.internal.HistoryRow;
import dev.sandkeeper.internal.Infos;
import dev.sandkeeper.internal.SandboxRow;
import dev.sandkeeper.internal.SandboxRows.HistoryCursor;
import dev.sandkeeper.spi.ResourceUsage;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What is kept of a sandbox that has ended. Immutable. It has no value of an environment variable. */
public final class ArchivedSandbox {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HistoryRow history;

    ArchivedSandbox(HistoryRow history) {
        this.history = history;
    }

    /** {@return what was known of it: its times, owner, labels, why and by which policy it ended, and its audit trail} */
    public SandboxInfo info() {
        return Infos.of(history);
    }

    /** {@return the spec it was created with, as JSON: names but no values of the environment} */
    public String spec() {
        return history.last().spec();
    }

    /** {@return the JVM that created it, as {@code jvm/pid/random}} */
    public String createdBy() {
        return history.last().creator();
    }

    /** {@return the JVM that decided its end; nothing if that was no decision of the engine} */
    public Optional<String> endedBy() {
        return Optional.ofNullable(history.last().endedBy());
    }

    /** {@return when its cleaning began} */
    public Optional<Instant> claimedAt() {
        return Optional.ofNullable(history.last().claimedAt());
    }

    /** {@return when nothing of it was left} */
    public Instant endedAt() {
        return history.endedAt();
    }

    /** {@return what it had used before it was destroyed, as far as its backend told} */
    public Optional<ResourceUsage> usage() {
        String usage = history.last().usage();
        if (usage == null) {
            return Optional.empty();
        }
        JsonNode node = tree(usage);
        JsonNode cpu = node.path("cpu_seconds");
        return Optional.of(new ResourceUsage(
                cpu.isNumber() ? Duration.ofMillis(Math.round(cpu.asDouble() * 1000)) : null,
                number(node, "memory_bytes"),
                number(node, "peak_memory_bytes"),
                number(node, "disk_bytes")));
    }

    /** {@return what its end freed on disk; nothing if that is not known} */
    public OptionalLong freedBytes() {
        Long bytes = history.last().freedBytes();
        return bytes == null ? OptionalLong.empty() : OptionalLong.of(bytes);
    }

    /**
     * All of it as an object of JSON: {@code id, backend, provider_ref, owner, image, retention, lifetime, labels, spec,
     * created_at, created_by, last_active_at, expires_at, claimed_at, ended_at, ended_by, end_policy, end_reason,
     * cleanup_attempts, last_error, usage, freed_bytes} and {@code audit} (each {@code at, event, detail}). Times are ISO
     * 8601 in UTC; what is not known is null.
     *
     * @return one line
     */
    public String toJson() {
        SandboxRow row = history.last();
        ObjectNode node = JSON.createObjectNode();
        node.put("id", row.id().toString());
        node.put("backend", row.backend());
        node.put("provider_ref", row.providerRef());
        node.put("owner", row.owner());
        node.put("image", row.image());
        node.put("retention", row.retention().name());
        node.put("lifetime", row.lifetime().name());
        ObjectNode labels = node.putObject("labels");
        new TreeMap<>(row.labels()).forEach(labels::put);
        node.set("spec", tree(row.spec()));
        node.put("created_at", row.createdAt().toString());
        node.put("created_by", row.creator());
        node.put("last_active_at", row.lastActiveAt().toString());
        node.put("expires_at", text(row.expiresAt()));
        node.put("claimed_at", text(row.claimedAt()));
        node.put("ended_at", history.endedAt().toString());
        node.put("ended_by", row.endedBy());
        node.put("end_policy", row.endPolicy());
        node.put("end_reason", row.endReason());
        node.put("cleanup_attempts", row.attempts());
        node.put("last_error", row.lastError());
        String usage = row.usage();
        node.set("usage", usage == null ? JSON.nullNode() : tree(usage));
        node.put("freed_bytes", row.freedBytes());
        ArrayNode audit = node.putArray("audit");
        for (AuditEntry entry : row.audit()) {
            audit.addObject()
                    .put("at", entry.at().toString())
                    .put("event", entry.event())
                    .put("detail", entry.detail());
        }
        return node.toString();
    }

    HistoryCursor cursor() {
        return new HistoryCursor(history.endedAt(), history.last().id());
    }

    private static @Nullable String text(@Nullable Instant time) {
        return time == null ? null : time.toString();
    }

    private static @Nullable Long number(JsonNode node, String name) {
        return node.path(name).isIntegralNumber() ? node.path(name).asLong() : null;
    }

    private static JsonNode tree(String json) {
        try {
            return JSON.readTree(json);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Id, time and reason. */
    @Override
    public String toString() {
        return "ArchivedSandbox[" + history.last().id() + ", " + history.endedAt() + ", "
                + history.last().endReason() + "]";
    }
}
