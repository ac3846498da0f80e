package dev.sandkeeper.testkit.simulator.e2b;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.spi.ResourceUsage;
import dev.sandkeeper.testkit.simulator.internal.Json;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import org.jspecify.annotations.Nullable;

/** What the control plane answers. Optional fields that are null are left out, as by the service. */
final class Shapes {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);
    private static final long MB = 1024 * 1024;

    private Shapes() {}

    static String time(Instant moment) {
        return TIME.format(moment);
    }

    static ObjectNode sandbox(SimulatedSandbox sandbox) {
        ObjectNode shape = Json.object()
                .put("templateID", sandbox.templateId())
                .put("alias", sandbox.request().template())
                .put("sandboxID", sandbox.id())
                .put("clientID", Settings.CLIENT_ID)
                .put("envdVersion", Settings.ENVD_VERSION);
        token(sandbox, shape);
        if (sandbox.trafficToken() != null) {
            shape.put("trafficAccessToken", sandbox.trafficToken());
        }
        return shape;
    }

    static ObjectNode listed(SimulatedSandbox sandbox) {
        ObjectNode shape = Json.object()
                .put("templateID", sandbox.templateId())
                .put("alias", sandbox.request().template())
                .put("sandboxID", sandbox.id())
                .put("clientID", Settings.CLIENT_ID)
                .put("startedAt", time(sandbox.startedAt()))
                .put("endAt", time(sandbox.endAt()))
                .put("cpuCount", Settings.CPUS)
                .put("memoryMB", Settings.MEMORY_MB)
                .put("diskSizeMB", Settings.DISK_MB);
        if (!sandbox.request().metadata().isEmpty()) {
            ObjectNode metadata = shape.putObject("metadata");
            sandbox.request().metadata().forEach(metadata::put);
        }
        shape.put("state", sandbox.showsPaused() ? "paused" : "running").put("envdVersion", Settings.ENVD_VERSION);
        if (sandbox.request().volumes() != null) {
            shape.set("volumeMounts", sandbox.request().volumes());
        }
        return shape;
    }

    static ObjectNode detail(SimulatedSandbox sandbox) {
        ObjectNode shape = listed(sandbox);
        token(sandbox, shape);
        Boolean internet = sandbox.request().internet();
        if (internet != null) {
            shape.put("allowInternetAccess", internet);
        }
        if (sandbox.network() != null) {
            shape.set("network", sandbox.network());
        }
        shape.putObject("lifecycle")
                .put("autoResume", sandbox.request().autoResume())
                .put("onTimeout", sandbox.request().autoPause() ? "pause" : "kill");
        return shape;
    }

    private static void token(SimulatedSandbox sandbox, ObjectNode shape) {
        if (sandbox.request().secure()) {
            shape.put("envdAccessToken", sandbox.token());
        }
    }

    static ObjectNode metric(SimulatedSandbox sandbox, Instant now) {
        ResourceUsage usage = sandbox.machine().usage().orElse(new ResourceUsage(null, null, null, null));
        return Json.object()
                .put("timestamp", time(now))
                .put("timestampUnix", now.getEpochSecond())
                .put("cpuCount", Settings.CPUS)
                .put("cpuUsedPct", 0.5)
                .put("memUsed", known(usage.memoryBytes()))
                .put("memTotal", Settings.MEMORY_MB * MB)
                .put("memCache", 0L)
                .put("diskUsed", known(usage.diskBytes()))
                .put("diskTotal", Settings.DISK_MB * MB);
    }

    static long known(@Nullable Long bytes) {
        return bytes == null ? 0 : bytes;
    }
}
