package dev.sandkeeper.testkit.simulator.daytona;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.testkit.simulator.internal.Json;
import java.time.Instant;
import java.util.Collection;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How the control plane writes what it knows. */
final class DaytonaJson {
    private static final String CONTAINER = "container";
    private static final String RUNNER = "5d0c1f0e-30d7-4d2c-9d5f-2f6f4a1e7b10";

    private final String toolboxUrl;
    private final String daemonVersion;

    DaytonaJson(String toolboxUrl, String daemonVersion) {
        this.toolboxUrl = toolboxUrl;
        this.daemonVersion = daemonVersion;
    }

    /** As by itself. */
    ObjectNode sandbox(DaytonaBox box) {
        DaytonaOrder order = box.order;
        ObjectNode json = common(box, box.reported());
        json.set("env", map(order.env()));
        if (box.backupCreatedAt != null) {
            json.put("backupCreatedAt", DaytonaTime.millis(box.backupCreatedAt));
        }
        ArrayNode volumes = json.putArray("volumes");
        for (DaytonaOrder.Mount mount : order.volumes()) {
            ObjectNode volume = volumes.addObject();
            volume.put("volumeId", mount.volumeId());
            volume.put("mountPath", mount.path());
            put(volume, "subpath", mount.subpath());
        }
        if (order.build() != null) {
            json.set("buildInfo", build(order.build()));
        }
        return json;
    }

    /** As in a list, in the state that the list knows. */
    ObjectNode listed(DaytonaBox box, DaytonaState state) {
        return common(box, state);
    }

    private ObjectNode common(DaytonaBox box, DaytonaState state) {
        ObjectNode json = Json.object();
        json.put("id", box.id);
        json.put("organizationId", box.organization);
        json.put("name", box.name);
        if (box.order.snapshot() != null) {
            json.put("snapshot", box.order.snapshot().name);
        }
        json.put("user", box.order.user());
        json.set("labels", map(box.labels));
        json.put("public", box.open);
        json.put("networkBlockAll", box.networkBlocked);
        put(json, "networkAllowList", box.networkAllowList);
        put(json, "domainAllowList", box.domainAllowList);
        json.put("target", box.order.target());
        json.put("cpu", box.cpu).put("gpu", 0).put("memory", box.memory).put("disk", box.disk);
        json.put("state", state.wire());
        json.put("desiredState", box.desired.wire());
        put(json, "errorReason", box.errorReason);
        json.put("recoverable", box.recoverable);
        json.put("backupState", box.backupState);
        json.put("autoStopInterval", box.autoStop);
        json.put("autoArchiveInterval", box.autoArchive);
        json.put("autoDeleteInterval", box.autoDelete);
        if (box.autoDestroyAt != null) {
            json.put("autoDestroyAt", DaytonaTime.millis(box.autoDestroyAt));
        }
        json.put("createdAt", DaytonaTime.millis(box.createdAt));
        json.put("updatedAt", DaytonaTime.millis(box.updatedAt));
        json.put("lastActivityAt", DaytonaTime.millis(box.lastActivityAt));
        json.put("sandboxClass", CONTAINER);
        json.put("daemonVersion", daemonVersion);
        json.put("runnerId", RUNNER);
        json.put("toolboxProxyUrl", toolboxUrl);
        return json;
    }

    ObjectNode toolboxUrl() {
        return Json.object().put("url", toolboxUrl);
    }

    private static ObjectNode build(DaytonaOrder.Build build) {
        ObjectNode json = Json.object();
        json.put("dockerfileContent", build.dockerfile());
        json.set("contextHashes", list(build.contextHashes()));
        json.put("createdAt", DaytonaTime.millis(build.at()));
        json.put("updatedAt", DaytonaTime.millis(build.at()));
        json.put("snapshotRef", build.ref());
        return json;
    }

    ObjectNode snapshot(DaytonaSnapshot snapshot) {
        ObjectNode json = Json.object();
        json.put("id", snapshot.id);
        if (!snapshot.general) {
            json.put("organizationId", snapshot.organization);
        }
        json.put("general", snapshot.general);
        json.put("name", snapshot.name);
        put(json, "imageName", snapshot.image);
        json.put("state", snapshot.state.wire());
        if (snapshot.state == DaytonaSnapshot.State.ACTIVE) {
            json.put("size", 0.5);
        } else {
            json.putNull("size");
        }
        json.set("entrypoint", list(snapshot.entrypoint));
        json.put("cpu", snapshot.cpu())
                .put("gpu", 0)
                .put("mem", snapshot.memory())
                .put("disk", snapshot.disk());
        json.put("errorReason", snapshot.errorReason);
        json.put("createdAt", DaytonaTime.millis(snapshot.createdAt));
        json.put("updatedAt", DaytonaTime.millis(snapshot.updatedAt));
        json.put("lastUsedAt", moment(snapshot.lastUsedAt));
        json.put("sourceSandboxId", snapshot.sourceSandbox);
        if (snapshot.build != null) {
            json.set("buildInfo", build(snapshot.build));
        }
        json.put("sandboxClass", CONTAINER);
        return json;
    }

    ObjectNode volume(DaytonaVolume volume) {
        ObjectNode json = Json.object();
        json.put("id", volume.id);
        json.put("name", volume.name);
        json.put("organizationId", volume.organization);
        json.put("state", volume.state.wire());
        json.put("createdAt", DaytonaTime.millis(volume.createdAt));
        json.put("updatedAt", DaytonaTime.millis(volume.updatedAt));
        json.put("lastUsedAt", moment(volume.lastUsedAt));
        json.putNull("errorReason");
        return json;
    }

    private static @Nullable String moment(@Nullable Instant moment) {
        return moment == null ? null : DaytonaTime.millis(moment);
    }

    private static void put(ObjectNode json, String name, @Nullable String value) {
        if (value != null) {
            json.put(name, value);
        }
    }

    static ObjectNode map(Map<String, String> map) {
        ObjectNode json = Json.object();
        map.forEach(json::put);
        return json;
    }

    static ArrayNode list(Collection<String> list) {
        ArrayNode json = Json.array();
        list.forEach(json::add);
        return json;
    }
}
