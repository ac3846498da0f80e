package dev.sandkeeper.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.sandkeeper.AuditEntry;
import dev.sandkeeper.Lifetime;
import dev.sandkeeper.Retention;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxState;
import dev.sandkeeper.internal.HistoryRow;
import dev.sandkeeper.internal.SandboxRow;
import java.io.UncheckedIOException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jdbi.v3.core.statement.SqlStatement;
import org.jspecify.annotations.Nullable;

/** How a row is written to columns and read from them; a column and its parameter have the same name. */
final class Columns {
    /** What the insert fixes. */
    private static final List<String> FIXED = List.of(
            "id", "backend", "retention", "lifetime", "owner", "image", "spec", "labels", "creator", "created_at");

    private static final List<String> CHANGING = List.of(
            "state",
            "provider_ref",
            "time_to_live",
            "idle_timeout",
            "expires_at",
            "last_active_at",
            "busy_until",
            "due_at",
            "settled_at",
            "attempts",
            "next_attempt_at",
            "last_error",
            "lease_owner",
            "lease_until",
            "fence",
            "claimed_at",
            "end_reason",
            "end_policy",
            "ended_by",
            "usage_report",
            "freed_bytes",
            "audit");

    /** All columns of a live row. */
    static final String ALL = String.join(", ", FIXED) + ", version, " + String.join(", ", CHANGING);

    /** The parameters of {@link #ALL}. */
    static final String PARAMETERS = ":" + ALL.replace(", ", ", :");

    /** The columns of history. */
    static final String HISTORY = ALL + ", ended_at";

    /** The parameters of {@link #HISTORY}. */
    static final String HISTORY_PARAMETERS = ":" + HISTORY.replace(", ", ", :");

    /** What a compare-and-set assigns, without the version. */
    static final String ASSIGNMENTS =
            CHANGING.stream().map(column -> column + " = :" + column).collect(Collectors.joining(", "));

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final TypeReference<Map<String, String>> LABELS = new TypeReference<>() {};

    private Columns() {}

    static <T extends SqlStatement<T>> T bindFixed(T statement, SandboxRow row) {
        return statement
                .bind("backend", row.backend())
                .bind("retention", row.retention().name())
                .bind("lifetime", row.lifetime().name())
                .bind("owner", row.owner())
                .bind("image", row.image())
                .bind("spec", row.spec())
                .bind("labels", write(row.labels()))
                .bind("creator", row.creator())
                .bind("created_at", row.createdAt().toEpochMilli());
    }

    static <T extends SqlStatement<T>> T bindChanging(T statement, SandboxRow row) {
        return statement
                .bind("id", row.id().toString())
                .bind("version", row.version())
                .bind("state", row.state().name())
                .bind("provider_ref", row.providerRef())
                .bind("time_to_live", millis(row.timeToLive()))
                .bind("idle_timeout", millis(row.idleTimeout()))
                .bind("expires_at", millis(row.expiresAt()))
                .bind("last_active_at", row.lastActiveAt().toEpochMilli())
                .bind("busy_until", millis(row.busyUntil()))
                .bind("due_at", row.dueAt().toEpochMilli())
                .bind("settled_at", millis(row.settledAt()))
                .bind("attempts", row.attempts())
                .bind("next_attempt_at", millis(row.nextAttemptAt()))
                .bind("last_error", free(row.lastError(), 1000))
                .bind("lease_owner", row.leaseOwner())
                .bind("lease_until", millis(row.leaseUntil()))
                .bind("fence", row.fence())
                .bind("claimed_at", millis(row.claimedAt()))
                .bind("end_reason", free(row.endReason(), 1000))
                .bind("end_policy", free(row.endPolicy(), 500))
                .bind("ended_by", free(row.endedBy(), 500))
                .bind("usage_report", row.usage())
                .bind("freed_bytes", row.freedBytes())
                .bind("audit", write(row.audit()));
    }

    static <T extends SqlStatement<T>> T bindHistory(T statement, HistoryRow history) {
        return bindFixed(bindChanging(statement, history.last()), history.last())
                .bind("ended_at", history.endedAt().toEpochMilli());
    }

    static SandboxRow read(ResultSet row) throws SQLException {
        return SandboxRow.restore(
                        new SandboxRow.Creation(
                                SandboxId.of(row.getString("id")),
                                row.getString("backend"),
                                Retention.valueOf(row.getString("retention")),
                                Lifetime.valueOf(row.getString("lifetime")),
                                row.getString("owner"),
                                row.getString("image"),
                                row.getString("spec"),
                                labels(row.getString("labels")),
                                row.getString("creator"),
                                Instant.ofEpochMilli(row.getLong("created_at"))),
                        row.getLong("version"))
                .state(SandboxState.valueOf(row.getString("state")))
                .providerRef(row.getString("provider_ref"))
                .timeToLive(duration(row, "time_to_live"))
                .idleTimeout(duration(row, "idle_timeout"))
                .expiresAt(time(row, "expires_at"))
                .lastActiveAt(Instant.ofEpochMilli(row.getLong("last_active_at")))
                .busyUntil(time(row, "busy_until"))
                .dueAt(Instant.ofEpochMilli(row.getLong("due_at")))
                .settledAt(time(row, "settled_at"))
                .attempts(row.getInt("attempts"))
                .nextAttemptAt(time(row, "next_attempt_at"))
                .lastError(row.getString("last_error"))
                .lease(row.getString("lease_owner"), time(row, "lease_until"))
                .fence(row.getLong("fence"))
                .claimedAt(time(row, "claimed_at"))
                .end(row.getString("end_reason"), row.getString("end_policy"), row.getString("ended_by"))
                .usage(row.getString("usage_report"), number(row, "freed_bytes"))
                .audit(audit(row.getString("audit")))
                .build();
    }

    static HistoryRow readHistory(ResultSet row) throws SQLException {
        return new HistoryRow(read(row), Instant.ofEpochMilli(row.getLong("ended_at")));
    }

    private static @Nullable Long millis(@Nullable Duration duration) {
        return duration == null ? null : Long.valueOf(duration.toMillis());
    }

    private static @Nullable Long millis(@Nullable Instant time) {
        return time == null ? null : Long.valueOf(time.toEpochMilli());
    }

    private static @Nullable Long number(ResultSet row, String column) throws SQLException {
        long value = row.getLong(column);
        return row.wasNull() ? null : Long.valueOf(value);
    }

    private static @Nullable Duration duration(ResultSet row, String column) throws SQLException {
        Long millis = number(row, column);
        return millis == null ? null : Duration.ofMillis(millis);
    }

    private static @Nullable Instant time(ResultSet row, String column) throws SQLException {
        Long millis = number(row, column);
        return millis == null ? null : Instant.ofEpochMilli(millis);
    }

    /** Text for people, made to fit: a provider's odd message must not stop a cleanup. Not every database stores a NUL. */
    private static @Nullable String free(@Nullable String text, int longest) {
        if (text == null) {
            return null;
        }
        String clean = text.replace('\0', ' ');
        if (clean.length() <= longest) {
            return clean;
        }
        // no half of a pair: not every database stores that either
        return clean.substring(0, Character.isHighSurrogate(clean.charAt(longest - 1)) ? longest - 1 : longest);
    }

    private static String write(Map<String, String> labels) {
        try {
            return JSON.writeValueAsString(labels);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * What the labels column is like of a row with that label, with an exclamation mark before what LIKE would understand: a
     * quotation mark within a name or value is written with a backslash, so that only a whole label matches.
     */
    static String labelPattern(Map.Entry<String, String> label) {
        String object = write(Map.of(label.getKey(), label.getValue()));
        return "%" + object.substring(1, object.length() - 1).replaceAll("[!%_]", "!$0") + "%";
    }

    private static Map<String, String> labels(String json) {
        try {
            return JSON.readValue(json, LABELS);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** As arrays of time, event and detail. */
    private static String write(List<AuditEntry> audit) {
        ArrayNode entries = JSON.createArrayNode();
        for (AuditEntry entry : audit) {
            entries.addArray()
                    .add(entry.at().toEpochMilli())
                    .add(entry.event())
                    // not every database stores a NUL
                    .add(entry.detail().replace('\0', ' '));
        }
        return entries.toString();
    }

    private static List<AuditEntry> audit(String json) {
        try {
            List<AuditEntry> entries = new ArrayList<>();
            for (JsonNode entry : JSON.readTree(json)) {
                entries.add(new AuditEntry(
                        Instant.ofEpochMilli(entry.path(0).asLong()),
                        entry.path(1).asText(),
                        entry.path(2).asText()));
            }
            return entries;
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }
}
