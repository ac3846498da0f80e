package dev.sandkeeper.testkit.simulator.fly;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sandkeeper.testkit.simulator.internal.Json;
import java.util.LinkedHashMap;
import java.util.Map;

/** An app: a name that is unique among all customers, and the Machines and volumes in it. */
record FlyApp(
        String name,
        String id,
        String organization,
        String network,
        Map<String, FlyMachine> machines,
        Map<String, ObjectNode> volumes) {
    FlyApp(String name, String id, String organization, String network) {
        this(name, id, organization, network, new LinkedHashMap<>(), new LinkedHashMap<>());
    }

    /** As a list of apps shows it. */
    ObjectNode row() {
        return Json.object()
                .put("id", id)
                .put("name", name)
                .put("network", network)
                .put(
                        "machine_count",
                        machines.values().stream()
                                .filter(machine -> !machine.isDestroyed())
                                .count())
                .put("volume_count", volumes.size());
    }

    ObjectNode json() {
        ObjectNode json = row().put("status", machines.isEmpty() ? "pending" : "deployed");
        json.putObject("organization").put("name", organization).put("slug", organization);
        return json;
    }
}
