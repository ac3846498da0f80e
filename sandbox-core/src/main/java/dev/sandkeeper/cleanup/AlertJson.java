package dev.sandkeeper.cleanup;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.SandboxEvent;
import dev.sandkeeper.SandboxException;
import dev.sandkeeper.SandboxId;
import dev.sandkeeper.SandboxInfo;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Locale;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Writes an event for others to read: what went wrong with which sandbox, and nothing of whose it is or what is in it. */
final class AlertJson {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final int LONGEST_TEXT = 2000;

    private AlertJson() {}

    static byte[] of(SandboxEvent event, Instant now) {
        ObjectNode json = MAPPER.createObjectNode();
        json.put("id", UUID.randomUUID().toString());
        json.put("type", type(event));
        json.put("occurred_at", now.toString());
        if (event instanceof SandboxEvent.CleanupFailed e) {
            sandbox(json, e.sandbox());
            error(json, e.error());
            json.put("stuck", e.stuck());
            json.put("attempts", e.sandbox().cleanupAttempts());
        } else if (event instanceof SandboxEvent.Orphan e) {
            sandbox(json, e.id(), e.backend());
            json.put("provider_ref", e.providerRef());
            json.put("destroyed", e.destroyed());
            error(json, e.error());
        } else if (event instanceof SandboxEvent.SweepStopped e) {
            json.put("backend", e.backend());
            json.put("orphans", e.orphans());
            json.put("listed", e.listed());
            json.put("reason", cut(e.reason()));
        } else if (event instanceof SandboxEvent.Ghost e) {
            sandbox(json, e.sandbox());
        } else if (event instanceof SandboxEvent.Created e) {
            sandbox(json, e.sandbox());
        } else if (event instanceof SandboxEvent.Expired e) {
            sandbox(json, e.sandbox());
        } else if (event instanceof SandboxEvent.Destroyed e) {
            sandbox(json, e.sandbox());
        } else if (event instanceof SandboxEvent.CreateFailed e) {
            sandbox(json, e.id(), e.backend());
        } else if (event instanceof SandboxEvent.CommandEnded e) {
            sandbox(json, e.id(), e.backend());
        } else if (event instanceof SandboxEvent.Progress e) {
            json.put("sandbox_id", e.id().toString());
        }
        return json.toString().getBytes(StandardCharsets.UTF_8);
    }

    /** The record's name, as in {@code cleanup_failed}. */
    private static String type(SandboxEvent event) {
        return event.getClass()
                .getSimpleName()
                .replaceAll("(?<=[a-z])(?=[A-Z])", "_")
                .toLowerCase(Locale.ROOT);
    }

    private static void sandbox(ObjectNode json, SandboxInfo sandbox) {
        sandbox(json, sandbox.id(), sandbox.backend());
        sandbox.providerRef().ifPresent(ref -> json.put("provider_ref", ref));
        sandbox.endReason().ifPresent(reason -> json.put("reason", cut(reason)));
    }

    private static void sandbox(ObjectNode json, SandboxId id, String backend) {
        json.put("sandbox_id", id.toString());
        json.put("backend", backend);
    }

    /** Of an exception that is not ours nobody knows what its message tells. */
    private static void error(ObjectNode json, @Nullable Throwable error) {
        if (error instanceof SandboxException known) {
            json.put("error", cut(known.code() + ": " + known.getMessage()));
        } else if (error != null) {
            json.put("error", error.getClass().getSimpleName());
        }
    }

    private static String cut(String text) {
        return text.length() <= LONGEST_TEXT ? text : text.substring(0, LONGEST_TEXT);
    }
}
