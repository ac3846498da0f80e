package dev.sandkeeper;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.TreeSet;

/** Writes a spec for rows and history: everything but labels, which have their own place, and values of the environment. */
final class SpecJson {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private SpecJson() {}

    static String write(SandboxSpec spec) {
        ObjectNode json = MAPPER.createObjectNode();
        spec.image().ifPresent(image -> json.put("image", image));
        spec.timeToLive().ifPresent(time -> json.put("time_to_live", time.toString()));
        spec.idleTimeout().ifPresent(time -> json.put("idle_timeout", time.toString()));
        json.put("retention", spec.retention().name());
        json.put("lifetime", spec.lifetime().name());
        new TreeSet<>(spec.environment().keySet()).forEach(json.withArray("environment")::add);
        new TreeSet<>(spec.secrets()).forEach(json.withArray("secrets")::add);
        spec.memory().ifPresent(size -> json.put("memory_bytes", size.bytes()));
        spec.cpus().ifPresent(count -> json.put("cpus", count));
        spec.maxProcesses().ifPresent(count -> json.put("max_processes", count));
        spec.maxOpenFiles().ifPresent(count -> json.put("max_open_files", count));
        spec.disk().ifPresent(size -> json.put("disk_bytes", size.bytes()));
        spec.tmpSize().ifPresent(size -> json.put("tmp_bytes", size.bytes()));
        json.put("network", spec.network().toString());
        spec.user().ifPresent(user -> json.put("user", user));
        json.put("writable_root", spec.writableRoot());
        new TreeSet<>(spec.kernelCapabilities()).forEach(json.withArray("kernel_capabilities")::add);
        spec.runtime().ifPresent(runtime -> json.put("runtime", runtime));
        spec.hostMounts()
                .forEach(mount -> json.withArray("host_mounts")
                        .add(mount.source() + ":" + mount.target() + (mount.writable() ? ":rw" : ":ro")));
        return json.toString();
    }
}
