package dev.sandkeeper.daytona;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What is said to Daytona and what is needed of its answers. Anything but an id may be missing in an answer. */
final class Wire {
    private Wire() {}

    /** The body of a create. What is null is left out. */
    record NewSandbox(
            String name,
            @Nullable String snapshot,
            @Nullable BuildInfo buildInfo,
            @Nullable String target,
            Map<String, String> labels,
            @JsonProperty("public") boolean isPublic,
            boolean networkBlockAll,
            @Nullable Integer cpu,
            @Nullable Integer memory,
            int autoStopInterval,
            int autoArchiveInterval,
            int autoDeleteInterval,
            int ttlMinutes,
            @Nullable List<Mount> volumes) {
        NewSandbox {
            labels = Map.copyOf(labels);
            volumes = volumes == null ? null : List.copyOf(volumes);
        }
    }

    /** A volume, by name or id, and the directory where it is seen. */
    record Mount(String volumeId, String mountPath) {}

    /** An image, as the only line of a Dockerfile. */
    record BuildInfo(String dockerfileContent) {}

    /** A sandbox, whole or as in a list. */
    record Sandbox(
            @Nullable String id,
            @Nullable String name,
            @Nullable String state,
            @Nullable String errorReason,
            @Nullable Map<String, String> labels,
            @Nullable Boolean networkBlockAll,
            @Nullable String autoDestroyAt,
            @Nullable String toolboxProxyUrl) {
        Phase phase() {
            return Phase.of(state);
        }

        String idOrFail() {
            if (id == null || id.isEmpty()) {
                throw new IllegalStateException("a sandbox without an id");
            }
            return id;
        }

        Map<String, String> labelsOrNone() {
            return labels == null ? Map.of() : labels;
        }

        /** The end that the provider keeps; null if it keeps none. */
        @Nullable
        Instant end() {
            return instant(autoDestroyAt);
        }
    }

    /** A page of a list. */
    record Page(@Nullable List<Sandbox> items, @Nullable String nextCursor) {}

    /** The body of a snapshot of a sandbox. */
    record NewSnapshot(String name) {}

    /** A snapshot, whole or as in a list. */
    record Snapshot(
            @Nullable String id,
            @Nullable String name,
            @Nullable String state,
            @Nullable String errorReason,
            @Nullable String createdAt) {
        boolean is(String... states) {
            return List.of(states).contains(state == null ? "" : state.toLowerCase(Locale.ROOT));
        }

        /** When it was made; null if Daytona does not tell. */
        @Nullable
        Instant made() {
            return instant(createdAt);
        }
    }

    /** A page of a list. */
    record SnapshotPage(
            @Nullable List<Snapshot> items, @Nullable Integer totalPages) {}

    private static @Nullable Instant instant(@Nullable String text) {
        try {
            return text == null ? null : OffsetDateTime.parse(text).toInstant();
        } catch (DateTimeException e) {
            return null;
        }
    }

    /** Where the daemon of a sandbox is reached. */
    record ToolboxUrl(@Nullable String url) {}

    /** Where a port is reached. */
    record Preview(@Nullable String url, @Nullable String token) {}

    /** A command that was run to its end. */
    record Executed(
            @Nullable Integer exitCode,
            @Nullable Integer code,
            @Nullable String result) {
        /** Old daemons have another name for it. */
        int exit() {
            return exitCode != null ? exitCode : code != null ? code : -1;
        }
    }

    /** A session command that was accepted. */
    record Accepted(@Nullable String cmdId) {}

    /** A session command; its exit code is absent while it runs. */
    record Command(
            @Nullable String id,
            @Nullable String command,
            @Nullable Integer exitCode) {}

    /** A session with its commands. */
    record Session(@Nullable String sessionId, @Nullable List<Command> commands) {}

    /** What a session command has printed, with the markers of its streams. */
    record Logs(@Nullable String output) {}

    /** What the daemon counts. */
    record Metrics(@Nullable Long memUsed, @Nullable Long diskUsed) {}
}
