package dev.sandkeeper.testkit.simulator.fly;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.testkit.simulator.internal.Json;
import dev.sandkeeper.testkit.simulator.internal.Machine;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** One Machine as the API shows it. Everything that changes is guarded by the fleet's lock. */
final class FlyMachine {
    static final Set<String> RESTING = Set.of("created", "started", "stopped", "suspended", "failed", "destroyed");
    private static final int EVENTS = 50;

    final String app;
    final String id;
    final String name;
    final String region;
    final Instant createdAt;
    final Semaphore oneExec = new Semaphore(1, true);
    private final Deque<ObjectNode> events = new ArrayDeque<>();
    ObjectNode config;
    String instanceId;
    String state = "created";
    Instant updatedAt;
    boolean cordoned;

    @Nullable
    Instant destroyedAt;
    /** Until then a start is refused, because the stop has not wholly finished. */
    @Nullable
    Instant active;
    /** Counts boots, so that what belongs to an earlier one is known as such. */
    int boot;

    @Nullable
    String leaseNonce;

    @Nullable
    Instant leaseEnd;

    String leaseDescription = "";

    @Nullable
    Machine machine;

    @Nullable
    FlyGuest guest;

    FlyMachine(String app, String id, String name, String region, ObjectNode config, String instanceId, Instant now) {
        this.app = app;
        this.id = id;
        this.name = name;
        this.region = region;
        this.config = config;
        this.instanceId = instanceId;
        this.createdAt = now;
        this.updatedAt = now;
    }

    void move(String next, String event, String source, String eventId, Instant now) {
        state = next;
        updatedAt = now;
        events.addFirst(Json.object()
                .put("id", eventId)
                .put("type", event)
                .put("status", next)
                .put("source", source)
                .put("timestamp", now.toEpochMilli()));
        if (events.size() > EVENTS) {
            events.removeLast();
        }
        if (next.equals("destroyed")) {
            destroyedAt = now;
        }
    }

    void exited(int code, boolean requested) {
        ObjectNode event = events.peekFirst();
        if (event != null) {
            event.putObject("request")
                    .putObject("exit_event")
                    .put("exit_code", code)
                    .put("guest_exit_code", code)
                    .put("guest_signal", -1)
                    .put("oom_killed", false)
                    .put("requested_stop", requested)
                    .put("restarting", false)
                    .put("signal", -1);
        }
    }

    boolean isDestroyed() {
        return state.equals("destroyed");
    }

    boolean autoDestroy() {
        return config.path("auto_destroy").asBoolean(false);
    }

    /** Without a policy it is on-failure. */
    String restartPolicy() {
        return config.path("restart").path("policy").asText("on-failure");
    }

    String metadata(String key) {
        return config.path("metadata").path(key).asText("");
    }

    ObjectNode metadata() {
        JsonNode metadata = config.get("metadata");
        return metadata instanceof ObjectNode object ? object : config.putObject("metadata");
    }

    boolean leasedAt(Instant now) {
        return leaseEnd != null && leaseEnd.isAfter(now);
    }

    ArrayNode events(int limit) {
        ArrayNode array = Json.array();
        events.stream().limit(limit).forEach(event -> array.add(event.deepCopy()));
        return array;
    }

    ObjectNode json(boolean summary, UnaryOperator<Instant> told) {
        ObjectNode json = Json.object()
                .put("id", id)
                .put("name", name)
                .put("state", state)
                .put("region", region)
                .put("instance_id", instanceId)
                .put("private_ip", "fdaa:0:1:a7b:1:2:3:2")
                .put("created_at", told.apply(createdAt).toString())
                .put("updated_at", told.apply(updatedAt).toString())
                .put("cordoned", cordoned);
        ObjectNode image = json.putObject("image_ref")
                .put("registry", "docker-hub-mirror.fly.io")
                .put("repository", config.path("image").asText())
                .put("tag", "")
                .put("digest", "sha256:" + "0".repeat(64));
        image.putObject("labels");
        if (!summary) {
            ObjectNode shown = config.deepCopy();
            if (!shown.has("dns")) {
                shown.putObject("dns");
            }
            json.set("config", shown);
            json.set("events", events(5));
            json.putArray("checks");
            json.put("host_status", "ok");
        }
        return json;
    }
}
